"""What the pages of people show: everybody with their roles, and one person's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_
from sqlmodel import Session, col, select

from server.access.tables import Person, RoleAssignment

SEARCH_CHARS_MAX: Final = 50


@dataclass(frozen=True)
class PeopleFilter:
    """`q`: part of a name or login; `role`: held now; `state`: working, closed or "" for both."""

    q: str = ""
    role: str = ""
    state: str = "working"


def people(session: Session, wanted: PeopleFilter) -> list[Person]:
    """Those who fit, people of the office first, then by name. A county has hundreds, not thousands."""
    statement = select(Person).order_by(
        col(Person.closed_at).is_not(None), col(Person.login).is_(None), col(Person.name), col(Person.id)
    )
    if wanted.q:
        found = (col(Person.name), col(Person.login))
        statement = statement.where(or_(*(column.contains(wanted.q, autoescape=True) for column in found)))
    if wanted.role:
        held = select(RoleAssignment.person).where(
            RoleAssignment.role == wanted.role, col(RoleAssignment.until_at).is_(None)
        )
        statement = statement.where(col(Person.id).in_(held))
    if wanted.state:
        closed = col(Person.closed_at)
        statement = statement.where(closed.is_not(None) if wanted.state == "closed" else closed.is_(None))
    return list(session.exec(statement))


def former(session: Session, person: str) -> Sequence[RoleAssignment]:
    """The roles somebody no longer holds, the latest first."""
    return session.exec(
        select(RoleAssignment)
        .where(RoleAssignment.person == person, col(RoleAssignment.until_at).is_not(None))
        .order_by(col(RoleAssignment.until_at).desc())
    ).all()
