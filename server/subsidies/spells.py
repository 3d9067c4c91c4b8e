"""From what was recorded of a home, in the order it came, to what held from which day: heated or not.

Pure, and apart because of corrections: a record that corrects another says what was so on the day of the
first one, so a slip of the thumb put right in December takes no subsidy away in November.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from server.subsidies.facts import Spell

# Not heated, and nobody recorded why.
UNSTATED_REASON: Final = "other"
STATUS: Final = "heating_status"
REASON: Final = "not_heated_reason"


@dataclass(frozen=True)
class Said:
    """What one record changed: `values` are those of STATUS and REASON that the register took from it. `corrects`:
    the record it puts right, "" for none. `on`: the day it speaks of, on the county's calendar.
    """

    id: str
    corrects: str
    on: date
    values: Mapping[str, str]


def not_heated(said: Iterable[Said]) -> tuple[Spell, ...]:
    """Spells of a home not heated, each by its reason; "" from the day it was heated again. At most one a day."""
    taken = [each for each in said if each.values]
    corrected = {each.corrects for each in taken}
    by_id = {each.id: each for each in taken}
    status = reason = ""
    by_day: dict[date, str] = {}
    for each in taken:
        status, reason = each.values.get(STATUS, status), each.values.get(REASON, reason)
        if each.id not in corrected:
            by_day[_first(each, by_id).on] = _value(status, reason)
    return tuple(_changes(by_day))


def as_of_now(spells: tuple[Spell, ...], status: str, reason: str, seen_on: date | None) -> tuple[Spell, ...]:
    """The same, ending with what the register says today: it may know more than the journal."""
    value = _value(status, reason)
    last = max(spells, key=lambda spell: spell.since or date.min).value if spells else ""
    return spells if value == last else (*spells, Spell(value, seen_on))


def _value(status: str, reason: str) -> str:
    return (reason or UNSTATED_REASON) if status == "not_heated" else ""


def _first(said: Said, by_id: Mapping[str, Said]) -> Said:
    """The record at the beginning of a chain of corrections."""
    for _ in by_id:
        said = by_id.get(said.corrects, said)
    return said


def _changes(by_day: Mapping[date, str]) -> Iterable[Spell]:
    before = ""
    for day, value in sorted(by_day.items()):
        if value != before:
            yield Spell(value, day)
        before = value
