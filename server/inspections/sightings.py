"""From merged sightings to the table of sightings, inside the transaction that merged them.

A sighting is recorded wherever it was made; whether it is a problem depends on the zone in force there, which
the room of zones knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sqlmodel import Session, col, select

from server.exchange.sources import Source, of
from server.inspections.tables import Sighting
from sync.codec import to_instant
from sync.facts import Held

DATASET: Final = "sighting"
TEXTS: Final = ("household", "place", "what", "location", "remark")
TONNES_MAX: Final = 1_000_000
ID_CHARS: Final = 36


def sources(session: Session, county: str, said: Collection[tuple[Held, str]]) -> dict[str, Source]:
    """Key of an entity → the submission that last set the property named beside it, where the journal has it."""
    setters = {held.key: held.props[name].submission for held, name in said if name in held.props}
    known = of(session, county, set(setters.values())) if setters else {}
    return {key: known[setter] for key, setter in setters.items() if setter in known}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _tonnes(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    whole = amount.is_finite() and 0 <= amount < TONNES_MAX
    return amount if whole and amount == amount.quantize(Decimal("0.001")) else None


def row_of(county: str, held: Held, source: Source | None) -> Sighting:
    """A sighting as a row; a value that cannot be read stays word for word in `extra`."""
    values = held.values()
    texts = [name for name in TEXTS if name != "household" or len(values.get(name, "")) <= ID_CHARS]
    seen_on, amount = _day(values.get("seen_on", "")), _tonnes(values.get("amount_t", ""))
    typed = {*texts, *(n for n, v in (("seen_on", seen_on), ("amount_t", amount)) if v is not None)}
    return Sighting(
        county=county,
        id=held.id,
        village=held.village,
        version=held.version,
        **{name: values.get(name, "") for name in texts},
        seen_on=seen_on,
        amount_t=amount,
        submission=source.id if source else "",
        seen_by=source.person if source else "",
        extra=_left(values, typed),
        updated_at=to_instant(held.updated_at),
    )


def _left(values: Mapping[str, str], typed: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in typed and value != ""}


def projection(session: Session, county: str, changed: Sequence[Held], now: datetime) -> None:
    """Inspections' derivation: writes the rows of every changed sighting. `now` is part of what a derivation
    is given; the rows carry the entities' own instants.
    """
    found = {held.id: held for held in changed if held.dataset == DATASET}
    told = sources(session, county, [(held, "what") for held in found.values()])
    for identity in sorted(found):
        session.merge(row_of(county, found[identity], told.get(found[identity].key)))
    session.flush()


def of_household(session: Session, county: str, household: str) -> list[Sighting]:
    """What was seen at a household, the last first."""
    wanted = select(Sighting).where(Sighting.county == county, Sighting.household == household)
    return list(session.exec(wanted.order_by(col(Sighting.seen_on).desc(), col(Sighting.id))))
