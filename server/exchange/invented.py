"""Whether a county's data are invented: said in its database, so that it goes wherever a copy of that goes."""

from __future__ import annotations

from sqlmodel import Session

from server.database import upsert
from server.exchange.tables import HubMeta

NAME = "synthetic"


def mark(session: Session) -> None:
    """From now on every page, sheet and bank file of this database says that its data are invented."""
    upsert(session, HubMeta, [{"name": NAME, "value": "yes"}])


def marked(session: Session) -> bool:
    return session.get(HubMeta, NAME) is not None
