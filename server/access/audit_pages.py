"""The log of acts: who did what, where and when, for whoever has to answer for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from server.access import audit, rules
from server.access.audit import AuditFilter, AuditLine
from server.access.holders import tablet_names
from server.access.roles import VERBS
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read
from server.web import (
    N_,
    NavItem,
    SheetColumn,
    download,
    labelled,
    page_number,
    render,
    request_language,
    translate,
    with_query,
)  # fmt: skip
from server.web.language import Language
from server.web.listing import ROWS_PER_PAGE

NAVIGATION: Final = (NavItem("/audit", N_("日志"), "audit.view"),)
# What a log line was about leads to its page, where there is one and the reader may open it.
PAGES_OF: Final[Mapping[str, tuple[str, str]]] = {
    "person": ("/people/{id}", "person.view"),
    "tablet": ("/tablets/{id}", "tablet.view"),
    "household": ("/households/{id}", "household.view"),
    "problem": ("/problems/{county}/{id}", "problem.view"),
    "zone": ("/zones/{county}/{id}", "zone.view"),
    "payment_batch": ("/finance/batches/{id}", "finance.view"),
    "decisions": ("/finance/decisions?show=decided", "finance.view"),
    "schedule": ("/finance/schedules/{id}", "schedule.view"),
    "plan": ("/plan", "plan.view"),
    "divisions": ("/divisions", "division.view"),
}
CODE: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
Viewer = Annotated[Person, Depends(holding("audit.view"))]

router = APIRouter(include_in_schema=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wanted(request: Request, person: Person) -> AuditFilter:
    county, query = county_of(request), request.query_params
    area = query.get("area", "") or rules.areas_of(person, "audit.view", county)[0]
    require(person, "audit.view", area)
    return AuditFilter(
        county, area, query.get("person", "")[:64], query.get("verb", "") if query.get("verb", "") in VERBS else "",
        query.get("subject", "")[:200], _day(query.get("since", "")), _day(query.get("until", "")),
    )  # fmt: skip


def page_of(line: AuditLine, person: Person) -> str | None:
    """The address of the page about what a log line was done to; None where there is none, or none for `person`."""
    kind, _, identity = line.row.subject.partition("/")
    address, verb = PAGES_OF.get(kind, ("", ""))
    return address.format(id=identity, county=line.row.county) if rules.holds(person, verb) else None


def village_names(request: Request, session: Session, rows: Iterable[AuditLine]) -> dict[str, str]:
    """Code → name of the villages that details speak of: the log keeps codes, people read names."""
    codes = {code for line in rows for value in line.row.detail.values() for code in CODE.findall(value)}
    places = request.app.state.places.villages(session, county_of(request), codes)
    return {place.code: place.name for place in places}


def tablets_named(session: Session, county: str) -> dict[str, str]:
    """What tablets are called, by the subject under which the log knows them."""
    return {f"tablet/{device}": called for device, called in tablet_names(session, county).items()}


def _tablet_of(tablets: Mapping[str, str], line: AuditLine) -> str:
    """The tablet an act was about, by name; empty where its details say that already, or it was about none."""
    called = tablets.get(line.row.subject, "")
    return "" if called in line.row.detail.values() else called


def named(villages: Mapping[str, str], value: str) -> str:
    """A detail with villages by name; an unknown code stays."""
    return CODE.sub(lambda found: villages.get(found[0], found[0]), value)


@router.get("/audit")
def audit_list(request: Request, person: Viewer) -> Response:
    wanted, county, places = (
        _wanted(request, person),
        county_of(request),
        request.app.state.places,
    )
    with read(request.app.state.engine) as session:
        found = audit.page(session, wanted, page_number(request), ROWS_PER_PAGE)
        names = places.area_names(session, {row.row.area for row in found.rows})
        villages, tablets = village_names(request, session, found.rows), tablets_named(session, county)
        actors, verbs = audit.actors(session, county), audit.verbs(session, county)
    return render(
        request,
        "access/audit.html",
        page=found,
        wanted=wanted,
        areas=names,
        actors=actors,
        verbs=verbs,
        verb_names=VERBS,
        page_of=partial(page_of, person=person),
        named=partial(named, villages),
        tablet_of=partial(_tablet_of, tablets),
        export=with_query(f"/audit.xlsx?{request.url.query}", page=None),
        breadcrumbs=[(translate(request_language(request), N_("操作日志")), None)],
    )


@router.get("/audit.xlsx")
def audit_sheet(request: Request, person: Viewer) -> Response:
    wanted, lang, places = _wanted(request, person), request_language(request), request.app.state.places
    with read(request.app.state.engine) as session:
        areas = places.area_names(session, audit.areas(session, wanted))
        villages = village_names(request, session, audit.every(session, wanted))
        tablets = tablets_named(session, wanted.county)
        return download(
            request, _columns(lang, areas, villages, tablets), audit.every(session, wanted), title=N_("操作日志"),
            of=places.area_name(session, wanted.area), held_to=_held_to(session, wanted, lang),
        )  # fmt: skip


def _held_to(session: Session, wanted: AuditFilter, lang: Language) -> list[str]:
    """The filters in force, in words; the area stands in the title."""
    given = {
        N_("人员"): dict(audit.actors(session, wanted.county)).get(wanted.person, wanted.person),
        N_("操作"): translate(lang, VERBS.get(wanted.verb, wanted.verb)),
        N_("对象"): wanted.subject,
        N_("自"): wanted.since.isoformat() if wanted.since else "",
        N_("至"): wanted.until.isoformat() if wanted.until else "",
    }
    return [labelled(lang, title, value) for title, value in given.items() if value]


def _columns(
    lang: Language, areas: Mapping[str, str], villages: Mapping[str, str], tablets: Mapping[str, str]
) -> list[SheetColumn]:
    def detail(line: AuditLine) -> str:
        said = {label: named(villages, value).rstrip("。；") for label, value in line.row.detail.items()}
        return "；".join(labelled(lang, label, value) for label, value in said.items())

    return [
        SheetColumn(translate(lang, N_("时间")), lambda line: line.row.at, "moment", 17),
        SheetColumn(translate(lang, N_("人员")), lambda line: translate(lang, line.actor)),
        SheetColumn(
            translate(lang, N_("操作")),
            lambda line: translate(lang, VERBS.get(line.row.verb, line.row.verb)), width=20,
        ),
        SheetColumn(translate(lang, N_("区域")), lambda line: areas.get(line.row.area, line.row.area), width=20),
        SheetColumn(translate(lang, N_("内容")), detail, width=60),
        SheetColumn(translate(lang, N_("平板")), lambda line: tablets.get(line.row.subject, ""), width=20),
        SheetColumn(translate(lang, N_("对象")), lambda line: line.row.subject, width=44),
    ]  # fmt: skip
