"""What every page of money asks of its request: where, who, since when, and refusals in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

from fastapi import Request
from sqlalchemy import and_, select
from sqlmodel import Session, col

from server.access.rules import areas_of
from server.access.session import require
from server.access.tables import Person
from server.access.views import names
from server.registry import aliases, divisions
from server.registry.rules import is_area
from server.registry.tables import Household
from server.subsidies.batch import STATES, Refusal
from server.subsidies.batch_rows import By, StepRefused
from server.subsidies.payments import STATES as PAYMENT_STATES
from server.subsidies.reconcile import UNMATCHED
from server.subsidies.room import room
from server.subsidies.tables import PaymentRow
from server.subsidies.vocabulary import COMPONENTS, LEVELS, ONCE
from server.web import N_, Problem, problem, request_language, translate
from server.web.figures import CHINA
from sync.masking import masked

ONCE_NAME: Final = N_("一次性")
LABELS: Final[dict[str, Any]] = {
    "states": STATES,
    "payment_states": PAYMENT_STATES,
    "components": COMPONENTS,
    "levels": LEVELS,
    "unmatched": UNMATCHED,
    "masked": masked,
    "once": ONCE,
    "once_name": ONCE_NAME,
}


def county_of(request: Request) -> str:
    """The county this server is for."""
    county: str = request.app.state.settings.county
    return county


def today_of(request: Request) -> date:
    """The county's calendar day."""
    day: date = request.app.state.clock().astimezone(CHINA).date()
    return day


def area_of(request: Request, person: Person, verb: str) -> str:
    """The area asked for (`?area=`), else where the person's right begins. Raises Problem or Refused."""
    return area_in(request, person, verb, request.query_params.get("area", "").strip())


def area_in(request: Request, person: Person, verb: str, asked: str) -> str:
    """The area `asked`, else where the person's right begins. Raises Problem or Refused."""
    county = county_of(request)
    area = asked or next(iter(areas_of(person, verb, county)), county)
    if not is_area(area) or len(area) < 6:
        raise problem("not_found")
    require(person, verb, area)
    return area


def area_choices(session: Session, person: Person, verb: str, area: str) -> list[tuple[str, str]]:
    """(area, name) to choose from, within what the person may."""
    home, *others = areas_of(person, verb, area[:6]) or (area,)
    return divisions.area_choices(session, home, area, *others)


def by(request: Request, person: Person, revision: str = "") -> By:
    """Who acts now, having seen a batch at this revision; a text that is none was seen by nobody."""
    state = request.app.state
    seen = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else -1
    return By(person.id, state.clock(), state.new_id, seen, room(request).tell)


@dataclass(frozen=True)
class Told:
    """A refusal as a page shows it."""

    message: str
    remedy: str


def told(request: Request, session: Session, reasons: Iterable[Refusal]) -> list[Told]:
    """Refusals in the reader's language, with people by their names."""
    reasons = list(reasons)
    ids = {str(value) for each in reasons for name, value in each.values if name == "person"}
    people, lang = names(session, ids), request_language(request)
    homes = _homes_of(session, [str(v) for each in reasons for name, v in each.values if name == "id"])

    def said(text: str) -> str:
        return people.get(text) or homes.get(text) or translate(lang, text)

    return [Told(each.message(said), each.remedy(said)) for each in reasons]


def _homes_of(session: Session, payments: Sequence[str]) -> dict[str, str]:
    """Payment → the home it is for and the beginning of its id: nobody knows 32 signs by heart."""
    home = and_(
        col(Household.county) == col(PaymentRow.county), col(Household.id) == aliases.home_of(PaymentRow)
    )
    statement = (
        select(col(PaymentRow.id), col(Household.door_number), col(Household.head_name))
        .join(Household, home)
        .where(col(PaymentRow.id).in_(payments))
    )
    rows = session.execute(statement) if payments else ()
    return {row.id: f"{row.id[:8]}（{row.door_number} {row.head_name}）" for row in rows}


def told_fault(request: Request, session: Session, fault: Problem | None) -> list[Told]:
    """A problem as the same list; nothing for none."""
    if fault is None:
        return []
    if isinstance(fault, StepRefused):
        return told(request, session, fault.reasons)
    say = partial(translate, request_language(request))
    return [Told(say(fault.message), say(fault.remedy))]
