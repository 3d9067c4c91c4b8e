"""Filling a form: what is asked, what is kept, what is submitted, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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

HOUSE = """
| survey | | | | | | | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | hint::中文 (zh) | hint::English (en) | required | required_message::中文 (zh) | required_message::English (en) | relevant | constraint | constraint_message::中文 (zh) | constraint_message::English (en) | calculation | choice_filter | default | appearance | readonly |
| | hidden | household_id | | | | | | | | | | | | | | | | |
| | select_one yes_no | heated | 冬季取暖吗 | Heated? | | | yes | 请选择 | Please choose | | | | | | | | | |
| | begin_group | heating | ${who} 家取暖 | Heating of ${who} | | | | | | ${heated} = 'yes' | | | | | | | field-list | |
| | select_one fuels | fuel | 能源 | Fuel | 主要的一种 | The main one | yes | | | | | | | | | | minimal | |
| | select_one devices | device | 设备 | Device | | | | | | | | | | | fuel = ${fuel} | | | |
| | decimal | area | 面积 | Area | | | yes | | | | . > 0 and . <= 500 | 面积应在0至500之间,现在是 ${area} | Area must be 0 to 500 | | | | | |
| | begin_group | cost | 费用 | Cost | | | | | | | | | | | | | | |
| | decimal | price | 单价 | Price | | | | | | | | | | | | 1.5 | | |
| | calculate | total | | | | | | | | | | | | ${area} * ${price} | | | | |
| | end_group | | | | | | | | | | | | | | | | | |
| | end_group | | | | | | | | | | | | | | | | | |
| | text | who | 姓名 | Name | | | | | | | | | | | | | | |
| | note | thanks | 谢谢 ${who},共 ${total} 元 | Thanks ${who}: ${total} yuan | | | | | | ${who} != '' | | | | | | | | |
| | date | visited_on | 日期 | Date | | | | | | | . <= today() | | | | | today() | | |
| | text | fixed | 编号 | Number | | | | | | | | | | | | A-1 | | yes |
| choices | | | | | |
| | list_name | name | label::中文 (zh) | label::English (en) | fuel |
| | yes_no | yes | 是 | Yes | |
| | yes_no | no | 否 | No | |
| | fuels | gas | 燃气 | Gas | |
| | fuels | coal | 煤 | Coal | |
| | devices | boiler | 壁挂炉 | Boiler | gas |
| | devices | stove | 煤炉 | Stove | coal |
"""
HEATED = {"/data/heated": "yes", "/data/heating/fuel": "coal", "/data/heating/area": "12.10"}


def on_screen(interview: Interview, lang: str = "zh") -> dict[str, Shown]:
    return {row.path: row for row in questions(interview, lang)}


def codes(interview: Interview) -> set[tuple[str, str]]:
    return {(fault.path, fault.code) for fault in faults(interview, "zh")}


# What is asked


def test_an_irrelevant_group_hides_everything_inside(filled: Fill) -> None:
    assert not any(path.startswith("/data/heating") for path in on_screen(filled(HOUSE)))
    shown = on_screen(filled(HOUSE, {"/data/heated": "yes"}))
    assert [path for path in shown if path.startswith("/data/heating")] == [
        "/data/heating/fuel",
        "/data/heating/device",
        "/data/heating/area",
        "/data/heating/cost/price",
    ]


def test_a_row_tells_the_screen_all_it_needs(filled: Fill) -> None:
    row = on_screen(filled(HOUSE, {**HEATED, "/data/who": "张三"}), "en")["/data/heating/fuel"]
    assert (row.type, row.appearance, row.label, row.hint) == (
        "select_one",
        "minimal",
        "Fuel",
        "The main one",
    )
    assert (row.value, row.required, row.readonly, row.fault) == ("coal", True, False, None)
    assert [(choice.value, choice.label) for choice in row.choices] == [("gas", "Gas"), ("coal", "Coal")]
    assert (row.group, row.level, row.page) == (("Heating of 张三",), 1, "/data/heating")


def test_both_languages_and_their_tags_are_spoken(filled: Fill) -> None:
    interview = filled(HOUSE)
    for lang, label in (("zh", "姓名"), ("en", "Name"), ("English (en)", "Name"), ("fr", "姓名")):
        assert on_screen(interview, lang)["/data/who"].label == label


def test_labels_carry_answers(filled: Fill) -> None:
    interview = filled(HOUSE, {**HEATED, "/data/who": "李四"})
    assert on_screen(interview)["/data/thanks"].label == "谢谢 李四,共 18.15 元"
    assert on_screen(answer(interview, "/data/who", "王五"))["/data/heating/area"].group == ("王五 家取暖",)


def test_choices_follow_the_answer_they_depend_on(filled: Fill) -> None:
    interview = filled(HOUSE, HEATED)
    assert [choice.value for choice in on_screen(interview)["/data/heating/device"].choices] == ["stove"]
    interview = answer(interview, "/data/heating/device", "stove")
    interview = answer(interview, "/data/heating/fuel", "gas")
    assert ("/data/heating/device", "choice") in codes(interview)
    assert on_screen(interview)["/data/heating/device"].value == "stove"
    assert ("/data/heating/device", "choice") not in codes(
        answer(interview, "/data/heating/device", "boiler")
    )


def test_read_only_is_said(filled: Fill) -> None:
    row = on_screen(filled(HOUSE))["/data/fixed"]
    assert (row.readonly, row.value) == (True, "A-1")


# What is kept, and what is submitted


def test_nothing_typed_is_lost_while_it_is_not_relevant(filled: Fill) -> None:
    interview = answer(filled(HOUSE, HEATED), "/data/heated", "no")
    assert "heating" not in answers(interview)
    assert draft(interview)["heating"]["area"] == "12.10"
    assert answers(answer(interview, "/data/heated", "yes"))["heating"]["area"] == "12.1"


def test_a_draft_is_taken_up_where_it_was_left(
    form_of: Callable[[str], Form], filled: Fill, context: Context
) -> None:
    interview = answer(filled(HOUSE, {**HEATED, "/data/heating/cost/price": ""}), "/data/visited_on", None)
    again = begin(form_of(HOUSE), context, draft(interview), resumed=True)
    assert answers(again) == answers(interview)
    assert on_screen(again) == on_screen(interview)
    assert "visited_on" not in answers(again)


def test_a_draft_remembers_a_repeat_that_was_emptied(
    form_of: Callable[[str], Form], filled: Fill, context: Context
) -> None:
    interview = remove_repeat(filled(STOVES), "/data/stove", 1)
    again = begin(form_of(STOVES), context, draft(interview), resumed=True)
    assert "stove" not in answers(again)
    assert on_screen(again) == on_screen(interview)


def test_calculations_are_in_the_record_and_cannot_be_typed(filled: Fill) -> None:
    interview = filled(HOUSE, HEATED)
    assert answers(interview)["heating"]["cost"]["total"] == "18.15"
    with pytest.raises(ValueError, match="not a question"):
        answer(interview, "/data/heating/cost/total", "1")


def test_a_calculation_without_all_its_numbers_is_empty(filled: Fill) -> None:
    assert "total" not in answers(answer(filled(HOUSE, HEATED), "/data/heating/area", ""))["heating"]["cost"]


def test_defaults_stand_in_a_new_record_and_known_answers_go_before_them(
    form_of: Callable[[str], Form], context: Context
) -> None:
    assert answers(begin(form_of(HOUSE), context)) == {"visited_on": "2020-03-10", "fixed": "A-1"}
    known = begin(form_of(HOUSE), context, {"visited_on": "2020-01-02"})
    assert answers(known)["visited_on"] == "2020-01-02"
    assert answers(begin(form_of(HOUSE), context, {}, resumed=True)) == {}


def test_given_fills_hidden_fields_only(filled: Fill) -> None:
    interview = filled(HOUSE, given={"household_id": "h-1", "who": "nobody asked", "total": "7"})
    assert answers(interview)["household_id"] == "h-1"
    assert "who" not in answers(interview)


def test_one_value_has_one_text(filled: Fill) -> None:
    interview = filled(HOUSE, {**HEATED, "/data/heating/area": " １2.50 ", "/data/who": "  张三 "})
    assert answers(interview)["heating"]["area"] == "12.5"
    assert answers(interview)["who"] == "张三"
    assert on_screen(interview)["/data/who"].value == "  张三 "


# What is refused


def test_required_counts_only_where_relevant_and_never_reddens_the_screen(filled: Fill) -> None:
    assert codes(filled(HOUSE)) == {("/data/heated", "required")}
    interview = filled(HOUSE, {"/data/heated": "yes"})
    assert codes(interview) == {("/data/heating/fuel", "required"), ("/data/heating/area", "required")}
    assert all(row.fault is None for row in questions(interview, "zh"))


def test_messages_are_the_forms_own_in_the_surveyors_language(filled: Fill) -> None:
    interview = filled(HOUSE, {**HEATED, "/data/heated": "yes", "/data/heating/area": "501"})
    assert [fault.message for fault in faults(interview, "zh")] == ["面积应在0至500之间,现在是 501"]
    assert [fault.message for fault in faults(interview, "en")] == ["Area must be 0 to 500"]
    assert on_screen(interview)["/data/heating/area"].fault == "面积应在0至500之间,现在是 501"
    assert [fault.message for fault in faults(filled(HOUSE), "en")] == ["Please choose"]


def test_without_a_message_of_the_form_the_engine_names_the_question(filled: Fill) -> None:
    interview = filled(
        HOUSE, {"/data/heated": "yes", "/data/heating/area": "1", "/data/visited_on": "2020-03-11"}
    )
    assert [fault.message for fault in faults(interview, "zh")] == [
        "“能源”必须填写",
        "“日期”填的“2020-03-11”不符合要求,请核对",
    ]
    assert faults(interview, "en")[0].message == "“Fuel” must be filled in"


ALL_TYPES = """
| survey | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | parameters |
| | text | text | 文字 | Text | |
| | integer | integer | 整数 | Integer | |
| | decimal | decimal | 小数 | Decimal | |
| | date | date | 日期 | Date | |
| | time | time | 时间 | Time | |
| | dateTime | moment | 时刻 | Moment | |
| | select_one abc | one | 单选 | One | |
| | select_multiple abc | many | 多选 | Many | |
| | geopoint | place | 位置 | Place | |
| | image | photo | 照片 | Photo | |
| | acknowledge | agreed | 同意 | Agreed | |
| | range | degree | 度 | Degree | start=-5 end=5 step=0.5 |
| | barcode | code | 条码 | Code | |
| choices | | | |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | abc | a | 甲 | A |
| | abc | b | 乙 | B |
"""


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("text", "a\r\nb", "a\nb"),
        ("integer", "+007", "7"),
        ("integer", "-0", "0"),
        ("decimal", "007.50", "7.5"),
        ("decimal", ".5", "0.5"),
        ("decimal", "１２．５", "12.5"),
        ("date", "2020-02-29", "2020-02-29"),
        ("time", "08:30", "08:30"),
        ("time", "08:30:00.000+08:00", "08:30:00.000+08:00"),
        ("moment", "2020-02-29T08:30:00.000+08:00", "2020-02-29T08:30:00.000+08:00"),
        ("one", "a", "a"),
        ("many", "b  a b", "a b"),
        ("place", "35.5 112.830 0 4.50", "35.5 112.83 0 4.5"),
        ("place", "35.5 112.8", "35.5 112.8"),
        ("photo", "炉子 1.jpg", "炉子 1.jpg"),
        ("agreed", "OK", "OK"),
        ("degree", "-4.5", "-4.5"),
        ("code", "6901234", "6901234"),
    ],
)
def test_every_type_is_stored_in_its_canonical_text(filled: Fill, name: str, typed: str, stored: str) -> None:
    interview = filled(ALL_TYPES, {f"/data/{name}": typed})
    assert answers(interview) == {name: stored}
    assert faults(interview, "zh") == ()


@pytest.mark.parametrize(
    ("name", "typed", "code"),
    [
        ("text", "\x00", "type"),
        ("text", "\ud800", "type"),
        ("text", "x" * 10_001, "type"),
        ("integer", "abc", "type"),
        ("integer", "1.5", "type"),
        ("integer", "9" * 30, "type"),
        ("decimal", "1e5", "type"),
        ("decimal", "1,5", "type"),
        ("date", "2020-02-30", "type"),
        ("date", "20200229", "type"),
        ("time", "25:00", "type"),
        ("moment", "2020-02-29", "type"),
        ("one", "c", "choice"),
        ("one", "a b", "choice"),
        ("many", "a c", "choice"),
        ("place", "91 0", "type"),
        ("place", "35", "type"),
        ("photo", "../secret.jpg", "type"),
        ("agreed", "yes", "type"),
        ("degree", "5.5", "constraint"),
        ("degree", "0.3", "constraint"),
    ],
)
def test_a_wrong_value_is_a_fault_that_names_the_question_never_an_exception(
    filled: Fill, name: str, typed: str, code: str
) -> None:
    interview = filled(ALL_TYPES, {f"/data/{name}": typed})
    (fault,) = faults(interview, "zh")
    assert (fault.path, fault.code) == (f"/data/{name}", code)
    assert fault.label in fault.message
    assert fault.label in "文字整数小数日期时间时刻单选多选位置照片同意度条码"
    assert faults(interview, "en")[0].message.isascii() is False  # the quotation marks
    assert answers(interview)[name]


def test_a_path_that_no_question_has_is_our_mistake(filled: Fill) -> None:
    interview = filled(ALL_TYPES)
    for path in ("/data/none", "/data/text[1]", "nonsense", "/data", ""):
        with pytest.raises(ValueError, match=r"place|question"):
            answer(interview, path, "1")


# Repeats

STOVES = """
| survey | | | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | required | relevant | calculation | default | repeat_count | choice_filter |
| | integer | rooms | 房间 | Rooms | | | | | | |
| | begin_repeat | room | 房间 | Room | | | | | ${rooms} | |
| | text | use | 用途 | Use | | | | | | |
| | calculate | number | | | | | position(..) | | | |
| | end_repeat | | | | | | | | | |
| | text | owner | 户主 | Owner | | | | | | |
| | begin_repeat | stove | 炉具 | Stove | | ${owner} != 'none' | | | | |
| | decimal | coal_t | 用煤 | Coal | yes | | | | | |
| | text | maker | 厂家 | Maker | | ${coal_t} > 1 | | 无 | | |
| | text | since | 时间 | Since | | | | concat('约', ${rooms}) | | |
| | begin_repeat | pipe | 烟道 | Pipe | | | | | | |
| | integer | length | 长度 | Length | | | | | | |
| | end_repeat | | | | | | | | | |
| | calculate | lengths | | | | | sum(${length}) | | | |
| | end_repeat | | | | | | | | | |
| | calculate | coal_all | | | | | sum(${coal_t}) | | | |
"""


def test_an_instance_is_added_answered_and_removed(filled: Fill) -> None:
    interview = add_repeat(
        filled(STOVES, {"/data/rooms": "0", "/data/stove[1]/coal_t": "0.1"}), "/data/stove"
    )
    interview = answer(interview, "/data/stove[2]/coal_t", "0.2")
    assert answers(interview)["coal_all"] == "0.3"
    interview = remove_repeat(interview, "/data/stove", 1)
    assert [stove["coal_t"] for stove in answers(interview)["stove"]] == ["0.2"]
    assert answers(interview)["coal_all"] == "0.2"
    with pytest.raises(ValueError, match="no instance"):
        remove_repeat(interview, "/data/stove", 2)


def test_the_screen_offers_what_may_be_done_with_a_repeat(filled: Fill) -> None:
    rows = [row for row in questions(add_repeat(filled(STOVES), "/data/stove"), "zh") if row.repeat]
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
    interview = add_repeat(filled(STOVES), "/data/stove")
    interview = add_repeat(interview, "/data/stove[2]/pipe")
    for place, length in (("1]/pipe[1", "1"), ("2]/pipe[1", "20"), ("2]/pipe[2", "22")):
        interview = answer(interview, f"/data/stove[{place}]/length", length)
    interview = remove_repeat(interview, "/data/stove", 1)
    (stove,) = answers(interview)["stove"]
    assert stove["pipe"] == [{"length": "20"}, {"length": "22"}]
    assert stove["lengths"] == "42"


def test_a_counted_repeat_follows_its_count_and_keeps_what_was_typed(filled: Fill) -> None:
    interview = filled(STOVES, {"/data/rooms": "2", "/data/room[2]/use": "卧室"})
    assert [room["number"] for room in answers(interview)["room"]] == ["1", "2"]
    fewer = answer(interview, "/data/rooms", "1")
    assert len(answers(fewer)["room"]) == 1
    assert answers(answer(fewer, "/data/rooms", "2"))["room"][1]["use"] == "卧室"
    with pytest.raises(ValueError, match="may grow"):
        add_repeat(interview, "/data/room")


@pytest.mark.parametrize("count", ["-1", "abc", "", "0"])
def test_a_count_that_is_no_count_means_none(filled: Fill, count: str) -> None:
    assert "room" not in answers(filled(STOVES, {"/data/rooms": count}))


def test_a_count_beyond_the_limit_is_a_fault(filled: Fill) -> None:
    interview = filled(STOVES, {"/data/rooms": "100000"})
    assert len(answers(interview)["room"]) == 200
    assert ("/data/room", "constraint") in codes(interview)


def test_new_instances_get_their_defaults_once(filled: Fill) -> None:
    interview = filled(STOVES, {"/data/rooms": "3"})
    interview = add_repeat(answer(interview, "/data/stove[1]/since", ""), "/data/stove")
    interview = answer(answer(interview, "/data/rooms", "4"), "/data/stove[2]/coal_t", "2")
    first, second = answers(interview)["stove"]
    assert "since" not in first
    assert (second["since"], second["maker"]) == ("约3", "无")


def test_a_hidden_repeat_is_neither_shown_nor_sent(filled: Fill) -> None:
    interview = filled(STOVES, {"/data/owner": "none", "/data/stove[1]/coal_t": "2"})
    assert answers(interview) == {"owner": "none", "coal_all": "0"}
    assert not any(row.path.startswith("/data/stove") for row in questions(interview, "zh"))


# Things that happen by themselves

EVENTS = """
| survey | | | | | | |
| | type | name | label::中文 (zh) | label::English (en) | calculation | trigger | default |
| | today | recorded_on | | | | | |
| | start | started_at | | | | | |
| | text | stove | 炉具 | Stove | | | |
| | date | stove_on | 日期 | Date | today() | ${stove} | |
| | calculate | first_seen | | | once(${stove}) | | |
| | calculate | record | | | once(uuid()) | | |
| | text | copy | 抄 | Copy | | | ${recorded_on} |
"""


def test_the_clock_fills_what_the_form_says_when_a_record_begins(filled: Fill) -> None:
    interview = filled(EVENTS, given={"uuid": "r-1"})
    record = answers(interview)
    assert record["recorded_on"] == record["copy"] == "2020-03-10"
    assert record["started_at"] == "2020-03-10T09:00:00.000+08:00"
    assert answers(answer(interview, "/data/stove", "x"))["record"] == record["record"]


def test_a_trigger_sets_its_value_when_the_answer_changes(filled: Fill) -> None:
    interview = filled(EVENTS)
    assert "stove_on" not in answers(interview)
    interview = answer(interview, "/data/stove", "拆除")
    assert answers(interview)["stove_on"] == "2020-03-10"
    corrected = answer(interview, "/data/stove_on", "2020-03-01")
    assert answers(answer(corrected, "/data/stove", "拆除 "))["stove_on"] == "2020-03-01"
    assert answers(answer(corrected, "/data/stove", "保留"))["stove_on"] == "2020-03-10"


def test_once_keeps_its_first_value(filled: Fill, form_of: Callable[[str], Form], context: Context) -> None:
    interview = answer(filled(EVENTS, {"/data/stove": "甲"}), "/data/stove", "乙")
    assert answers(interview)["first_seen"] == "甲"
    assert answers(begin(form_of(EVENTS), context, draft(interview), resumed=True))["first_seen"] == "甲"


# The server's look

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
    assert checked(form_of(HOUSE), context) == set()


def test_the_server_finds_what_no_tablet_sends(form_of: Callable[[str], Form], context: Context) -> None:
    form, heating = form_of(HOUSE), SUBMITTED["heating"]
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
        assert check(form_of(HOUSE), answers_, context)


def test_what_reads_the_clock_may_be_older_than_the_check(
    form_of: Callable[[str], Form], filled: Fill
) -> None:
    record = answers(filled(EVENTS, {"/data/stove": "x"}, given={"uuid": "r-1"}))
    interview = filled(EVENTS)
    later = Context(interview.context.today.replace(day=20), interview.context.now.replace(day=20), {})
    assert check(form_of(EVENTS), record, later) == ()


# Properties, over two forms and anything a surveyor may type

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
    st.tuples(st.just(HOUSE), _steps(_HOUSE_VALUES)), st.tuples(st.just(STOVES), _steps(_STOVE_VALUES))
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


@given(st.sampled_from([(HOUSE, _HOUSE_VALUES), (STOVES, _STOVE_VALUES)]), st.data())
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
    interview = _walk(filled, HOUSE, steps)
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
