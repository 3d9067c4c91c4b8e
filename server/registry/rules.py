"""What the register decides without looking anything up: divisions' shape, and proposed area classes.

Structure of the code after the national statistics bureau: digits 1-2 province, 3-4 prefecture, 5-6 county,
7-9 township, 10-12 village. The classes of statistical urban-rural codes are the bureau's; the mapping to
the programme's area classes is this project's proposal, for no policy text gives one.
"""

from __future__ import annotations

from typing import Final

LEVELS: Final = ("province", "city", "county", "township", "village")
DIGITS: Final = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}
URBAN_RURAL_CODES: Final = ("111", "112", "121", "122", "123", "210", "220")
AREA_CLASSES: Final = ("built_up", "fringe", "rural")
UNCLASSIFIED: Final = "unclassified"
# 121 (town centre) is built-up only where the town is the county's seat, and 123 (special area) may be
# anything: for both, and where the bureau gives no code, an official decides and nothing is proposed.
PROPOSED: Final = {"111": "built_up", "112": "fringe", "122": "fringe", "210": "rural", "220": "rural"}


def proposed_class(urban_rural_code: str) -> str | None:
    """The area class to propose to an official for a statistical code; None where nothing can be."""
    return PROPOSED.get(urban_rural_code)


def level_of(code: str) -> str:
    """The level a twelve-digit code stands for, read from its trailing zeros."""
    for level in LEVELS[:-1]:
        if not code[DIGITS[level] :].strip("0"):
            return level
    return "village"


def parent_of(code: str) -> str:
    """The code of the unit above; empty for a province."""
    level = level_of(code)
    if level == "province":
        return ""
    above = DIGITS[LEVELS[LEVELS.index(level) - 1]]
    return code[:above].ljust(12, "0")


def prefix_of(code: str) -> str:
    """A twelve-digit code as an area: the prefix all of its villages share."""
    return code[: DIGITS[level_of(code)]]


def is_area(text: str) -> bool:
    """Whether a text is an area: a code prefix of 2, 4, 6, 9 or 12 digits."""
    return text.isascii() and text.isdigit() and len(text) in DIGITS.values()


def child_digits(area: str) -> int:
    """How many digits the areas directly inside this one have; a village is its own only part."""
    return next((digits for digits in DIGITS.values() if digits > len(area)), 12)


def bounds(area: str) -> tuple[str, str]:
    """Smallest and largest village code inside an area, for a range condition that an index can serve."""
    return area.ljust(12, "0"), area.ljust(12, "9")
