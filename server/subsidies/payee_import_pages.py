"""Pages of bringing in a list of payees: the form, what the list would change with every fault, and the confirmation.

A list is kept when it is uploaded and looked at again each time the page is opened; only whoever brought it may
confirm it, and only what they looked at.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePath
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import delete
from sqlmodel import Session, col

from server.access.rules import areas_of, may
from server.access.session import holding
from server.access.tables import Person
from server.database import read, write
from server.registry import divisions
from server.subsidies import asking, payee_list, payee_sheets, payee_views, payees
from server.subsidies.payee_list import Brought, Matched, Preview
from server.subsidies.payee_pages import LABELS
from server.subsidies.payee_views import PayeeFilter
from server.subsidies.payee_warnings import warnings
from server.subsidies.room import room
from server.subsidies.tables import PayeeListRow
from server.web import N_, problem, render, request_language, translate
from server.web.downloads import attachment
from server.web.figures import stamp
from server.web.sheet_cells import FILE_BYTES_MAX, Fault, fault
from server.web.sheets import MEDIA_TYPE

Importer = Annotated[Person, Depends(holding("payee.import"))]
FAULTS_SHOWN: Final = 200
ROWS_SHOWN: Final = 100
NAME_CHARS_MAX: Final = 100
# A list nobody confirmed holds accounts that nobody needs.
KEPT_UNCONFIRMED: Final = timedelta(days=1)

router = APIRouter(include_in_schema=False)


def _page(
    request: Request, person: Person, row: PayeeListRow | None = None, preview: Preview | None = None,
    faults: tuple[Fault, ...] = (), status: int = 200, odd: list[tuple[Matched, tuple[str, ...]]] | None = None,
) -> Response:  # fmt: skip
    county, lang = asking.county_of(request), request_language(request)
    with read(request.app.state.engine) as session:
        held = areas_of(person, "payee.import", county) or (county,)
        areas = asking.area_choices(session, person, "payee.import", held[0])
        lists = payee_views.imported(session, county) if len(held[0]) == 6 else []
        villages = divisions.names(
            session, {each.home.village for each in preview.matched} if preview else ()
        )
    return render(
        request,
        "subsidies/payee_import.html",
        status,
        list=row,
        preview=preview,
        faults=faults[:FAULTS_SHOWN],
        faults_n=len(faults),
        first=preview.having(payees.IN_FORCE) if preview else [],
        proposed=preview.having(payees.PROPOSED) if preview else [],
        same=preview.having("") if preview else [],
        odd=odd or [],
        shown=ROWS_SHOWN,
        areas=areas,
        villages=villages,
        lists=lists,
        say=lambda text: translate(lang, text),
        breadcrumbs=[
            (translate(lang, N_("补贴")), "/finance"), (translate(lang, N_("收款人")), "/finance/payees"),
            (translate(lang, N_("导入收款人")), None),
        ],
        **LABELS,
    )  # fmt: skip


@router.get("/finance/payees/import")
def import_form(request: Request, person: Importer) -> Response:
    return _page(request, person)


@router.get("/finance/payees/template.xlsx")
def template(request: Request, person: Importer, area: str = "") -> Response:
    """A list to fill in: the homes of an area that are owed something and have no payee."""
    area = asking.area_in(request, person, "payee.import", area)
    facts = request.app.state.shell.facts()
    with read(request.app.state.engine) as session:
        name = divisions.area_name(session, area)
        lines = payee_views.every(session, PayeeFilter(area, "missing"))
        content = payee_sheets.template(lines, name, synthetic=facts.synthetic)
    said = f"{name}-收款人名单-{stamp(request.app.state.clock())}.xlsx"
    return attachment(content, said, MEDIA_TYPE)


@router.post("/finance/payees/import")
def upload(request: Request, person: Importer, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """Keeps the list and leads to what it would change."""
    data = file.file.read(FILE_BYTES_MAX + 1) if file else b""
    name = PurePath((file.filename or "") if file else "").name[-NAME_CHARS_MAX:]
    if not data or len(data) > FILE_BYTES_MAX:
        message = N_("没有选择文件，文件是空的，或超过 10 MB。")
        return _page(request, person, faults=(fault("", message, N_("请选择填好的名单。")),), status=422)
    now, county, id = request.app.state.clock(), asking.county_of(request), request.app.state.new_id()
    brought = Brought(id, data, person.id, now, lambda village: may(person, "payee.import", village))
    with write(request.app.state.engine) as session:
        session.execute(
            delete(PayeeListRow).where(
                col(PayeeListRow.county) == county, col(PayeeListRow.imported_at).is_(None),
                col(PayeeListRow.read_at) < now - KEPT_UNCONFIRMED,
            )
        )  # fmt: skip
        session.add(
            PayeeListRow(
                county=county, id=id, name=name, sha256=brought.sha256, content=data, read_at=now, read_by=person.id
            )
        )  # fmt: skip
    return RedirectResponse(f"/finance/payees/import/{county}/{id}", status_code=303)


def _brought(session: Session, request: Request, person: Person, county: str, identity: str) -> PayeeListRow:
    row = session.get(PayeeListRow, (county, identity))
    if row is None or row.read_by != person.id:
        raise problem("not_found")
    return row


def _as_brought(request: Request, person: Person, row: PayeeListRow) -> Brought:
    return Brought(
        row.id, row.content, person.id, request.app.state.clock(),
        lambda village: may(person, "payee.import", village),
    )  # fmt: skip


@router.get("/finance/payees/import/{county}/{identity}")
def preview(request: Request, person: Importer, county: str, identity: str) -> Response:
    with read(request.app.state.engine) as session:
        row = _brought(session, request, person, county, identity)
        found = payee_list.look(session, county, _as_brought(request, person, row))
        odd = _odd(session, county, found)
    return _page(request, person, row, found, found.faults, 422 if found.faults else 200, odd)


def _odd(session: Session, county: str, found: Preview) -> list[tuple[Matched, tuple[str, ...]]]:
    """Rows with something worth a second look; an account that several homes of the list or the register share."""
    fresh = [each for each in found.matched if each.outcome.state]
    sharing: dict[str, set[str]] = {}
    for account, homes in payee_views.neighbours(
        session, county, {each.line.payee.account for each in fresh}
    ).items():
        sharing.setdefault(account, set()).update(home.id for home in homes)
    for each in found.matched:
        sharing.setdefault(each.line.payee.account, set()).add(each.home.id)
    odd = []
    for each in fresh:
        others = sharing[each.line.payee.account] - {each.home.id}
        said = warnings(each.line.payee, each.home.head_name, each.home.hardship, others)
        if said:
            odd.append((each, said))
    return odd


@router.post("/finance/payees/import/{county}/{identity}")
def confirm(
    request: Request,
    person: Importer,
    county: str,
    identity: str,
    seen: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Brings in the list as it was looked at, whole, with what tablets are told, in one transaction."""
    engine = request.app.state.engine
    with read(engine) as session:
        row = _brought(session, request, person, county, identity)
    brought = _as_brought(request, person, row).opened()
    with write(engine) as session:
        done = payee_list.bring_in(session, county, brought, seen)
        changed = [each.home.id for each in done.matched if each.outcome.state]
        room(request).tell(session, county, changed, brought.now)
    counts = {name: len(done.having(state)) for name, state in NAMED.items()}
    address = "&".join(f"{name}={n}" for name, n in counts.items())
    return RedirectResponse(f"/finance/payees?{address}", status_code=303)


NAMED: Final = {"first": payees.IN_FORCE, "proposed": payees.PROPOSED, "same": ""}
