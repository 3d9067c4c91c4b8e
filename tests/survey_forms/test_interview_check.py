"""What a server finds in submitted answers."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from survey_forms.form import Form
from survey_forms.interview import (
    Context,
    Interview,
    answers,
    check,
)

Fill = Callable[..., Interview]

SUBMITTED = {
    "household_id": "h-1",
    "heated": "yes",
    "heating": {"fuel": "gas", "area": "10", "cost": {"price": "1.5", "total": "15"}},
    "visited_on": "2020-03-10",
}


def checked(form: Form, context: Context, **changes: Any) -> set[tuple[str, str]]:
    given = Context(context.today, context.now, {"household_id": "h-1"})
    return {(fault.path, fault.code) for fault in check(form, {**SUBMITTED, **changes}, given)}


def test_a_sound_record_passes(form_of: Callable[[str], Form], context: Context) -> None:
    assert checked(form_of("house"), context) == set()


def test_the_server_finds_what_no_tablet_sends(form_of: Callable[[str], Form], context: Context) -> None:
    form, heating = form_of("house"), SUBMITTED["heating"]
    assert isinstance(heating, dict)
    assert checked(form, context, surprise="1") == {("/data/surprise", "unknown")}
    assert checked(form, context, heated=["yes"]) == {
        ("/data/heated", "unknown"),
        ("/data/heated", "required"),
    } | {(f"/data/heating/{name}", "relevant") for name in ("fuel", "area", "cost/price", "cost/total")}
    assert checked(form, context, heating={**heating, "cost": {"price": "1.5", "total": "14"}}) == {
        ("/data/heating/cost/total", "calculate")
    }
    assert checked(form, context, heating={**heating, "cost": {"price": "1.5"}}) == {
        ("/data/heating/cost/total", "calculate")
    }
    assert checked(form, context, household_id="h-2") == {("/data/household_id", "calculate")}
    assert checked(form, context, visited_on="2020-03-11") == {("/data/visited_on", "constraint")}


def test_no_shape_of_answers_is_an_accident(form_of: Callable[[str], Form], context: Context) -> None:
    nonsense: list[Any] = [
        [],
        "text",
        None,
        {"heating": None},
        {"heating": [{}]},
        {"who": {"a": 1}},
        {"": {}},
    ]
    for answers_ in nonsense:
        assert check(form_of("house"), answers_, context)


def test_what_reads_the_clock_may_be_older_than_the_check(
    form_of: Callable[[str], Form], filled: Fill
) -> None:
    record = answers(filled("events", {"/data/stove": "x"}, given={"uuid": "r-1"}))
    interview = filled("events")
    later = Context(interview.context.today.replace(day=20), interview.context.now.replace(day=20), {})
    assert check(form_of("events"), record, later) == ()


def test_nonsense_by_the_megabyte_is_told_in_its_beginning(
    form_of: Callable[[str], Form], context: Context
) -> None:
    found = check(form_of("house"), {"x" * 1_000 + str(n): "1" for n in range(1_000)}, context)
    assert 50 <= len(found) < 60
    assert all(len(fault.path) <= 200 and len(fault.message) < 300 for fault in found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["heated", "heating", "cost", "area", "stove", "pipe", "room", "rooms"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["house", "stoves", "events"]), JSON)
def test_whatever_arrives_is_judged_and_nothing_breaks(
    form_of: Callable[[str], Form], context: Context, sheet: str, arrived: Any
) -> None:
    for fault in check(form_of(sheet), arrived, context):
        assert fault.path
        assert fault.message
