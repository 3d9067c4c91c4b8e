"""The register's pages: the list of households, and a household's own file."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from server.access.rules import areas_of
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read
from server.exchange.photo_pages import gallery
from server.registry import aliases, divisions, duplicate_views, exports, rules, views, vocabulary
from server.registry.chips import chips
from server.registry.division_pages import router as division_router
from server.registry.filters import (
    CHOICES,
    HEATING,
    SITUATIONS,
    HouseholdFilter,
    read_filter,
)
from server.web import (
    N_,
    NavItem,
    download,
    page_number,
    problem,
    render,
    request_language,
    sorting,
    translate,
)
from server.web.listing import ROWS_PER_PAGE

Viewer = Annotated[Person, Depends(holding("household.view"))]
NAVIGATION: Final = (
    NavItem("/households", N_("住户"), "household.view"),
    NavItem("/divisions", N_("区划"), "division.view"),
)
LABELS: Final[dict[str, Any]] = {
    "choices": CHOICES,
    "heating": HEATING,
    "situations": SITUATIONS,
    "states": vocabulary.STATE_NAMES,
    "kinds": vocabulary.CONVERSION_KINDS,
    "devices": vocabulary.DEVICES,
    "fuels": vocabulary.FUELS,
    "area_classes": vocabulary.AREA_CLASS_NAMES,
    "reasons": vocabulary.NOT_HEATED_REASONS,
    "hardships": vocabulary.HARDSHIPS,
    "visits": vocabulary.VISIT_OUTCOMES,
    "properties": vocabulary.PROPERTIES,
    "datasets": vocabulary.DATASETS,
    "choice": vocabulary.choice,
    "forms": vocabulary.FORMS,
    "outcomes": vocabulary.OUTCOMES,
}

router = APIRouter(include_in_schema=False)
router.include_router(division_router)


def home_area(request: Request, person: Person, verb: str = "household.view") -> str:
    """The area a list starts from: the county where the person may do `verb` in all of it, else the first of
    their own.
    """
    county = county_of(request)
    return next(iter(areas_of(person, verb, county)), county)


def _wanted(request: Request, person: Person) -> HouseholdFilter:
    wanted = read_filter(request.query_params)
    wanted = wanted if wanted.area else replace(wanted, area=home_area(request, person))
    require(person, "household.view", wanted.area)
    return wanted


@router.get("/households")
def household_list(request: Request, person: Viewer) -> Response:
    wanted, lang, home = _wanted(request, person), request_language(request), home_area(request, person)
    order = sorting(request, views.SORT_KEYS, "village")
    with read(request.app.state.engine) as session:
        found = views.page(session, wanted, order, number=page_number(request), size=ROWS_PER_PAGE)
        others = areas_of(person, "household.view", home[:6])[1:]
        areas = divisions.area_choices(session, home, wanted.area, *others)
    area_name = dict(areas).get(wanted.area, wanted.area).strip()
    return render(
        request,
        "registry/households.html",
        page=found,
        order=order,
        wanted=wanted,
        areas=areas,
        area_name=area_name,
        marks=chips(wanted, home, area_name, lang),
        clear=HouseholdFilter(area=home).address(),
        export=wanted.address("/households.xlsx", order.text),
        breadcrumbs=[(translate(lang, N_("住户")), None)],
        **LABELS,
    )


@router.get("/households.xlsx")
def household_sheet(request: Request, person: Viewer) -> Response:
    wanted, lang, home = _wanted(request, person), request_language(request), home_area(request, person)
    order = sorting(request, views.SORT_KEYS, "village")
    with read(request.app.state.engine) as session:
        area_name = divisions.area_name(session, wanted.area)
        return download(
            request, exports.household_columns(lang), views.every(session, wanted, order), title=N_("住户清单"),
            of=area_name, held_to=(label for label, _ in chips(wanted, home, area_name, lang)),
        )  # fmt: skip


def _leads_to(request: Request, county: str, identity: str) -> str | None:
    """The home that an id leads to since somebody merged two; None where it stands for itself."""
    with read(request.app.state.engine) as session:
        return aliases.survivors(session, county, [identity]).get(identity)


def _file(request: Request, person: Person, county: str, identity: str) -> views.HouseholdFile:
    """The household's file, if there is one and the person may see it. Raises Problem or Refused."""
    with read(request.app.state.engine) as session:
        found = views.household_file(session, county, identity)
    if found is None:
        raise problem("not_found")
    require(person, "household.view", found.household.village)
    return found


@router.get("/households/{county}/{identity}/submissions.xlsx")
def submission_sheet(request: Request, person: Viewer, county: str, identity: str) -> Response:
    """Everything that was recorded of one household."""
    found = _file(request, person, county, identity)
    home = found.household
    return download(
        request, exports.submission_columns(request_language(request), found.people), found.submissions,
        title=N_("原始记录"), of=f"{found.village_name} {home.door_number} {home.head_name}".strip(),
    )  # fmt: skip


@router.get("/households/{county}/{identity}")
def household(request: Request, person: Viewer, county: str, identity: str) -> Response:
    if survivor := _leads_to(request, county, identity):
        return RedirectResponse(f"/households/{county}/{survivor}", status_code=303)
    lang, found = request_language(request), _file(request, person, county, identity)
    way = [
        (name, f"/households?area={rules.prefix_of(code)}")
        for code, name in found.above
        if len(rules.prefix_of(code)) >= 6
    ]
    here = found.household
    with read(request.app.state.engine) as session:
        photos = gallery(request, session, county, {row.id for row in found.submissions})
        merges = duplicate_views.of_home(session, county, here.id)
    return render(
        request,
        "registry/household.html",
        file=found,
        photos=photos,
        merged=next((each for each in merges if each.row.id == request.query_params.get("merged")), None),
        homes_gone={each.row.loser: each.gone for each in merges},
        photo_of={each.shown.name: each for each in photos},
        household=here,
        panels=request.app.state.panels.fragments(request, "household", f"{county}/{identity}"),
        breadcrumbs=[
            (translate(lang, N_("住户")), "/households"),
            *way,
            (found.village_name, f"/households?area={here.village}"),
            (f"{here.door_number} {here.head_name}".strip() or identity, None),
        ],
        **LABELS,
    )
