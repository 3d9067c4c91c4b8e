"""The zones' pages: the list with what lags behind conversion, one zone, its stoves, and proposing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session

from server.access.rules import may
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read
from server.inspections.pages import county_area, today_of
from server.inspections.rules import KINDS
from server.inspections.rules import STATES as PROBLEM_STATES
from server.inspections.views import ProblemFilter, officials
from server.inspections.views import lines as problem_lines
from server.registry import divisions, vocabulary
from server.registry.by_door import BY_DOOR
from server.registry.tables import Household
from server.web import N_, NavItem, Problem, problem, render, request_language, translate
from server.zones import actions, checklist, lines, rules, stove, views
from server.zones.asked import SHOWS, SignedIn, area_of, file_of, stoves_of
from server.zones.lines import Key
from server.zones.reach import NEARLY_PCT, reach
from server.zones.room import room
from server.zones.sheet_pages import router as sheet_router
from server.zones.tables import ZoneVersion

Proposer = Annotated[Person, Depends(holding("zone.propose"))]
NAVIGATION: Final = (NavItem("/zones", N_("禁煤区"), "zone.view"),)
# Homes to choose from when leaving some out; more are found through the checklist's lists.
CANDIDATES_MAX: Final = 200
LABELS: Final[dict[str, Any]] = {
    "states": rules.STATES,
    "changes": rules.CHANGES,
    "left_out_reasons": rules.LEFT_OUT_REASONS,
    "verdicts": stove.VERDICTS,
    "reasons": stove.REASONS,
    "shows": SHOWS,
    "choice": vocabulary.choice,
}

router = APIRouter(include_in_schema=False)
router.include_router(sheet_router)


@router.get("/zones")
def zone_list(request: Request, person: SignedIn) -> Response:
    area, today = area_of(request, person), today_of(request)
    with read(request.app.state.engine) as session:
        found, reached = views.zones(session, area, today), reach(session, area, today)
        area_name = divisions.area_name(session, area)
        areas = divisions.area_choices(session, county_area(request, person, ""), area)
    return render(
        request,
        "zones/zones.html",
        zones=found,
        reach=reached,
        nearly_pct=NEARLY_PCT,
        area=area,
        areas=areas,
        area_name=area_name,
        may_propose=may(person, "zone.propose", area),
        breadcrumbs=[(translate(request_language(request), N_("禁煤区")), None)],
        **LABELS,
    )


@router.get("/zones/propose")
def propose_page(request: Request, person: Proposer) -> Response:
    picked = request.query_params.getlist("village")
    zone = request.query_params.get("zone", "")
    return proposing(request, person, {"villages": picked, "zone": zone})


def proposing(
    request: Request, person: Person, entered: Mapping[str, Any], fault: Problem | None = None
) -> Response:
    """The form that proposes a zone, or with `zone` another range of one there is."""
    county, today = county_of(request), today_of(request)
    area = county_area(request, person, "")
    require(person, "zone.propose", area)
    with read(request.app.state.engine) as session:
        before = _before(session, county, entered.get("zone", ""), today)
        reached = reach(session, area, today)
        villages = [each for each in divisions.villages(session, county) if each.code.startswith(area)]
        taken = views.taken(session, county, [each.code for each in villages], but=entered.get("zone", ""))
        people = officials(session, [area])
        inside = views.villages_of(session, before) if before else []
    townships: dict[str, list[Any]] = {}
    for village in villages:
        townships.setdefault(village.township_name, []).append(village)
    lang = request_language(request)
    return render(
        request,
        "zones/proposing.html",
        before=before,
        townships=townships,
        picked=set(entered.get("villages", [])) or set(inside),
        taken=taken,
        converted={line.heating.village: line for line in reached.converted},
        nearly={line.heating.village: line for line in reached.nearly},
        officials=people,
        entered=entered,
        fault=fault,
        due_days=rules.DUE_DAYS,
        breadcrumbs=[(translate(lang, N_("禁煤区")), "/zones"), (translate(lang, N_("提议")), None)],
        **LABELS,
    )


def _before(session: Session, county: str, zone: str, today: date) -> ZoneVersion | None:
    versions = views.versions_of(session, county, zone) if zone else []
    if zone and not versions:
        raise problem("not_found")
    return views.leading(versions, today) if versions else None


@router.get("/zones/{county}/{identity}")
def zone_page(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    return shown(request, person, county, identity)


def shown(
    request: Request, person: Person, county: str, identity: str, fault: Problem | None = None,
    entered: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """One zone: its range, its checklist, its versions, and whatever may be decided."""
    today = today_of(request)
    with read(request.app.state.engine) as session:
        file = file_of(request, person, session, county, identity)
        version, codes = file.shown, [village.code for village in file.villages]
        found = views.readiness(session, version, today, room(request).unpaid)
        digest = actions.digest(session, version)
        waits = version.decision == "proposed"
        candidates = _candidates(session, version) if waits else []
        village_names = {village.code: village.name for village in file.villages}
    area = checklist.area_of(codes, county)
    allowed = {verb: may(person, f"zone.{verb}", area) for verb in ("propose", "designate")}
    return render(
        request,
        "zones/zone.html",
        file=file,
        version=version,
        state=file.state,
        checks=checklist.lines_of(version, codes, found),
        numbers=checklist.all_homes(version, codes, found),
        ready=found.ready,
        digest=digest,
        waits=waits,
        own=person.id in version.edited_by,
        allowed=allowed | {"open": may(person, "problem.open", area)},
        candidates=candidates,
        candidates_max=CANDIDATES_MAX,
        village_names=village_names,
        stoves=found.tally.stoves,
        fault=fault,
        entered=entered or {},
        today=today,
        done=request.query_params.get("done", ""),
        line_titles=rules.LINES,
        breadcrumbs=[(translate(request_language(request), N_("禁煤区")), "/zones"), (version.name, None)],
        **LABELS,
    )


def _candidates(session: Session, version: ZoneVersion) -> list[Household]:
    """Homes of a proposal that are in its way: not converted, or not registered."""
    key = Key(version.county, version.zone, version.number, "all")
    where = lines.group().in_(("not_converted", "unvisited"))
    statement = select(Household).where(lines.members(key), where)
    ordered = statement.order_by(*BY_DOOR)
    return list(session.execute(ordered.limit(CANDIDATES_MAX)).scalars())


@router.get("/zones/{county}/{identity}/problems")
def problem_list(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    """The problems not closed in a version's range, wherever they were opened from."""
    today = today_of(request)
    with read(request.app.state.engine) as session:
        file = file_of(request, person, session, county, identity)
        rows = problem_lines(session, views.open_problems(session, file.shown), today)
    lang, address = request_language(request), f"/zones/{county}/{identity}"
    return render(
        request,
        "zones/problems.html",
        version=file.shown,
        rows=rows,
        kinds=KINDS,
        export=f"{address}/problems.xlsx?version={file.shown.number}",
        everything=ProblemFilter(area=county, zone=identity, queue="all").address(),
        breadcrumbs=[
            (translate(lang, N_("禁煤区")), "/zones"),
            (file.shown.name, f"{address}?version={file.shown.number}"),
            (translate(lang, N_("未销号的问题")), None),
        ],
        **LABELS | {"states": PROBLEM_STATES},
    )


@router.get("/zones/{county}/{identity}/stoves")
def stove_list(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    file, show, found = stoves_of(request, person, county, identity)
    lang, address = request_language(request), f"/zones/{county}/{identity}"
    return render(
        request,
        "zones/stoves.html",
        file=file,
        version=file.shown,
        state=file.state,
        rows=found,
        show=show,
        base=f"{address}/stoves?version={file.shown.number}",
        export=f"{address}/stoves.xlsx?version={file.shown.number}&show={show}",
        village_names={village.code: village.name for village in file.villages},
        breadcrumbs=[
            (translate(lang, N_("禁煤区")), "/zones"),
            (file.shown.name, f"{address}?version={file.shown.number}"),
            (translate(lang, N_("旧炉具")), None),
        ],
        **LABELS,
    )
