"""The lexical forms of answers: what counts as an integer, a date, a place, and its one canonical text.

A value is stored in one form only, so that two tablets that mean the same also write the same. What cannot
be read as its type is kept as it was typed and reported; it is never lost and never an exception.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal

from survey_forms.values import number_text

TEXT_LENGTH_MAX = 10_000
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})", re.ASCII)
# Already as `number_text` would write it, and nearly every number is.
_PLAIN = re.compile(r"(?!-0\Z)-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?", re.ASCII)
_PLAIN_LENGTH_MAX = 15
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_FILE = re.compile(r"[^/\\\x00-\x1f]{1,200}")
# Characters that XML 1.0 cannot carry, and surrogates, which UTF-8 cannot.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _integer(text: str) -> str | None:
    return str(int(text)) if _INTEGER.fullmatch(text) else None


def _decimal(text: str) -> str | None:
    if len(text) <= _PLAIN_LENGTH_MAX and _PLAIN.fullmatch(text):
        return text
    return number_text(Decimal(text)) if _DECIMAL.fullmatch(text) else None


def _date(text: str) -> str | None:
    return text if _DATE.fullmatch(text) and _read(date.fromisoformat, text) else None


def _time(text: str) -> str | None:
    return text if _TIME.fullmatch(text) and _read(time.fromisoformat, text) else None


def _date_time(text: str) -> str | None:
    day, separator, clock = text.partition("T")
    written = separator and _DATE.fullmatch(day) and _TIME.fullmatch(clock)
    return text if written and _read(datetime.fromisoformat, text) else None


def _geopoint(text: str) -> str | None:
    """`lat lon alt acc`, of which the last two may be missing."""
    parts = text.split()
    numbers = [number for part in parts if (number := _decimal(part)) is not None]
    if not 2 <= len(parts) <= 4 or len(numbers) < len(parts):
        return None
    if abs(Decimal(numbers[0])) > 90 or abs(Decimal(numbers[1])) > 180:
        return None
    return " ".join(numbers)


def _file(text: str) -> str | None:
    return text if _FILE.fullmatch(text) and text not in (".", "..") else None


def _boolean(text: str) -> str | None:
    return {"true": "true", "false": "false", "1": "true", "0": "false"}.get(text)


def _read(reader: Callable[[str], object], text: str) -> bool:
    try:
        reader(text)
    except ValueError:
        return False
    return True


_READERS: Mapping[str, Callable[[str], str | None]] = {
    "int": _integer,
    "decimal": _decimal,
    "date": _date,
    "time": _time,
    "dateTime": _date_time,
    "geopoint": _geopoint,
    "binary": _file,
    "boolean": _boolean,
}
# A Chinese input method writes full-width digits; they mean the same.
_FOLDED = {"int", "decimal", "date", "time", "dateTime", "geopoint"}


def is_plain(data_type: str) -> bool:
    """Whether any text is a value of the type, as it stands but for its ends and its line ends."""
    return data_type not in _READERS


def normal(data_type: str, raw: str) -> str:
    """The canonical text of what was typed, or the text itself (trimmed) where it is no value of the type."""
    if not raw:
        return ""
    text = (raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw).strip()
    reader = _READERS.get(data_type)
    if reader is None or not text:
        return text
    folded = unicodedata.normalize("NFKC", text) if data_type in _FOLDED and not text.isascii() else text
    canonical = reader(folded)
    return text if canonical is None else canonical


def is_valid(data_type: str, text: str) -> bool:
    """Whether a text, already normal, is a value of the type."""
    if len(text) > TEXT_LENGTH_MAX or not (text.isprintable() or not _UNWRITABLE.search(text)):
        return False
    reader = _READERS.get(data_type)
    return reader is None or reader(text) is not None


def is_canonical(data_type: str, text: str) -> bool:
    """Whether a text, not empty, is a value of the type and the one text of this value."""
    if text.strip() != text or not 0 < len(text) <= TEXT_LENGTH_MAX:
        return False
    if not text.isprintable() and ("\r" in text or _UNWRITABLE.search(text)):
        return False
    reader = _READERS.get(data_type)
    return reader is None or reader(text) == text
