"""Dealing with what did not match: a person decides about a waiting row, says why, and nothing is guessed.

Apart from `returns`, which books what matches by itself. To settle a row is part of the reconciliation, so whoever
surveyed, accepted, prepared or approved the batch cannot do it. An answer that was booked wrongly is reversed,
never changed: both stay in the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from server.database import parts
from server.subsidies import books, ledger
from server.subsidies.batch import DUTIES, RECONCILIATION, STATES, Act, Refusal, duties
from server.subsidies.batch_rows import WAITING, By, StepRefused, held, keep, refused, value
from server.subsidies.batches import REASON_CHARS_MAX, taken_by, villages
from server.subsidies.ledger import Entry
from server.subsidies.payments import CREDITED, RETURNED, SENT, Payment
from server.subsidies.payments import STATES as PAYMENT_STATES
from server.subsidies.reconcile import UNMATCHED
from server.subsidies.returns import ANSWER, AT_THE_BANK, OVERRULED, SETTLED, answer_entry
from server.subsidies.tables import BatchRow, PaymentRow, ReturnRowRow
from server.web import N_
from server.web.figures import CHINA

VERB: Final = "payment_batch.reconcile"
KEEP, TAKE = "keep", "take"
HOWS: Final = {
    KEEP: N_("不入账，只记理由"),
    TAKE: N_("以这一行为准入账"),
}
# Rows that speak of a payment as it was sent, only not the way the rules can take for its answer.
BOOKABLE: Final = frozenset({"contradicting", "answered_otherwise", "wrong_account", "duplicate_row"})
ROWS, HOW, BOOKED_ANEW = N_("处理的行"), N_("怎样处理"), N_("冲正")
Place = tuple[str, int]


def settle(
    session: Session, county: str, id: str, places: Collection[Place], *, how: str, reason: str, by: By
) -> int:
    """Settles waiting rows, each named by its file and number, all in one way; answers how many.

    Raises StepRefused with every reason; then none is settled.
    """
    row = held(session, county, id)
    rows = _rows_at(session, row, places)
    payments = _payments_of(session, row, rows)
    reasons = [*_may_not(session, row, reason, by), *_not_settleable(rows, places, how, payments)]
    if reasons:
        raise StepRefused(reasons)
    if how == TAKE:
        lying, booked = villages(session, row), _booked(session, row.county, payments.values())
        for each in rows:
            answered = payments[each.end_to_end_id]
            _rebook(session, row, answered, each.outcome, each, booked=booked, by=by, village_of=lying)
    for each in rows:
        each.fate = ANSWER if how == TAKE else SETTLED
        each.settled_at, each.settled_by = by.now, by.person
        each.settled_how = reason.strip()[:REASON_CHARS_MAX]
    session.flush()
    numbers = "、".join(str(each.number) for each in rows[:20])
    _kept(session, row, {ROWS: numbers, HOW: HOWS[how]}, reason, by)
    concerned = {payments[each.end_to_end_id].household for each in rows if each.end_to_end_id in payments}
    by.tell(session, county, concerned, by.now)
    return len(rows)


def correct(session: Session, county: str, payment: str, outcome: str, *, reason: str, by: By) -> BatchRow:
    """Books the other answer of a payment than the one that was booked wrongly, for a reason. Raises StepRefused."""
    known = session.get(PaymentRow, (county, payment))
    if known is None:
        raise refused("no_rows")
    row = held(session, county, known.batch)
    found = books.payment_of(session.get_one(PaymentRow, (county, payment), populate_existing=True))
    reasons = _may_not(session, row, reason, by)
    if outcome not in (CREDITED, RETURNED) or found.state not in (CREDITED, RETURNED):
        reasons.append(Refusal.of("not_declared", state=PAYMENT_STATES[found.state]))
    elif outcome == found.state:
        reasons.append(Refusal.of("answered_so", id=payment, state=PAYMENT_STATES[found.state]))
    if reasons:
        raise StepRefused(reasons)
    booked, lying = _booked(session, county, [found]), {known.entitlement: known.village}
    _rebook(session, row, found, outcome, None, booked=booked, by=by, village_of=lying)
    _kept(session, row, {BOOKED_ANEW: f"{payment} {PAYMENT_STATES[outcome]}"}, reason, by)
    by.tell(session, county, [found.household], by.now)
    return row


def _may_not(session: Session, row: BatchRow, reason: str, by: By) -> list[Refusal]:
    """Why this person may not deal with a batch's answers now."""
    found = []
    if row.state not in AT_THE_BANK:
        found.append(Refusal.of("no_return_yet", state=STATES[row.state]))
    for other in sorted(duties(value(session, row), by.person) - {RECONCILIATION}):
        found.append(Refusal.of("other_duty", held=DUTIES[other], duty=DUTIES[RECONCILIATION]))
    if not reason.strip():
        found.append(Refusal.of("no_reason"))
    return found


def _rows_at(session: Session, row: BatchRow, places: Collection[Place]) -> list[ReturnRowRow]:
    """Those of the places that are a batch's, in their order, held until commit."""
    found: list[ReturnRowRow] = []
    for part in parts(sorted(set(places))):
        statement = select(ReturnRowRow).where(
            col(ReturnRowRow.county) == row.county, col(ReturnRowRow.batch) == row.id,
            tuple_(col(ReturnRowRow.file), col(ReturnRowRow.number)).in_(part),
        )  # fmt: skip
        in_order = statement.order_by(col(ReturnRowRow.file), col(ReturnRowRow.number)).with_for_update()
        found += session.execute(in_order.execution_options(populate_existing=True)).scalars()
    return found


def _payments_of(session: Session, row: BatchRow, rows: Sequence[ReturnRowRow]) -> dict[str, Payment]:
    found: dict[str, Payment] = {}
    for part in parts(sorted({each.end_to_end_id for each in rows})):
        statement = select(PaymentRow).where(
            col(PaymentRow.county) == row.county,
            col(PaymentRow.batch) == row.id,
            col(PaymentRow.id).in_(part),
        )
        found |= {each.id: books.payment_of(each) for each in session.execute(statement).scalars()}
    return found


def _not_settleable(
    rows: Sequence[ReturnRowRow], places: Collection[Place], how: str, payments: dict[str, Payment]
) -> list[Refusal]:
    found = []
    if not places or how not in HOWS:
        found.append(Refusal.of("no_rows"))
    if len(rows) != len(set(places)) or any(each.fate != WAITING for each in rows):
        found.append(Refusal.of("settled_already"))
    if how != TAKE:
        return found
    ids = [each.end_to_end_id for each in rows]
    found += [Refusal.of("chosen_twice", id=id) for id in sorted(set(ids)) if ids.count(id) > 1]
    for each in rows:
        payment = payments.get(each.end_to_end_id)
        if payment is None or each.why not in BOOKABLE or each.amount_fen != payment.amount_fen:
            why = UNMATCHED.get(each.why, each.why)
            found.append(Refusal.of("row_not_bookable", number=each.number, why=why))
        elif payment.state == each.outcome:
            found.append(Refusal.of("answered_so", id=payment.id, state=PAYMENT_STATES[payment.state]))
    return found


def _booked(session: Session, county: str, payments: Iterable[Payment]) -> dict[tuple[str, str], Entry]:
    """What stands in the books of payments: by payment and kind, of those that have been answered."""
    answered = {payment.entitlement for payment in payments if payment.state != SENT}
    if not answered:
        return {}
    entries = books.entries(session, county, entitlements=answered)
    return {(each.payment, each.kind): each for each in ledger.standing(entries)}


def _rebook(
    session: Session, row: BatchRow, payment: Payment, outcome: str, by_row: ReturnRowRow | None, *,
    booked: Mapping[tuple[str, str], Entry], by: By, village_of: Mapping[str, str],
) -> None:  # fmt: skip
    """Gives a payment another answer: the one booked before is reversed. `village_of`: by decision."""
    today = by.now.astimezone(CHINA).date()
    on = by_row.booked_on if by_row is not None and by_row.booked_on else today
    entries: list[Entry] = []
    if payment.state != SENT:
        entries.append(ledger.reversal(booked[payment.id, payment.state], by.new_id(), today))
        _overrule(session, row, payment.id)
    entries.append(answer_entry(payment, outcome, on, by))
    changed = {
        "state": outcome,
        "reason": by_row.reason if by_row is not None and outcome == RETURNED else "",
        "booked_on": on,
    }
    of_payment = (col(PaymentRow.county) == row.county, col(PaymentRow.id) == payment.id)
    try:
        with session.begin_nested():
            session.execute(update(PaymentRow).where(*of_payment).values(**changed))
    except IntegrityError as error:
        again = taken_by(session, row.county, [payment.entitlement])
        raise StepRefused(
            [Refusal.of("paid_again", id=payment.id, number=number, title=title) for number, title in again]
        ) from error
    books.post(session, row.county, entries, village_of=village_of, person=by.person, now=by.now)


def _overrule(session: Session, row: BatchRow, payment: str) -> None:
    """The row that was the answer so far is it no more."""
    statement = select(ReturnRowRow).where(
        col(ReturnRowRow.county) == row.county,
        col(ReturnRowRow.batch) == row.id,
        col(ReturnRowRow.end_to_end_id) == payment,
        col(ReturnRowRow.fate) == ANSWER,
    )
    for each in session.execute(statement).scalars():
        each.fate = OVERRULED
    session.flush()


def _kept(session: Session, row: BatchRow, said: dict[str, str], reason: str, by: By) -> None:
    """To settle is to reconcile: whoever did holds that duty of the batch from now on."""
    batch = value(session, row)
    act = Act(VERB, by.person, by.now, reason.strip()[:REASON_CHARS_MAX])
    keep(session, row, replace(batch, acts=(*batch.acts, act)), by, said)
