"""Numbers, dates and instants as an official page prints them.

Counts carry separators, rates two decimals, and a missing value is a dash and never a zero: nothing
known and none at all are different findings.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

CHINA: Final = timezone(timedelta(hours=8), "UTC+8")
NOTHING: Final = "—"


def count(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def amount(value: Decimal | int | None, decimals: int = 0) -> str:
    """A measured quantity (m², tonnes) rounded half up."""
    if value is None:
        return NOTHING
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{rounded:,}"


def square_metres(value: Decimal | None) -> str:
    """An area with the two decimals the register keeps, one home's as well as a county's: sums can be checked."""
    return amount(value, 2)


def rate(value: Decimal | None) -> str:
    """A percentage; None where its base is empty."""
    return NOTHING if value is None else f"{amount(value, 2)} %"


def day(value: date | None) -> str:
    return NOTHING if value is None else value.isoformat()


def moment(value: datetime | None) -> str:
    """An aware instant on the county's clock; China has one time zone and no summer time."""
    if value is None:
        return NOTHING
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def stamp(value: datetime) -> str:
    """The county's day of an instant, as a file's name carries it: 20201031."""
    return value.astimezone(CHINA).strftime("%Y%m%d")


def yuan(fen: int | None) -> str:
    """Whole fen as yuan with two decimals."""
    return NOTHING if fen is None else amount(Decimal(fen) / 100, 2)


def position(text: str) -> tuple[str, str, str] | None:
    """A place as a tablet records it ("35.49012 112.85123 700.0 8.0": degrees, degrees, m, m) as (latitude,
    longitude, how far it may be off in whole metres, "" where nobody knows); None where the text is none.
    """
    parts = text.split()
    if len(parts) not in (2, 3, 4):
        return None
    try:
        numbers = [Decimal(part) for part in parts]
    except InvalidOperation:
        return None
    if not all(number.is_finite() for number in numbers):
        return None
    off = amount(numbers[3]) if len(numbers) == 4 and numbers[3] > 0 else ""
    degrees = Decimal("0.00001")
    return str(numbers[0].quantize(degrees)), str(numbers[1].quantize(degrees)), off


def size(value: int | None) -> str:
    """Bytes as storage is sold: 640 MB, 12.3 GB; less than one MB as KB."""
    if value is None:
        return NOTHING
    for unit, bytes_n, decimals in (("GB", 10**9, 1), ("MB", 10**6, 0), ("KB", 10**3, 0)):
        if value >= bytes_n:
            return f"{amount(Decimal(value) / bytes_n, decimals)} {unit}"
    return f"{value} B"


def told(text: str) -> str:
    """An instant as a message carries it ("2020-10-31T08:00:00Z"), as a person reads it; other text as it is."""
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return moment(value) if value.tzinfo else text
