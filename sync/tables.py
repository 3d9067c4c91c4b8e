"""Entity states in columns: for pages of a reply, and for the parts of a snapshot.

Apart from ``columns.py`` because this knows `EntityState`: every field of it travels, one added later too. A *table*
holds the states of one dataset; what differs from row to row is said property by property. Rows come back through
the codec's strict reader, as if each had come as JSON.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from sync import columns
from sync.codec import ENTITY_FIELDS, canonical
from sync.codec import name as _name
from sync.messages import VALUE_CHARS_MAX, EntityState
from sync.strict import NUMBER_MAX, mapping, number, text, wrong

ROWS_MAX: Final = 100_000  # of a table; a bound against nonsense, never one our hub could reach
_TEXTS: Final = ("id", "village", "updated_at")
_OWN: Final = ("dataset", "version", "props", *_TEXTS)
# Whatever else a state has: nearly always the same in every row, and said as JSON where it is not.
_OTHERS: Final = tuple(each.name for each in dataclasses.fields(EntityState) if each.name not in _OWN)
named = mapping(text(64), lambda value, _: value, 10_000)

_value = text(VALUE_CHARS_MAX)

Table = dict[str, Any]


def pack(states: Iterable[EntityState], known: Sequence[str] = ()) -> list[Table]:
    """Tables that hold the states in their order: one for each run of a dataset. ``known``: ids that the reader
    has in the same order; of these the place travels, as "#7"."""
    places = {id: f"#{at}" for at, id in enumerate(known)}
    runs = groupby(states, lambda state: state.dataset)
    return [_table(dataset, list(run), places) for dataset, run in runs]


def _table(dataset: str, states: Sequence[EntityState], places: Mapping[str, str]) -> Table:
    names = dict.fromkeys(name for state in states for name in state.props)
    table: Table = {"dataset": dataset, "n": len(states)}
    for name in _TEXTS:
        texts = [getattr(state, name) for state in states]
        table[name] = columns.pack([places.get(each, each) for each in texts] if name == "id" else texts)
    table["version"] = columns.pack([str(state.version) for state in states])
    props = [state.props for state in states]
    table["props"] = {name: columns.pack([each.get(name) for each in props]) for name in names}
    for name in _OTHERS:
        values = [getattr(state, name) for state in states]
        said = {value: canonical(value) for value in set(values)}
        table[name] = columns.pack([said[value] for value in values])
    return table


def unpack(tables: object, path: str, known: Sequence[str] = ()) -> tuple[EntityState, ...]:
    """The states of `pack`. Raises `MessageFault`."""
    if not isinstance(tables, list):
        raise wrong(path, "list expected")
    ids = {f"#{at}": id for at, id in enumerate(known)}
    return tuple(state for at, table in enumerate(tables) for state in _states(table, ids, f"{path}[{at}]"))


def _states(table: object, ids: Mapping[str, str], path: str) -> Iterator[EntityState]:
    """Each field is read as the codec reads it, once for each value that there is."""
    if not isinstance(table, dict):
        raise wrong(path, "object expected")
    n = number(1, ROWS_MAX)(table.get("n"), f"{path}.n")
    given: dict[str, Sequence[Any]] = {"dataset": [_read("dataset", table.get("dataset"), path)] * n}
    for name in (*_TEXTS, "version", *_OTHERS):
        if name in _OTHERS and name not in table:
            continue
        at = f"{path}.{name}"
        told: Sequence[Any] = columns.texts(table.get(name), n, at)
        if name == "id":
            told = [ids.get(each, each) for each in told]
        read = {each: _read(name, _meant(name, each, at), at) for each in set(told)}
        given[name] = [read[each] for each in told]
    given["props"] = props(table.get("props"), n, f"{path}.props")
    for name, value in {(name, value) for row in given["props"] for name, value in row.items()}:
        _value(value, f"{path}.props.{_name(name, path)}")
    for row in zip(*given.values(), strict=True):
        yield EntityState(**dict(zip(given, row, strict=True)))


def _read(name: str, value: object, path: str) -> Any:
    return ENTITY_FIELDS[name](value, path)


def _meant(name: str, told: str, path: str) -> object:
    """What the text in a column stands for."""
    if name == "version":
        return whole(told)
    return told if name in _TEXTS else _json(told, path)


def _json(told: str, path: str) -> object:
    try:
        return json.loads(told)
    except (ValueError, RecursionError):
        raise wrong(path, "JSON expected") from None


def props(told: object, n: int, path: str) -> list[dict[str, str]]:
    """``n`` objects from the columns of their names; None in a column: this one has no such name."""
    found: list[dict[str, str]] = [{} for _ in range(n)]
    for name, column in named(told, path).items():
        values = columns.unpack(column, n, f"{path}.{name}")
        for row, value in zip(found, values, strict=True):
            if value is not None:
                row[name] = value
    return found


def whole(value: str) -> int | str:
    """A number as it travels in a column; anything else is left for the strict reader to refuse."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= len(str(NUMBER_MAX)) else value
