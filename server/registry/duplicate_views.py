"""What the pages of homes registered twice show: pairs, both sides with what hangs on each, and past merges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from server.access.tables import Audit
from server.access.views import names
from server.database import parts
from server.exchange.tables import EntityRow, SubmissionRow, SubmissionTarget
from server.registry import divisions, vocabulary
from server.registry.duplicate_tables import HouseholdMerge, NotDuplicate
from server.registry.likenesses import Likenesses
from server.registry.rules import bounds
from server.registry.tables import CoalUse, Conversion, Household
from server.web import N_, Page
from server.web.listing import held_to
from survey_forms.likeness import Likeness, Reason
from sync.documents import read_held
from sync.facts import Held
from sync.sight import same

STATES: Final = {"open": N_("待核实"), "dismissed": N_("已认定不是重复"), "merged": N_("已合并")}
GRADES: Final = {"certain": N_("很可能"), "likely": N_("可能")}
REASONS: Final = {
    "id_number": N_("身份证号相同"),
    "name": N_("户主姓名相同"),
    "name_sound": N_("户主姓名读音相同"),
    "name_close": N_("户主姓名只差一个字"),
    "door": N_("门牌号相同"),
    "address": N_("位置说明相同"),
    "near": N_("位置相距 {n} 米"),
}


@dataclass(frozen=True)
class PairFilter:
    """`area`: division code prefix; `state`: a key of STATES; `grade`: of GRADES, empty for both."""

    area: str
    state: str = "open"
    grade: str = ""

    def address(self, path: str = "/duplicates") -> str:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


@dataclass(frozen=True)
class Side:
    """One of two homes and what hangs on it. `recorded_by`, `recorded_at`: of the first record under its id."""

    home: Household
    village_name: str
    township_name: str
    conversions_n: int
    coal_n: int
    records_n: int
    recorded_by: str
    recorded_at: datetime | None


@dataclass(frozen=True)
class Pair:
    """Two homes that may be one; `dismissed`: who said that they are two."""

    one: Side
    other: Side
    grade: str
    reasons: tuple[Reason, ...]
    dismissed: NotDuplicate | None
    dismissed_by: str


@dataclass(frozen=True)
class Merged:
    """A merge that stands or stood; `home`: the survivor as it is now, where it leads to; `kept` and
    `gone`: door and name of the survivor and of the home that was merged into it, as they were then."""

    row: HouseholdMerge
    home: Household | None
    kept: str
    gone: str
    village_name: str
    merged_by: str
    undone_by: str


def pairs(
    session: Session, likenesses: Likenesses, wanted: PairFilter
) -> list[tuple[Likeness, NotDuplicate | None]]:
    """The pairs of a list, certain ones first."""
    said = _dismissed(session, wanted.area[:6])
    found = [(each, said.get((each.one, each.other))) for each in likenesses.find(session, wanted.area)]
    return [
        (each, row)
        for each, row in found
        if (row is None) == (wanted.state == "open") and wanted.grade in ("", each.grade)
    ]


def _dismissed(session: Session, county: str) -> dict[tuple[str, str], NotDuplicate]:
    rows = session.execute(
        select(NotDuplicate).where(
            col(NotDuplicate.county) == county, col(NotDuplicate.withdrawn_at).is_(None)
        )
    ).scalars()
    return {(row.one, row.other): row for row in rows}


def counts(session: Session, likenesses: Likenesses, wanted: PairFilter) -> dict[str, int]:
    """How many stand in which state, with the area kept."""
    said = _dismissed(session, wanted.area[:6])
    found = likenesses.find(session, wanted.area)
    dismissed_n = sum((each.one, each.other) in said for each in found)
    standing = _merges(wanted.area).where(col(HouseholdMerge.undone_at).is_(None))
    merged: int = session.execute(select(func.count()).select_from(standing.subquery())).scalar_one()
    return {"open": len(found) - dismissed_n, "dismissed": dismissed_n, "merged": merged}


def page(session: Session, likenesses: Likenesses, wanted: PairFilter, number: int, size: int) -> Page[Pair]:
    found = pairs(session, likenesses, wanted)
    number = held_to(number, len(found), size)
    part = found[(number - 1) * size : number * size]
    return Page(told(session, wanted.area[:6], part), len(found), number, size)


def told(session: Session, county: str, found: Sequence[tuple[Likeness, NotDuplicate | None]]) -> list[Pair]:
    """Pairs with both sides in words; one of which a home is gone by now is left out."""
    at = sides(session, county, {id for each, _ in found for id in (each.one, each.other)})
    people = names(session, {row.said_by for _, row in found if row})
    return [
        Pair(
            at[each.one], at[each.other], each.grade, each.reasons, row,
            people.get(row.said_by, row.said_by) if row else "",
        )
        for each, row in found
        if each.one in at and each.other in at
    ]  # fmt: skip


def sides(session: Session, county: str, ids: Collection[str]) -> dict[str, Side]:
    """Homes with what hangs on each."""
    homes: dict[str, Household] = {}
    conversions, coal, records = dict[str, int](), dict[str, int](), dict[str, int]()
    first: dict[str, tuple[str, datetime]] = {}
    for part in parts(sorted(ids)):
        rows = select(Household).where(col(Household.county) == county, col(Household.id).in_(part))
        homes |= {row.id: row for row in session.execute(rows).scalars()}
        conversions |= _owned(session, Conversion, county, part)
        coal |= _owned(session, CoalUse, county, part)
        for id, person, at in _records(session, county, part):
            records[id] = records.get(id, 0) + 1
            first.setdefault(id, (person, at))
    people = names(session, {person for person, _ in first.values()})
    villages = {row.village for row in homes.values()}
    places = {each.code: each for each in divisions.villages(session, county, villages)} if villages else {}
    return {
        id: Side(
            row,
            places[row.village].name if row.village in places else row.village,
            places[row.village].township_name if row.village in places else "",
            conversions.get(id, 0), coal.get(id, 0), records.get(id, 0),
            people.get(first[id][0], first[id][0]) if id in first else "",
            first[id][1] if id in first else None,
        )
        for id, row in homes.items()
    }  # fmt: skip


def _owned(session: Session, model: Any, county: str, ids: list[str]) -> dict[str, int]:
    rows = session.execute(
        select(model.household, func.count())
        .where(model.county == county, model.household.in_(ids))
        .group_by(model.household)
    )
    return {row[0]: row[1] for row in rows}


def _records(session: Session, county: str, ids: list[str]) -> Iterable[Any]:
    """Every record of these homes by tablets: home, person, when it came; the earliest first."""
    return session.execute(
        select(col(SubmissionTarget.entity), col(SubmissionRow.person), col(SubmissionRow.received_at))
        .join(
            SubmissionRow,
            (col(SubmissionRow.county) == col(SubmissionTarget.county))
            & (col(SubmissionRow.id) == col(SubmissionTarget.submission)),
        )
        .where(
            col(SubmissionTarget.county) == county,
            col(SubmissionTarget.dataset) == "household",
            col(SubmissionTarget.entity).in_(ids),
            col(SubmissionRow.kind) == "submission",
        )
        .order_by(col(SubmissionRow.received_at), col(SubmissionRow.position))
    )


# ---- two homes side by side


@dataclass(frozen=True)
class Field:
    """A property on both sides. `differs`: a person chooses; where one side has nothing, the other's is taken."""

    name: str
    label: str
    own: str
    theirs: str

    @property
    def differs(self) -> bool:
        return bool(self.own and self.theirs) and not same(self.own, self.theirs)


def fields_of(survivor: Held, loser: Held) -> list[Field]:
    """Every property either has, in the order of the register's words."""
    own, theirs = survivor.values(), loser.values()
    order = list(vocabulary.PROPERTIES)
    every = sorted(
        {name for name, value in (*own.items(), *theirs.items()) if value},
        key=lambda name: (order.index(name) if name in order else len(order), name),
    )
    return [
        Field(name, vocabulary.PROPERTIES.get(name, name), own.get(name, ""), theirs.get(name, ""))
        for name in every
    ]


def entities(session: Session, county: str, ids: Collection[str]) -> dict[str, Held]:
    """The homes' own documents, by id; an alias has none."""
    documents = session.execute(
        select(col(EntityRow.held)).where(
            col(EntityRow.county) == county, col(EntityRow.dataset) == "household", col(EntityRow.id).in_(ids)
        )
    ).scalars()
    found = (read_held(document) for document in documents)
    return {held.id: held for held in found if held.same_as is None}


# ---- merges


def _merges(area: str) -> Any:
    low, high = bounds(area)
    return select(HouseholdMerge).where(
        col(HouseholdMerge.county) == area[:6],
        or_(
            col(HouseholdMerge.village).between(low, high),
            col(HouseholdMerge.loser_village).between(low, high),
        ),
    )


def merges(session: Session, area: str, number: int, size: int) -> Page[Merged]:
    """Merges of an area, the latest first, those that were undone among them."""
    total: int = session.execute(select(func.count()).select_from(_merges(area).subquery())).scalar_one()
    number = held_to(number, total, size)
    ordered = _merges(area).order_by(col(HouseholdMerge.merged_at).desc(), col(HouseholdMerge.id))
    rows = list(session.execute(ordered.offset((number - 1) * size).limit(size)).scalars())
    return Page(merged(session, rows), total, number, size)


def merged(session: Session, rows: Sequence[HouseholdMerge]) -> list[Merged]:
    county = rows[0].county if rows else ""
    people = names(session, {row.merged_by for row in rows} | {row.undone_by for row in rows} - {""})
    homes: Mapping[str, Household] = {}
    for part in parts(sorted({row.survivor for row in rows})):
        wanted = select(Household).where(col(Household.county) == county, col(Household.id).in_(part))
        homes = {**homes, **{row.id: row for row in session.execute(wanted).scalars()}}
    then = _when_merged(session, county, rows)
    called = divisions.names(session, {row.village for row in rows})
    return [
        Merged(
            row, homes.get(row.survivor), then.get(row.survivor, row.survivor), then.get(row.loser, ""),
            called.get(row.village, row.village),
            people.get(row.merged_by, row.merged_by), people.get(row.undone_by, row.undone_by),
        )
        for row in rows
    ]  # fmt: skip


def _when_merged(session: Session, county: str, rows: Sequence[HouseholdMerge]) -> dict[str, str]:
    """The homes' ids → door and name then: an alias has no values of its own, but whoever merged it wrote them down."""
    told: dict[str, str] = {}
    for part in parts(sorted({f"household/{row.survivor}" for row in rows})):
        acts = select(col(Audit.subject), col(Audit.detail)).where(
            col(Audit.county) == county, col(Audit.subject).in_(part), col(Audit.verb) == "household.merge"
        )
        for subject, detail in session.execute(acts):
            told[subject.partition("/")[2]] = detail.get("保留", "")
            name, _, rest = detail.get("并入", "").rpartition("（")
            told[rest.removesuffix("）")] = name
    return told


def of_home(session: Session, county: str, household: str) -> list[Merged]:
    """Merges that stand of which a home is the survivor, the latest first."""
    wanted = select(HouseholdMerge).where(
        col(HouseholdMerge.county) == county, col(HouseholdMerge.survivor) == household,
        col(HouseholdMerge.undone_at).is_(None),
    )  # fmt: skip
    rows = session.execute(wanted.order_by(col(HouseholdMerge.merged_at).desc())).scalars()
    return merged(session, list(rows))


def dismissed(session: Session, county: str, one: str, other: str) -> tuple[NotDuplicate, str] | None:
    """Who said that two homes are two, where that stands; with the name."""
    first, second = sorted((one, other))
    row = _dismissed(session, county).get((first, second))
    return (row, names(session, {row.said_by}).get(row.said_by, row.said_by)) if row else None
