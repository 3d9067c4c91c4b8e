"""Entitlement: from facts and released schedules to lines of money, each with its rule, facts and reason.

Only an accepted conversion counts, and the day of its acceptance decides which document is in force. The
conversion year is that of the day the document names; both documents here name the connection, because a
device installed and not connected heats nothing (of 885,900 gas conversions reported done in Shanxi, the
ministry found 613,300 with gas in May 2019). A season's operating subsidy goes to one conversion, that in use
on its first day.

Lines are decisions to be made; what stands in the way of one (a missing day, area or acceptance) is named
beside them. Recomputing never changes what was decided: see `corrections.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from server.programme.document import Texts
from server.subsidies import reasons
from server.subsidies.caps import Spent, capped
from server.subsidies.entitlement import Case, Found, LeftOut, Line, Slot, Worked, by_clause
from server.subsidies.facts import Conversion, Home
from server.subsidies.hardship import full_cover, silences, supplements
from server.subsidies.schedule import Schedule, Season, schedule_for
from server.subsidies.vocabulary import (
    COMPONENTS,
    CONSTRUCTION,
    FULL_COVER,
    HARDSHIP,
    OPERATING,
    once,
    season_name,
)

ORDER: Final = {component: place for place, component in enumerate(COMPONENTS)}


def work_out(home: Home, released: Iterable[Schedule], as_of: date, spent: Spent | None = None) -> Worked:
    """Everything a home is entitled to by `as_of`, from all of its conversions under all released schedules.

    `spent`: what *other* homes were granted under caps on the total. Amounts are whole fen.
    """
    found: list[Found] = []
    cases = _cases(home, tuple(released), as_of, found)
    once_case, paid_once = _once(cases)
    found += paid_once
    places = [(once_case, once_case.once(HARDSHIP))] if once_case else []
    for case, slot, main in _operating(home, cases, as_of):
        found.append(main)
        if isinstance(main, Line):
            places.append((case, replace(slot, component=HARDSHIP)))
            found += supplements(*places[-1], main)
    found += silences(places)
    lines = sorted(
        (each for each in found if isinstance(each, Line)),
        key=lambda line: (line.due_on, ORDER[line.component], line.season),
    )
    schedules = {case.schedule.sha256: case.schedule for case in cases}
    cut = tuple(capped(lines, schedules, spent or {}))
    assert len({line.key for line in cut}) == len(cut)
    return Worked(cut, tuple(each for each in found if isinstance(each, LeftOut)))


def _cases(home: Home, released: Sequence[Schedule], as_of: date, found: list[Found]) -> list[Case]:
    """The accepted conversions in order of acceptance; why the others count for nothing goes to `found`."""
    cases = []
    for conversion in sorted(home.conversions, key=lambda each: (each.accepted_on or date.max, each.id)):
        accepted_on = conversion.accepted_on
        if accepted_on is None or accepted_on > as_of:
            found.append(LeftOut(conversion.id, "", "", "not_accepted", reasons.NOT_ACCEPTED))
            continue
        schedule = schedule_for(released, home.county, accepted_on)
        if schedule is None:
            reason = reasons.no_schedule(accepted_on)
            found.append(LeftOut(conversion.id, "", "", "no_schedule", reason))
            continue
        day = conversion.day_of(schedule.year_of)
        if day is None:
            found.append(LeftOut(conversion.id, "", "", "no_day", reasons.no_day(schedule.year_of)))
            continue
        cases.append(Case(home, conversion, schedule, accepted_on, day.year))
    return cases


# ---- construction (建设补贴), once


def _once(cases: Sequence[Case]) -> tuple[Case | None, list[Found]]:
    """All that is paid once: the construction, and what goes with a household's first; and whose that is."""
    construction = _construction(cases)
    first = next((line for line in construction if isinstance(line, Line)), None)
    if first is None:
        return next(iter(cases), None), construction
    case = next(case for case in cases if case.conversion.id == first.conversion)
    extra = list(supplements(case, case.once(HARDSHIP), first))
    return case, [*construction, *extra, *full_cover(case, case.once(FULL_COVER), [first, *extra])]


def _construction(cases: Sequence[Case]) -> list[Found]:
    """A household's grants, as many as the documents allow, earliest acceptance first; a zero where there is none."""
    candidates = [(case, _construction_of(case)) for case in cases]
    kept: list[Line] = []
    for case, line in candidates:
        allowed = case.schedule.construction_per_household
        if isinstance(line, Line) and line.amount_fen and len(kept) < allowed:
            kept.append(replace(line, season=once(len(kept) + 1)))
    if not kept:
        kept = [line for _, line in candidates if isinstance(line, Line)][:1]
    counted = {line.conversion for line in kept}
    rest: list[Found] = []
    for case, line in candidates:
        if isinstance(line, LeftOut):
            rest.append(line)
        elif line.conversion not in counted:
            reason = reasons.ALREADY_GRANTED if line.amount_fen else line.reason
            rest.append(case.left_out(case.once(CONSTRUCTION), "already_granted", reason))
    return [*kept, *rest]


def _construction_of(case: Case) -> Found:
    schedule, tier = case.schedule, case.schedule.tier_titles[case.tier]
    what = reasons.conversion(case.conversion.kind, case.year, schedule.year_of, tier)
    return by_clause(case, case.once(CONSTRUCTION), what)


# ---- operating (运行补贴), by season


def _operating(home: Home, cases: Sequence[Case], as_of: date) -> Iterator[tuple[Case, Slot, Found]]:
    """For each winter begun by `as_of` the one line it can have: that of the conversion in use."""
    due: dict[int, list[Case]] = {}
    for case in cases:
        for season in case.schedule.seasons(case.year):
            due.setdefault(season.year, []).append(case)
    for year, claiming in sorted(due.items()):
        season = claiming[0].schedule.season(year)
        if season.due_on > as_of:
            continue
        used = _in_use(home.conversions, season)
        case = next((each for each in claiming if used and each.conversion.id == used.id), claiming[0])
        due_on = max(season.due_on, case.accepted_on)
        slot = Slot(OPERATING, season_name(year), season.begins_on, due_on)
        if used is None:
            yield case, slot, case.left_out(slot, "not_in_use", reasons.NOT_IN_USE)
        elif used.id == case.conversion.id:
            yield case, slot, by_clause(case, slot, _season_text(case, season))
        elif used.accepted_on is None or used.accepted_on > as_of:
            left = case.left_out(slot, "newer_not_accepted", reasons.NEWER_NOT_ACCEPTED)
            yield case, slot, replace(left, conversion=used.id)
        else:
            yield case, slot, case.left_out(slot, "replaced", reasons.REPLACED)


def _in_use(conversions: Iterable[Conversion], season: Season) -> Conversion | None:
    """The conversion connected last before the season's first day; failing that, the first connected in it."""
    connected = sorted((each.connected_on, each.id, each) for each in conversions if each.connected_on)
    before = [each for on, _, each in connected if on <= season.begins_on]
    during = [each for on, _, each in connected if season.begins_on < on <= season.ends_on]
    return before[-1] if before else during[0] if during else None


def _season_text(case: Case, season: Season) -> Texts:
    seasons_n = case.schedule.seasons_n[case.year]
    number = season.year - case.year + 1
    return reasons.season(case.conversion.kind, case.year, case.schedule.year_of, number, seasons_n)
