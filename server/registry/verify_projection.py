"""The register's typed tables against the entities they are read from: every row as the projection would write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from server.database import table_of
from server.exchange.tables import EntityRow
from server.exchange.verify import Check, Finding, entities, paged, some, total, unlike
from server.registry.projection import TABLES, rows_of
from server.terminal.steps import Told

NAME: Final = "projection"


def projection(session: Session, county: str, told: Told) -> Iterator[Finding]:
    """Rows that differ, that are missing, and that stand for no entity."""
    total_n, done_n = total(session, EntityRow, county), 0
    for rows in entities(session, county):
        wanted = rows_of(session, county, [held for _, held in rows if held])
        for table, of_table in wanted.items():
            yield from _compared(session, county, table, of_table)
        done_n += len(rows)
        told(done_n, total_n)
    for dataset, table in TABLES.items():
        yield from _of_nothing(session, county, dataset, table)


def _compared(
    session: Session, county: str, table: type[SQLModel], wanted: dict[str, dict[str, Any]]
) -> Iterator[Finding]:
    columns = table_of(table).c
    found = {
        row.id: dict(row._mapping)
        for row in session.connection().execute(
            select(table_of(table)).where(columns.county == county, columns.id.in_(sorted(wanted)))
        )
    }
    for id, row in wanted.items():
        key = f"{table_of(table).name}/{id}"
        if id not in found:
            yield Finding(NAME, key, "登记表里没有这一行。")
            continue
        differing = [name for name, _, _ in unlike(_filled(table, row), found[id])]
        if differing:
            yield Finding(NAME, key, f"登记表的 {some(differing)} 与内容不符。")


def _filled(table: type[SQLModel], row: dict[str, Any]) -> dict[str, Any]:
    """A row as the database gives it back: columns that nobody wrote have their defaults."""
    made = table(**row)
    return {column.name: getattr(made, column.name) for column in table_of(table).columns}


def _of_nothing(session: Session, county: str, dataset: str, table: type[SQLModel]) -> Iterator[Finding]:
    columns, entity = table_of(table).c, table_of(EntityRow).c
    there = (
        select(entity.id)
        .where(col(EntityRow.county) == county, entity.dataset == dataset, entity.id == columns.id)
        .exists()
    )
    query = select(columns.id).where(columns.county == county, ~there)
    for rows in paged(session, query, (columns.id,)):
        for row in rows:
            yield Finding(NAME, f"{dataset}/{row.id}", "登记表里有这一行，却没有对应的户或记录。")


CHECK: Final = Check(NAME, "登记各表与户和记录的内容相符", "核对登记各表（户及其记录）", projection)
