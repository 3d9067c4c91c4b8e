"""Conversions between the four kinds of XPath value, in decimal arithmetic.

XPath counts in binary floating point, where 0.1 + 0.2 is not 0.3. A tablet's answers become money and
tonnes, so numbers here are decimals: 28 digits while calculating, at most 15 significant digits after the
point when written. Dates count as days since 1970-01-01 (ODK XForms specification, function `number`),
times as fractions of a day on the wall clock: a county has one time zone, and a surveyor's midnight is what
"today" means.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import Context as DecimalContext
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from survey_forms.scope import Value

ARITHMETIC = DecimalContext(prec=28, traps=[])
# Texts of answers may carry more digits than arithmetic keeps.
_WRITING = DecimalContext(prec=100, traps=[])
NAN = Decimal("NaN")
_DIGITS_WRITTEN = 15
_NUMBER_LENGTH_MAX = 60
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EPOCH = date(1970, 1, 1)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_DAY_LENGTH = len("1970-01-01")
_DAY_SECONDS = Decimal(86_400)


def to_text(value: Value) -> str:
    """XPath `string()`; of a node-set, the text of its first node."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return value[0] if value else ""
    return number_text(value)


def to_boolean(value: Value) -> bool:
    """XPath `boolean()`; of a node-set, whether its first text is not empty, as the field's other engines
    have it.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return not value.is_nan() and value != 0
    return bool(to_text(value))


def to_number(value: Value) -> Decimal:
    """XPath `number()`, extended to dates; whatever is no number is NaN."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return Decimal(int(value))
    text = to_text(value).strip()
    return _number_of(text) if text and len(text) <= _NUMBER_LENGTH_MAX else NAN


# The same areas, counts and days come in record after record.
@lru_cache(maxsize=4096)
def _number_of(text: str) -> Decimal:
    return Decimal(text) if _NUMBER.fullmatch(text) else days(text)


def number_text(number: Decimal) -> str:
    """The canonical text: no exponent, no trailing zeros, no minus zero; whole numbers with all their
    digits.
    """
    if not number.is_finite():
        return "NaN" if number.is_nan() else ("-Infinity" if number < 0 else "Infinity")
    if number == number.to_integral_value():
        return format(number.to_integral_value(), "f") if number else "0"
    places = max(0, _DIGITS_WRITTEN - 1 - number.adjusted())
    excess = -int(number.as_tuple().exponent) > places
    rounded = _WRITING.quantize(number, Decimal(1).scaleb(-places)) if excess else number
    text = format(rounded, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def days(text: str) -> Decimal:
    """Days since 1970-01-01 of a date or dateTime text, or NaN."""
    if len(text) == _DAY_LENGTH and _DATE.match(text):
        try:
            return Decimal(date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL)
        except ValueError:
            return NAN
    moment = moment_of(text)
    if moment is None:
        return NAN
    whole = Decimal((moment.date() - _EPOCH).days)
    clock = moment.time()
    if clock == time(0):
        return whole
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    part = ARITHMETIC.divide(Decimal(seconds) + Decimal(clock.microsecond) / 1_000_000, _DAY_SECONDS)
    return ARITHMETIC.add(whole, part)


def moment_of(text: str) -> datetime | None:
    """A date or dateTime text on the wall clock, without its offset; None if it is neither."""
    if not _DATE.match(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def day_of(number: Decimal) -> date | None:
    """The date that lies so many days after 1970-01-01, or None beyond the calendar."""
    try:
        return _EPOCH + timedelta(days=int(number.to_integral_value(rounding="ROUND_FLOOR")))
    except (ValueError, OverflowError, InvalidOperation):
        return None
