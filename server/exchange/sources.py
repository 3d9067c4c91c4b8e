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
_JOURNAL: Final = table_of(SubmissionRow).c
# What people recorded of homes, in the order it came.
_RECORDED: Final = (
    select(_TARGET.entity, _JOURNAL.id, _JOURNAL.traces)
    .join(
        table_of(SubmissionRow),
        and_(_JOURNAL.county == _TARGET.county, _JOURNAL.id == _TARGET.submission),
    )
    .where(
        _TARGET.county == bindparam("county"), _TARGET.dataset == bindparam("dataset"),
        among(_TARGET.entity, "homes"), _JOURNAL.form.not_in(ACTS),
    )
    .order_by(_JOURNAL.received_at, _JOURNAL.position)
)  # fmt: skip
_SPOKEN_OF: Final = select(_TARGET.submission, _TARGET.dataset).where(
    _TARGET.county == bindparam("county"), among(_TARGET.submission, "submissions")
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
        put = list(_put(session, county, dataset, some, ids, name, apart_from))
        taken_over = {(line.submission, step.sent) for line, _, step in put if line.form in ACTS}
        beside = _recorded_with(session, county, dataset, name, taken_over) if taken_over else {}
        for line, entity, step in put:
            if apart_from not in beside.get((line.submission, step.sent), ()):
                latest[entity] = max(latest.get(entity, (0, "")), (step.version, step.sent))
    return {entity: value for entity, (_, value) in latest.items()}


def _put(
    session: Session,
    county: str,
    dataset: str,
    some: list[str],
    ids: Mapping[str, str],
    name: str,
    apart_from: str,
) -> Iterator[tuple[Any, str, Any]]:
    """The journal's lines that put a value in, the entity that each leads to, and the step it was put in with."""
    for line in _lines(session, county, dataset, some, apart_from):
        entity = ids[line.entity]
        trace = read_traces(line.traces).get(f"{dataset}/{entity}")
        step = trace.steps.get(name) if trace else None
        if step is not None and step.outcome == "applied":
            yield line, entity, step


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
    session: Session, county: str, dataset: str, name: str, acts: Collection[tuple[str, str]]
) -> dict[tuple[str, str], frozenset[str]]:
    """An official's act and the value it took over → what else whoever last recorded that value spoke of, of the homes
    that the act was about. Three questions for any number of acts."""
    about: dict[str, set[str]] = {}
    submissions = sorted({act for act, _ in acts})
    for act, home in statements.rows(
        session, _ALSO_ABOUT, {"county": county, "submissions": submissions, "dataset": dataset}
    ):
        about.setdefault(act, set()).add(home)
    homes = sorted(set().union(*about.values()))
    asked = {"county": county, "dataset": dataset, "homes": homes}
    recorded = [
        (home, id, set(_values(traces, dataset, name)))
        for home, id, traces in session.connection().execute(_RECORDED, asked)
    ]
    last = {
        (act, value): id
        for act, value in acts
        for home, id, values in recorded
        if home in about.get(act, ()) and value in values
    }
    beside: dict[str, set[str]] = {}
    asked = {"county": county, "submissions": sorted(set(last.values()))}
    for id, other in session.connection().execute(_SPOKEN_OF, asked):
        beside.setdefault(id, set()).add(other)
    return {act: frozenset(beside.get(id, ())) for act, id in last.items()}


def _values(traces: str, dataset: str, name: str) -> Iterator[str]:
    """What a submission put into a property of this dataset's entities."""
    for key, trace in read_traces(traces).items():
        step = trace.steps.get(name) if key.startswith(dataset) else None
        if step and step.outcome in ("applied", ""):
            yield step.sent
