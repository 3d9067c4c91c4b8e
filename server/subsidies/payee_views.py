"""What the pages of payees show: homes with the payee in force, what waits, what is missing and what is odd."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlmodel import Session, col

from server.access.views import names
from server.database import parts, table_of
from server.registry import aliases, divisions, rules
from server.registry.by_door import BY_DOOR
from server.registry.filters import escaped
from server.registry.tables import Household
from server.subsidies.account_search import account_is
from server.subsidies.payee_warnings import warnings
from server.subsidies.payees import IN_FORCE, LIST, PROPOSED, payee_of, rows_of
from server.subsidies.tables import EntitlementRow, PayeeListRow, PayeeRow, ReviewRow
from server.web import N_, Page
from server.web.listing import held_to

SHOWS: Final = {
    "known": N_("已有收款人"),
    "missing": N_("应补而没有收款人"),
    "proposed": N_("待确认"),
    "shared": N_("几户共用账号"),
    "other_holder": N_("户名不是户主"),
    "none": N_("没有收款人"),
}
ROWS_AT_A_TIME: Final = 1000
SEARCH_CHARS_MAX: Final = 50
LISTS_SHOWN: Final = 10


@dataclass(frozen=True)
class PayeeFilter:
    """`area`: division code prefix; `show`: a key of SHOWS; `q`: name, door, holder or end of the account."""

    area: str
    show: str = "known"
    q: str = ""

    def address(self, path: str = "/finance/payees", **changes: str) -> str:
        wanted = replace(self, **changes)
        given = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


@dataclass(frozen=True)
class Neighbour:
    """Another home paid on the same account."""

    id: str
    village: str
    door_number: str
    head_name: str


@dataclass(frozen=True)
class Line:
    """A home with its payee in force, None without one; what is proposed; who shares the account; what is odd."""

    household: Household
    village_name: str
    township_name: str
    row: PayeeRow | None
    proposals: tuple[PayeeRow, ...]
    sharing: tuple[Neighbour, ...]
    warnings: tuple[str, ...]


def _in_force() -> ColumnElement[bool]:
    return and_(
        col(PayeeRow.county) == col(Household.county), col(PayeeRow.household) == col(Household.id),
        col(PayeeRow.state) == IN_FORCE,
    )  # fmt: skip


def _entitled() -> ColumnElement[bool]:
    """Something was decided for the home, or is about to be."""
    decided = aliases.home_has(EntitlementRow, col(EntitlementRow.amount_fen) > 0)
    due = exists().where(
        col(ReviewRow.county) == col(Household.county), col(ReviewRow.household) == col(Household.id),
        col(ReviewRow.undecided_fen) > 0,
    )  # fmt: skip
    return or_(decided, due)


def _shared(county: str) -> Any:
    accounts = select(col(PayeeRow.account)).where(
        col(PayeeRow.county) == county, col(PayeeRow.state) == IN_FORCE
    )
    return accounts.group_by(col(PayeeRow.account)).having(func.count() > 1)


def _proposed(county: str) -> Any:
    return select(col(PayeeRow.household)).where(
        col(PayeeRow.county) == county, col(PayeeRow.state) == PROPOSED
    )


def _show(show: str, county: str) -> ColumnElement[bool]:
    known, head = col(PayeeRow.number).is_not(None), func.replace(col(Household.head_name), " ", "")
    conditions: dict[str, ColumnElement[bool]] = {
        "known": known,
        "missing": and_(~known, _entitled()),
        "none": ~known,
        "proposed": col(Household.id).in_(_proposed(county)),
        "shared": col(PayeeRow.account).in_(_shared(county)),
        "other_holder": and_(known, col(Household.head_name) != "", col(PayeeRow.holder) != head),
    }
    return conditions[show]


def _conditions(wanted: PayeeFilter) -> Iterator[ColumnElement[bool]]:
    yield col(Household.county) == wanted.area[:6]
    yield col(Household.village).between(*rules.bounds(wanted.area))
    if not wanted.q:
        return
    part, start = f"%{escaped(wanted.q)}%", f"{escaped(wanted.q.lower())}%"
    found = [
        col(column).like(part, escape="\\")
        for column in (Household.head_name, Household.door_number, PayeeRow.holder)
    ]
    if wanted.q.isascii():
        found += [
            col(Household.head_pinyin).like(start, escape="\\"), col(Household.head_initials).like(start, escape="\\"),
        ]  # fmt: skip
    account = account_is(col(PayeeRow.account), wanted.q)
    yield or_(*found) if account is None else or_(*found, account)


def _found(wanted: PayeeFilter, *columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Household)
        .outerjoin(PayeeRow, _in_force())
        .where(*_conditions(wanted), _show(wanted.show, wanted.area[:6]))
    )


def _ordered(statement: Any) -> Any:
    return statement.order_by(*BY_DOOR)


def count(session: Session, wanted: PayeeFilter) -> int:
    """How many homes a list holds."""
    found: int = session.execute(_found(wanted, func.count())).scalar_one()
    return found


def counts(session: Session, wanted: PayeeFilter) -> dict[str, int]:
    """The same of each list, under the same area and search."""
    return {show: count(session, replace(wanted, show=show)) for show in SHOWS}


def page(session: Session, wanted: PayeeFilter, *, number: int, size: int) -> Page[Line]:
    """One page of a list, by village and door."""
    total = count(session, wanted)
    number = held_to(number, total, size)
    rows = session.execute(
        _ordered(_found(wanted, Household, PayeeRow)).offset((number - 1) * size).limit(size)
    )
    return Page(lines(session, wanted.area[:6], [(home, row) for home, row in rows]), total, number, size)


def every(session: Session, wanted: PayeeFilter) -> Iterator[Line]:
    """The whole list, for a sheet; a part of it in memory at a time."""
    statement = _ordered(_found(wanted, Household, PayeeRow)).execution_options(yield_per=ROWS_AT_A_TIME)
    for part in session.execute(statement).partitions(ROWS_AT_A_TIME):
        yield from lines(session, wanted.area[:6], [(home, row) for home, row in part])


def lines(session: Session, county: str, rows: Sequence[tuple[Household, PayeeRow | None]]) -> list[Line]:
    """Homes with everything a list shows beside them."""
    homes = [home.id for home, _ in rows]
    codes = {home.village for home, _ in rows}
    called = divisions.names(session, codes | {code[:9] + "000" for code in codes})
    proposals: dict[str, list[PayeeRow]] = defaultdict(list)
    for waiting in rows_of(session, county, homes, col(PayeeRow.state) == PROPOSED):
        proposals[waiting.household].append(waiting)
    sharing = neighbours(session, county, {row.account for _, row in rows if row})
    found = []
    for home, row in rows:
        others = tuple(each for each in sharing.get(row.account, ()) if each.id != home.id) if row else ()
        odd = warnings(payee_of(row), home.head_name, home.hardship, others) if row else ()
        township = called.get(home.village[:9] + "000", home.village[:9])
        village = called.get(home.village, home.village)
        found.append(Line(home, village, township, row, tuple(proposals[home.id]), others, odd))
    return found


def neighbours(session: Session, county: str, accounts: Collection[str]) -> dict[str, list[Neighbour]]:
    """Account → the homes it is in force for."""
    found: dict[str, list[Neighbour]] = defaultdict(list)
    home = Household
    columns = (
        col(home.id), col(home.village), col(home.door_number), col(home.head_name), col(PayeeRow.account),
    )  # fmt: skip
    for part in parts(sorted(accounts)):
        statement = select(*columns).join(PayeeRow, _in_force())
        rows = session.execute(
            statement.where(col(Household.county) == county, col(PayeeRow.account).in_(part))
        )
        for id, village, door, head, account in rows:
            found[account].append(Neighbour(id, village, door, head))
    return found


# ---- one home


@dataclass(frozen=True)
class Stated:
    """A statement with who made it, and for one of a list the list's name and row."""

    row: PayeeRow
    person: str
    list_name: str = ""
    list_row: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """Everything about a home's payee; statements newest first."""

    line: Line
    statements: tuple[Stated, ...]

    @property
    def in_force(self) -> Stated | None:
        return next((each for each in self.statements if each.row.state == IN_FORCE), None)

    @property
    def proposals(self) -> tuple[Stated, ...]:
        return tuple(each for each in self.statements if each.row.state == PROPOSED)


def file(session: Session, county: str, household: str) -> File | None:
    """The home's file; None where there is no such home."""
    home = session.get(Household, (county, household))
    if home is None:
        return None
    found = select(PayeeRow).where(col(PayeeRow.county) == county, col(PayeeRow.household) == household)
    rows = list(session.execute(found.order_by(col(PayeeRow.number).desc())).scalars())
    standing = next((row for row in rows if row.state == IN_FORCE), None)
    people = names(session, {row.stated_by for row in rows})
    lists = _lists(session, county, rows)
    sharing = neighbours(session, county, {row.account for row in rows if row.state in (IN_FORCE, PROPOSED)})
    said = []
    for row in rows:
        others = [each for each in sharing.get(row.account, ()) if each.id != household]
        sha256, _, number = row.source_ref.partition("/")
        said.append(
            Stated(
                row, people.get(row.stated_by, ""), lists.get(sha256, ""), number if row.source == LIST else "",
                warnings(payee_of(row), home.head_name, home.hardship, others),
            )
        )  # fmt: skip
    return File(lines(session, county, [(home, standing)])[0], tuple(said))


def _lists(session: Session, county: str, rows: Sequence[PayeeRow]) -> Mapping[str, str]:
    hashes = {row.source_ref.partition("/")[0] for row in rows if row.source == LIST}
    found = select(col(PayeeListRow.sha256), col(PayeeListRow.name)).where(
        col(PayeeListRow.county) == county, col(PayeeListRow.sha256).in_(hashes),
        col(PayeeListRow.imported_at).is_not(None),
    )  # fmt: skip
    return {row[0]: row[1] for row in session.execute(found)} if hashes else {}


def imported(session: Session, county: str) -> list[tuple[PayeeListRow, str]]:
    """The lists brought in last, without their content, and by whom."""
    columns = [column for column in table_of(PayeeListRow).columns if column.name != "content"]
    found = select(*columns).where(
        col(PayeeListRow.county) == county, col(PayeeListRow.imported_at).is_not(None)
    )
    rows = list(session.execute(found.order_by(col(PayeeListRow.imported_at).desc()).limit(LISTS_SHOWN)))
    people = names(session, {row.imported_by for row in rows})
    return [(PayeeListRow(**row._mapping, content=b""), people.get(row.imported_by, "")) for row in rows]
