"""The office's way to tablets: what it decided goes through journal, entities and feed like any record.

Whoever decides calls `publish` in the transaction that decides, once and at its end: the feed's heads are locked
from then on until commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from server.exchange import history, journal
from sync import digest, office
from sync.masking import Masked
from sync.office import Statement

WHOLE: Final[Masked] = {}
"""Nothing of what the office states is masked."""

State = tuple[str, str, str, dict[str, str]]
"""(dataset, id, village, properties)."""


def publish(session: Session, county: str, states: Sequence[State], now: datetime) -> None:
    """Tells tablets of the states that differ from what they were told last, in the caller's transaction.

    A dataset told so must be among the policy's `office`: what tablets could write too would be overwritten.
    Raises journal.Stale if another writer was in the way; then the caller's transaction is to begin again.
    """
    statements = [Statement(*each) for each in states]
    if not statements:
        return
    session.flush()
    keys = {(each.dataset, each.id) for each in statements}
    before = journal.entities(session, county, keys)
    present = history.present(session)
    pushed = office.state(statements, before, county=county, history=present, now=now)
    journal.record(session, county, pushed.records, now)
    try:
        journal.keep(session, county, pushed.changed, before)
    except IntegrityError as error:  # somebody else has just made the same entity: there was no row to lock
        raise journal.Stale from error
    journal.tell(session, county, pushed.feed, digest.deltas(before, pushed.changed, WHOLE))
