"""Pages of the subsidy schedules (补贴标准): what is released, one document in plain words, and releasing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Request, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse, Response

from server.access.rules import may
from server.access.session import holding, require
from server.access.tables import Person
from server.access.views import names
from server.database import read, write
from server.programme.document import DocumentFault, Fault
from server.subsidies import asking, schedules
from server.subsidies.reasons import STATES
from server.subsidies.schedule import Schedule, in_force, schedule_of
from server.subsidies.schedule_words import words
from server.subsidies.tables import ScheduleRow
from server.web import N_, SheetColumn, download, problem, render, request_language, translate
from server.web.sheets import Kind

Viewer = Annotated[Person, Depends(holding("schedule.view"))]
Releaser = Annotated[Person, Depends(holding("schedule.release"))]
DOCUMENT_BYTES_MAX: Final = 1_000_000

router = APIRouter(include_in_schema=False)
Identity = tuple[str, str]


class _Released(NamedTuple):
    """What was released, by whom, the documents by id and version, and which of them are in force."""

    rows: Sequence[ScheduleRow]
    people: dict[str, str]
    documents: dict[Identity, Schedule]
    current: set[Identity]


@router.get("/finance/schedules")
def schedule_list(request: Request, person: Viewer) -> Response:
    return _list(request, person)


def _list(request: Request, person: Person, faults: tuple[Fault, ...] = (), name: str = "") -> Response:
    county = asking.county_of(request)
    require(person, "schedule.view", county)
    rows, people, documents, current = _released(request, county)
    return render(
        request,
        "subsidies/schedules.html",
        status=422 if faults else 200,
        rows=rows,
        documents=documents,
        current=current,
        whole={(row.id, row.version): schedules.is_whole(row) for row in rows},
        people=people,
        faults=faults,
        name=name,
        may_release=may(person, "schedule.release", county),
        done=request.query_params.get("done", ""),
        breadcrumbs=[(translate(request_language(request), N_("补贴标准")), None)],
    )


def _released(request: Request, county: str) -> _Released:
    with read(request.app.state.engine) as session:
        rows = schedules.rows(session, county)
        people = names(session, {row.released_by for row in rows})
    documents = {(row.id, row.version): schedule_of(row.document) for row in rows}
    current = {(each.id, each.version) for each in in_force(documents.values())}
    return _Released(rows, people, documents, current)


@router.get("/finance/schedules.xlsx")
def schedule_sheet(request: Request, person: Viewer) -> Response:
    """Every released schedule, the superseded ones too."""
    county, lang = asking.county_of(request), request_language(request)
    require(person, "schedule.view", county)
    rows, people, documents, current = _released(request, county)

    def state(row: ScheduleRow) -> str:
        if not schedules.is_whole(row):
            return translate(lang, N_("内容与发布时不同"))
        return translate(lang, N_("现行") if (row.id, row.version) in current else N_("已被取代"))

    def column(
        title: str, value: Callable[[ScheduleRow], object], width: int = 14, kind: Kind = "text"
    ) -> SheetColumn:
        return SheetColumn(translate(lang, title), value, kind, width)

    columns = [
        column(N_("标准"), lambda row: documents[row.id, row.version].title[lang], 44),
        column(N_("代码"), lambda row: row.id, 24),
        column(N_("版本"), lambda row: row.version, 9),
        column(N_("验收自"), lambda row: documents[row.id, row.version].effective_from, 12, "date"),
        column(N_("验收至"), lambda row: documents[row.id, row.version].effective_to, 12, "date"),
        column(N_("状态"), state),
        column(
            N_("发布人"), lambda row: people.get(row.released_by, "") or translate(lang, N_("随程序附带"))
        ),
        column(N_("发布时间"), lambda row: row.released_at, 17, "moment"),
        column("SHA-256", lambda row: row.sha256, 66),
    ]
    return download(request, columns, rows, title=N_("补贴标准"))


def _row(request: Request, identity: str, version: str) -> tuple[ScheduleRow, dict[str, str]]:
    county = asking.county_of(request)
    with read(request.app.state.engine) as session:
        row = session.get(ScheduleRow, (county, identity, version))
        if row is None:
            raise problem("not_found")
        return row, names(session, {row.released_by})


@router.get("/finance/schedules/{identity}/{version}")
def schedule_page(request: Request, person: Viewer, identity: str, version: str) -> Response:
    """One document in plain words, whole."""
    row, people = _row(request, identity, version)
    require(person, "schedule.view", row.county)
    schedule, lang = schedule_of(row.document), request_language(request)
    counties = {
        code: name for tier in row.document["tiers"].values() for code, name in tier["counties"].items()
    }
    return render(
        request,
        "subsidies/schedule.html",
        row=row,
        people=people,
        schedule=schedule,
        said=words(schedule, counties, lang),
        whole=schedules.is_whole(row),
        counted_by=STATES[schedule.year_of][0 if lang == "zh" else 1],
        breadcrumbs=[
            (translate(lang, N_("补贴标准")), "/finance/schedules"),
            (schedule.title[lang], None),
        ],
    )


@router.get("/finance/schedules/{identity}/{version}/document")
def schedule_document(request: Request, person: Viewer, identity: str, version: str) -> Response:
    """The document itself, as it was released."""
    row, _ = _row(request, identity, version)
    require(person, "schedule.view", row.county)
    name = f"{row.id}-{row.version}.json"
    return JSONResponse(row.document, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("/finance/schedules/release")
def release_schedule(request: Request, person: Releaser, document: UploadFile) -> Response:
    """Releases a document; refused with every fault, on the page it came from."""
    county = asking.county_of(request)
    require(person, "schedule.release", county)
    data = document.file.read(DOCUMENT_BYTES_MAX + 1)
    name = (document.filename or "")[:100]
    try:
        if len(data) > DOCUMENT_BYTES_MAX:
            raise DocumentFault((Fault("", name, "文件超过 1 MB，不像是补贴标准。", "请确认选对了文件。"),))
        with write(request.app.state.engine) as session:
            now = request.app.state.clock()
            made = schedules.release(session, county=county, document=data, person=person.id, now=now)
    except DocumentFault as refused:
        return _list(request, person, refused.faults, name)
    return RedirectResponse(f"/finance/schedules?done={made.id}@{made.version}", status_code=303)
