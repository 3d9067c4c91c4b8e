"""Pages of acceptance: the list of what waits and what is accepted, and a section on the household's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlmodel import Session, col, select

from server.access.rules import areas_of, may
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import parts, read, write
from server.registry import acceptance, acceptance_views, amounts, divisions, rules, vocabulary
from server.registry.acceptance import Paper, Proof
from server.registry.acceptance_views import STATES, AcceptanceFilter, Line
from server.registry.amounts import MoneyFault
from server.registry.panels import home_of
from server.registry.tables import Conversion
from server.web import (
    N_,
    NavItem,
    Problem,
    SheetColumn,
    download,
    problem,
    render,
    request_language,
    translate,
    with_query,
)  # fmt: skip
from server.web.figures import CHINA
from server.web.language import Language
from server.web.listing import ROWS_PER_PAGE, page_of
from server.web.panels import fragment

NAVIGATION: Final = (NavItem("/acceptance", N_("验收"), "acceptance.view"),)
Viewer = Annotated[Person, Depends(holding("acceptance.view"))]
Acceptor = Annotated[Person, Depends(holding("conversion.accept"))]
Withdrawer = Annotated[Person, Depends(holding("acceptance.withdraw"))]
Text = Annotated[str, Form(max_length=2000)]
LABELS: Final[dict[str, Any]] = {
    "states": STATES,
    "kinds": vocabulary.CONVERSION_KINDS,
    "choice": vocabulary.choice,
    "hardships": {code: name for code, name in vocabulary.HARDSHIPS.items() if code != "none"},
}

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """The fragment of acceptance on a household's page, and the list in which rooms above ask to be told of acts."""
    app.state.acceptance_watchers = []
    app.state.panels.add("household", household_panel, order=5)


def _wanted(request: Request, person: Person, query: dict[str, str]) -> AcceptanceFilter:
    """The filter of an address, held to where the person may look. Raises Refused or Problem."""
    home = next(iter(areas_of(person, "acceptance.view", county_of(request))), county_of(request))
    area = query.get("area", "").strip() or home
    if not rules.is_area(area) or len(area) < 6:
        raise problem("not_found")
    require(person, "acceptance.view", area)
    state, kind, batch = (query.get(name, "") for name in ("state", "kind", "batch"))
    return AcceptanceFilter(
        area,
        state if state in STATES else "waiting",
        kind if kind in vocabulary.CONVERSION_KINDS else "",
        batch if batch in vocabulary.CHOICES["batch"] else "",
    )


@router.get("/acceptance")
def acceptance_list(request: Request, person: Viewer) -> Response:
    return _list(request, person, f"/acceptance?{request.url.query}")


def _list(
    request: Request, person: Person, address: str, fault: Problem | None = None,
    entered: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    """The list an address names; the address is not always the request's own (a refused acceptance)."""
    query = dict(parse_qsl(urlsplit(address).query))
    wanted = _wanted(request, person, query)
    number = page_of(query.get("page", ""))
    with read(request.app.state.engine) as session:
        found = acceptance_views.page(session, wanted, number=number, size=ROWS_PER_PAGE)
        counts = acceptance_views.counts(session, wanted)
        own = acceptance.surveyed_by(
            session, wanted.area[:6], [line.conversion.id for line in found.rows], person.id
        )
        home, *others = areas_of(person, "acceptance.view", wanted.area[:6]) or (wanted.area,)
        areas = divisions.area_choices(session, home, wanted.area, *others)
        area_name = divisions.area_name(session, wanted.area)
    return render(
        request,
        "registry/acceptance.html",
        here=address,
        page=found,
        wanted=wanted,
        counts=counts,
        own=own,
        areas=areas,
        area_name=area_name,
        batches=vocabulary.CHOICES["batch"],
        may_accept=may(person, "conversion.accept", wanted.area),
        today=request.app.state.clock().astimezone(CHINA).date(),
        fault=fault,
        entered=entered or {"picked": []},
        done=query.get("done", ""),
        export=wanted.address("/acceptance.xlsx"),
        breadcrumbs=[(translate(request_language(request), N_("验收")), None)],
        **LABELS,
    )  # fmt: skip


@router.get("/acceptance.xlsx")
def acceptance_sheet(request: Request, person: Viewer) -> Response:
    lang, wanted = request_language(request), _wanted(request, person, dict(request.query_params))
    held_to = [
        translate(lang, STATES[wanted.state]),
        translate(lang, vocabulary.choice("kind", wanted.kind)) if wanted.kind else "",
        translate(lang, vocabulary.choice("batch", wanted.batch)) if wanted.batch else "",
    ]
    with read(request.app.state.engine) as session:
        return download(
            request, _columns(lang), acceptance_views.every(session, wanted), title=N_("改造验收"),
            of=divisions.area_name(session, wanted.area), held_to=held_to,
        )  # fmt: skip


def _columns(lang: Language) -> list[SheetColumn]:
    def column(
        heading: str, value: Callable[[Line], object], kind: Any = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(translate(lang, heading), value, kind, width)

    def of(name: str) -> Callable[[Line], object]:
        return lambda line: getattr(line.acceptance, name) if line.acceptance else None

    return [
        column(N_("乡镇"), lambda line: line.township_name),
        column(N_("村"), lambda line: line.village_name, width=20),
        column(N_("门牌号"), lambda line: line.household.door_number if line.household else ""),
        column(N_("户主姓名"), lambda line: line.household.head_name if line.household else ""),
        column(
            N_("改造方式"),
            lambda line: translate(lang, vocabulary.choice("kind", line.conversion.kind)),
        ),
        column(N_("接通日期"), lambda line: line.conversion.connected_on, "date"),
        column(N_("调查员登记的验收日期"), lambda line: line.claimed_on, "date", 20),
        column(N_("验收日期"), of("accepted_on"), "date"),
        column(N_("验收文号"), of("document_number"), width=20),
        column(N_("依据"), of("evidence"), width=30),
        column(N_("实际费用（元）"), _cost, "decimal"),
        column(N_("困难类别"), _hardship(lang)),
        column(N_("认定日期"), of("hardship_since"), "date"),
        column(N_("验收人"), lambda line: line.accepted_by),
        column(N_("登记时间"), of("entered_at"), "moment", 17),
        column(N_("编号"), lambda line: line.conversion.id, width=38),
    ]


def _cost(line: Line) -> Decimal | None:
    cost_fen = line.acceptance.cost_fen if line.acceptance else None
    return None if cost_fen is None else Decimal(cost_fen) / 100


def _hardship(lang: Language) -> Callable[[Line], str]:
    def proven(line: Line) -> str:
        found = line.acceptance.hardship if line.acceptance else ""
        return translate(lang, vocabulary.choice("hardship", found)) if found else ""

    return proven


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@router.post("/acceptance/accept")
async def accept(
    request: Request, person: Acceptor, accepted_on: Text = "", document_number: Text = "", evidence: Text = "",
    scope: Text = "picked", back: Text = "/acceptance", cost: Text = "", hardship: Text = "",
    hardship_since: Text = "",
) -> Response:  # fmt: skip
    """Accepts the conversions ticked, or all that wait in the list of `back`."""
    form, county = await request.form(), county_of(request)
    picked = [str(one) for one in form.getlist("conversion")]
    address = "/acceptance?" + urlsplit(back).query
    wanted = _wanted(request, person, dict(parse_qsl(urlsplit(back).query)))
    entered = {
        "picked": picked, "accepted_on": accepted_on, "document_number": document_number, "evidence": evidence,
        "scope": scope, "cost": cost, "hardship": hardship, "hardship_since": hardship_since,
    }  # fmt: skip
    home = urlsplit(back).path if urlsplit(back).path.startswith(f"/households/{county}/") else ""
    try:
        with write(request.app.state.engine) as session:
            waiting = AcceptanceFilter(wanted.area, "waiting", wanted.kind, wanted.batch)
            chosen = acceptance_views.ids(session, waiting) if scope == "all" else picked
            _may_accept(session, person, county, chosen, "conversion.accept")
            done = acceptance.accept(
                session, person=person.id, county=county, conversions=chosen,
                paper=Paper(
                    _day(accepted_on), document_number, evidence, _proof(cost, hardship, hardship_since)
                ),
                now=request.app.state.clock(), watchers=request.app.state.acceptance_watchers,
            )  # fmt: skip
    except Problem as refused:
        if refused.code != acceptance.FAULT or home:
            raise
        return _list(request, person, address, refused, entered)
    return RedirectResponse(home or with_query(address, done=done), status_code=303)


def _proof(cost: str, hardship: str, since: str) -> Proof:
    """What the official was shown, as typed. Raises Problem `acceptance`."""
    cost_fen = None
    if cost.strip():
        try:
            cost_fen = amounts.fen(cost)
        except MoneyFault as fault:
            raise acceptance.refused(N_("实际费用不是金额。"), fault.remedy) from fault
    return Proof(cost_fen, hardship.strip(), _day(since.strip()))


def _may_accept(session: Session, person: Person, county: str, chosen: list[str], verb: str) -> None:
    """Every village concerned is asked for. Raises Refused."""
    for part in parts(chosen):
        villages = select(Conversion.village).where(Conversion.county == county, col(Conversion.id).in_(part))
        for village in session.exec(villages.distinct()):
            require(person, verb, village)


@router.post("/acceptance/{county}/{conversion}/withdraw")
def withdraw(
    request: Request, person: Withdrawer, county: str, conversion: str, reason: Text = ""
) -> Response:
    with write(request.app.state.engine) as session:
        row = session.get(Conversion, (county, conversion))
        if row is None:
            raise problem("not_found")
        require(person, "acceptance.withdraw", row.village)
        acceptance.withdraw(
            session, person=person.id, county=county, conversion=conversion, reason=reason,
            now=request.app.state.clock(), watchers=request.app.state.acceptance_watchers,
        )  # fmt: skip
    return RedirectResponse(f"/households/{county}/{row.household}#acceptance", status_code=303)


def household_panel(request: Request, key: str) -> Markup | None:
    """Under a household ("county/id"): how each conversion stands with acceptance, and the acts one may do."""
    person: Person = request.state.person
    with read(request.app.state.engine) as session:
        if (home := home_of(request, session, key, "acceptance.view")) is None:
            return None
        found = acceptance_views.of_household(session, home.county, home.id)
        withdrawn = acceptance_views.withdrawn(session, home.county, home.id)
        own = acceptance.surveyed_by(session, home.county, [line.conversion.id for line in found], person.id)
    if not found:
        return None
    return fragment(
        request,
        "registry/_acceptance.html",
        lines=found,
        withdrawn=withdrawn,
        own=own,
        household=home,
        may_accept=may(person, "conversion.accept", home.village),
        may_withdraw=may(person, "acceptance.withdraw", home.village),
        today=request.app.state.clock().astimezone(CHINA).date(),
        **LABELS,
    )
