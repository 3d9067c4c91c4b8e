"""Coal seen: at a home or at a place, on a day, and never a word about the household itself."""

from typing import Any

import pytest

from survey_forms.answers import entity_changes
from survey_forms.interview import answers, check
from survey_forms.properties import PROPERTIES

AT_HOME = {
    "household_id": "h-1", "sighting_id": "s-1", "village": "140525105201", "village_name": "模拟村", "person": "p-1",
    "head_name": "王建军", "door_number": "3组12号",
}  # fmt: skip
NOWHERE = {name: AT_HOME[name] for name in ("sighting_id", "village", "village_name", "person")}


def test_at_a_home_nothing_is_asked_of_the_place(surveyor: Any) -> None:
    filled = surveyor.walk("sighting", ("what", "coal_burned"), given=AT_HOME)
    assert surveyor.asked(filled) == ["what", "seen_on", "location", "photo", "remark"]
    sent = answers(filled)
    assert surveyor.said(filled) == {}
    assert check(surveyor.FORMS["sighting"], sent, surveyor.context(AT_HOME)) == ()
    changes = entity_changes(surveyor.FORMS["sighting"], sent)
    assert set(changes) == {"sighting"}
    assert set(changes["sighting"]) == set(PROPERTIES["sighting"])
    kept = {name: value for name, value in changes["sighting"].items() if value}
    assert kept == {"household": "h-1", "what": "coal_burned", "seen_on": "2020-11-20"}


def test_without_a_home_the_place_is_wanted_in_words(surveyor: Any) -> None:
    filled = surveyor.walk("sighting", ("what", "coal_sold"), given=NOWHERE)
    assert set(surveyor.said(filled)) == {"place"}
    told = surveyor.walk(
        "sighting", ("what", "coal_sold"), ("place", "村东头煤场"), ("amount_t", "3.5"), given=NOWHERE
    )
    assert surveyor.said(told) == {}
    kept = entity_changes(surveyor.FORMS["sighting"], answers(told))["sighting"]
    assert (kept["household"], kept["place"], kept["amount_t"]) == ("", "村东头煤场", "3.5")


@pytest.mark.parametrize(
    ("amount", "good"), [("0", False), ("0.125", True), ("0.1255", False), ("1001", False)]
)
def test_an_amount_is_some_coal_and_not_a_mountain(surveyor: Any, amount: str, good: bool) -> None:
    filled = surveyor.walk("sighting", ("what", "coal_stored"), ("amount_t", amount), given=AT_HOME)
    assert (surveyor.said(filled) == {}) is good


def test_nobody_sees_tomorrow(surveyor: Any) -> None:
    filled = surveyor.walk("sighting", ("what", "stove_in_use"), ("seen_on", "2020-11-21"), given=AT_HOME)
    assert set(surveyor.said(filled)) == {"seen_on"}
