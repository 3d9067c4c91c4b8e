"""Door numbers in the order of the lane, for every list of homes, on the tablet and in the office.

Apart from both because both must agree: who walks with the tablet's list and who looks for the same home in the
office's meet the doors in one order. The order is a text that is compared character by character (by code point),
so that any database sorts, indexes and pages by it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LAST: Final = "\uffff"
"""The order of a home without a door number: after every other."""
CHARS_MAX: Final = 200  # an index keeps it; doors alike so far are parted by their homes' ids

_PLAIN: Final = re.compile("[0-9]{1,8}")
_STEMS: Final = {
    ord(stem): f"甲{letter}" for stem, letter in zip("甲乙丙丁戊己庚辛壬癸", "abcdefghij", strict=True)
}  # counted in this order, which is not that of their code points
_NUMERAL: Final = re.compile("[〇零一二三四五六七八九十廿卅百千]+")
_IDLE: Final = re.compile(r"[\s号號]+")


def door_order(door_number: str) -> str:
    """What a door number is sorted by: "2" before "2-1", "3", "10" and "12号"; numbers before words, nothing last.

    A number counts by its value however it is written (12, 012, １２, 十二), and within a door too ("3组12号").
    """
    if _PLAIN.fullmatch(door_number):
        return _counted(door_number)
    told = unicodedata.normalize("NFKC", door_number).lower().translate(_STEMS).replace("两", "二")
    told = _NUMERAL.sub(lambda found: str(_value(found[0])), _IDLE.sub("", told))
    return re.sub("[0-9]+", lambda digits: _counted(digits[0]), told)[:CHARS_MAX] or LAST


def _counted(digits: str) -> str:
    """A number that sorts by its value as text: how many digits it has, then the digits."""
    plain = digits.lstrip("0") or "0"
    return f"{min(len(plain), 99):02}{plain}"


def _value(numeral: str) -> int:
    """A numeral of signs that Unicode counts: by places (二百零三, 十二, 廿一), or digit by digit (二〇三)."""
    total, digits = 0, 0
    for sign in numeral:
        value = int(unicodedata.numeric(sign))
        if value >= 10:
            total, digits = total + (digits or 1) * value, 0
        else:
            digits = digits * 10 + value
    return total + digits
