"""The first page of money: what waits, for whom, and how it stands by level of government and by place; and the
list of payments that its numbers open.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from server.access.rules import may
from server.access.session import holding, require
from server.access.tables import Person
from server.access.views import names
from server.database import read, write
from server.registry import divisions
from server.subsidies import asking, exports, finance_views, owed, payment_views, preparing, review, settling
from server.subsidies.batch_rows import FAULT
from server.subsidies.finance_views import Part
from server.subsidies.ledger import KINDS
from server.subsidies.payment_views import SHOWS, PaymentFilter
from server.subsidies.payments import CREDITED, RETURNED
from server.subsidies.tables import PaymentRow
from server.subsidies.vocabulary import COMPONENTS
from server.web import (
    N_,
    NavItem,
    Problem,
    SheetColumn,
    download,
    page_number,
    problem,
    render,
    request_language,
    translate,
)  # fmt: skip
from server.web.language import Language
from server.web.listing import ROWS_PER_PAGE

Viewer = Annotated[Person, Depends(holding("finance.view"))]
Settler = Annotated[Person, Depends(holding(settling.VERB))]
Text = Annotated[str, Form(max_length=2000)]
NAVIGATION: Final = (NavItem("/finance", N_("补贴"), "finance.view"),)
# What the ledger says, in the order in which money goes its way; the list of payments behind each.
COLUMNS: Final = (
    ("obligated_fen", N_("应补"), ""),
    ("sent_fen", N_("已送银行"), payment_views.AT_THE_BANK),
    ("credited_fen", N_("已到账"), CREDITED),
    ("returned_fen", N_("银行已退回"), RETURNED),
    ("in_transit_fen", N_("在途"), "sent"),
    ("owed_fen", N_("未到账"), ""),
)
ENTRY_KINDS: Final = {
    "obligation": N_("核定应补"),
    "correction": N_("更正"),
    "payment_sent": N_("送银行"),
    "credited": N_("到账"),
    "returned": N_("退回"),
    "reversal": N_("冲销"),
}

router = APIRouter(include_in_schema=False)


@router.get("/finance")
def overview(request: Request, person: Viewer) -> Response:
    area = asking.area_of(request, person, "finance.view")
    state = request.app.state
    # What was accepted a moment ago stands in these figures too.
    progress = review.refresh(state.engine, area[:6], state.clock(), homes_max=review.HOMES_PER_VIEW)
    with read(state.engine) as session:
        queues = finance_views.queues(session, person, area)
        ledger = finance_views.ledger_of(session, area)
        areas = asking.area_choices(session, person, "finance.view", area)
        area_name = divisions.area_name(session, area)
    return render(
        request,
        "subsidies/finance.html",
        queues=queues,
        ledger=ledger,
        columns=COLUMNS,
        lists=_lists,
        area=area,
        areas=areas,
        area_name=area_name,
        now=state.clock(),
        left=progress.left,
        may_prepare=may(person, "payment_batch.prepare", area),
        export=f"/finance.xlsx?area={area}",
        breadcrumbs=[(translate(request_language(request), N_("补贴")), None)],
        **asking.LABELS,
    )


def _lists(area: str, name: str) -> str:
    """The list behind a total of an area."""
    if name == "obligated_fen":
        return f"/finance/decisions?area={area}&show=decided"
    if name == "owed_fen":
        return f"/households?area={area}&of={owed.OWED}"
    state = next(state for column, _, state in COLUMNS if column == name)
    return PaymentFilter(area, state).address()


@router.get("/finance.xlsx")
def overview_sheet(request: Request, person: Viewer) -> Response:
    area, lang = asking.area_of(request, person, "finance.view"), request_language(request)
    with read(request.app.state.engine) as session:
        ledger = finance_views.ledger_of(session, area)
        name = divisions.area_name(session, area)
    rows = [
        (N_("合计"), Part("", N_("合计"), ledger.all)),
        *((N_("资金层级"), part) for part in ledger.levels),
        *((N_("区划"), part) for part in ledger.places),
    ]
    return download(request, _columns(lang), rows, title=N_("补贴资金总览"), of=name)


def _columns(lang: Language) -> list[SheetColumn]:
    def fen(name: str) -> Any:
        return lambda row: Decimal(getattr(row[1].totals, name)) / 100

    yuan = translate(lang, N_("元"))
    return [
        SheetColumn(translate(lang, N_("分类")), lambda row: translate(lang, row[0])),
        SheetColumn(translate(lang, N_("名称")), lambda row: translate(lang, row[1].name), width=24),
        *(
            SheetColumn(f"{translate(lang, label)} ({yuan})", fen(name), "decimal", 20)
            for name, label, _ in COLUMNS
        ),
    ]


# ---- payments


def _wanted(request: Request, person: Person) -> PaymentFilter:
    area, query = asking.area_of(request, person, "finance.view"), request.query_params
    state, component = query.get("state", ""), query.get("component", "")
    if state not in SHOWS:
        raise Problem("unknown_filter", 400, N_("地址里的筛选条件无法识别。"), N_("请从页面上的链接进入。"))
    return PaymentFilter(
        area, state, query.get("batch", "")[:64], query.get("q", "").strip()[: payment_views.SEARCH_CHARS_MAX],
        component if component in COMPONENTS else "", query.get("season", "")[:20],
    )  # fmt: skip


@router.get("/finance/payments")
def payment_list(request: Request, person: Viewer) -> Response:
    wanted = _wanted(request, person)
    with read(request.app.state.engine) as session:
        total = payment_views.summed(session, wanted)
        found = payment_views.page(session, wanted, total.n, number=page_number(request), size=ROWS_PER_PAGE)
        areas = asking.area_choices(session, person, "finance.view", wanted.area)
        area_name = divisions.area_name(session, wanted.area)
        seasons = preparing.seasons(session, wanted.area[:6])
    lang = request_language(request)
    return render(
        request,
        "subsidies/payments.html",
        page=found,
        total=total,
        wanted=wanted,
        shows=SHOWS,
        areas=areas,
        area_name=area_name,
        seasons=seasons,
        export=wanted.address("/finance/payments.xlsx"),
        breadcrumbs=[
            (translate(lang, N_("补贴")), f"/finance?area={wanted.area}"),
            (translate(lang, N_("付款")), None),
        ],
        **asking.LABELS,
    )


@router.get("/finance/payments.xlsx")
def payment_sheet(request: Request, person: Viewer) -> Response:
    lang, wanted = request_language(request), _wanted(request, person)
    held_to = [
        translate(lang, SHOWS[wanted.state]) if wanted.state else "",
        translate(lang, COMPONENTS[wanted.component]) if wanted.component else "",
        exports.season(lang, wanted.season),
        wanted.q,
    ]
    with read(request.app.state.engine) as session:
        return download(
            request, exports.payment_columns(lang), payment_views.every(session, wanted),
            title=N_("补贴付款"), of=divisions.area_name(session, wanted.area), held_to=held_to,
        )  # fmt: skip


@router.get("/finance/payments/{county}/{identity}")
def payment_page(request: Request, person: Viewer, county: str, identity: str) -> Response:
    return _payment(request, person, county, identity)


def _payment(
    request: Request, person: Person, county: str, identity: str, fault: Problem | None = None
) -> Response:
    """One payment: its way through the ledger, what the bank said, and payments of the same decision."""
    with read(request.app.state.engine) as session:
        story = payment_views.story(session, county, identity)
        if story is None:
            raise problem("not_found")
        require(person, "finance.view", story.line.payment.village)
        people = names(session, {entry.entered_by for entry in story.entries})
        fault_lines = asking.told_fault(request, session, fault)
    lang, payment = request_language(request), story.line.payment
    return render(
        request,
        "subsidies/payment.html",
        story=story,
        line=story.line,
        payment=payment,
        people=people,
        kinds=ENTRY_KINDS,
        fault=fault,
        fault_lines=fault_lines,
        other=RETURNED if payment.state == CREDITED else CREDITED if payment.state == RETURNED else "",
        may_correct=may(person, settling.VERB, payment.village),
        breadcrumbs=[
            (translate(lang, N_("补贴")), "/finance"),
            (
                translate(lang, N_("第 {n} 批"), n=story.line.batch_number),
                f"/finance/batches/{county}/{payment.batch}",
            ),
            (translate(lang, N_("付款")), None),
        ],
        **asking.LABELS,
    )


@router.post("/finance/payments/{county}/{identity}/correct")
def correct(
    request: Request, person: Settler, county: str, identity: str, outcome: Text = "", reason: Text = ""
) -> Response:
    """The bank's other answer, for a reason: what was booked wrongly is reversed."""
    try:
        with write(request.app.state.engine) as session:
            row = session.get(PaymentRow, (county, identity))
            if row is None:
                raise problem("not_found")
            require(person, settling.VERB, row.village)
            by = asking.by(request, person)
            settling.correct(session, county, identity, outcome, reason=reason, by=by)
    except Problem as fault:
        return _payment(request, person, county, identity, fault.only(FAULT))
    return RedirectResponse(f"/finance/payments/{county}/{identity}", status_code=303)


assert set(ENTRY_KINDS) == {*KINDS, "reversal"}
