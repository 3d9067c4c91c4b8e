"""The function table: one ordinary function for each function a form may call.

Only functions of their arguments stand here. Those that look at the interview (`today`, `position`, `once`,
`instance`, `jr:choice-name` …) are built by the compiler, because what they read decides when they run again.
Names and meanings follow the ODK XForms specification, section XPath Functions; `cn-ric` and `luhn` are ours.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_FLOOR, Decimal, InvalidOperation
from functools import lru_cache
from operator import mul

from survey_forms.scope import Value
from survey_forms.values import ARITHMETIC, NAN, day_of, moment_of, to_boolean, to_number, to_text

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_POWER_MAX = 1_000
_HALF = Decimal("0.5")
_RIC = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_RIC_WEIGHTS = tuple(2**place % 11 for place in range(17, 0, -1))
# Digits are weighed by their codes, which begin at that of 0.
_RIC_OF_ZEROS = sum(_RIC_WEIGHTS) * ord("0")


@dataclass(frozen=True, slots=True)
class Function:
    """`most` None: any number of arguments. `nodes`: a path as an argument means its whole node-set."""

    run: Callable[..., Value]
    least: int
    most: int | None
    nodes: bool = False


# Text


def concat(*parts: Value) -> Value:
    return "".join(_texts(parts))


def join(separator: Value, *parts: Value) -> Value:
    return to_text(separator).join(_texts(parts))


def substr(text: Value, start: Value, end: Value = "") -> Value:
    """From the 0-based `start` up to `end` (not included); a negative position counts from the end."""
    whole = to_text(text)
    first = _whole(start)
    last = len(whole) if end == "" else _whole(end)
    return "" if first is None or last is None else whole[first:last]


def substring_before(text: Value, mark: Value) -> Value:
    before, found, _ = to_text(text).partition(to_text(mark)) if to_text(mark) else ("", "", "")
    return before if found else ""


def substring_after(text: Value, mark: Value) -> Value:
    return to_text(text).partition(to_text(mark))[2] if to_text(mark) else to_text(text)


def translate(text: Value, old: Value, new: Value) -> Value:
    table: dict[int, str | None] = {}
    replacement = to_text(new)
    for position, character in enumerate(to_text(old)):
        table.setdefault(ord(character), replacement[position] if position < len(replacement) else None)
    return to_text(text).translate(table)


def string_length(text: Value) -> Value:
    return Decimal(len(to_text(text)))


def normalize_space(text: Value) -> Value:
    return " ".join(to_text(text).split())


def contains(text: Value, part: Value) -> Value:
    return to_text(part) in to_text(text)


def starts_with(text: Value, part: Value) -> Value:
    return to_text(text).startswith(to_text(part))


def ends_with(text: Value, part: Value) -> Value:
    return to_text(text).endswith(to_text(part))


def regex(text: Value, pattern: Value) -> Value:
    """True if the whole text matches, as the field's tablets have it. A bad pattern matches nothing."""
    compiled = pattern_of(to_text(pattern))
    return compiled is not None and compiled.fullmatch(to_text(text)) is not None


@lru_cache(maxsize=256)
def pattern_of(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


# Truth


def negation(value: Value) -> Value:
    return not to_boolean(value)


def boolean_from_string(value: Value) -> Value:
    return to_text(value) in ("true", "1")


# Numbers


def whole_number(value: Value) -> Value:
    number = to_number(value)
    return number.to_integral_value(rounding=ROUND_DOWN) if number.is_finite() else number


def rounded(value: Value, places: Value = Decimal(0)) -> Value:
    """Half goes up towards plus infinity (XPath 1.0, 4.4); negative `places` round to tens, hundreds …"""
    number, digits = to_number(value), _whole(places)
    if not number.is_finite() or digits is None or abs(digits) > 20:
        return number
    shifted = ARITHMETIC.add(ARITHMETIC.scaleb(number, digits), _HALF)
    return ARITHMETIC.scaleb(shifted.to_integral_value(rounding=ROUND_FLOOR), -digits)


def absolute(value: Value) -> Value:
    return to_number(value).copy_abs()


def power(base: Value, exponent: Value) -> Value:
    number, times = to_number(base), to_number(exponent)
    if not (number.is_finite() and times.is_finite()) or abs(times) > _POWER_MAX:
        return NAN
    return ARITHMETIC.power(number, times)


def total(*values: Value) -> Value:
    """NaN as soon as one relevant node is empty (XPath 1.0, 4.4): an unknown part makes an unknown sum."""
    result = Decimal(0)
    for text in _texts(values):
        result = ARITHMETIC.add(result, to_number(text))
    return result


def largest(*values: Value) -> Value:
    numbers = [to_number(text) for text in _texts(values)]
    return NAN if not numbers or any(number.is_nan() for number in numbers) else max(numbers)


def smallest(*values: Value) -> Value:
    numbers = [to_number(text) for text in _texts(values)]
    return NAN if not numbers or any(number.is_nan() for number in numbers) else min(numbers)


def count(nodes: Value) -> Value:
    return Decimal(len(nodes)) if isinstance(nodes, tuple) else Decimal(1 if to_text(nodes) else 0)


def count_non_empty(nodes: Value) -> Value:
    return Decimal(sum(1 for text in _texts((nodes,)) if text))


# Choices


def selected(chosen: Value, value: Value) -> Value:
    return to_text(value).strip() in to_text(chosen).split()


def selected_at(chosen: Value, index: Value) -> Value:
    values, position = to_text(chosen).split(), _whole(index)
    return values[position] if position is not None and 0 <= position < len(values) else ""


def count_selected(chosen: Value) -> Value:
    return Decimal(len(to_text(chosen).split()))


# Dates


def to_date(value: Value) -> Value:
    """A number of days since 1970-01-01, a date or a dateTime → YYYY-MM-DD; anything else → empty."""
    day = _day(value)
    return day.isoformat() if day else ""


def format_date(value: Value, pattern: Value) -> Value:
    """%Y %y %m %n %b %d %e %a, and of a dateTime %H %h %M %S %3."""
    moment = moment_of(to_text(value)) if not isinstance(value, Decimal) else None
    if moment is None:
        day = _day(value)
        moment = datetime(day.year, day.month, day.day) if day else None  # noqa: DTZ001 – wall clock on purpose
    return "" if moment is None else _written_as(to_text(pattern), moment)


@lru_cache(maxsize=1024)
def _written_as(pattern: str, moment: datetime) -> str:
    return _DATE_PART.sub(lambda found: _DATE_PARTS[found[1]](moment), pattern)


_DATE_PART = re.compile("%([%YymnbdeaHhMS3])")
_DATE_PARTS: Mapping[str, Callable[[datetime], str]] = {
    "%": lambda moment: "%",
    "Y": lambda moment: f"{moment.year:04}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "m": lambda moment: f"{moment.month:02}",
    "n": lambda moment: str(moment.month),
    "b": lambda moment: _MONTHS[moment.month - 1],
    "d": lambda moment: f"{moment.day:02}",
    "e": lambda moment: str(moment.day),
    "a": lambda moment: _WEEKDAYS[moment.weekday()],
    "H": lambda moment: f"{moment.hour:02}",
    "h": lambda moment: str(moment.hour),
    "M": lambda moment: f"{moment.minute:02}",
    "S": lambda moment: f"{moment.second:02}",
    "3": lambda moment: f"{moment.microsecond // 1000:03}",
}


def decimal_date_time(value: Value) -> Value:
    return to_number(value)


def decimal_time(value: Value) -> Value:
    """A time of day as a fraction of a day: 12:00 is 0.5."""
    return to_number("1970-01-01T" + to_text(value))


# China


def cn_ric(value: Value) -> Value:
    """Whether a text is a valid resident identity number: 18 characters, a real date of birth, the check
    character.

    GB 11643-1999; the check character is ISO 7064 MOD 11-2. A small x is taken for X. Division codes are
    not looked up: numbers issued by counties that have been renamed since stay valid.
    """
    text = to_text(value).strip().upper()
    if not _RIC.fullmatch(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    weighed = sum(map(mul, _RIC_WEIGHTS, text.encode())) - _RIC_OF_ZEROS
    return "10X98765432"[weighed % 11] == text[17]


def luhn(value: Value) -> Value:
    """Whether the last of a text's digits is the check digit of bank cards (ISO/IEC 7812-1, annex B)."""
    text = to_text(value).strip()
    if not re.fullmatch(r"\d{2,}", text, re.ASCII):
        return False
    doubled = (int(digit) * 2 for digit in text[-2::-2])
    return (sum(map(int, text[::-2])) + sum(each - 9 * (each > 9) for each in doubled)) % 10 == 0


# Shared


def _texts(values: tuple[Value, ...]) -> list[str]:
    return [text for value in values for text in (value if isinstance(value, tuple) else (to_text(value),))]


def _whole(value: Value) -> int | None:
    number = to_number(value)
    return int(number) if number.is_finite() and abs(number) < 10**9 else None


def _day(value: Value) -> date | None:
    moment = moment_of(value) if isinstance(value, str) else None
    if moment is not None:
        return moment.date()
    try:
        number = to_number(value)
        return day_of(number) if number.is_finite() else None
    except InvalidOperation:
        return None


FUNCTIONS: Mapping[str, Function] = {
    "string": Function(to_text, 1, 1),
    "concat": Function(concat, 1, None, nodes=True),
    "join": Function(join, 1, None, nodes=True),
    "substr": Function(substr, 2, 3),
    "substring-before": Function(substring_before, 2, 2),
    "substring-after": Function(substring_after, 2, 2),
    "translate": Function(translate, 3, 3),
    "string-length": Function(string_length, 1, 1),
    "normalize-space": Function(normalize_space, 1, 1),
    "contains": Function(contains, 2, 2),
    "starts-with": Function(starts_with, 2, 2),
    "ends-with": Function(ends_with, 2, 2),
    "regex": Function(regex, 2, 2),
    "boolean": Function(to_boolean, 1, 1),
    "boolean-from-string": Function(boolean_from_string, 1, 1),
    "not": Function(negation, 1, 1),
    "number": Function(to_number, 1, 1),
    "int": Function(whole_number, 1, 1),
    "round": Function(rounded, 1, 2),
    "abs": Function(absolute, 1, 1),
    "pow": Function(power, 2, 2),
    "sum": Function(total, 1, 1, nodes=True),
    "max": Function(largest, 1, None, nodes=True),
    "min": Function(smallest, 1, None, nodes=True),
    "count": Function(count, 1, 1, nodes=True),
    "count-non-empty": Function(count_non_empty, 1, 1, nodes=True),
    "selected": Function(selected, 2, 2),
    "selected-at": Function(selected_at, 2, 2),
    "count-selected": Function(count_selected, 1, 1),
    "date": Function(to_date, 1, 1),
    "date-time": Function(to_text, 1, 1),
    "format-date": Function(format_date, 2, 2),
    "format-date-time": Function(format_date, 2, 2),
    "decimal-date-time": Function(decimal_date_time, 1, 1),
    "decimal-time": Function(decimal_time, 1, 1),
    "cn-ric": Function(cn_ric, 1, 1),
    "luhn": Function(luhn, 1, 1),
}
"""Name in a form → its function. The compiler adds those that read the interview."""

__all__ = ["FUNCTIONS", "Function", "cn_ric", "luhn", "pattern_of"]
