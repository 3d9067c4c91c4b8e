"""Deciding a conflict: both sides, who said each and when, and the choice of an official who gives a reason.

Apart from `conflict_pages`, which list: here something is changed, and a form with its faults is shown again.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access.rules import may
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read, write
from server.exchange import deciding
from server.exchange.conflict_pages import disputed
from server.exchange.deciding import REASON_CHARS_MAX, Decision
from server.exchange.pages import exchange_of
from server.web import N_, Problem, problem, render, request_language, translate, with_query
from sync.facts import Held

Viewer = Annotated[Person, Depends(holding("conflict.view"))]
Decider = Annotated[Person, Depends(holding("conflict.decide"))]
SIDE: Final = "side."
REGISTRY: Final = "registry"

router = APIRouter(include_in_schema=False)


@router.get("/conflicts/{county}/{dataset}/{identity}")
def conflict(request: Request, person: Viewer, county: str, dataset: str, identity: str) -> Response:
    return _page(request, person, county, dataset, identity)


@router.post("/conflicts/{county}/{dataset}/{identity}")
async def decide(request: Request, person: Decider, county: str, dataset: str, identity: str) -> Response:
    form = await request.form()
    entered = {name: str(value) for name, value in form.items()}
    try:
        return _decided(request, person, (county, dataset, identity), entered)
    except Problem as found:
        return _page(request, person, county, dataset, identity, found.only(*deciding.FAULTS), entered)


def _decided(
    request: Request, person: Person, key: tuple[str, str, str], entered: dict[str, str]
) -> Response:
    county, dataset, identity = key
    sides = {
        name.removeprefix(SIDE): side for name, side in entered.items() if name.startswith(SIDE) and side
    }
    version = entered.get("version", "")
    said = Decision(
        dataset,
        identity,
        int(version) if version.isascii() and version.isdigit() else -1,
        {name: "" if side == REGISTRY else side for name, side in sides.items()},
        entered.get("reason", ""),
        person.id,
    )
    with write(request.app.state.engine) as session:
        held = _entity(session, request, key)
        require(person, "conflict.decide", held.village)
        deciding.decide(exchange_of(request), session, county, said, request.app.state.clock())
    return RedirectResponse(with_query("/conflicts", done=len(sides), area=None), status_code=303)


def _entity(session: Session, request: Request, key: tuple[str, str, str]) -> Held:
    """Raises Problem `not_found`."""
    county, dataset, identity = key
    held = deciding.entity(session, county, dataset, identity) if county == county_of(request) else None
    if held is None:
        raise problem("not_found")
    return held


def _page(
    request: Request, person: Person, county: str, dataset: str, identity: str,
    fault: Problem | None = None, entered: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    lang = request_language(request)
    with read(request.app.state.engine) as session:
        held = _entity(session, request, (county, dataset, identity))
        require(person, "conflict.view", held.village)
        shown = disputed(request, session, held)
    return render(
        request,
        "exchange/conflict.html",
        county=county,
        held=held,
        entity=shown,
        properties=_by_property(shown["conflicts"]),
        entered=entered or {},
        fault=fault,
        may_decide=may(person, "conflict.decide", held.village),
        side=SIDE,
        registry=REGISTRY,
        reason_max=REASON_CHARS_MAX,
        breadcrumbs=[(translate(lang, N_("冲突")), "/conflicts"), (shown["title"], None)],
    )


def _by_property(conflicts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The open conflicts of each property together: one choice is made among all its values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in conflicts:
        found.setdefault(each["property"], []).append(each)
    return list(found.values())
