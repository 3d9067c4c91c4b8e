"""The hub's history: which past this database has. New at its creation and whenever it became an older copy
of itself.

Tablets compare it with the one they know. Meeting another, they read everything anew and offer again what
they hold receipts for, which is how a restored server is made whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import and_, bindparam, select, update
from sqlmodel import Session

from server import statements
from server.database import among, insert_rows, table_of
from server.exchange.tables import FeedHead, HubMeta

NAME = "history"
_META, _HEAD = table_of(HubMeta), table_of(FeedHead)
_PRESENT = select(_META.c.value).where(_META.c.name == NAME)
# Run by every contact, so it is one, and built once.
_WITH_HEADS = (
    select(_META.c.value, _HEAD.c.village, _HEAD.c.seq)
    .select_from(_META)
    .outerjoin(
        _HEAD, and_(_HEAD.c.county == bindparam("county"), among(_HEAD.c.village, "villages", few=True))
    )
    .where(_META.c.name == NAME)
)
_BEGIN_NEW = (
    update(_META)
    .where(_META.c.name == NAME, _META.c.value == bindparam("old"))
    .values(value=bindparam("new"))
)


def ensure(session: Session, new_id: Callable[[], str]) -> str:
    """The present history, begun now if the database has none."""
    if not statements.rows(session, _PRESENT, {}):
        insert_rows(session, HubMeta, [{"name": NAME, "value": new_id()}])
    return present(session)


def present(session: Session) -> str:
    ((value,),) = statements.rows(session, _PRESENT, {})
    return str(value)


def present_with_heads(
    session: Session, county: str, villages: Collection[str]
) -> tuple[str, dict[str, int]]:
    """The present history, and how far the feeds of these villages go in it; of those where something happened."""
    given = {"county": county, "villages": sorted(villages)}
    rows = statements.rows(session, _WITH_HEADS, given)
    return rows[0][0], {village: seq for _, village, seq in rows if village is not None}


def begin_new(session: Session, old: str, new: str) -> bool:
    """Begin another history; False if somebody else has just done so."""
    return statements.run(session, _BEGIN_NEW, {"old": old, "new": new}) == 1
