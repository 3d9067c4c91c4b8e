"""Many entities at once, by the short way, leave the same file as the same entities one by one."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sync.codec import derived_id
from sync.messages import Conflict, Cursor, EntityState, Reply
from sync.replica_fresh import MANY

A, B = "140525100001", "140525100002"
AT = "2020-09-01T08:00:00.000Z"


def states(rng: Random) -> list[EntityState]:
    """Homes in two villages, conversions of some, open conflicts, one id twice, a village that is not held."""
    made = []
    for at in range(MANY + 20):
        home, village = derived_id("home", str(at)), rng.choice((A, B, "140525100009"))
        odd = Conflict(
            derived_id("c", str(at)), "phone", derived_id("s"), None, "1", "2", derived_id("t"), AT, "9"
        )
        props = {
            "head_name": f"户{at % 7}",
            "door_number": str(at),
            "_pinyin": "hu",
            "device": rng.choice("ab"),
        }
        made.append(EntityState("household", home, village, 1, props, (odd,) if at % 9 == 0 else (), AT))
        if at % 3 == 0:
            kind = {"household": home, "kind": "air_heat_pump", "installed_on": "2019-10-01"}
            made.append(EntityState("conversion", derived_id("v", str(at)), village, 1, kind, (), AT))
    rng.shuffle(made)
    twice = made[0]
    made.append(
        EntityState(twice.dataset, twice.id, twice.village, 2, {**twice.props, "remark": "x"}, (), AT)
    )
    made.append(EntityState("household", derived_id("home", "1"), A, 3, {}, (), AT, gone=True))
    return made


def applied(one: Any, pages: list[list[EntityState]]) -> dict[str, list[Any]]:
    for at, page in enumerate(pages):
        last = at == len(pages) - 1
        after = f"household/{derived_id('z', str(at))}"
        cursor = Cursor(seq=7) if last else Cursor(head=7, after=after)
        one.replica.apply(
            Reply(
                1,
                one.county.history,
                AT,
                "140525",
                "p",
                (),
                (),
                None,
                (),
                tuple(page),
                {A: cursor, B: cursor},
                not last,
            )
        )
    tables = {
        "entity": "SELECT * FROM entity ORDER BY dataset, id",
        "household_row": "SELECT * FROM household_row ORDER BY id",
        "target": "SELECT dataset, id, contained FROM target ORDER BY dataset, id",
        "village": "SELECT code, seq, loaded, digest FROM village ORDER BY code",
    }
    return {name: one.replica.db.conn.execute(query).fetchall() for name, query in tables.items()}


@pytest.mark.parametrize("seed", range(6))
def test_the_short_way_leaves_the_same_file(surveyor: Any, seed: int) -> None:
    """Own work included: a home registered here that comes in the page, and one that does not."""
    brought = states(Random(seed))
    found = []
    for name in ("a", "b"):
        one = surveyor(name, A, B)
        one.records(derived_id("home", "3"), {"phone": "5"})
        one.records(derived_id("only here"), {"head_name": "自"})
        size = len(brought) if name == "a" else MANY // 2
        found.append(applied(one, [brought[at : at + size] for at in range(0, len(brought), size)]))
    short, long = found
    assert short == long
    assert len(short["entity"]) > MANY / 2
