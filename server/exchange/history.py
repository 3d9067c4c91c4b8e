"""The hub's history: which past this database has. New at its creation and whenever it became an older copy
of itself.

Tablets compare it with the one they know. Meeting another, they read everything anew and offer again what
they hold receipts for, which is how a restored server is made whole.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, update
from sqlmodel import Session, col

from server.database import table_of
from server.exchange.tables import HubMeta

NAME = "history"
# Run by every contact, so built once.
_PRESENT = select(table_of(HubMeta).c.value).where(table_of(HubMeta).c.name == NAME)


def ensure(session: Session, new_id: Callable[[], str]) -> str:
    """The present history, begun now if the database has none."""
    row = session.get(HubMeta, NAME)
    if row is None:
        row = HubMeta(name=NAME, value=new_id())
        session.add(row)
        session.flush()
    return row.value


def present(session: Session) -> str:
    value: str = session.connection().execute(_PRESENT).scalar_one()
    return value


def begin_new(session: Session, old: str, new: str) -> bool:
    """Begin another history; False if somebody else has just done so."""
    done = session.connection().execute(
        update(HubMeta).where(col(HubMeta.name) == NAME, col(HubMeta.value) == old).values(value=new)
    )
    return done.rowcount == 1
