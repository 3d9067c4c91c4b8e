"""What changes people, tokens and sessions. Each function writes in the transaction it is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, col, select

from server.access import credentials, rules
from server.access.audit import audit
from server.access.people import grant
from server.access.roles import ADMINISTRATOR, SURVEYOR
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
    chosen, identity = password or credentials.new_password(), new_id()
    session.add(
        Person(
            id=identity,
            login="admin",
            name="管理员",
            password_hash=credentials.hash_password(chosen),
            made_at=now,
        )
    )
    session.flush()
    grant(session, identity, ADMINISTRATOR, county, now=now)
    return chosen


def surveyor(session: Session, *, name: str, county: str, new_id: Callable[[], str], now: datetime) -> Person:
    """Somebody who carries a tablet: a person without a login."""
    person = Person(id=new_id(), name=name, made_at=now)
    session.add(person)
    session.flush()
    grant(session, person.id, SURVEYOR, county, now=now)
    return person


def change_password(
    session: Session, person: Person, *, old: str, new: str, county: str, now: datetime
) -> Person:
    """Takes the new password and ends every other session of this person. Raises Problem."""
    if not credentials.password_matches(old, person.password_hash):
        raise Problem("wrong_password", 403, N_("原密码不对。"), N_("请核对后重新输入；密码没有改动。"))
    if fault := rules.password_fault(new):
        raise Problem("weak_password", 400, fault, N_("密码没有改动，请换一个再试。"))
    if old == new:
        raise Problem("weak_password", 400, N_("新密码和原密码一样。"), N_("密码没有改动，请换一个再试。"))
    person.password_hash, person.password_once = credentials.hash_password(new), False
    person.session_version += 1
    session.add(person)
    _own(session, person, "account.password", county, {}, now)
    return person


def make_token(session: Session, person: Person, *, label: str, county: str, now: datetime) -> str:
    """A new bearer token with this person's rights. It is given back here and nowhere else."""
    token = credentials.new_token()
    session.add(
        ApiToken(token_sha256=credentials.sha256(token), person=person.id, label=label[:64], made_at=now)
    )
    _own(session, person, "account.token", county, {N_("生成"): label[:64]}, now)
    return token


def revoke_token(session: Session, person: Person, *, token_sha256: str, county: str, now: datetime) -> None:
    kept = session.get(ApiToken, token_sha256)
    if kept is None or kept.person != person.id or kept.revoked_at is not None:
        return
    kept.revoked_at = now
    _own(session, person, "account.token", county, {N_("停用"): kept.label}, now)


def note_sign_in(session: Session, person: Person, *, county: str, address: str, now: datetime) -> None:
    """Somebody has signed in, from where."""
    _own(session, person, "account.sign_in", county, {N_("来自"): address}, now)


def _own(
    session: Session, person: Person, verb: str, county: str, detail: dict[str, str], now: datetime
) -> None:
    audit(
        session, person=person.id, verb=verb, county=county, area=county, subject=f"person/{person.id}",
        detail=detail, now=now,
    )  # fmt: skip
