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
from sqlalchemy.orm import aliased
from sqlmodel import col

from server.database import table_of
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
# One condition stands inside another: each must mean the outer household and a conversion of its own.
CONVERTED, WAITING, BROUGHT_IT = (
    aliased(Conversion, name=name) for name in ("converted", "waiting", "brought")
)


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


def _reached(conversion: type[Conversion], state: str) -> Any:
    """The date on which a conversion came to a state, as a column."""
    return col(getattr(conversion, STATES[state].key))


def _has(conversion: type[Conversion], *wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the household has such a conversion."""
    return (
        exists()
        .where(
            col(conversion.county) == col(Household.county),
            col(conversion.household) == col(Household.id),
            *wanted,
        )
        .correlate(Household)
    )


def device_in_use(coverage_state: str) -> ColumnElement[str]:
    """The device a home heats with, as far as its records stand; "" where nobody recorded one.

    A conversion that is in service sets its household's device. Where that conversion was corrected since –
    not in service after all, another device, another home – the device it set is nobody's word any more: then
    it is the one that a survey recorded before.
    """
    in_service = or_(
        _reached(BROUGHT_IT, coverage_state).is_not(None),
        and_(col(BROUGHT_IT.kind) == "clean_coal", col(BROUGHT_IT.installed_on).is_not(None)),
    )
    stands = _has(
        BROUGHT_IT,
        col(BROUGHT_IT.id) == col(Household.device_by),
        col(BROUGHT_IT.device_code) == col(Household.device),
        in_service,
    )
    return case(
        (or_(col(Household.device_by) == "", stands), col(Household.device)),
        else_=col(Household.device_surveyed),
    )


def converted_clean(state: str) -> ColumnElement[bool]:
    """Whether a clean conversion of the household has come so far: whether `latest_kind` names one."""
    return _has(CONVERTED, col(CONVERTED.kind).in_(CLEAN_KINDS), _reached(CONVERTED, state).is_not(None))


def clean_by_device(coverage_state: str) -> ColumnElement[bool]:
    """Whether the device in use is a clean one: not one that a conversion of this household has installed and
    that does not yet have its power, gas or heat."""
    device = device_in_use(coverage_state)
    waiting = _has(
        WAITING,
        col(WAITING.device_code) == device,
        col(WAITING.installed_on).is_not(None),
        _reached(WAITING, coverage_state).is_(None),
    )
    return and_(device.in_(CLEAN_DEVICES), ~waiting)


def burns_clean_coal(coverage_state: str) -> ColumnElement[bool]:
    """Clean coal in an energy-saving stove: by the device in use, or a conversion to it."""
    converted = _has(CONVERTED, col(CONVERTED.kind) == "clean_coal", col(CONVERTED.installed_on).is_not(None))
    return or_(device_in_use(coverage_state) == "clean_coal_stove", converted)


def within(area: str) -> ColumnElement[bool]:
    """Households of an area: by county first, where the area is inside one."""
    low, high = rules.bounds(area)
    village = col(Household.village).between(low, high)
    return and_(col(Household.county) == area[:6], village) if len(area) >= 6 else village


def standing(counting: Counting) -> Standing:
    clean = or_(converted_clean(counting.coverage_state), clean_by_device(counting.coverage_state))
    current = and_(
        col(AreaClass.county) == col(Household.county),
        col(AreaClass.village) == col(Household.village),
        col(AreaClass.current),
    )
    return Standing(
        source=table_of(Household).outerjoin(table_of(AreaClass), current),
        heating=heating(),
        in_base=in_base(),
        area_class=func.coalesce(col(AreaClass.area_class), rules.UNCLASSIFIED),
        task_kind=latest_kind(counting.task_state, counting.task_since),
        coverage_kind=latest_kind(counting.coverage_state),
        situation=case(
            (clean, literal("clean")),
            (burns_clean_coal(counting.coverage_state), literal("clean_coal")),
            else_=literal("other"),
        ),
    )
