"""The ledger's pages: problems by queue, one problem with its events, and what was seen."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response

from server.access.rules import may
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read
from server.inspections import actions, exports, panels, rules, sighting_views, views
from server.inspections.views import ProblemFilter
from server.registry import aliases, divisions
from server.registry import rules as places
from server.registry.pages import home_area
from server.web import (
    N_,
    NavItem,
    Problem,
    Sorting,
    download,
    page_number,
    problem,
    render,
    request_language,
    sorting,
    translate,
)
from server.web.figures import CHINA
from server.web.listing import ROWS_PER_PAGE

SignedIn = Annotated[Person, Depends(holding("problem.view"))]
Opener = Annotated[Person, Depends(holding("problem.open"))]
NAVIGATION: Final = (NavItem("/problems", N_("问题"), "problem.view"),)
QUEUE_NAMES: Final = {
    "open": N_("未销号"),
    "overdue": N_("逾期"),
    "mine": N_("待我整改"),
    "reported": N_("待核查"),
    "closed": N_("已销号"),
    "all": N_("全部"),
}
LABELS: Final[dict[str, Any]] = {
    "kinds": rules.KINDS,
    "states": rules.STATES,
    "outcomes": rules.OUTCOMES,
    "acts": rules.ACTS,
    "sightings": rules.SIGHTINGS,
    "queues": QUEUE_NAMES,
}

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """The fragments other rooms' pages take of this one."""
    app.state.panels.add("household", panels.household, order=20)
    app.state.panels.add("area", panels.area, order=30)


def today_of(request: Request) -> date:
    """The county's calendar day."""
    day: date = request.app.state.clock().astimezone(CHINA).date()
    return day


def county_area(request: Request, person: Person, asked: str) -> str:
    """The area a list is held to: the one asked for, else the person's; inside one county always."""
    area = asked or home_area(request, person)
    if not places.is_area(area) or len(area) < 6:
        raise problem("not_found")
    return area


def _wanted(request: Request, person: Person) -> ProblemFilter:
    query = request.query_params
    known = {"queue": views.QUEUES, "kind": rules.KINDS}
    given = {
        name: query.get(name, "").strip() for name in ("queue", "kind", "zone", "household", "responsible")
    }
    for name, choices in known.items():
        if given[name] and given[name] not in choices:
            raise Problem(
                "unknown_filter", 400, N_("地址里的筛选条件无法识别。"), N_("请从页面上的链接进入。")
            )
    area = county_area(request, person, query.get("area", "").strip())
    require(person, "problem.view", area)
    return ProblemFilter(**(given | {"area": area, "queue": given["queue"] or "open"}))


def _order(request: Request) -> Sorting:
    return sorting(request, views.SORT_KEYS, "due_on")


@router.get("/problems")
def problem_list(request: Request, person: SignedIn) -> Response:
    wanted, order, today = _wanted(request, person), _order(request), today_of(request)
    with read(request.app.state.engine) as session:
        found = views.page(
            session,
            wanted,
            order,
            today=today,
            person=person.id,
            number=page_number(request),
            size=ROWS_PER_PAGE,
        )
        counts = views.counts(session, wanted, today=today, person=person.id)
        areas = divisions.area_choices(session, home_area(request, person), wanted.area)
        area_name = divisions.area_name(session, wanted.area)
    return render(
        request,
        "inspections/problems.html",
        page=found,
        order=order,
        wanted=wanted,
        counts=counts,
        areas=areas,
        area_name=area_name,
        may_open=may(person, "problem.open", wanted.area),
        export=wanted.address("/problems.xlsx") + f"&sort={order.text}",
        breadcrumbs=[(translate(request_language(request), N_("问题")), None)],
        **LABELS,
    )


@router.get("/problems.xlsx")
def problem_sheet(request: Request, person: SignedIn) -> Response:
    wanted, order, lang = _wanted(request, person), _order(request), request_language(request)
    with read(request.app.state.engine) as session:
        rows = views.every(session, wanted, order, today=today_of(request), person=person.id)
        kind = translate(lang, rules.KINDS[wanted.kind]) if wanted.kind else ""
        return download(
            request, exports.problem_columns(lang), rows, title=N_("问题台账"),
            of=divisions.area_name(session, wanted.area),
            held_to=[translate(lang, QUEUE_NAMES[wanted.queue]), kind],
        )  # fmt: skip


@router.get("/sightings")
def sighting_list(request: Request, person: SignedIn) -> Response:
    area, what, order = _seen(request, person)
    with read(request.app.state.engine) as session:
        found = sighting_views.page(
            session, area, what, order, number=page_number(request), size=ROWS_PER_PAGE
        )
        areas = divisions.area_choices(session, home_area(request, person), area)
        area_name = divisions.area_name(session, area)
    lang = request_language(request)
    return render(
        request,
        "inspections/sightings.html",
        page=found,
        order=order,
        area=area,
        what=what,
        areas=areas,
        area_name=area_name,
        export=f"/sightings.xlsx?area={area}&what={what}&sort={order.text}",
        breadcrumbs=[(translate(lang, N_("问题")), "/problems"), (translate(lang, N_("散煤发现记录")), None)],
        **LABELS,
    )


def _seen(request: Request, person: Person) -> tuple[str, str, Sorting]:
    area = county_area(request, person, request.query_params.get("area", "").strip())
    require(person, "problem.view", area)
    what = request.query_params.get("what", "")
    order = sorting(request, sighting_views.SORT_KEYS, "-seen_on")
    return area, what if what in rules.SIGHTINGS else "", order


@router.get("/sightings.xlsx")
def sighting_sheet(request: Request, person: SignedIn) -> Response:
    area, what, order = _seen(request, person)
    lang = request_language(request)
    with read(request.app.state.engine) as session:
        rows = sighting_views.every(session, area, what, order)
        return download(
            request, exports.sighting_columns(lang), rows, title=N_("散煤发现记录"),
            of=divisions.area_name(session, area),
            held_to=[translate(lang, rules.SIGHTINGS[what])] if what else [],
        )  # fmt: skip


@router.get("/problems/new")
def new_problem(request: Request, person: Opener) -> Response:
    return opening(
        request, person, request.query_params.get("household", ""), request.query_params.get("village", "")
    )


def opening(
    request: Request, person: Person, household: str, village: str, fault: Problem | None = None,
    entered: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """The form that opens a problem, of a household or of a place in a village."""
    county = county_of(request)
    with read(request.app.state.engine) as session:
        home = aliases.home(session, county, household) if household else None
        village = home.village if home else village
        if household and home is None:
            raise problem("not_found")
        area = village or home_area(request, person)
        require(person, "problem.open", area)
        choices = divisions.villages(session, county) if not village else []
        inside = [each for each in choices if each.code.startswith(area)]
        officials = views.officials(session, [area])
        village_name = divisions.area_name(session, village) if village else ""
    lang = request_language(request)
    return render(
        request,
        "inspections/opening.html",
        home=home,
        village=village,
        village_name=village_name,
        villages=inside,
        officials=officials,
        fault=fault,
        entered=entered or {},
        today=today_of(request),
        breadcrumbs=[(translate(lang, N_("问题")), "/problems"), (translate(lang, N_("立案")), None)],
        **LABELS,
    )


@router.get("/problems/{county}/{identity}")
def problem_page(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    return shown(request, person, county, identity)


def shown(
    request: Request, person: Person, county: str, identity: str, fault: Problem | None = None,
    entered: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """One problem; with a refused step's fault and what was entered."""
    with read(request.app.state.engine) as session:
        found = views.problem_file(session, county, identity, today_of(request))
        if found is None:
            raise problem("not_found")
        row = found.line.problem
        require(person, "problem.view", row.village)
        officials = views.officials(session, [row.village])
    parties = {row.opened_by, row.reopened_by, row.responsible, row.reported_by}
    allowed = {act: may(person, verb, row.village) for act, verb in actions.VERBS.items()}
    return render(
        request,
        "inspections/problem.html",
        file=found,
        row=row,
        line=found.line,
        officials=officials,
        allowed=allowed,
        own=person.id in parties,
        is_responsible=person.id == row.responsible,
        fault=fault,
        entered=entered or {},
        today=today_of(request),
        breadcrumbs=[
            (translate(request_language(request), N_("问题")), "/problems"),
            (found.line.village_name, ProblemFilter(area=row.village).address()),
            (translate(request_language(request), rules.KINDS.get(row.kind, row.kind)), None),
        ],
        **LABELS,
    )
