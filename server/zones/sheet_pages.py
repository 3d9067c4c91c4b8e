"""The zones' lists as spreadsheets: each holds exactly what its page shows, all rows of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from server.database import read
from server.inspections.exports import problem_columns
from server.inspections.pages import today_of
from server.inspections.views import lines as problem_lines
from server.registry import divisions
from server.web import N_, download, request_language, translate
from server.zones import checklist, exports, views
from server.zones.asked import SHOWS, SignedIn, area_of, file_of, stoves_of
from server.zones.reach import reach
from server.zones.room import room

router = APIRouter(include_in_schema=False)


@router.get("/zones.xlsx")
def zone_sheet(request: Request, person: SignedIn) -> Response:
    area, lang = area_of(request, person), request_language(request)
    with read(request.app.state.engine) as session:
        rows, name = views.zones(session, area, today_of(request)), divisions.area_name(session, area)
        return download(request, exports.zone_columns(lang), rows, title=N_("禁煤区"), of=name)


@router.get("/zones/unzoned.xlsx")
def unzoned_sheet(request: Request, person: SignedIn) -> Response:
    area, lang = area_of(request, person), request_language(request)
    with read(request.app.state.engine) as session:
        found, name = reach(session, area, today_of(request)), divisions.area_name(session, area)
    rows = [*found.converted, *found.nearly]
    return download(request, exports.reach_columns(lang), rows, title=N_("已改造、未划入禁煤区的村"), of=name)


@router.get("/zones/{county}/{identity}/checklist.xlsx")
def checklist_sheet(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    """The conditions of a version as they stand now, and how many homes are in the way of each."""
    today, lang = today_of(request), request_language(request)
    with read(request.app.state.engine) as session:
        file = file_of(request, person, session, county, identity)
        found = views.readiness(session, file.shown, today, room(request).unpaid)
    codes = [village.code for village in file.villages]
    rows = checklist.lines_of(file.shown, codes, found)
    return download(
        request, exports.checklist_columns(lang), rows, title=N_("划定条件"), of=file.shown.name,
        held_to=[translate(lang, N_("第 {n} 版"), n=file.shown.number)],
    )  # fmt: skip


@router.get("/zones/{county}/{identity}/left-out.xlsx")
def left_out_sheet(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    """The households left out of a version, with the reason of each."""
    lang = request_language(request)
    with read(request.app.state.engine) as session:
        file = file_of(request, person, session, county, identity)
    return download(
        request, exports.left_out_columns(lang, file.people), file.left_out, title=N_("划出的住户"),
        of=file.shown.name, held_to=[translate(lang, N_("第 {n} 版"), n=file.shown.number)],
    )  # fmt: skip


@router.get("/zones/{county}/{identity}/problems.xlsx")
def problem_sheet(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    with read(request.app.state.engine) as session:
        file = file_of(request, person, session, county, identity)
        rows = problem_lines(session, views.open_problems(session, file.shown), today_of(request))
    return download(
        request,
        problem_columns(request_language(request)),
        rows,
        title=N_("未销号的问题"),
        of=file.shown.name,
    )


@router.get("/zones/{county}/{identity}/stoves.xlsx")
def stove_sheet(request: Request, person: SignedIn, county: str, identity: str) -> Response:
    file, show, found = stoves_of(request, person, county, identity)
    lang = request_language(request)
    names = {village.code: village.name for village in file.villages}
    return download(
        request, exports.stove_columns(lang, names), found, title=N_("旧炉具清单"),
        of=file.shown.name, held_to=[translate(lang, SHOWS[show])],
    )  # fmt: skip
