"""Rescue files of lost tablets: brought, looked at, and taken into the journal once somebody has confirmed.

What a file holds is shown before anything happens: how many records, of which villages, whose, from when. A file that
cannot be opened is refused in words. The sealed file is kept, so the page can show at any later time what was in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access.holders import tablet_names
from server.access.rules import holds
from server.access.session import county_of, holding, require
from server.access.tables import SHORT_CHARS, Person, Rescue
from server.access.views import names
from server.database import read, write
from server.exchange import keyring, rescue, rescue_file, rescue_key, rescue_words, wording
from server.exchange.current import exchange_now, keyring_now
from server.exchange.photos import PhotoDesk
from server.exchange.rescue import Line
from server.exchange.rescue_file import Contents
from server.exchange.rescue_words import Words
from server.exchange.store import Exchange
from server.exchange.wording import OUTCOMES
from server.web import (
    N_,
    Problem,
    SheetColumn,
    download,
    problem,
    render,
    request_language,
    translate,
)
from server.web.language import Language
from server.web.sheets import Kind
from sync.codec import to_instant

FILE_BYTES_MAX: Final = 18_000_000
TABLETS: Final = "/tablets"

Renewer = Annotated[Person, Depends(holding("rescue_key.renew"))]
Importer = Annotated[Person, Depends(holding("rescue.import"))]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Brought:
    """A file in the list, with the names of its tablet and of those who brought and took it."""

    row: Rescue
    tablet: str
    read_by: str
    imported_by: str


@dataclass(frozen=True)
class Part:
    """What a file holds of one village: how many records by whom, and from when to when they were made."""

    village: str
    people: tuple[str, ...]
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Row:
    """A record or a draft in the sheet, all of it in words. `id`: a draft has none."""

    village: str
    home: str
    person: str
    form: str
    at: datetime | None
    outcome: str
    answers: str
    id: str


@router.get("/rescues")
def rescues(request: Request, person: Importer) -> Response:
    return _list(request, person)


def _list(request: Request, person: Person, refused: Problem | None = None) -> Response:
    county = county_of(request)
    require(person, "rescue.import", county)
    with read(request.app.state.engine) as session:
        rows = _brought(session, rescue.brought(session, county))
    keys = keyring_now(request.app.state)
    return render(
        request,
        "exchange/rescues.html",
        key=keys.id,
        old_keys_n=len(keys.private) - 1,
        key_file=request.app.state.settings.data / keyring.FILE,
        keys_given=bool(request.app.state.settings.county_keys),
        may_renew=holds(person, "rescue_key.renew"),
        renewed=request.query_params.get("renewed", ""),
        rows=rows,
        fault=refused,
        breadcrumbs=[(translate(request_language(request), N_("平板")), TABLETS), (_title(request), None)],
    )


def _title(request: Request) -> str:
    return translate(request_language(request), N_("救援文件"))


def _brought(session: Session, rows: Sequence[Rescue]) -> list[Brought]:
    people = names(session, {id for row in rows for id in (row.read_by, row.imported_by) if id})
    tablets = _tablet_names(session, rows)
    return [
        Brought(
            row,
            tablets[row.device],
            people.get(row.read_by, ""),
            people.get(row.imported_by or "", ""),
        )
        for row in rows
    ]


def _tablet_names(session: Session, rows: Sequence[Rescue]) -> dict[str, str]:
    """Device → what its tablet is called; the beginning of its id where it has no name. The rows are of one county."""
    known = tablet_names(session, rows[0].county) if rows else {}
    return {row.device: known.get(row.device, row.device[:SHORT_CHARS]) for row in rows}


@router.get("/rescues.xlsx")
def rescues_sheet(request: Request, person: Importer) -> Response:
    require(person, "rescue.import", county_of(request))
    with read(request.app.state.engine) as session:
        rows = _brought(session, rescue.brought(session, county_of(request)))
    lang = request_language(request)

    def column(title: str, value: str, kind: Kind = "text", width: int = 18) -> SheetColumn:
        return SheetColumn(translate(lang, title), lambda each: getattr(each.row, value), kind, width)

    columns = (
        SheetColumn(translate(lang, N_("平板")), lambda each: each.tablet, width=18),
        column(N_("文件名"), "name", width=40),
        column(N_("写出时间"), "made_at", "moment"),
        column(N_("记录"), "submissions_n", "integer"),
        column(N_("草稿"), "drafts_n", "integer"),
        column(N_("照片"), "photos_n", "integer"),
        column(N_("交来时间"), "read_at", "moment"),
        SheetColumn(translate(lang, N_("交来人")), lambda each: each.read_by),
        column(N_("导入时间"), "imported_at", "moment"),
        SheetColumn(translate(lang, N_("导入人")), lambda each: each.imported_by),
        column(N_("文件指纹"), "id", width=66),
    )
    return download(request, columns, rows, title=N_("救援文件"))


@router.post("/rescues/key/renew")
def renew_key(request: Request, person: Renewer, sure: Annotated[str, Form()] = "") -> Response:
    """Tablets are given another key from now on; rescue files sealed for the old ones still open."""
    state = request.app.state
    require(person, "rescue_key.renew", county_of(request))
    try:
        if sure != "yes":
            raise Problem("not_sure", 400, N_("没有确认换发。"), N_("请勾选确认后再按。"))
        made = rescue_key.renew(state.settings, state.engine, by=person.id, now=state.clock())
    except Problem as fault:
        return _list(request, person, fault.only("not_sure", "keys_given"))
    return RedirectResponse(f"/rescues?renewed={made.id}", status_code=303)


@router.post("/rescues")
def bring(request: Request, person: Importer, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """Opens the file; one that can be read is kept, still sealed, and leads to what it holds."""
    county, state = county_of(request), request.app.state
    require(person, "rescue.import", county)
    data = file.file.read(FILE_BYTES_MAX + 1) if file else b""
    try:
        if not data:
            raise Problem("no_file", 422, N_("没有选择文件，或文件是空的。"), N_("请选择救援文件。"))
        if len(data) > FILE_BYTES_MAX:
            raise Problem(
                "too_large", 413, N_("文件太大，网页收不下。"),
                N_("请把文件复制到服务器上，用命令 cleanheat rescue 文件名 导入。"),
            )  # fmt: skip
        contents = rescue_file.look(data, keyring_now(state), county)
    except Problem as refused:
        return _list(request, person, refused)
    name = PurePath((file.filename or "") if file else "").name
    with write(state.engine) as session:
        rescue.keep(session, contents, data, name, person.id, state.clock())
    return RedirectResponse(f"/rescues/{county}/{contents.id}", status_code=303)


@router.get("/rescues/{county}/{identity}")
def contents(request: Request, person: Importer, county: str, identity: str) -> Response:
    require(person, "rescue.import", county)
    with read(request.app.state.engine) as session:
        row, found, lines = _opened(request, session, county, identity)
        said = rescue_words.words(session, exchange_now(request.app.state), found, request_language(request))
        shown = _brought(session, [row])[0]
    return render(
        request,
        "exchange/rescue.html",
        file=shown,
        contents=found,
        lines=lines,
        parts=_parts(lines),
        left=sum(line.verdict is None for line in lines),
        said=said,
        forms=exchange_now(request.app.state).forms.titles(request_language(request)),
        outcomes=OUTCOMES,
        at=to_instant,
        breadcrumbs=[
            (translate(request_language(request), N_("平板")), TABLETS), (_title(request), "/rescues"),
            (shown.tablet, None),
        ],
    )  # fmt: skip


def _opened(
    request: Request, session: Session, county: str, identity: str
) -> tuple[Rescue, Contents, Sequence[Line]]:
    row = session.get(Rescue, (county, identity))
    if row is None:
        raise problem("not_found")
    found = rescue_file.look(row.content, keyring_now(request.app.state), county)
    return row, found, rescue.lines(session, exchange_now(request.app.state), found)


def _parts(lines: Sequence[Line]) -> list[Part]:
    by_village: dict[str, list[Line]] = {}
    for line in lines:
        by_village.setdefault(line.submission.village, []).append(line)
    found = []
    for _, some in sorted(by_village.items()):
        made = sorted(to_instant(line.submission.observed_at) for line in some)
        people = tuple(sorted({line.person for line in some}))
        found.append(Part(some[0].village, people, len(some), made[0], made[-1]))
    return found


@router.get("/rescues/{county}/{identity}/records.xlsx")
def records_sheet(request: Request, person: Importer, county: str, identity: str) -> Response:
    require(person, "rescue.import", county)
    with read(request.app.state.engine) as session:
        row, found, lines = _opened(request, session, county, identity)
        lang, exchange = request_language(request), exchange_now(request.app.state)
        said = rescue_words.words(session, exchange, found, lang)
        name = _tablet_names(session, [row])[row.device]
    rows = [*_records(exchange, lines, said, lang), *_drafts(exchange, found, said, lang)]
    return download(request, _columns(lang), rows, title=N_("救援文件的记录"), of=name)


def _records(exchange: Exchange, lines: Sequence[Line], said: Words, lang: Language) -> Iterator[Row]:
    titles = exchange.forms.titles(lang)
    for line in lines:
        sent = line.submission
        released = exchange.forms.by_key.get((sent.form, sent.form_version))
        yield Row(
            line.village, said.homes[sent.id], line.person, titles.get(sent.form, sent.form),
            to_instant(sent.observed_at),
            translate(lang, OUTCOMES[line.verdict.outcome] if line.verdict else N_("尚未导入")),
            rescue_words.told(wording.answers(released, sent, lang)) if released else "", sent.id,
        )  # fmt: skip


def _drafts(exchange: Exchange, found: Contents, said: Words, lang: Language) -> Iterator[Row]:
    titles = exchange.forms.titles(lang)
    for each in said.drafts:
        yield Row(
            each.village, each.home, found.person_name, titles.get(each.draft.form, each.draft.form),
            each.draft.updated_at, translate(lang, N_("草稿，不导入")),
            each.raw if each.answers is None else rescue_words.told(each.answers), "",
        )  # fmt: skip


def _columns(lang: Language) -> Sequence[SheetColumn]:
    return (
        SheetColumn(translate(lang, N_("村")), lambda row: row.village, width=18),
        SheetColumn(translate(lang, N_("住户")), lambda row: row.home, width=18),
        SheetColumn(translate(lang, N_("记录人")), lambda row: row.person),
        SheetColumn(translate(lang, N_("表单")), lambda row: row.form),
        SheetColumn(translate(lang, N_("录入时间")), lambda row: row.at, "moment", 18),
        SheetColumn(translate(lang, N_("处理结果")), lambda row: row.outcome),
        SheetColumn(translate(lang, N_("填写")), lambda row: row.answers, width=60),
        SheetColumn(translate(lang, N_("编号")), lambda row: row.id, width=38),
    )


@router.post("/rescues/{county}/{identity}/import")
def take(request: Request, person: Importer, county: str, identity: str) -> Response:
    """Everything in the file through the hub; whoever does it twice changes nothing."""
    state = request.app.state
    require(person, "rescue.import", county)
    with read(state.engine) as session:
        row = session.get(Rescue, (county, identity))
    if row is None:
        raise problem("not_found")
    desk = PhotoDesk(state.engine, state.photo_files)
    rescue.take(exchange_now(state), desk, keyring_now(state), row, by=person.id, now=state.clock())
    return RedirectResponse(f"/rescues/{county}/{identity}", status_code=303)
