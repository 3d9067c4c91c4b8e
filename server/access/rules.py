"""Who may do what, and the shape of an enrolment code: decisions without a database, a request or a clock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from server.access.roles import ROLES

# No 0 O, 1 I L, U V: read out over the telephone, typed with a thumb.
CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH: Final = 8
CODE_LIFETIME: Final = timedelta(days=7)
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 200
LOGIN: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
PERSON_NAME_CHARS_MAX: Final = 64


class Grant(Protocol):
    """A role held for an area (division code prefix)."""

    @property
    def role(self) -> str: ...
    @property
    def area(self) -> str: ...


class Actor(Protocol):
    """Whoever asks, with the roles held now."""

    @property
    def grants(self) -> Sequence[Grant]: ...


def _verbs(grant: Grant) -> frozenset[str]:
    role = ROLES.get(grant.role)
    return role.verbs if role else frozenset()


def may(person: Actor, verb: str, area: str) -> bool:
    """Whether this person may do `verb` in `area` (a division code prefix). The one place that answers it."""
    return any(verb in _verbs(grant) and area.startswith(grant.area) for grant in person.grants)


def holds(person: Actor, verb: str) -> bool:
    """Whether there is any area where this person may do `verb`."""
    return any(verb in _verbs(grant) for grant in person.grants)


def in_office(person: Actor) -> bool:
    """Whether any page of the office is this person's: a surveyor's work is on the tablet."""
    return any(_verbs(grant) for grant in person.grants)


def areas_of(person: Actor, verb: str, county: str) -> tuple[str, ...]:
    """The areas of a county in which this person may do `verb`, none inside another, by code."""
    held = {
        max(grant.area, county, key=len)
        for grant in person.grants
        if verb in _verbs(grant) and (grant.area.startswith(county) or county.startswith(grant.area))
    }
    return tuple(
        sorted(one for one in held if not any(one != each and one.startswith(each) for each in held))
    )


def login_fault(login: str) -> str | None:
    """Why a login cannot be given, in Chinese; None when it can."""
    if not LOGIN.fullmatch(login):
        return "账号应为 2 到 32 个小写字母、数字、点、横线或下划线，以字母开头。"
    return None


def shown_code(code: str) -> str:
    """An enrolment code as people read it: in two groups."""
    return f"{code[:4]}-{code[4:]}"


def typed_code(text: str) -> str:
    """An enrolment code as somebody typed it: full-width letters, small letters, blanks and dashes
    forgiven.
    """
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in folded if character.isalnum())


def local_path(text: str) -> str:
    """Where to go after signing in: a path on this server, never another one."""
    unsafe = not text.startswith("/") or text.startswith("//") or "\\" in text
    return "/" if unsafe or any(ord(character) < 32 for character in text) else text


def password_fault(password: str) -> str | None:
    """Why a new password cannot be taken, in Chinese; None when it can."""
    if len(password) < PASSWORD_LENGTH_MIN:
        return f"新密码至少要 {PASSWORD_LENGTH_MIN} 个字符。"
    if len(password) > PASSWORD_LENGTH_MAX:
        return f"新密码最多 {PASSWORD_LENGTH_MAX} 个字符。"
    return None
