"""The forms of the ledger: opening a problem and every step of it. Parse, call one action, answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read, write
from server.inspections import actions, pages, rules
from server.inspections.actions import Finding
from server.inspections.rules import Step
from server.inspections.tables import Problem as ProblemRow
from server.registry import aliases, divisions
from server.web import N_, Problem, problem

Opener = Annotated[Person, Depends(holding("problem.open"))]
Assigner = Annotated[Person, Depends(holding("problem.assign"))]
Reporter = Annotated[Person, Depends(holding("problem.report"))]
Closer = Annotated[Person, Depends(holding("problem.close"))]
Text = Annotated[str, Form(max_length=2000)]
STEP_FAULTS: Final = ("problem_step", "changed")

router = APIRouter(include_in_schema=False)


def day(text: str) -> date | None:
    """A date as a form sends it; None where it is none, which the rules then refuse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@router.post("/problems/open")
def open_problem(
    request: Request, person: Opener, kind: Text = "", household: Text = "", village: Text = "",
    place: Text = "", text: Text = "", responsible: Text = "", due_on: Text = "", found_on: Text = "",
) -> Response:  # fmt: skip
    entered = {
        "kind": kind, "place": place, "text": text, "responsible": responsible, "due_on": due_on,
        "found_on": found_on, "village": village,
    }  # fmt: skip
    state, county = request.app.state, county_of(request)
    try:
        with write(state.engine) as session:
            home = aliases.home(session, county, household) if household else None
            where = home.village if home else village
            if where not in {each.code for each in divisions.villages(session, county, [where])}:
                raise _refused(N_("没有选择村。"), N_("请选择问题所在的村。"))
            require(person, "problem.open", where)
            found = _finding(
                state.new_id(), county, where, person, household, entered, pages.today_of(request)
            )
            identity = actions.open_by_hand(session, found, state.clock())
    except Problem as fault:
        return pages.opening(request, person, household, village, fault.only(*STEP_FAULTS), entered)
    return RedirectResponse(f"/problems/{county}/{identity}", status_code=303)


def _refused(message: str, remedy: str) -> Problem:
    return Problem("problem_step", 422, message, remedy)


def _finding(
    identity: str,
    county: str,
    village: str,
    person: Person,
    household: str,
    entered: dict[str, str],
    today: date,
) -> Finding:
    due_on, found_on = day(entered["due_on"]), day(entered["found_on"])
    if entered["kind"] not in rules.KINDS:
        raise _refused(N_("没有选择问题类型。"), N_("请选择一种。"))
    if found_on is None or found_on > today:
        raise _refused(N_("发现日期不对。"), N_("请填写今天或以前的日期。"))
    if not household and not entered["place"].strip():
        raise _refused(N_("没有写明地点。"), N_("不属于某一户的问题，请写明在村里什么地方。"))
    for code, wrong in (
        ("text", not entered["text"].strip()),
        ("text_long", len(entered["text"]) > rules.TEXT_CHARS_MAX),
        ("responsible", not entered["responsible"]),
        ("due_on", due_on is None or due_on < today),
    ):
        if wrong:
            raise actions.refused(code)
    assert due_on is not None
    return Finding(
        id=identity, county=county, kind=entered["kind"], village=village, found_on=found_on,
        opened_by=person.id, responsible=entered["responsible"], due_on=due_on, household=household,
        place=entered["place"].strip(), description=entered["text"].strip(),
    )  # fmt: skip


def _step(request: Request, person: Person, county: str, identity: str, step: Step, seen: str) -> Response:
    state = request.app.state
    with read(state.engine) as session:
        row = session.get(ProblemRow, (county, identity))
    if row is None:
        raise problem("not_found")
    require(person, actions.VERBS[step.act], row.village)
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else None
    try:
        with write(state.engine) as session:
            actions.take(session, county=county, identity=identity, step=step, seen=number, now=state.clock())
    except Problem as fault:
        due_on = step.due_on.isoformat() if step.due_on else ""
        entered = {"act": step.act, "text": step.text, "responsible": step.responsible, "due_on": due_on}
        return pages.shown(request, person, county, identity, fault.only(*STEP_FAULTS), entered)
    return RedirectResponse(f"/problems/{county}/{identity}", status_code=303)


@router.post("/problems/{county}/{identity}/assign")
def assign(
    request: Request, person: Assigner, county: str, identity: str, responsible: Text = "", due_on: Text = "",
    text: Text = "", seen: Text = "",
) -> Response:  # fmt: skip
    step = Step("assign", person.id, text, responsible, day(due_on))
    return _step(request, person, county, identity, step, seen)


@router.post("/problems/{county}/{identity}/report")
def report(
    request: Request, person: Reporter, county: str, identity: str, text: Text = "", seen: Text = ""
) -> Response:
    return _step(request, person, county, identity, Step("report", person.id, text), seen)


@router.post("/problems/{county}/{identity}/return")
def send_back(
    request: Request, person: Closer, county: str, identity: str, text: Text = "", seen: Text = ""
) -> Response:
    return _step(request, person, county, identity, Step("return", person.id, text), seen)


@router.post("/problems/{county}/{identity}/close")
def close(
    request: Request, person: Closer, county: str, identity: str, outcome: Text = "", text: Text = "",
    seen: Text = "",
) -> Response:  # fmt: skip
    step = Step("close", person.id, text, outcome=outcome)
    return _step(request, person, county, identity, step, seen)


@router.post("/problems/{county}/{identity}/reopen")
def reopen(
    request: Request, person: Opener, county: str, identity: str, responsible: Text = "", due_on: Text = "",
    text: Text = "", seen: Text = "",
) -> Response:  # fmt: skip
    step = Step("reopen", person.id, text, responsible, day(due_on))
    return _step(request, person, county, identity, step, seen)
