"""Reconciliation (对账): a bank's return file against the payments of one batch.

Matching is by end-to-end id and account, never by amount and date: a thousand equal amounts are a thousand
different payments. Rows are multisets: the same row twice is one answer and one row too many, and a file that
comes again brings nothing new, neither answers nor waiting rows. What does not match waits with its reason,
and nothing about it is guessed. The outcome does not depend on the order of the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from server.subsidies.money import yuan
from server.subsidies.payments import CREDITED, RETURNED, SENT, Payment, plain_account

N_ = str
# Why a row waits.
UNMATCHED: Final = {
    "unknown_id": N_("没有这个付款编号"),
    "other_batch": N_("是别的批次的付款"),
    "wrong_account": N_("账号与送出的不同"),
    "amount_off": N_("金额与送出的不同"),
    "not_sent": N_("这笔付款还没有送银行，或已移出"),
    "duplicate_row": N_("同一行出现不止一次"),
    "contradicting": N_("同一笔付款有互相矛盾的回执"),
    "answered_otherwise": N_("这笔付款以前的回执与此不同"),
}


class Said(NamedTuple):
    """What a row says, without where it stands: two rows that say the same are the same row twice.

    `outcome` is credited or returned; `reason` is the bank's own words for a return.
    """

    end_to_end_id: str
    account: str
    amount_fen: int
    outcome: str
    reason: str
    booked_on: date | None


@dataclass(frozen=True)
class Row:
    """A row of a return file, and its number there, for people to find it."""

    number: int
    said: Said


@dataclass(frozen=True)
class Answer:
    """A payment's answer: credited, or returned with the bank's reason."""

    payment: str
    outcome: str
    reason: str
    booked_on: date | None
    row: int


@dataclass(frozen=True)
class Unmatched:
    """A row that waits. `gap_fen`: by how much its amount is off."""

    row: Row
    reason: str
    gap_fen: int = 0
    batch: str = ""

    @property
    def words(self) -> str:
        """The reason in Chinese, with what is known about it."""
        more = f"，差 {yuan(self.gap_fen)} 元" if self.gap_fen else f"（{self.batch}）" if self.batch else ""
        return UNMATCHED[self.reason] + more


@dataclass(frozen=True)
class Reconciled:
    """What a file brings: answers to book, rows that newly wait, and how many rows had been read before."""

    answers: tuple[Answer, ...]
    waiting: tuple[Unmatched, ...]
    repeated_n: int

    @property
    def changes_nothing(self) -> bool:
        return not self.answers and not self.waiting


@dataclass(frozen=True)
class Known:
    """What was known before the file: the batch's payments by end-to-end id in their states, with the answers they
    have; the batch that other ids belong to; and what every row of earlier files that ever waited said.
    """

    payments: Mapping[str, Payment]
    answered: Mapping[str, Said]
    elsewhere: Mapping[str, str]
    waited: Sequence[Said] = ()


def reconcile(rows: Iterable[Row], known: Known) -> Reconciled:
    """Matches a file's rows. `rows` in any order; every row ends as an answer, as waiting, or as repeated."""
    answers: list[Answer] = []
    waiting: list[Unmatched] = []
    repeated_n = 0
    before = Counter(known.waited)
    for id, group in _by_id(rows).items():
        fitting, others = _fitting(id, group, known)
        answer, repeats, rest = _answered(id, fitting, known)
        answers += answer
        repeated_n += repeats
        for each in [*others, *rest]:
            if before[each.row.said]:
                before[each.row.said] -= 1
                repeated_n += 1
            else:
                waiting.append(each)
    in_order = sorted(waiting, key=lambda each: each.row.number)
    return Reconciled(tuple(sorted(answers, key=lambda each: each.row)), tuple(in_order), repeated_n)


def _by_id(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.number):
        groups.setdefault(row.said.end_to_end_id, []).append(row)
    return groups


def _fitting(id: str, group: Sequence[Row], known: Known) -> tuple[list[Row], list[Unmatched]]:
    """The rows that speak of this payment as it was sent; why the others do not."""
    payment = known.payments.get(id)
    if payment is None:
        batch = known.elsewhere.get(id, "")
        return [], [Unmatched(row, "other_batch" if batch else "unknown_id", batch=batch) for row in group]
    fitting: list[Row] = []
    others: list[Unmatched] = []
    for row in group:
        gap_fen = row.said.amount_fen - payment.amount_fen
        if payment.state not in (SENT, CREDITED, RETURNED):
            others.append(Unmatched(row, "not_sent"))
        elif plain_account(row.said.account) != plain_account(payment.payee.account):
            others.append(Unmatched(row, "wrong_account"))
        elif gap_fen:
            others.append(Unmatched(row, "amount_off", gap_fen))
        else:
            fitting.append(row)
    return fitting, others


def _answered(id: str, fitting: Sequence[Row], known: Known) -> tuple[list[Answer], int, list[Unmatched]]:
    """The answer of the rows that fit, how many had been answered so before, and the rows that wait.

    Rows of one outcome are one answer, the earliest booked, and duplicates. Rows that contradict each other, or
    one that already waits, answer nothing.
    """
    if not fitting:
        return [], 0, []
    earlier = known.answered.get(id)
    if earlier is not None:
        # That very row first, so that of a file which comes again the same row counts as read.
        same = sorted(
            (row for row in fitting if row.said.outcome == earlier.outcome), key=lambda r: r.said != earlier
        )
        other = [
            Unmatched(row, "answered_otherwise") for row in fitting if row.said.outcome != earlier.outcome
        ]
        return [], len(same[:1]), [*(Unmatched(row, "duplicate_row") for row in same[1:]), *other]
    account, amount_fen = plain_account(fitting[0].said.account), fitting[0].said.amount_fen
    outcomes = {row.said.outcome for row in fitting} | {
        said.outcome
        for said in known.waited
        if (said.end_to_end_id, plain_account(said.account), said.amount_fen) == (id, account, amount_fen)
    }
    if len(outcomes) > 1:
        return [], 0, [Unmatched(row, "contradicting") for row in fitting]
    first, *again = sorted(
        fitting, key=lambda row: (row.said.booked_on or date.max, row.said.reason, row.number)
    )
    said = first.said
    answer = Answer(id, said.outcome, said.reason, said.booked_on, first.number)
    return [answer], 0, [Unmatched(row, "duplicate_row") for row in again]


def disagreements(rows: Iterable[Row], stated_n: int | None, stated_fen: int | None) -> list[str]:
    """Where a file's own totals (its last line, or a cover note) differ from its rows; None: it states none."""
    all_rows = list(rows)
    sum_fen = sum(row.said.amount_fen for row in all_rows)
    found = []
    if stated_n is not None and stated_n != len(all_rows):
        found.append(f"文件写共 {stated_n} 笔，实有 {len(all_rows)} 笔。")
    if stated_fen is not None and stated_fen != sum_fen:
        found.append(f"文件写合计 {yuan(stated_fen)} 元，各行相加是 {yuan(sum_fen)} 元。")
    return found
