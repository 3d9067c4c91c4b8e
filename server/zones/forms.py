"""The forms of zones: proposing, leaving households out, deciding. Parse, call one action, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import write
from server.inspections.pages import today_of
from server.inspections.steps import day
from server.web import Problem, problem
from server.zones import actions, checklist, pages, rules, views, watch
from server.zones.actions import Paper, Range
from server.zones.room import room
from server.zones.tables import Zone

Proposer = Annotated[Person, Depends(holding("zone.propose"))]
Designator = Annotated[Person, Depends(holding("zone.designate"))]
Opener = Annotated[Person, Depends(holding("problem.open"))]
Text = Annotated[str, Form(max_length=2000)]
STEP: Final = "zone_step"

router = APIRouter(include_in_schema=False)


def _area(session: Session, county: str, zone: str) -> str:
    """The area of all villages a zone's versions name. Raises Problem `not_found`."""
    if session.get(Zone, (county, zone)) is None:
        raise problem("not_found")
    versions = views.versions_of(session, county, zone)
    codes = {code for version in versions for code in views.villages_of(session, version)}
    return checklist.area_of(sorted(codes), county)


@router.post("/zones/propose")
async def propose(
    request: Request, person: Proposer, zone: Text = "", change: Text = "new", name: Text = "",
    reason: Text = "", bans: Text = "", responsible: Text = "", due_days: Text = "",
) -> Response:  # fmt: skip
    form, state = await request.form(), request.app.state
    villages = sorted({str(code) for code in form.getlist("village")})
    county = county_of(request)
    days = int(due_days) if due_days.isascii() and due_days.isdigit() and len(due_days) < 5 else 0
    wanted = Range(
        change if zone else "new", name, reason, bans[: rules.TEXT_CHARS_MAX], responsible, days,
        frozenset() if zone and change == "withdraw" else frozenset(villages),
    )  # fmt: skip
    entered = {
        "zone": zone, "change": change, "name": name, "reason": reason, "bans": bans,
        "responsible": responsible, "due_days": due_days, "villages": villages,
    }  # fmt: skip
    try:
        with write(state.engine) as session:
            require(person, "zone.propose", checklist.area_of(villages, county))
            if zone:
                require(person, "zone.propose", _area(session, county, zone))
            version = actions.propose(
                session, county=county, zone=zone or None, wanted=wanted, person=person.id,
                now=state.clock(), new_id=state.new_id,
            )  # fmt: skip
            room(request).tell(session, county, version.zone, state.clock())
    except Problem as fault:
        return pages.proposing(request, person, entered, fault.only(STEP))
    return _to(county, version.zone, "proposed")


def _to(county: str, zone: str, done: str) -> Response:
    return RedirectResponse(f"/zones/{county}/{zone}?done={done}", status_code=303)


def _do(
    request: Request, person: Person, county: str, zone: str, verb: str, done: str,
    act: Callable[[Session], object], entered: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """One step on a zone in one transaction: the right, the action, the word to tablets."""
    state = request.app.state
    try:
        with write(state.engine) as session:
            require(person, verb, _area(session, county, zone))
            act(session)
            room(request).tell(session, county, zone, state.clock())
    except Problem as fault:
        return pages.shown(request, person, county, zone, fault.only(STEP), entered)
    return _to(county, zone, done)


@router.post("/zones/{county}/{identity}/leave-out")
async def leave_out(
    request: Request, person: Proposer, county: str, identity: str, reason: Text = "", note: Text = ""
) -> Response:
    form, now = await request.form(), request.app.state.clock()
    picked = [str(each) for each in form.getlist("household")]

    def act(session: Session) -> None:
        actions.leave_out(
            session, county=county, zone=identity, households=picked, reason=reason, note=note,
            person=person.id, now=now,
        )  # fmt: skip

    return _do(request, person, county, identity, "zone.propose", "left_out", act)


@router.post("/zones/{county}/{identity}/take-back")
def take_back(
    request: Request, person: Proposer, county: str, identity: str, household: Text = ""
) -> Response:
    now = request.app.state.clock()

    def act(session: Session) -> None:
        actions.take_back(
            session, county=county, zone=identity, household=household, person=person.id, now=now
        )

    return _do(request, person, county, identity, "zone.propose", "taken_back", act)


@router.post("/zones/{county}/{identity}/designate")
def designate(
    request: Request, person: Designator, county: str, identity: str, document_number: Text = "",
    document_on: Text = "", in_force_on: Text = "", unmet_reason: Text = "", seen: Text = "",
) -> Response:  # fmt: skip
    paper = Paper(document_number, day(document_on), day(in_force_on), unmet_reason, seen)
    entered = {
        "document_number": document_number, "document_on": document_on, "in_force_on": in_force_on,
        "unmet_reason": unmet_reason,
    }  # fmt: skip

    def act(session: Session) -> None:
        actions.designate(
            session, county=county, zone=identity, paper=paper, person=person.id,
            now=request.app.state.clock(), unpaid=room(request).unpaid,
        )  # fmt: skip

    return _do(request, person, county, identity, "zone.designate", "designated", act, entered)


@router.post("/zones/{county}/{identity}/refuse")
def refuse(request: Request, person: Designator, county: str, identity: str, reason: Text = "") -> Response:
    def act(session: Session) -> None:
        actions.refuse(
            session,
            county=county,
            zone=identity,
            reason=reason,
            person=person.id,
            now=request.app.state.clock(),
        )

    return _do(request, person, county, identity, "zone.designate", "refused", act)


@router.post("/zones/{county}/{identity}/drop")
def drop(request: Request, person: Proposer, county: str, identity: str, reason: Text = "") -> Response:
    now = request.app.state.clock()

    def act(session: Session) -> None:
        actions.drop(session, county=county, zone=identity, reason=reason, person=person.id, now=now)

    return _do(request, person, county, identity, "zone.propose", "dropped", act)


@router.post("/zones/{county}/{identity}/open-problems")
def open_problems(request: Request, person: Opener, county: str, identity: str) -> Response:
    """A problem for every stove that was a violation already when the zone came into force."""
    today, now = today_of(request), request.app.state.clock()

    def act(session: Session) -> None:
        version = next(
            (
                each for each in views.versions_of(session, county, identity)
                if views.state_of(each, today) == "in_force" and (each.until_on is None or each.until_on > today)
            ),
            None,
        )  # fmt: skip
        if version is None:
            raise actions.refused("state")
        watch.open_standing(session, version, person.id, now)

    return _do(request, person, county, identity, "problem.open", "opened", act)
