"""The ledger's sums by village, level and kind, kept up as entries are added.

A ledger is only ever added to, and its numbers have no gap and become visible in their order. So what was summed up
to a number stays summed, and a page that asks again reads the entries after it alone: a county's hundreds of
thousands of postings are read once by a process and not by every page. Where the entry last seen is another one
now (a backup was restored), everything is read anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from server.subsidies.ledger import KINDS, REVERSAL
from server.subsidies.tables import EntryRow, PostingRow

Key = tuple[str, str, str]


@dataclass
class Summed:
    """What is known of a county's ledger up to an entry: (village, level, kind) → fen, reversals taken off."""

    number: int = 0
    entry: str = ""
    fen: dict[Key, int] = field(default_factory=dict)


# By connection pool, which lives as long as its database is open, and by county.
_known: Final[WeakKeyDictionary[Any, dict[str, Summed]]] = WeakKeyDictionary()
_lock: Final = threading.Lock()


def sums(session: Session, county: str) -> Mapping[Key, int]:
    """(village, level, kind) → fen of all entries this session sees, a reversal under the kind of what it undoes."""
    with _lock:
        of_database = _known.setdefault(session.get_bind().engine.pool, {})
        known = of_database.get(county) or Summed()
        if known.number and _id_of(session, county, known.number) != known.entry:
            known = Summed()
        of_database[county] = _continued(session, county, known)
        return dict(of_database[county].fen)


def _id_of(session: Session, county: str, number: int) -> str:
    statement = select(col(EntryRow.id)).where(col(EntryRow.county) == county, col(EntryRow.number) == number)
    return session.execute(statement).scalar() or ""


def _continued(session: Session, county: str, known: Summed) -> Summed:
    """The same with the entries that came after."""
    last = select(col(EntryRow.number), col(EntryRow.id)).where(col(EntryRow.county) == county)
    row = session.execute(last.order_by(col(EntryRow.number).desc()).limit(1)).first()
    if row is None or row.number == known.number:
        return known if row else Summed()
    fen = dict(known.fen)
    for key, added in _after(session, county, known.number):
        fen[key] = fen.get(key, 0) + added
    return Summed(row.number, row.id, fen)


def _after(session: Session, county: str, number: int) -> Iterator[tuple[Key, int]]:
    undone = aliased(EntryRow)
    kind = case((col(EntryRow.kind) == REVERSAL, col(undone.kind)), else_=col(EntryRow.kind))
    debited: list[ColumnElement[bool]] = [
        and_(kind == name, col(PostingRow.purpose) == debit) for name, (debit, _) in KINDS.items()
    ]
    by = (col(EntryRow.village), col(PostingRow.level), kind)
    posted = and_(col(PostingRow.county) == col(EntryRow.county), col(PostingRow.entry) == col(EntryRow.id))
    reversed_one = and_(
        col(EntryRow.reverses) != "",
        col(undone.county) == col(EntryRow.county),
        col(undone.id) == col(EntryRow.reverses),
    )
    statement = (
        select(*by, func.sum(PostingRow.amount_fen))
        .select_from(EntryRow)
        .join(PostingRow, posted)
        .outerjoin(undone, reversed_one)
        .where(col(EntryRow.county) == county, col(EntryRow.number) > number, or_(*debited))
        .group_by(*by)
    )
    for village, level, name, fen in session.execute(statement):
        yield (village, level, name), int(fen)
