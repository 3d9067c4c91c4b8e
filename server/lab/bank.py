"""A bank that does not exist: accounts nobody can have, and what it answers to a bank file.

Account numbers begin with 99, which no bank card does, and carry a valid check digit. The answer comes as a
workbook and as a CSV in GB18030, with the totals in its last line, as county banks send them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

import xlsxwriter
from stdnum import luhn

from server.subsidies.payments import Payment

BANK: Final = "模拟农村商业银行"
HEADINGS: Final = ("付款编号", "收款户名", "收款账号", "交易金额", "处理结果", "失败原因", "处理日期")
WIDTHS: Final = (36, 14, 24, 14, 12, 20, 14)
PAID, FAILED = "成功", "失败"
REASONS: Final = ("户名与账号不符", "账户已销户", "账号不存在", "账户状态异常")
# An id that nobody gave: the bank mixed in a payment of somebody else.
STRANGE_ID: Final = "SIM0000000000000000000000000000X"


@dataclass(frozen=True)
class Answer:
    """A line of the bank's file."""

    id: str
    holder: str
    account: str
    amount_fen: int
    outcome: str
    reason: str
    on: date


def account(seed: int, number: int) -> str:
    """The synthetic account of home `number`: nineteen digits."""
    digits = f"9905{seed % 10**6:06d}{number:08d}"
    return digits + str(luhn.calc_check_digit(digits))


def answers(payments: Sequence[Payment], on: date, returned_n: int) -> list[Answer]:
    """Credited, but for `returned_n` of them, spread over the file."""
    ordered = sorted(payments, key=lambda payment: payment.id)
    step = max(1, len(ordered) // (returned_n + 1))
    refused: Mapping[int, str] = {
        place * step: REASONS[place % len(REASONS)]
        for place in range(1, returned_n + 1)
        if place * step < len(ordered)
    }
    return [_answer(payment, on, refused.get(place, "")) for place, payment in enumerate(ordered)]


def _answer(payment: Payment, on: date, reason: str) -> Answer:
    payee = payment.payee
    outcome = FAILED if reason else PAID
    return Answer(payment.id, payee.holder, payee.account, payment.amount_fen, outcome, reason, on)


def with_faults(clean: Sequence[Answer]) -> list[Answer]:
    """The same with two lines that match nothing: an amount off by a fen, and an id nobody gave."""
    off = next(place for place, answer in enumerate(clean) if answer.outcome == PAID)
    stranger = replace(clean[-1], id=STRANGE_ID, holder="无此人（模拟）", outcome=PAID, reason="")
    return [
        *(
            replace(answer, amount_fen=answer.amount_fen + 1) if place == off else answer
            for place, answer in enumerate(clean)
        ),
        stranger,
    ]


def workbook(title: str, lines: Sequence[Answer]) -> bytes:
    """The bank's file as XLSX: accounts as text, amounts in yuan."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet("回盘")
    text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0.00"})
    page.write_string(0, 0, title)
    for place, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
        page.set_column(place, place, width)
        page.write_string(1, place, heading)
    for row, values in enumerate([*map(_values, lines), _total(lines)], start=2):
        for place, value in enumerate(values):
            if isinstance(value, Decimal):
                page.write_number(row, place, value, money)
            else:
                page.write_string(row, place, value, text)
    book.close()
    return target.getvalue()


def sheet(title: str, lines: Sequence[Answer]) -> bytes:
    """The same as CSV in GB18030."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow([title])
    writer.writerows([HEADINGS, *map(_values, lines), _total(lines)])
    return target.getvalue().encode("gb18030")


def _values(line: Answer) -> tuple[str | Decimal, ...]:
    yuan = Decimal(line.amount_fen) / 100
    return line.id, line.holder, line.account, yuan, line.outcome, line.reason, line.on.isoformat()


def _total(lines: Sequence[Answer]) -> tuple[str | Decimal, ...]:
    total = Decimal(sum(line.amount_fen for line in lines)) / 100
    return f"合计 {len(lines)} 笔", "", "", total, "", "", ""
