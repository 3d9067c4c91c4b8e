"""What the pages of acceptance show: conversions that wait or are accepted, and a household's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session, col

from server.access.views import names
from server.registry import aliases, divisions, rules
from server.registry.acceptance_tables import Acceptance
from server.registry.by_door import door_joined
from server.registry.tables import Conversion, Household
from server.web import N_, Page
from server.web.listing import held_to

STATES: Final = {
    "waiting": N_("待验收"),
    "accepted": N_("已验收"),
    "disputed": N_("有未决冲突，暂不能验收"),
    "unconnected": N_("未接通"),
    "all": N_("全部"),
}


@dataclass(frozen=True)
class AcceptanceFilter:
    """`area`: division code prefix; `state`: a key of STATES; `kind`: of conversion; `batch`: its batch."""

    area: str
    state: str = "waiting"
    kind: str = ""
    batch: str = ""

    def address(self, path: str = "/acceptance") -> str:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        yield col(Conversion.county) == self.area[:6]
        yield col(Conversion.village).between(*rules.bounds(self.area))
        if self.kind:
            yield col(Conversion.kind) == self.kind
        if self.batch:
            yield col(Conversion.batch) == self.batch

    def state_conditions(self) -> Iterator[ColumnElement[bool]]:
        stands, connected = col(Acceptance.number).is_not(None), col(Conversion.connected_on).is_not(None)
        disputed = col(Conversion.conflicts_n) > 0
        if self.state == "accepted":
            yield stands
        elif self.state == "waiting":
            yield and_(~stands, connected, ~disputed)
        elif self.state == "disputed":
            yield and_(~stands, connected, disputed)
        elif self.state == "unconnected":
            yield and_(~stands, ~connected)


@dataclass(frozen=True)
class Line:
    """A conversion with its home and, where it has one, its standing acceptance and who gave it."""

    conversion: Conversion
    household: Household | None
    acceptance: Acceptance | None
    village_name: str
    township_name: str
    accepted_by: str

    @property
    def claimed_on(self) -> date | None:
        """The surveyor's date: a claim."""
        return self.conversion.accepted_on

    @property
    def acceptable(self) -> bool:
        conversion = self.conversion
        return self.acceptance is None and conversion.connected_on is not None and not conversion.conflicts_n


def _joined(*columns: Any) -> Any:
    home = and_(
        col(Household.county) == col(Conversion.county), col(Household.id) == col(Conversion.household)
    )
    standing = and_(
        col(Acceptance.county) == col(Conversion.county),
        col(Acceptance.conversion) == col(Conversion.id),
        col(Acceptance.withdrawn_at).is_(None),
    )
    return select(*columns).select_from(Conversion).outerjoin(Household, home).outerjoin(Acceptance, standing)


def _found(wanted: AcceptanceFilter, *columns: Any) -> Any:
    return _joined(*columns).where(*wanted.conditions(), *wanted.state_conditions())


def _ordered(statement: Any) -> Any:
    return statement.order_by(col(Conversion.village), door_joined(), col(Conversion.id))


def _lines(session: Session, rows: list[Any]) -> list[Line]:
    codes = {row[0].village for row in rows}
    county = rows[0][0].county if rows else ""
    places = {each.code: each for each in divisions.villages(session, county, codes)} if rows else {}
    people = names(session, {row[2].accepted_by for row in rows if row[2]})
    return [
        Line(
            conversion, home, acceptance,
            places[conversion.village].name if conversion.village in places else conversion.village,
            places[conversion.village].township_name if conversion.village in places else "",
            people.get(acceptance.accepted_by, acceptance.accepted_by) if acceptance else "",
        )
        for conversion, home, acceptance in rows
    ]  # fmt: skip


def page(session: Session, wanted: AcceptanceFilter, *, number: int, size: int) -> Page[Line]:
    """One page of the list, by village and door."""
    total = session.execute(_found(wanted, func.count())).scalar_one()
    number = held_to(number, total, size)
    statement = _ordered(_found(wanted, Conversion, Household, Acceptance))
    rows = session.execute(statement.offset((number - 1) * size).limit(size)).all()
    return Page(_lines(session, list(rows)), total, number, size)


def every(session: Session, wanted: AcceptanceFilter) -> Iterator[Line]:
    """The whole list, for a sheet."""
    statement = _ordered(_found(wanted, Conversion, Household, Acceptance))
    for part in session.execute(statement.execution_options(yield_per=500)).partitions(500):
        yield from _lines(session, list(part))


def ids(session: Session, wanted: AcceptanceFilter) -> list[str]:
    """The conversions of a list that wait."""
    return list(session.execute(_found(wanted, col(Conversion.id))).scalars())


def counts(session: Session, wanted: AcceptanceFilter) -> dict[str, int]:
    """How many conversions stand in which state, with the other filters kept."""
    found = {}
    for state in STATES:
        one = AcceptanceFilter(wanted.area, state, wanted.kind, wanted.batch)
        found[state] = session.execute(_found(one, func.count())).scalar_one()
    return found


def of_household(session: Session, county: str, household: str) -> list[Line]:
    """A home's conversions with their standing acceptances, the latest first."""
    statement = _joined(Conversion, Household, Acceptance).where(
        col(Conversion.county) == county, col(Conversion.household) == household
    )
    rows = session.execute(statement.order_by(col(Conversion.connected_on).desc(), col(Conversion.id))).all()
    return _lines(session, list(rows))


@dataclass(frozen=True)
class Withdrawn:
    """An acceptance that was taken back, with the names of both officials."""

    row: Acceptance
    accepted_by: str
    withdrawn_by: str


def withdrawn(session: Session, county: str, household: str) -> list[Withdrawn]:
    """A home's withdrawn acceptances, the latest first."""
    statement = (
        select(Acceptance)
        .where(
            col(Acceptance.county) == county,
            col(Acceptance.household).in_(aliases.of_home(session, county, household)),
            col(Acceptance.withdrawn_at).is_not(None),
        )
        .order_by(col(Acceptance.withdrawn_at).desc())
    )
    rows = list(session.execute(statement).scalars())
    people = names(session, {row.accepted_by for row in rows} | {row.withdrawn_by or "" for row in rows})
    return [
        Withdrawn(row, people.get(row.accepted_by, ""), people.get(row.withdrawn_by or "", ""))
        for row in rows
    ]
