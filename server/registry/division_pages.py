"""Pages of divisions: search, one division with its history, and deciding on villages' area classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from server.access.rules import may
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read, write
from server.registry import actions, divisions, exports, rules, vocabulary
from server.registry.division_import_pages import router as import_router
from server.registry.divisions import DivisionFilter
from server.web import (
    N_,
    Problem,
    Sorting,
    download,
    labelled,
    problem,
    render,
    request_language,
    translate,
    with_query,
)
from server.web.language import Language
from server.web.listing import ROWS_PER_PAGE, page_of

Viewer = Annotated[Person, Depends(holding("division.view"))]
Classifier = Annotated[Person, Depends(holding("village.classify"))]
Text = Annotated[str, Form(max_length=500)]
VERB: Final = "village.classify"
LABELS: Final[dict[str, Any]] = {
    "area_classes": vocabulary.AREA_CLASS_NAMES,
    "levels": vocabulary.LEVEL_NAMES,
    "urban_rural": vocabulary.URBAN_RURAL_NAMES,
}
CHOICES: Final[dict[str, Mapping[str, str]]] = {
    "level": vocabulary.LEVEL_NAMES,
    "area_class": vocabulary.AREA_CLASS_NAMES,
    "urban_rural": {"none": "", **vocabulary.URBAN_RURAL_NAMES},
}

router = APIRouter(include_in_schema=False)
# First: "import" must not be taken for a code.
router.include_router(import_router)


def _wanted(query: Mapping[str, str], county: str) -> DivisionFilter:
    """Filters of an address; without an area it is this county, unless something is searched for."""
    given = {
        name: query.get(name, "").strip() for name in ("q", "area", "level", "area_class", "urban_rural")
    }
    for name, known in CHOICES.items():
        if given[name] and given[name] not in known:
            given[name] = ""
    if not rules.is_area(given["area"]):
        given["area"] = county
    given["q"] = given["q"][:50]
    return DivisionFilter(**given)


def _order(query: Mapping[str, str]) -> Sorting:
    text = query.get("sort", "code")
    key = text.removeprefix("-")
    return Sorting(key, text.startswith("-")) if key in divisions.SORT_KEYS else Sorting("code", False)


def _list(request: Request, person: Person, address: str, **ctx: Any) -> Response:
    """The list an address names; the address is not always the request's own (a refused decision)."""
    query, county = dict(parse_qsl(urlsplit(address).query)), county_of(request)
    wanted, order = _wanted(query, county), _order(query)
    with read(request.app.state.engine) as session:
        found = divisions.search(
            session, wanted, order, number=page_of(query.get("page", "1")), size=ROWS_PER_PAGE
        )
        classes = divisions.classes_of(session, wanted.area)
        areas = [(county[:2], divisions.area_name(session, county[:2]))]
        areas += divisions.area_choices(session, county, wanted.area)
        area_name = divisions.area_name(session, wanted.area)
    lang = request_language(request)
    in_county = wanted.area.startswith(county)
    return render(
        request,
        "registry/divisions.html",
        here=address,
        page=found,
        order=order,
        wanted=wanted,
        areas=areas,
        area_name=area_name,
        classes=classes,
        may_classify=in_county and may(person, VERB, wanted.area),
        imported=_counts(query.get("imported", "")),
        may_import=may(person, "division.import", county),
        export=with_query(address.replace("/divisions", "/divisions.xlsx", 1), page=None),
        breadcrumbs=[(translate(lang, N_("区划")), None)],
        **{
            "fault": None,
            "entered": {},
            "done": query.get("done", ""),
            **LABELS,
            **ctx,
        },
    )


def _counts(text: str) -> tuple[int, int] | None:
    """ "12-3" of the address an import leads to: how many were added and altered."""
    found = re.fullmatch(r"(\d{1,6})-(\d{1,6})", text, re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


@router.get("/divisions")
def division_list(request: Request, person: Viewer) -> Response:
    return _list(request, person, f"/divisions?{request.url.query}")


@router.get("/divisions.xlsx")
def division_sheet(request: Request, person: Viewer) -> Response:
    lang = request_language(request)
    wanted, order = _wanted(request.query_params, county_of(request)), _order(request.query_params)
    with read(request.app.state.engine) as session:
        return download(
            request, exports.division_columns(lang), divisions.every(session, wanted, order), title=N_("区划"),
            of=divisions.area_name(session, wanted.area), held_to=_held_to(wanted, lang),
        )  # fmt: skip


def _held_to(wanted: DivisionFilter, lang: Language) -> list[str]:
    """The filters in force, in words; the area stands in the title."""
    urban_rural = vocabulary.URBAN_RURAL_NAMES.get(wanted.urban_rural, "")
    given = {
        N_("搜索"): wanted.q,
        N_("级别"): translate(lang, vocabulary.LEVEL_NAMES.get(wanted.level, "")),
        N_("区域类别"): translate(lang, vocabulary.AREA_CLASS_NAMES.get(wanted.area_class, "")),
        N_("城乡分类代码"): f"{wanted.urban_rural} {translate(lang, urban_rural)}".strip(),
    }
    return [labelled(lang, title, value) for title, value in given.items() if value]


@router.post("/divisions/classify")
async def classify(
    request: Request,
    person: Classifier,
    area_class: Text = "",
    source: Text = "",
    decided_on: Text = "",
    approver: Text = "",
    scope: Text = "picked",
    back: Text = "/divisions",
) -> Response:
    """Enters one decision for the villages ticked, or for all that the list in `back` holds."""
    form = await request.form()
    picked = [str(code) for code in form.getlist("village")]
    query = dict(parse_qsl(urlsplit(back).query))
    wanted = _wanted(query, county_of(request))
    require(person, VERB, wanted.area)
    address = "/divisions?" + urlsplit(back).query
    entered = {
        "area_class": area_class, "source": source, "decided_on": decided_on, "approver": approver,
        "scope": scope, "picked": picked,
    }  # fmt: skip
    try:
        with write(request.app.state.engine) as session:
            codes = divisions.codes(session, wanted) if scope == "all" else picked
            for code in codes:
                require(person, VERB, code)
            done = actions.classify(
                session, county=county_of(request), villages=codes, area_class=area_class, source=source,
                decided_on=_day(decided_on), approver=approver, entered_by=person.id,
                now=request.app.state.clock(),
            )  # fmt: skip
    except Problem as fault:
        return _list(request, person, address, fault=fault.only("classification"), entered=entered)
    return RedirectResponse(with_query(address, done=done), status_code=303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message, remedy = N_("决定日期不是一个日期。"), N_("请按 2020-10-31 这样的格式填写。")
        raise Problem("classification", 422, message, remedy) from error


@router.get("/divisions/{code}/decisions.xlsx")
def decision_sheet(request: Request, person: Viewer, code: str) -> Response:
    """Every decision on a village's area class."""
    with read(request.app.state.engine) as session:
        found = divisions.one(session, code)
        if found is None:
            raise problem("not_found")
        rows = divisions.decisions(session, code)
        people = divisions.people(session, {row.entered_by for row in rows})
    columns = exports.decision_columns(request_language(request), people)
    return download(request, columns, rows, title=N_("划定经过"), of=found.division.name)


@router.get("/divisions/{code}")
def division(request: Request, person: Viewer, code: str) -> Response:
    with read(request.app.state.engine) as session:
        found = divisions.one(session, code)
        if found is None:
            raise problem("not_found")
        inner = divisions.children(session, rules.prefix_of(code))
        history = divisions.decisions(session, code)
        way = list(divisions.area_names(session, divisions.above(code)).items())
        people = divisions.people(session, {decision.entered_by for decision in history})
        classes = divisions.classes_of(session, rules.prefix_of(code))
    lang = request_language(request)
    return render(
        request,
        "registry/division.html",
        line=found,
        prefix=rules.prefix_of(code),
        inner=inner,
        history=history,
        people=people,
        classes=classes,
        in_county=code.startswith(county_of(request)),
        may_classify=may(person, VERB, code) and code.startswith(county_of(request)),
        breadcrumbs=[
            (translate(lang, N_("区划")), "/divisions"),
            *((name, f"/divisions/{unit}") for unit, name in way),
            (found.division.name, None),
        ],
        **LABELS,
    )
