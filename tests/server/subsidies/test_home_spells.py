"""Heated or not, by day: what came later counts from its day, a correction from the day of what it corrects."""

from datetime import date

import pytest

from server.subsidies.facts import Spell, held_on
from server.subsidies.spells import REASON, STATUS, Said, as_of_now, not_heated

EMPTY, HEATED = {STATUS: "not_heated", REASON: "empty"}, {STATUS: "heated", REASON: ""}


def said(id: str, on: str, values: dict[str, str], corrects: str = "") -> Said:
    return Said(id, corrects, date.fromisoformat(on), values)


def spell(value: str, since: str) -> Spell:
    return Spell(value, date.fromisoformat(since))


@pytest.mark.parametrize(
    ("told", "spells"),
    [
        ([], ()),
        ([said("a", "2020-09-01", HEATED)], ()),
        (
            [said("a", "2019-09-01", EMPTY), said("b", "2020-09-01", HEATED)],
            (spell("empty", "2019-09-01"), spell("", "2020-09-01")),
        ),
        ([said("a", "2020-09-01", {STATUS: "not_heated"})], (spell("other", "2020-09-01"),)),
        (
            [said("a", "2020-09-01", EMPTY), said("b", "2020-10-01", {REASON: "away_winter"})],
            (spell("empty", "2020-09-01"), spell("away_winter", "2020-10-01")),
        ),
        # Recorded later of an earlier day, and twice on one day: the later word counts.
        (
            [said("a", "2020-09-01", HEATED), said("b", "2020-08-01", EMPTY)],
            (spell("empty", "2020-08-01"), spell("", "2020-09-01")),
        ),
        ([said("a", "2020-09-01", EMPTY), said("b", "2020-09-01", HEATED)], ()),
    ],
)
def test_what_was_recorded_holds_from_its_day(told: list[Said], spells: tuple[Spell, ...]) -> None:
    assert not_heated(told) == spells


def test_a_correction_counts_from_the_day_of_what_it_corrects() -> None:
    wrong = said("a", "2020-09-01", EMPTY)
    right = said("b", "2020-12-01", HEATED, corrects="a")
    assert not_heated([wrong, right]) == ()
    again = said("c", "2020-12-20", EMPTY, corrects="b")
    assert not_heated([wrong, right, again]) == (spell("empty", "2020-09-01"),)


def test_the_register_of_today_has_the_last_word() -> None:
    before = (spell("empty", "2019-09-01"),)
    seen = date(2020, 9, 1)
    assert as_of_now(before, "not_heated", "empty", seen) == before
    assert as_of_now((), "heated", "", seen) == ()
    now = as_of_now(before, "heated", "", seen)
    found = [held_on(now, day) for day in (date(2019, 11, 15), date(2020, 11, 15))]
    assert [each.value for each in found if each] == ["empty", ""]
    assert as_of_now((), "not_heated", "demolition", None) == (Spell("demolition", None),)
