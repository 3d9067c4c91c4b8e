"""The overview of money: what waits for whom, and what the ledger says, by level of government and by place.

Queues are counts of the same conditions their lists are held to. Totals are the ledger's alone: entries less
their reversals, so they stand whatever page asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from server.access.rules import areas_of, may
from server.access.tables import Person
from server.registry import divisions, rules
from server.subsidies import batch_views, decision_views, ledger_sums, payee_views, payment_views
from server.subsidies.batch import APPROVED, LOCKED, OPEN
from server.subsidies.batch_rows import WAITING
from server.subsidies.decision_views import DecisionFilter
from server.subsidies.ledger import KINDS, Totals
from server.subsidies.payee_views import PayeeFilter
from server.subsidies.payment_views import TO_REPAY, TWICE, PaymentFilter
from server.subsidies.payments import SENT
from server.subsidies.review import CORRECTION, DUE
from server.subsidies.tables import EntryRow, ReturnRowRow
from server.subsidies.vocabulary import LEVELS
from server.web import N_, with_query


@dataclass(frozen=True)
class Queue:
    """Something that waits: how many, of how much money where that is known, the list it opens, and for whom."""

    label: str
    n: int
    fen: int | None
    address: str
    hint: str
    unit: str = N_("户")


def queues(session: Session, person: Person, area: str) -> list[Queue]:
    """What waits in an area, in the order in which money goes its way."""
    decisions = decision_views.counts(session, area)
    unanswered = PaymentFilter(area, SENT)
    returned = PaymentFilter(area, TO_REPAY)
    missing = PayeeFilter(area, "missing")
    return [
        Queue(
            N_("待核定"), decisions[DUE].homes_n, decisions[DUE].fen, DecisionFilter(area, DUE).address(),
            N_("资金经办核定"),
        ),
        Queue(
            N_("待更正"), decisions[CORRECTION].homes_n, decisions[CORRECTION].fen,
            DecisionFilter(area, CORRECTION).address(), N_("资金经办决定"),
        ),
        Queue(
            payee_views.SHOWS[missing.show], payee_views.count(session, missing), None, missing.address(),
            N_("乡镇补录"),
        ),
        *_batch_queues(session, person, area),
        _payments(session, unanswered, N_("已送银行、没有回执"), N_("等银行回盘")),
        *_waiting_rows(session, person, area),
        _payments(session, returned, N_("退回、待重发"), N_("核对收款人后编后续批次")),
        *_twice(session, area),
    ]  # fmt: skip


def _twice(session: Session, area: str) -> Iterable[Queue]:
    """A finding, not a step: shown only where there is one."""
    wanted = PaymentFilter(area, TWICE)
    total = payment_views.summed(session, wanted)
    if total.n:
        yield Queue(
            N_("同一户重复发放"), total.n, total.fen, wanted.address(), N_("核定更正后向住户追回"), N_("笔")
        )


def _payments(session: Session, wanted: PaymentFilter, label: str, hint: str) -> Queue:
    total = payment_views.summed(session, wanted)
    return Queue(label, total.n, total.fen, wanted.address(), hint, N_("笔"))


def _batch_queues(session: Session, person: Person, area: str) -> Iterable[Queue]:
    where = batch_views.conditions(person, area[:6], area=area)
    counts = batch_views.counts(session, where)
    sums = batch_views.sums_by_state(session, where)
    mine = may(person, "payment_batch.approve", area)
    if mine:
        own = batch_views.conditions(person, area[:6], mine=True, area=area)
        counts[LOCKED] = batch_views.counts(session, own)[LOCKED]
        sums[LOCKED] = batch_views.sums_by_state(session, own).get(LOCKED, 0)
    for state, label, hint in (
        (OPEN, N_("编制中的批次"), N_("资金经办提交")),
        (LOCKED, N_("待您审批的批次") if mine else N_("待审批的批次"), N_("资金审批批准，不能是编制人")),
        (APPROVED, N_("已批准、待送银行"), N_("资金经办导出并送银行")),
    ):
        wanted = "1" if mine and state == LOCKED else ""
        address = with_query("/finance/batches", area=area, state=state, mine=wanted)
        yield Queue(label, counts[state], sums.get(state, 0), address, hint, N_("批"))


def _waiting_rows(session: Session, person: Person, area: str) -> Iterable[Queue]:
    """Rows speak of batches, and batches of a county: whoever holds less of it opens no list."""
    county = area[:6]
    if county not in areas_of(person, "finance.view", county):
        return
    statement = select(func.count()).where(
        col(ReturnRowRow.county) == county, col(ReturnRowRow.fate) == WAITING
    )
    n = session.execute(statement).scalar_one()
    yield Queue(N_("对不上的回盘行"), n, None, "/finance/returns", N_("对账的人处理"), N_("行"))


# ---- totals


@dataclass(frozen=True)
class Part:
    """A place or a level of government, with what the ledger says of it."""

    key: str
    name: str
    totals: Totals


@dataclass(frozen=True)
class Ledger:
    """An area's money: in all, by level of government, by the places inside it. `last`: the county's last entry."""

    all: Totals
    levels: list[Part]
    places: list[Part]
    last: EntryRow | None


def ledger_of(session: Session, area: str) -> Ledger:
    """What the ledger says of an area; every entry counts for the village its money was decided for."""
    digits = rules.child_digits(area)
    summed = ledger_sums.sums(session, area[:6])
    rows = [
        (village[:digits], level, kind, fen)
        for (village, level, kind), fen in summed.items()
        if village.startswith(area)
    ]
    by_level: dict[str, list[tuple[str, int]]] = {}
    by_place: dict[str, list[tuple[str, int]]] = {}
    for place, level, kind, fen in rows:
        by_level.setdefault(level, []).append((kind, fen))
        by_place.setdefault(place, []).append((kind, fen))
    names = divisions.names(session, [code.ljust(12, "0") for code in by_place])
    last = select(EntryRow).where(col(EntryRow.county) == area[:6]).order_by(col(EntryRow.number).desc())
    return Ledger(
        _totals((kind, fen) for _, _, kind, fen in rows),
        [Part(level, LEVELS[level], _totals(by_level[level])) for level in LEVELS if level in by_level],
        [
            Part(code, names.get(code.ljust(12, "0"), code), _totals(of_place))
            for code, of_place in sorted(by_place.items())
        ],
        session.execute(last.limit(1)).scalars().first(),
    )


def _totals(rows: Iterable[tuple[str, int]]) -> Totals:
    sums = dict.fromkeys(KINDS, 0)
    for kind, fen in rows:
        sums[kind] += int(fen)
    return Totals(
        sums["obligation"] + sums["correction"], sums["payment_sent"], sums["credited"], sums["returned"]
    )
