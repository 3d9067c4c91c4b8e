"""Payments as lists: of a batch, of an area, in a state, searched; with their sums and one payment's own story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from server.registry import aliases, divisions
from server.registry.by_door import door_joined
from server.registry.filters import escaped
from server.registry.rules import bounds
from server.registry.tables import Household
from server.subsidies.account_search import account_is
from server.subsidies.payments import CREDITED, LIVE, RETURNED, SENT, STATES
from server.subsidies.tables import BatchRow, EntitlementRow, EntryRow, PaymentRow, ReturnRowRow
from server.web import N_, Page
from server.web.listing import held_to

# States a list can be held to, beside those of a payment alone.
AT_THE_BANK, TO_REPAY, TWICE = "at_the_bank", "to_repay", "twice"
SHOWS: Final = {
    "": N_("全部付款"),
    **STATES,
    AT_THE_BANK: N_("送过银行的"),
    TO_REPAY: N_("退回、待重发"),
    TWICE: N_("同一户重复发放"),
}
SEARCH_CHARS_MAX: Final = 50


@dataclass(frozen=True)
class PaymentFilter:
    """`area`: division code prefix; `state`: a key of SHOWS; `batch`: its id; `q`: part of a name or door, the
    beginning of an end-to-end id, or an account by its last four digits or whole; `season`, `component`: of the
    decision.
    """

    area: str
    state: str = ""
    batch: str = ""
    q: str = ""
    component: str = ""
    season: str = ""

    def address(self, path: str = "/finance/payments", **changes: str) -> str:
        given = {field.name: getattr(self, field.name) for field in fields(self)} | changes
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        yield col(PaymentRow.county) == self.area[:6]
        yield col(PaymentRow.village).between(*bounds(self.area))
        if self.batch:
            yield col(PaymentRow.batch) == self.batch
        if self.state in STATES:
            yield col(PaymentRow.state) == self.state
        elif self.state == AT_THE_BANK:
            yield col(PaymentRow.state).in_((SENT, CREDITED, RETURNED))
        elif self.state == TO_REPAY:
            yield to_repay()
        elif self.state == TWICE:
            yield paid_twice()
        for name in ("component", "season"):
            if getattr(self, name):
                yield col(getattr(EntitlementRow, name)) == getattr(self, name)
        if self.q:
            yield _search(self.q)


def to_repay() -> ColumnElement[bool]:
    """Of a payment: it came back, nothing is on its way for the same decision, and it is the last that came back."""
    live, later, first = aliased(PaymentRow), aliased(PaymentRow), aliased(BatchRow)
    second = aliased(BatchRow)
    same = and_(
        col(live.county) == col(PaymentRow.county), col(live.entitlement) == col(PaymentRow.entitlement)
    )
    newer = (
        exists()
        .where(
            col(later.county) == col(PaymentRow.county),
            col(later.entitlement) == col(PaymentRow.entitlement),
            col(later.state) == RETURNED,
            col(first.county) == col(PaymentRow.county),
            col(first.id) == col(PaymentRow.batch),
            col(second.county) == col(PaymentRow.county),
            col(second.id) == col(later.batch),
            col(second.number) > col(first.number),
        )
        .correlate(PaymentRow)
    )
    return and_(col(PaymentRow.state) == RETURNED, ~exists().where(same, col(live.state).in_(LIVE)), ~newer)


def paid_twice() -> ColumnElement[bool]:
    """Of a payment, with its decision beside it: it is on its way or paid, and so is another for the same component
    and season under another id of the same home, as a merge of two registrations brings to light."""
    other, decided = aliased(PaymentRow), aliased(EntitlementRow)
    again = exists().where(
        col(decided.county) == col(EntitlementRow.county),
        col(decided.component) == col(EntitlementRow.component),
        col(decided.season) == col(EntitlementRow.season),
        col(decided.household) != col(EntitlementRow.household),
        aliases.home_of(decided) == aliases.home_of(EntitlementRow),
        col(other.county) == col(decided.county),
        col(other.entitlement) == col(decided.id),
        col(other.state).in_(LIVE),
    )
    return and_(col(PaymentRow.state).in_(LIVE), aliases.of_merged_home(PaymentRow), again)


def _search(text: str) -> ColumnElement[bool]:
    part, start, account = (
        f"%{escaped(text)}%",
        f"{escaped(text.lower())}%",
        account_is(col(PaymentRow.account), text),
    )
    found = [
        col(PaymentRow.holder).like(part, escape="\\"),
        col(Household.head_name).like(part, escape="\\"),
        col(Household.door_number).like(part, escape="\\"),
    ]
    if text.isascii():
        found += [
            col(PaymentRow.id).like(start, escape="\\"),
            col(Household.head_pinyin).like(start, escape="\\"),
            col(Household.head_initials).like(start, escape="\\"),
        ]
    return or_(*found) if account is None else or_(*found, account)


@dataclass(frozen=True)
class PaymentLine:
    """A payment with its home, its batch, and what it is for."""

    payment: PaymentRow
    head_name: str
    door_number: str
    component: str
    season: str
    batch_number: int
    village_name: str
    township_name: str


def _joined(*columns: Any) -> Any:
    decided = and_(
        col(EntitlementRow.county) == col(PaymentRow.county),
        col(EntitlementRow.id) == col(PaymentRow.entitlement),
    )
    statement = select(*columns).select_from(PaymentRow).join(EntitlementRow, decided)
    return aliases.with_home(statement, PaymentRow)


def _ordered(wanted: PaymentFilter) -> Any:
    of_batch = and_(col(BatchRow.county) == col(PaymentRow.county), col(BatchRow.id) == col(PaymentRow.batch))
    statement = _joined(
        PaymentRow, Household.head_name, Household.door_number, EntitlementRow.component, EntitlementRow.season,
        BatchRow.number,
    ).join(BatchRow, of_batch)  # fmt: skip
    ordered = (col(PaymentRow.village), door_joined(), col(PaymentRow.id))
    return statement.where(*wanted.conditions()).order_by(*ordered)


def _lines(session: Session, rows: Sequence[Any]) -> list[PaymentLine]:
    county = rows[0][0].county if rows else ""
    codes = {row[0].village for row in rows}
    places = {each.code: each for each in divisions.villages(session, county, codes)} if rows else {}
    return [
        PaymentLine(
            payment, head or "", door or "", component, season, number,
            places[payment.village].name if payment.village in places else payment.village,
            places[payment.village].township_name if payment.village in places else "",
        )
        for payment, head, door, component, season, number in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class Sum:
    """How many payments, and what they come to."""

    n: int = 0
    fen: int = 0


def summed(session: Session, wanted: PaymentFilter) -> Sum:
    """What a list comes to, all of its pages."""
    counted = _joined(func.count(), func.coalesce(func.sum(PaymentRow.amount_fen), 0))
    n, fen = session.execute(counted.where(*wanted.conditions())).one()
    return Sum(n, int(fen))


def page(session: Session, wanted: PaymentFilter, total: int, *, number: int, size: int) -> Page[PaymentLine]:
    """One page of the list, by village and door; `total` as `summed` counted it."""
    number = held_to(number, total, size)
    rows = session.execute(_ordered(wanted).offset((number - 1) * size).limit(size)).all()
    return Page(_lines(session, rows), total, number, size)


def every(session: Session, wanted: PaymentFilter) -> Iterator[PaymentLine]:
    """The whole list, for a sheet."""
    for part in session.execute(_ordered(wanted).execution_options(yield_per=500)).partitions(500):
        yield from _lines(session, list(part))


def by_state(session: Session, wanted: PaymentFilter) -> dict[str, Sum]:
    """State → its payments within a batch or an area, whatever state the list is held to."""
    held = PaymentFilter(wanted.area, batch=wanted.batch)
    statement = select(col(PaymentRow.state), func.count(), func.sum(PaymentRow.amount_fen))
    rows = session.execute(statement.where(*held.conditions()).group_by(col(PaymentRow.state)))
    found = {state: Sum(n, int(fen)) for state, n, fen in rows}
    return {state: found.get(state, Sum()) for state in STATES}


@dataclass(frozen=True)
class Story:
    """One payment: what became of it in the ledger, what the bank said, and later payments of the same decision."""

    line: PaymentLine
    entries: list[EntryRow]
    rows: list[ReturnRowRow]
    others: list[PaymentLine]


def story(session: Session, county: str, id: str) -> Story | None:
    """A payment by its end-to-end id; None where there is none."""
    found = _ordered(PaymentFilter(county)).where(col(PaymentRow.id) == id)
    lines = _lines(session, session.execute(found).all())
    if not lines:
        return None
    payment = lines[0].payment
    entries = select(EntryRow).where(col(EntryRow.county) == county, col(EntryRow.payment) == id)
    said = select(ReturnRowRow).where(
        col(ReturnRowRow.county) == county, col(ReturnRowRow.end_to_end_id) == id
    )
    same = _ordered(PaymentFilter(county)).where(
        col(PaymentRow.entitlement) == payment.entitlement, col(PaymentRow.id) != id
    )
    return Story(
        lines[0],
        list(session.execute(entries.order_by(col(EntryRow.number))).scalars()),
        list(session.execute(said.order_by(col(ReturnRowRow.file), col(ReturnRowRow.number))).scalars()),
        _lines(session, session.execute(same).all()),
    )
