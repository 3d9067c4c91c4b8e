"""The log of acts: who did what, where and when, for whoever has to answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from server.access import audit, rules
from server.access.audit import AuditFilter, AuditLine
from server.access.roles import VERBS
from server.access.session import holding, require
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
# What a log line was about leads to its page, where there is one.
PAGES_OF: Final = {
    "person": "/people/{id}",
    "tablet": "/tablets/{id}",
    "household": "/households/{id}",
    "problem": "/problems/{county}/{id}",
    "zone": "/zones/{county}/{id}",
    "schedule": "/finance/schedules/{id}",
    "decisions": "/finance/decisions?show=decided",
}
Viewer = Annotated[Person, Depends(holding("audit.view"))]

router = APIRouter(include_in_schema=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wanted(request: Request, person: Person) -> AuditFilter:
    county, query = str(request.app.state.settings.county), request.query_params
    area = query.get("area", "") or rules.areas_of(person, "audit.view", county)[0]
    require(person, "audit.view", area)
    return AuditFilter(
        county, area, query.get("person", "")[:64], query.get("verb", "") if query.get("verb", "") in VERBS else "",
        query.get("subject", "")[:200], _day(query.get("since", "")), _day(query.get("until", "")),
    )  # fmt: skip


def page_of(line: AuditLine) -> str | None:
    """The address of the page about what a log line was done to; None where there is none."""
    kind, _, identity = line.row.subject.partition("/")
    return PAGES_OF[kind].format(id=identity, county=line.row.county) if kind in PAGES_OF else None


@router.get("/audit")
def audit_list(request: Request, person: Viewer) -> Response:
    wanted, county, places = (
        _wanted(request, person),
        request.app.state.settings.county,
        request.app.state.places,
    )
    with read(request.app.state.engine) as session:
        found = audit.page(session, wanted, page_number(request), ROWS_PER_PAGE)
        names = {row.row.area: places.area_name(session, row.row.area) for row in found.rows}
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
        page_of=page_of,
        export=with_query(f"/audit.xlsx?{request.url.query}", page=None),
        breadcrumbs=[(translate(request_language(request), N_("操作日志")), None)],
    )


@router.get("/audit.xlsx")
def audit_sheet(request: Request, person: Viewer) -> Response:
    wanted, lang, places = _wanted(request, person), request_language(request), request.app.state.places
    with read(request.app.state.engine) as session:
        codes = {line.row.area for line in audit.every(session, wanted)}
        areas = {code: places.area_name(session, code) for code in codes}
        return download(
            request, _columns(lang, areas), audit.every(session, wanted), title=N_("操作日志"),
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


def _columns(lang: Language, areas: Mapping[str, str]) -> list[SheetColumn]:
    def detail(line: AuditLine) -> str:
        said = {label: value.rstrip("。；") for label, value in line.row.detail.items()}
        return "；".join(labelled(lang, label, value) for label, value in said.items())

    return [
        SheetColumn(translate(lang, N_("时间")), lambda line: line.row.at, "moment", 17),
        SheetColumn(translate(lang, N_("人员")), lambda line: line.name or translate(lang, N_("服务器命令行"))),
        SheetColumn(
            translate(lang, N_("操作")),
            lambda line: translate(lang, VERBS.get(line.row.verb, line.row.verb)), width=20,
        ),
        SheetColumn(translate(lang, N_("区域")), lambda line: areas.get(line.row.area, line.row.area), width=20),
        SheetColumn(translate(lang, N_("内容")), detail, width=60),
        SheetColumn(translate(lang, N_("对象")), lambda line: line.row.subject, width=44),
    ]  # fmt: skip
