"""What is done with a batch (发放批次): preparing it, taking payments out, and every declared step onward.

The rules decide (`batch`), the database forbids what must never happen twice, and each act leaves its line in
the log in the same transaction. Whoever acts says at which revision they saw the batch, so of two clerks the
second one is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from server.database import parts
from server.subsidies import balances, books, ledger
from server.subsidies.batch import (
    CLOSED,
    OPEN,
    PREPARE,
    RECONCILED,
    Batch,
    Refusal,
    refusals,
    steps_from,
    take,
)
from server.subsidies.batch_rows import (
    By,
    StepRefused,
    keep,
    locked,
    refused,
    row_of,
    set_states,
    value,
    write_payments,
)
from server.subsidies.ledger import About
from server.subsidies.money import yuan
from server.subsidies.payments import DROPPED, LIVE, SENT, Payee, Payment
from server.subsidies.preparing import Preview, Wanted, preview
from server.subsidies.tables import BatchRow, PaymentRow
from server.web import N_
from server.web.figures import CHINA

LOCK, SEND, DISCARD = "payment_batch.lock", "payment_batch.send", "payment_batch.discard"
# Steps after which a home's money stands otherwise: an open batch is nobody's promise yet.
TOLD: Final = (LOCK, SEND, DISCARD)
TITLE_CHARS_MAX: Final = 100
REASON_CHARS_MAX: Final = 1000
# Of many payments with one and the same fault, the first few are named.
NAMED_MAX: Final = 3
ADDED, TAKEN_OUT, FOLLOWS = N_("加入"), N_("移出"), N_("重发的批次")


@dataclass(frozen=True)
class Asked:
    """What a clerk asks for: the question, what they saw it come to, and where it goes: a new batch called `title`,
    or `into` an open one by its id.
    """

    wanted: Wanted
    seen_n: int
    seen_fen: int
    title: str = ""
    into: str = ""


# ---- preparing


def prepare(session: Session, asked: Asked, by: By) -> BatchRow:
    """Puts what is owed and payable into a batch. Raises StepRefused; then nothing is written."""
    county, wanted = asked.wanted.county, asked.wanted
    row = locked(session, county, asked.into, by) if asked.into else _opened(session, asked, by)
    if row.follows != wanted.follows:
        raise refused("not_apart")
    found = preview(session, wanted, by.person)
    _as_seen(found, asked)
    before = value(session, row)
    added = [item.payment(by.end_to_end_id()) for item in found.items]
    batch = replace(before, payments=(*before.payments, *added))
    reasons = refusals(batch, PREPARE, by.person)
    if reasons:
        raise StepRefused(condensed(reasons))
    _write(session, row, [
        row_of(payment, row.id, item.village, item.owed.settles)
        for payment, item in zip(added, found.items, strict=True)
    ])  # fmt: skip
    said = {ADDED: str(len(added)), FOLLOWS: _number_of(session, county, row.follows)}
    keep(session, row, take(batch, PREPARE, by.person, by.now), by, said)
    return row


def _opened(session: Session, asked: Asked, by: By) -> BatchRow:
    """A new batch. From here on other preparers of the county wait, so none sees the same money as payable."""
    county, follows = asked.wanted.county, asked.wanted.follows
    if follows:
        source = session.get(BatchRow, (county, follows))
        if source is None or source.state not in (RECONCILED, CLOSED):
            raise refused("not_settled")
    title = asked.title.strip()
    if not title or len(title) > TITLE_CHARS_MAX:
        raise refused("no_title", max=TITLE_CHARS_MAX)
    number = books.take_numbers(session, county, books.BATCHES, 1)[0]
    row = BatchRow(
        county=county, id=by.new_id(), number=number, title=title, state=OPEN, area=county, follows=follows,
        revision=0, opened_at=by.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _as_seen(found: Preview, asked: Asked) -> None:
    """What is written is what was looked at, to the number and the fen."""
    n, fen = len(found.items), found.total_fen
    if n and (n, fen) == (asked.seen_n, asked.seen_fen):
        return
    now = {"n_now": n, "yuan_now": yuan(fen)}
    seen = Refusal.of("other_than_seen", n=asked.seen_n, yuan=yuan(asked.seen_fen), **now)
    held = [
        Refusal.of("held_elsewhere", number=number, title=title, n=of_it)
        for (number, title), (of_it, _) in sorted(found.elsewhere.items())
    ]
    raise StepRefused([seen if n else Refusal.of("nothing_owed"), *held])


def _write(session: Session, row: BatchRow, rows: Sequence[Mapping[str, object]]) -> None:
    """The database has the last word on who is paid once; its refusal is told in words."""
    try:
        with session.begin_nested():
            write_payments(session, rows)
    except IntegrityError as error:
        taken = taken_by(session, row.county, [str(each["entitlement"]) for each in rows])
        if not taken:
            raise
        held = [
            Refusal.of("held_elsewhere", number=number, title=title, n=n)
            for (number, title), n in sorted(taken.items())
        ]
        raise StepRefused(held) from error


def taken_by(session: Session, county: str, entitlements: Sequence[str]) -> dict[tuple[int, str], int]:
    """(number, title) of batches that hold a live payment of one of these decisions → how many."""
    of_batch = and_(col(BatchRow.county) == col(PaymentRow.county), col(BatchRow.id) == col(PaymentRow.batch))
    found: dict[tuple[int, str], int] = {}
    for part in parts(entitlements):
        statement = (
            select(col(BatchRow.number), col(BatchRow.title))
            .join(PaymentRow, of_batch)
            .where(
                col(PaymentRow.county) == county,
                col(PaymentRow.entitlement).in_(part),
                col(PaymentRow.state).in_(LIVE),
            )
        )
        for number, title in session.execute(statement):
            found[number, title] = found.get((number, title), 0) + 1
    return found


def _number_of(session: Session, county: str, id: str) -> str:
    row = session.get(BatchRow, (county, id)) if id else None
    return str(row.number) if row else ""


# ---- taking out


def take_out(session: Session, county: str, id: str, payments: Collection[str] | None, by: By) -> int:
    """Takes payments out of an open batch, or those that stand in the way of locking it (None); answers how many.

    Raises StepRefused.
    """
    row = locked(session, county, id, by)
    batch = value(session, row)
    wanted = blocking(session, row, batch) if payments is None else set(payments)
    out = [each for each in batch.payments if each.id in wanted]
    after = replace(batch, payments=tuple(each for each in batch.payments if each.id not in wanted))
    reasons = refusals(after, PREPARE, by.person)
    if not out:
        raise refused("none_chosen")
    if reasons:
        raise StepRefused(condensed(reasons))
    set_states(session, row, [each.id for each in out], state=DROPPED)
    keep(session, row, take(after, PREPARE, by.person, by.now), by, {TAKEN_OUT: str(len(out))})
    by.tell(session, county, [each.household for each in out], by.now)
    return len(out)


def blocking(session: Session, row: BatchRow, batch: Batch) -> set[str]:
    """Payments that nobody can lock: too much by now, without a payee, or with one in dispute."""
    fresh = {each.id: each.payee for each in _with_payees(session, batch).payments}
    lacking = {id for id, payee in fresh.items() if not (payee.account.strip() and payee.holder.strip())}
    disputed = balances.disputed(session, row.county)
    return (
        lacking
        | set(balances.overpaid(session, row.county, row.id))
        | {each.id for each in batch.payments if each.household in disputed}
    )


# ---- steps


def step(
    session: Session, county: str, id: str, verb: str, by: By, *, reason: str = "", seen: str = ""
) -> BatchRow:
    """Takes one declared step. `seen`: digest of the batch on the page of whoever approves or sends.

    Raises StepRefused with every reason at once.
    """
    row = locked(session, county, id, by)
    batch = before = value(session, row)
    if verb == LOCK and batch.state == OPEN:
        batch = _with_payees(session, batch)
    reasons = why_not(session, row, batch, verb, by.person, reason=reason[:REASON_CHARS_MAX], seen=seen)
    if reasons:
        raise StepRefused(reasons)
    after = take(batch, verb, by.person, by.now, reason=reason[:REASON_CHARS_MAX], seen=seen)
    if verb == LOCK:
        _copy_payees(session, before, batch)
    if verb == DISCARD:
        set_states(session, row, None, state=DROPPED)
    if verb == SEND:
        _send(session, row, batch, by)
    keep(session, row, after, by, {})
    if verb in TOLD:
        by.tell(session, county, [each.household for each in batch.payments], by.now)
    return row


def why_not(
    session: Session, row: BatchRow, batch: Batch, verb: str, person: str, *, reason: str, seen: str
) -> list[Refusal]:
    """Why a step cannot be taken now; an empty list means it can. `batch`: for locking, with the payees of today."""
    found: list[Refusal] = condensed(refusals(batch, verb, person, reason=reason, seen=seen))
    declared = any(each.verb == verb for each in steps_from(batch.state))
    if declared and verb in (LOCK, "payment_batch.approve", SEND):
        found += too_much(session, row)
    if declared and verb == LOCK:
        found += _in_dispute(session, batch)
    return found


def as_it_would_be(session: Session, batch: Batch) -> Batch:
    """The batch as its next step judges it: an open one with the payees of today, for they are copied then."""
    return _with_payees(session, batch) if batch.state == OPEN else batch


def too_much(session: Session, row: BatchRow) -> list[Refusal]:
    """A batch whose payments come to more than is owed, in words; nothing where they do not."""
    gaps = balances.overpaid(session, row.county, row.id)
    return [Refusal.of("too_much", n=len(gaps), yuan=yuan(sum(gaps.values())))] if gaps else []


def _in_dispute(session: Session, batch: Batch) -> list[Refusal]:
    disputed = balances.disputed(session, batch.county)
    n = sum(each.household in disputed for each in batch.payments)
    return [Refusal.of("in_dispute", n=n)] if n else []


def condensed(reasons: Iterable[Refusal]) -> list[Refusal]:
    """Every reason, but of many payments with the same fault only the first few by name."""
    counts: dict[str, int] = {}
    shown: list[Refusal] = []
    for each in reasons:
        counts[each.code] = counts.get(each.code, 0) + 1
        if counts[each.code] <= NAMED_MAX:
            shown.append(each)
    hidden = sum(max(0, n - NAMED_MAX) for n in counts.values())
    return [*shown, Refusal.of("alike", n=hidden)] if hidden else shown


def _with_payees(session: Session, batch: Batch) -> Batch:
    """The batch with the payees in force now; nobody is paid at an account that is no longer his."""
    payees = balances.payees_of(session, batch.county, [each.household for each in batch.payments])

    def now(payment: Payment) -> Payment:
        stated = payees.get(payment.household)
        return replace(payment, payee=stated.payee if stated else Payee("", ""))

    return replace(batch, payments=tuple(now(each) for each in batch.payments))


def _copy_payees(session: Session, before: Batch, batch: Batch) -> None:
    stood = {each.id: each.payee for each in before.payments}
    changed = [
        {"county": batch.county, "id": each.id, "holder": each.payee.holder, "account": each.payee.account,
         "bank": each.payee.bank, "relation": each.payee.relation}
        for each in batch.payments if stood[each.id] != each.payee
    ]  # fmt: skip
    if changed:
        session.execute(update(PaymentRow), changed)


def _send(session: Session, row: BatchRow, batch: Batch, by: By) -> None:
    """The money is with the bank from now on: an entry for each payment."""
    on = by.now.astimezone(CHINA).date()
    set_states(session, row, None, state=SENT, sent_on=on)
    entries = [
        ledger.payment_sent(About(by.new_id(), row.county, on, each.entitlement, each.id), each.shares_fen)
        for each in batch.payments
    ]
    books.post(session, row.county, entries, village_of=villages(session, row), person=by.person, now=by.now)


def villages(session: Session, row: BatchRow) -> dict[str, str]:
    """Decision → the village it was decided for, of a batch's payments."""
    statement = select(col(PaymentRow.entitlement), col(PaymentRow.village)).where(
        col(PaymentRow.county) == row.county, col(PaymentRow.batch) == row.id
    )
    return {row[0]: row[1] for row in session.execute(statement)}
