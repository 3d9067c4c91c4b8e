"""What a check of the exchange is, and the list of them: journal, entities, feed and digests against one another.

Each check is a function from a reading session to what it finds. It reads some hundreds of rows at a time, never
stops at its first finding and trusts no other check: a database may be wrong in any way. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import process_time
from typing import Any, Final

from sqlalchemy import Select, func, select, tuple_
from sqlmodel import Session, SQLModel

from server.database import parts, table_of
from server.exchange.tables import EntityRow
from server.terminal.steps import Steps, Told, unseen
from sync.documents import read_held
from sync.facts import Held

ROWS_AT_A_TIME: Final = 300
# Of each check; the rest is counted. A broken table would otherwise fill the memory with its findings.
FINDINGS_KEPT: Final = 1_000


@dataclass(frozen=True)
class Finding:
    """What is not as it must be: the check, the id it was found at, and what is wrong in words. A ``note`` is
    worth knowing and nothing wrong."""

    check: str
    id: str
    message: str
    note: bool = False


@dataclass(frozen=True)
class Check:
    """``name`` is that of its findings, ``title`` says what holds if there is none, ``step`` what it counts while
    it runs: 核对…（条）."""

    name: str
    title: str
    step: str
    run: Callable[[Session, str, Told], Iterator[Finding]]


@dataclass(frozen=True)
class Checked:
    """What came of a check. ``findings_n`` counts those that are not kept too; ``cpu_s`` is this process's."""

    check: Check
    findings: tuple[Finding, ...]
    findings_n: int
    notes: tuple[Finding, ...]
    cpu_s: float


@dataclass
class _Kept:
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    findings_n: int = 0

    def add(self, found: Finding) -> None:
        self.findings_n += not found.note
        kept = self.notes if found.note else self.findings
        if len(kept) < FINDINGS_KEPT:
            kept.append(found)


def run(session: Session, county: str, checks: Sequence[Check], steps: Steps = unseen) -> Iterator[Checked]:
    """Each check's result as soon as it is there."""
    for check in checks:
        began, kept = process_time(), _Kept()
        with steps(check.step) as told:
            for found in check.run(session, county, told):
                kept.add(found)
        yield Checked(check, tuple(kept.findings), kept.findings_n, tuple(kept.notes), process_time() - began)


# --- what checks read with -----------------------------------------------------------------------------------


def paged(session: Session, query: Select[Any], key: Sequence[Any]) -> Iterator[list[Any]]:
    """The rows of a query in the order of ``key``, unique columns that it selects, some hundreds at a time."""
    ordered = query.order_by(*key).limit(ROWS_AT_A_TIME)
    rows = list(session.connection().execute(ordered))
    while rows:
        yield rows
        last = tuple(getattr(rows[-1], column.key) for column in key)
        rows = list(session.connection().execute(ordered.where(tuple_(*key) > tuple_(*last))))


def entities(session: Session, county: str) -> Iterator[list[tuple[Any, Held | None]]]:
    """Every entity's row and what its document says; None where nobody can read it."""
    columns = table_of(EntityRow).c
    key = (columns.dataset, columns.id)
    query = select(*key, columns.village, columns.version, columns.conflicts_n, columns.held).where(
        columns.county == county
    )
    for rows in paged(session, query, key):
        yield [(row, held_of(row.held)) for row in rows]


def by_dataset(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Entities as their tables' keys have them, so many together as a statement may name: dataset, and ids in it.
    Asked without the dataset, or for pairs of both, a database reads the whole table for every some hundreds."""
    ids: dict[str, set[str]] = {}
    for dataset, id in keys:
        ids.setdefault(dataset, set()).add(id)
    for dataset, of_dataset in sorted(ids.items()):
        yield from ((dataset, part) for part in parts(sorted(of_dataset)))


def held_of(document: str) -> Held | None:
    """The entity of a stored document; None if nobody can read it."""
    try:
        return read_held(document)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def total(session: Session, model: type[SQLModel], county: str) -> int:
    """How many rows a county has there."""
    table = table_of(model)
    counted = select(func.count()).select_from(table).where(table.c.county == county)
    return int(session.connection().execute(counted).scalar_one())


def some(them: Collection[object], limit: int = 5) -> str:
    """The first of a list in words, and how many more."""
    said = "、".join(str(each) for each in islice(them, limit))
    return said + (f" 等 {len(them):,} 个" if len(them) > limit else "")


def unlike(one: Mapping[str, object], other: Mapping[str, object]) -> Iterator[tuple[str, object, object]]:
    """Where two rows differ: name, what one has, what the other has."""
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield name, one.get(name), other.get(name)
