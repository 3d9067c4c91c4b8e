"""Where a value of the register came from: what else the submission that set it was about, and what others set.

Apart from the journal's own reading and writing, because derivations ask this inside the transaction that is
merging: the journal's lines and their targets are there by then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import and_, bindparam, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from server import statements
from server.database import among, parts, table_of
from server.exchange.tables import SubmissionRow, SubmissionTarget
from sync.documents import read_traces
from sync.facts import Key, Trace
from sync.joining import MERGE, SEPARATE

ACTS: Final = (MERGE, SEPARATE)
_TARGET: Final = table_of(SubmissionTarget).c
_ALSO_ABOUT: Final = select(_TARGET.submission, _TARGET.entity).where(
    _TARGET.county == bindparam("county"),
    among(_TARGET.submission, "submissions"),
    _TARGET.dataset == bindparam("dataset"),
)


def _here(named: Any) -> Any:
    return and_(named.c.county == bindparam("county"), named.c.dataset == bindparam("dataset"))


def _all_of_homes() -> Any:
    """Every line on the homes of these acts and on all those they were ever merged with: what was put in under one id
    may have come to it from another."""
    named, line = table_of(SubmissionTarget), table_of(SubmissionRow)
    met, too = named.alias("met"), named.alias("too")
    acts = select(named.c.entity.label("home")).where(_here(named), among(named.c.submission, "acts"))
    kin = acts.cte("kin", recursive=True)
    of_met = and_(line.c.county == met.c.county, line.c.id == met.c.submission)
    kin = kin.union(
        select(too.c.entity)
        .join_from(kin, met, and_(_here(met), met.c.entity == kin.c.home))
        .join(line, and_(of_met, line.c.form.in_(ACTS)))
        .join(too, and_(_here(too), too.c.submission == met.c.submission))
    )
    lines = select(line.c.id, line.c.form, line.c.traces)
    return lines.join_from(kin, met, and_(_here(met), met.c.entity == kin.c.home)).join(line, of_met)


_ALL_OF_HOMES: Final = _all_of_homes()
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
    """The journal's lines that put a value in, the entity that each leads to, and the step it was put in with; but for
    merges that were undone."""
    lines = [(line, read_traces(line.traces)) for line in _lines(session, county, dataset, some, apart_from)]
    separations = [traces for line, traces in lines if line.form == SEPARATE]
    for line, traces in lines:
        entity = ids[line.entity]
        trace = traces.get(f"{dataset}/{entity}")
        step = trace.steps.get(name) if trace else None
        undone = line.form == MERGE and any(_undoes(each, traces) for each in separations)
        if step is not None and step.outcome == "applied" and not undone:
            yield line, entity, step


def _undoes(act: Mapping[Key, Trace], merge: Mapping[Key, Trace]) -> bool:
    """Whether an official's act made two again of the two homes that this merge had made one."""
    return act.keys() == merge.keys() and all(act[key].version > merge[key].version for key in merge)


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
    """An official's act and the value it took over → what else whoever recorded that value spoke of. Two questions for
    any number of acts."""
    asked = {"county": county, "dataset": dataset, "acts": sorted({act for act, _ in acts})}
    found = session.connection().execute(_ALL_OF_HOMES, asked)
    lines = {id: _Line(id, form, _of_dataset(traces, dataset)) for id, form, traces in found}
    recorded = {(act, value): _recorder(lines, name, lines[act], value) for act, value in acts}
    beside: dict[str, set[str]] = {}
    asked = {"county": county, "submissions": sorted({line.id for line in recorded.values() if line})}
    for id, other in session.connection().execute(_SPOKEN_OF, asked):
        beside.setdefault(id, set()).add(other)
    return {act: frozenset(beside.get(line.id, ()) if line else ()) for act, line in recorded.items()}


@dataclass(frozen=True)
class _Line:
    """A line of the journal. ``traces``: what it did to the entities of one dataset."""

    id: str
    form: str
    traces: Mapping[Key, Trace]


def _of_dataset(traces: str, dataset: str) -> dict[Key, Trace]:
    return {key: trace for key, trace in read_traces(traces).items() if key.startswith(f"{dataset}/")}


def _recorder(lines: Mapping[str, _Line], name: str, act: _Line, value: str) -> _Line | None:
    """Whose word a value is that an official took over: from act to act, whoever put it in at the home it came from.

    A merge takes it from the home that is gone, undoing one from what the home was without it. No look at when a
    line came: versions of one id are in order whatever clocks say.
    """
    line: _Line | None = act
    for _ in lines:
        if line is None or line.form not in ACTS:
            break
        line = max(_before(lines.values(), name, line, value), key=itemgetter(0), default=(None, None))[1]
    return line


def _before(
    lines: Iterable[_Line], name: str, act: _Line, value: str
) -> Iterator[tuple[tuple[bool, int], _Line]]:
    """The lines that an official's act may have a value from, each with its rank: who put it in comes before who only
    said the same, and the latest first."""
    own = {key for key, trace in act.traces.items() if name in trace.steps}
    (home,) = own if act.form == SEPARATE else act.traces.keys() - own
    for line in lines:
        step = line.traces[home].steps.get(name) if home in line.traces else None
        undone = line.form in ACTS and line.traces.keys() == act.traces.keys()
        if step is None or undone or step.sent != value or step.version > act.traces[home].base_version:
            continue
        if step.outcome in ("applied", "same", ""):
            yield (step.outcome == "applied", step.version), line
