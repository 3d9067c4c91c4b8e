"""The tablet that calls, by the secret it signs in with: what every contact begins with, so a row of what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlmodel import Session

from server import statements
from server.access import credentials
from server.access.tables import Tablet
from server.database import table_of

_TABLET: Final = table_of(Tablet).c
_BY_SECRET: Final = select(
    _TABLET.county, _TABLET.device, _TABLET.person, _TABLET.secret_sha256, _TABLET.revoked_at
).where(_TABLET.secret_sha256 == bindparam("digest"))


@dataclass(frozen=True)
class Caller:
    """A tablet as a contact has to know it: whose it is, the secret it signs in with, and since when it is revoked."""

    county: str
    device: str
    person: str
    secret_sha256: str
    revoked_at: datetime | None


def by_secret(session: Session, secret: str) -> Caller | None:
    """The tablet that knows this secret, revoked or not."""
    found = statements.rows(session, _BY_SECRET, {"digest": credentials.sha256(secret)})
    return Caller(*found[0]) if found else None


def as_caller(tablet: Tablet) -> Caller:
    """A tablet as if it called."""
    return Caller(tablet.county, tablet.device, tablet.person, tablet.secret_sha256, tablet.revoked_at)
