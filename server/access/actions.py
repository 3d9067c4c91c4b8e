"""What changes people, tokens and sessions. Each function writes in the transaction it is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.access import credentials, rules
from server.access.tables import ApiToken, Person
from server.web import N_, Problem


def first_administrator(
    session: Session, *, county: str, new_id: Callable[[], str], now: datetime, password: str | None = None
) -> str | None:
    """Makes the administrator of a server nobody can sign in to yet; gives the password to show once, else
    None.
    """
    if session.exec(select(Person).where(col(Person.password_hash).is_not(None)).limit(1)).first():
        return None
    chosen = password or credentials.new_password()
    session.add(
        Person(
            id=new_id(),
            login="admin",
            name="管理员",
            password_hash=credentials.hash_password(chosen),
            role=rules.ADMINISTRATOR,
            area=county,
            made_at=now,
        )
    )
    return chosen


def surveyor(session: Session, *, name: str, county: str, new_id: Callable[[], str], now: datetime) -> Person:
    """Somebody who carries a tablet: a person without a login."""
    person = Person(id=new_id(), name=name, role=rules.SURVEYOR, area=county, made_at=now)
    session.add(person)
    session.flush()
    return person


def change_password(session: Session, person: Person, *, old: str, new: str) -> Person:
    """Takes the new password and ends every other session of this person. Raises Problem."""
    if not credentials.password_matches(old, person.password_hash):
        raise Problem("wrong_password", 403, N_("原密码不对。"), N_("请核对后重新输入；密码没有改动。"))
    if fault := rules.password_fault(new):
        raise Problem("weak_password", 400, fault, N_("密码没有改动，请换一个再试。"))
    person.password_hash = credentials.hash_password(new)
    person.session_version += 1
    session.add(person)
    return person


def make_token(session: Session, person: Person, *, label: str, now: datetime) -> str:
    """A new bearer token with this person's rights. It is given back here and nowhere else."""
    token = credentials.new_token()
    session.add(
        ApiToken(token_sha256=credentials.sha256(token), person=person.id, label=label[:64], made_at=now)
    )
    return token


def revoke_token(session: Session, person: Person, *, token_sha256: str, now: datetime) -> None:
    session.connection().execute(
        update(ApiToken)
        .where(
            col(ApiToken.token_sha256) == token_sha256,
            col(ApiToken.person) == person.id,
            col(ApiToken.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )
