"""Which submissions belong together because they name the same entities: the case files of a second decision.

Only ids are held here, of all submissions of a county at once: some tens of megabytes for a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session

from server.database import table_of
from server.exchange.tables import SubmissionTarget
from server.exchange.verify import paged


def files(session: Session, county: str, at_a_time: int) -> Iterator[list[list[str]]]:
    """Case files, so many together that they hold about `at_a_time` submissions."""
    some: list[list[str]] = []
    size = 0
    for file in _files(session, county).values():
        some.append(file)
        size += len(file)
        if size >= at_a_time:
            yield some
            some, size = [], 0
    if some:
        yield some


def _files(session: Session, county: str) -> dict[int, list[str]]:
    entities: dict[str, int] = {}
    above: list[int] = []
    submissions: dict[str, int] = {}
    columns = table_of(SubmissionTarget).c
    key = (columns.submission, columns.dataset, columns.entity)
    for rows in paged(session, select(*key).where(columns.county == county), key):
        for submission, dataset, id in rows:
            entity = entities.setdefault(f"{dataset}/{id}", len(entities))
            if entity == len(above):
                above.append(entity)
            other = submissions.setdefault(submission, entity)
            above[_top(above, other)] = _top(above, entity)
    found: dict[int, list[str]] = {}
    for submission, entity in submissions.items():
        found.setdefault(_top(above, entity), []).append(submission)
    return found


def _top(above: list[int], entity: int) -> int:
    while above[entity] != entity:
        above[entity] = above[above[entity]]
        entity = above[entity]
    return entity
