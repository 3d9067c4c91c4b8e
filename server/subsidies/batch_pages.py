"""Pages of batches: the list, one batch with what may be done about it, and its steps as forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access.rules import may
from server.access.session import holding, require, signed_in
from server.access.tables import Person
from server.database import read, write
from server.registry import divisions
from server.subsidies import (
    asking,
    bank_file,
    batch_views,
    batches,
    books,
    exports,
    payment_views,
    return_views,
    settling,
)
from server.subsidies.batch import OPEN, PREPARE, STATES, VERBS
from server.subsidies.batch_rows import FAULT, log
from server.subsidies.batch_views import BatchFile
from server.subsidies.payment_views import PaymentFilter
from server.subsidies.payments import DROPPED
from server.subsidies.returns import AT_THE_BANK
from server.subsidies.tables import BatchRow
from server.web import N_, Problem, download, page_number, problem, render, request_language, translate
from server.web.downloads import attachment
from server.web.listing import ROWS_PER_PAGE
from server.web.sheets import MEDIA_TYPE

SignedIn = Annotated[Person, Depends(signed_in)]
Viewer = Annotated[Person, Depends(holding("finance.view"))]
Preparer = Annotated[Person, Depends(holding(PREPARE))]
Exporter = Annotated[Person, Depends(holding("bank_file.export"))]
Text = Annotated[str, Form(max_length=2000)]
BATCHES: Final = N_("批次")
# What each step is called.
STEP_NAMES: Final = {
    "payment_batch.prepare": N_("编制"),
    "payment_batch.lock": N_("提交审批"),
    "payment_batch.discard": N_("作废"),
    "payment_batch.reject": N_("退回编制"),
    "payment_batch.approve": N_("批准"),
    "payment_batch.send": N_("送银行"),
    "payment_batch.reconcile": N_("对账"),
    "payment_batch.close": N_("办结"),
}
# On its button, where that says more: the money goes by the bank's own channel, here it is noted.
BUTTONS: Final = {
    **STEP_NAMES,
    "payment_batch.send": N_("送银行并记账"),
    "payment_batch.reconcile": N_("对账完成"),
}
# The straight way, for the row of steps.
WAY: Final = (
    "payment_batch.prepare", "payment_batch.lock", "payment_batch.approve", "payment_batch.send",
    "payment_batch.reconcile", "payment_batch.close",
)  # fmt: skip
REACHED: Final = {
    "open": 1,
    "locked": 2,
    "approved": 3,
    "sent": 4,
    "reconciled": 5,
    "closed": 6,
    "discarded": 0,
}
WRITERS: Final = {"xlsx": (bank_file.write_xlsx, MEDIA_TYPE), "csv": (bank_file.write_csv, "text/csv")}

router = APIRouter(include_in_schema=False)


def _held_to(request: Request, person: Person) -> tuple[dict[str, Any], str]:
    """What an address asks for of the list, and the area it names, empty for none. Raises Problem or Refused."""
    query = request.query_params
    area = asking.area_of(request, person, "finance.view") if query.get("area", "").strip() else ""
    q = query.get("q", "").strip()[: payment_views.SEARCH_CHARS_MAX]
    held = {"county": asking.county_of(request), "state": query.get("state", ""), "q": q, "area": area}
    return held | {"mine": query.get("mine", "") == "1"}, area


@router.get("/finance/batches")
def batch_list(request: Request, person: Viewer) -> Response:
    wanted, area = _held_to(request, person)
    with read(request.app.state.engine) as session:
        where = batch_views.conditions(person, **wanted)
        found = batch_views.page(session, where, number=page_number(request), size=ROWS_PER_PAGE)
        counts = batch_views.counts(
            session, batch_views.conditions(person, **wanted | {"state": "", "mine": False})
        )
        area_name = divisions.area_name(session, area) if area else ""
    return render(
        request,
        "subsidies/batches.html",
        page=found,
        counts=counts,
        state=wanted["state"] if wanted["state"] in STATES else "",
        q=wanted["q"],
        mine=wanted["mine"],
        area=area,
        area_name=area_name,
        step_names=STEP_NAMES,
        breadcrumbs=_crumbs(request),
        **asking.LABELS,
    )


def _crumbs(request: Request, *more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    lang = request_language(request)
    found: list[tuple[str, str | None]] = [(translate(lang, N_("补贴")), "/finance")]
    return [*found, (translate(lang, BATCHES), "/finance/batches" if more else None), *more]


@router.get("/finance/batches.xlsx")
def batch_sheet(request: Request, person: Viewer) -> Response:
    lang, (wanted, area) = request_language(request), _held_to(request, person)
    state = STATES.get(wanted["state"], "")
    held_to = [translate(lang, state) if state else "", wanted["q"]]
    held_to += [translate(lang, N_("只看待您审批的"))] if wanted["mine"] else []
    with read(request.app.state.engine) as session:
        rows = batch_views.every(session, batch_views.conditions(person, **wanted))
        of = divisions.area_name(session, area) if area else ""
        return download(
            request,
            exports.batch_columns(lang, STEP_NAMES),
            rows,
            title=N_("补贴批次"),
            of=of,
            held_to=held_to,
        )


# ---- one batch


def opened(
    request: Request, session: Session, person: Person, county: str, identity: str, verb: str = "finance.view"
) -> BatchFile:
    """A batch where the person may do `verb` in all of it. Raises Problem `not_found` or Refused."""
    found = batch_views.batch_file(session, county, identity)
    if found is None:
        raise problem("not_found")
    require(person, verb, found.row.area)
    return found


@router.get("/finance/batches/{county}/{identity}")
def batch_page(request: Request, person: Viewer, county: str, identity: str) -> Response:
    return shown(request, person, county, identity)


def shown(
    request: Request, person: Person, county: str, identity: str, fault: Problem | None = None,
    reason: str = "", faults: tuple[str, ...] = (),
) -> Response:  # fmt: skip
    """One batch: its way so far, what may be done now and by whom, its money, its files, its payments."""
    with read(request.app.state.engine) as session:
        file = opened(request, session, person, county, identity)
        wanted = _wanted(request, file.row)
        total = payment_views.summed(session, wanted)
        found = payment_views.page(session, wanted, total.n, number=page_number(request), size=ROWS_PER_PAGE)
        steps = [
            (step, may(person, step.verb, file.row.area), asking.told(request, session, step.reasons))
            for step in batch_views.next_steps(session, file, person.id)
        ]
        villages = batch_views.by_village(session, county, identity)
        fault_lines = asking.told_fault(request, session, fault)
        waiting = return_views.waiting_now(session, county, identity)
    return render(
        request,
        "subsidies/batch.html",
        file=file,
        row=file.row,
        steps=steps,
        possible=any(allowed and not reasons for _, allowed, reasons in steps),
        way=WAY,
        reached=REACHED[file.row.state],
        step_names=STEP_NAMES,
        buttons=BUTTONS,
        villages=villages,
        page=found,
        total=total,
        wanted=wanted,
        shows=payment_views.SHOWS,
        waiting=waiting,
        fault=fault,
        fault_lines=fault_lines,
        faults=faults,
        reason=reason,
        hows=settling.HOWS,
        done=request.query_params.get("done", ""),
        brought=request.query_params,
        base=f"/finance/batches/{county}/{identity}",
        may_here=lambda verb: may(person, verb, file.row.area),
        changeable=file.row.state == OPEN and may(person, PREPARE, file.row.area),
        for_the_bank=file.row.state in AT_THE_BANK,
        breadcrumbs=_crumbs(request, (named(request, file.row), None)),
        **asking.LABELS,
    )


def named(request: Request, row: BatchRow) -> str:
    return translate(request_language(request), N_("第 {n} 批"), n=row.number)


def _wanted(request: Request, row: BatchRow) -> PaymentFilter:
    query = request.query_params
    state, q = query.get("state", ""), query.get("q", "").strip()
    village = query.get("village", "")
    return PaymentFilter(
        village if village.startswith(row.county) and village.isdigit() else row.county,
        state if state in payment_views.SHOWS else "",
        row.id,
        q[: payment_views.SEARCH_CHARS_MAX],
    )


@router.get("/finance/batches/{county}/{identity}/payments.xlsx")
def payment_sheet(request: Request, person: Viewer, county: str, identity: str) -> Response:
    lang = request_language(request)
    with read(request.app.state.engine) as session:
        file = opened(request, session, person, county, identity)
        wanted = _wanted(request, file.row)
        return download(
            request, exports.payment_columns(lang), payment_views.every(session, wanted),
            title=N_("补贴付款"), of=named(request, file.row),
            held_to=[translate(lang, payment_views.SHOWS[wanted.state]) if wanted.state else "", wanted.q],
        )  # fmt: skip


@router.get("/finance/batches/{county}/{identity}/print")
def batch_print(request: Request, person: Viewer, county: str, identity: str) -> Response:
    """The sheet that is signed: who did which step, sums by village and by level of government."""
    with read(request.app.state.engine) as session:
        file = opened(request, session, person, county, identity)
        villages = batch_views.by_village(session, county, identity)
        shares = batch_views.shares(session, county, identity)
    return render(
        request,
        "subsidies/batch_print.html",
        file=file,
        row=file.row,
        villages=villages,
        shares=shares,
        step_names=STEP_NAMES,
        breadcrumbs=_crumbs(
            request, (named(request, file.row), f"/finance/batches/{county}/{identity}"), ("", None)
        )[:-1],
        **asking.LABELS,
    )


# ---- acts


def done(county: str, identity: str, what: str) -> Response:
    return RedirectResponse(f"/finance/batches/{county}/{identity}?done={what}", status_code=303)


def acted(
    request: Request, person: Person, county: str, identity: str, verb: str,
    act: Callable[[Session], str], reason: str = "",
) -> Response:  # fmt: skip
    """One act on a batch in one transaction: the right, the act, and its refusal on the same page."""
    try:
        with write(request.app.state.engine) as session:
            row = session.get(BatchRow, (county, identity))
            if row is None:
                raise problem("not_found")
            require(person, verb, row.area)
            what = act(session)
    except Problem as fault:
        return shown(request, person, county, identity, fault.only(FAULT), reason)
    return done(county, identity, what)


def _step(verb: str) -> Callable[..., Response]:
    def take(
        request: Request, person: SignedIn, county: str, identity: str, revision: Text = "", seen: Text = "",
        reason: Text = "",
    ) -> Response:  # fmt: skip
        def act(session: Session) -> str:
            by = asking.by(request, person, revision)
            batches.step(session, county, identity, verb, by, reason=reason, seen=seen)
            return verb.partition(".")[2]

        return acted(request, person, county, identity, verb, act, reason)

    return take


for _verb in VERBS:
    if _verb != PREPARE:
        _path = f"/finance/batches/{{county}}/{{identity}}/{_verb.partition('.')[2]}"
        router.post(_path, name=_verb, dependencies=[Depends(holding(_verb))])(_step(_verb))


@router.post("/finance/batches/{county}/{identity}/take-out")
async def take_out(
    request: Request, person: Preparer, county: str, identity: str, revision: Text = "", which: Text = ""
) -> Response:
    """Takes the payments ticked out of an open batch, or all that keep it from being locked."""
    form = await request.form()
    picked = [str(each) for each in form.getlist("payment")]

    def act(session: Session) -> str:
        by = asking.by(request, person, revision)
        batches.take_out(session, county, identity, None if which == "blocking" else picked, by)
        return "taken_out"

    return acted(request, person, county, identity, PREPARE, act)


@router.post("/finance/batches/{county}/{identity}/bank-file.{suffix}")
def export(request: Request, person: Exporter, county: str, identity: str, suffix: str) -> Response:
    """The file for the bank, whole accounts and all; that it was taken away stands in the log."""
    if suffix not in WRITERS:
        raise problem("not_found")
    writer, media_type = WRITERS[suffix]
    facts = request.app.state.shell.facts()
    with write(request.app.state.engine) as session:
        file = opened(request, session, person, county, identity, "bank_file.export")
        # Booked first, then fetched: of a batch that can still be sent back to its preparer no file may be about,
        # or its money could be paid by that file and by another batch.
        if file.row.state not in AT_THE_BANK:
            raise Problem(
                FAULT,
                409,
                N_("批次还没有送银行，不能导出银行文件。"),
                N_("请先批准、送银行并记账，文件随后可取。"),
            )
        kept = [each for each in books.payments(session, county, batch=identity) if each.state != DROPPED]
        made = bank_file.BankFile(file.row.number, file.row.title, facts.county_name, kept, facts.synthetic)
        content = writer(made)
        name = f"{facts.county_name}-补贴发放-第{file.row.number}批.{suffix}"
        said = exports.file_said(name, content)
        log(session, file.row, "bank_file.export", asking.by(request, person), said)
    return attachment(content, name, media_type)
