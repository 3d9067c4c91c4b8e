"""Uploading a file of divisions: choose, look at every fault or at what would change, confirm.

Between looking and confirming the file travels in the page itself, packed, so that nothing is left lying on
the server and any process may answer; it is read and checked again before it is written.
"""

from __future__ import annotations

import base64
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from server.access.rules import areas_of
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read, write
from server.registry import division_import, vocabulary
from server.registry.actions import DivisionFault
from server.registry.division_changes import Preview
from server.registry.division_file import COLUMNS, Issue
from server.registry.division_import import Wanted
from server.web import N_, Problem, render, request_language, translate

Importer = Annotated[Person, Depends(holding("division.import"))]
Text = Annotated[str, Form(max_length=500)]
Packed = Annotated[str, Form(max_length=1_000_000)]
UPLOAD_BYTES_MAX: Final = 20_000_000
# As much as one field of a form may carry; all of a province's villages need a quarter of it.
PACKED_CHARS_MAX: Final = 1_000_000
EDITION: Final = re.compile(r"(19|20)\d\d")
ISSUES_SHOWN: Final = 1000
CHANGES_SHOWN: Final = 500

router = APIRouter(include_in_schema=False)


def _wanted(request: Request, person: Person, data: bytes, edition: str, name: str) -> Wanted:
    county = county_of(request)
    require(person, "division.import", county)
    return Wanted(data, edition.strip(), name, areas_of(person, "division.import", county))


def _page(
    request: Request, *, status: int | None = None, edition: str = "", name: str = "", preview: Preview | None = None,
    packed: str = "", issues: Sequence[Issue] = (), fault: Problem | None = None,
) -> Response:  # fmt: skip
    lang = request_language(request)
    given: dict[str, Any] = {
        "edition": edition, "name": name, "preview": preview, "packed": packed, "issues": issues, "fault": fault,
        "issues_shown": ISSUES_SHOWN, "changes_shown": CHANGES_SHOWN, "columns": COLUMNS,
        "levels": vocabulary.LEVEL_NAMES,
        "breadcrumbs": [(translate(lang, N_("区划")), "/divisions"), (translate(lang, N_("导入区划")), None)],
    }  # fmt: skip
    return render(request, "registry/division_import.html", status, **given)


@router.get("/divisions/import")
def import_page(request: Request, person: Importer) -> Response:
    require(person, "division.import", county_of(request))
    return _page(request)


@router.post("/divisions/check")
def check(request: Request, person: Importer, file: UploadFile, edition: Text = "") -> Response:
    """Every fault of the file, or what it would change; nothing is written."""
    name = PurePath(file.filename or "").name[:100]
    data = file.file.read(UPLOAD_BYTES_MAX + 1)
    wanted = _wanted(request, person, data, edition, name)
    if fault := _unfit(wanted):
        return _page(request, status=422, edition=edition, fault=fault)
    return _looked_at(request, wanted)


def _unfit(wanted: Wanted) -> Problem | None:
    """What is wrong before the file is even read."""
    if not EDITION.fullmatch(wanted.edition):
        return Problem("edition", 422, N_("没有写明版本。"), N_("请填年份，例如 2023。"))
    if not wanted.data:
        return Problem("no_file", 422, N_("没有选择文件，或文件是空的。"), N_("请选择区划代码表（CSV）。"))
    if len(wanted.data) > UPLOAD_BYTES_MAX or len(_packed(wanted.data)) > PACKED_CHARS_MAX:
        return Problem("too_large", 422, N_("文件太大，不能在网页上导入。"), N_("请按市或县拆分后分别导入。"))
    return None


def _looked_at(request: Request, wanted: Wanted, fault: Problem | None = None) -> Response:
    shown = partial(_page, request, edition=wanted.edition, name=wanted.name, fault=fault)
    try:
        with read(request.app.state.engine) as session:
            found = division_import.preview(session, wanted)
    except DivisionFault as faults:
        return shown(status=422, issues=faults.issues)
    return shown(preview=found, packed=_packed(wanted.data))


def _packed(data: bytes) -> str:
    small = data if data[:2] == b"\x1f\x8b" else gzip.compress(data, mtime=0)
    return base64.b64encode(small).decode()


@router.post("/divisions/import")
def import_divisions(
    request: Request,
    person: Importer,
    content: Packed = "",
    edition: Text = "",
    name: Text = "",
    seen: Text = "",
) -> Response:
    """Writes what was looked at; shows it again where the register has changed since."""
    wanted = _wanted(request, person, _unpacked(content), edition, name[:100])
    if fault := _unfit(wanted):
        return _page(request, status=422, edition=edition, fault=fault)
    county, now = county_of(request), request.app.state.clock()
    try:
        with write(request.app.state.engine) as session:
            found = division_import.take(session, wanted, seen=seen, person=person.id, county=county, now=now)
    except DivisionFault as faults:
        return _page(request, status=422, edition=edition, name=wanted.name, issues=faults.issues)
    except Problem as refused:
        return _looked_at(request, wanted, refused.only(division_import.CHANGED))
    return RedirectResponse(f"/divisions?imported={found.added}-{found.altered}", status_code=303)


def _unpacked(content: str) -> bytes:
    """The file out of the page; what is no such thing is no file."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(base64.b64decode(content, validate=True))) as packed:
            return packed.read(UPLOAD_BYTES_MAX + 1)
    except (ValueError, OSError, EOFError, zlib.error):
        return b""
