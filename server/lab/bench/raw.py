"""The floor under taking submissions in: the same rows, written by plain multi-row inserts and nothing else.

What a run has put into the tables that were empty before goes into a copy of the database as it stood before the
run, in as many transactions as the run had requests.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from server.database import metadata

_PARAMETERS_MAX: Final = 30_000


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of this process's processor time."""

    wall_s: float
    cpu_s: float


def reinserted(source: Engine, empty: Engine, transactions_n: int) -> Took:
    """What the rows of ``source`` take to insert into ``empty``, where its tables are empty."""
    with empty.connect() as connection:
        tables = [table for table in metadata.sorted_tables if _rows_n(connection, table) == 0]
    with source.connect() as connection:
        rows = {table.name: _rows(connection, table) for table in tables}
    began, used_s = time.monotonic(), time.process_time()
    with empty.connect() as connection:
        for number in range(transactions_n):
            with connection.begin():
                for table in tables:
                    _insert(connection, table, rows[table.name][number::transactions_n])
    return Took(time.monotonic() - began, time.process_time() - used_s)


def _rows_n(connection: Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _rows(connection: Connection, table: sa.Table) -> list[tuple[Any, ...]]:
    """As text where the database is PostgreSQL, which takes every type from it: nothing is converted on the way."""
    names = _names(table)
    if connection.dialect.name == "postgresql":
        names = [f"{name}::text" for name in names]
    return [
        tuple(row) for row in connection.exec_driver_sql(f"SELECT {', '.join(names)} FROM {_name(table)}")
    ]


def _insert(connection: Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    sign = "%s" if connection.dialect.name == "postgresql" else "?"
    at_once = max(1, _PARAMETERS_MAX // len(table.columns))
    for first in range(0, len(rows), at_once):
        part = rows[first : first + at_once]
        one = f"({', '.join([sign] * len(table.columns))})"
        connection.exec_driver_sql(
            f"INSERT INTO {_name(table)} ({', '.join(_names(table))}) VALUES {', '.join([one] * len(part))}",
            tuple(value for row in part for value in row),
        )


def _name(table: sa.Table) -> str:
    return f'"{table.name}"'


def _names(table: sa.Table) -> list[str]:
    return [f'"{column.name}"' for column in table.columns]
