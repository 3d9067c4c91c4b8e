"""Deciding (核定): what the queue shows becomes decisions, each with its entry in the ledger, once.

Every home is worked out again in the transaction that decides it, and only what comes out as somebody saw it
is decided; the rest goes back into the queue as it now is. Whoever decides first holds the county's counter
until commit, so a second clerk finds nothing left; the database's unique index says the same once more.
Nobody decides about a home whose conversion they recorded or accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from server.access.audit import audit, common_area
from server.database import is_busy, parts, table_of, write
from server.exchange import journal
from server.registry import acceptance
from server.subsidies import books, facts, ledger, lines, review, working
from server.subsidies.corrections import Decided
from server.subsidies.entitlement import Line
from server.subsidies.ledger import About, Entry
from server.subsidies.money import yuan
from server.subsidies.review import CORRECTION, DUE
from server.subsidies.tables import EntitlementRow
from server.subsidies.working import Standing, digest
from server.web import N_, Problem

FAULT: Final = "entitlement"
HOMES_PER_TRANSACTION: Final = 250
REASON_CHARS_MAX: Final = 500
ATTEMPTS: Final = 5


Tell = Callable[[Session, Sequence[str]], None]


@dataclass(frozen=True)
class Pick:
    """A line of the queue as somebody saw it: `digest` says what it was then."""

    household: str
    component: str
    season: str
    digest: str


@dataclass(frozen=True)
class Act:
    """Who decides, when, and with which reason; `kind` is that of the queue: due or correction."""

    kind: str
    person: str
    now: datetime
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of deciding: lines and homes decided, their sum in fen; homes left because they changed or were
    decided by somebody else, and homes the person may not decide about.
    """

    lines_n: int = 0
    homes_n: int = 0
    fen: int = 0
    changed_n: int = 0
    own_n: int = 0

    def plus(self, other: Outcome) -> Outcome:
        return Outcome(
            self.lines_n + other.lines_n,
            self.homes_n + other.homes_n,
            self.fen + other.fen,
            self.changed_n + other.changed_n,
            self.own_n + other.own_n,
        )


def decide(
    engine: Engine, county: str, picks: Sequence[Pick], act: Act, new_id: Callable[[], str],
    told: Callable[[int], None] = lambda homes_n: None, tell: Tell = lambda session, households: None,
) -> Outcome:  # fmt: skip
    """Decides lines of the queue, some hundred homes to a transaction; a part is decided whole or not at all, and
    deciding again goes on where it was broken off. `told` counts homes done; `tell` takes the news to tablets, last
    of all in the transaction.

    Raises Problem `entitlement` where nothing was picked, or a correction has no reason.
    """
    if not picks:
        raise refused(N_("没有选中任何一项。"), N_("请勾选至少一项再提交。"))
    reason = act.reason.strip()
    if act.kind == CORRECTION and not 0 < len(reason) <= REASON_CHARS_MAX:
        raise refused(N_("没有写明更正的理由，或理由过长。"), N_("请写明为什么更正，最多 500 个字。"))
    by_home: dict[str, list[Pick]] = {}
    for pick in picks:
        by_home.setdefault(pick.household, []).append(pick)
    total = Outcome()
    for part in parts(sorted(by_home), HOMES_PER_TRANSACTION):
        wanted = {household: by_home[household] for household in part}

        def one(session: Session, wanted: Mapping[str, Sequence[Pick]] = wanted) -> Outcome:
            done = decide_part(session, county, wanted, replace(act, reason=reason), new_id)
            tell(session, sorted(wanted))
            return done

        total = total.plus(_begun_again(engine, one))
        told(len(part))
    return total


def _begun_again(engine: Engine, work: Callable[[Session], Outcome]) -> Outcome:
    """A transaction, begun again where tablets that sync at the same time were in the way: nothing of it stood."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with write(engine) as session:
                return work(session)
        except journal.Stale:
            if attempt == ATTEMPTS:
                raise
        except OperationalError as error:
            # SQLite has waited for the lock already.
            if attempt == ATTEMPTS or engine.dialect.name == "sqlite" or not is_busy(error):
                raise
    raise AssertionError("the last attempt returns or raises")


def refused(message: str, remedy: str) -> Problem:
    return Problem(FAULT, 422, message, remedy)


@dataclass(frozen=True)
class _Made:
    """A decision on its way into the books."""

    id: str
    line: Line
    standing: Standing
    corrects: str


def decide_part(
    session: Session, county: str, picks: Mapping[str, Sequence[Pick]], act: Act, new_id: Callable[[], str]
) -> Outcome:
    """Decides some homes in the caller's transaction."""
    # First of all: whoever decides in this county at the same time has committed when this returns.
    books.take_numbers(session, county, books.ENTITLEMENTS, 0)
    review.hold(session, county, picks)
    office = review.office(session, county, act.now)
    spent, caps = working.spent_by_all(session, office), office.total_caps
    surveyors = _surveyors(session, county, picks)
    made: list[_Made] = []
    after: list[Standing] = []
    changed_n = own_n = 0
    for at in working.standings(session, office, picks):
        standing = at(spent)
        new = _chosen(standing, picks[standing.file.home.household], act, new_id)
        if new is None:
            changed_n += 1
        elif _own(new, act.person, surveyors):
            own_n += 1
        else:
            made += new
            spent = working.added(spent, caps, (each.line for each in new))
            standing = _after(standing, new)
        after.append(standing)
    review.keep(session, office, sorted(picks), after)
    changed_n += len(picks) - len(after)
    if made:
        _write(session, county, made, act, surveyors, new_id)
        review.mark_capped(session, office, spent)
    return Outcome(
        lines_n=len(made),
        homes_n=len({each.line.household for each in made}),
        fen=sum(each.line.amount_fen for each in made),
        changed_n=changed_n,
        own_n=own_n,
    )


def _chosen(
    standing: Standing, picks: Sequence[Pick], act: Act, new_id: Callable[[], str]
) -> list[_Made] | None:
    """The picked lines of a home as decisions; None where one of them is not there any more as it was seen."""
    offered: dict[tuple[str, str, str], tuple[Line, str]] = {}
    if act.kind == DUE:
        offered = {(line.component, line.season, digest(line)): (line, "") for line in standing.due}
    else:
        for each in standing.corrections:
            key = (each.line.component, each.line.season, digest(each.line))
            offered[key] = (each.line, each.corrects[0])
    keys = {(pick.component, pick.season, pick.digest) for pick in picks}
    if not keys <= offered.keys():
        return None
    # In the order in which they fall due, so that numbers follow it.
    chosen = [value for key, value in offered.items() if key in keys]
    return [_Made(new_id(), line, standing, corrects) for line, corrects in chosen]


def _surveyors(session: Session, county: str, picks: Mapping[str, Any]) -> dict[str, set[str]]:
    found = acceptance.conversions_of(session, county, list(picks))
    return acceptance.surveyors(session, county, found)


def _own(new: Sequence[_Made], person: str, surveyors: Mapping[str, set[str]]) -> bool:
    return any(
        person in surveyors.get(each.line.conversion, ())
        or person == each.standing.file.accepted_by.get(each.line.conversion)
        for each in new
    )


def _after(standing: Standing, new: Sequence[_Made]) -> Standing:
    """How a home stands when some of its lines are decided."""
    done = {each.line.key for each in new if each.corrects}
    decided = (*standing.decided, *(Decided(each.id, each.line, each.corrects) for each in new))
    left = tuple(each for each in standing.corrections if each.line.key not in done)
    return working.settled(replace(standing, decided=decided, corrections=left))


# ---- writing


def _write(
    session: Session, county: str, made: Sequence[_Made], act: Act, surveyors: Mapping[str, set[str]],
    new_id: Callable[[], str],
) -> None:  # fmt: skip
    numbers = books.take_numbers(session, county, books.ENTITLEMENTS, len(made))
    rows = [
        _row(each, number, act, surveyors.get(each.line.conversion, set()))
        for number, each in zip(numbers, made, strict=True)
    ]
    session.execute(insert(table_of(EntitlementRow)), rows)
    entries = [entry for each in made if (entry := _entry(each, new_id, made[0].standing.today)) is not None]
    villages = {each.id: each.line.village for each in made}
    books.post(session, county, entries, village_of=villages, person=act.person, now=act.now)
    _log(session, county, made, numbers, act)


def _row(made: _Made, number: int, act: Act, surveyors: set[str]) -> dict[str, Any]:
    line, standing = made.line, made.standing
    accepted_by = standing.file.accepted_by.get(line.conversion)
    spent = standing.spent_then if made.corrects else standing.spent
    return {
        "county": line.county, "id": made.id, "number": number, "village": line.village,
        "household": line.household, "conversion": line.conversion, "component": line.component,
        "season": line.season, "amount_fen": line.amount_fen, "shares": dict(line.shares_fen),
        "due_on": line.due_on, "outcome": line.outcome, "schedule_id": line.schedule.id,
        "schedule_version": line.schedule.version, "schedule_sha256": line.schedule.sha256,
        "line": lines.to_json(line), "home": facts.to_json(standing.file.home), "corrects": made.corrects,
        "spent": [[*key, fen] for key, fen in sorted(spent.items())],
        "surveyed_by": sorted(surveyors), "accepted_by": [accepted_by] if accepted_by else [],
        "decided_at": act.now, "decided_by": act.person, "decided_reason": act.reason,
    }  # fmt: skip


def _entry(made: _Made, new_id: Callable[[], str], on: date) -> Entry | None:
    """The entry of a decision; None where it moves no money."""
    if not any(made.line.shares_fen.values()):
        return None
    about = About(new_id(), made.line.county, on, made.id)
    book = ledger.correction if made.corrects else ledger.obligation
    return book(about, made.line.shares_fen)


def _log(session: Session, county: str, made: Sequence[_Made], numbers: range, act: Act) -> None:
    """One line for what was decided together; each decision carries its own person and instant."""
    homes = {each.line.household for each in made}
    subject = f"household/{county}/{min(homes)}" if len(homes) == 1 else f"decisions/{county}"
    detail = {
        N_("核定号"): f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}",
        N_("户数"): str(len(homes)),
        N_("项数"): str(len(made)),
        N_("金额（元）"): yuan(sum(each.line.amount_fen for each in made)),
        N_("更正的理由"): act.reason,
    }
    audit(
        session, person=act.person, verb="entitlement.decide", county=county,
        area=common_area(sorted({each.line.village for each in made}), county), subject=subject, detail=detail,
        now=act.now,
    )  # fmt: skip
