"""Reading the register: lists of households by filter, and everything known of one household."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from server.exchange.tables import EntityRow, SubmissionRow, SubmissionTarget
from server.registry import aliases, divisions
from server.registry.by_door import BY_DOOR
from server.registry.divisions import county_name, villages
from server.registry.filters import HouseholdFilter, conditions, counted
from server.registry.policy import POLICY
from server.registry.standing import device_in_use, latest_kind, standing
from server.registry.tables import CoalUse, Conversion, Household
from server.web import Page, Sorting
from server.web.listing import held_to
from sync import masking
from sync.codec import derived_id
from sync.documents import read_held, values_of
from sync.facts import Held
from sync.messages import Conflict

__all__ = ["HouseholdFile", "HouseholdLine", "county_name", "every", "household_file", "page", "villages"]

ROWS_AT_A_TIME: Final = 1000
SORT_KEYS: Final[dict[str, Any]] = {
    "village": Household.village,
    "door": Household.door_order,
    "name": Household.head_pinyin,
    "device": Household.device,
    "heated_area": Household.heated_area_m2,
    "visited_on": Household.visited_on,
    "updated_at": Household.updated_at,
}


@dataclass(frozen=True)
class HouseholdLine:
    """A household in a list, with where it stands. `installed`, `connected`: kind of its latest conversion
    that has come so far, None without one. `device_in_use` differs where the conversion that set the device does
    not stand."""

    county: str
    id: str
    village: str
    village_name: str
    township_name: str
    head_name: str
    door_number: str
    heating: str
    not_heated_reason: str
    situation: str
    area_class: str
    device: str
    device_in_use: str
    fuel: str
    installed: str | None
    connected: str | None
    heated_area_m2: Decimal | None
    hardship: str
    visit_outcome: str
    visited_on: date | None
    conflicts_n: int
    updated_at: datetime


def _selected(wanted: HouseholdFilter) -> Any:
    at = standing(wanted.counting())
    row = [
        col(Household.county),
        col(Household.id),
        col(Household.village),
        col(Household.head_name),
        col(Household.door_number),
        at.heating.label("heating"),
        col(Household.not_heated_reason),
        at.situation.label("situation"),
        at.area_class.label("area_class"),
        col(Household.device),
        device_in_use(wanted.clean_state).label("device_in_use"),
        col(Household.fuel),
        latest_kind("installed").label("installed"),
        latest_kind("connected").label("connected"),
        col(Household.heated_area_m2),
        col(Household.hardship),
        col(Household.visit_outcome),
        col(Household.visited_on),
        col(Household.conflicts_n),
        col(Household.updated_at),
    ]
    return select(*row).select_from(at.source).where(*conditions(wanted, at))


def _counted(session: Session, wanted: HouseholdFilter) -> int:
    at = standing(wanted.counting())
    found = select(col(Household.id)).select_from(at.source).where(*conditions(wanted, at))
    total: int = session.execute(counted(found)).scalar_one()
    return total


def _ordered(statement: Any, order: Sorting) -> Any:
    key = col(SORT_KEYS[order.key])
    first = key.desc() if order.descending else key.asc()
    return statement.order_by(first, *BY_DOOR)


def _lines(session: Session, rows: Sequence[Any]) -> list[HouseholdLine]:
    codes = {row.village for row in rows}
    called = divisions.names(session, codes | {code[:9] + "000" for code in codes})
    return [
        HouseholdLine(
            **row._mapping,
            village_name=called.get(row.village, row.village),
            township_name=called.get(row.village[:9] + "000", row.village[:9]),
        )
        for row in rows
    ]


def page(
    session: Session, wanted: HouseholdFilter, order: Sorting, *, number: int, size: int
) -> Page[HouseholdLine]:
    """One page of the households that fit, and how many fit in all."""
    total = _counted(session, wanted)
    number = held_to(number, total, size)
    at = standing(wanted.counting())
    shown = select(col(Household.id)).select_from(at.source).where(*conditions(wanted, at))
    ids = session.execute(_ordered(shown, order).offset((number - 1) * size).limit(size)).scalars().all()
    # What a line shows beside its household is looked up for this page's lines only.
    statement = _ordered(_selected(wanted), order).where(col(Household.id).in_(ids))
    return Page(_lines(session, session.execute(statement).all()), total, number, size)


def every(session: Session, wanted: HouseholdFilter, order: Sorting) -> Iterator[HouseholdLine]:
    """All households that fit, for a sheet; never more than a part of them in memory."""
    statement = _ordered(_selected(wanted), order).execution_options(yield_per=ROWS_AT_A_TIME)
    for part in session.execute(statement).partitions(ROWS_AT_A_TIME):
        yield from _lines(session, part)


@dataclass(frozen=True)
class OpenConflict:
    """A disagreement nobody has decided yet, with the entity it stands on."""

    dataset: str
    entity: str
    conflict: Conflict


@dataclass(frozen=True)
class HouseholdFile:
    """Everything known of one household, newest first within each list. `device_in_use`: what the programme
    takes it to heat with, where the conversion that set its device does not stand. `recorded_of`: conversions and
    coal uses that were recorded of another home, which was merged into this one → that home's id."""

    household: Household
    device_in_use: str
    village_name: str
    above: tuple[tuple[str, str], ...]
    conversions: tuple[Conversion, ...]
    coal_uses: tuple[CoalUse, ...]
    submissions: tuple[SubmissionRow, ...]
    people: Mapping[str, str]
    conflicts: tuple[OpenConflict, ...]
    recorded_of: Mapping[str, str]


def household_file(session: Session, county: str, identity: str) -> HouseholdFile | None:
    """The household's file; None where there is no such household."""
    household = session.get(Household, (county, identity))
    if household is None:
        return None
    conversions = _of(session, Conversion, household)
    coal_uses = _of(session, CoalUse, household)
    conversions.sort(key=lambda c: (c.installed_on or c.signed_on or date.min, c.id), reverse=True)
    coal_uses.sort(key=lambda c: (c.season, c.observed_on or date.min), reverse=True)
    ids = aliases.of_home(session, county, identity)
    entities = [
        *(("household", id) for id in ids),
        *(("conversion", conversion.id) for conversion in conversions),
        *(("coal_use", coal_use.id) for coal_use in coal_uses),
        *(("payee", derived_id("payee", id)) for id in ids),
    ]
    units = divisions.above(household.village)
    called = divisions.names(session, [*units, household.village])
    submissions = _submissions(session, county, entities)
    return HouseholdFile(
        household=household,
        device_in_use=_device_in_use(session, household),
        village_name=called.get(household.village, household.village),
        above=tuple((code, called.get(code, code)) for code in units),
        conversions=tuple(conversions),
        coal_uses=tuple(coal_uses),
        submissions=tuple(submissions),
        people=divisions.people(session, {row.person for row in submissions}),
        conflicts=tuple(_conflicts(session, county, entities)),
        recorded_of=_recorded_of(session, household, entities) if len(ids) > 1 else {},
    )


def _recorded_of(
    session: Session, household: Household, entities: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Only a home that others lead to has any: what was recorded of those still names them."""
    found: dict[str, str] = {}
    for dataset, identity in entities:
        if dataset not in ("conversion", "coal_use"):
            continue
        row = session.get(EntityRow, (household.county, dataset, identity))
        if row is not None:
            found[identity] = values_of(row.held).get("household", household.id)
    return {identity: home for identity, home in found.items() if home != household.id}


def _device_in_use(session: Session, household: Household) -> str:
    of_it = (col(Household.county) == household.county, col(Household.id) == household.id)
    found: str = session.execute(select(device_in_use("connected")).where(*of_it)).scalar_one()
    return found


def _of(session: Session, model: Any, household: Household) -> list[Any]:
    found = select(model).where(col(model.county) == household.county, col(model.household) == household.id)
    return list(session.execute(found).scalars())


def _submissions(session: Session, county: str, entities: Sequence[tuple[str, str]]) -> list[SubmissionRow]:
    """The submissions that spoke of any of these entities, newest first."""
    identities = [identity for _, identity in entities]
    named = select(col(SubmissionTarget.submission)).where(
        col(SubmissionTarget.county) == county, col(SubmissionTarget.entity).in_(identities)
    )
    found = (
        select(SubmissionRow)
        .where(col(SubmissionRow.county) == county, col(SubmissionRow.id).in_(named))
        .order_by(col(SubmissionRow.received_at).desc(), col(SubmissionRow.position).desc())
    )
    return list(session.execute(found).scalars())


def _conflicts(session: Session, county: str, entities: Sequence[tuple[str, str]]) -> Iterator[OpenConflict]:
    for dataset, identity in entities:
        row = session.get(EntityRow, (county, dataset, identity))
        if row is not None and row.conflicts_n:
            held = read_held(row.held)
            shown = masking.entity(held.state(), POLICY.masked)
            for conflict in shown.conflicts:
                yield OpenConflict(dataset, identity, _as_it_is_now(held, shown.props, conflict))


def _as_it_is_now(held: Held, shown: Mapping[str, str], conflict: Conflict) -> Conflict:
    """A conflict beside what the register has by now: another may have changed it since."""
    now = held.props.get(conflict.property)
    if now is None or shown[conflict.property] == conflict.theirs:
        return conflict
    return replace(conflict, theirs=shown[conflict.property], by=now.submission)
