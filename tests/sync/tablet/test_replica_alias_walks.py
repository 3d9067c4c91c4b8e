"""Merging and undoing in any order, with records arriving in between under either id: all converge, nothing is lost."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync.codec import derived_id
from sync.joining import may_separate

H, T = derived_id("household", "1"), derived_id("household", "2")
NAMES = ("phone", "remark", "fuel", "device")
STEPS = st.one_of(
    st.tuples(st.just("record"), st.integers(0, 2), st.sampled_from([H, T]), st.sampled_from(NAMES)),
    st.tuples(st.just("sync"), st.integers(0, 2)),
    st.tuples(st.just("merge"), st.sampled_from([(H, T), (T, H)]), st.sets(st.sampled_from(NAMES))),
    st.tuples(st.just("separate")),
)


def kept(county: Any, name: str) -> set[str]:
    """Every value of a property that the hub still has: shown, under an id alone, or in an open conflict."""
    found = set()
    for id in (H, T):
        for held in (county.state(id), *county.state(id).leaves()):
            found |= {held.values().get(name, "")}
            found |= {conflict.mine for conflict in held.conflicts if conflict.property == name}
    return found


def merge(county: Any, pair: tuple[str, str], chosen: set[str]) -> None:
    one, other = county.state(pair[0]), county.state(pair[1])
    if one.same_as or other.same_as:
        return
    county.merge(*pair, **{name: value for name, value in other.values().items() if name in chosen})


def separate(county: Any) -> None:
    for one, other in ((H, T), (T, H)):
        if county.state(other).same_as == one and may_separate(county.state(one), county.state(other)):
            county.separate(one, other)
            return


@given(st.lists(STEPS, min_size=4, max_size=30))
@example([("record", 0, H, "phone"), ("record", 0, T, "phone"), ("merge", (H, T), set()), ("sync", 0),
          ("record", 0, T, "phone")])  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_lost_and_all_tablets_see_what_the_hub_has(
    kit: Any, make_surveyor: Any, steps: list[Any]
) -> None:
    county, fresh = kit.County(), count(1)
    with tempfile.TemporaryDirectory() as folder:
        three = [make_surveyor(county, Path(folder) / f"{name}.db", name) for name in "abc"]
        three[0].records(H, dict.fromkeys(NAMES, "h"))
        three[1].records(T, dict.fromkeys(NAMES, "t"))
        for each in (*three, *three):
            each.syncs()
        recorded: list[tuple[str, str]] = []
        replaced: set[tuple[str, str]] = set()
        mine: dict[tuple[int, str, str], str] = {}
        for step in steps:
            if step[0] == "record":
                _, who, id, name = step
                shown = three[who].sees(id)
                value = f"{who}-{next(fresh)}"
                if shown is not None:
                    # Told of a merge, a tablet records under the id that lives on.
                    id = three[who].records(id, {name: value}).targets[0].id
                    # Its surveyor saw that one, and knows what they put under this id before.
                    replaced |= {(name, shown[name]), (name, mine.get((who, id, name), shown[name]))}
                    mine[who, id, name] = value
                    recorded.append((name, value))
            elif step[0] == "sync":
                three[step[1]].syncs()
            elif step[0] == "merge":
                merge(county, step[1], step[2])
            else:
                separate(county)
        for each in (*three, *three):
            account = each.syncs()
            assert account.problem is None
        for name, value in recorded:
            assert value in kept(county, name) or (name, value) in replaced
        for id in (H, T):
            shown = county.state(county.state(id).same_as or id)
            for each in three:
                assert each.sees(id) == dict(shown.values())
                assert each.replica.status().waiting_n == 0
        separate(county)
        for each in three:
            each.syncs()
            assert {id: each.sees(id) for id in (H, T)} == {id: dict(county.values(id)) for id in (H, T)}
        for name, value in recorded:
            assert value in kept(county, name) or (name, value) in replaced
        for each in three:
            each.replica.close()
