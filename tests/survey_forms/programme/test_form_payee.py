"""Whose account the money goes to: typed twice, saved without blanks, one payee for each household."""

from typing import Any

import pytest

from survey_forms.answers import entity_changes, prefill
from survey_forms.interview import answer, answers, begin, check, questions
from survey_forms.properties import PROPERTIES

GIVEN = {
    "household_id": "h-1", "payee_id": "y-1", "village": "140525105201", "village_name": "模拟村", "person": "p-1",
    "head_name": "王建军", "door_number": "3组12号",
}  # fmt: skip
CARD = "6222020200112233"  # no card: its check digit is wrong
VALID = "6222020200112230"


def record(surveyor: Any, account: str = VALID, again: str = "", **other: str) -> Any:
    steps = {
        "owner/relation": "self", "owner/holder": "王建军", "bank_account/bank": "泽州农商银行南村支行",
        "bank_account/account": account, "bank_account/account_again": again or account,
    }  # fmt: skip
    return surveyor.walk("payee", *(steps | other).items(), given=GIVEN)


def notes(filled: Any) -> list[str]:
    return [row.path.rsplit("/", 1)[1] for row in questions(filled, "zh") if row.type == "note"]


def test_an_account_is_saved_whole_and_without_blanks(surveyor: Any) -> None:
    filled = record(surveyor, "6222 0202-0011　2230", "6222020200112230")
    assert surveyor.said(filled) == {}
    sent = answers(filled)
    assert check(surveyor.FORMS["payee"], sent, surveyor.context(GIVEN)) == ()
    assert entity_changes(surveyor.FORMS["payee"], sent) == {
        "payee": {
            "household": "h-1", "relation": "self", "relation_other": "", "holder": "王建军",
            "bank": "泽州农商银行南村支行", "account": "6222020200112230", "on_day": "2020-11-20",
        }
    }  # fmt: skip
    assert set(entity_changes(surveyor.FORMS["payee"], sent)["payee"]) == set(PROPERTIES["payee"])


@pytest.mark.parametrize(
    "account", ["1234567", "622202020011223０1234567890123456", "6222,0202,0011", "账号12345678"]
)
def test_what_is_no_account_is_told(surveyor: Any, account: str) -> None:
    assert "8至30位" in surveyor.said(record(surveyor, account))["bank_account/account"]


def test_the_second_entry_must_equal_the_first_also_after_the_first_changed(surveyor: Any) -> None:
    other = record(surveyor, VALID, "6222020200112231")
    assert "两遍账号不一样" in surveyor.said(other)["bank_account/account_again"]
    mended = answer(record(surveyor), "/data/bank_account/account", "6222020200119999")
    assert "两遍账号不一样" in surveyor.said(mended)["bank_account/account_again"]
    assert surveyor.said(answer(mended, "/data/bank_account/account_again", "6222 0202 0011 9999")) == {}


def test_an_odd_card_number_is_a_hint_and_no_fault(surveyor: Any) -> None:
    odd = record(surveyor, CARD)
    assert "odd_card" in notes(odd)
    assert surveyor.said(odd) == {}
    assert "odd_card" not in notes(record(surveyor, VALID))
    assert "odd_card" not in notes(record(surveyor, "14050012345"))  # a passbook has no check digit we know


def test_another_holder_is_asked_about_and_another_relation_explained(surveyor: Any) -> None:
    assert "other_name" in notes(record(surveyor, **{"owner/holder": "王小明"}))
    child = record(surveyor, **{"owner/holder": "王小明", "owner/relation": "child"})
    assert "other_name" not in notes(child)
    entrusted = record(surveyor, **{"owner/relation": "other"})
    assert set(surveyor.said(entrusted)) == {"owner/relation_other"}


def test_who_changes_a_payee_types_the_account_anew(surveyor: Any) -> None:
    """What tablets know of it is "…4417", and a form never takes that for an account."""
    form = surveyor.FORMS["payee"]
    known = {"household": "h-1", "holder": "王建军", "bank": "农商行", "account": "…4417", "relation": "self"}
    filled = begin(form, surveyor.context(GIVEN), prefill(form, {"payee": known}))
    assert set(surveyor.said(filled)) == {"bank_account/account"}
    assert answers(filled)["owner"] == {"relation": "self", "holder": "王建军"}


def test_account_numbers_are_masked_where_they_are_shown_later(surveyor: Any) -> None:
    filled = record(surveyor)
    assert [row.label for row in questions(filled, "zh") if "masked" in row.appearance.split()] == [
        "账号",
        "再填一遍账号",
    ]
