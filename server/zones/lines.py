"""The homes behind each line of a zone's checklist, as conditions over the register.

The checklist counts by these conditions and the household list selects by the same ones (through the
register's selections), so a number and its list cannot differ. Nothing depends on a plan here: a line says
itself what it asks for (connected, used).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, case, exists, literal, not_, or_, select
from sqlmodel import col

from server.inspections.views import has_open_problem
from server.registry import aliases
from server.registry.selections import Selection
from server.registry.standing import STATES, clean_by_device, device_in_use, in_base
from server.registry.tables import Conversion, Household
from server.registry.vocabulary import CLEAN_DEVICES, CLEAN_KINDS
from server.web import N_
from server.zones.tables import ZoneLeftOut, ZoneVillage

Unpaid = Callable[[], ColumnElement[bool]]
"""Of a Household: entitled to money that has not arrived. Handed in by the application once there is any."""

ROOM: Final = "zone"


@dataclass(frozen=True)
class Key:
    """A list of a zone: which version, which line."""

    county: str
    zone: str
    number: int
    line: str

    @property
    def text(self) -> str:
        return f"{ROOM}:{self.county}.{self.zone}.{self.number}.{self.line}"


def key_of(text: str) -> Key | None:
    """A key as an address writes it, without the room; None where it is none."""
    parts = text.split(".")
    if len(parts) != 4 or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 6):
        return None
    return Key(parts[0], parts[1], int(parts[2]), parts[3])


def in_villages(key: Key) -> ColumnElement[bool]:
    """Of a Household: in a village of the version, left out or not."""
    villages = select(col(ZoneVillage.village)).where(
        col(ZoneVillage.county) == key.county,
        col(ZoneVillage.zone) == key.zone,
        col(ZoneVillage.number) == key.number,
    )
    return and_(col(Household.county) == key.county, col(Household.village).in_(villages))


def is_left_out(key: Key) -> ColumnElement[bool]:
    of_version = (col(ZoneLeftOut.zone) == key.zone, col(ZoneLeftOut.number) == key.number)
    return aliases.home_has(ZoneLeftOut, *of_version)


def members(key: Key) -> ColumnElement[bool]:
    return and_(in_villages(key), not_(is_left_out(key)))


def _has_conversion(state: str) -> ColumnElement[bool]:
    return exists().where(
        col(Conversion.county) == col(Household.county),
        col(Conversion.household) == col(Household.id),
        col(Conversion.kind).in_(CLEAN_KINDS),
        col(STATES[state]).is_not(None),
    )


def connected() -> ColumnElement[bool]:
    return or_(_has_conversion("connected"), clean_by_device("connected"))


def used() -> ColumnElement[bool]:
    """First used; a clean device from before the programme is what the home heats with."""
    from_before = and_(device_in_use("connected").in_(CLEAN_DEVICES), not_(_has_conversion("installed")))
    return or_(_has_conversion("first_used"), from_before)


def group() -> ColumnElement[str]:
    """Each home in exactly one: empty, exempt, converted, unvisited or not_converted."""
    converted = or_(_has_conversion("installed"), device_in_use("connected").in_(CLEAN_DEVICES))
    return case(
        (and_(not_(in_base()), col(Household.not_heated_reason) == "empty"), literal("empty")),
        (not_(in_base()), literal("exempt")),
        (converted, literal("converted")),
        (col(Household.heating_status) == "", literal("unvisited")),
        else_=literal("not_converted"),
    )


def _of_group(name: str) -> Callable[[], ColumnElement[bool]]:
    return lambda: group() == name


def not_connected() -> ColumnElement[bool]:
    return and_(group() == "converted", not_(connected()))


def not_used() -> ColumnElement[bool]:
    return and_(group() == "converted", connected(), not_(used()))


LISTS: Final[Mapping[str, tuple[str, Callable[[], ColumnElement[bool]]]]] = {
    "converted": (N_("禁煤区内已改造的住户"), _of_group("converted")),
    "empty": (N_("禁煤区内空置的住户"), _of_group("empty")),
    "exempt": (N_("禁煤区内有原因不取暖的住户"), _of_group("exempt")),
    "not_converted": (N_("禁煤区内未改造的住户"), _of_group("not_converted")),
    "unvisited": (N_("禁煤区内取暖情况未登记的住户"), _of_group("unvisited")),
    "not_connected": (N_("禁煤区内改造后未接通的住户"), not_connected),
    "not_used": (N_("禁煤区内接通后未使用的住户"), not_used),
    "problems": (N_("禁煤区内有未销号问题的住户"), has_open_problem),
}
ALL: Final = N_("禁煤区内的住户")
LEFT_OUT: Final = N_("划出禁煤区的住户")
UNPAID: Final = N_("禁煤区内补贴未到位的住户")


def selection(unpaid: Unpaid | None) -> Selection:
    """What `of=zone:…` opens."""

    def condition(text: str) -> ColumnElement[bool] | None:
        key = key_of(text)
        return condition_of(key, unpaid) if key else None

    def label(text: str) -> str:
        key = key_of(text)
        named = {"all": ALL, "left_out": LEFT_OUT, "unpaid": UNPAID}
        line = key.line if key else ""
        return LISTS[line][0] if line in LISTS else named.get(line, ALL)

    return Selection(condition, label)


def condition_of(key: Key, unpaid: Unpaid | None) -> ColumnElement[bool] | None:
    """The homes of a line; None where there is no such line."""
    if key.line == "all":
        return members(key)
    if key.line == "left_out":
        return and_(in_villages(key), is_left_out(key))
    if key.line == "unpaid" and unpaid is not None:
        return and_(members(key), unpaid())
    if key.line in LISTS:
        return and_(members(key), LISTS[key.line][1]())
    return None
