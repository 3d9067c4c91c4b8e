"""What changes people: making one, the roles they hold, a new password, closing.

Apart from `actions`, which is about what people do to themselves. Every function writes in the transaction it
is given, its line of the log beside it, and nobody changes their own rights.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.access import credentials, rules
from server.access.audit import audit
from server.access.roles import ROLES
from server.access.tables import ApiToken, Person, RoleAssignment
from server.web import N_, Problem

FAULT: Final = "person"
# Shown in the log, in Chinese as everything recorded is.
NAME, LOGIN, ROLE, REASON = N_("姓名"), N_("账号"), N_("职务"), N_("原因")


@dataclass(frozen=True)
class By:
    """Who changes somebody, in which county, when."""

    person: str
    county: str
    now: datetime


def refused(message: str, remedy: str) -> Problem:
    return Problem(FAULT, 422, message, remedy)


def grant(session: Session, person: str, role: str, area: str, *, now: datetime) -> None:
    """The person holds this role for this area from now on; already held, nothing changes."""
    if not _in_force(session, person, role, area):
        session.add(RoleAssignment(person=person, role=role, area=area, from_at=now))
        session.flush()


def _in_force(session: Session, person: str, role: str, area: str) -> RoleAssignment | None:
    return session.exec(
        select(RoleAssignment).where(
            RoleAssignment.person == person,
            RoleAssignment.role == role,
            RoleAssignment.area == area,
            col(RoleAssignment.until_at).is_(None),
        )
    ).first()


def add(session: Session, by: By, *, identity: str, name: str, login: str) -> str | None:
    """Makes a person, without a role so far. With a login: gives the one-time password to show once.

    Raises Problem `person`.
    """
    name, login = name.strip(), login.strip().lower()
    if not name or len(name) > rules.PERSON_NAME_CHARS_MAX:
        raise refused(N_("没有填写姓名，或姓名过长。"), N_("请填写真实姓名，最多 64 个字。"))
    password = credentials.new_password() if login else None
    if login:
        _check_login(session, login)
    session.add(
        Person(
            id=identity, name=name, login=login or None, made_at=by.now, password_once=password is not None,
            password_hash=credentials.hash_password(password) if password else None,
        )
    )  # fmt: skip
    session.flush()
    _note(
        session, by, "person.manage", identity, by.county, {N_("办理"): "新建人员", NAME: name, LOGIN: login}
    )
    return password


def _check_login(session: Session, login: str) -> None:
    """The login may be taken. Raises Problem `person`."""
    if fault := rules.login_fault(login):
        raise refused(fault, N_("例如 wangfang 或 zhangsan.jc。"))
    if session.exec(select(Person.id).where(Person.login == login)).first():
        raise refused(N_("这个账号已经有人用。"), N_("请换一个账号。"))


def give_login(session: Session, by: By, *, identity: str, login: str) -> str:
    """A login for somebody who has none so far: gives the one-time password to show once. Raises Problem
    `person`.
    """
    person, login = _other(session, by, identity), login.strip().lower()
    if person.closed_at:
        raise refused(N_("这个人员已经停用。"), N_("请先恢复，再给账号。"))
    if person.login is not None:
        raise refused(N_("这个人员已经有账号。"), N_("忘记密码时，请给一个新的一次性密码。"))
    _check_login(session, login)
    password = credentials.new_password()
    person.login, person.password_hash, person.password_once = (
        login,
        credentials.hash_password(password),
        True,
    )
    person.session_version += 1
    _note(session, by, "person.manage", identity, by.county,
          {N_("办理"): "给账号", NAME: person.name, LOGIN: login})  # fmt: skip
    return password


def assign(session: Session, by: By, *, identity: str, role: str, area: str) -> None:
    """Gives a role for an area. Raises Problem `person`."""
    person = _other(session, by, identity)
    if role not in ROLES:
        raise refused(N_("没有选择职务。"), N_("请选择一项职务和它负责的区域。"))
    if person.closed_at:
        raise refused(N_("这个人员已经停用。"), N_("请先恢复，再给职务。"))
    if ROLES[role].verbs and person.login is None:
        raise refused(N_("没有账号的人员不能担任办公室职务。"), N_("请先在这一页给一个账号，再给职务。"))
    if not _in_force(session, identity, role, area):
        grant(session, identity, role, area, now=by.now)
        _note(session, by, "person.manage", identity, area,
              {N_("办理"): "任职", NAME: person.name, ROLE: ROLES[role].name})  # fmt: skip


def unassign(session: Session, by: By, *, identity: str, role: str, area: str) -> None:
    """Ends a role for an area; not held, nothing changes. Raises Problem `person`."""
    person = _other(session, by, identity)
    held = _in_force(session, identity, role, area) if role in ROLES else None
    if held:
        held.until_at = by.now
        _note(session, by, "person.manage", identity, area,
              {N_("办理"): "免去职务", NAME: person.name, ROLE: ROLES[role].name})  # fmt: skip


def reset_password(session: Session, by: By, *, identity: str) -> str:
    """A new one-time password, to show once; every session of the person ends. Raises Problem `person`."""
    person = _other(session, by, identity)
    if person.login is None or person.closed_at:
        raise refused(N_("没有账号或已停用的人员没有密码。"), N_("请选择在用的、有账号的人员。"))
    password = credentials.new_password()
    person.password_hash, person.password_once = credentials.hash_password(password), True
    person.session_version += 1
    _note(session, by, "person.manage", identity, by.county, {N_("办理"): "重设密码", NAME: person.name})
    return password


def close(session: Session, by: By, *, identity: str, reason: str) -> None:
    """The person leaves: roles end, tokens and sessions stop working; what they did stays under their name.

    Raises Problem `person`.
    """
    person = _other(session, by, identity)
    if not reason.strip():
        raise refused(N_("没有写明停用的原因。"), N_("例如：调离、退休。"))
    if person.closed_at:
        return
    person.closed_at, person.session_version = by.now, person.session_version + 1
    roles = update(RoleAssignment).where(
        col(RoleAssignment.person) == identity, col(RoleAssignment.until_at).is_(None)
    )
    tokens = update(ApiToken).where(col(ApiToken.person) == identity, col(ApiToken.revoked_at).is_(None))
    session.connection().execute(roles.values(until_at=by.now))
    session.connection().execute(tokens.values(revoked_at=by.now))
    _note(session, by, "person.manage", identity, by.county,
          {N_("办理"): "停用人员", NAME: person.name, REASON: reason.strip()})  # fmt: skip


def reopen(session: Session, by: By, *, identity: str) -> None:
    """The person is back, without roles and with the old password. Raises Problem `person`."""
    person = _other(session, by, identity)
    if person.closed_at:
        person.closed_at = None
        _note(session, by, "person.manage", identity, by.county, {N_("办理"): "恢复人员", NAME: person.name})


def _other(session: Session, by: By, identity: str) -> Person:
    """Somebody else than who acts. Raises Problem `person`."""
    person = session.get(Person, identity)
    if person is None:
        raise Problem("not_found", 404, N_("没有找到这个人员。"), N_("请从人员列表中选择。"))
    if identity == by.person:
        raise refused(N_("不能改动自己的职务和账号。"), N_("请由另一名管理员办理。"))
    return person


def _note(session: Session, by: By, verb: str, identity: str, area: str, detail: dict[str, str]) -> None:
    audit(
        session, person=by.person, verb=verb, county=by.county, area=area, subject=f"person/{identity}",
        detail=detail, now=by.now,
    )  # fmt: skip
