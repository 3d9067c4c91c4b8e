"""What a decision consists of: the line of money, what was left out, and how one rate becomes a line.

Apart from `rules.py`, which says what there is a line for; here is what a document's rate makes of it, after
its exclusions. Everything downstream (tables, corrections, pages) knows lines only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from server.programme.document import Texts
from server.subsidies import reasons
from server.subsidies.facts import SELF_CONVERTED, Conversion, Home, held_on
from server.subsidies.money import half_up
from server.subsidies.schedule import Clause, Exclusion, Ref, Schedule
from server.subsidies.vocabulary import once


@dataclass(frozen=True)
class Line:
    """One component for one season: what the household is entitled to, or why it is nothing.

    `outcome`: granted, capped, silent or excluded. `rules` are paths in the document, the deciding one first.
    `shares_fen` is by level of government, adds up to `amount_fen`, and is empty for nothing. `facts` are those
    read, as text. `reason` is in both languages. `due_on`: from when it may be paid.
    """

    county: str
    village: str
    household: str
    conversion: str
    component: str
    season: str
    amount_fen: int
    shares_fen: Mapping[str, int]
    due_on: date
    outcome: str
    schedule: Ref
    rules: tuple[str, ...]
    facts: Mapping[str, str]
    reason: Texts

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What there is at most one entitlement of."""
        return self.county, self.household, self.component, self.season


@dataclass(frozen=True)
class LeftOut:
    """What could not be decided, or counts for nothing, and why. `component` and `season` are empty where
    the whole conversion is meant. Codes: not_accepted, no_schedule, no_day, no_rule, no_area, no_cost,
    no_proof_day, already_granted, not_in_use, newer_not_accepted, replaced.
    """

    conversion: str
    component: str
    season: str
    code: str
    reason: Texts


@dataclass(frozen=True)
class Worked:
    """All lines due by a day, of at most one for each key, in the order they fall due; and what was left out."""

    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]


Found = Line | LeftOut


@dataclass(frozen=True)
class Slot:
    """What a line is for, the day whose circumstances count, and from when it may be paid."""

    component: str
    season: str
    on: date
    due_on: date


@dataclass(frozen=True)
class Case:
    """An accepted conversion with the document it falls under and its conversion year."""

    home: Home
    conversion: Conversion
    schedule: Schedule
    accepted_on: date
    year: int

    @property
    def tier(self) -> str:
        return self.schedule.tiers[self.home.county]

    def once(self, component: str) -> Slot:
        """The place of what is paid once: circumstances count, and it falls due, on the day of acceptance."""
        return Slot(component, once(1), self.accepted_on, self.accepted_on)

    def line(
        self,
        slot: Slot,
        outcome: str,
        rule: str,
        reason: Texts,
        *,
        facts: Mapping[str, str],
        amount_fen: int = 0,
    ) -> Line:
        """A line of this case. Every line has read the acceptance."""
        shares_fen = self.schedule.shares[slot.component].split(amount_fen) if amount_fen else {}
        return Line(
            county=self.home.county,
            village=self.home.village,
            household=self.home.household,
            conversion=self.conversion.id,
            component=slot.component,
            season=slot.season,
            amount_fen=amount_fen,
            shares_fen=shares_fen,
            due_on=slot.due_on,
            outcome=outcome,
            schedule=self.schedule.ref,
            rules=(rule,),
            facts={"accepted_on": str(self.accepted_on), "acceptance": self.conversion.acceptance, **facts},
            reason=reason,
        )

    def left_out(self, slot: Slot, code: str, reason: Texts) -> LeftOut:
        return LeftOut(self.conversion.id, slot.component, slot.season, code, reason)


def by_clause(case: Case, slot: Slot, what: Texts) -> Found:
    """What the document's rates say of a conversion; its exclusions come first."""
    conversion, schedule = case.conversion, case.schedule
    facts = {
        "tier": case.tier,
        "kind": conversion.kind,
        "device": conversion.device,
        "connected_on": str(conversion.connected_on or ""),
        f"{schedule.year_of}_on": str(conversion.day_of(schedule.year_of)),
    }
    excluded = exclusion_of(case, slot, facts)
    if excluded is not None:
        reason = reasons.excluded(what, excluded.remark)
        return case.line(slot, "excluded", excluded.path, reason, facts=facts)
    if not schedule.year_from <= case.year <= schedule.year_to:
        reason = reasons.outside_years(what, schedule.year_from, schedule.year_to)
        return case.line(slot, "silent", "conversion_years", reason, facts=facts)
    clause = schedule.clause(slot.component, conversion.kind, conversion.device, case.tier, case.year)
    if clause is None:
        return case.left_out(slot, "no_rule", reasons.NO_RULE)
    if clause.amounts_fen is None:
        return case.line(slot, "silent", clause.path, reasons.silent(what, clause.remark), facts=facts)
    return _rated(case, slot, what, clause, facts)


def _rated(case: Case, slot: Slot, what: Texts, clause: Clause, facts: dict[str, str]) -> Found:
    """A rate of the document, for the household or for each square metre of its heated area."""
    assert clause.amounts_fen is not None
    amount_fen = rate_fen = clause.amounts_fen[case.year]
    if clause.per == "m2":
        area_m2 = case.home.heated_area_m2
        if area_m2 is None:
            return case.left_out(slot, "no_area", reasons.NO_AREA)
        facts["heated_area_m2"] = str(area_m2)
        counted_m2 = area_m2 if clause.area_max_m2 is None else min(area_m2, clause.area_max_m2)
        amount_fen = half_up(rate_fen * Fraction(counted_m2))
        what = reasons.by_area(what, rate_fen, area_m2, counted_m2)
    reason = reasons.granted(slot.component, what, amount_fen, clause.remark)
    rule = f"{clause.path}.amounts.{case.year}"
    return case.line(slot, "granted", rule, reason, facts=facts, amount_fen=amount_fen)


def exclusion_of(case: Case, slot: Slot, facts: dict[str, str]) -> Exclusion | None:
    """The first exclusion that holds on the slot's day; what it read goes to `facts`."""
    for exclusion in case.schedule.exclusions:
        if slot.component in exclusion.components and _holds(exclusion, case, slot.on, facts):
            return exclusion
    return None


def _holds(exclusion: Exclusion, case: Case, on: date, facts: dict[str, str]) -> bool:
    if exclusion.what == "self_converted":
        facts["batch"] = case.conversion.batch
        return case.conversion.batch == SELF_CONVERTED
    if exclusion.what == "not_heated":
        spell = held_on(case.home.not_heated, on)
        facts["not_heated"] = spell.value if spell else ""
        return bool(spell and spell.value)
    assert exclusion.what == "demolition"
    year = case.home.demolition_year
    facts["demolition_year"] = "" if year is None else str(year)
    return year is not None and year <= on.year + exclusion.within_years
