"""What holds for two forms and anything a surveyor may type."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from survey_forms.form import Form
from survey_forms.interview import (
    Context,
    Interview,
    answer,
    answers,
    begin,
    check,
    draft,
    faults,
    questions,
)

Fill = Callable[..., Interview]

_HOUSE_VALUES = {
    "/data/heated": ["yes", "no", "", "maybe"],
    "/data/heating/fuel": ["gas", "coal", ""],
    "/data/heating/device": ["boiler", "stove", ""],
    "/data/heating/area": ["12.10", "0", "501", "abc", ""],
    "/data/heating/cost/price": ["2", "0.015", "", "x"],
    "/data/who": ["张三", " ", "", "<b>&"],
    "/data/visited_on": ["2020-03-10", "2021-01-01", "", "gestern"],
}
_STOVE_VALUES = {
    "/data/rooms": ["0", "2", "3", "x", ""],
    "/data/owner": ["none", "王", ""],
    "/data/stove[1]/coal_t": ["0.5", "2", "", "x"],
    "/data/stove[1]/maker": ["甲", ""],
    "/data/stove[1]/pipe[1]/length": ["1", "x", ""],
}


def _steps(values: dict[str, list[str]]) -> st.SearchStrategy[list[tuple[str, str]]]:
    pairs = [(path, value) for path, options in values.items() for value in options]
    return st.lists(st.sampled_from(pairs), max_size=12)


def _walk(filled: Fill, sheet: str, steps: list[tuple[str, str]]) -> Interview:
    interview = filled(sheet)
    for path, value in steps:
        interview = answer(interview, path, value)
        questions(interview, "zh")
    return interview


walks = st.one_of(
    st.tuples(st.just("house"), _steps(_HOUSE_VALUES)), st.tuples(st.just("stoves"), _steps(_STOVE_VALUES))
)


@given(walks)
def test_a_step_gives_what_working_out_everything_gives(
    filled: Fill, form_of: Callable[[str], Form], context: Context, walk: tuple[str, list[tuple[str, str]]]
) -> None:
    interview = _walk(filled, *walk)
    fresh = begin(form_of(walk[0]), context, draft(interview), resumed=True)
    assert answers(fresh) == answers(interview)
    assert faults(fresh, "zh") == faults(interview, "zh")


@given(walks)
def test_a_remembered_screen_is_the_screen(filled: Fill, walk: tuple[str, list[tuple[str, str]]]) -> None:
    interview = _walk(filled, *walk)
    forgetful = Interview(
        interview.form, interview.context, interview.typed, interview.counts, interview.live, interview.kept
    )
    assert questions(interview, "zh") == questions(forgetful, "zh")


@given(st.sampled_from([("house", _HOUSE_VALUES), ("stoves", _STOVE_VALUES)]), st.data())
def test_the_order_of_answers_never_matters(
    filled: Fill, chosen: tuple[str, dict[str, list[str]]], data: st.DataObject
) -> None:
    sheet, values = chosen
    steps = [(path, data.draw(st.sampled_from(options))) for path, options in values.items()]
    shuffled = data.draw(st.permutations(steps))
    first, second = _walk(filled, sheet, steps), _walk(filled, sheet, shuffled)
    assert answers(first) == answers(second)
    assert questions(first, "zh") == questions(second, "zh")


@given(_steps(_HOUSE_VALUES))
def test_what_is_not_relevant_never_reaches_the_record(filled: Fill, steps: list[tuple[str, str]]) -> None:
    interview = _walk(filled, "house", steps)
    record = answers(interview)
    assert ("heating" in record) <= (record.get("heated") == "yes")
    shown = {row.path for row in questions(interview, "zh")}
    assert ("/data/heating/fuel" in shown) == (record.get("heated") == "yes")


@settings(max_examples=200)
@given(walks)
def test_tablet_and_server_find_the_same_faults(
    filled: Fill, form_of: Callable[[str], Form], context: Context, walk: tuple[str, list[tuple[str, str]]]
) -> None:
    interview = _walk(filled, *walk)
    assert set(check(form_of(walk[0]), answers(interview), context)) == set(faults(interview, "zh"))
