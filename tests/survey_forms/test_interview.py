"""Filling a form: what is asked, what is kept, what is submitted, what is refused."""

from collections.abc import Callable

import pytest

from survey_forms.form import Form
from survey_forms.interview import (
    Context,
    Interview,
    Shown,
    answer,
    answers,
    begin,
    draft,
    faults,
    questions,
)

Fill = Callable[..., Interview]

HEATED = {"/data/heated": "yes", "/data/heating/fuel": "coal", "/data/heating/area": "12.10"}


def on_screen(interview: Interview, lang: str = "zh") -> dict[str, Shown]:
    return {row.path: row for row in questions(interview, lang)}


def codes(interview: Interview) -> set[tuple[str, str]]:
    return {(fault.path, fault.code) for fault in faults(interview, "zh")}


# What is asked


def test_an_irrelevant_group_hides_everything_inside(filled: Fill) -> None:
    assert not any(path.startswith("/data/heating") for path in on_screen(filled("house")))
    shown = on_screen(filled("house", {"/data/heated": "yes"}))
    assert [path for path in shown if path.startswith("/data/heating")] == [
        "/data/heating/fuel",
        "/data/heating/device",
        "/data/heating/area",
        "/data/heating/cost/price",
    ]


def test_a_row_tells_the_screen_all_it_needs(filled: Fill) -> None:
    row = on_screen(filled("house", {**HEATED, "/data/who": "张三"}), "en")["/data/heating/fuel"]
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
    interview = filled("house")
    for lang, label in (("zh", "姓名"), ("en", "Name"), ("English (en)", "Name"), ("fr", "姓名")):
        assert on_screen(interview, lang)["/data/who"].label == label


def test_labels_carry_answers(filled: Fill) -> None:
    interview = filled("house", {**HEATED, "/data/who": "李四"})
    assert on_screen(interview)["/data/thanks"].label == "谢谢 李四,共 18.15 元"
    assert on_screen(answer(interview, "/data/who", "王五"))["/data/heating/area"].group == ("王五 家取暖",)


def test_choices_follow_the_answer_they_depend_on(filled: Fill) -> None:
    interview = filled("house", HEATED)
    assert [choice.value for choice in on_screen(interview)["/data/heating/device"].choices] == ["stove"]
    interview = answer(interview, "/data/heating/device", "stove")
    interview = answer(interview, "/data/heating/fuel", "gas")
    assert ("/data/heating/device", "choice") in codes(interview)
    assert on_screen(interview)["/data/heating/device"].value == "stove"
    assert ("/data/heating/device", "choice") not in codes(
        answer(interview, "/data/heating/device", "boiler")
    )


def test_read_only_is_said(filled: Fill) -> None:
    row = on_screen(filled("house"))["/data/fixed"]
    assert (row.readonly, row.value) == (True, "A-1")


# What is kept, and what is submitted


def test_nothing_typed_is_lost_while_it_is_not_relevant(filled: Fill) -> None:
    interview = answer(filled("house", HEATED), "/data/heated", "no")
    assert "heating" not in answers(interview)
    assert draft(interview)["heating"]["area"] == "12.10"
    assert answers(answer(interview, "/data/heated", "yes"))["heating"]["area"] == "12.1"


def test_a_draft_is_taken_up_where_it_was_left(
    form_of: Callable[[str], Form], filled: Fill, context: Context
) -> None:
    interview = answer(filled("house", {**HEATED, "/data/heating/cost/price": ""}), "/data/visited_on", None)
    again = begin(form_of("house"), context, draft(interview), resumed=True)
    assert answers(again) == answers(interview)
    assert on_screen(again) == on_screen(interview)
    assert "visited_on" not in answers(again)


def test_calculations_are_in_the_record_and_cannot_be_typed(filled: Fill) -> None:
    interview = filled("house", HEATED)
    assert answers(interview)["heating"]["cost"]["total"] == "18.15"
    with pytest.raises(ValueError, match="not a question"):
        answer(interview, "/data/heating/cost/total", "1")


def test_a_calculation_without_all_its_numbers_is_empty(filled: Fill) -> None:
    assert (
        "total" not in answers(answer(filled("house", HEATED), "/data/heating/area", ""))["heating"]["cost"]
    )


def test_defaults_stand_in_a_new_record_and_known_answers_go_before_them(
    form_of: Callable[[str], Form], context: Context
) -> None:
    assert answers(begin(form_of("house"), context)) == {"visited_on": "2020-03-10", "fixed": "A-1"}
    known = begin(form_of("house"), context, {"visited_on": "2020-01-02"})
    assert answers(known)["visited_on"] == "2020-01-02"
    assert answers(begin(form_of("house"), context, {}, resumed=True)) == {}


def test_given_fills_hidden_fields_only(filled: Fill) -> None:
    interview = filled("house", given={"household_id": "h-1", "who": "nobody asked", "total": "7"})
    assert answers(interview)["household_id"] == "h-1"
    assert "who" not in answers(interview)


def test_one_value_has_one_text(filled: Fill) -> None:
    interview = filled("house", {**HEATED, "/data/heating/area": " １2.50 ", "/data/who": "  张三 "})
    assert answers(interview)["heating"]["area"] == "12.5"
    assert answers(interview)["who"] == "张三"
    assert on_screen(interview)["/data/who"].value == "  张三 "


# What is refused


def test_required_counts_only_where_relevant_and_never_reddens_the_screen(filled: Fill) -> None:
    assert codes(filled("house")) == {("/data/heated", "required")}
    interview = filled("house", {"/data/heated": "yes"})
    assert codes(interview) == {("/data/heating/fuel", "required"), ("/data/heating/area", "required")}
    assert all(row.fault is None for row in questions(interview, "zh"))


def test_messages_are_the_forms_own_in_the_surveyors_language(filled: Fill) -> None:
    interview = filled("house", {**HEATED, "/data/heated": "yes", "/data/heating/area": "501"})
    assert [fault.message for fault in faults(interview, "zh")] == ["面积应在0至500之间,现在是 501"]
    assert [fault.message for fault in faults(interview, "en")] == ["Area must be 0 to 500"]
    assert on_screen(interview)["/data/heating/area"].fault == "面积应在0至500之间,现在是 501"
    assert [fault.message for fault in faults(filled("house"), "en")] == ["Please choose"]


def test_without_a_message_of_the_form_the_engine_names_the_question(filled: Fill) -> None:
    interview = filled(
        "house", {"/data/heated": "yes", "/data/heating/area": "1", "/data/visited_on": "2020-03-11"}
    )
    assert [fault.message for fault in faults(interview, "zh")] == [
        "“能源”必须填写",
        "“日期”填的“2020-03-11”不符合要求，请核对",
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
