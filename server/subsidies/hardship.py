"""Hardship (困难补助) and full cover (兜底): what goes with a grant for those who have little.

They never stand alone: where the main line is nothing, so are these. They count by the class proven on the
day that counts, so a class without a day of proof waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from server.programme.document import Texts
from server.subsidies import reasons
from server.subsidies.entitlement import Case, Found, Line, Slot, exclusion_of
from server.subsidies.facts import Home, held_on
from server.subsidies.schedule import FullCover


def supplements(case: Case, slot: Slot, main: Found) -> Iterator[Found]:
    """The supplement of a household's class on the slot's day, with `main`, a construction or a season."""
    name, facts = _class_on(case.home, slot.on)
    for supplement in case.schedule.supplements:
        its_kind = supplement.kinds is None or case.conversion.kind in supplement.kinds
        fits = its_kind and name in supplement.classes and supplement.goes_with == main.component
        if fits and _grants(main):
            what = reasons.hardship(name, slot.on)
            reason = reasons.granted(slot.component, what, supplement.amount_fen, supplement.remark)
            yield _hindrance(case, slot, what, facts) or case.line(
                slot, "granted", supplement.path, reason, facts=facts, amount_fen=supplement.amount_fen
            )


def full_cover(case: Case, slot: Slot, others: Sequence[Found]) -> Iterator[Found]:
    """The actual cost less `others`, what else is granted once, for classes whose costs are borne in full."""
    name, facts = _class_on(case.home, slot.on)
    for cover in case.schedule.full_cover:
        if name in cover.classes and any(map(_grants, others)):
            what = reasons.hardship(name, slot.on)
            other_fen = sum(each.amount_fen for each in others if isinstance(each, Line))
            yield _hindrance(case, slot, what, facts) or _covered(case, slot, cover, facts, other_fen)


def _covered(case: Case, slot: Slot, cover: FullCover, facts: dict[str, str], other_fen: int) -> Found:
    cost_fen = case.conversion.cost_fen
    if cost_fen is None:
        return case.left_out(slot, "no_cost", reasons.NO_COST)
    missing_fen = max(0, cost_fen - other_fen)
    amount_fen = missing_fen if cover.limit_fen is None else min(missing_fen, cover.limit_fen)
    what = reasons.cost(reasons.hardship(facts["hardship"], slot.on), cost_fen, other_fen)
    reason = reasons.granted(slot.component, what, amount_fen, cover.remark)
    read = {**facts, "cost_fen": str(cost_fen)}
    return case.line(slot, "granted", cover.path, reason, facts=read, amount_fen=amount_fen)


def silences(places: Iterable[tuple[Case, Slot]]) -> Iterator[Line]:
    """Where the document says nothing of a class, one line says so, for the first place the class holds at."""
    for case, slot in places:
        name, facts = _class_on(case.home, slot.on)
        for silence in case.schedule.hardship_silent:
            if name in silence.classes:
                reason = reasons.silent(reasons.hardship(name, slot.on), silence.remark)
                yield case.line(slot, "silent", silence.path, reason, facts=facts)
                return


def _class_on(home: Home, on: date) -> tuple[str, dict[str, str]]:
    """The hardship class on a day, "" for none; and the facts read."""
    spell = held_on(home.hardship, on)
    if spell is None or spell.value in ("", "none"):
        return "", {}
    return spell.value, {"hardship": spell.value, "hardship_since": str(spell.since or "")}


def _grants(found: Found) -> bool:
    return isinstance(found, Line) and found.amount_fen > 0


def _hindrance(case: Case, slot: Slot, what: Texts, facts: dict[str, str]) -> Found | None:
    """What hinders a grant to a hardship class: no day of proof, or an exclusion. None where nothing does."""
    if not facts["hardship_since"]:
        return case.left_out(slot, "no_proof_day", reasons.NO_PROOF_DAY)
    excluded = exclusion_of(case, slot, facts)
    if excluded is None:
        return None
    return case.line(slot, "excluded", excluded.path, reasons.excluded(what, excluded.remark), facts=facts)
