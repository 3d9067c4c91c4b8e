"""What the hub's store keeps of an entity and of a submission comes back as it was, in the short form and the old."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.alike import Alike, alike, changed
from sync.codec import to_json
from sync.documents import held_text, read_held, read_traces, state_of, traces_text, values_of
from sync.facts import Held, PropertyState, Step, Trace
from sync.messages import Conflict

HOME, NORTH, SOUTH = "0c6f2d1e-3c58-4b7e-8a44-6f1d9b2a7c30", "140525100001", "140525100002"
FIRST, LATER, THIRD = (f"{n}0000000-0000-4000-8000-000000000000" for n in range(1, 4))
HISTORY = "9d1b7c44-52a1-4e0c-b7a3-1f5e8d6c2a90"

REGISTERED = Held(
    "household", HOME, NORTH, 1, {"head_name": PropertyState("张三", 1, FIRST), "phone": PropertyState("", 1, FIRST)},
    updated_at="2020-09-01T08:00:00.000Z", epochs=((HISTORY, 1),),
)  # fmt: skip
DISPUTED = Held(
    "household", HOME, NORTH, 7,
    {"head_name": PropertyState("李四", 7, LATER, ("张三", "张")), "phone": PropertyState("1", 1, FIRST)},
    (Conflict(THIRD, "fuel", THIRD, None, "gas", "coal", LATER, "2020-09-01T08:00:00.000Z", "17"),),
    "2020-09-01T08:00:00.000Z", PropertyState(NORTH, 5, THIRD, (SOUTH,)), ((HISTORY, 1), (FIRST, 6)),
)  # fmt: skip
ALIAS = Held(
    "household", LATER, NORTH, 3, {}, updated_at="2020-09-01T08:00:00.000Z", epochs=((HISTORY, 1),), same_as=HOME
)  # fmt: skip
JOINED = replace(REGISTERED, version=4, parts=(REGISTERED, replace(DISPUTED, id=LATER)))
TRACE = Trace(
    {"left": Step("a", "a", "", 3), "set": Step("b", None, "applied", 3), "again": Step("", None, "", 3)},
    {"before": Step("c", "d", "conflict", 2), "beside": Step("e", "e", "", 2)},
    (FIRST, LATER), 2, HISTORY, 3, "tablet", 9,
)  # fmt: skip


def old_text(held: Held) -> str:
    """As the first versions wrote it: every value an object."""
    document = to_json(held)
    document["props"] = {name: state._asdict() for name, state in held.props.items()}
    document["placed"] = held.placed._asdict() if held.placed else None
    document["parts"] = [json.loads(old_text(part)) for part in held.parts]
    return json.dumps(document)


def old_traces(traces: dict[str, Trace]) -> str:
    document = to_json(traces)
    for key, trace in traces.items():
        for of in ("steps", "trail"):
            document[key][of] = {name: step._asdict() for name, step in getattr(trace, of).items()}
    return json.dumps(document)


@pytest.mark.parametrize("held", [REGISTERED, DISPUTED, ALIAS, JOINED])
def test_an_entity_comes_back_as_it_was(held: Held) -> None:
    assert read_held(held_text(held)) == held
    assert values_of(held_text(held)) == held.values()


def later_text(held: Held) -> str:
    """As the next ones did: every value a list, which points at its submission."""
    document, by = to_json(held), list[str]()
    document["props"] = {name: pointing(state, by) for name, state in held.props.items()}
    document["placed"] = pointing(held.placed, by) if held.placed else None
    document["parts"] = [json.loads(later_text(part)) for part in held.parts]
    return json.dumps({**document, "by": by})


def pointing(state: PropertyState, by: list[str]) -> list[object]:
    if state.submission not in by:
        by.append(state.submission)
    told = [state.value, state.version, by.index(state.submission)]
    return [*told, state.seen] if state.seen else told


@pytest.mark.parametrize("earlier", [old_text, later_text])
@pytest.mark.parametrize("held", [REGISTERED, DISPUTED, ALIAS, JOINED])
def test_an_entity_of_earlier_versions_is_read(held: Held, earlier: Callable[[Held], str]) -> None:
    text = earlier(held)
    assert read_held(text) == held
    assert state_of(text, NORTH) == held.state()
    assert values_of(text) == held.values()


@pytest.mark.parametrize("held", [REGISTERED, DISPUTED, ALIAS, JOINED])
def test_a_tablet_is_sent_the_same_as_from_the_whole_entity(held: Held) -> None:
    assert state_of(held_text(held), NORTH) == held.state()
    assert state_of(held_text(held), SOUTH) == held.gone(SOUTH)


def test_traces_come_back_as_they_were() -> None:
    traces = {f"household/{HOME}": TRACE}
    assert read_traces(traces_text(traces)) == traces
    assert read_traces(old_traces(traces)) == traces
    assert read_traces(traces_text({})) == {}


names = st.text("abc", min_size=1, max_size=3)
states = st.builds(
    PropertyState, st.text(max_size=3), st.integers(1, 3), st.sampled_from([FIRST, LATER]),
    st.lists(st.text(max_size=3), max_size=2).map(tuple),
)  # fmt: skip


@given(st.dictionaries(names, states), st.dictionaries(names, states))
def test_values_kept_together_are_the_same_values(
    before: dict[str, PropertyState], new: dict[str, PropertyState]
) -> None:
    together = alike(PropertyState, before)
    assert together == before and dict(together) == before and list(together) == list(before)
    after = changed(together, new)
    assert after == {**before, **new} == changed(before, new)
    for props in (before, together, after):
        held = replace(REGISTERED, props=props)
        text = held_text(held)
        assert read_held(text) == held and values_of(text) == held.values() == {
            n: s.value for n, s in props.items()
        }
        assert json.loads(held_text(read_held(text))) == json.loads(text)


def test_a_registration_comes_back_as_it_was() -> None:
    steps = Alike(Step, {"head_name": "张三", "phone": ""}, (None, "applied", 3))
    for each in (steps, alike(Step, dict(steps)), changed(steps, {"phone": Step("", None, "", 3)})):
        traces = {f"household/{HOME}": replace(TRACE, steps=each)}
        assert (
            read_traces(traces_text(traces))
            == traces
            == {f"household/{HOME}": replace(TRACE, steps=dict(each))}
        )


def test_what_is_the_same_is_said_once() -> None:
    assert held_text(REGISTERED).count(FIRST) == 1
