"""The homes of a zone with what the old-stove rules ask for, and what they answer.

Whether a stove is a violation hangs on days and texts, so it is decided by the rules home by home and not in
SQL; a zone is some villages, and its homes fit in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from server.database import parts
from server.inspections.tables import Sighting
from server.programme.views import plan_in_force
from server.registry.by_door import BY_DOOR
from server.registry.standing import device_in_use
from server.registry.tables import Conversion, Household
from server.registry.vocabulary import CLEAN_KINDS
from server.zones import stove
from server.zones.stove import Home, InForce, Provision, Ruling


@dataclass(frozen=True)
class StoveLine:
    """A home, what the rules were told of it, and the ruling. `proven_on`: when a season had proven it."""

    household: Household
    home: Home
    ruling: Ruling
    proven_on: date | None


def provisions(session: Session, county: str) -> tuple[Provision, ...]:
    """The old-stove provisions of the county's plan in force and of the texts above it."""
    return stove.provisions_of(plan_in_force(session, county))


def rulings(
    session: Session, county: str, where: ColumnElement[bool], zone: InForce | None, today: date
) -> list[StoveLine]:
    """The homes that fit a condition over Household, by village and door, each ruled upon."""
    found = select(Household, device_in_use("connected")).where(col(Household.county) == county, where)
    rows = [(home, device) for home, device in session.execute(found.order_by(*BY_DOOR))]
    return _ruled(session, county, rows, zone, today)


def rulings_of(
    session: Session, county: str, ids: Iterable[str], zone: InForce | None, today: date
) -> list[StoveLine]:
    """The same for named households."""
    return rulings(session, county, col(Household.id).in_(sorted(set(ids))), zone, today)


def _ruled(
    session: Session,
    county: str,
    rows: Sequence[tuple[Household, str]],
    zone: InForce | None,
    today: date,
) -> list[StoveLine]:
    table = provisions(session, county)
    ids = [row.id for row, _ in rows]
    converted, burned = _conversions(session, county, ids), _burned(session, county, ids)
    lines = []
    for row, device in rows:
        installed_on, in_service_on = converted.get(row.id, (None, None))
        home = Home(
            village=row.village, old_stove=row.old_stove, old_stove_on=row.old_stove_on, device=device,
            fuel=row.fuel, converted_on=installed_on, in_service_on=in_service_on,
            burned_on=tuple(sorted(burned[row.id])),
        )  # fmt: skip
        ruled = stove.ruling(home, table, zone, today)
        lines.append(StoveLine(row, home, ruled, stove.proven_on(home, today)))
    return lines


def _conversions(
    session: Session, county: str, ids: Sequence[str]
) -> dict[str, tuple[date | None, date | None]]:
    """Household to (installed, in service: first used or else connected) of its latest clean conversion."""
    found: dict[str, tuple[date | None, date | None]] = {}
    for part in parts(ids):
        rows = session.execute(
            select(Conversion)
            .where(
                col(Conversion.county) == county,
                col(Conversion.household).in_(part),
                col(Conversion.kind).in_(CLEAN_KINDS),
                col(Conversion.installed_on).is_not(None),
            )
            .order_by(col(Conversion.installed_on), col(Conversion.id))
        ).scalars()
        found.update(
            {row.household: (row.installed_on, row.first_used_on or row.connected_on) for row in rows}
        )
    return found


def _burned(session: Session, county: str, ids: Sequence[str]) -> dict[str, list[date]]:
    found: dict[str, list[date]] = defaultdict(list)
    for part in parts(ids):
        rows = session.execute(
            select(col(Sighting.household), col(Sighting.seen_on)).where(
                col(Sighting.county) == county,
                col(Sighting.household).in_(part),
                col(Sighting.what).in_(("coal_burned", "stove_in_use")),
                col(Sighting.seen_on).is_not(None),
            )
        )
        for household, seen_on in rows:
            found[household].append(seen_on)
    return found
