"""Signing in and out, and one's own account."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import select

from server.access import actions, credentials, rules, session, views
from server.access.roles import ROLES
from server.access.tables import Person
from server.access.throttle import Throttle
from server.database import read, write
from server.web import N_, Problem, render

# One person may mistype; an office behind one address holds several; a login is guessed at from many.
FAILURES_MAX: Final = 5
FAILURES_PER_ADDRESS_MAX: Final = 30
FAILURES_PER_LOGIN_MAX: Final = 100

SignedIn = Annotated[Person, Depends(session.signed_in)]
Text = Annotated[str, Form(max_length=500)]

router = APIRouter(include_in_schema=False)


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def caller(request: Request) -> str:
    """Where a request comes from, for counting failures."""
    return request.client.host if request.client else "unknown"


def wait(throttle: Throttle, limits: dict[str, int]) -> None:
    """Raises Problem `too_many` while any of these keys has failed as often as its limit."""
    seconds = max(throttle.wait_s(key, failures_max) for key, failures_max in limits.items())
    if seconds:
        raise Problem(
            "too_many",
            429,
            N_("尝试次数过多，暂时不能继续。"),
            N_("请过几分钟再试。"),
            headers={"Retry-After": str(seconds)},
        )


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:
    session.invite(request)
    return render(request, "access/sign_in.html", next=rules.local_path(next), login="", failed=False)


@router.post("/sign-in")
def sign_in(request: Request, login: Text, password: Text, next: Text = "/") -> Response:
    throttle: Throttle = request.app.state.sign_in_throttle
    address, account = caller(request), login.strip()
    limits = {
        f"{address} {account.lower()}": FAILURES_MAX,
        f"address {address}": FAILURES_PER_ADDRESS_MAX,
        f"login {account.lower()}": FAILURES_PER_LOGIN_MAX,
    }
    wait(throttle, limits)
    with read(request.app.state.engine) as reading:
        person = reading.exec(select(Person).where(Person.login == account)).first()
    known = person.password_hash if person and not person.closed_at else None
    if not credentials.password_matches(password, known) or person is None:
        for key in limits:
            throttle.failed(key)
        session.invite(request)
        return render(
            request, "access/sign_in.html", 403, next=rules.local_path(next), login=login, failed=True
        )
    for key in limits:
        throttle.succeeded(key)
    if not rules.in_office(person):
        raise session.no_office()
    with write(request.app.state.engine) as writing:
        actions.note_sign_in(
            writing, person, county=session.county_of(request), address=address, now=request.app.state.clock()
        )
    session.begin(request, person)
    return _go("/account" if person.password_once else rules.local_path(next))


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    request.session.clear()
    return _go("/sign-in")


@router.get("/account")
def account(request: Request, person: SignedIn) -> Response:
    once = request.session.pop("token", None)
    with read(request.app.state.engine) as reading:
        tokens = views.tokens(reading, person=person.id)
        places = request.app.state.places
        areas = places.area_names(reading, {grant.area for grant in person.grants})
    page = render(
        request,
        "access/account.html",
        account=person,
        tokens=tokens,
        areas=areas,
        roles=ROLES,
        new_token=once,
        changed="changed" in request.query_params,
        length_min=rules.PASSWORD_LENGTH_MIN,
    )
    page.headers["Cache-Control"] = "no-store"
    return page


@router.post("/account/password")
def change_password(request: Request, person: SignedIn, old: Text, new: Text, again: Text) -> Response:
    throttle: Throttle = request.app.state.sign_in_throttle
    key = f"password {person.id}"
    wait(throttle, {key: FAILURES_MAX})
    if new != again:
        raise Problem(
            "passwords_differ", 400, N_("两次输入的新密码不一样。"), N_("密码没有改动，请重新输入。")
        )
    try:
        with write(request.app.state.engine) as writing:
            changed = actions.change_password(
                writing,
                writing.get_one(Person, person.id),
                old=old,
                new=new,
                county=session.county_of(request),
                now=request.app.state.clock(),
            )
    except Problem as found:
        if found.code == "wrong_password":
            throttle.failed(key)
        raise
    session.begin(request, changed)
    return _go("/account?changed")


@router.post("/account/tokens")
def make_token(request: Request, person: SignedIn, label: Text = "") -> Response:
    now = request.app.state.clock()
    with write(request.app.state.engine) as writing:
        token = actions.make_token(
            writing, person, label=label.strip() or "API", county=session.county_of(request), now=now
        )
    # Shown once, by the page that follows: the address of a token must not be in any history or log.
    request.session["token"] = token
    return _go("/account")


@router.post("/account/tokens/{token_sha256}/revoke")
def revoke_token(request: Request, person: SignedIn, token_sha256: str) -> Response:
    with write(request.app.state.engine) as writing:
        actions.revoke_token(
            writing,
            person,
            token_sha256=token_sha256,
            county=session.county_of(request),
            now=request.app.state.clock(),
        )
    return _go("/account")
