"""Where a household stands, as SQL: in the heated base or not, converted how far and how, clean or not.

The coverage page counts by these expressions and the household list selects by the same ones, so a number
and the list behind it cannot differ. What makes a conversion count (its state, since when) is a plan's to
say and comes in as `Counting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, func, literal, or_, select
from sqlmodel import col

from server.registry import rules
from server.registry.tables import AreaClass, Conversion, Household
from server.registry.vocabulary import CLEAN_DEVICES, CLEAN_KINDS, STATE_NAMES

# The states of a conversion, and the date that says it has come so far.
STATES: Final[dict[str, Any]] = {
    "signed": Conversion.signed_on,
    "installed": Conversion.installed_on,
    "connected": Conversion.connected_on,
    "first_used": Conversion.first_used_on,
    "accepted": Conversion.accepted_on,
}
assert set(STATES) == set(STATE_NAMES)


@dataclass(frozen=True)
class Counting:
    """When a conversion counts: towards a task (state, and not before `task_since`), towards coverage."""

    task_state: str = "installed"
    task_since: date | None = None
    coverage_state: str = "connected"


@dataclass(frozen=True)
class Standing:
    """Expressions over `source`, one row a household.

    `heating`: heated, excluded (not heated, with its reason), no_reason (not heated, none given: stays in
    the base) or unknown (never asked: stays in the base). `task_kind`, `coverage_kind`: kind of the latest
    conversion that reached the state, NULL without one. `situation`: clean, clean_coal or other.
    """

    source: FromClause
    heating: ColumnElement[str]
    in_base: ColumnElement[bool]
    area_class: ColumnElement[str]
    task_kind: ColumnElement[str | None]
    coverage_kind: ColumnElement[str | None]
    situation: ColumnElement[str]


def latest_kind(state: str, since: date | None = None) -> ColumnElement[str | None]:
    """The kind of a household's latest clean conversion that reached a state; NULL without one.

    A household converted twice counts once, under what it has now, so that kinds add up to households. A
    subquery by household: each is one look into an index, whichever plan the database makes of the rest.
    """
    reached = col(STATES[state])
    found = select(col(Conversion.kind)).where(
        col(Conversion.county) == col(Household.county),
        col(Conversion.household) == col(Household.id),
        col(Conversion.kind).in_(CLEAN_KINDS),
        reached.is_not(None),
    )
    if since is not None:
        found = found.where(reached >= since)
    ordered = found.order_by(reached.desc(), col(Conversion.id)).limit(1)
    return ordered.correlate(Household).scalar_subquery()


def heating() -> ColumnElement[str]:
    status, reason = col(Household.heating_status), col(Household.not_heated_reason)
    return case(
        (and_(status == "not_heated", reason != ""), literal("excluded")),
        (status == "not_heated", literal("no_reason")),
        (status == "heated", literal("heated")),
        else_=literal("unknown"),
    )


def in_base() -> ColumnElement[bool]:
    """Whether a household counts as heated: all do but those not heated with a recorded reason."""
    return or_(col(Household.heating_status) != "not_heated", col(Household.not_heated_reason) == "")


def clean_by_device(coverage_state: str) -> ColumnElement[bool]:
    """Whether the registered device is a clean one from before: not one that a conversion of this household
    has installed and that does not yet have its power, gas or heat."""
    waiting = exists().where(
        col(Conversion.county) == col(Household.county),
        col(Conversion.household) == col(Household.id),
        col(Conversion.device_code) == col(Household.device),
        col(STATES[coverage_state]).is_(None),
    )
    return and_(col(Household.device).in_(CLEAN_DEVICES), ~waiting)


def burns_clean_coal() -> ColumnElement[bool]:
    """Clean coal in an energy-saving stove: by the registered device, or a conversion to it."""
    converted = exists().where(
        col(Conversion.county) == col(Household.county),
        col(Conversion.household) == col(Household.id),
        col(Conversion.kind) == "clean_coal",
        col(Conversion.installed_on).is_not(None),
    )
    return or_(col(Household.device) == "clean_coal_stove", converted)


def within(area: str) -> ColumnElement[bool]:
    """Households of an area: by county first, where the area is inside one."""
    low, high = rules.bounds(area)
    village = col(Household.village).between(low, high)
    return and_(col(Household.county) == area[:6], village) if len(area) >= 6 else village


def standing(counting: Counting) -> Standing:
    connected = latest_kind(counting.coverage_state)
    clean = or_(connected.is_not(None), clean_by_device(counting.coverage_state))
    current = and_(
        col(AreaClass.county) == col(Household.county),
        col(AreaClass.village) == col(Household.village),
        col(AreaClass.current),
    )
    household: FromClause = Household.__table__  # type: ignore[attr-defined]
    return Standing(
        source=household.outerjoin(AreaClass.__table__, current),  # type: ignore[attr-defined]
        heating=heating(),
        in_base=in_base(),
        area_class=func.coalesce(col(AreaClass.area_class), rules.UNCLASSIFIED),
        task_kind=latest_kind(counting.task_state, counting.task_since),
        coverage_kind=connected,
        situation=case(
            (clean, literal("clean")),
            (burns_clean_coal(), literal("clean_coal")),
            else_=literal("other"),
        ),
    )
