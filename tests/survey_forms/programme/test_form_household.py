"""Registering a household: every question, every constraint, what it saves."""

from typing import Any

import pytest

from survey_forms.answers import entity_changes, prefill
from survey_forms.interview import add_repeat, answer, answers, begin, check, faults, questions, remove_repeat
from survey_forms.properties import PROPERTIES

Answer = tuple[str, str]
HOUSE: tuple[Answer, ...] = (
    ("basics/door_number", "3组12号"),
    ("basics/head_name", "王建军"),
    ("house/house_area_m2", "120"),
    ("house/occupancy", "all_winter"),
    ("house/residents_n", "4"),
    ("house/hardship", "none"),
    ("heating/heating_status", "heated"),
    ("heating/fuel", "bulk_coal"),
    ("heating/device", "coal_stove"),
    ("heating/heated_area_m2", "80"),
    ("heating/old_stove", "present"),
    ("coal/coal_answer", "burned"),
    ("coal/purchase[1]/tonnes", "1.1"),
    ("coal/purchase[1]/price", "700"),
    ("coal/coal_source", "hawker depot"),
    ("coal/stock_t", "0.2"),
)


def test_a_household_is_registered_with_its_coal(surveyor: Any) -> None:
    interview = surveyor.walk("household", *HOUSE)
    assert surveyor.said(interview) == {}
    record = answers(interview)
    assert check(surveyor.FORMS["household"], record, surveyor.context()) == ()
    changes = entity_changes(surveyor.FORMS["household"], record)
    assert set(changes) == {"household", "coal_use"}
    # A stove's removal is photographed when the conversion is in service.
    assert set(changes["household"]) == set(PROPERTIES["household"]) - {"stove_photo"}
    assert set(changes["coal_use"]) == set(PROPERTIES["coal_use"])
    assert changes["coal_use"] == {
        "household": "h-1",
        "season": "2019-2020",
        "coal_t": "1.1",
        "price_yuan_per_t": "700",
        "coal_source": "depot hawker",
        "stock_t": "0.2",
        "observed_on": "2020-11-20",
    }
    told = {name: value for name, value in changes["household"].items() if value}
    assert told == {
        "door_number": "3组12号",
        "head_name": "王建军",
        "tenure": "owner",
        "registration": "local",
        "house_area_m2": "120",
        "house_use": "living",
        "occupancy": "all_winter",
        "residents_n": "4",
        "hardship": "none",
        "mountain": "no",
        "heating_status": "heated",
        "fuel": "bulk_coal",
        "device": "coal_stove",
        "heated_area_m2": "80",
        "old_stove": "present",
        "old_stove_on": "2020-11-20",
        "visited_on": "2020-11-20",
        "visit_outcome": "surveyed",
    }


def test_door_and_name_come_first_and_the_usual_path_is_short(surveyor: Any) -> None:
    interview = surveyor.walk("household")
    assert surveyor.asked(interview)[:2] == ["door_number", "head_name"]
    assert questions(interview, "zh")[0].group == ("门牌与户主 模拟村",)
    assert questions(interview, "en")[0].label == "Door number"
    must_be_typed = [
        fault.path.rsplit("/", 1)[1] for fault in faults(surveyor.walk("household", *HOUSE[:6]), "zh")
    ]
    assert must_be_typed == ["heating_status", "old_stove"]
    assert len(surveyor.asked(surveyor.walk("household", *HOUSE))) <= 32


def test_several_purchases_add_up(surveyor: Any) -> None:
    interview = add_repeat(surveyor.walk("household", *HOUSE), "/data/coal/purchase")
    interview = answer(interview, "/data/coal/purchase[2]/tonnes", "2.2")
    interview = answer(interview, "/data/coal/purchase[2]/price", "850")
    coal = entity_changes(surveyor.FORMS["household"], answers(interview))["coal_use"]
    assert (coal["coal_t"], coal["price_yuan_per_t"]) == ("3.3", "800")
    [total] = [row.label for row in questions(interview, "zh") if row.path == "/data/coal/coal_total"]
    assert total == "合计 3.3 吨，平均 800 元/吨"

    interview = answer(interview, "/data/coal/purchase[2]/tonnes", "19")
    assert "合计不超过20吨" in surveyor.said(interview)["coal/purchase[2]/tonnes"]
    for _ in range(2):
        interview = remove_repeat(interview, "/data/coal/purchase", 1)
    assert "至少登记一次买煤" in surveyor.said(interview)["coal/coal_answer"]


def test_coal_that_is_not_known_leaves_the_record_alone(surveyor: Any) -> None:
    unknown = surveyor.walk("household", *HOUSE[:11], ("coal/coal_answer", "unknown"))
    assert surveyor.said(unknown) == {}
    assert set(entity_changes(surveyor.FORMS["household"], answers(unknown))) == {"household"}
    none = entity_changes(
        surveyor.FORMS["household"], answers(answer(unknown, "/data/coal/coal_answer", "none"))
    )
    assert (none["coal_use"]["coal_t"], none["coal_use"]["price_yuan_per_t"]) == ("0", "")


@pytest.mark.parametrize(
    ("day", "season"),
    [("2020-03-15", "2018-2019"), ("2020-03-16", "2019-2020"), ("2020-11-20", "2019-2020")],
)
def test_the_winter_asked_about_is_the_last_one_that_ended(surveyor: Any, day: str, season: str) -> None:
    interview = surveyor.walk("household", *HOUSE, ("visited_on", day))
    assert entity_changes(surveyor.FORMS["household"], answers(interview))["coal_use"]["season"] == season


def test_a_home_without_heating_needs_a_reason_and_no_fuel(surveyor: Any) -> None:
    interview = surveyor.walk("household", *HOUSE, ("heating/heating_status", "not_heated"))
    assert not {"fuel", "device", "heated_area_m2", "coal_answer"} & set(surveyor.asked(interview))
    assert surveyor.said(interview) == {"heating/not_heated_reason": "请选择不取暖的原因"}
    interview = answer(interview, "/data/heating/not_heated_reason", "away_winter")
    changes = entity_changes(surveyor.FORMS["household"], answers(interview))
    assert set(changes) == {"household"}
    assert changes["household"]["visit_outcome"] == "not_heated"
    assert changes["household"]["fuel"] == changes["household"]["device"] == ""


def test_an_empty_house_has_no_residents(surveyor: Any) -> None:
    assert "residents_n" not in surveyor.asked(surveyor.walk("household", ("house/occupancy", "empty")))


def test_devices_are_those_of_the_fuel(surveyor: Any) -> None:
    def offered(fuel: str) -> set[str]:
        interview = surveyor.walk("household", ("heating/heating_status", "heated"), ("heating/fuel", fuel))
        return {
            c.value
            for row in questions(interview, "zh")
            if row.path == "/data/heating/device"
            for c in row.choices
        }

    assert offered("gas") == {"1"}
    assert offered("bulk_coal") == {"coal_stove", "coal_boiler", "kang"}
    assert offered("none") == {"none"}
    assert set().union(*map(offered, PROPERTIES["household"]["fuel"])) == PROPERTIES["household"]["device"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("basics/head_name", "王3", "不含数字"),
        ("basics/id_number", "140525186202195446", "身份证号有误"),
        ("basics/id_number", "140525186213195445", "身份证号有误"),
        ("basics/phone", "12345678901", "电话有误"),
        ("basics/phone", "2022334", "电话有误"),
        ("house/house_area_m2", "9.9", "10至2000"),
        ("house/rooms_n", "51", "1至50"),
        ("house/residents_n", "21", "0至20"),
        ("house/demolition_year", "2019", "2020至2035"),
        ("heating/heated_area_m2", "120.5", "不能大于房屋面积"),
        ("heating/heated_area_m2", "4", "至少5平方米"),
        ("heating/old_stove", "none", "不能选没有"),
        ("heating/old_stove_on", "2020-11-21", "不能晚于今天"),
        ("coal/purchase[1]/tonnes", "0", "大于0"),
        ("coal/purchase[1]/tonnes", "20.1", "不超过20吨"),
        ("coal/purchase[1]/price", "5001", "0至5000元"),
        ("coal/stock_t", "21", "0至20吨"),
        ("visited_on", "2020-11-21", "不能晚于今天"),
        ("visited_on", "2018-12-31", "早于2019年"),
        ("remark", "长" * 501, "500个字"),
    ],
)
def test_what_cannot_be_is_said_at_the_question(surveyor: Any, path: str, value: str, words: str) -> None:
    interview = surveyor.walk("household", *HOUSE, (path, value))
    assert words in surveyor.said(interview)[path]
    told = [
        fault.path for fault in check(surveyor.FORMS["household"], answers(interview), surveyor.context())
    ]
    assert f"/data/{path}" in told


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("basics/id_number", "140525186202195445"),
        ("basics/phone", "15400000000"),
        ("basics/phone", "0356-2022334"),
        ("basics/head_name", "高𬍛"),
        ("basics/head_name", "阿卜杜拉·买买提"),
        ("basics/location", "35.257850 112.772795 0 22"),
        ("heating/heated_area_m2", "120"),
        ("coal/purchase[1]/tonnes", "20"),
        ("house/demolition_year", "2021"),
    ],
)
def test_what_may_be_is_taken(surveyor: Any, path: str, value: str) -> None:
    assert surveyor.said(surveyor.walk("household", *HOUSE, (path, value))) == {}


def test_a_second_registration_begins_with_what_is_known(surveyor: Any) -> None:
    form = surveyor.FORMS["household"]
    first = entity_changes(form, answers(surveyor.walk("household", *HOUSE)))
    again = begin(form, surveyor.context(), prefill(form, first))
    assert surveyor.said(again) == {"coal/coal_answer": "请选择是否烧煤"}
    again = answer(again, "/data/coal/coal_answer", "unknown")
    assert entity_changes(form, answers(again)) == {"household": first["household"]}
