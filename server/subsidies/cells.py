"""What a cell of a brought file means for money: an amount, an account, a day, a name; or the fault of that cell.

Apart because lists of payees, bank files and return files must read the same writing in the same way. A digit
that a spreadsheet has lost is never made up.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from server.subsidies.money import MoneyFault, fen
from server.subsidies.payments import plain_account
from server.web import N_
from server.web.sheet_cells import EXACT_DIGITS, Cell, Fault, fault
from sync.masking import masked

ACCOUNT_DIGITS_MIN: Final = 8
ACCOUNT_DIGITS_MAX: Final = 30
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d+)?E[+-]?\d{1,3}", re.IGNORECASE)
_ACCOUNT: Final = re.compile(rf"[0-9A-Za-z]{{{ACCOUNT_DIGITS_MIN},{ACCOUNT_DIGITS_MAX}}}")
_DAY: Final = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))"
    r"(?:[\sT]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
AS_TEXT: Final = N_("请把这一列设为“文本”格式，照存折或原始名单重新填写。")


def digits_lost(cell: Cell) -> Fault | None:
    """A number so long that the spreadsheet has rounded it, or one written in scientific notation."""
    plain = unicodedata.normalize("NFKC", cell.text)
    if _SCIENTIFIC.fullmatch(plain.replace(" ", "")):
        return fault(cell.at, N_("变成了科学计数法，后面的位数已经丢失。"), AS_TEXT, cell.text)
    if cell.kind == "number" and len(plain.lstrip("-")) > EXACT_DIGITS:
        message = N_("存成了数值，第 {n} 位以后的数字已经丢失。")
        return fault(cell.at, message, AS_TEXT, masked(plain), n=EXACT_DIGITS)
    return None


def account(cell: Cell) -> str | Fault:
    """An account number without blanks and dashes."""
    if not cell.text:
        return fault(cell.at, N_("没有账号。"), N_("请填写收款账号。"))
    lost = digits_lost(cell)
    if lost is not None:
        return lost
    if "*" in cell.text or "…" in cell.text:
        message = N_("账号被遮住了，无法核对。")
        return fault(cell.at, message, N_("请使用有完整账号的文件。"), cell.text)
    plain = plain_account(cell.text).upper()
    if not _ACCOUNT.fullmatch(plain):
        message = N_("不是账号：应为 {least} 至 {most} 位数字或字母。")
        return fault(
            cell.at, message, N_("请对照存折或银行卡改正。"),
            masked(cell.text) if len(plain) >= ACCOUNT_DIGITS_MIN else cell.text,
            least=ACCOUNT_DIGITS_MIN, most=ACCOUNT_DIGITS_MAX,
        )  # fmt: skip
    return plain


def amount(cell: Cell) -> int | Fault:
    """Fen of an amount in yuan, more than nothing."""
    if not cell.text:
        return fault(cell.at, N_("没有金额。"), N_("请填写金额。"))
    try:
        found = fen(cell.text)
    except MoneyFault as wrong:
        return fault(cell.at, wrong.message, wrong.remedy, wrong.text)
    if found <= 0:
        return fault(cell.at, N_("金额应大于 0。"), N_("请核对。"), cell.text)
    return found


def whole(cell: Cell) -> int | Fault:
    """A count, written with separators or 笔 or not."""
    plain = unicodedata.normalize("NFKC", cell.text).removesuffix("笔").strip().replace(",", "")
    if plain.isascii() and plain.isdigit() and len(plain) < 10:
        return int(plain)
    return fault(cell.at, N_("不是笔数。"), N_("请填写整数。"), cell.text)


def day(cell: Cell) -> date | Fault | None:
    """A day; None for an empty cell. A bare number is none: which day it counts from, nobody knows."""
    if cell.day is not None or not cell.text:
        return cell.day
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", cell.text))
    year, *parts = [part for part in (found.groups() if found else ()) if part is not None] or [""]
    try:
        return date(int(year), int(parts[0]), int(parts[1]))
    except (ValueError, IndexError):
        return fault(cell.at, N_("不是日期。"), N_("请按 2020-10-31 这样的格式填写。"), cell.text)


def words(cell: Cell, what: str, chars_max: int, *, required: bool = True) -> str | Fault:
    """A name or other words on one line; `what` names it, as a message id."""
    text = " ".join(unicodedata.normalize("NFC", cell.text).split())
    if not text and required:
        return fault(cell.at, N_("没有填{what}。"), N_("请填写。"), what=what)
    if len(text) > chars_max:
        return fault(
            cell.at, N_("{what}超过 {n} 个字。"), N_("请检查是否错位。"), text, what=what, n=chars_max
        )
    if not text.isprintable() or "\ufffd" in text:
        message = N_("{what}里有乱码。")
        return fault(cell.at, message, N_("请用 UTF-8 或 GB18030 编码重新保存后再导入。"), text, what=what)
    return text
