"""Readers of untrusted JSON values: each takes a parsed value and its path, and gives a typed one.

Apart from ``messages.py`` because these know nothing of the protocol: they are the few ways in which a value
may be wrong (type, shape, bound), each said once, in the words a person at either end can act on. A reader
raises `MessageFault`; readers of containers gather the faults of all their parts before they raise.

Nearly everything that is read is right, and to say where it would be wrong takes longer than to read it. So a value
is first read with the path None, nobody asking where; only if that fails, once more with its path (`careful`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any, TypeVar

T = TypeVar("T")
Path = str | None
Reader = Callable[[object, Path], T]

FAULTS_MAX = 50
NUMBER_MAX = 2**53 - 1  # what every JSON reader in the world still reads exactly

# PostgreSQL refuses NUL, UTF-8 lone surrogates; no person types the others.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing wrong with a message: where (``submissions[3].targets[0].id``), and what is wished."""

    path: str
    message: str


class MessageFault(Exception):
    """A message cannot be read. ``code`` is the refusal's: malformed, too_large or unknown_protocol."""

    def __init__(self, *faults: Fault, code: str = "malformed") -> None:
        assert faults
        self.faults = faults[:FAULTS_MAX]
        self.code = code
        self.path, self.message = faults[0].path, faults[0].message
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in self.faults))


def wrong(path: Path, message: str) -> MessageFault:
    return MessageFault(Fault(path or "", message))


def careful(reader: Reader[T], value: object, path: str) -> T:
    """What the reader gives; if it raises `MessageFault`, with every fault and where it is."""
    try:
        return reader(value, None)
    except MessageFault:
        return reader(value, path)


def text(max_chars: int, *, empty: bool = True) -> Reader[str]:
    """Text of at most ``max_chars`` characters that every database and encoder can hold."""

    def read(value: object, path: Path) -> str:
        if not isinstance(value, str):
            raise wrong(path, "text expected")
        if len(value) > max_chars:
            raise wrong(path, f"longer than {max_chars} characters")
        if not value and not empty:
            raise wrong(path, "must not be empty")
        if not value.isprintable() and _CONTROL.search(value):
            raise wrong(path, "control characters or broken Unicode inside")
        return value

    return read


def writable(told: str) -> bool:
    """Whether a text may stand in a message at all, however long."""
    return told.isprintable() or not _CONTROL.search(told)


def matching(pattern: str, expected: str) -> Reader[str]:
    fits = re.compile(pattern, re.ASCII).fullmatch

    def read(value: object, path: Path) -> str:
        if not isinstance(value, str) or not fits(value):
            raise wrong(path, f"{expected} expected")
        return value

    return read


def one_of(*words: str) -> Reader[str]:
    def read(value: object, path: Path) -> str:
        if not isinstance(value, str) or value not in words:
            raise wrong(path, "expected one of " + ", ".join(words))
        return value

    return read


def number(low: int = 0, high: int = NUMBER_MAX) -> Reader[int]:
    def read(value: object, path: Path) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(path, "whole number expected")
        if not low <= value <= high:
            raise wrong(path, f"outside {low} to {high}")
        return value

    return read


def flag(value: object, path: Path) -> bool:
    if not isinstance(value, bool):
        raise wrong(path, "true or false expected")
    return value


_instant = matching(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", "UTC instant like 2020-09-01T08:00:00Z"
)


def instant(value: object, path: Path) -> str:
    """An aware UTC instant as ISO 8601 text, kept as text: ``2020-09-01T08:00:00.000Z``."""
    told = _instant(value, path)
    try:
        year = datetime.fromisoformat(told).year
    except ValueError:
        raise wrong(path, "no such date or time") from None
    if not MINYEAR < year < MAXYEAR:  # a few hours east or west of the calendar's ends there is none
        raise wrong(path, "no such date or time")
    return told


def optional(reader: Reader[T]) -> Reader[T | None]:
    return lambda value, path: None if value is None else reader(value, path)


def array(reader: Reader[T], max_items: int) -> Reader[tuple[T, ...]]:
    def read(value: object, path: Path) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise wrong(path, "list expected")
        if len(value) > max_items:
            raise wrong(path, f"more than {max_items} entries")
        if path is None:
            return tuple([reader(item, None) for item in value])
        return tuple(_all(reader, {f"{path}[{n}]": item for n, item in enumerate(value)}).values())

    return read


def mapping(key: Reader[str], reader: Reader[T], max_items: int) -> Reader[Mapping[str, T]]:
    def read(value: object, path: Path) -> Mapping[str, T]:
        if not isinstance(value, dict):
            raise wrong(path, "object expected")
        if len(value) > max_items:
            raise wrong(path, f"more than {max_items} entries")
        if path is None:
            return {key(name, None): reader(item, None) for name, item in value.items()}
        for name in value:
            key(name, f"{path} key")
        read_values = _all(reader, {f"{path}.{name}": item for name, item in value.items()})
        return dict(zip(value, read_values.values(), strict=True))

    return read


def pair(first: Reader[str], second: Reader[str]) -> Reader[tuple[str, str]]:
    def read(value: object, path: Path) -> tuple[str, str]:
        if not isinstance(value, list) or len(value) != 2:
            raise wrong(path, "list of two expected")
        return first(value[0], f"{path}[0]"), second(value[1], f"{path}[1]")

    return read


def record(cls: type[T], **readers: Reader[Any]) -> Reader[T]:
    """A dataclass from an object. Fields nobody knows are passed over: a newer sender may add some."""
    # T is any type; that this one is a dataclass, only its fields can say.
    known = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    assert set(readers) == set(known), set(readers) ^ set(known)
    assert not hasattr(cls, "__post_init__") and not hasattr(cls, "__slots__"), cls
    needed = frozenset(name for name, field in known.items() if not _has_default(field))

    def read(value: object, path: Path) -> T:
        if not isinstance(value, dict):
            raise wrong(path, "object expected")
        if path is None:
            if not needed <= value.keys():
                raise wrong(path, "missing")
            read_values = {
                name: reader(value[name], None) for name, reader in readers.items() if name in value
            }
            return _made(cls, read_values) if len(read_values) == len(readers) else cls(**read_values)
        given: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, reader in readers.items():
            at = f"{path}.{name}" if path else name
            try:
                if name in value:
                    given[name] = reader(value[name], at)
                elif name in needed:
                    raise wrong(at, "missing")
            except MessageFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise MessageFault(*faults)
        return cls(**given)

    return read


def _made(cls: type[T], fields: dict[str, Any]) -> T:
    """As ``cls(**fields)`` makes it, where ``fields`` are all of them. A frozen class sets its fields one by one, past
    its own guard, which for a message takes as long as to read it."""
    made = object.__new__(cls)
    vars(made).update(fields)
    return made


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _all(reader: Reader[T], items: Mapping[str, object]) -> dict[str, T]:
    read: dict[str, T] = {}
    faults: list[Fault] = []
    for path, item in items.items():
        try:
            read[path] = reader(item, path)
        except MessageFault as fault:
            faults.extend(fault.faults)
            if len(faults) >= FAULTS_MAX:
                break
    if faults:
        raise MessageFault(*faults)
    return read
