"""Repeats, and what happens by itself: counts, defaults, triggers, the clock."""

from collections.abc import Callable

import pytest

from survey_forms.form import Form
from survey_forms.interview import (
    Context,
    Interview,
    Shown,
    add_repeat,
    answer,
    answers,
    begin,
    check,
    draft,
    faults,
    questions,
    remove_repeat,
)

Fill = Callable[..., Interview]


def on_screen(interview: Interview, lang: str = "zh") -> dict[str, Shown]:
    return {row.path: row for row in questions(interview, lang)}


def codes(interview: Interview) -> set[tuple[str, str]]:
    return {(fault.path, fault.code) for fault in faults(interview, "zh")}


def test_a_draft_remembers_a_repeat_that_was_emptied(
    form_of: Callable[[str], Form], filled: Fill, context: Context
) -> None:
    interview = remove_repeat(filled("stoves"), "/data/stove", 1)
    again = begin(form_of("stoves"), context, draft(interview), resumed=True)
    assert "stove" not in answers(again)
    assert on_screen(again) == on_screen(interview)


def test_an_instance_is_added_answered_and_removed(filled: Fill) -> None:
    interview = add_repeat(
        filled("stoves", {"/data/rooms": "0", "/data/stove[1]/coal_t": "0.1"}), "/data/stove"
    )
    interview = answer(interview, "/data/stove[2]/coal_t", "0.2")
    assert answers(interview)["coal_all"] == "0.3"
    interview = remove_repeat(interview, "/data/stove", 1)
    assert [stove["coal_t"] for stove in answers(interview)["stove"]] == ["0.2"]
    assert answers(interview)["coal_all"] == "0.2"
    with pytest.raises(ValueError, match="no instance"):
        remove_repeat(interview, "/data/stove", 2)


def test_the_screen_offers_what_may_be_done_with_a_repeat(filled: Fill) -> None:
    rows = [row for row in questions(add_repeat(filled("stoves"), "/data/stove"), "zh") if row.repeat]
    top = [
        (row.path, row.type, row.label, row.repeat)
        for row in rows
        if row.repeat and row.repeat.path == "/data/stove"
    ]
    assert [(path, kind, label) for path, kind, label, _ in top] == [
        ("/data/stove[1]", "repeat", "炉具 1"),
        ("/data/stove[2]", "repeat", "炉具 2"),
        ("/data/stove", "add_repeat", "炉具"),
    ]
    first, last = top[0][3], top[2][3]
    assert first is not None and (first.index, first.count, first.can_add, first.can_remove) == (
        1,
        2,
        False,
        True,
    )
    assert last is not None and (last.index, last.count, last.can_add, last.can_remove) == (0, 2, True, False)


def test_nested_instances_move_up_together(filled: Fill) -> None:
    interview = add_repeat(filled("stoves"), "/data/stove")
    interview = add_repeat(interview, "/data/stove[2]/pipe")
    for place, length in (("1]/pipe[1", "1"), ("2]/pipe[1", "20"), ("2]/pipe[2", "22")):
        interview = answer(interview, f"/data/stove[{place}]/length", length)
    interview = remove_repeat(interview, "/data/stove", 1)
    (stove,) = answers(interview)["stove"]
    assert stove["pipe"] == [{"length": "20"}, {"length": "22"}]
    assert stove["lengths"] == "42"


def test_a_counted_repeat_follows_its_count_and_keeps_what_was_typed(filled: Fill) -> None:
    interview = filled("stoves", {"/data/rooms": "2", "/data/room[2]/use": "卧室"})
    assert [room["number"] for room in answers(interview)["room"]] == ["1", "2"]
    fewer = answer(interview, "/data/rooms", "1")
    assert len(answers(fewer)["room"]) == 1
    assert answers(answer(fewer, "/data/rooms", "2"))["room"][1]["use"] == "卧室"
    with pytest.raises(ValueError, match="may grow"):
        add_repeat(interview, "/data/room")


@pytest.mark.parametrize("count", ["-1", "abc", "", "0"])
def test_a_count_that_is_no_count_means_none(filled: Fill, count: str) -> None:
    assert "room" not in answers(filled("stoves", {"/data/rooms": count}))


def test_a_count_beyond_the_limit_is_a_fault(filled: Fill) -> None:
    interview = filled("stoves", {"/data/rooms": "100000"})
    assert len(answers(interview)["room"]) == 200
    assert ("/data/room", "constraint") in codes(interview)


def test_new_instances_get_their_defaults_once(filled: Fill) -> None:
    interview = filled("stoves", {"/data/rooms": "3"})
    interview = add_repeat(answer(interview, "/data/stove[1]/since", ""), "/data/stove")
    interview = answer(answer(interview, "/data/rooms", "4"), "/data/stove[2]/coal_t", "2")
    first, second = answers(interview)["stove"]
    assert "since" not in first
    assert (second["since"], second["maker"]) == ("约3", "无")


def test_a_hidden_repeat_is_neither_shown_nor_sent(filled: Fill) -> None:
    interview = filled("stoves", {"/data/owner": "none", "/data/stove[1]/coal_t": "2"})
    assert answers(interview) == {"owner": "none", "coal_all": "0"}
    assert not any(row.path.startswith("/data/stove") for row in questions(interview, "zh"))


def test_a_counted_repeat_offers_neither_adding_nor_removing(filled: Fill) -> None:
    rows = questions(filled("stoves", {"/data/rooms": "1"}), "zh")
    (room,) = [row.repeat for row in rows if row.repeat and row.repeat.path == "/data/room"]
    assert (room.can_add, room.can_remove) == (False, False)


PER_INSTANCE = """
| survey | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | relevant | choice_filter |
| | begin_repeat | home | 户 | Home | position(.) != 2 | |
| | select_one fuels | fuel | 能源 | Fuel | | |
| | select_one devices | device | ${fuel} 设备 | Device for ${fuel} | ${fuel} != '' | fuel = ${fuel} |
| | end_repeat | | | | | |
| choices | | | | | |
| | list_name | name | label::中文 (zh) | label::English (en) | fuel |
| | fuels | gas | 燃气 | Gas | |
| | fuels | coal | 煤 | Coal | |
| | devices | boiler | 壁挂炉 | Boiler | gas |
| | devices | stove | 煤炉 | Stove | coal |
"""


def test_every_instance_has_its_own_relevance_choices_and_labels(
    filled: Fill, form_of: Callable[[str], Form], context: Context
) -> None:
    interview = add_repeat(add_repeat(filled(PER_INSTANCE), "/data/home"), "/data/home")
    for index, fuel in ((1, "gas"), (2, "gas"), (3, "coal")):
        interview = answer(interview, f"/data/home[{index}]/fuel", fuel)
    shown = on_screen(interview)
    assert "/data/home[2]/fuel" not in shown
    assert [choice.value for choice in shown["/data/home[1]/device"].choices] == ["boiler"]
    assert [choice.value for choice in shown["/data/home[3]/device"].choices] == ["stove"]
    assert shown["/data/home[3]/device"].label == "coal 设备"
    record = answers(interview)
    assert record == {"home": [{"fuel": "gas"}, {}, {"fuel": "coal"}]}
    assert check(form_of(PER_INSTANCE), record, context) == ()


# Things that happen by themselves


def test_the_clock_fills_what_the_form_says_when_a_record_begins(filled: Fill) -> None:
    interview = filled("events", given={"uuid": "r-1"})
    record = answers(interview)
    assert record["recorded_on"] == record["copy"] == "2020-03-10"
    assert record["started_at"] == "2020-03-10T09:00:00.000+08:00"
    assert answers(answer(interview, "/data/stove", "x"))["record"] == record["record"]


def test_a_trigger_sets_its_value_when_the_answer_changes(filled: Fill) -> None:
    interview = filled("events")
    assert "stove_on" not in answers(interview)
    interview = answer(interview, "/data/stove", "拆除")
    assert answers(interview)["stove_on"] == "2020-03-10"
    corrected = answer(interview, "/data/stove_on", "2020-03-01")
    assert answers(answer(corrected, "/data/stove", "拆除 "))["stove_on"] == "2020-03-01"
    assert answers(answer(corrected, "/data/stove", "保留"))["stove_on"] == "2020-03-10"


def test_once_keeps_its_first_value(filled: Fill, form_of: Callable[[str], Form], context: Context) -> None:
    interview = answer(filled("events", {"/data/stove": "甲"}), "/data/stove", "乙")
    assert answers(interview)["first_seen"] == "甲"
    assert answers(begin(form_of("events"), context, draft(interview), resumed=True))["first_seen"] == "甲"
