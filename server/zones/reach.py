"""How far zones have come: "wherever conversion reaches, the zone reaches", and where it does not yet.

Counted by the coverage page's own expressions and the county's plan in force, so that a village called
converted here reads 100 % there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import case, func, or_, select
from sqlmodel import Session, col

from server.programme.views import counting_of, plan_in_force
from server.registry import divisions
from server.registry import rules as places
from server.registry.filters import HouseholdFilter
from server.registry.standing import STATES, standing, within
from server.registry.tables import Conversion, Household
from server.registry.vocabulary import CLEAN_KINDS
from server.zones import rules
from server.zones.rules import VillageHeating
from server.zones.tables import ZoneVersion, ZoneVillage
from server.zones.views import in_version

NEARLY_PCT: Final = 90
# Of two versions that name a village, what it is known by.
STANDINGS: Final = ("in_force", "designated", "proposed")


@dataclass(frozen=True)
class ReachLine:
    """A village not in any zone. `days` since conversion reached its last home, None where no date says so;
    `proposed`: a proposal that waits names it. `remaining` opens the homes still to convert."""

    heating: VillageHeating
    name: str
    township_name: str
    days: int | None
    proposed: bool
    heated: str
    remaining: str


@dataclass(frozen=True)
class Reach:
    """Villages wholly converted and not zoned, the longest waiting first; and those nearly so."""

    converted: tuple[ReachLine, ...]
    nearly: tuple[ReachLine, ...]
    zoned_n: int


def reach(session: Session, area: str, today: date) -> Reach:
    """The villages of an area (at least a county) by how far conversion and zone have come."""
    decided, proposed = _zoned(session, area[:6])
    state = counting_of(plan_in_force(session, area[:6])).coverage_state
    free = [each for each in heating_of(session, area, state) if each.village not in decided]
    codes = {each.village for each in free}
    called = divisions.names(session, codes | {code[:9] + "000" for code in codes})

    def line(each: VillageHeating) -> ReachLine:
        here = HouseholdFilter(area=each.village)
        return ReachLine(
            each,
            called.get(each.village, each.village),
            called.get(each.village[:9] + "000", each.village[:9]),
            each.days_since(today),
            each.village in proposed,
            here.address(heating="base"),
            here.address(situation="not_clean", clean_state=state),
        )

    converted = [line(each) for each in free if each.converted]
    nearly = [line(each) for each in free if each.nearly(NEARLY_PCT)]
    converted.sort(key=lambda found: (-(found.days if found.days is not None else -1), found.heating.village))
    nearly.sort(key=lambda found: (found.heating.remaining, found.heating.village))
    within_area = [code for code in decided if code.startswith(area)]
    return Reach(tuple(converted), tuple(nearly), len(within_area))


def heating_of(session: Session, area: str, coverage_state: str) -> list[VillageHeating]:
    """Each village of an area with its heated homes, the clean ones, and the last day of reaching the state."""
    plan = plan_in_force(session, area[:6])
    at = standing(counting_of(plan))
    base = case((at.in_base, 1), else_=0)
    clean = case((at.in_base & (at.situation == "clean"), 1), else_=0)
    village = col(Household.village)
    counted = (
        select(village, func.sum(base), func.sum(clean))
        .select_from(at.source)
        .where(within(area))
        .group_by(village)
        .order_by(village)
    )
    last = _last_days(session, area[:6], coverage_state)
    return [
        VillageHeating(code, int(heated), int(clean_n), last.get(code))
        for code, heated, clean_n in session.execute(counted)
    ]


def _last_days(session: Session, county: str, state: str) -> dict[str, date]:
    reached = col(STATES[state])
    statement = (
        select(col(Conversion.village), func.max(reached))
        .where(col(Conversion.county) == county, reached.is_not(None), col(Conversion.kind).in_(CLEAN_KINDS))
        .group_by(col(Conversion.village))
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def _zoned(session: Session, county: str) -> tuple[set[str], set[str]]:
    """Villages in a zone's designated range, and villages in a proposal that waits."""
    statement = (
        select(col(ZoneVillage.village), col(ZoneVillage.latest), col(ZoneVersion.decision))
        .join(ZoneVersion, in_version())
        .where(col(ZoneVillage.county) == county)
    )
    rows = session.execute(statement).all()
    return {row[0] for row in rows if row[1]}, {row[0] for row in rows if row[2] == "proposed"}


@dataclass(frozen=True)
class Standing:
    """A village's zone by its leading word: in_force, designated (to be in force), or else proposed."""

    county: str
    zone: str
    state: str


def standings(session: Session, area: str, today: date) -> dict[str, Standing]:
    """Village to how it stands, of the villages of an area (at least a county) that any zone names."""
    low, high = places.bounds(area)
    statement = (
        select(
            col(ZoneVillage.village), col(ZoneVersion.zone), col(ZoneVersion.decision), col(ZoneVersion.change),
            col(ZoneVersion.in_force_on),
        )
        .join(ZoneVersion, in_version())
        .where(
            col(ZoneVersion.county) == area[:6],
            col(ZoneVillage.village).between(low, high),
            col(ZoneVersion.decision).in_(("designated", "proposed")),
            col(ZoneVersion.change) != "withdraw",
            or_(col(ZoneVersion.until_on).is_(None), col(ZoneVersion.until_on) > today),
        )
    )  # fmt: skip
    found: dict[str, Standing] = {}
    for village, zone, decision, change, in_force_on in session.execute(statement):
        state = rules.state_of(decision, change, in_force_on, today)
        if village not in found or STANDINGS.index(state) < STANDINGS.index(found[village].state):
            found[village] = Standing(area[:6], zone, state)
    return found
