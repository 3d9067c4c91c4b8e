"""The bank's answers into the books: a return file taken in whole or not at all.

What matches is booked, what does not waits with its reason, what was read before changes nothing. The file is
kept as it came. Everything happens in the caller's one transaction, with the batch held, so a file imported by
two clerks at once, or by a process that dies, is there once or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from server.database import parts, table_of
from server.subsidies import books, ledger
from server.subsidies.batch import CLOSED, RECONCILED, SENT_TO_BANK, STATES
from server.subsidies.batch_rows import WAITING, By, held, log, refused, touch
from server.subsidies.batches import villages
from server.subsidies.ledger import About, Entry
from server.subsidies.payments import CREDITED, RETURNED, Payment
from server.subsidies.reconcile import Answer, Known, Reconciled, Row, Said, disagreements, reconcile
from server.subsidies.tables import BatchRow, PaymentRow, ReturnFileRow, ReturnRowRow
from server.web import N_, Problem
from server.web.figures import CHINA

FAULT: Final = "return_file"
ANSWER, REPEATED, SETTLED, OVERRULED = "answer", "repeated", "settled", "overruled"
FILE, ANSWERS, WAIT, READ_BEFORE = N_("文件"), N_("新回执"), N_("待处理"), N_("重复")
# With one of these a batch has been at the bank.
AT_THE_BANK: Final = (SENT_TO_BANK, RECONCILED, CLOSED)


@dataclass(frozen=True)
class ReturnFile:
    """A return file as it came, and what was read of it. `faults`: every one with its cell; then nothing is taken."""

    name: str
    content: bytes
    rows: tuple[Row, ...]
    faults: tuple[str, ...] = ()
    stated_n: int | None = None
    stated_fen: int | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class FileRefused(Problem):
    """A file that cannot be taken in, with every fault at once."""

    def __init__(self, faults: Sequence[str]) -> None:
        message = N_("这个文件没有导入，什么也没有改变。")
        super().__init__(FAULT, 422, message, N_("请改正文件后重新导入，或向银行要更正的文件。"))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class TakenIn:
    """What a file brought. `before`: it was read at this earlier time already, or ("") all of its rows were."""

    file: str
    credited_n: int
    returned_n: int
    waiting_n: int
    repeated_n: int
    same_file: bool = False

    @property
    def changed_nothing(self) -> bool:
        return not self.file


def take_in(session: Session, county: str, id: str, file: ReturnFile, by: By) -> TakenIn:
    """Takes a return file of one batch into the books. The same file again changes nothing and says so.

    Raises Problem `not_found`, StepRefused where the batch is not at the bank, FileRefused with every fault.
    """
    row = held(session, county, id)
    if row.state not in AT_THE_BANK:
        raise refused("no_return_yet", state=STATES[row.state])
    if file.faults:
        raise FileRefused(file.faults)
    if _read_before(session, row, file):
        return TakenIn("", 0, 0, 0, len(file.rows), same_file=True)
    known = known_of(session, row, [each.said.end_to_end_id for each in file.rows])
    faults = _faults(session, row, file, known, by.now.astimezone(CHINA).date())
    if faults:
        raise FileRefused(faults)
    result = reconcile(file.rows, known)
    if result.changes_nothing:
        return TakenIn("", 0, 0, 0, result.repeated_n)
    stored = _store(session, row, file, result, by)
    _book(session, row, result.answers, known.payments, by)
    touch(session, row)
    said = {
        FILE: file.name, ANSWERS: str(len(result.answers)), WAIT: str(stored.waiting_n),
        READ_BEFORE: str(stored.repeated_n),
    }  # fmt: skip
    log(session, row, "return_file.import", by, said)
    by.tell(session, county, {known.payments[each.payment].household for each in result.answers}, by.now)
    return stored


def _read_before(session: Session, row: BatchRow, file: ReturnFile) -> bool:
    statement = select(col(ReturnFileRow.id)).where(
        col(ReturnFileRow.county) == row.county,
        col(ReturnFileRow.batch) == row.id,
        col(ReturnFileRow.sha256) == file.sha256,
    )
    return session.execute(statement).first() is not None


def known_of(session: Session, row: BatchRow, ids: Sequence[str]) -> Known:
    """What is known of a batch before a file that speaks of these end-to-end ids."""
    payments = {each.id: each for each in books.payments(session, row.county, batch=row.id)}
    rows = select(ReturnRowRow).where(
        col(ReturnRowRow.county) == row.county,
        col(ReturnRowRow.batch) == row.id,
        (col(ReturnRowRow.fate) == ANSWER)
        | (col(ReturnRowRow.fate) == OVERRULED)
        | (col(ReturnRowRow.why) != ""),
    )
    earlier = list(session.execute(rows).scalars())
    elsewhere: dict[str, str] = {}
    for part in parts(sorted(set(ids) - payments.keys())):
        others = select(col(PaymentRow.id), col(PaymentRow.batch)).where(
            col(PaymentRow.county) == row.county, col(PaymentRow.id).in_(part)
        )
        elsewhere |= {each.id: each.batch for each in session.execute(others)}
    # An answer corrected by hand has no row behind it, and is an answer all the same.
    answered = {
        id: Said(id, each.payee.account, each.amount_fen, each.state, each.reason, None)
        for id, each in payments.items()
        if each.state in (CREDITED, RETURNED)
    }
    return Known(
        payments,
        answered | {each.end_to_end_id: said_of(each) for each in earlier if each.fate == ANSWER},
        elsewhere,
        [said_of(each) for each in earlier if each.why or each.fate == OVERRULED],
    )


def said_of(row: ReturnRowRow) -> Said:
    """A stored row as the rules read it."""
    return Said(row.end_to_end_id, row.account, row.amount_fen, row.outcome, row.reason, row.booked_on)


def _faults(session: Session, row: BatchRow, file: ReturnFile, known: Known, today: date) -> list[str]:
    """What speaks against the file as a whole."""
    found = disagreements(file.rows, file.stated_n, file.stated_fen)
    if not file.rows:
        found.append("文件里没有一行回执。")
    ids = {each.said.end_to_end_id for each in file.rows}
    if file.rows and not ids & known.payments.keys():
        others = sorted({known.elsewhere[id] for id in ids if id in known.elsewhere})
        named = "、".join(_named(session, row.county, other) for other in others)
        found.append(
            f"这是{named}的回盘，不是本批次的。"
            if named
            else "没有一行的付款编号属于本批次，这不是本批次的回盘。"
        )
    for each in file.rows:
        if each.said.booked_on is not None and each.said.booked_on > today:
            found.append(f"第 {each.number} 行：入账日期 {each.said.booked_on} 在今天之后。")
    return found


def _named(session: Session, county: str, id: str) -> str:
    other = session.get(BatchRow, (county, id))
    return f"第 {other.number} 批（{other.title}）" if other else id


def _store(session: Session, row: BatchRow, file: ReturnFile, result: Reconciled, by: By) -> TakenIn:
    """The file whole, and every row of it with what became of it."""
    outcomes = [answer.outcome for answer in result.answers]
    taken = TakenIn(
        by.new_id(),
        outcomes.count(CREDITED),
        outcomes.count(RETURNED),
        len(result.waiting),
        result.repeated_n,
    )
    session.add(
        ReturnFileRow(
            county=row.county, id=taken.file, batch=row.id, name=file.name, sha256=file.sha256,
            content=file.content, read_at=by.now, read_by=by.person, rows_n=len(file.rows),
            credited_n=taken.credited_n, returned_n=taken.returned_n, waiting_n=taken.waiting_n,
            repeated_n=taken.repeated_n,
        )
    )  # fmt: skip
    answers = {answer.row for answer in result.answers}
    waiting = {each.row.number: each for each in result.waiting}
    assert len({each.number for each in file.rows}) == len(file.rows), "a row's number names one row"
    rows: list[dict[str, Any]] = []
    for each in file.rows:
        wait = waiting.get(each.number)
        fate = ANSWER if each.number in answers else WAITING if wait else REPEATED
        rows.append(
            {
                "county": row.county, "file": taken.file, "number": each.number, "batch": row.id, "fate": fate,
                **each.said._asdict(), "why": wait.reason if wait else "", "gap_fen": wait.gap_fen if wait else 0,
                "other_batch": wait.batch if wait else "", "settled_at": None, "settled_by": "",
                "settled_how": "",
            }
        )  # fmt: skip
    session.flush()
    session.execute(insert(table_of(ReturnRowRow)), rows)
    return taken


def _book(
    session: Session, row: BatchRow, answers: Sequence[Answer], payments: Mapping[str, Payment], by: By
) -> None:
    """The answers, into payments and ledger. An entry's day is the bank's where it gives one."""
    if not answers:
        return
    today = by.now.astimezone(CHINA).date()
    states = [
        {"county": row.county, "id": each.payment, "state": each.outcome, "reason": each.reason,
         "booked_on": each.booked_on}
        for each in answers
    ]  # fmt: skip
    session.execute(update(PaymentRow), states)
    entries = [
        answer_entry(payments[each.payment], each.outcome, each.booked_on or today, by) for each in answers
    ]
    books.post(session, row.county, entries, village_of=villages(session, row), person=by.person, now=by.now)


def answer_entry(payment: Payment, outcome: str, on: date, by: By) -> Entry:
    """What a credited or returned payment does in the ledger."""
    about = About(by.new_id(), payment.county, on, payment.entitlement, payment.id)
    made = ledger.credited if outcome == CREDITED else ledger.returned
    return made(about, payment.shares_fen)
