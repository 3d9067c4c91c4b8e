"""Who is asking: a browser's session or a bearer token, and whether a form came from one of our own pages.

The session is a signed cookie (HttpOnly, SameSite=Lax) that says who and since which password; the person is
read from the database at every request, so closing an account ends it at once.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import update
from sqlmodel import col, select

from server.access import credentials, rules
from server.access.tables import ApiToken, Person
from server.database import read, write
from server.web import problem

SESSION_LIFETIME: Final = timedelta(hours=12)
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# A token's last use is kept to see which are dead; noting each use would make every reader a writer.
NOTE_USE_EVERY: Final = timedelta(minutes=10)

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="令牌在“我的账号”页生成，只显示一次；它有其主人的全部权限。"
    " / A token made on the account page, shown once; it carries its owner's rights.",
)


def begin(request: Request, person: Person) -> None:
    """Starts a session. Whatever the browser held before is forgotten, the form token included."""
    request.session.clear()
    request.session.update(person=person.id, version=person.session_version, csrf=credentials.new_nonce())


def visitor(request: Request) -> None:
    """Every page: what templates may ask of whoever looks, signed in or not."""
    request.state.csrf = request.session.get("csrf", "")
    request.state.person = None


def invite(request: Request) -> None:
    """A form for somebody not signed in needs a token too."""
    request.state.csrf = request.session.setdefault("csrf", credentials.new_nonce())


async def our_own_form(request: Request) -> None:
    """Refuses whatever changes something and did not come from a page of ours.

    A bearer token is never sent by a browser of its own accord, so its requests need no form token.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    given = request.headers.get("x-csrf-token")
    if given is None:
        form = await request.form()
        given = str(form.get("csrf", ""))
    expected = request.session.get("csrf", "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise problem("csrf")


def signed_in(
    request: Request, presented: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None
) -> Person:
    """The person asking, by bearer token or session. Raises Problem `sign_in_needed`."""
    if "authorization" in request.headers:
        # A wrong token is wrong, even where the browser also has a session.
        person = _by_token(request, presented.credentials) if presented else None
    else:
        person = _by_session(request)
    if person is None:
        raise problem("sign_in_needed")
    request.state.person = person
    return person


def require(person: Person, verb: str, area: str) -> None:
    """Raises Problem `forbidden` unless this person may do `verb` in `area`."""
    if not rules.may(person, verb, area):
        raise problem("forbidden")


def _by_session(request: Request) -> Person | None:
    identity = request.session.get("person")
    if identity is None:
        return None
    with read(request.app.state.engine) as session:
        person = session.get(Person, identity)
    if person is None or person.closed_at or person.session_version != request.session.get("version"):
        return None
    return person


def _by_token(request: Request, token: str) -> Person | None:
    engine, now = request.app.state.engine, request.app.state.clock()
    digest = credentials.sha256(token)
    with read(engine) as session:
        found = session.exec(
            select(ApiToken, Person)
            .where(ApiToken.token_sha256 == digest)
            .where(col(ApiToken.revoked_at).is_(None))
            .join(Person, col(Person.id) == col(ApiToken.person))
        ).first()
    if found is None or found[1].closed_at:
        return None
    kept, person = found
    if kept.last_used_at is None or now - kept.last_used_at > NOTE_USE_EVERY:
        with write(engine) as session:
            session.connection().execute(
                update(ApiToken).where(col(ApiToken.token_sha256) == digest).values(last_used_at=now)
            )
    return person
