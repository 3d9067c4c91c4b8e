"""Reading the ledger: lists by queue, one problem with its events, and what stands open where."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, func, literal_column, select
from sqlmodel import Session, col

from server.access.rules import may
from server.access.tables import Person
from server.inspections import rules
from server.inspections.tables import Problem, ProblemEvent, Sighting
from server.registry import aliases, divisions
from server.registry import rules as places
from server.registry.by_door import door_joined
from server.registry.filters import counted
from server.registry.tables import Household
from server.web import Page, Sorting
from server.web.listing import held_to

# "mine" and "waiting" are what somebody has to do next; "closed" is the archive.
QUEUES: Final = ("open", "overdue", "mine", "reported", "closed", "all")
SORT_KEYS: Final[dict[str, Any]] = {
    "due_on": Problem.due_on,
    "found_on": Problem.found_on,
    "village": Problem.village,
    "kind": Problem.kind,
    "state": Problem.state,
    "updated_at": Problem.updated_at,
}
ROWS_AT_A_TIME: Final = 1000


@dataclass(frozen=True)
class ProblemFilter:
    """What a list of problems is held to; `queue` is one of QUEUES, `person` whoever is meant by "mine"."""

    area: str
    queue: str = "open"
    kind: str = ""
    zone: str = ""
    household: str = ""
    responsible: str = ""

    def address(self, path: str = "/problems", **changes: str) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self)} | changes
        return path + "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True)
class ProblemLine:
    """A problem in a list, with names instead of ids."""

    problem: Problem
    village_name: str
    township_name: str
    head_name: str
    door_number: str
    responsible_name: str
    overdue: bool


@dataclass(frozen=True)
class EventLine:
    event: ProblemEvent
    by_name: str
    responsible_name: str


@dataclass(frozen=True)
class ProblemFile:
    """One problem with everything done about it, and the household as it is registered now."""

    line: ProblemLine
    events: tuple[EventLine, ...]
    household: Household | None
    people: Mapping[str, str]


def within(area: str, village: Any, county: Any) -> ColumnElement[bool]:
    """Rows of an area (at least a county), by the county first."""
    low, high = places.bounds(area)
    return and_(col(county) == area[:6], col(village).between(low, high))


def _queue(name: str, today: date, person: str) -> list[ColumnElement[bool]]:
    not_closed = col(Problem.state) != "closed"
    conditions: dict[str, list[ColumnElement[bool]]] = {
        "open": [not_closed],
        "overdue": [not_closed, col(Problem.due_on) < today],
        "mine": [col(Problem.state) == "open", col(Problem.responsible) == person],
        "reported": [col(Problem.state) == "reported"],
        "closed": [col(Problem.state) == "closed"],
        "all": [],
    }
    return conditions[name]


def _conditions(wanted: ProblemFilter, today: date, person: str) -> Iterator[ColumnElement[bool]]:
    yield within(wanted.area, Problem.village, Problem.county)
    yield from _queue(wanted.queue, today, person)
    for name in ("kind", "zone", "household", "responsible"):
        value = getattr(wanted, name)
        if value:
            yield col(getattr(Problem, name)) == value


def page(
    session: Session,
    wanted: ProblemFilter,
    order: Sorting,
    *,
    today: date,
    person: str,
    number: int,
    size: int,
) -> Page[ProblemLine]:
    """One page of the problems that fit."""
    statement = select(Problem).where(*_conditions(wanted, today, person))
    total = session.execute(counted(statement)).scalar_one()
    number = held_to(number, total, size)
    rows = session.execute(_ordered(statement, order).offset((number - 1) * size).limit(size)).scalars().all()
    return Page(lines(session, rows, today), total, number, size)


def every(
    session: Session, wanted: ProblemFilter, order: Sorting, *, today: date, person: str
) -> Iterator[ProblemLine]:
    """All problems that fit, for a sheet."""
    statement = _ordered(select(Problem).where(*_conditions(wanted, today, person)), order)
    for part in session.execute(statement).scalars().partitions(ROWS_AT_A_TIME):
        yield from lines(session, part, today)


def _ordered(statement: Any, order: Sorting) -> Any:
    key = col(SORT_KEYS[order.key])
    return aliases.with_home(statement, Problem).order_by(
        key.desc() if order.descending else key.asc(), col(Problem.village), door_joined(), col(Problem.id)
    )


def counts(session: Session, wanted: ProblemFilter, *, today: date, person: str) -> dict[str, int]:
    """How many problems each queue holds, everything else being equal."""
    found = {}
    for queue in QUEUES:
        asked = ProblemFilter(**{f.name: getattr(wanted, f.name) for f in fields(wanted)} | {"queue": queue})
        statement = select(func.count()).select_from(Problem).where(*_conditions(asked, today, person))
        found[queue] = session.execute(statement).scalar_one()
    return found


def lines(session: Session, rows: Sequence[Problem], today: date) -> list[ProblemLine]:
    """Problems with their names; a few statements for any number of them."""
    codes = {row.village for row in rows}
    called = divisions.names(session, codes | {code[:9] + "000" for code in codes})
    people = divisions.people(session, {row.responsible for row in rows})
    homes = named(session, rows)
    return [
        ProblemLine(
            row,
            called.get(row.village, row.village),
            called.get(row.village[:9] + "000", row.village[:9]),
            *homes.get((row.county, row.household), ("", "")),
            people.get(row.responsible, row.responsible),
            rules.overdue(row.state, row.due_on, today),
        )
        for row in rows
    ]


def named(session: Session, rows: Sequence[Problem | Sighting]) -> dict[tuple[str, str], tuple[str, str]]:
    """(county, household) of problems or sightings → its head and door, whichever id it was written under."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for county in sorted({row.county for row in rows}):
        ids = {row.household for row in rows if row.county == county and row.household}
        for id, home in aliases.homes(session, county, ids).items():
            found[county, id] = (home.head_name, home.door_number)
    return found


def problem_file(session: Session, county: str, identity: str, today: date) -> ProblemFile | None:
    """One problem; None where there is none."""
    row = session.get(Problem, (county, identity))
    if row is None:
        return None
    statement = select(ProblemEvent).where(
        col(ProblemEvent.county) == county, col(ProblemEvent.problem) == identity
    )
    events = list(session.execute(statement.order_by(col(ProblemEvent.number).desc())).scalars())
    ids = {row.opened_by, row.reopened_by, row.responsible, row.reported_by, row.closed_by}
    people = divisions.people(session, ids | {e.by for e in events} | {e.responsible for e in events})
    return ProblemFile(
        line=lines(session, [row], today)[0],
        events=tuple(
            EventLine(e, people.get(e.by, e.by), people.get(e.responsible, e.responsible)) for e in events
        ),
        household=aliases.home(session, county, row.household) if row.household else None,
        people=people,
    )


def of_household(session: Session, county: str, household: str, today: date) -> list[ProblemLine]:
    """The problems of a household: those not closed first, then the last."""
    ids = aliases.of_home(session, county, household)
    statement = select(Problem).where(col(Problem.county) == county, col(Problem.household).in_(ids))
    rows = list(session.execute(statement.order_by(col(Problem.found_on).desc())).scalars())
    rows.sort(key=lambda row: row.state == "closed")
    return lines(session, rows, today)


def has_open_problem() -> ColumnElement[bool]:
    """Of a Household: whether it has a problem that is not closed."""
    # In the words of the index of these, that a database may see that it answers.
    return aliases.home_has(Problem, literal_column("problem.state <> 'closed' AND problem.household <> ''"))


def officials(session: Session, areas: Collection[str]) -> list[Person]:
    """The people who may be made responsible in all of these areas: those who may report a problem put right
    there, by name. An account that was closed answers for nothing.
    """
    statement = select(Person).where(col(Person.closed_at).is_(None)).order_by(col(Person.name))
    people = session.execute(statement).scalars()
    return [person for person in people if all(may(person, "problem.report", area) for area in areas)]


def may_answer(session: Session, identity: str, areas: Collection[str]) -> bool:
    """Whether this person may be made responsible in all of these areas."""
    return any(person.id == identity for person in officials(session, areas))
