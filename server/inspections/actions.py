"""What writes the problem ledger: opening, and the steps until it is closed.

Every step adds an event and leaves the others as they are. Whoever sends a form says how many events they
have seen, so that of two clerks at one problem the second is told instead of overwriting the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlmodel import Session, col, select

from server.access.audit import audit
from server.access.views import names
from server.inspections import rules, views
from server.inspections.rules import Standing, Step
from server.inspections.tables import Problem as ProblemRow
from server.inspections.tables import ProblemEvent
from server.registry import aliases
from server.web import N_, Problem, problem
from server.web.figures import CHINA

# A step and the verb it takes.
VERBS: Final = {
    "assign": "problem.assign",
    "report": "problem.report",
    "return": "problem.close",
    "close": "problem.close",
    "reopen": "problem.open",
}
# Shown in the log, in Chinese as everything recorded is.
KIND, TEXT, STEP, OUTCOME = N_("问题类型"), N_("内容"), N_("步骤"), N_("核查结果")
RESPONSIBLE, DUE = N_("责任人"), N_("整改期限")


@dataclass(frozen=True)
class Finding:
    """A problem to be opened. `id` is the caller's; `source`: "dataset/id" of what it was found by."""

    id: str
    county: str
    kind: str
    village: str
    found_on: date
    opened_by: str
    responsible: str
    due_on: date
    household: str = ""
    place: str = ""
    description: str = ""
    source_submission: str = ""
    source: str = ""
    zone: str = ""


def open_problem(session: Session, found: Finding, now: datetime) -> str:
    """Opens a problem and gives its id. The same id again changes nothing; a household that has a problem of
    this kind not yet closed gets an event there instead of a second one.
    """
    assert found.kind in rules.KINDS, found.kind
    if session.get(ProblemRow, (found.county, found.id)) is not None:
        return found.id
    known = _not_closed(session, found.county, found.household, found.kind)
    if known is not None:
        _seen_again(session, known, found, now)
        return known.id
    row = ProblemRow(
        county=found.county, id=found.id, kind=found.kind, village=found.village, household=found.household,
        place=found.place, description=found.description, found_on=found.found_on, opened_at=now,
        opened_by=found.opened_by, source_submission=found.source_submission, source=found.source,
        zone=found.zone, responsible=found.responsible, due_on=found.due_on, state="open", updated_at=now,
    )  # fmt: skip
    session.add(row)
    _note(
        session, row, found.opened_by, "open", found.description, now,
        responsible=found.responsible, due_on=found.due_on, submission=found.source_submission,
    )  # fmt: skip
    session.flush()
    return row.id


def open_by_hand(session: Session, found: Finding, now: datetime) -> str:
    """Opens a problem that somebody in the office has found, and logs it. Raises Problem `problem_step` where
    the person responsible cannot answer for that place.
    """
    if not views.may_answer(session, found.responsible, [found.village]):
        raise refused("responsible")
    identity = open_problem(session, found, now)
    detail = {
        KIND: rules.KINDS[found.kind],
        TEXT: found.description,
        RESPONSIBLE: _called(session, found.responsible),
        DUE: found.due_on.isoformat(),
    }
    audit(
        session, person=found.opened_by, verb="problem.open", county=found.county, area=found.village,
        subject=f"problem/{identity}", detail=detail, now=now,
    )  # fmt: skip
    return identity


def _not_closed(session: Session, county: str, household: str, kind: str) -> ProblemRow | None:
    """The problem of this kind that a household has open; a place may have any number."""
    if not household:
        return None
    wanted = select(ProblemRow).where(
        ProblemRow.county == county,
        col(ProblemRow.household).in_(aliases.of_home(session, county, household)),
        ProblemRow.kind == kind,
        col(ProblemRow.state) != "closed",
    )
    return session.exec(wanted.with_for_update()).first()


def _seen_again(session: Session, row: ProblemRow, found: Finding, now: datetime) -> None:
    """Once per submission: a resend, or a derivation run anew, says nothing new."""
    said = select(ProblemEvent).where(
        ProblemEvent.county == row.county,
        ProblemEvent.problem == row.id,
        ProblemEvent.submission == found.source_submission,
    )
    if found.source_submission and session.exec(said).first() is not None:
        return
    _note(
        session,
        row,
        found.opened_by,
        "seen",
        found.description,
        now,
        submission=found.source_submission,
    )
    session.flush()


def record(session: Session, row: ProblemRow, person: str, text: str, submission: str, now: datetime) -> None:
    """Notes in a problem that the register has learnt something about it; decides nothing."""
    _note(session, row, person, "record", text, now, submission=submission)
    session.flush()


def _note(
    session: Session, row: ProblemRow, by: str, act: str, text: str, now: datetime, *,
    responsible: str = "", due_on: date | None = None, submission: str = "",
) -> None:  # fmt: skip
    row.events_n += 1
    row.updated_at = now
    session.add(
        ProblemEvent(
            county=row.county, problem=row.id, number=row.events_n, at=now, by=by, act=act, text=text.strip(),
            responsible=responsible, due_on=due_on, submission=submission,
        )
    )  # fmt: skip


def _called(session: Session, person: str) -> str:
    """A person as the log names them: it is read in a year, by people."""
    return names(session, {person} - {""}).get(person, person)


def standing(row: ProblemRow) -> Standing:
    """A problem as the rules judge it."""
    return Standing(
        row.state, row.opened_by, row.responsible, row.reported_by, row.closed_by, row.reopened_by
    )


def refused(code: str) -> Problem:
    """A refusal of the rules as a problem of the edge."""
    message, remedy = rules.REFUSALS[code]
    return Problem("problem_step", 422, message, remedy)


def take(
    session: Session, *, county: str, identity: str, step: Step, seen: int | None, now: datetime
) -> ProblemRow:
    """Takes one step. `seen`: how many events the form showed. Raises Problem `problem_step`, `changed` or
    `not_found`.
    """
    wanted = select(ProblemRow).where(ProblemRow.county == county, ProblemRow.id == identity)
    row = session.exec(wanted.with_for_update()).first()
    if row is None:
        raise problem("not_found")
    if seen is not None and seen != row.events_n:
        raise Problem(
            "changed", 409, N_("您打开页面之后，这个问题又有新的进展。"), N_("请看过新进展后再办理。")
        )
    before = standing(row)
    code = rules.fault(step, before, now.astimezone(CHINA).date())
    if code is None and step.responsible and not views.may_answer(session, step.responsible, [row.village]):
        code = "responsible"
    if code is None and step.act == "reopen" and _not_closed(session, row.county, row.household, row.kind):
        code = "already_open"
    if code is not None:
        raise refused(code)
    _write(row, step, rules.after(step, before), now)
    _note(
        session,
        row,
        step.person,
        step.act,
        step.text,
        now,
        responsible=row.responsible if step.act in ("assign", "reopen") else "",
        due_on=step.due_on if step.act in ("assign", "reopen") else None,
    )
    detail = {
        STEP: rules.ACTS[step.act],
        TEXT: step.text,
        RESPONSIBLE: _called(session, step.responsible),
        DUE: step.due_on.isoformat() if step.due_on else "",
        OUTCOME: rules.OUTCOMES.get(step.outcome, ""),
    }
    audit(
        session, person=step.person, verb=VERBS[step.act], county=county, area=row.village,
        subject=f"problem/{row.id}", detail=detail, now=now,
    )  # fmt: skip
    session.flush()
    return row


def _write(row: ProblemRow, step: Step, at: Standing, now: datetime) -> None:
    row.state, row.responsible = at.state, at.responsible
    row.reported_by, row.reopened_by = at.reported_by, at.reopened_by
    if step.due_on is not None and step.act in ("assign", "reopen"):
        row.due_on = step.due_on
    if step.act == "close":
        row.closed_at, row.closed_by = now, step.person
        row.outcome, row.evidence = step.outcome, step.text.strip()
    if step.act == "reopen":
        row.closed_at, row.outcome, row.evidence = None, "", ""
