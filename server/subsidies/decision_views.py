"""What the pages of decisions show: the queue with its sums, and what was decided with everything behind it.

Lists and sums come from the same conditions, so a number and its list cannot differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from server.access.views import names
from server.registry import aliases, divisions, rules
from server.registry.by_door import door_joined
from server.registry.tables import Household
from server.subsidies.decisions import Pick
from server.subsidies.review import CORRECTION, DUE, OPEN
from server.subsidies.tables import EntitlementRow, PaymentRow, ReviewLineRow
from server.subsidies.vocabulary import COMPONENTS, ONCE
from server.web import N_, Page
from server.web.listing import held_to

DECIDED: Final = "decided"
# The lists of the page, in the order of their tabs.
SHOWS: Final = {
    DUE: N_("待核定"),
    CORRECTION: N_("待更正"),
    OPEN: N_("待补充"),
    DECIDED: N_("已核定"),
}


@dataclass(frozen=True)
class DecisionFilter:
    """`area`: division code prefix; `show`: a key of SHOWS; `component`, `season`, `outcome`, `household`: empty
    filters nothing.
    """

    area: str
    show: str = DUE
    component: str = ""
    season: str = ""
    outcome: str = ""
    household: str = ""

    def address(self, path: str = "/finance/decisions", **changes: str) -> str:
        given = {field.name: getattr(self, field.name) for field in fields(self)} | changes
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"

    def conditions(self, row: Any) -> Iterator[ColumnElement[bool]]:
        yield col(row.county) == self.area[:6]
        yield col(row.village).between(*rules.bounds(self.area))
        for name in ("component", "season", "household"):
            if getattr(self, name):
                yield col(getattr(row, name)) == getattr(self, name)

    def queue(self) -> Iterator[ColumnElement[bool]]:
        yield from self.conditions(ReviewLineRow)
        yield col(ReviewLineRow.kind) == self.show

    def decided(self) -> Iterator[ColumnElement[bool]]:
        yield from self.conditions(EntitlementRow)
        if self.outcome:
            yield col(EntitlementRow.outcome) == self.outcome


@dataclass(frozen=True)
class Sum:
    """How many lines, of how many homes, and what they come to."""

    lines_n: int
    homes_n: int
    fen: int


@dataclass(frozen=True)
class HomeName:
    """How a list calls a home: the village, the door, the householder."""

    county: str
    id: str
    village_name: str
    township_name: str
    door_number: str
    head_name: str


@dataclass(frozen=True)
class QueueHome:
    """A home of the queue with its lines."""

    name: HomeName
    lines: Sequence[ReviewLineRow]

    @property
    def fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def picked(self) -> str:
        """What a tick stands for: the home and its lines as they are shown."""
        parts = (f"{line.component}/{line.season}/{line.digest}" for line in self.lines)
        return " ".join((self.name.id, *parts))


def picks_of(text: str) -> list[Pick]:
    """The inverse of `picked`; nothing where the text is something else."""
    household, *parts = text.split(" ")
    found = [part.split("/") for part in parts]
    return [Pick(household, *part) for part in found if len(part) == 3]


def sums(session: Session, wanted: DecisionFilter) -> Sum:
    """The sum of a list as filtered."""
    row = EntitlementRow if wanted.show == DECIDED else ReviewLineRow
    where = wanted.decided() if wanted.show == DECIDED else wanted.queue()
    statement = select(
        func.count(),
        func.count(col(row.household).distinct()),
        func.coalesce(func.sum(col(row.amount_fen)), 0),
    ).where(*where)
    lines_n, homes_n, fen = session.execute(statement).one()
    return Sum(lines_n, homes_n, int(fen))


def parts(session: Session, wanted: DecisionFilter, households: Collection[str] | None) -> dict[str, Sum]:
    """The sum of a queue by component, "" for all of it; of some of its homes, or of the whole list as filtered."""
    row = ReviewLineRow
    some = () if households is None else (col(row.household).in_(sorted(households)),)
    figures = (
        func.count(),
        func.count(col(row.household).distinct()),
        func.coalesce(func.sum(col(row.amount_fen)), 0),
    )
    where = (*wanted.queue(), *some)
    lines_n, homes_n, fen = session.execute(select(*figures).where(*where)).one()
    found = {"": Sum(lines_n, homes_n, int(fen))}
    by_component = select(col(row.component), *figures).where(*where).group_by(col(row.component))
    for component, lines_n, homes_n, fen in session.execute(by_component):
        found[component] = Sum(lines_n, homes_n, int(fen))
    return found


def counts(session: Session, area: str) -> dict[str, Sum]:
    """Every list of an area, its other filters set aside: what the tabs say."""
    return {show: sums(session, DecisionFilter(area, show)) for show in SHOWS}


def queue(session: Session, wanted: DecisionFilter, total: int, *, number: int, size: int) -> Page[QueueHome]:
    """A page of homes with what waits, by village and door; `total` homes, as `sums` counted them."""
    row = ReviewLineRow
    number = held_to(number, total, size)
    homes = (
        aliases.with_home(select(func.min(col(row.village)), col(row.household)), row)
        .where(*wanted.queue())
        .group_by(col(row.household))
        .order_by(func.min(col(row.village)), func.min(door_joined()), col(row.household))
        .offset((number - 1) * size)
        .limit(size)
    )
    ids = [household for _, household in session.execute(homes)]
    statement = select(row).where(*wanted.queue(), col(row.household).in_(ids))
    by_home: dict[str, list[ReviewLineRow]] = defaultdict(list)
    lines = session.execute(statement).scalars()
    for line in sorted(lines, key=_place):
        by_home[line.household].append(line)
    named = home_names(
        session, wanted.area[:6], {line.household: line.village for [line, *_] in by_home.values()}
    )
    return Page([QueueHome(named[id], by_home[id]) for id in ids], total, number, size)


def _place(line: ReviewLineRow) -> tuple[bool, str, str, int]:
    """What is paid once comes first, then season by season, each in the order of the components."""
    order = {component: place for place, component in enumerate(COMPONENTS)}
    seasonal = not line.season.startswith(ONCE)
    return seasonal, line.season if seasonal else "", str(line.due_on), order.get(line.component, len(order))


def every_pick(session: Session, wanted: DecisionFilter) -> list[Pick]:
    """The whole list as filtered, as picks."""
    row = ReviewLineRow
    columns = (col(row.household), col(row.component), col(row.season), col(row.digest))
    return [Pick(*found) for found in session.execute(select(*columns).where(*wanted.queue()))]


def every_line(session: Session, wanted: DecisionFilter) -> Iterator[tuple[HomeName, ReviewLineRow]]:
    """The whole queue as filtered, for a sheet."""
    row = ReviewLineRow
    ordered = aliases.with_home(select(row), row).where(*wanted.queue())
    ordered = ordered.order_by(
        col(row.village), door_joined(), col(row.household), col(row.season), col(row.component)
    )
    for part in session.execute(ordered.execution_options(yield_per=500)).scalars().partitions(500):
        named = home_names(session, wanted.area[:6], {line.household: line.village for line in part})
        yield from ((named[line.household], line) for line in part)


def seasons(session: Session, county: str) -> list[str]:
    """The seasons anything was decided or waits for, the latest first."""
    found: set[str] = set()
    for row in (EntitlementRow, ReviewLineRow):
        found |= set(
            session.execute(select(col(row.season)).where(col(row.county) == county).distinct()).scalars()
        )
    return sorted(found - {""}, reverse=True)


# ---- decided


@dataclass(frozen=True)
class DecidedLine:
    """A decided line in a list, with the name of whoever decided."""

    row: EntitlementRow
    name: HomeName
    decided_by: str


def decided(
    session: Session, wanted: DecisionFilter, total: int, *, number: int, size: int
) -> Page[DecidedLine]:
    """A page of what was decided, the last first; `total` lines, as `sums` counted them."""
    number = held_to(number, total, size)
    # Their numbers first: the rows themselves are long, and those before the page need not be read.
    numbers = select(col(EntitlementRow.number)).where(*wanted.decided())
    ordered = numbers.order_by(col(EntitlementRow.number).desc())
    shown = list(session.execute(ordered.offset((number - 1) * size).limit(size)).scalars())
    rows = session.execute(_decided(wanted).where(col(EntitlementRow.number).in_(shown))).scalars()
    return Page(_decided_lines(session, wanted.area[:6], list(rows)), total, number, size)


def every_decided(session: Session, wanted: DecisionFilter) -> Iterator[DecidedLine]:
    """All of it, for a sheet."""
    result = session.execute(_decided(wanted).execution_options(yield_per=500)).scalars()
    for part in result.partitions(500):
        yield from _decided_lines(session, wanted.area[:6], list(part))


def _decided(wanted: DecisionFilter) -> Any:
    return select(EntitlementRow).where(*wanted.decided()).order_by(col(EntitlementRow.number).desc())


def _decided_lines(session: Session, county: str, rows: Sequence[EntitlementRow]) -> list[DecidedLine]:
    named = home_names(session, county, {row.household: row.village for row in rows})
    people = names(session, {row.decided_by for row in rows})
    return [
        DecidedLine(row, named[row.household], people.get(row.decided_by, row.decided_by)) for row in rows
    ]


@dataclass(frozen=True)
class DecisionFile:
    """One decision with everything behind it: its corrections or what it corrects, its payments, the people."""

    row: EntitlementRow
    name: HomeName
    others: Sequence[EntitlementRow]
    payments: Sequence[PaymentRow]
    people: dict[str, str]


def decision_file(session: Session, county: str, identity: str) -> DecisionFile | None:
    row = session.get(EntitlementRow, (county, identity))
    if row is None:
        return None
    first = row.corrects or row.id
    family = or_(col(EntitlementRow.id) == first, col(EntitlementRow.corrects) == first)
    statement = select(EntitlementRow).where(col(EntitlementRow.county) == county, family)
    others = [
        each
        for each in session.execute(statement.order_by(col(EntitlementRow.number))).scalars()
        if each.id != row.id
    ]
    ids = [row.id, *(each.id for each in others)]
    paid = select(PaymentRow).where(col(PaymentRow.county) == county, col(PaymentRow.entitlement).in_(ids))
    people = {row.decided_by, *row.surveyed_by, *row.accepted_by, *(each.decided_by for each in others)}
    named = home_names(session, county, {row.household: row.village})
    return DecisionFile(
        row,
        named[row.household],
        others,
        list(session.execute(paid.order_by(col(PaymentRow.id))).scalars()),
        names(session, people),
    )


def home_names(session: Session, county: str, villages: dict[str, str]) -> dict[str, HomeName]:
    """Household to how lists call it; the village is the one given, not where it may have moved since."""
    columns = (col(Household.id), col(Household.door_number), col(Household.head_name))
    further = aliases.survivors(session, county, villages)
    ids = sorted({further.get(id, id) for id in villages})
    wanted = and_(col(Household.county) == county, col(Household.id).in_(ids))
    known = {id: (door, head) for id, door, head in session.execute(select(*columns).where(wanted))}
    found = {id: known[end] for id in villages if (end := further.get(id, id)) in known}
    places = _places(session, county, villages.values())
    return {
        id: HomeName(county, id, *places.get(village, (village, "")), *found.get(id, ("", "")))
        for id, village in villages.items()
    }


def _places(session: Session, county: str, codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    wanted = set(codes)
    known = divisions.villages(session, county, wanted) if wanted else []
    return {each.code: (each.name, each.township_name) for each in known}
