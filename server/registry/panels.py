"""The home that a fragment under a household's page speaks of: found, and looked up only for who may see it."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request

from server.access.rules import may
from server.registry.tables import Household


def home_of(request: Request, session: Session, key: str, verb: str) -> Household | None:
    """The household of a panel's `key` ("county/id"); None where there is none, or `verb` is not granted there."""
    county, _, identity = key.partition("/")
    home = session.get(Household, (county, identity))
    return home if home is not None and may(request.state.person, verb, home.village) else None
