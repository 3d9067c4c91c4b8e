"""A registration of what nobody knew, and an edit that nobody came before, go a short way, and come to what the
long one would."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import merge
from sync.facts import Held, Past, PropertyState, Step, Trace
from sync.messages import Submission, Target, Verdict
from sync.sight import Case, case_of

HOME = Target("household", "0c6f2d1e-3c58-4b7e-8a44-6f1d9b2a7c30", 0, {}, None)
HISTORY, OTHER = "9d1b7c44-52a1-4e0c-b7a3-1f5e8d6c2a90", "5b0f6a52-8a5c-4f0e-9a57-0d2f7c1e4b11"
MADE = Submission(
    "e3a1c5d7-6b2f-4c8e-9d10-7a5b3f2e1c04", OTHER, 7, "", HISTORY, "140525", "140525100001", "17", "household",
    "2020.1", "2020-09-01T08:00:00.000Z", None, (HOME,), {},
)  # fmt: skip
VALUES = {"head_name": "张三", "phone": "", "account": "62284417"}
GROUPS = {"head_name": "identity"}
NOW = "2020-09-01T08:05:00.000Z"


def case(made: Submission = MADE, target: Target = HOME, held: Held | None = None) -> Case:
    return case_of(made, target, VALUES, held, known={}, history=HISTORY, masked=frozenset({"account"}))


@pytest.mark.parametrize(
    ("made", "target"),
    [
        (MADE, HOME),
        (replace(MADE, history=OTHER), HOME),
        (replace(MADE, history=None), HOME),
        (replace(MADE, corrects=OTHER), HOME),  # of a record that has not come yet
        (MADE, replace(HOME, follows=OTHER)),  # the same
        (MADE, replace(HOME, base_version=3)),  # of an entity that a restore has lost, left empty then
    ],
)
def test_both_ways_come_to_the_same(made: Submission, target: Target) -> None:
    one = case(made, target)
    assert one.registers
    assert merge.judge(one, GROUPS, NOW) == merge.compared(one, GROUPS, NOW)


def test_whoever_had_seen_something_is_compared() -> None:
    assert not case(target=replace(HOME, base={"phone": "1"})).registers
    assert not case(held=merge.judge(case(), GROUPS, NOW).held).registers


def test_what_the_office_states_comes_to_what_comparing_would() -> None:
    """It has seen everything, so comparing finds nothing but what it changed."""
    first = merge.judge(case(), GROUPS, NOW).held
    seen = {name: value for name, value in VALUES.items() if value} | {"phone": ""}
    target = replace(HOME, base_version=1, base=seen)
    for values in ({"head_name": "李四"}, {"head_name": ""}, {"phone": "1", "remark": "x"}):
        for village in (MADE.village, "140525100002"):
            made = replace(MADE, id=OTHER, device_seq=8, village=village, targets=(target,))
            one = case_of(made, target, values, first, known={}, history=HISTORY)
            assert merge.stated(one, NOW) == merge.compared(one, {}, NOW)


texts = st.sampled_from(["", "1", "2"])
names = st.sampled_from(["head_name", "phone", "device", "fuel"])


@st.composite
def ordinary(draw: st.DrawFn) -> Case:
    """An edit by one who has seen all that happened, as far as versions tell; what it states may be otherwise."""
    setters = [OTHER, MADE.device, MADE.id]
    states = st.builds(PropertyState, texts, st.integers(1, 4), st.sampled_from(setters), st.just(("0",)))
    held = Held(
        HOME.dataset, HOME.id, MADE.village, 4, draw(st.dictionaries(names, states)),
        epochs=draw(st.sampled_from([((HISTORY, 1),), ((OTHER, 1), (HISTORY, 3)), ((OTHER, 1),), ()])),
        placed=draw(st.sampled_from([None, PropertyState(MADE.village, 2, OTHER, ("140525100009",))])),
    )  # fmt: skip
    seen = {name: state.value for name, state in held.props.items()}
    base = draw(st.just(seen) | st.dictionaries(names, texts))
    target = replace(HOME, base_version=draw(st.integers(3, 5)), base=base)
    made = replace(
        MADE, targets=(target,), village=draw(st.sampled_from([MADE.village, "140525100002"])),
        history=draw(st.sampled_from([HISTORY, OTHER])),
    )  # fmt: skip
    values = draw(st.dictionaries(names, texts))
    steps = {name: Step(value, "0", "applied", 3) for name, value in values.items()}
    trace = Trace(steps, {}, draw(st.sampled_from([(), (MADE.id,)])), 1, HISTORY, 3, OTHER, 1)
    past = Past(OTHER, "", Verdict(OTHER, "applied"), "9", MADE.observed_at, {f"household/{HOME.id}": trace})
    known = draw(st.sampled_from([{}, {OTHER: past}]))
    masked = draw(st.sampled_from([frozenset[str](), frozenset({"phone"})]))
    return case_of(made, target, values, held, known=known, history=HISTORY, masked=masked)


@given(ordinary())
def test_an_ordinary_edit_comes_to_what_comparing_would(one: Case) -> None:
    for groups in ({}, {"device": "heating", "fuel": "heating"}):
        assert merge.judge(one, groups, NOW) == merge.compared(one, groups, NOW)


def test_an_ordinary_edit_is_not_compared() -> None:
    first = merge.judge(case(), GROUPS, NOW).held
    target = replace(HOME, base_version=1, base={"head_name": "张三", "phone": ""})
    one = case_of(
        replace(MADE, id=OTHER), target, {"head_name": "李四", "phone": ""}, first, known={}, history=HISTORY
    )
    assert one.undisturbed and merge.edited(one, NOW) == merge.compared(one, GROUPS, NOW)
