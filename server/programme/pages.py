"""The programme's pages: coverage of an area down to its villages, and the plan itself."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from server.access.rules import may
from server.access.session import county_of, holding
from server.access.tables import Person
from server.database import read
from server.programme import exports, views
from server.programme.asked import coverage_of
from server.programme.opening import Report, report
from server.registry import divisions, rules, vocabulary
from server.registry.pages import home_area
from server.web import N_, NavItem, download, problem, render, request_language, translate
from server.web.figures import CHINA, moment

Viewer = Annotated[Person, Depends(holding("coverage.view"))]
PlanViewer = Annotated[Person, Depends(holding("plan.view"))]
NAVIGATION: Final = (
    NavItem("/coverage", N_("进度"), "coverage.view"),
    NavItem("/plan", N_("计划"), "plan.view"),
)
# A demo is there to be watched; an office's page only has to be fresh when somebody looks.
REFRESH_DEMO_S: Final = 4
REFRESH_S: Final = 60
LABELS: Final[dict[str, Any]] = {
    "kind_names": vocabulary.CONVERSION_KINDS,
    "class_names": vocabulary.AREA_CLASS_NAMES,
    "state_names": vocabulary.STATE_NAMES,
}

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/coverage")
def start(request: Request, person: Viewer) -> Response:
    return RedirectResponse(f"/coverage/{home_area(request, person)}", status_code=303)


def _report(request: Request, person: Person, area: str) -> Report:
    found = coverage_of(request, person, area)
    return report(found, found.as_of.astimezone(CHINA).date())


@router.get("/coverage/{area}.xlsx")
def coverage_sheet(request: Request, person: Viewer, area: str) -> Response:
    lang, found = request_language(request), _report(request, person, area)
    return download(
        request, exports.columns(found, lang), exports.rows(found, lang), title=N_("清洁取暖进度"),
        of=found.coverage.name, notes=exports.notes(found, lang), as_of=found.coverage.as_of,
    )  # fmt: skip


@router.get("/coverage/{area}")
def coverage(request: Request, person: Viewer, area: str) -> Response:
    """The whole page, or to htmx the figures that the page includes."""
    found = _report(request, person, area)
    only_figures, panels = "hx-request" in request.headers, request.app.state.panels
    return render(
        request,
        "programme/_figures.html" if only_figures else "programme/coverage.html",
        report=found,
        coverage=found.coverage,
        plan=found.coverage.plan,
        refresh_s=REFRESH_DEMO_S if request.app.state.settings.synthetic else REFRESH_S,
        columns=panels.columns(request, "area", area) if found.parts else [],
        # They stand below the figures, which alone are fetched anew.
        panels=[] if only_figures else panels.fragments(request, "area", area),
        breadcrumbs=_way(request, person, area, found.coverage.name),
        **LABELS,
    )


def _way(request: Request, person: Person, area: str, name: str) -> list[tuple[str, str | None]]:
    units = [rules.prefix_of(code) for code in divisions.above(area.ljust(12, "0"))]
    inside = [unit for unit in units if len(unit) >= 6 and may(person, "coverage.view", unit)]
    with read(request.app.state.engine) as session:
        called = divisions.area_names(session, inside)
    way: list[tuple[str, str | None]] = [(called[unit], f"/coverage/{unit}") for unit in inside]
    return [(translate(request_language(request), N_("进度")), "/coverage"), *way, (name, None)]


@router.get("/plan.xlsx")
def plan_sheet(request: Request, person: PlanViewer) -> Response:
    county, lang = county_of(request), request_language(request)
    with read(request.app.state.engine) as session:
        found = views.plan_in_force(session, county)
    if found is None:
        raise problem("not_found")
    return download(
        request, exports.plan_columns(lang), exports.plan_lines(found, lang), title=N_("清洁取暖计划"),
        notes=[exports.source(found, lang)],
    )  # fmt: skip


@router.get("/plan")
def plan(request: Request, person: PlanViewer) -> Response:
    county = county_of(request)
    with read(request.app.state.engine) as session:
        rows = views.plans(session, county)
        in_force = views.plan_in_force(session, county)
    lang = request_language(request)
    return render(
        request,
        "programme/plan.html",
        plan=in_force,
        rows=rows,
        dated_late=in_force is not None and in_force.source["dated"] > in_force.deadline.isoformat(),
        breadcrumbs=[(translate(lang, N_("计划")), None)],
        moment=moment,
        **LABELS,
    )
