"""Ids that lead to another home since somebody merged two: how every room reads through them.

What was recorded under either id keeps that id in the journal and in the entities. The register's rows say where it
leads, and are made so here: derivations are handed changed entities as they belong now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, or_, select, tuple_, update
from sqlmodel import Session, col

from server import statements
from server.database import among, parts, table_of, upsert
from server.registry.duplicate_tables import Alias, HouseholdMerge
from server.registry.tables import Household
from sync.facts import Held

Derivation = Callable[[Session, str, Sequence[Held], datetime], None]

DATASET: Final = "household"
OWNER: Final = "household"
"""The property by which other entities name the home they belong to."""
_ALIAS, _HOME = table_of(Alias), table_of(Household)
# Built once: every contact that brings records asks.
_SURVIVORS: Final = select(col(Alias.id), col(Alias.survivor)).where(
    col(Alias.county) == bindparam("county"), col(Alias.dataset) == DATASET, among(col(Alias.id), "ids")
)


# ---- reading


def same_as(session: Session, county: str) -> dict[str, str]:
    """Every merged home of a county → the one it leads to at last."""
    rows = session.execute(
        select(col(Alias.id), col(Alias.survivor)).where(
            col(Alias.county) == county, col(Alias.dataset) == DATASET
        )
    )
    return {row.id: row.survivor for row in rows}


def survivors(session: Session, county: str, ids: Collection[str]) -> dict[str, str]:
    """Those of these homes that were merged → the one each leads to at last."""
    known: dict[str, str] = {}
    session.flush()
    for part in parts(sorted(ids)):
        rows = session.connection().execute(_SURVIVORS, {"county": county, "ids": part})
        known |= {row.id: row.survivor for row in rows}
    return known


def ids_of(session: Session, county: str, households: Collection[str]) -> dict[str, list[str]]:
    """Each home → every id that leads to it, its own first."""
    return {id: [id, *more] for id, more in _led(same_as(session, county), households).items()}


def _led(known: Mapping[str, str], households: Collection[str]) -> dict[str, list[str]]:
    led = defaultdict(list)
    for id, end in sorted(known.items()):
        led[end].append(id)
    return {id: led.get(id, []) for id in households}


def every_id(session: Session, county: str, households: Collection[str]) -> dict[str, list[str]]:
    """Each id → every id of the home it leads to, its own first, then the one that lives on: to read what was
    written for a home under any of them."""
    known = same_as(session, county)
    ends = {id: known.get(id, id) for id in households}
    led = _led(known, set(ends.values()))
    return {id: list(dict.fromkeys((id, end, *led[end]))) for id, end in ends.items()}


def of_home(session: Session, county: str, household: str) -> list[str]:
    """Every id that leads to a home, its own first."""
    return ids_of(session, county, [household])[household]


def home(session: Session, county: str, household: str) -> Household | None:
    """The home an id leads to."""
    return homes(session, county, [household]).get(household)


def homes(session: Session, county: str, ids: Collection[str]) -> dict[str, Household]:
    """Each of these ids → the home it leads to; two statements for any number of them."""
    known = _homes(session, county, ids)
    further = survivors(session, county, set(ids) - known.keys())
    ends = _homes(session, county, set(further.values()))
    return known | {id: ends[end] for id, end in further.items() if end in ends}


def _homes(session: Session, county: str, ids: Collection[str]) -> dict[str, Household]:
    found: dict[str, Household] = {}
    for part in parts(sorted(ids)):
        rows = session.execute(
            select(Household).where(col(Household.county) == county, col(Household.id).in_(part))
        )
        found |= {row.id: row for row in rows.scalars()}
    return found


def home_of(row: Any) -> ColumnElement[str]:
    """Of a row that names a home by the id it was written for (columns `county`, `household`): the home it leads
    to now, for a join with Household."""
    further = (
        select(col(Alias.survivor))
        .where(
            col(Alias.county) == col(row.county),
            col(Alias.dataset) == DATASET,
            col(Alias.id) == col(row.household),
        )
        .correlate(row)
        .scalar_subquery()
    )
    return func.coalesce(further, col(row.household))


def with_home(statement: Any, row: Any) -> Any:
    """A statement over rows that name a home by the id they were written for (columns `county`, `household`), each with
    the home that leads to now, or without one. For lists: `home_of` would ask anew for each row that is sorted."""
    further = and_(
        col(Alias.county) == col(row.county),
        col(Alias.dataset) == DATASET,
        col(Alias.id) == col(row.household),
    )
    home = and_(
        col(Household.county) == col(row.county),
        col(Household.id) == func.coalesce(col(Alias.survivor), col(row.household)),
    )
    return statement.outerjoin(Alias, further).outerjoin(Household, home)


def home_has(row: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a Household: whether some row that names a home by the id it was written for speaks of this one, under its
    own id or one that was merged into it, and meets these conditions.

    Two questions: its own rows are found in an index, and those of merged homes, of which there are few, once for all.
    In one condition, joined by `or`, every home would be held against every row of its county.
    """
    own = exists().where(
        col(row.county) == col(Household.county), col(row.household) == col(Household.id), *conditions
    )
    merged = select(col(Alias.county), col(Alias.survivor)).where(
        col(Alias.dataset) == DATASET,
        col(row.county) == col(Alias.county),
        col(row.household) == col(Alias.id),
        *conditions,
    )
    return or_(own, tuple_(col(Household.county), col(Household.id)).in_(merged.correlate(None)))


def of_merged_home(row: Any) -> ColumnElement[bool]:
    """Of a row that names a home: whether that home was merged with another, whichever lives on."""
    county = col(Alias.county) == col(row.county)
    gone = select(col(Alias.id)).where(county).correlate(row)
    living = select(col(Alias.survivor)).where(county).correlate(row)
    return or_(col(row.household).in_(gone), col(row.household).in_(living))


def at(session: Session, county: str) -> Callable[[datetime], dict[str, str]]:
    """How homes were merged at an instant: what was decided then was read through that."""
    acts = list(session.execute(select(HouseholdMerge).where(col(HouseholdMerge.county) == county)).scalars())

    def then(moment: datetime) -> dict[str, str]:
        known = {
            act.loser: act.survivor
            for act in acts
            if act.merged_at <= moment and (act.undone_at is None or moment < act.undone_at)
        }
        return {id: _end(id, known) for id in known}

    return then


def ever(session: Session, county: str) -> dict[str, str]:
    """Each home that was ever merged, undone or not → one id that stands for all it was ever merged with."""
    rows = session.execute(
        select(col(HouseholdMerge.survivor), col(HouseholdMerge.loser)).where(
            col(HouseholdMerge.county) == county
        )
    )
    group: dict[str, set[str]] = {}
    for pair in rows:
        together = set(pair).union(*(group.get(id, set()) for id in pair))
        group |= dict.fromkeys(together, together)
    return {id: min(together) for id, together in group.items()}


def _end(id: str, known: Mapping[str, str]) -> str:
    for _ in known:  # an alias may itself have been merged further; never longer than the map
        id = known.get(id, id)
    return id


# ---- derivations

# Asked once for every batch that tablets send, so it is put together once.
_ANY: Final = select(_ALIAS.c.id).where(_ALIAS.c.county == bindparam("county")).limit(1)
_OF_COUNTY: Final = (_ALIAS.c.county == bindparam("county"), _ALIAS.c.dataset == DATASET)
_NO_ALIASES: Final = delete(_ALIAS).where(*_OF_COUNTY, among(_ALIAS.c.id, "ids"))
_NO_HOMES: Final = delete(_HOME).where(_HOME.c.county == bindparam("county"), among(_HOME.c.id, "ids"))
_LEADING: Final = select(_ALIAS.c.id, _ALIAS.c.same_as, _ALIAS.c.survivor).where(*_OF_COUNTY)
_LEADS: Final = (
    update(_ALIAS).where(*_OF_COUNTY, _ALIAS.c.id == bindparam("alias")).values(survivor=bindparam("end"))
)


def through(*derivations: Derivation) -> Derivation:
    """These derivations, each handed what changed as it belongs now: aliases noted first, what names a merged home
    as its owner under the home that lives on, and homes that are aliases left out."""

    def derive(session: Session, county: str, changed: Sequence[Held], now: datetime) -> None:
        belonging = changed
        if _concerned(session, county, changed):
            _note(session, county, changed)
            belonging = as_they_belong(session, county, changed)
        for derivation in derivations:
            derivation(session, county, belonging, now)

    return derive


def as_they_belong(session: Session, county: str, entities: Sequence[Held]) -> list[Held]:
    """Entities as derivations read them: what names a merged home as its owner under the one that lives on, and homes
    that are aliases left out."""
    owners = {owner for held in entities if held.dataset != DATASET and (owner := _owner(held))}
    further = survivors(session, county, owners)
    return [_belonging(held, further) for held in entities if held.same_as is None]


def _concerned(session: Session, county: str, changed: Iterable[Held]) -> bool:
    """Whether any home of the county is an alias, or becomes one: where none is, a batch asks no more than this."""
    if any(held.same_as for held in changed):
        return True
    return bool(statements.rows(session, _ANY, {"county": county}))


def _owner(held: Held) -> str:
    state = held.props.get(OWNER)
    return state.value if state else ""


def _belonging(held: Held, further: Mapping[str, str]) -> Held:
    if held.dataset == DATASET or _owner(held) not in further:
        return held
    state = held.props[OWNER]
    return replace(held, props={**held.props, OWNER: state._replace(value=further[state.value])})


def _note(session: Session, county: str, changed: Iterable[Held]) -> None:
    """Aliases in and out of their table; a home that is one has no row of its own."""
    session.flush()
    homes = [held for held in changed if held.dataset == DATASET]
    gone = [held for held in homes if held.same_as]
    for part in parts(sorted(held.id for held in homes if not held.same_as)):
        statements.run(session, _NO_ALIASES, {"county": county, "ids": part})
    rows = [
        {"county": county, "dataset": DATASET, "id": held.id, "same_as": held.same_as, "survivor": held.same_as,
         "village": held.village}
        for held in gone
    ]  # fmt: skip
    upsert(session, Alias, rows)
    for part in parts(sorted(held.id for held in gone)):
        statements.run(session, _NO_HOMES, {"county": county, "ids": part})
    _lead_to_the_end(session, county)


def _lead_to_the_end(session: Session, county: str) -> None:
    rows = statements.rows(session, _LEADING, {"county": county})
    known = {id: same_as for id, same_as, _ in rows}
    for id, _, survivor in rows:
        if (end := _end(id, known)) != survivor:
            statements.run(session, _LEADS, {"county": county, "alias": id, "end": end})
