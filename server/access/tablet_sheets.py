"""The lists of tablets as spreadsheets: the tablets, the enrolment codes, and the villages of one tablet.

Apart from `tablet_pages` because a sheet shows every row, with codes and ids that a page has no room for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from server.access import enrolment, rules, views
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.access.tablet_state import WORDS, stated_forms
from server.access.views import CodeLine, HeldVillage, TabletLine
from server.database import read
from server.web import N_, SheetColumn, download, problem, request_language, translate
from server.web.language import Language
from server.web.sheets import Kind

Viewer = Annotated[Person, Depends(holding("tablet.view"))]
Enroller = Annotated[Person, Depends(holding("tablet.enrol"))]

router = APIRouter(include_in_schema=False)


def form_titles(request: Request) -> dict[str, str]:
    """Released form → its title in the reader's language."""
    titles: dict[str, str] = request.app.state.form_titles()(request_language(request))
    return titles


def newest_forms(request: Request) -> dict[str, str]:
    """Released form → its newest version, as the application knows them now."""
    newest: dict[str, str] = request.app.state.newest_forms()
    return newest


def area_asked(request: Request, person: Person, asked: str) -> str:
    """The area a list is held to: the one asked for, else the person's own; empty for the whole county.

    Raises Refused.
    """
    county = county_of(request)
    area = asked or rules.areas_of(person, "tablet.view", county)[0]
    require(person, "tablet.view", area)
    return "" if area == county else area


def may_see(session: Session, person: Person, county: str, device: str) -> None:
    """A tablet belongs to the areas of its villages; one that never held any, to the county. Raises Refused."""
    villages = sorted(enrolment.ever_held(session, county=county, device=device))
    if not any(rules.may(person, "tablet.view", code) for code in villages):
        require(person, "tablet.view", villages[0] if villages else county)


def _column(lang: Language, title: str, value: Callable[[Any], object], kind: Kind = "text") -> SheetColumn:
    return SheetColumn(translate(lang, title), value, kind, 18)


# --- tablets -----------------------------------------------------------------------------------------------------


@router.get("/tablets.xlsx")
def tablets_sheet(request: Request, person: Viewer, area: str = "", show: str = "") -> Response:
    lang, now = request_language(request), request.app.state.clock()
    held_to = area_asked(request, person, area)
    with read(request.app.state.engine) as session:
        newest = newest_forms(request)
        found = views.tablets(session, county=county_of(request), newest=newest, now=now, area=held_to)
        name = request.app.state.places.area_name(session, held_to) if held_to else ""
    held = [translate(lang, WORDS[concern]) for concern in WORDS if concern == show]
    rows = views.shown(found, show)
    return download(
        request, _tablet_columns(lang, form_titles(request)), rows, title=N_("平板"), of=name, held_to=held
    )


def _tablet_columns(lang: Language, titles: Mapping[str, str]) -> Sequence[SheetColumn]:
    return (
        _column(lang, N_("平板"), lambda line: line.tablet.called),
        _column(lang, N_("使用人"), lambda line: line.person_name),
        _column(lang, N_("最近联系"), lambda line: line.tablet.last_contact_at, "moment"),
        _column(lang, N_("待上传记录"), lambda line: _reported(line, line.tablet.waiting), "integer"),
        _column(lang, N_("待上传照片"), lambda line: _reported(line, line.tablet.photos_waiting), "integer"),
        _column(lang, N_("村数"), lambda line: line.villages_n, "integer"),
        _column(lang, N_("程序版本"), lambda line: line.tablet.app_version),
        SheetColumn(translate(lang, N_("表单版本")), lambda line: _forms(titles, line), width=40),
        _column(lang, N_("时钟偏差（秒）"), lambda line: line.tablet.clock_offset_s, "integer"),
        _column(lang, N_("剩余空间（MB）"), _free_megabytes, "integer"),
        _column(lang, N_("状态"), lambda line: "、".join(translate(lang, word) for word in _states(line))),
        SheetColumn(translate(lang, N_("编号")), lambda line: line.tablet.device, width=38),
    )


def _forms(titles: Mapping[str, str], line: TabletLine) -> str:
    stated = stated_forms(line.tablet.forms)
    return "、".join(f"{titles.get(form, form)} {version}" for form, version in stated)


def _reported(line: TabletLine, n: int) -> int | None:
    """Empty where nobody knows: what a revoked tablet recorded after its last word is in its rescue file."""
    return None if line.tablet.revoked_at is not None and not n else n


def _free_megabytes(line: TabletLine) -> int | None:
    free = line.tablet.free_bytes
    return None if free is None else free // 1_000_000


def _states(line: TabletLine) -> list[str]:
    return [WORDS[concern] for concern in line.concerns] or [N_("在用")]


# --- enrolment codes ---------------------------------------------------------------------------------------------


@router.get("/tablets/codes.xlsx")
def codes_sheet(request: Request, person: Enroller) -> Response:
    """Every enrolment code there ever was; the codes themselves are known to nobody any more."""
    county, lang = county_of(request), request_language(request)
    require(person, "tablet.enrol", county)
    with read(request.app.state.engine) as session:
        rows = views.codes(session, county=county, now=request.app.state.clock(), limit=None)
        named = {code for line in rows for code in line.villages}
        places = request.app.state.places.villages(session, county, named)
    names = {place.code: place.name for place in places}
    return download(request, _code_columns(lang, names), rows, title=N_("登记码"))


def _code_columns(lang: Language, names: dict[str, str]) -> Sequence[SheetColumn]:
    def villages(line: CodeLine) -> str:
        return "、".join(names.get(code, code) for code in line.villages)

    return (
        _column(lang, N_("使用人"), lambda line: line.person_name),
        _column(lang, N_("村数"), lambda line: line.villages_n, "integer"),
        SheetColumn(translate(lang, N_("村")), villages, width=60),
        _column(lang, N_("生成人"), lambda line: line.made_by_name),
        _column(lang, N_("生成时间"), lambda line: line.made_at, "moment"),
        _column(lang, N_("有效至"), lambda line: line.expires_at, "moment"),
        _column(lang, N_("状态"), lambda line: translate(lang, _code_state(line))),
        _column(lang, N_("使用时间"), lambda line: line.used_at, "moment"),
    )


def _code_state(line: CodeLine) -> str:
    if line.used_at:
        return N_("已使用")
    return N_("已过期") if line.expired else N_("未使用")


# --- one tablet's villages -----------------------------------------------------------------------------------------


@router.get("/tablets/{device}/villages.xlsx")
def villages_sheet(request: Request, person: Viewer, device: str) -> Response:
    """Every village the tablet holds or has held, and since when."""
    county, lang = county_of(request), request_language(request)
    with read(request.app.state.engine) as session:
        now = request.app.state.clock()
        line = views.tablet(session, county=county, device=device, newest=newest_forms(request), now=now)
        if line is None:
            raise problem("not_found")
        may_see(session, person, county, device)
        places = request.app.state.places.villages(session, county, None)
        rows = views.assignments(session, county=county, device=device, places=places)
    name = line.tablet.called
    return download(request, _village_columns(lang), rows, title=N_("平板负责的村"), of=name)


def _village_columns(lang: Language) -> Sequence[SheetColumn]:
    def state(village: HeldVillage) -> str:
        return translate(lang, N_("以前负责") if village.until_at else N_("现在负责"))

    return (
        _column(lang, N_("村代码"), lambda village: village.code),
        _column(lang, N_("乡镇"), lambda village: village.township_name),
        _column(lang, N_("村"), lambda village: village.name),
        _column(lang, N_("状态"), state),
        _column(lang, N_("自"), lambda village: village.from_at, "moment"),
        _column(lang, N_("至"), lambda village: village.until_at, "moment"),
    )
