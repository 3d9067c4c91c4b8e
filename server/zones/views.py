"""Reading zones: which is in force where and when, a zone with its versions, and its readiness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, not_, or_, select
from sqlmodel import Session, col

from server import statements
from server.database import among, table_of
from server.inspections.tables import Problem
from server.inspections.views import has_open_problem
from server.registry import aliases, divisions
from server.registry.tables import Household
from server.zones import homes, lines, rules
from server.zones.lines import Key, Unpaid
from server.zones.rules import Line, Tally
from server.zones.stove import InForce
from server.zones.tables import Zone, ZoneLeftOut, ZoneVersion, ZoneVillage
from sync.doors import door_order


@dataclass(frozen=True)
class VillageLine:
    """A village of a version. `left_out_n`: 0 means the whole village."""

    code: str
    name: str
    township_name: str
    households_n: int
    left_out_n: int


@dataclass(frozen=True)
class LeftOutLine:
    row: ZoneLeftOut
    head_name: str
    door_number: str
    village_name: str


@dataclass(frozen=True)
class ZoneLine:
    """A zone in a list by its leading version: the one in force or to be, else the last proposal.

    `pending`: a proposal waits on top of it.
    """

    zone: Zone
    version: ZoneVersion
    state: str
    villages: tuple[str, ...]
    pending: bool
    responsible_name: str


@dataclass(frozen=True)
class Readiness:
    """A checklist and the counts it was made from."""

    tally: Tally
    lines: tuple[Line, ...]

    @property
    def ready(self) -> bool:
        return rules.ready(self.lines)


@dataclass(frozen=True)
class ZoneFile:
    """A zone with all its versions, the last first, and one of them opened."""

    zone: Zone
    versions: tuple[ZoneVersion, ...]
    shown: ZoneVersion
    state: str
    villages: tuple[VillageLine, ...]
    left_out: tuple[LeftOutLine, ...]
    people: Mapping[str, str]

    @property
    def pending(self) -> ZoneVersion | None:
        return next((each for each in self.versions if each.decision == "proposed"), None)


def as_in_force(version: ZoneVersion) -> InForce:
    """A designated version as the stove rules cite it."""
    assert version.in_force_on is not None
    return InForce(version.name, version.document_number, version.in_force_on)


def in_force_on(day: date) -> ColumnElement[bool]:
    """Of a ZoneVersion: in force on a day."""
    return and_(
        col(ZoneVersion.decision) == "designated",
        col(ZoneVersion.change) != "withdraw",
        col(ZoneVersion.in_force_on) <= day,
        or_(col(ZoneVersion.until_on).is_(None), col(ZoneVersion.until_on) > day),
    )


def in_version() -> ColumnElement[bool]:
    """Joins a village to its version, always with the county."""
    return and_(
        col(ZoneVillage.county) == col(ZoneVersion.county),
        col(ZoneVillage.zone) == col(ZoneVersion.zone),
        col(ZoneVillage.number) == col(ZoneVersion.number),
    )


# Built once: every contact that brings records asks the first of them, and hardly ever the second.
_ZONED: Final = (
    select(table_of(ZoneVillage).c.village)
    .where(
        table_of(ZoneVillage).c.county == bindparam("county"),
        among(table_of(ZoneVillage).c.village, "villages", few=True),
    )
    .limit(1)
)
_DESIGNATED: Final = (
    select(col(ZoneVillage.village), ZoneVersion)
    .join(ZoneVersion, in_version())
    .where(
        col(ZoneVersion.county) == bindparam("county"),
        col(ZoneVersion.decision) == "designated",
        col(ZoneVersion.change) != "withdraw",
        among(col(ZoneVillage.village), "villages"),
    )
    .order_by(col(ZoneVersion.in_force_on))
)


def designated(session: Session, county: str, villages: Collection[str]) -> dict[str, list[ZoneVersion]]:
    """Village to every version designated over it at any time, by the day it comes into force."""
    asked, found = {"county": county, "villages": sorted(villages)}, dict[str, list[ZoneVersion]]()
    session.flush()
    if not statements.rows(session, _ZONED, asked):
        return found
    for village, version in session.execute(_DESIGNATED, asked):
        found.setdefault(village, []).append(version)
    return found


def over(versions: Sequence[ZoneVersion], day: date) -> ZoneVersion | None:
    """Of the versions designated over a village, the one in force on a day."""
    for version in reversed(versions):
        begun = version.in_force_on is not None and version.in_force_on <= day
        if begun and (version.until_on is None or day < version.until_on):
            return version
    return None


def left_out_of(session: Session, version: ZoneVersion, household: str) -> ZoneLeftOut | None:
    """Why a household is not in a version whose village it lies in; None where it is in it."""
    ids = aliases.of_home(session, version.county, household)
    found = {row.household: row for row in session.execute(_left_out(version, ids)).scalars()}
    return next((found[id] for id in ids if id in found), None)


def taken(session: Session, county: str, villages: Collection[str], but: str = "") -> dict[str, str]:
    """Those of the villages that another zone's designated range holds, with that zone's name."""
    statement = (
        select(col(ZoneVillage.village), col(Zone.name))
        .join(Zone, and_(col(Zone.county) == col(ZoneVillage.county), col(Zone.id) == col(ZoneVillage.zone)))
        .where(col(ZoneVillage.county) == county, col(ZoneVillage.latest), col(ZoneVillage.zone) != but)
    )
    wanted = set(villages)
    return {village: name for village, name in session.execute(statement) if village in wanted}


def villages_of(session: Session, version: ZoneVersion) -> list[str]:
    statement = select(col(ZoneVillage.village)).where(
        col(ZoneVillage.county) == version.county,
        col(ZoneVillage.zone) == version.zone,
        col(ZoneVillage.number) == version.number,
    )
    return sorted(session.execute(statement).scalars())


def left_outs(session: Session, version: ZoneVersion) -> list[ZoneLeftOut]:
    return list(session.execute(_left_out(version).order_by(col(ZoneLeftOut.household))).scalars())


def _left_out(version: ZoneVersion, households: Collection[str] | None = None) -> Select[Any]:
    """The homes left out of a version, or those of these homes that are."""
    statement = select(ZoneLeftOut).where(
        col(ZoneLeftOut.county) == version.county,
        col(ZoneLeftOut.zone) == version.zone,
        col(ZoneLeftOut.number) == version.number,
    )
    return statement if households is None else statement.where(col(ZoneLeftOut.household).in_(households))


def versions_of(session: Session, county: str, zone: str) -> list[ZoneVersion]:
    """All versions, the last first."""
    statement = select(ZoneVersion).where(col(ZoneVersion.county) == county, col(ZoneVersion.zone) == zone)
    return list(session.execute(statement.order_by(col(ZoneVersion.number).desc())).scalars())


def state_of(version: ZoneVersion, today: date) -> str:
    return rules.state_of(version.decision, version.change, version.in_force_on, today)


def leading(versions: Sequence[ZoneVersion], today: date) -> ZoneVersion:
    """The version a zone is known by: in force, or else to be in force, or else the last."""
    for version in versions:
        until_passed = version.until_on is not None and version.until_on <= today
        if state_of(version, today) in ("in_force", "withdrawn") and not until_passed:
            return version
    return next((each for each in versions if each.decision == "designated"), versions[0])


def zones(session: Session, area: str, today: date) -> list[ZoneLine]:
    """The zones with a village in an area (at least a county), those in force first, by name."""
    county = area[:6]
    versions, villages = _versions(session, county), _villages(session, county)
    leads = {zone: leading(several, today) for zone, several in versions.items()}
    people = divisions.people(session, {version.responsible for version in leads.values()})
    found = []
    for zone in session.execute(select(Zone).where(col(Zone.county) == county)).scalars():
        version = leads[zone.id]
        codes = tuple(sorted(villages[zone.id, version.number]))
        everywhere = len(area) == 6
        if everywhere or any(code.startswith(area) for code in codes):
            pending = any(each.decision == "proposed" for each in versions[zone.id])
            found.append(
                ZoneLine(
                    zone, version, state_of(version, today), codes, pending,
                    people.get(version.responsible, version.responsible),
                )
            )  # fmt: skip
    order = list(rules.STATES)
    return sorted(found, key=lambda line: (order.index(line.state), line.version.name, line.zone.id))


def _versions(session: Session, county: str) -> dict[str, list[ZoneVersion]]:
    """Of each zone all versions, the last first."""
    found: dict[str, list[ZoneVersion]] = defaultdict(list)
    statement = select(ZoneVersion).where(col(ZoneVersion.county) == county)
    for version in session.execute(statement.order_by(col(ZoneVersion.number).desc())).scalars():
        found[version.zone].append(version)
    return found


def _villages(session: Session, county: str) -> dict[tuple[str, int], list[str]]:
    """Of each zone's version (by its number) the villages."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row in session.execute(select(ZoneVillage).where(col(ZoneVillage.county) == county)).scalars():
        found[row.zone, row.number].append(row.village)
    return found


def zone_file(
    session: Session, county: str, identity: str, today: date, number: int | None = None
) -> ZoneFile | None:
    """A zone with a version opened: the one asked for, else a proposal that waits, else the leading one."""
    zone = session.get(Zone, (county, identity))
    if zone is None:
        return None
    versions = versions_of(session, county, identity)
    waiting = next((each for each in versions if each.decision == "proposed"), None)
    shown = waiting or leading(versions, today)
    if number is not None:
        asked = next((each for each in versions if each.number == number), None)
        if asked is None:
            return None
        shown = asked
    ids = {name for each in versions for name in (each.proposed_by, each.decided_by, each.responsible)}
    out = left_outs(session, shown)
    return ZoneFile(
        zone=zone,
        versions=tuple(versions),
        shown=shown,
        state=state_of(shown, today),
        villages=tuple(_village_lines(session, shown, out)),
        left_out=tuple(_left_out_lines(session, out)),
        people=divisions.people(session, ids | {row.entered_by for row in out}),
    )


def _village_lines(session: Session, version: ZoneVersion, out: Sequence[ZoneLeftOut]) -> list[VillageLine]:
    codes = villages_of(session, version)
    called = divisions.names(session, {*codes, *(code[:9] + "000" for code in codes)})
    counted = session.execute(
        select(col(Household.village), func.count())
        .where(col(Household.county) == version.county, col(Household.village).in_(codes))
        .group_by(col(Household.village))
    )
    households = {row[0]: int(row[1]) for row in counted}
    return [
        VillageLine(
            code,
            called.get(code, code),
            called.get(code[:9] + "000", code[:9]),
            households.get(code, 0),
            sum(row.village == code for row in out),
        )
        for code in codes
    ]


def _left_out_lines(session: Session, out: Sequence[ZoneLeftOut]) -> list[LeftOutLine]:
    called = divisions.names(session, {row.village for row in out})
    homes = aliases.homes(session, out[0].county, {row.household for row in out}) if out else {}
    found = []
    for row in out:
        home = homes.get(row.household)
        name, door = (home.head_name, home.door_number) if home else ("", "")
        found.append(LeftOutLine(row, name, door, called.get(row.village, row.village)))
    return sorted(found, key=lambda line: (line.row.village, door_order(line.door_number)))


def readiness(session: Session, version: ZoneVersion, today: date, unpaid: Unpaid | None) -> Readiness:
    """How ready a version is today, each count by the condition its list is opened with."""
    key = Key(version.county, version.zone, version.number, "all")
    groups = _groups(session, key)
    zone = InForce(version.name, version.document_number, version.in_force_on or today)
    ruled = homes.rulings(session, version.county, lines.members(key), zone, today)
    in_service = [line for line in ruled if line.home.in_service_on is not None]
    tally = Tally(
        households=sum(groups.values()),
        **groups,
        not_connected=_n(session, key, lines.not_connected()),
        not_used=_n(session, key, lines.not_used()),
        left_out=len(left_outs(session, version)),
        problems=len(open_problems(session, version)),
        problem_households=_n(session, key, has_open_problem()),
        unpaid=None if unpaid is None else _n(session, key, unpaid()),
        unproven=sum(line.proven_on is None for line in in_service),
        stoves=sum(line.ruling.verdict == "violation" for line in ruled),
    )
    return Readiness(tally, rules.checklist(tally))


def _groups(session: Session, key: Key) -> dict[str, int]:
    each = select(lines.group().label("name")).where(lines.members(key)).subquery("each_home")
    rows = session.execute(select(each.c.name, func.count()).group_by(each.c.name))
    return {name: int(n) for name, n in rows}


def _n(session: Session, key: Key, condition: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(Household).where(lines.members(key), condition)
    return int(session.execute(statement).scalar_one())


def open_problems(session: Session, version: ZoneVersion) -> list[Problem]:
    """The problems not closed in a version's villages, but for those of households left out."""
    codes = villages_of(session, version)
    left_out = {row.household for row in left_outs(session, version)}
    ids = aliases.every_id(session, version.county, left_out)
    out = {id for several in ids.values() for id in several}
    statement = select(Problem).where(
        col(Problem.county) == version.county,
        col(Problem.village).in_(codes),
        col(Problem.state) != "closed",
        not_(col(Problem.household).in_(out)),
    )
    return list(session.execute(statement.order_by(col(Problem.due_on))).scalars())
