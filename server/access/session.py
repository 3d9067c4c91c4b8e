"""Who is asking: a browser's session or a bearer token, and whether a form came from one of our own pages.

The session is a signed cookie (HttpOnly, SameSite=Lax) that says who and since which password; the person is
read from the database at every request, so closing an account ends it at once.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import update
from sqlmodel import col, select

from server.access import credentials, rules
from server.access.roles import VERBS
from server.access.tables import ApiToken, Person
from server.database import read, write
from server.web import N_, Problem, problem, request_language, translate
from server.web.problems import answer
from sync.strict import writable

SESSION_LIFETIME: Final = timedelta(hours=12)
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN: Final = "/sign-in"
# A token's last use is kept to see which are dead; noting each use would make every reader a writer.
NOTE_USE_EVERY: Final = timedelta(minutes=10)

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="令牌在“我的账号”页生成，只显示一次；它有其主人的全部权限。"
    " / A token made on the account page, shown once; it carries its owner's rights.",
)


def county_of(request: Request) -> str:
    """The six digits of the county this server is for."""
    county: str = request.app.state.settings.county
    return county


def begin(request: Request, person: Person) -> None:
    """Starts a session. Whatever the browser held before is forgotten, the form token included."""
    request.session.clear()
    request.session.update(person=person.id, version=person.session_version, csrf=credentials.new_nonce())


def visitor(request: Request) -> None:
    """Every page: what templates may ask of whoever looks, signed in or not. Raises Problem `malformed`."""
    _nobody(request)
    _refuse_unwritable(request.query_params.values())


def _nobody(request: Request) -> None:
    request.state.csrf = request.session.get("csrf", "")
    request.state.person = None


def recognise(request: Request) -> None:
    """Who asks for a page there is not, as far as a session says; nothing depends on it but what is offered."""
    if "session" not in request.scope:
        return
    _nobody(request)
    person = _by_session(request)
    if person is not None and rules.in_office(person) and not person.password_once:
        request.state.person = person
        request.state.may = partial(rules.holds, person)


def invite(request: Request) -> None:
    """A form for somebody not signed in needs a token too."""
    request.state.csrf = request.session.setdefault("csrf", credentials.new_nonce())


async def our_own_form(request: Request) -> None:
    """Refuses whatever changes something and did not come from a page of ours, or holds what no page lets anybody type.

    A bearer token is never sent by a browser of its own accord, so its requests need no form token.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    form = await request.form()
    given = request.headers.get("x-csrf-token") or str(form.get("csrf", ""))
    expected = request.session.get("csrf", "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise problem("csrf" if request.url.path == SIGN_IN or _by_session(request) else "signed_out")
    _refuse_unwritable(value for value in form.values() if isinstance(value, str))


def _refuse_unwritable(texts: Iterable[str]) -> None:
    """What is pasted from a word processor may hold control characters: no tablet reads a message in which a name or a
    note has one, and PostgreSQL stores no NUL."""
    if any(not writable(text) for text in texts):
        raise problem("malformed")


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
    _refuse_early(request, person)
    request.state.person = person
    request.state.may = partial(rules.holds, person)
    return person


class Refused(Problem):
    """A right that is missing: the verb altogether, or only in this area. Named in words where it is answered."""

    def __init__(self, verb: str, area: str, held: tuple[str, ...]) -> None:
        super().__init__("outside_area" if held else "forbidden", 403, N_("您的账号没有这项权限。"), "")
        self.verb, self.area, self.held = verb, area, held


def require(person: Person, verb: str, area: str) -> None:
    """Raises Refused unless this person may do `verb` in `area`."""
    if not rules.may(person, verb, area):
        raise Refused(
            verb, area, tuple(grant.area for grant in person.grants if rules.may(person, verb, grant.area))
        )


def holding(verb: str) -> Callable[[Person], Person]:
    """A route's guard: somebody signed in who may do `verb` somewhere; where, the handler asks by `require`."""

    def holder(person: Annotated[Person, Depends(signed_in)]) -> Person:
        if not rules.holds(person, verb):
            raise Refused(verb, "", ())
        return person

    return holder


async def on_refused(request: Request, error: Exception) -> Response:
    """Says what may not be done, and where the limits of the person's area are."""
    assert isinstance(error, Refused)
    say, places = partial(translate, request_language(request)), request.app.state.places
    with read(request.app.state.engine) as session:
        named = places.area_names(session, {area for area in (error.area, *error.held) if area})
    if error.held:
        message = say(N_("{area}不在您负责的区域内。"), area=named.get(error.area, ""))
        held = "、".join(named.get(area, "") for area in error.held)
        remedy = say(N_("您负责：{areas}。需要查看其他地方时，请联系那里的负责人或本县管理员。"), areas=held)
    else:
        message = say(N_("您的职务没有“{verb}”这项权限。"), verb=say(VERBS.get(error.verb, error.verb)))
        remedy = say(N_("请由有这项权限的人办理，或联系本县管理员调整职务。"))
    return answer(request, Problem(error.code, 403, message, remedy))


def _refuse_early(request: Request, person: Person) -> None:
    """Nobody works in the office without a role there, or with a password that somebody else has seen."""
    if not rules.in_office(person):
        raise no_office()
    if person.password_once and not request.url.path.startswith("/account"):
        message = N_("您用的还是一次性密码。")
        raise Problem("password_first", 403, message, N_("请先在“我的账号”页换成自己的密码，再继续办理。"))


def no_office() -> Problem:
    """What a surveyor reads who signs in here."""
    return Problem(
        "no_office",
        403,
        N_("您的账号没有办公室职务，不能使用办公页面。"),
        N_("调查员请在平板上工作，记录会自动同步；需要办公职务时，请联系本县管理员。"),
    )


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
