"""A column of texts in as few bytes as a compressor can make of it, and back.

Rows that resemble each other are said property by property: values of one kind lie side by side, and what repeats
is said once. A column is a JSON value of one of these forms; ``n`` is the number of its rows, known from elsewhere:

| form | means |
|---|---|
| ``{"all": v}`` | every row has ``v`` |
| ``{"of": [v, w, …], "at": "010…"}`` | row by row the position in ``of``, a digit of `DIGITS` each |
| ``{"of": [v, …], "at": "…", "by": "…"}`` | the same with two digits, the higher one in ``by`` |
| ``{"ids": "…"}`` | UUIDs, 16 bytes each, in base64 |
| ``{"wide": 11, "text": "…"}`` | values of 11 characters each, nothing between them |
| ``{"since": "2020-…Z", "wide": 7, "text": "…"}`` | instants: milliseconds since the earliest, in digits |
| ``{"text": "|a|b"}`` | values behind a separator, which is the first character |
| ``{"some": "1101…", "in": column}`` | "0" where a row has no value (None), and the column of the others |

Pure; `unpack` is strict, for it reads what came from outside.
"""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from sync.strict import wrong

DIGITS: Final = string.digits + string.ascii_lowercase + string.ascii_uppercase + "-_"
_PLACE: Final = {digit: place for place, digit in enumerate(DIGITS)}
# No value of the protocol holds the last one, so there always is one that fits.
_SEPARATORS: Final = "|;/~\x7f"
_REPEATED: Final = 4  # a value that comes this often on average is said once and pointed to
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_INSTANT: Final = re.compile(r"[1-9]\d{3}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d\.\d{3}Z", re.ASCII)
_TYPES: Final = frozenset({str, type(None)})
_MILLISECOND: Final = timedelta(milliseconds=1)

Value = str | None
Column = dict[str, Any]


# --- in ----------------------------------------------------------------------------------------------------


def pack(values: Sequence[Value]) -> Column:
    """The column of ``values``, which hold no control characters but tab and line ends."""
    distinct = dict.fromkeys(values)
    if len(distinct) <= 1:
        return {"all": values[0] if values else None}
    if len(distinct) * _REPEATED <= len(values) and len(distinct) <= len(DIGITS) ** 2:
        return _pointed(values, sorted(distinct, key=lambda value: (value is not None, value)))
    told = [value for value in values if value is not None]
    if len(told) < len(values):
        return {"some": "".join(["0" if value is None else "1" for value in values]), "in": pack(told)}
    return _listed(told)


def _pointed(values: Sequence[Value], distinct: list[Value]) -> Column:
    low = {value: DIGITS[at % len(DIGITS)] for at, value in enumerate(distinct)}
    column = {"of": distinct, "at": "".join([low[value] for value in values])}
    if len(distinct) <= len(DIGITS):
        return column
    high = {value: DIGITS[at // len(DIGITS)] for at, value in enumerate(distinct)}
    return {**column, "by": "".join([high[value] for value in values])}


def _listed(values: Sequence[str]) -> Column:
    if all(map(_UUID.fullmatch, values)):
        raw = bytes.fromhex("".join(values).replace("-", ""))
        return {"ids": base64.b64encode(raw).decode()}
    if (instants := _instants(values)) is not None:
        return instants
    if len(set(map(len, values))) == 1 and values[0]:
        return {"wide": len(values[0]), "text": "".join(values)}
    joined = "".join(values)
    sign = next((each for each in _SEPARATORS if each not in joined), _SEPARATORS[-1])
    return {"text": sign + sign.join(values)}


def _instants(values: Sequence[str]) -> Column | None:
    if not all(map(_INSTANT.fullmatch, values)):
        return None
    try:
        read = [datetime.fromisoformat(value) for value in values]
    except ValueError:  # the thirtieth of February
        return None
    first = min(read)
    since = [str((each - first) // _MILLISECOND) for each in read]
    wide = max(map(len, since))
    return {"since": min(values), "wide": wide, "text": "".join(each.zfill(wide) for each in since)}


# --- out ---------------------------------------------------------------------------------------------------


def unpack(column: object, n: int, path: str) -> list[Value]:
    """The ``n`` values of a column. Raises `MessageFault` where it is none, or not of ``n`` rows."""
    try:
        values = _values(column, n)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        StopIteration,
    ):
        raise wrong(path, "a column expected") from None
    if len(values) != n or not _TYPES.issuperset(map(type, values)):
        raise wrong(path, f"a column of {n} texts expected")
    return values


def texts(column: object, n: int, path: str) -> list[str]:
    """As `unpack`, for a column in which every row has a value."""
    values = unpack(column, n, path)
    if None in values:
        raise wrong(path, "a value in every row expected")
    return cast(list[str], values)


def _values(column: Any, n: int) -> list[Value]:
    if "all" in column:
        return [column["all"]] * n
    if "of" in column:
        of = column["of"]
        if "by" not in column:
            return [of[_PLACE[at]] for at in column["at"]]
        pairs = zip(column["by"], column["at"], strict=True)
        return [of[_PLACE[by] * len(DIGITS) + _PLACE[at]] for by, at in pairs]
    if "ids" in column:
        digits = base64.b64decode(column["ids"], validate=True).hex()
        if len(digits) % 32:
            raise ValueError("half an id")
        return [_uuid(digits[at : at + 32]) for at in range(0, len(digits), 32)]
    if "some" in column:
        rest = iter(_values(column["in"], column["some"].count("1")))
        return [next(rest) if here == "1" else None for here in column["some"]]
    if "wide" in column:
        pieces = _cut(column["text"], column["wide"])
        return [*pieces] if "since" not in column else _after(column["since"], pieces)
    return list(column["text"][1:].split(column["text"][0]))


def _cut(text: str, wide: int) -> list[str]:
    return [text[at : at + wide] for at in range(0, len(text), wide)]


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _after(since: str, pieces: Sequence[str]) -> list[Value]:
    first = datetime.fromisoformat(since).astimezone(UTC).replace(tzinfo=None)
    moments = [first + int(piece) * _MILLISECOND for piece in pieces]
    return [each.isoformat(timespec="milliseconds") + "Z" for each in moments]
