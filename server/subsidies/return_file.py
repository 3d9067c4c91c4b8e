"""A bank's return file (回盘文件): what became of each payment, in whatever columns the bank writes it.

Only reading: what the rows mean for payments, `reconcile` decides. A file with any fault is not used at all, so
that nothing is ever half imported; every fault names its cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from server.subsidies import cells
from server.subsidies.money import yuan
from server.subsidies.payments import CREDITED, RETURNED
from server.subsidies.reconcile import Row, Said
from server.web import N_
from server.web.sheet_cells import Cell, Fault, fault
from server.web.sheet_reading import Column, Table, in_order, read_table, stated
from server.web.sheet_reading import Row as TableRow

ID_CHARS_MAX: Final = 64
REASON_CHARS_MAX: Final = 200
COLUMNS: Final = (
    Column(
        "id",
        (
            "付款编号", "端到端标识", "端到端标识号", "端到端编号", "业务编号", "支付编号", "明细编号", "客户流水号",
            "企业流水号", "商户流水号", "付款流水号", "EndToEndId",
        ),
    ),
    Column(
        "account",
        ("账号", "收款账号", "银行账号", "收款人账号", "收款方账号", "收款账户", "收款人账户", "银行卡号", "卡号",
         "收款人银行账号"),
    ),
    Column(
        "amount",
        ("金额", "发放金额", "付款金额", "交易金额", "代发金额", "补贴金额", "转账金额", "支付金额", "入账金额",
         "Amount"),
    ),
    Column(
        "outcome",
        ("结果", "处理结果", "交易结果", "发放结果", "入账结果", "回盘结果", "处理状态", "交易状态", "发放状态",
         "付款状态", "入账状态", "支付状态", "状态", "Status"),
    ),
    Column(
        "reason",
        ("原因", "失败原因", "退回原因", "退票原因", "返回原因", "错误原因", "返回信息", "错误信息", "处理信息",
         "Reason"),
        required=False,
    ),
    Column(
        "day",
        ("日期", "入账日期", "处理日期", "交易日期", "记账日期", "发放日期", "退回日期", "到账日期", "银行处理日期",
         "Date"),
        required=False,
    ),
    Column(
        "holder",
        ("户名", "收款户名", "收款人户名", "收款人", "收款人姓名", "收款人名称", "姓名", "账户名称"), required=False,
    ),
)  # fmt: skip
_SUBJECTS: Final = "入账|交易|处理|发放|付款|支付|转账|代发"
_GOOD: Final = re.compile(
    rf"(?:{_SUBJECTS})?(?:已?成功)|已(?:入账|到账|发放)|到账|入账|credited|success", re.IGNORECASE
)
_BAD: Final = re.compile(
    rf"(?:(?:{_SUBJECTS})?(?:已?失败|不成功|未成功)|已?(?:退回|退票|退汇|拒付|拒绝)|银行(?:已)?退回|returned|failed)",
    re.IGNORECASE,
)
_UNDECIDED: Final = re.compile(rf"(?:{_SUBJECTS})中|(?:已受理|待处理|待入账|未处理|未知|处理未完成)")
_BEHIND: Final = re.compile(r"\s*[:\-,;(]\s*(.+?)\)?\s*")


@dataclass(frozen=True)
class Read:
    """A file as read. Use `rows` only where `faults` is empty. `stated_n`, `stated_fen`, `stated_batch`: what the
    file says of itself; None or empty where it does not. Totals that disagree with the rows are faults already.
    """

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    stated_n: int | None = None
    stated_fen: int | None = None
    stated_batch: str = ""


def read(name: str, data: bytes) -> Read:
    """Reads a whole file; `name` is only for people. Rows that say nothing are passed over."""
    table = read_table(data, COLUMNS)
    faults, rows = list(table.faults), []
    for line in table.rows:
        row, wrong = _row(line)
        faults += wrong
        if row is not None:
            rows.append(row)
    totals = _totals(table)
    faults += [each for each in totals.values() if isinstance(each, Fault)]
    faults += _data_below(table)
    n, sum_fen = (each if isinstance(each := totals.get(key), int) else None for key in ("count", "sum"))
    if not faults:
        faults += _disagreements(table, rows, n, sum_fen)
    batch = stated(table).get("batch")
    return Read(tuple(rows), in_order(faults), n, sum_fen, batch.text if batch else "")


def _row(line: TableRow) -> tuple[Row | None, list[Fault]]:
    id, account, amount = _id(line["id"]), cells.account(line["account"]), cells.amount(line["amount"])
    outcome, booked_on = _outcome(line), cells.day(line["day"])
    said: tuple[Any, ...] = (id, account, amount, outcome, booked_on)
    faults = [each for each in said if isinstance(each, Fault) and not _of_formula(line, each)]
    if faults or any(isinstance(each, Fault) for each in said):
        return None, faults
    assert isinstance(outcome, tuple) and (booked_on is None or isinstance(booked_on, date))
    assert isinstance(amount, int)
    return Row(line.number, Said(str(id), str(account), amount, *outcome, booked_on)), []


def _of_formula(line: TableRow, found: Fault) -> bool:
    """The reader has told what is wrong with a formula; once is enough."""
    return any(cell.at == found.at and cell.kind in ("formula", "error") for cell in line.cells.values())


def _id(cell: Cell) -> str | Fault:
    text = "".join(unicodedata.normalize("NFKC", cell.text).split())
    if not text:
        return fault(cell.at, N_("没有付款编号。"), N_("请使用银行按送盘文件返回的原件。"))
    lost = cells.digits_lost(cell)
    if lost is not None:
        return lost
    if len(text) > ID_CHARS_MAX or not text.isprintable():
        return fault(cell.at, N_("不是付款编号。"), N_("请检查这一行是否错位。"), cell.text)
    return text


def _outcome(line: TableRow) -> tuple[str, str] | Fault:
    """(credited or returned, the bank's reason for a return)."""
    cell = line["outcome"]
    text = unicodedata.normalize("NFKC", cell.text).strip()
    if not text:
        return fault(cell.at, N_("没有写结果。"), N_("请填写“成功”或“退回”，不清楚的请向银行查询。"))
    if _GOOD.fullmatch(text):
        return CREDITED, ""
    bad = _BAD.match(text)
    behind = _BEHIND.fullmatch(text, bad.end()) if bad else None
    if bad and (behind or bad.end() == len(text)):
        reason = cells.words(line["reason"], N_("原因"), REASON_CHARS_MAX, required=False)
        if isinstance(reason, Fault):
            return reason
        return RETURNED, reason or (behind[1] if behind else "")
    if _UNDECIDED.fullmatch(text):
        message = N_("银行还没有给出最后结果。")
        return fault(cell.at, message, N_("请等银行处理完，用最后的回盘文件导入。"), cell.text)
    return fault(
        cell.at, N_("不认识这个结果。"), N_("请填写“成功”或“退回”，不清楚的请向银行查询。"), cell.text
    )


# ---- totals


def _totals(table: Table) -> dict[str, int | Fault]:
    """What the file says its rows come to, or the fault of the cell that should."""
    found: dict[str, int | Fault] = {}
    for key, cell in _stated(table).items():
        found[key] = cells.whole(cell) if key == "count" else cells.amount(cell)
    return found


def _stated(table: Table) -> dict[str, Cell]:
    """The cells with count and sum: in the line of totals by column, or beside a label of their own."""
    found = {key: cell for key, cell in stated(table).items() if key in ("count", "sum")}
    for line in table.below[:1]:
        for cell in line:
            plain = unicodedata.normalize("NFKC", cell.text).replace(" ", "")
            counted = re.fullmatch(r"(?:合计|总计|共计)?[:(]?(?:共)?([\d,]+)笔\)?", plain)
            if counted:
                found.setdefault("count", Cell(cell.at, counted[1]))
            elif cell.at.rstrip("0123456789") == table.columns.get("amount"):
                found.setdefault("sum", cell)
    return found


def _data_below(table: Table) -> Iterator[Fault]:
    """Rows of payments that stand under the totals would be left out silently; who made the list is no payment."""
    for line in table.below[1:]:
        for cell in line:
            column = cell.at.rstrip("0123456789")
            read = cells.account if column == table.columns.get("account") else cells.amount
            of_payment = column in (table.columns.get("account"), table.columns.get("amount"))
            if of_payment and not isinstance(read(cell), Fault):
                message = N_("合计行下面还有明细。")
                yield fault(cell.at, message, N_("请把合计行移到最后，中间不要有小计。"))
                break


def _disagreements(table: Table, rows: Sequence[Row], n: int | None, sum_fen: int | None) -> Iterator[Fault]:
    where, actual_fen = _stated(table), sum(row.said.amount_fen for row in rows)
    remedy = N_("请向银行取得完整的文件，不要自己改。")
    if n is not None and n != len(rows):
        message = N_("文件写共 {stated} 笔，实有 {actual} 笔。")
        yield fault(where["count"].at, message, remedy, stated=f"{n:,}", actual=f"{len(rows):,}")
    if sum_fen is not None and sum_fen != actual_fen:
        message = N_("文件写合计 {stated} 元，各行相加是 {actual} 元。")
        yield fault(where["sum"].at, message, remedy, stated=yuan(sum_fen), actual=yuan(actual_fen))
