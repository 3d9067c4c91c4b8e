"""Twenty thousand households on one tablet: what a surveyor waits for must not grow with them.

Figures are ratios of two things measured in the same run: the same question on a replica a twentieth the size, or
the plainest statement SQLite could answer it with. One absolute ceiling stands beside them: a list or a search
that takes 50 ms is felt under the finger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from sync.codec import derived_id
from sync.messages import Cursor, EnrolReply, EntityState, Reply, Village
from sync.replica import Draft, Replica

A = "140525100001"
HISTORY = derived_id("history")
NAMES = "王李张刘陈杨赵黄周吴"
FELT_MS = 50
PAGE = 500


def house(n: int) -> str:
    return derived_id("house", str(n))


def state(n: int, version: int = 1) -> EntityState:
    name = f"{NAMES[n % 10]}{chr(0x4E00 + n % 3_000)}{chr(0x5000 + n % 1_777)}"
    props = {"head_name": "䶮㛃𬍛" if n == 777 else name, "door_number": f"{n}号", "device": "coal_stove",
             "fuel": "bulk_coal", "heated_area_m2": "80", "_pinyin": "wang xiu ying"}  # fmt: skip
    return EntityState("household", house(n), A, version, props, (), "2020-09-01T08:00:00Z")


def apply(replica: Replica, states: tuple[EntityState, ...], cursor: Cursor) -> None:
    replica.apply(
        Reply(1, HISTORY, "2020-09-01T08:00:00Z", A[:6], "p", (), (), None, (), states, {A: cursor}, False)
    )


def filled(path: Path, households: int) -> Replica:
    made = iter(range(10**9))
    replica = Replica.open(
        path,
        clock=lambda: datetime(2020, 9, 1, tzinfo=UTC),
        new_id=lambda: derived_id(path.name, str(next(made))),
    )
    device = replica.new_identity("http://hub").device
    village = Village(A, "村", "镇", None)
    replica.enrolled(EnrolReply(device, A[:6], "", "p", "", HISTORY, "2020-09-01T08:00:00Z", (village,)))
    for first in range(0, households, PAGE):
        last = first + PAGE >= households
        page = tuple(state(n) for n in range(first, min(first + PAGE, households)))
        apply(replica, page, Cursor(seq=1) if last else Cursor(head=1, after=page[-1].key))
    return replica


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replica, Replica]]:
    """(1,000 households, 20,000 households)"""
    folder = tmp_path_factory.mktemp("bench")
    with filled(folder / "small.db", 1_000) as small, filled(folder / "large.db", 20_000) as large:
        yield small, large


def ms(work: Callable[[], Any], runs: int = 15) -> float:
    """The fastest of some runs: what it costs when nobody else needs the machine."""
    best = float("inf")
    for _ in range(runs):
        begun = perf_counter()
        work()
        best = min(best, perf_counter() - begun)
    return best * 1_000


def test_a_page_of_the_list_does_not_grow_with_the_village(replicas: tuple[Replica, Replica]) -> None:
    small, large = replicas
    first = ms(lambda: large.households(A))
    assert first < 4 * ms(lambda: small.households(A))
    assert first < FELT_MS / 5
    assert ms(lambda: large.households(A, offset=19_800)) < FELT_MS


@pytest.mark.parametrize(
    ("text", "found"),
    [("王", 200), ("䶮㛃", 1), ("㛃", 1), ("1234号", 2), ("wxy", 200), ("没有这人", 0)],
)
def test_a_search_costs_little_more_than_sqlites_own_scan(
    replicas: tuple[Replica, Replica], text: str, found: int
) -> None:
    _, large = replicas
    assert len(large.households(A, text)) == found
    scan = "SELECT count(*) FROM household_row WHERE village = ? AND search LIKE ?"
    plain = ms(lambda: large.db.conn.execute(scan, (A, f"%{text}%")).fetchone())
    took = ms(lambda: large.households(A, text))
    assert took < 3 * plain + ms(lambda: large.households(A))
    assert took < FELT_MS


def test_home_screen_does_not_read_every_household(replicas: tuple[Replica, Replica]) -> None:
    small, large = replicas
    assert ms(large.villages) < 20 * ms(small.villages) and ms(large.villages) < FELT_MS / 5
    assert ms(large.status) < 4 * ms(small.status)


def test_a_save_touches_only_its_household(replicas: tuple[Replica, Replica]) -> None:
    def save(replica: Replica, n: int) -> Callable[[], None]:
        def work() -> None:
            draft = replica.save_draft(
                Draft(replica.new_id(), "household", "1", A, house(n), {"household": house(n)})
            )
            values = {"household": {"fuel": "gas"}}
            replica.submit(draft.id, values, values, replica.clock())

        return work

    small, large = replicas
    assert ms(save(large, 5), 10) < 4 * ms(save(small, 5), 10)


def test_a_pulled_page_costs_the_same_in_a_full_village(replicas: tuple[Replica, Replica]) -> None:
    small, large = replicas
    page = tuple(state(n, version=2) for n in range(PAGE))
    took = ms(lambda: apply(large, page, Cursor(seq=2)), 3)
    assert took < 4 * ms(lambda: apply(small, page, Cursor(seq=2)), 3)
    assert took / PAGE < 2  # ms for each entity
