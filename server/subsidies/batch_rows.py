"""A batch between its rows and the value the rules judge, and what every step on one has in common.

Apart from the steps themselves, because preparing, sending and reading return files all lock a batch the same
way, refuse the same way and leave the same traces: an act, a log line, a higher revision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col

from server.access.audit import audit, common_area
from server.database import parts, table_of
from server.subsidies import books
from server.subsidies.batch import Act, Batch, Refusal
from server.subsidies.money import yuan
from server.subsidies.payments import DROPPED, Payment
from server.subsidies.tables import BatchActRow, BatchRow, PaymentRow, ReturnRowRow
from server.web import N_, Problem, problem

FAULT: Final = "payment_batch"
WAITING: Final = "waiting"
# Shown in the log, in Chinese as everything recorded is.
NUMBER, SUM, COUNT, REASON = N_("批次号"), N_("金额（元）"), N_("笔数"), N_("理由")


class Tell(Protocol):
    """Tells tablets how the money of some households stands now, in the transaction that changed it."""

    def __call__(
        self, session: Session, county: str, households: Collection[str], now: datetime, /
    ) -> None: ...


def nobody_told(session: Session, county: str, households: Collection[str], now: datetime, /) -> None:
    """For whoever has no tablets."""


@dataclass(frozen=True)
class By:
    """Who takes a step, when, and having seen the batch at which revision; where new ids come from."""

    person: str
    now: datetime
    new_id: Callable[[], str]
    revision: int = 0
    tell: Tell = nobody_told

    def end_to_end_id(self) -> str:
        """A payment's id: ISO 20022 takes 35 characters, banks' sheets dislike dashes."""
        return self.new_id().replace("-", "")


class StepRefused(Problem):
    """A step that cannot be taken, with every reason at once."""

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        message = "".join(each.message() for each in reasons)
        super().__init__(FAULT, 409, message, reasons[0].remedy())
        self.reasons = tuple(reasons)


def refused(code: str, **values: object) -> StepRefused:
    """A refusal with one reason, a code of batch.REFUSALS."""
    return StepRefused([Refusal.of(code, **values)])


def held(session: Session, county: str, id: str) -> BatchRow:
    """The batch, held until commit. Raises Problem `not_found`."""
    statement = select(BatchRow).where(col(BatchRow.county) == county, col(BatchRow.id) == id)
    # Whoever asked for the right has looked it up already; since then another may have committed a step.
    anew = statement.with_for_update().execution_options(populate_existing=True)
    row: BatchRow | None = session.execute(anew).scalar_one_or_none()
    if row is None:
        raise problem("not_found")
    return row


def locked(session: Session, county: str, id: str, by: By) -> BatchRow:
    """The same, as it was when `by` saw it. Raises StepRefused too."""
    row = held(session, county, id)
    if row.revision != by.revision:
        raise refused("changed")
    return row


def value(session: Session, row: BatchRow) -> Batch:
    """The batch as the rules know it: its payments that were not taken out, its acts, its waiting rows."""
    payments = books.payments(session, row.county, batch=row.id)
    return Batch(
        id=row.id,
        county=row.county,
        state=row.state,
        payments=tuple(each for each in payments if each.state != DROPPED),
        acts=tuple(
            Act(each.verb, each.person, each.at, each.reason) for each in acts(session, row.county, row.id)
        ),
        follows=row.follows,
        waiting_n=waiting_n(session, row.county, row.id),
    )


def acts(session: Session, county: str, id: str) -> list[BatchActRow]:
    """What was done with a batch, in order."""
    statement = select(BatchActRow).where(col(BatchActRow.county) == county, col(BatchActRow.batch) == id)
    return list(session.execute(statement.order_by(col(BatchActRow.number))).scalars())


def waiting_n(session: Session, county: str, id: str) -> int:
    """How many rows of return files wait for somebody."""
    statement = select(func.count()).where(
        col(ReturnRowRow.county) == county, col(ReturnRowRow.batch) == id, col(ReturnRowRow.fate) == WAITING
    )
    found: int = session.execute(statement).scalar_one()
    return found


def keep(session: Session, row: BatchRow, after: Batch, by: By, said: Mapping[str, str]) -> None:
    """Writes what a step left: the batch's state and area, its last act, and the line in the log."""
    act, number = after.acts[-1], len(after.acts)
    session.add(
        BatchActRow(
            county=row.county, batch=row.id, number=number, verb=act.verb, person=act.person, at=act.at,
            reason=act.reason, digest=after.digest,
        )
    )  # fmt: skip
    row.state = after.state
    touch(session, row)
    log(
        session, row, act.verb, by,
        {COUNT: str(len(after.payments)), SUM: yuan(after.total_fen), **said, REASON: act.reason},
    )  # fmt: skip


def touch(session: Session, row: BatchRow) -> None:
    """Raises the revision, so that whoever looked before sees that something changed."""
    villages = session.execute(
        select(col(PaymentRow.village))
        .where(col(PaymentRow.county) == row.county, col(PaymentRow.batch) == row.id)
        .where(col(PaymentRow.state) != DROPPED)
        .distinct()
    ).scalars()
    row.area = common_area(list(villages), row.county)
    row.revision += 1
    session.add(row)
    session.flush()


def log(session: Session, row: BatchRow, verb: str, by: By, said: Mapping[str, str]) -> None:
    """A line about a batch in the log of acts."""
    audit(
        session, person=by.person, verb=verb, county=row.county, area=row.area,
        subject=f"payment_batch/{row.county}/{row.id}", detail={NUMBER: str(row.number), **said}, now=by.now,
    )  # fmt: skip


def set_states(session: Session, row: BatchRow, ids: Sequence[str] | None, **values: object) -> None:
    """Changes payments of a batch that were not taken out: those named, or all of them."""
    statement = update(PaymentRow).where(
        col(PaymentRow.county) == row.county,
        col(PaymentRow.batch) == row.id,
        col(PaymentRow.state) != DROPPED,
    )
    if ids is None:
        session.execute(statement.values(**values))
        return
    for part in parts(sorted(ids)):
        session.execute(statement.where(col(PaymentRow.id).in_(part)).values(**values))


def write_payments(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """New payments. Raises IntegrityError where one of their decisions has a live payment already."""
    if rows:
        session.execute(insert(table_of(PaymentRow)), list(rows))


def row_of(payment: Payment, batch: str, village: str, settles: Sequence[str]) -> dict[str, object]:
    """A payment as it is stored; the inverse of books.payment_of."""
    return {
        "county": payment.county, "id": payment.id, "batch": batch, "village": village,
        "household": payment.household, "entitlement": payment.entitlement, "settles": list(settles),
        "amount_fen": payment.amount_fen, "shares": dict(payment.shares_fen), "holder": payment.payee.holder,
        "account": payment.payee.account, "bank": payment.payee.bank, "relation": payment.payee.relation,
        "state": payment.state, "surveyed_by": sorted(payment.surveyed_by),
        "accepted_by": sorted(payment.accepted_by), "reason": payment.reason, "sent_on": None, "booked_on": None,
    }  # fmt: skip
