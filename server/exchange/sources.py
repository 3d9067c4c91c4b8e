"""Where a value of the register came from: what else the submission that set it was about, and what others set.

Apart from the journal's own reading and writing, because derivations ask this inside the transaction that is
merging: the journal's lines and their targets are there by then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, bindparam, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from server import statements
from server.database import among, parts, table_of
from server.exchange.tables import SubmissionRow, SubmissionTarget
from sync.documents import read_traces
from sync.joining import MERGE, SEPARATE

ACTS: Final = (MERGE, SEPARATE)
_TARGET: Final = table_of(SubmissionTarget).c
_ALSO_ABOUT: Final = select(_TARGET.submission, _TARGET.entity).where(
    _TARGET.county == bindparam("county"),
    among(_TARGET.submission, "submissions"),
    _TARGET.dataset == bindparam("dataset"),
)


@dataclass(frozen=True)
class Source:
    """A submission as the source of a value: who recorded it, and when by the tablet's word."""

    id: str
    person: str
    observed_at: str


def of(session: Session, county: str, submissions: Collection[str]) -> dict[str, Source]:
    """Submission → what a derivation says of it, for those the journal has."""
    found: dict[str, Source] = {}
    columns = table_of(SubmissionRow).c
    for some in parts(sorted(submissions)):
        rows = session.connection().execute(
            select(columns.id, columns.person, columns.observed_at).where(
                columns.county == county, columns.id.in_(some)
            )
        )
        found |= {row.id: Source(row.id, row.person, row.observed_at) for row in rows}
    return found


def also_about(session: Session, county: str, submissions: Collection[str], dataset: str) -> dict[str, str]:
    """Submission → the entity of a dataset it spoke of, for those that did."""
    found: dict[str, str] = {}
    for some in parts(sorted(submissions)):
        named = {"county": county, "submissions": some, "dataset": dataset}
        found |= dict(statements.rows(session, _ALSO_ABOUT, named))
    return found


def last_set(
    session: Session, county: str, dataset: str, ids: Mapping[str, str], name: str, *, apart_from: str
) -> dict[str, str]:
    """Entity → the value of property `name` that was put into it last, by submissions that spoke of nothing in
    dataset `apart_from`. ``ids``: every id under which it may have been recorded → the entity that leads to.

    What a submission said and the register did not take (the same as was there, superseded, in conflict) is
    no such value: nothing would tell a derivation of it. What an official took over from a home that was merged is
    the word of whoever recorded it there.
    """
    latest: dict[str, tuple[int, str]] = {}
    for some in parts(sorted(ids)):
        for line in _lines(session, county, dataset, some, apart_from):
            entity = ids[line.entity]
            trace = read_traces(line.traces).get(f"{dataset}/{entity}")
            step = trace.steps.get(name) if trace else None
            if step is None or step.outcome != "applied":
                continue
            if line.form in ACTS and apart_from in _recorded_with(
                session, county, dataset, line.submission, name, step.sent
            ):
                continue
            latest[entity] = max(latest.get(entity, (0, "")), (step.version, step.sent))
    return {entity: value for entity, (_, value) in latest.items()}


def _lines(session: Session, county: str, dataset: str, ids: list[str], apart_from: str) -> Iterator[Any]:
    target, other = aliased(SubmissionTarget), aliased(SubmissionTarget)
    excluded = exists().where(
        col(other.county) == county,
        col(other.submission) == col(target.submission),
        col(other.dataset) == apart_from,
    )
    of_target = and_(
        col(SubmissionRow.county) == col(target.county), col(SubmissionRow.id) == col(target.submission)
    )
    yield from session.execute(
        select(col(target.entity), col(target.submission), col(SubmissionRow.form), col(SubmissionRow.traces))
        .join(SubmissionRow, of_target)
        .where(
            col(target.county) == county,
            col(target.dataset) == dataset,
            col(target.entity).in_(ids),
            ~excluded,
        )
    )


def _recorded_with(
    session: Session, county: str, dataset: str, act: str, name: str, value: str
) -> frozenset[str]:
    """What else whoever last recorded a value spoke of, of the homes that an official's act was about."""
    target, row = _TARGET, table_of(SubmissionRow).c
    homes = select(target.entity).where(
        target.county == county, target.submission == act, target.dataset == dataset
    )
    lines = session.connection().execute(
        select(row.id, row.traces)
        .join(table_of(SubmissionTarget), and_(target.county == row.county, target.submission == row.id))
        .where(
            row.county == county, row.form.not_in(ACTS), target.dataset == dataset, target.entity.in_(homes)
        )
        .order_by(row.received_at, row.position)
    )
    last = ""
    for id, traces in lines:
        steps = (
            trace.steps.get(name) for key, trace in read_traces(traces).items() if key.startswith(dataset)
        )
        if any(step and step.sent == value and step.outcome in ("applied", "") for step in steps):
            last = id
    datasets = select(target.dataset).where(target.county == county, target.submission == last)
    return frozenset(session.connection().execute(datasets).scalars())
