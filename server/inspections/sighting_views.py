"""Reading sightings: lists, each with the problem that came of it, if one did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from server.inspections.tables import Problem, ProblemEvent, Sighting
from server.inspections.views import ROWS_AT_A_TIME, named, within
from server.registry import aliases, divisions
from server.registry.by_door import door_joined
from server.registry.filters import counted
from server.web import Page, Sorting
from server.web.listing import held_to

SORT_KEYS: Final[dict[str, Any]] = {
    "seen_on": Sighting.seen_on,
    "village": Sighting.village,
    "what": Sighting.what,
    "updated_at": Sighting.updated_at,
}


@dataclass(frozen=True)
class SightingLine:
    """A sighting in a list; `problem` is the id of what came of it, empty where nothing did."""

    sighting: Sighting
    village_name: str
    township_name: str
    head_name: str
    door_number: str
    seen_by_name: str
    problem: str


def _found(area: str, what: str) -> Any:
    conditions = [within(area, Sighting.village, Sighting.county)]
    if what:
        conditions.append(col(Sighting.what) == what)
    return select(Sighting).where(*conditions)


def _ordered(statement: Any, order: Sorting) -> Any:
    key = col(SORT_KEYS[order.key])
    return aliases.with_home(statement, Sighting).order_by(
        key.desc() if order.descending else key.asc(), col(Sighting.village), door_joined(), col(Sighting.id)
    )


def page(
    session: Session, area: str, what: str, order: Sorting, *, number: int, size: int
) -> Page[SightingLine]:
    """One page of the sightings of an area; `what` empty for all kinds."""
    total = session.execute(counted(_found(area, what))).scalar_one()
    number = held_to(number, total, size)
    statement = _ordered(_found(area, what), order).offset((number - 1) * size).limit(size)
    return Page(lines(session, session.execute(statement).scalars().all()), total, number, size)


def every(session: Session, area: str, what: str, order: Sorting) -> Iterator[SightingLine]:
    """All sightings of an area, for a sheet."""
    for part in session.execute(_ordered(_found(area, what), order)).scalars().partitions(ROWS_AT_A_TIME):
        yield from lines(session, part)


def lines(session: Session, rows: Sequence[Sighting]) -> list[SightingLine]:
    """Sightings with their names and problems."""
    codes = {row.village for row in rows}
    called = divisions.names(session, codes | {code[:9] + "000" for code in codes})
    people = divisions.people(session, {row.seen_by for row in rows})
    problems = _problems(session, rows)
    homes = named(session, rows)
    return [
        SightingLine(
            row,
            called.get(row.village, row.village),
            called.get(row.village[:9] + "000", row.village[:9]),
            *homes.get((row.county, row.household), ("", "")),
            people.get(row.seen_by, row.seen_by),
            problems.get((row.county, row.submission), ""),
        )
        for row in rows
    ]


def _problems(session: Session, rows: Sequence[Sighting]) -> dict[tuple[str, str], str]:
    """By the submission that recorded the sighting: the problem it opened or was added to."""
    found: dict[tuple[str, str], str] = {}
    for county in sorted({row.county for row in rows}):
        said = sorted({row.submission for row in rows if row.county == county and row.submission})
        statement = (
            select(col(ProblemEvent.submission), col(Problem.id))
            .join(
                Problem,
                (col(Problem.county) == col(ProblemEvent.county))
                & (col(Problem.id) == col(ProblemEvent.problem)),
            )
            .where(col(ProblemEvent.county) == county, col(ProblemEvent.submission).in_(said))
        )
        found.update({(county, row[0]): row[1] for row in session.execute(statement)})
    return found
