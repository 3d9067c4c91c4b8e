"""What other rooms' pages show of money: a household's in plain words, and an area's beside its coverage."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup
from starlette.requests import Request

from server.access.rules import holds, may
from server.database import read
from server.registry.panels import home_of
from server.subsidies import owed, payments, vocabulary, words
from server.subsidies.known import known
from server.subsidies.money import yuan
from server.subsidies.words import Known
from server.web import request_language
from server.web.panels import Cell, fragment


def household(request: Request, key: str) -> Markup | None:
    """Under a household ("county/id"): every sentence, and its lines with links for those who handle money."""
    person = request.state.person
    with read(request.app.state.engine) as session:
        if (home := home_of(request, session, key, "household.view")) is None:
            return None
        told = words.tell(known(session, home.county, [home.id])[home.id])
    if told is None:
        return None
    return fragment(
        request,
        "subsidies/_household.html",
        told=told,
        household=home,
        spoken=request_language(request),
        standings=words.STANDINGS,
        states=payments.STATES,
        components=vocabulary.COMPONENTS,
        finance=may(person, "finance.view", home.village),
        payees=may(person, "payee.view", home.village),
    )


def area(request: Request, key: str) -> Markup | None:
    """On an area's coverage page: its money by the areas inside it, every sum with its list."""
    if len(key) < 6 or not may(request.state.person, "finance.view", key):
        return None
    with read(request.app.state.engine) as session:
        total, parts = owed.totals(session, key)
    return fragment(
        request,
        "subsidies/_area.html",
        total=total,
        parts=parts,
        states=owed.SHOWN_STATES,
        names=payments.STATES,
        area=key,
    )


def decided_of(request: Request, key: str) -> dict[str, Cell] | None:
    """Beside homes that may be one ("county/id,id"): what was decided for each, under its own id."""
    return _sums(request, key, lambda home: sum(each.amount_fen for each in home.granted))


def paid_of(request: Request, key: str) -> dict[str, Cell] | None:
    """The same of what is on its way or paid."""
    live = payments.LIVE
    return _sums(
        request, key, lambda home: sum(each.amount_fen for each in home.payments if each.state in live)
    )


def _sums(request: Request, key: str, sum_of: Callable[[Known], int]) -> dict[str, Cell] | None:
    county, _, ids = key.partition("/")
    if not holds(request.state.person, "finance.view"):
        return None
    with read(request.app.state.engine) as session:
        found = known(session, county, ids.split(","))
    return {
        id: Cell(yuan(fen), f"/households/{county}/{id}")
        for id, each in found.items()
        if (fen := sum_of(each))
    }
