"""Amounts of money in words: whole fen read from text, and written as yuan.

Apart, because a form of the register and a document of subsidies must read an amount alike. Nothing here is a
float: a text is read digit by digit.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FEN_PER_YUAN: Final = 100
# A hundred billion yuan: more than any county pays, and far inside what a bank's sheet or a database holds.
FEN_MAX: Final = 10**13

# Whole yuan plainly or in groups of three; decimals beyond the fen only where they are zeros.
_YUAN = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2})0*)?")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?E[+-]?\d+", re.IGNORECASE)


class MoneyFault(ValueError):
    """A text that is no amount of money: what is wrong, and what to do."""

    def __init__(self, text: str, message: str, remedy: str) -> None:
        super().__init__(f"{text}：{message}{remedy}")
        self.text, self.message, self.remedy = text, message, remedy


def fen(text: str) -> int:
    """Fen of an amount in yuan: "2400", "2,400.00", "-0.05", full-width digits too. Raises MoneyFault."""
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    shown = text if len(text) <= 40 else text[:40] + "…"
    if _SCIENTIFIC.fullmatch(plain):
        raise MoneyFault(shown, "是科学计数法。", "请把单元格改成文本或两位小数的数值。")
    match = _YUAN.fullmatch(plain) if plain.isascii() else None
    if match is None:
        raise MoneyFault(shown, "不是金额。", "请填写以元为单位、最多两位小数的数，例如 2400.00。")
    sign, yuan_digits, decimals = match.groups()
    amount = int(yuan_digits.replace(",", "").lstrip("0")[:20] or "0") * FEN_PER_YUAN + int(
        (decimals or "").ljust(2, "0")
    )
    if amount > FEN_MAX:
        raise MoneyFault(shown, "金额太大。", f"最多 {yuan(FEN_MAX)} 元，请核对。")
    return -amount if sign == "-" else amount


def yuan(amount_fen: int) -> str:
    """Fen as yuan with separators and two decimals: 240000 is "2,400.00". `fen` reads it back."""
    whole, rest = divmod(abs(amount_fen), FEN_PER_YUAN)
    return f"{'-' if amount_fen < 0 else ''}{whole:,}.{rest:02}"
