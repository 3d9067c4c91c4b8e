"""Pages of preparing a batch: the question, what it comes to, who is left out and why; nothing is written before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access.audit import common_area
from server.access.session import holding, require
from server.access.tables import Person
from server.database import read, write
from server.registry import divisions
from server.registry.rules import is_area
from server.subsidies import asking, batches, decision_views, exports, preparing
from server.subsidies.batch import OPEN, PREPARE
from server.subsidies.batch_rows import FAULT
from server.subsidies.batches import TITLE_CHARS_MAX, Asked
from server.subsidies.preparing import LEFT_OUT, Left, Preview, Wanted
from server.subsidies.tables import BatchRow
from server.subsidies.vocabulary import COMPONENTS
from server.web import N_, Problem, download, problem, render, request_language, translate

Preparer = Annotated[Person, Depends(holding(PREPARE))]
Text = Annotated[str, Form(max_length=2000)]
# Of those left out, as many as one page lists; the sheet has all of them.
LEFT_SHOWN_MAX: Final = 100

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Question:
    """What the form holds, as it came: also what cannot be asked is shown again."""

    wanted: Wanted
    into: str
    title: str


def _question(request: Request, person: Person, given: dict[str, str]) -> Question:
    """The question of an address or a form, held to where the person may prepare. Raises Problem or Refused."""
    county = asking.county_of(request)
    area = given.get("area", "").strip() or asking.area_of(request, person, PREPARE)
    if not is_area(area) or len(area) < 6 or not area.startswith(county):
        raise problem("not_found")
    require(person, PREPARE, area)
    try:
        until = date.fromisoformat(given.get("until", ""))
    except ValueError:
        until = asking.today_of(request)
    component = given.get("component", "")
    wanted = Wanted(
        area, until, component if component in COMPONENTS else "", given.get("season", "")[:20],
        given.get("follows", "")[:64],
    )  # fmt: skip
    return Question(wanted, given.get("into", "")[:64], given.get("title", ""))


@router.get("/finance/batches/new")
def new_batch(request: Request, person: Preparer) -> Response:
    return _page(request, person, dict(request.query_params))


def _page(request: Request, person: Person, given: dict[str, str], fault: Problem | None = None) -> Response:
    question = _question(request, person, given)
    wanted, county = question.wanted, question.wanted.county
    asked = bool(given.get("area") or wanted.follows)
    with read(request.app.state.engine) as session:
        found = preparing.preview(session, wanted, person.id) if asked else None
        into, source = _batch(session, county, question.into), _batch(session, county, wanted.follows)
        left = _named(session, county, found.left[:LEFT_SHOWN_MAX]) if found else []
        areas = asking.area_choices(session, person, PREPARE, wanted.area)
        area_name = divisions.area_name(session, wanted.area)
        seasons = preparing.seasons(session, county)
        townships = _townships(session, found) if found else []
        fault_lines = asking.told_fault(request, session, fault)
    title = question.title or _title(request, wanted, area_name, source)
    return render(
        request,
        "subsidies/batch_new.html",
        found=found,
        left=left,
        left_out=LEFT_OUT,
        townships=townships,
        wanted=wanted,
        into=into,
        source=source,
        title=title[:TITLE_CHARS_MAX],
        title_max=TITLE_CHARS_MAX,
        areas=areas,
        area_name=area_name,
        seasons=seasons,
        fault=fault,
        fault_lines=fault_lines,
        export=_address("/finance/batches/new.xlsx", question),
        breadcrumbs=_crumbs(request, into),
        **asking.LABELS,
    )


def _crumbs(request: Request, into: BatchRow | None) -> list[tuple[str, str | None]]:
    lang = request_language(request)
    found: list[tuple[str, str | None]] = [
        (translate(lang, N_("补贴")), "/finance"),
        (translate(lang, N_("批次")), "/finance/batches"),
    ]
    if into is not None:
        name = translate(lang, N_("第 {n} 批"), n=into.number)
        return [
            *found,
            (name, f"/finance/batches/{into.county}/{into.id}"),
            (translate(lang, N_("加入")), None),
        ]
    return [*found, (translate(lang, N_("编新批次")), None)]


def _batch(session: Session, county: str, id: str) -> BatchRow | None:
    """A batch the form speaks of. Raises Problem `not_found` where there is none."""
    if not id:
        return None
    found = session.get(BatchRow, (county, id))
    if found is None:
        raise problem("not_found")
    return found


def _title(request: Request, wanted: Wanted, area_name: str, source: BatchRow | None) -> str:
    """A name to begin with; people change it."""
    if source is not None:
        return f"第 {source.number} 批退回重发"
    season = exports.season("zh", wanted.season) if wanted.season else ""
    component = COMPONENTS.get(wanted.component, "补贴")
    return f"{area_name} {season}{' ' if season else ''}{component}"


def _address(path: str, question: Question) -> str:
    wanted = question.wanted
    given: dict[str, Any] = {
        "area": wanted.area, "component": wanted.component, "season": wanted.season, "until": wanted.until,
        "follows": wanted.follows,
    }  # fmt: skip
    return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def _named(
    session: Session, county: str, left: tuple[Left, ...]
) -> list[tuple[Left, decision_views.HomeName]]:
    homes = {each.item.owed.household: each.item.village for each in left}
    called = decision_views.home_names(session, county, homes)
    return [(each, called[each.item.owed.household]) for each in left]


def _townships(session: Session, found: Preview) -> list[tuple[str, int, int]]:
    """(township, how many payments, fen) of a preview."""
    sums: dict[str, tuple[int, int]] = {}
    for item in found.items:
        n, fen = sums.get(item.village[:9], (0, 0))
        sums[item.village[:9]] = n + 1, fen + item.owed.amount_fen
    called = divisions.area_names(session, sums)
    return [(called[area], n, fen) for area, (n, fen) in sorted(sums.items())]


@router.get("/finance/batches/new.xlsx")
def left_out_sheet(request: Request, person: Preparer) -> Response:
    """Whoever is owed and left out, with the reason: what the townships have to see to."""
    lang, question = request_language(request), _question(request, person, dict(request.query_params))
    with read(request.app.state.engine) as session:
        found = preparing.preview(session, question.wanted, person.id)
        rows = _named(session, question.wanted.county, found.left)
        name = divisions.area_name(session, question.wanted.area)
    return download(request, exports.left_columns(lang), rows, title=N_("应发而没有编入批次的"), of=name)


@router.post("/finance/batches/prepare")
async def prepare(
    request: Request, person: Preparer, seen_n: Text = "", seen_fen: Text = "", title: Text = "",
    revision: Text = "",
) -> Response:  # fmt: skip
    """Writes what the preview showed, or shows what it has become."""
    form = await request.form()
    given = {name: str(value) for name, value in form.items() if isinstance(value, str)}
    question = _question(request, person, given)
    try:
        with write(request.app.state.engine) as session:
            into = _batch(session, question.wanted.county, question.into)
            if into is not None:
                require(person, PREPARE, into.area if into.state == OPEN else common_area([], into.county))
            asked = Asked(question.wanted, _whole(seen_n), _whole(seen_fen), title, question.into)
            row = batches.prepare(session, asked, asking.by(request, person, revision))
    except Problem as fault:
        return _page(request, person, given, fault.only(FAULT))
    return RedirectResponse(f"/finance/batches/{row.county}/{row.id}?done=prepared", status_code=303)


def _whole(text: str) -> int:
    """A number a form carried; anything else was never shown."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
