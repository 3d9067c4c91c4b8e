"""Who may do what, and the shape of an enrolment code: decisions without a database, a request or a clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

ADMINISTRATOR: Final = "administrator"
SURVEYOR: Final = "surveyor"
# What a role may do; "*" is every verb. A verb is noun.verb, the URL's last part and the audit event's name.
VERBS: Final[Mapping[str, frozenset[str]]] = {
    ADMINISTRATOR: frozenset({"*"}),
    SURVEYOR: frozenset(),
}

# No 0 O, 1 I L, U V: read out over the telephone, typed with a thumb.
CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH: Final = 8
CODE_LIFETIME: Final = timedelta(days=7)
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 200


class Actor(Protocol):
    """Whoever asks: a role, and the area (division code prefix) it holds for."""

    @property
    def role(self) -> str: ...
    @property
    def area(self) -> str: ...


def may(person: Actor, verb: str, area: str) -> bool:
    """Whether this person may do `verb` in `area` (a division code prefix). The one place that answers it."""
    verbs = VERBS.get(person.role, frozenset())
    return ("*" in verbs or verb in verbs) and area.startswith(person.area)


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
