"""Pages of payees (收款人): the list with what is missing, waiting or odd, and one household's file with its acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access.rules import may
from server.access.session import holding, require
from server.access.tables import Person
from server.database import read, write
from server.registry import divisions
from server.registry.tables import Household
from server.subsidies import asking, payee_changes, payee_sheets, payee_views, payees
from server.subsidies.payee_changes import FAULT, Decision, refused
from server.subsidies.payee_views import SHOWS, PayeeFilter
from server.subsidies.payee_warnings import WARNINGS
from server.subsidies.payments import Payee, plain_account
from server.subsidies.relations import RELATIONS, shown
from server.subsidies.room import room
from server.web import (
    N_,
    Problem,
    download,
    labelled,
    page_number,
    problem,
    render,
    request_language,
    translate,
)
from server.web.listing import ROWS_PER_PAGE
from sync.masking import masked

Viewer = Annotated[Person, Depends(holding("payee.view"))]
Changer = Annotated[Person, Depends(holding("payee.change"))]
Text = Annotated[str, Form(max_length=2000)]
Number = Annotated[int, Form(ge=0, le=1_000_000)]
LABELS: Final[dict[str, Any]] = {
    "shows": SHOWS,
    "states": payees.STATES,
    "sources": payees.SOURCES,
    "warnings": WARNINGS,
    "relations": RELATIONS,
    "masked": masked,
    "relation": shown,
}

router = APIRouter(include_in_schema=False)


def _wanted(request: Request, person: Person) -> PayeeFilter:
    """The filter of the address, held to where the person may look. Raises Refused or Problem."""
    query = request.query_params
    area = asking.area_of(request, person, "payee.view")
    show = query.get("show", "")
    q = query.get("q", "").strip()[: payee_views.SEARCH_CHARS_MAX]
    return PayeeFilter(area, show if show in SHOWS else "known", q)


@router.get("/finance/payees")
def payee_list(request: Request, person: Viewer) -> Response:
    wanted = _wanted(request, person)
    with read(request.app.state.engine) as session:
        found = payee_views.page(session, wanted, number=page_number(request), size=ROWS_PER_PAGE)
        counts = payee_views.counts(session, wanted)
        areas = asking.area_choices(session, person, "payee.view", wanted.area)
        area_name = divisions.area_name(session, wanted.area)
    query = request.query_params
    return render(
        request,
        "subsidies/payees.html",
        page=found,
        wanted=wanted,
        counts=counts,
        areas=areas,
        area_name=area_name,
        export=wanted.address("/finance/payees.xlsx"),
        done={name: query.get(name, "")[:12] for name in ("first", "proposed", "same")},
        breadcrumbs=_crumbs(request),
        **LABELS,
    )


def _crumbs(request: Request, *more: str) -> list[tuple[str, str | None]]:
    lang = request_language(request)
    above: list[tuple[str, str | None]] = [(translate(lang, N_("补贴")), "/finance")]
    if not more:
        return [*above, (translate(lang, N_("收款人")), None)]
    return [*above, (translate(lang, N_("收款人")), "/finance/payees"), *((text, None) for text in more)]


@router.get("/finance/payees.xlsx")
def payee_sheet(request: Request, person: Viewer) -> Response:
    lang, wanted = request_language(request), _wanted(request, person)
    held_to = [translate(lang, SHOWS[wanted.show]), labelled(lang, N_("搜索"), wanted.q) if wanted.q else ""]
    with read(request.app.state.engine) as session:
        return download(
            request, payee_sheets.columns(lang), payee_views.every(session, wanted), title=N_("收款人清单"),
            of=divisions.area_name(session, wanted.area), held_to=held_to,
        )  # fmt: skip


# ---- one household


@router.get("/finance/payees/{county}/{household}")
def payee_file(request: Request, person: Viewer, county: str, household: str) -> Response:
    return _file(request, person, county, household)


def _file(
    request: Request, person: Person, county: str, household: str, fault: Problem | None = None,
    entered: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with read(request.app.state.engine) as session:
        found = payee_views.file(session, county, household)
        if found is None:
            raise problem("not_found")
        home = found.line.household
        require(person, "payee.view", home.village)
        villages = {each.village for each in found.line.sharing}
        called = divisions.names(session, villages)
    return render(
        request,
        "subsidies/payee.html",
        file=found,
        home=home,
        villages=called,
        visible=[each for each in found.line.sharing if may(person, "payee.view", each.village)],
        may_change=may(person, "payee.change", home.village),
        may_see_home=may(person, "household.view", home.village),
        may_see_record=may(person, "submission.view", home.village),
        seen=found.in_force.row.number if found.in_force else 0,
        fault=fault,
        entered=entered or {},
        done=request.query_params.get("done", "") == "1",
        breadcrumbs=_crumbs(request, f"{home.door_number} {home.head_name}".strip() or home.id),
        **LABELS,
    )


@router.post("/finance/payees/{county}/{household}/change")
def change(
    request: Request, person: Changer, county: str, household: str, holder: Text = "", account: Text = "",
    account_again: Text = "", bank: Text = "", relation: Text = "", relation_other: Text = "", reason: Text = "",
    seen: Number = 0,
) -> Response:  # fmt: skip
    """Puts another payee in force; with no account entered, confirms the account there is."""
    entered = {
        "holder": holder, "bank": bank, "relation": relation, "relation_other": relation_other, "reason": reason,
    }  # fmt: skip
    said = relation_other.strip() if relation == "other" else relation

    def act(session: Session, decision: Decision) -> None:
        if plain_account(account) != plain_account(account_again):
            raise refused(N_("两遍账号不一样。"), N_("请对照存折或银行卡，重新填写两遍。"))
        standing = payees.in_force(session, county, [household]).get(household)
        plain = account if account.strip() or standing is None else standing.account
        payee_changes.change(session, county, household, Payee(holder, plain, bank, said), decision)

    return _decided(request, person, (county, household), reason, seen, act, entered)


@router.post("/finance/payees/{county}/{household}/adopt")
def adopt(
    request: Request, person: Changer, county: str, household: str, number: Number = 0, reason: Text = "",
    seen: Number = 0,
) -> Response:  # fmt: skip
    """Puts a proposed payee in force."""

    def act(session: Session, decision: Decision) -> None:
        payee_changes.adopt(session, county, household, number, decision)

    return _decided(request, person, (county, household), reason, seen, act, {f"reason_{number}": reason})


@router.post("/finance/payees/{county}/{household}/dismiss")
def dismiss(
    request: Request, person: Changer, county: str, household: str, number: Number = 0, reason: Text = "",
    seen: Number = 0,
) -> Response:  # fmt: skip
    """Leaves the payee as it is."""

    def act(session: Session, decision: Decision) -> None:
        payee_changes.dismiss(session, county, household, number, decision)

    return _decided(request, person, (county, household), reason, seen, act, {f"reason_{number}": reason})


def _decided(
    request: Request, person: Person, home: tuple[str, str], reason: str, seen: int,
    act: Callable[[Session, Decision], None], entered: dict[str, str],
) -> Response:  # fmt: skip
    """Takes an act in one transaction with what tablets are told; shows the page again where it is refused."""
    county, household = home
    now = request.app.state.clock()
    try:
        with write(request.app.state.engine) as session:
            row = session.get(Household, home)
            if row is None:
                raise problem("not_found")
            require(person, "payee.change", row.village)
            act(session, Decision(person.id, now, reason, seen))
            room(request).tell(session, county, [household], now)
    except Problem as fault:
        return _file(request, person, county, household, fault.only(FAULT), entered)
    return RedirectResponse(f"/finance/payees/{county}/{household}?done=1", status_code=303)
