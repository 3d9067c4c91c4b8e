"""Recording a conversion: stage by stage, dates in order, clean coal in the mountains alone."""

from typing import Any

import pytest

from survey_forms.answers import entity_changes, prefill
from survey_forms.interview import answer, answers, begin, check, questions
from survey_forms.properties import CLEAN_DEVICES, KINDS, PROPERTIES

Answer = tuple[str, str]
SIGNED: tuple[Answer, ...] = (
    ("subject/kind", "electric"),
    ("subject/device_code", "10"),
    ("subject/batch", "1"),
    ("contract/contract_number", "2020-001"),
    ("contract/signed_on", "2020-06-01"),
)
CONNECTED: tuple[Answer, ...] = (
    *SIGNED,
    ("works/installed_on", "2020-08-01"),
    ("works/connected_on", "2020-09-15"),
    ("works/account_number", "5400123456"),
)


def test_a_conversion_advances_stage_by_stage(surveyor: Any) -> None:
    form = surveyor.FORMS["conversion"]
    signed = surveyor.walk("conversion", *SIGNED, given=surveyor.KNOWN)
    assert surveyor.said(signed) == {}
    changes = entity_changes(form, answers(signed))
    assert set(changes) == {"conversion"}
    assert set(changes["conversion"]) == set(PROPERTIES["conversion"])
    assert changes["conversion"]["household"] == "h-1"

    later = begin(form, surveyor.context(surveyor.KNOWN), prefill(form, changes))
    for path, value in CONNECTED[5:]:
        later = answer(later, f"/data/{path}", value)
    for path, value in (("stove/old_stove", "kept"), ("coal/stock_t", "0.5")):
        later = answer(later, f"/data/{path}", value)
    assert surveyor.said(later) == {}
    record = answers(later)
    assert check(form, record, surveyor.context(surveyor.GIVEN)) == ()
    changes = entity_changes(form, record)
    assert changes["conversion"]["signed_on"] == "2020-06-01"
    assert changes["household"] == {
        "old_stove": "kept",
        "old_stove_on": "2020-11-20",
        "device": "10",
        "fuel": "electricity",
        "stove_photo": "",
    }
    assert changes["coal_use"] == {
        "household": "h-1",
        "season": "2020-2021",
        "stock_t": "0.5",
        "observed_on": "2020-11-20",
    }


def test_installed_is_not_yet_in_service(surveyor: Any) -> None:
    installed = surveyor.walk("conversion", *CONNECTED[:6], given=surveyor.KNOWN)
    assert surveyor.said(installed) == {}
    assert not {"old_stove", "first_used_on", "accepted_on", "account_number"} & set(
        surveyor.asked(installed)
    )
    assert set(entity_changes(surveyor.FORMS["conversion"], answers(installed))) == {"conversion"}


def test_the_old_stove_is_kept_for_a_season_or_its_loss_explained(surveyor: Any) -> None:
    interview = surveyor.walk("conversion", *CONNECTED, given=surveyor.KNOWN)
    notes = [row.label for row in questions(interview, "zh") if row.type == "note"]
    assert any("未经一个采暖季运行检验的，不得拆除" in note for note in notes)
    removed = answer(interview, "/data/stove/old_stove", "removed")
    assert "写明原因" in surveyor.said(removed)["remark"]
    assert surveyor.said(answer(removed, "/data/remark", "炉膛开裂")) == {}


def test_a_self_conversion_has_no_contract(surveyor: Any) -> None:
    interview = surveyor.walk(
        "conversion", ("subject/kind", "electric"), ("subject/batch", "4"), given=surveyor.KNOWN
    )
    assert not {"contract_number", "contractor", "signed_on"} & set(surveyor.asked(interview))


def test_heat_from_a_main_has_no_name_plate(surveyor: Any) -> None:
    steps = (("subject/kind", "waste_heat"), ("works/installed_on", "2020-08-01"))
    assert not {"brand", "model", "serial"} & set(
        surveyor.asked(surveyor.walk("conversion", *steps, given=surveyor.KNOWN))
    )


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("contract/signed_on", "2020-11-21", "不能晚于今天"),
        ("works/installed_on", "2020-05-31", "早于签约日期"),
        ("works/connected_on", "2020-07-31", "早于安装日期"),
        ("works/connected_on", "2020-11-21", "不能晚于今天"),
        ("works/first_used_on", "2020-09-14", "早于接通日期"),
        ("works/accepted_on", "2020-09-14", "早于接通和首次使用日期"),
        ("works/accepted_on", "2020-12-01", "不能晚于今天"),
        ("works/account_number", "户号", "字母、数字"),
        ("contract/contract_number", "a b", "不含空格"),
        ("works/equipment/serial", "#1", "字母、数字"),
        ("stove/old_stove_on", "2020-12-01", "不能晚于今天"),
        ("coal/stock_t", "-1", "0至20吨"),
    ],
)
def test_dates_stand_in_order_and_numbers_have_their_shape(
    surveyor: Any, path: str, value: str, words: str
) -> None:
    steps = (*CONNECTED, ("stove/old_stove", "kept"), ("coal/stock_t", "0"), (path, value))
    assert words in surveyor.said(surveyor.walk("conversion", *steps, given=surveyor.KNOWN))[path]


def test_acceptance_does_not_come_before_first_use(surveyor: Any) -> None:
    steps = (*CONNECTED, ("stove/old_stove", "kept"), ("works/first_used_on", "2020-11-10"))
    early = surveyor.walk("conversion", *steps, ("works/accepted_on", "2020-11-09"), given=surveyor.KNOWN)
    assert set(surveyor.said(early)) == {"works/accepted_on"}
    assert surveyor.said(answer(early, "/data/works/accepted_on", "2020-11-10")) == {}


def test_clean_coal_is_offered_in_the_mountains_alone(surveyor: Any) -> None:
    def offered(mountain: str) -> set[str]:
        interview = surveyor.walk("conversion", given={**surveyor.KNOWN, "mountain": mountain})
        return {
            c.value
            for row in questions(interview, "zh")
            if row.path == "/data/subject/kind"
            for c in row.choices
        }

    assert offered("yes") == KINDS
    assert offered("no") == offered("") == KINDS - {"clean_coal"}
    assert "subject/kind" in surveyor.said(
        surveyor.walk("conversion", ("subject/kind", "clean_coal"), given=surveyor.KNOWN)
    )


def test_clean_coal_is_in_service_once_installed(surveyor: Any) -> None:
    steps = (
        ("subject/kind", "clean_coal"),
        ("subject/device_code", "clean_coal_stove"),
        ("subject/batch", "2"),
        *SIGNED[3:],
        ("works/installed_on", "2020-08-01"),
        ("stove/old_stove", "removed"),
        ("remark", "旧炉换新炉"),
    )
    interview = surveyor.walk("conversion", *steps, given={**surveyor.KNOWN, "mountain": "yes"})
    assert surveyor.said(interview) == {}
    assert not {"connected_on", "account_number"} & set(surveyor.asked(interview))
    household = entity_changes(surveyor.FORMS["conversion"], answers(interview))["household"]
    assert (household["device"], household["fuel"]) == ("clean_coal_stove", "clean_coal")


def test_every_device_code_belongs_to_a_kind(surveyor: Any) -> None:
    def offered(kind: str) -> set[str]:
        interview = surveyor.walk(
            "conversion", ("subject/kind", kind), given={**surveyor.KNOWN, "mountain": "yes"}
        )
        rows = [row for row in questions(interview, "zh") if row.path == "/data/subject/device_code"]
        return {choice.value for row in rows for choice in row.choices}

    by_kind = {kind: offered(kind) for kind in KINDS}
    assert all(by_kind.values())
    assert by_kind["waste_heat"] == {"12"}
    assert set().union(*by_kind.values()) == CLEAN_DEVICES | {"clean_coal_stove"}
