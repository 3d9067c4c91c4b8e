"""The register's typed tables against the entities they are read from: every row as the projection would write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from server.database import parts, table_of
from server.exchange.tables import EntityRow
from server.exchange.verify import Check, Finding, entities, paged, some, total, unlike
from server.registry import aliases
from server.registry.projection import TABLES, rows_of
from server.registry.tables import Household
from server.terminal.steps import Told
from sync.facts import Held

NAME: Final = "projection"


def projection(session: Session, county: str, told: Told) -> Iterator[Finding]:
    """Rows that differ, that are missing, and that stand for no entity."""
    total_n, done_n = total(session, EntityRow, county), 0
    for rows in entities(session, county):
        here = [held for _, held in rows if held]
        wanted = rows_of(session, county, aliases.as_they_belong(session, county, here))
        for table, of_table in wanted.items():
            yield from _compared(session, county, table, of_table)
        done_n += len(rows)
        told(done_n, total_n)
        yield from _merged(session, county, [held for held in here if held.dataset == aliases.DATASET])
    for dataset, table in TABLES.items():
        yield from _of_nothing(session, county, dataset, table)


def _merged(session: Session, county: str, homes: Sequence[Held]) -> Iterator[Finding]:
    """Of a home that was merged: its id leads where the entities say, and it has no row of its own."""
    known = aliases.survivors(session, county, [held.id for held in homes])
    gone = {held.id: held.same_as for held in homes if held.same_as}
    ends = aliases.survivors(session, county, [each for each in gone.values() if each])
    for id in sorted(known.keys() | gone.keys()):
        same_as = gone.get(id)
        wanted = ends.get(same_as, same_as) if same_as else None
        if known.get(id) != wanted:
            said = known.get(id) or "无"
            yield Finding(NAME, f"household/{id}", f"并入表中指向 {said}，按内容应指向 {wanted or '无'}。")
    columns = table_of(Household).c
    for part in parts(sorted(gone)):
        query = select(columns.id).where(columns.county == county, columns.id.in_(part))
        for (id,) in session.connection().execute(query):
            yield Finding(NAME, f"household/{id}", "已并入另一户，登记表里却还有这一行。")


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
    defaults = _defaults(table)
    for id, row in wanted.items():
        key = f"{table_of(table).name}/{id}"
        if id not in found:
            yield Finding(NAME, key, "登记表里没有这一行。")
            continue
        differing = [name for name, _, _ in unlike({**defaults, **row}, found[id])]
        if differing:
            yield Finding(NAME, key, f"登记表的 {some(differing)} 与内容不符。")


def _defaults(table: type[SQLModel]) -> dict[str, Any]:
    """What columns that nobody wrote have when the database gives a row back."""
    made = table()
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
