"""What the office reads of the exchange: the journal, one submission as recorded, the conflicts still open."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlmodel import Session

from server.access.tables import Tablet
from server.access.views import names
from server.database import table_of
from server.exchange.tables import EntityRow, SubmissionRow, SubmissionTarget
from server.web import Page
from server.web.listing import held_to
from sync import alias
from sync.codec import decode
from sync.documents import read_held, values_of
from sync.facts import Held
from sync.messages import Submission, Verdict

ROWS_AT_A_TIME: Final = 500
READABLE: Final = ("submission", "office")
_JOURNAL: Final[Table] = table_of(SubmissionRow)
_ENTITY: Final[Table] = table_of(EntityRow)
_LINE: Final = tuple(column for column in _JOURNAL.columns if column.name != "traces")


@dataclass(frozen=True)
class SubmissionFilter:
    """Which submissions a list shows; an empty field filters nothing. `area`: division code prefix.

    What the office stated shows only where its `form` is asked for: the list is of what people recorded.
    """

    county: str
    outcome: str = ""
    area: str = ""
    form: str = ""
    device: str = ""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        columns = _JOURNAL.c
        yield columns.county == self.county
        if self.outcome:
            yield columns.outcome == self.outcome
        if self.area:
            # A range, so that the index on the village serves it.
            yield columns.village >= self.area
            yield columns.village < self.area + "~"
        if self.form:
            yield columns.form == self.form
        else:
            yield columns.kind != "office"
        if self.device:
            yield columns.device == self.device


@dataclass(frozen=True)
class SubmissionLine:
    """A line of the journal in a list. `code`: why rejected. `household`: id of the one it is about, or ""."""

    county: str
    id: str
    kind: str
    received_at: datetime
    observed_at: str
    village: str
    person: str
    device: str
    form: str
    form_version: str
    outcome: str
    marks: tuple[str, ...]
    code: str
    reason: str
    household: str


def page(session: Session, wanted: SubmissionFilter, number: int, size: int) -> Page[SubmissionLine]:
    """One page of the journal, latest first."""
    total = (
        session.connection().execute(_where(select(func.count()).select_from(_JOURNAL), wanted)).scalar_one()
    )
    number = held_to(number, total, size)
    rows = session.connection().execute(_ordered(wanted).limit(size).offset((number - 1) * size))
    return Page([_line(row._mapping) for row in rows], total, number, size)


def every(session: Session, wanted: SubmissionFilter) -> Iterator[SubmissionLine]:
    """The whole list, read as it is used."""
    rows = session.connection().execute(_ordered(wanted).execution_options(yield_per=ROWS_AT_A_TIME))
    return (_line(row._mapping) for row in rows)


def _where(statement: Select[Any], wanted: SubmissionFilter) -> Select[Any]:
    return statement.where(*wanted.conditions())


def _ordered(wanted: SubmissionFilter) -> Select[Any]:
    columns = _JOURNAL.c
    return _where(select(*_LINE), wanted).order_by(
        columns.received_at.desc(), columns.position.desc(), columns.id
    )


def _line(row: Mapping[Any, Any]) -> SubmissionLine:
    verdict = json.loads(row["verdict"])
    kept = {name: row[name] for name in SubmissionLine.__dataclass_fields__ if name in row}
    return SubmissionLine(
        **kept,
        marks=tuple(verdict["marks"]),
        code=verdict["code"] or "",
        reason=verdict["reason"] or "",
        household=_household(row),
    )


def _household(row: Mapping[Any, Any]) -> str:
    """The household a submission names, also where it was rejected; what could not be read names none."""
    if row["kind"] not in READABLE:
        return ""
    sent = json.loads(row["sent"])
    return home_named(((target["dataset"], target["id"]) for target in sent["targets"]), sent["answers"])


def home_named(targets: Iterable[tuple[str, str]], answers: Mapping[str, Any]) -> str:
    """The household that a record's targets (dataset, id) or else its answers name, or ""."""
    named = next((id for dataset, id in targets if dataset == "household"), "")
    # A payee and a sighting are entities of their own, recorded of a home.
    told = named or answers.get("household_id", "") or answers.get("household", "")
    return told if isinstance(told, str) else ""


def labels(session: Session, county: str, households: Collection[str] | None) -> dict[str, str]:
    """Household id → door number and name, for those the register has (None = all of the county)."""
    wanted: list[ColumnElement[bool]] = [_ENTITY.c.county == county, _ENTITY.c.dataset == "household"]
    if households is not None:
        wanted.append(_ENTITY.c.id.in_(sorted(households)))
    found: dict[str, str] = {}
    for identity, document in session.connection().execute(
        select(_ENTITY.c.id, _ENTITY.c.held).where(*wanted)
    ):
        found[identity] = called(values_of(document))
    # An id that was merged into another home has no values of its own: it is called what that one is.
    unnamed = {identity for identity, label in found.items() if not label}
    led = _leads_to(session, county, unnamed) if unnamed else {}
    return found | {identity: called(home.values()) for identity, home in led.items()}


def called(values: Mapping[str, str]) -> str:
    """What a home with these values is called: door number and name."""
    said = (values.get(name) for name in ("door_number", "head_name"))
    return " ".join(part for part in said if part)


@dataclass(frozen=True)
class SubmissionFile:
    """Everything known of one submission. `submission` None: it could not be read, `raw` is what was sent.
    `tablet_name`: empty where no tablet of that id is enrolled: it was entered in bulk.

    `others`: the other lines of the journal that speak of the same entities, oldest first.
    """

    line: SubmissionLine
    row: SubmissionRow
    submission: Submission | None
    verdict: Verdict
    raw: str
    tablet_name: str
    people: Mapping[str, str]
    others: Sequence[SubmissionLine]


def submission(session: Session, county: str, identity: str) -> SubmissionFile | None:
    row = session.get(SubmissionRow, (county, identity))
    if row is None:
        return None
    read = decode(Submission, row.sent.encode()) if row.kind in READABLE else None
    verdict = decode(Verdict, row.verdict.encode())
    others = _others(session, county, identity) if read else []
    people = {
        row.person,
        *(outcome.theirs_by for outcome in verdict.fields),
        *(each.person for each in others),
    }
    tablet = session.get(Tablet, (county, row.device))
    return SubmissionFile(
        line=_line({name: getattr(row, name) for name in SubmissionRow.model_fields}),
        row=row,
        submission=read,
        verdict=verdict,
        raw=row.sent,
        tablet_name=tablet.called if tablet else "",
        people=names(session, people),
        others=others,
    )


def _others(session: Session, county: str, identity: str) -> list[SubmissionLine]:
    mine, theirs = table_of(SubmissionTarget).alias(), table_of(SubmissionTarget).alias()
    same = (
        select(theirs.c.submission)
        .join(
            mine,
            (mine.c.county == theirs.c.county)
            & (mine.c.dataset == theirs.c.dataset)
            & (mine.c.entity == theirs.c.entity),
        )
        .where(mine.c.county == county, mine.c.submission == identity, theirs.c.submission != identity)
    )
    columns = _JOURNAL.c
    rows = session.connection().execute(
        select(*_LINE)
        .where(columns.county == county, columns.id.in_(same))
        .order_by(columns.received_at, columns.position)
        .limit(ROWS_AT_A_TIME)
    )
    return [_line(row._mapping) for row in rows]


def conflicts(session: Session, county: str, area: str, number: int, size: int) -> Page[Held]:
    """Entities with an open conflict in an area ("" = all of the county), latest changed first."""
    wanted: list[ColumnElement[bool]] = [_ENTITY.c.county == county, _ENTITY.c.conflicts_n > 0]
    if area:
        wanted += [_ENTITY.c.village >= area, _ENTITY.c.village < area + "~"]
    total = session.execute(select(func.count()).select_from(_ENTITY).where(*wanted)).scalar_one()
    number = held_to(number, total, size)
    rows = session.execute(
        select(_ENTITY.c.held)
        .where(*wanted)
        .order_by(_ENTITY.c.updated_at.desc(), _ENTITY.c.dataset, _ENTITY.c.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    return Page([read_held(document) for (document,) in rows], total, number, size)


def households(session: Session, county: str, identities: set[str]) -> dict[str, Held]:
    """Household id → the household it leads to, for naming what belongs to one."""
    return _leads_to(session, county, identities)


def _leads_to(session: Session, county: str, identities: set[str]) -> dict[str, Held]:
    found = _households(session, county, identities)
    while further := {id for _, id in alias.unread(found)}:
        found |= _households(session, county, further)
    led = {id: alias.survivor(f"household/{id}", found) for id in identities}
    return {id: held for id, held in led.items() if held is not None}


def _households(session: Session, county: str, identities: set[str]) -> dict[str, Held]:
    if not identities:
        return {}
    rows = session.execute(
        select(_ENTITY.c.held).where(
            _ENTITY.c.county == county,
            _ENTITY.c.dataset == "household",
            _ENTITY.c.id.in_(sorted(identities)),
        )
    )
    found = [read_held(document) for (document,) in rows]
    return {held.key: held for held in found}
