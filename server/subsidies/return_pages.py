"""Pages of return files: taking one in, the rows that match nothing, and the files as they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from server.access.session import holding, require
from server.access.tables import Person
from server.database import read, write
from server.subsidies import asking, batch_pages, exports, return_file, return_views, returns, settling
from server.subsidies.batch_rows import FAULT, log
from server.subsidies.returns import FileRefused, ReturnFile, TakenIn
from server.subsidies.tables import BatchRow, ReturnFileRow
from server.web import (
    N_,
    Problem,
    download,
    page_number,
    problem,
    render,
    request_language,
    translate,
    with_query,
)
from server.web.downloads import attachment
from server.web.listing import ROWS_PER_PAGE
from server.web.sheet_cells import FILE_BYTES_MAX, Fault

Viewer = Annotated[Person, Depends(holding("finance.view"))]
Importer = Annotated[Person, Depends(holding("return_file.import"))]
Settler = Annotated[Person, Depends(holding(settling.VERB))]
Exporter = Annotated[Person, Depends(holding("bank_file.export"))]
Text = Annotated[str, Form(max_length=2000)]

router = APIRouter(include_in_schema=False)


@router.post("/finance/batches/{county}/{identity}/return-file")
async def import_file(
    request: Request, person: Importer, county: str, identity: str, file: UploadFile | None = None
) -> Response:
    """Reads a file first, and only then holds the batch: reading ten thousand rows keeps nobody waiting."""
    content = await file.read(FILE_BYTES_MAX + 1) if file is not None else b""
    name = (file.filename or "") if file is not None else ""
    return await run_in_threadpool(_take_in, request, person, county, identity, name[:200], content)


def _take_in(
    request: Request, person: Person, county: str, identity: str, name: str, content: bytes
) -> Response:
    try:
        made = _read(request, name, content)
        with write(request.app.state.engine) as session:
            row = session.get(BatchRow, (county, identity))
            if row is None:
                raise problem("not_found")
            require(person, "return_file.import", row.area)
            _check_batch(made[1], row)
            taken = returns.take_in(session, county, identity, made[0], asking.by(request, person))
    except FileRefused as fault:
        return batch_pages.shown(request, person, county, identity, fault, faults=fault.faults)
    except Problem as fault:
        return batch_pages.shown(request, person, county, identity, fault.only(FAULT))
    return RedirectResponse(_brought(county, identity, taken), status_code=303)


def _read(request: Request, name: str, content: bytes) -> tuple[ReturnFile, str]:
    """The file as read, and the batch it says it is for. Raises FileRefused."""
    lang = request_language(request)
    if not content:
        raise FileRefused([translate(lang, N_("没有选文件，或文件是空的。"))])
    if len(content) > FILE_BYTES_MAX:
        raise FileRefused([translate(lang, N_("文件超过 10 MB。"))])
    found = return_file.read(name, content)
    if found.faults:
        raise FileRefused([_said(each, lambda text: translate(lang, text)) for each in found.faults])
    return ReturnFile(name, content, found.rows, (), found.stated_n, found.stated_fen), found.stated_batch


def _said(fault: Fault, say: Callable[[str], str]) -> str:
    value = f"“{fault.value}”" if fault.value else ""
    return f"{fault.where(say) if fault.at else ''}{value} {fault.what(say)} {fault.to_do(say)}".strip()


def _check_batch(stated: str, row: BatchRow) -> None:
    """A file that names another batch is not this one's, whatever its rows say."""
    digits = "".join(sign for sign in stated if sign.isdigit())
    if digits and int(digits) != row.number:
        raise FileRefused([f"文件写明是第 {int(digits)} 批的，这里是第 {row.number} 批。"])


def _brought(county: str, identity: str, taken: TakenIn) -> str:
    """Where to go on, with what the file brought."""
    what = "same_file" if taken.same_file else "nothing_new" if taken.changed_nothing else "imported"
    return with_query(
        f"/finance/batches/{county}/{identity}", done=what, credited=taken.credited_n,
        returned=taken.returned_n, waiting=taken.waiting_n, repeated=taken.repeated_n,
    ) + "#returns"  # fmt: skip


@router.get("/finance/returns")
def waiting_list(request: Request, person: Viewer) -> Response:
    """Rows that match nothing, of the whole county or of one batch: those that wait, or those dealt with."""
    return _list(request, person)


def _asked(request: Request, person: Person) -> dict[str, Any]:
    county = asking.county_of(request)
    batch = request.query_params.get("batch", "")
    return {"county": county, "batch": batch, "settled": request.query_params.get("show") == "settled"}


def _list(
    request: Request, person: Person, fault: Problem | None = None, reason: str = "", batch: str = ""
) -> Response:
    asked = _asked(request, person)
    asked["batch"] = batch or asked["batch"]
    with read(request.app.state.engine) as session:
        row = session.get(BatchRow, (asked["county"], asked["batch"])) if asked["batch"] else None
        if asked["batch"] and row is None:
            raise problem("not_found")
        require(person, "finance.view", row.area if row else asked["county"])
        found = return_views.waiting_rows(
            session, asked["county"], batch=asked["batch"], settled=asked["settled"],
            number=page_number(request), size=ROWS_PER_PAGE,
        )  # fmt: skip
        fault_lines = asking.told_fault(request, session, fault)
    lang = request_language(request)
    return render(
        request,
        "subsidies/returns.html",
        page=found,
        batch=row,
        settled=asked["settled"],
        hows=settling.HOWS,
        bookable=settling.BOOKABLE,
        fault=fault,
        fault_lines=fault_lines,
        reason=reason,
        done=request.query_params.get("done", ""),
        breadcrumbs=[
            (translate(lang, N_("补贴")), "/finance"),
            *([(batch_pages.named(request, row), f"/finance/batches/{row.county}/{row.id}")] if row else []),
            (translate(lang, N_("对不上的回盘行")), None),
        ],
        **asking.LABELS,
    )


@router.get("/finance/returns.xlsx")
def waiting_sheet(request: Request, person: Viewer) -> Response:
    lang, asked = request_language(request), _asked(request, person)
    with read(request.app.state.engine) as session:
        row = session.get(BatchRow, (asked["county"], asked["batch"])) if asked["batch"] else None
        require(person, "finance.view", row.area if row else asked["county"])
        found = return_views.waiting_rows(
            session, asked["county"], batch=asked["batch"], settled=asked["settled"], size=1_000_000
        )
        of = batch_pages.named(request, row) if row else ""
        return download(request, exports.waiting_columns(lang), found.rows, title=N_("对不上的回盘行"), of=of)


@router.post("/finance/batches/{county}/{identity}/settle")
async def settle(
    request: Request, person: Settler, county: str, identity: str, how: Text = "", reason: Text = "",
    back: Text = "",
) -> Response:  # fmt: skip
    """Deals with the rows ticked, all in one way and for one reason."""
    form = await request.form()
    places = [_place(str(each)) for each in form.getlist("row")]
    here = back == "returns"
    try:
        with write(request.app.state.engine) as session:
            row = session.get(BatchRow, (county, identity))
            if row is None:
                raise problem("not_found")
            require(person, settling.VERB, row.area)
            settling.settle(
                session, county, identity, places, how=how, reason=reason, by=asking.by(request, person)
            )
    except Problem as fault:
        shown = fault.only(FAULT)
        if here:
            return _list(request, person, shown, reason, batch=identity)
        return batch_pages.shown(request, person, county, identity, shown, reason)
    if here:
        return RedirectResponse(f"/finance/returns?batch={identity}&done=settled", status_code=303)
    return batch_pages.done(county, identity, "settled")


def _place(text: str) -> tuple[str, int]:
    file, _, number = text.rpartition("/")
    return file, int(number) if number.isascii() and number.isdigit() and len(number) < 9 else -1


@router.post("/finance/batches/{county}/{identity}/return-file/{file}")
def kept_file(request: Request, person: Exporter, county: str, identity: str, file: str) -> Response:
    """A return file as it came, whole accounts and all; that it was taken away stands in the log."""
    with write(request.app.state.engine) as session:
        batch = batch_pages.opened(request, session, person, county, identity, "bank_file.export")
        found = session.get(ReturnFileRow, (county, file))
        if found is None or found.batch != identity:
            raise problem("not_found")
        said = exports.file_said(found.name, found.content)
        log(session, batch.row, "bank_file.export", asking.by(request, person), said)
        return attachment(found.content, found.name, "application/octet-stream")
