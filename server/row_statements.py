"""Whole rows into tables, many at a time, in the way that each kind of database takes them best.

SQLite is given a statement and its rows one by one, PostgreSQL one document or one stream for all: a statement for each
would cost it, and us, several times that. What is said depends on nothing but the table, so each is put together once:
every contact of a tablet says half a dozen, and to put one together (an upsert goes through all columns of its table)
costs more than to run it. All rows have all of their table's columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

from server import quick_json
from server.statements import KEPT, Line, run_each, say, stream

Rows = Sequence[Mapping[str, Any]]


def _alone(line: Line) -> bool:
    return line.dialect.name == "sqlite"


def insert(line: Line, table: sa.Table, rows: Rows) -> None:
    """Adds rows that are not there yet."""
    if _alone(line):
        run_each(line, _insert(table), rows)
        return
    names = [each.name for each in table.columns]
    stream(
        line,
        f"COPY {table.name} ({', '.join(names)}) FROM STDIN",
        ([row[name] for name in names] for row in rows),
    )


def insert_absent(line: Line, table: sa.Table, rows: Rows) -> None:
    """Adds those whose key is not there yet."""
    if _alone(line):
        run_each(line, _insert_absent(table), rows)
    else:
        _from_json(line, f"{_INSERT_GIVEN} ON CONFLICT DO NOTHING", table, rows, **KEPT)


def update_unchanged(line: Line, table: sa.Table, rows: Rows) -> int:
    """Writes all but the key of the row whose key is the same and whose `version` is the row's `was`; how many."""
    if _alone(line):
        return run_each(
            line,
            _update_unchanged(table),
            [{f"at_{name}": value for name, value in row.items()} for row in rows],
        )
    return _from_json(line, _UPDATE_GIVEN, table, rows, ("was", "bigint"))


def upsert(line: Line, table: sa.Table, rows: Rows) -> None:
    """Adds rows, or writes them over those of the same key; of two rows of one key the later counts."""
    if _alone(line):
        run_each(line, _upsert(table), rows)
        return
    keys = [each.name for each in table.primary_key.columns]
    once = {tuple(row[name] for name in keys): row for row in rows}
    _from_json(line, _UPSERT_GIVEN, table, list(once.values()), **KEPT)


# --- SQLite ---------------------------------------------------------------------------------------------------


@cache
def _insert(table: sa.Table) -> Any:
    return table.insert()


@cache
def _insert_absent(table: sa.Table) -> Any:
    return sqlite.insert(table).on_conflict_do_nothing()


@cache
def _update_unchanged(table: sa.Table) -> Any:
    same = [each == sa.bindparam(f"at_{each.name}") for each in table.primary_key.columns]
    values: dict[str, Any] = {
        each.name: sa.bindparam(f"at_{each.name}") for each in table.columns if not each.primary_key
    }
    return sa.update(table).where(*same, table.c.version == sa.bindparam("at_was")).values(values)


@cache
def _upsert(table: sa.Table) -> Any:
    given = sqlite.insert(table)
    keys = [each.name for each in table.primary_key.columns]
    rest = {each.name: given.excluded[each.name] for each in table.columns if not each.primary_key}
    return given.on_conflict_do_update(index_elements=keys, set_=rest)


# --- PostgreSQL -----------------------------------------------------------------------------------------------

_INSERT_GIVEN: Final = "INSERT INTO {table} ({names}) SELECT {names} FROM {given}"
_UPSERT_GIVEN: Final = f"{_INSERT_GIVEN} ON CONFLICT ({{keys}}) DO UPDATE SET {{excluded}}"
_UPDATE_GIVEN: Final = (
    "UPDATE {table} SET {given_rest} FROM {given} WHERE {given_keys} AND {table}.version = given.was"
)


_WRITTEN: Final = (date, Decimal)


def _written(value: object) -> str:
    assert isinstance(value, _WRITTEN), f"{type(value).__name__} is no value of a document"
    return str(value)


def _from_json(
    line: Line, statement: str, table: sa.Table, rows: Rows, *more: tuple[str, str], **kept: bool
) -> int:
    document = quick_json.write(rows, _written, sort_keys=False).decode()
    return say(line, _spelt(statement, table, line.dialect, more), {"rows": document}, **kept)


@lru_cache(maxsize=256)
def _spelt(statement: str, table: sa.Table, dialect: Dialect, more: tuple[tuple[str, str], ...]) -> str:
    """A statement of the table's own columns; `given` are the rows of the document, by their names."""
    keys = [each.name for each in table.primary_key.columns]
    rest = [each.name for each in table.columns if not each.primary_key]
    typed = [(each.name, each.type.compile(dialect)) for each in table.columns]
    columns = ", ".join(f"{name} {kind}" for name, kind in (*typed, *more))
    return statement.format(
        table=table.name,
        names=", ".join(name for name, _ in typed),
        keys=", ".join(keys),
        given=f"json_to_recordset(%(rows)s::json) AS given({columns})",
        given_keys=" AND ".join(f"{table.name}.{name} = given.{name}" for name in keys),
        given_rest=", ".join(f"{name} = given.{name}" for name in rest),
        excluded=", ".join(f"{name} = excluded.{name}" for name in rest),
    )
