"""The file that goes to the bank (送盘文件): who gets how much on which account, under which end-to-end id.

The same batch gives the same bytes, so that its hash can stand in the log and an inspector can hold the file
against it. Accounts are text in both formats and can not turn into a rounded number; amounts come from whole
fen. Read back, a file gives the lines that were written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from server.subsidies import cells
from server.subsidies.money import FEN_PER_YUAN
from server.subsidies.payments import Payment
from server.web import N_
from server.web.downloads import SYNTHETIC
from server.web.sheet_cells import Fault
from server.web.sheet_reading import Column, in_order, read_table

HEADINGS: Final = ("序号", "付款编号", "收款户名", "收款账号", "开户银行", "金额(元)", "备注")
WIDTHS: Final = (7, 36, 16, 26, 30, 14, 24)
COLUMNS: Final = (
    Column("id", ("付款编号",)),
    Column("holder", ("收款户名",)),
    Column("account", ("收款账号",)),
    Column("bank", ("开户银行",)),
    Column("amount", ("金额(元)",)),
)
PURPOSE: Final = "清洁取暖补贴"
# A spreadsheet stamps its file with the time; this one says nothing but its batch.
WRITTEN_AT: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - XLSX knows no zones
# What a spreadsheet takes for the beginning of a formula, wide forms too; and our own sign against it.
_ACTIVE: Final = frozenset("=+-@＝＋－＠\t\r\n'\"")
_LIKE_A_NUMBER: Final = re.compile(r"\d+(?:E\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class BankFile:
    """A batch as the bank gets it. `number`: what people call the batch by. `synthetic`: marked as such."""

    number: int
    title: str
    county_name: str
    payments: Sequence[Payment]
    synthetic: bool = False

    @property
    def ordered(self) -> tuple[Payment, ...]:
        """By end-to-end id: the order in which they come out of the database plays no part."""
        return tuple(sorted(self.payments, key=lambda payment: payment.id))

    @property
    def sum_fen(self) -> int:
        return sum(payment.amount_fen for payment in self.payments)

    @property
    def heading(self) -> str:
        mark = f"【{SYNTHETIC}】" if self.synthetic else ""
        return f"{mark}{self.county_name}{PURPOSE}发放 第 {self.number} 批 {self.title}".strip()

    @property
    def remark(self) -> str:
        """What the householder reads on the statement of account."""
        return f"{PURPOSE}第{self.number}批" + (SYNTHETIC if self.synthetic else "")


@dataclass(frozen=True)
class Line:
    """A line of the file: an order to pay."""

    id: str
    holder: str
    account: str
    bank: str
    amount_fen: int


def line_of(payment: Payment) -> Line:
    payee = payment.payee
    return Line(payment.id, payee.holder, payee.account, payee.bank, payment.amount_fen)


def write_xlsx(file: BankFile) -> bytes:
    """The file as a workbook: accounts as text, amounts as numbers with two decimals, count and sum at its end."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": WRITTEN_AT, "title": file.heading})
    page = book.add_worksheet(f"第{file.number}批")
    text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0.00"})
    bold = book.add_format({"bold": True, "num_format": "@"})
    bold_money = book.add_format({"bold": True, "num_format": "0.00"})
    page.write_string(0, 0, file.heading, bold)
    for position, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
        page.set_column(position, position, width)
        page.write_string(1, position, heading, bold)
    page.freeze_panes(2, 0)
    last = 2
    for last, payment in enumerate(file.ordered, start=2):
        _write_row(page, last, (last - 1, *_values(file, payment)), text, money)
    total = (*_total_texts(file), "", _yuan(file.sum_fen))
    _write_row(page, last + 1, total, bold, bold_money)
    book.close()
    return target.getvalue()


def _write_row(page: Any, row: int, values: Iterable[object], text: Any, money: Any) -> None:
    for column, value in enumerate(values):
        if isinstance(value, Decimal):
            page.write_number(row, column, value, money)
        elif isinstance(value, int):
            page.write_number(row, column, value)
        elif value:
            page.write_string(row, column, str(value), text)


def write_csv(file: BankFile) -> bytes:
    """The same as text: UTF-8 with its mark, CRLF, and a tab behind what must not become a number."""
    target = io.StringIO(newline="")
    out = csv.writer(target, lineterminator="\r\n")
    out.writerow([_inert(file.heading)])
    out.writerow(HEADINGS)
    for number, payment in enumerate(file.ordered, start=1):
        id, holder, account, bank, amount, remark = _values(file, payment)
        plain = [_as_text(str(id)), _inert(str(holder)), f"{account}\t", _inert(str(bank))]
        out.writerow([number, *plain, f"{amount:.2f}", _inert(str(remark))])
    out.writerow([*_total_texts(file), "", f"{_yuan(file.sum_fen):.2f}"])
    return b"\xef\xbb\xbf" + target.getvalue().encode("utf-8")


def _values(file: BankFile, payment: Payment) -> tuple[str, str, str, str, Decimal, str]:
    payee = payment.payee
    amount = _yuan(payment.amount_fen)
    return payment.id, payee.holder, payee.account, payee.bank, amount, file.remark


def _total_texts(file: BankFile) -> tuple[str, str, str, str]:
    return "合计", f"{len(file.payments)}笔", "", ""


def _yuan(amount_fen: int) -> Decimal:
    return (Decimal(amount_fen) / FEN_PER_YUAN).quantize(Decimal("0.01"))


def _as_text(text: str) -> str:
    """An id that a spreadsheet would take for a number is followed by a tab: banks trim it, spreadsheets do not."""
    return f"{text}\t" if _LIKE_A_NUMBER.fullmatch(text) else _inert(text)


def _inert(text: str) -> str:
    """A name that a spreadsheet would work out as a formula stands behind an apostrophe."""
    return f"'{text}" if text[:1] in _ACTIVE and text else text


# ---- reading


def read(data: bytes) -> tuple[tuple[Line, ...], tuple[Fault, ...]]:
    """The lines of a file that was written here, and every fault of one that somebody has changed."""
    table = read_table(data, COLUMNS)
    faults, lines = list(table.faults), []
    for row in table.rows:
        said = (
            row["id"].text,
            cells.words(row["holder"], N_("户名"), 60),
            cells.account(row["account"]),
            cells.words(row["bank"], N_("开户银行"), 60, required=False),
            cells.amount(row["amount"]),
        )
        wrong = list(_faults(said))
        faults += wrong
        if not wrong:
            # No Fault is among them, which a type checker cannot follow.
            lines.append(Line(*said))  # type: ignore[arg-type]
    return tuple(lines), in_order(faults)


def _faults(said: Iterable[object]) -> Iterator[Fault]:
    return (each for each in said if isinstance(each, Fault))
