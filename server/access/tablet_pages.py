"""The tablets of the county: when each was last heard of, which villages it holds, and how a new one is
enrolled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access import actions, enrolment, reinstating, renaming, rules, views
from server.access.holders import refuse_held, with_holders
from server.access.pages import Text
from server.access.places import Place
from server.access.session import county_of, holding, require
from server.access.tables import Person, Tablet
from server.access.tablet_sheets import Enroller, Viewer, area_asked, form_titles, may_see, newest_forms
from server.access.tablet_sheets import router as sheet_router
from server.access.tablet_state import WORDS, outdated, stated_forms
from server.access.views import TabletLine, board, shown
from server.database import read, write
from server.web import (
    N_,
    NavItem,
    Problem,
    problem,
    render,
    request_language,
    translate,
    with_query,
)

CODES_SHOWN: Final = 100
NAVIGATION: Final = (NavItem("/tablets", N_("平板"), "tablet.view"),)
Revoker = Annotated[Person, Depends(holding("tablet.revoke"))]
Reinstater = Annotated[Person, Depends(holding("tablet.reinstate"))]
Renamer = Annotated[Person, Depends(holding("tablet.rename"))]
Long = Annotated[str, Form(max_length=2000)]
Assigner = Annotated[Person, Depends(holding("tablet.assign"))]
Codes = Annotated[list[str], Form(default_factory=list)]

router = APIRouter(include_in_schema=False)
# First: "codes.xlsx" must not be taken for a tablet.
router.include_router(sheet_router)


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _places(request: Request, session: Session, codes: Sequence[str] | None = None) -> Sequence[Place]:
    found: Sequence[Place] = request.app.state.places.villages(session, county_of(request), codes)
    return found


@router.get("/tablets")
def tablets(request: Request, person: Viewer, area: str = "", show: str = "") -> Response:
    """All of the county's, or with `?area=` those holding a village there; `&show=`: those of one concern."""
    county, now = county_of(request), request.app.state.clock()
    held_to, may_enrol = area_asked(request, person, area), rules.may(person, "tablet.enrol", county)
    once = request.session.pop("code", None) if may_enrol else None
    with read(request.app.state.engine) as session:
        lines = views.tablets(session, county=county, newest=newest_forms(request), now=now, area=held_to)
        page = render(
            request,
            "access/tablets.html",
            lines=shown(lines, show),
            board=board(lines),
            words=WORDS,
            area=held_to,
            home=rules.areas_of(person, "tablet.view", county)[0],
            area_name=request.app.state.places.area_name(session, held_to) if held_to else "",
            show=show if show in WORDS else "",
            codes=views.codes(session, county=county, now=now, limit=CODES_SHOWN) if may_enrol else [],
            new_code=once,
            may_enrol=rules.holds(person, "tablet.enrol"),
            may_rescue=rules.holds(person, "rescue.import"),
            now=now,
        )
    page.headers["Cache-Control"] = "no-store"
    return page


@router.get("/tablets/enrol")
def enrol_page(request: Request, person: Enroller, township: str = "", tick: str = "") -> Response:
    """First the township, then its villages: 450 boxes on one page would be ticked wrongly. Nothing is ticked but on
    demand (`tick=free`) what no tablet holds."""
    county = county_of(request)
    with read(request.app.state.engine) as session:
        places = [
            place for place in _places(request, session) if rules.may(person, "tablet.enrol", place.code)
        ]
        return render(
            request,
            "access/enrol.html",
            townships=_townships(places),
            township=township,
            villages=with_holders(
                session,
                county,
                [place for place in places if place.township == township],
                request.app.state.clock(),
            ),
            tick=tick,
            name_max=renaming.NAME_CHARS_MAX,
            surveyors=views.surveyors(session, county=county),
            days=rules.CODE_LIFETIME.days,
        )


@router.post("/tablets/enrol")
def make_code(
    request: Request, person: Enroller, villages: Codes, surveyor: Text = "", name: Text = "", tablet: Text = "",
    shared: Text = "",
) -> Response:  # fmt: skip
    county, now = county_of(request), request.app.state.clock()
    with write(request.app.state.engine) as session:
        known = _known(request, session, villages, person, "tablet.enrol")
        refuse_held(session, county, known, shared=shared == "yes")
        holder = _holder(request, session, surveyor=surveyor, name=name.strip())
        code = enrolment.make_code(
            session, county=county, person=holder.id, villages=known, made_by=person.id, now=now,
            name=tablet.strip()[: renaming.NAME_CHARS_MAX],
        )  # fmt: skip
    request.session["code"] = {"code": rules.shown_code(code), "name": holder.name, "villages_n": len(known)}
    return _go("/tablets")


@router.post("/tablets/codes/{code_sha256}/withdraw")
def withdraw_code(request: Request, person: Enroller, code_sha256: str) -> Response:
    require(person, "tablet.enrol", county_of(request))
    with write(request.app.state.engine) as session:
        enrolment.withdraw_code(
            session,
            county=county_of(request),
            code_sha256=code_sha256,
            by=person.id,
            now=request.app.state.clock(),
        )
    return _go("/tablets")


@router.get("/tablets/{device}")
def tablet(request: Request, person: Viewer, device: str, township: str = "") -> Response:
    return _shown(request, person, device, township)


def _shown(
    request: Request, person: Person, device: str, township: str = "", fault: Problem | None = None
) -> Response:
    county, now = county_of(request), request.app.state.clock()
    with read(request.app.state.engine) as session:
        newest, titles = newest_forms(request), form_titles(request)
        line = views.tablet(session, county=county, device=device, newest=newest, now=now)
        if line is None:
            raise problem("not_found")
        may_see(session, person, county, device)
        places = _places(request, session)
        holding = views.assignments(session, county=county, device=device, places=places)
        now_held = {village.code for village in holding if village.until_at is None}
        return render(
            request,
            "access/tablet.html",
            line=line,
            given=[
                village
                for village in holding
                if village.until_at is None
                and village.code in request.query_params.get("given", "").split("-")
            ],
            giver=session.get(Tablet, (county, request.query_params.get("given_by", ""))),
            words=WORDS,
            outdated=[titles.get(form, form) for form in outdated(line.tablet.forms, newest)],
            forms=[(titles.get(form, form), version) for form, version in stated_forms(line.tablet.forms)],
            held=[village for village in holding if village.until_at is None],
            formerly=[village for village in holding if village.until_at is not None],
            townships=_townships(places),
            township=township,
            villages=with_holders(
                session,
                county,
                [p for p in places if p.township == township and p.code not in now_held],
                now,
                apart_from=device,
            ),
            name_max=renaming.NAME_CHARS_MAX,
            may_rename=rules.holds(person, "tablet.rename"),
            takers=_takers(session, county, device, newest, now)
            if rules.holds(person, "tablet.assign")
            else [],
            may_revoke=rules.holds(person, "tablet.revoke"),
            told=reinstating.told(line.tablet),
            may_reinstate=rules.holds(person, "tablet.reinstate"),
            fault=fault,
            reason_max=reinstating.REASON_CHARS_MAX,
            may_rescue=rules.holds(person, "rescue.import"),
            closed=enrolment.closed_words(line.tablet),
            successors=enrolment.successors(session, county=county, device=device),
            rescues=views.rescues(session, county=county, device=device),
            breadcrumbs=[
                (translate(request_language(request), N_("平板")), "/tablets"),
                (line.tablet.called, None),
            ],
        )


@router.post("/tablets/{device}/assign")
def assign(request: Request, person: Assigner, device: str, villages: Codes, shared: Text = "") -> Response:
    county, now = county_of(request), request.app.state.clock()
    with write(request.app.state.engine) as session:
        _existing(session, county, device)
        known = _known(request, session, villages, person, "tablet.assign")
        refuse_held(session, county, known, shared=shared == "yes", apart_from=device)
        enrolment.assign(session, county=county, device=device, villages=known, now=now, by=person.id)
    return _go(f"/tablets/{device}")


@router.post("/tablets/{device}/unassign")
def unassign(request: Request, person: Assigner, device: str, villages: Codes) -> Response:
    county, now = county_of(request), request.app.state.clock()
    for code in villages:
        require(person, "tablet.assign", code)
    with write(request.app.state.engine) as session:
        _existing(session, county, device)
        enrolment.unassign(session, county=county, device=device, villages=villages, now=now, by=person.id)
    return _go(f"/tablets/{device}")


@router.post("/tablets/{device}/hand-over")
def hand_over(request: Request, person: Assigner, device: str, villages: Codes, to: Text = "") -> Response:
    """Villages from this tablet to another in one act; leads to the one that holds them now."""
    county, now = county_of(request), request.app.state.clock()
    with write(request.app.state.engine) as session:
        _existing(session, county, device)
        known = _known(request, session, villages, person, "tablet.assign")
        enrolment.hand_over(
            session, county=county, device=device, to=to, villages=known, now=now, by=person.id
        )
    return _go(with_query(f"/tablets/{to}", given_by=device, given="-".join(known)))


@router.post("/tablets/{device}/rename")
def rename(request: Request, person: Renamer, device: str, name: Text = "") -> Response:
    county, now = county_of(request), request.app.state.clock()
    require(person, "tablet.rename", county)
    with write(request.app.state.engine) as session:
        _existing(session, county, device)
        renaming.rename(session, county=county, device=device, name=name, now=now, by=person.id)
    return _go(f"/tablets/{device}")


@router.post("/tablets/{device}/revoke")
def revoke(request: Request, person: Revoker, device: str, sure: Text = "") -> Response:
    """A lost tablet, or a closed id whose holders have all enrolled anew."""
    county = county_of(request)
    require(person, "tablet.revoke", county)
    if sure != "yes":
        raise Problem("not_sure", 400, N_("没有确认停用。"), N_("请勾选“确认停用”后再按。"))
    with write(request.app.state.engine) as session:
        _existing(session, county, device)
        enrolment.revoke(session, county=county, device=device, now=request.app.state.clock(), by=person.id)
    return _go(f"/tablets/{device}")


@router.post("/tablets/{device}/reinstate")
def reinstate(request: Request, person: Reinstater, device: str, reason: Long = "") -> Response:
    """Undoes a revocation made by mistake, as long as the tablet has not learnt of it."""
    county, now = county_of(request), request.app.state.clock()
    require(person, "tablet.reinstate", county)
    try:
        with write(request.app.state.engine) as session:
            _existing(session, county, device)
            reinstating.reinstate(session, county=county, device=device, reason=reason, now=now, by=person.id)
    except Problem as fault:
        return _shown(request, person, device, fault=fault.only(reinstating.FAULT))
    return _go(f"/tablets/{device}")


def _takers(
    session: Session, county: str, device: str, newest: Mapping[str, str], now: datetime
) -> list[TabletLine]:
    """Tablets that can take over villages: in use, and another."""
    found = views.tablets(session, county=county, newest=newest, now=now)
    return [
        line
        for line in found
        if line.tablet.device != device and not line.tablet.revoked_at and not line.tablet.closed_as
    ]


def _existing(session: Session, county: str, device: str) -> None:
    if session.get(Tablet, (county, device)) is None:
        raise problem("not_found")


def _townships(places: Sequence[Place]) -> list[tuple[str, str, int]]:
    """(code, name, number of villages) of each township, in order of code."""
    names = {place.township: place.township_name for place in places}
    counts = {code: sum(place.township == code for place in places) for code in names}
    return [(code, names[code], counts[code]) for code in sorted(names)]


def _known(
    request: Request, session: Session, villages: Sequence[str], person: Person, verb: str
) -> dict[str, str]:
    """The chosen villages, code → name, all of them known and in the person's area. Raises Problem."""
    known = {place.code: place.name for place in _places(request, session, villages)} if villages else {}
    if not known:
        raise Problem("no_village", 400, N_("没有选中任何村。"), N_("请至少勾选一个村。"))
    if unknown := sorted(set(villages) - known.keys()):
        raise Problem(
            "village_unknown", 400, f"本县没有这些村：{'、'.join(unknown)}。", N_("请刷新页面后重新选择。")
        )
    for code in known:
        require(person, verb, code)
    return known


def _holder(request: Request, session: Session, *, surveyor: str, name: str) -> Person:
    """The surveyor chosen from the list, or a new one by name. Raises Problem."""
    if name:
        return actions.surveyor(
            session,
            name=name[:64],
            county=county_of(request),
            new_id=request.app.state.new_id,
            now=request.app.state.clock(),
        )
    found = session.get(Person, surveyor) if surveyor else None
    if found is None or found.closed_at is not None:
        raise Problem(
            "no_surveyor",
            400,
            N_("没有写明由谁使用这台平板。"),
            N_("请选择一位调查员，或填写新调查员的姓名。"),
        )
    return found
