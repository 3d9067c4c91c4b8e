"""Reading divisions: names, ways up and down, search, and each village's area class with its history."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlmodel import Session, col

from server import statements
from server.access.tables import Person
from server.database import ITEMS_PER_STATEMENT, among, parts, table_of
from server.registry import rules
from server.registry.filters import counted, escaped
from server.registry.tables import AreaClass, Division
from server.web import Page, Sorting
from server.web.listing import held_to


@dataclass(frozen=True)
class Village:
    """A village as other rooms need it; `area_class` None while nobody has decided."""

    code: str
    name: str
    township_name: str
    area_class: str | None


@dataclass(frozen=True)
class DivisionFilter:
    """`q`: digits are a code's beginning, other text a part of the name. `area`: inside this prefix."""

    q: str = ""
    area: str = ""
    level: str = ""
    area_class: str = ""
    urban_rural: str = ""


@dataclass(frozen=True)
class DivisionLine:
    """A division in a list, with its way up and, for a village, the decision in force."""

    division: Division
    above: str
    decision: AreaClass | None

    @property
    def area_class(self) -> str:
        return self.decision.area_class if self.decision else rules.UNCLASSIFIED

    @property
    def proposed(self) -> str | None:
        return rules.proposed_class(self.division.urban_rural_code)


SORT_KEYS: Final[dict[str, Any]] = {
    "code": col(Division.code),
    "name": col(Division.name),
    "urban_rural": col(Division.urban_rural_code),
    "area_class": func.coalesce(col(AreaClass.area_class), rules.UNCLASSIFIED),
    "decided_on": col(AreaClass.decided_on),
}


def names(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Twelve-digit codes to names; unknown ones are left out."""
    wanted, found = sorted(set(codes)), {}
    for part in parts(wanted):
        rows = session.execute(
            select(col(Division.code), col(Division.name)).where(col(Division.code).in_(part))
        )
        found.update({row.code: row.name for row in rows})
    return found


def children(session: Session, area: str) -> list[Division]:
    """The divisions directly inside an area, by code."""
    parent = area.ljust(12, "0")
    found = select(Division).where(col(Division.parent) == parent).order_by(col(Division.code))
    return list(session.execute(found).scalars())


def above(code: str) -> list[str]:
    """The codes of the units a division lies in, topmost first."""
    found: list[str] = []
    while code := rules.parent_of(code):
        found.insert(0, code)
    return found


def county_name(session: Session, county: str) -> str:
    """The county's name; its code where it is not known."""
    return names(session, [county.ljust(12, "0")]).get(county.ljust(12, "0"), county)


def villages(session: Session, county: str, codes: Collection[str] | None = None) -> list[Village]:
    """Those of `codes` that are villages of the county, or all of them; sorted by code."""
    low, high = rules.bounds(county)
    return [
        Village(code, name, township, None if decided == rules.UNCLASSIFIED else decided)
        for code, name, township, decided in _among(session, {"low": low, "high": high}, codes)
    ]


def _decision_of_division() -> ColumnElement[bool]:
    return and_(
        col(AreaClass.county) == func.substr(col(Division.code), 1, 6),
        col(AreaClass.village) == col(Division.code),
        col(AreaClass.current),
    )


# Built once, for a tablet asks at every contact.
_TOWNSHIP: Final = table_of(Division).alias()
_VILLAGES: Final = (
    select(
        col(Division.code),
        col(Division.name),
        func.coalesce(_TOWNSHIP.c.name, col(Division.parent)),
        col(AreaClass.area_class),
    )
    .outerjoin(AreaClass, _decision_of_division())
    .outerjoin(_TOWNSHIP, _TOWNSHIP.c.code == col(Division.parent))
    .where(col(Division.level) == "village", col(Division.code).between(bindparam("low"), bindparam("high")))
    .order_by(col(Division.code))
)
_SOME_VILLAGES: Final = _VILLAGES.where(among(col(Division.code), "codes", few=True))


def _among(session: Session, bounds: Mapping[str, str], codes: Collection[str] | None) -> Iterator[Any]:
    """The rows of these codes. Beyond what one statement takes, reading the whole county is cheaper than naming
    them."""
    if codes is not None and len(codes) <= ITEMS_PER_STATEMENT:
        yield from statements.rows(session, _SOME_VILLAGES, {**bounds, "codes": sorted(codes)})
    else:
        wanted = None if codes is None else set(codes)
        rows = statements.rows(session, _VILLAGES, bounds)
        yield from (row for row in rows if wanted is None or row[0] in wanted)


def _conditions(wanted: DivisionFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.q:
        by_name = col(Division.name).like(f"%{escaped(wanted.q)}%", escape="\\")
        by_code = col(Division.code).like(f"{escaped(wanted.q)}%", escape="\\")
        yield or_(by_code, by_name) if wanted.q.isdigit() else by_name
    if wanted.area:
        yield col(Division.code).between(*rules.bounds(wanted.area))
    if wanted.level:
        yield col(Division.level) == wanted.level
    if wanted.area_class:
        yield col(Division.level) == "village"
        yield func.coalesce(col(AreaClass.area_class), rules.UNCLASSIFIED) == wanted.area_class
    if wanted.urban_rural:
        code = "" if wanted.urban_rural == "none" else wanted.urban_rural
        yield and_(col(Division.urban_rural_code) == code, col(Division.level) == "village")


def _found(wanted: DivisionFilter) -> Any:
    return (
        select(Division, AreaClass).outerjoin(AreaClass, _decision_of_division()).where(*_conditions(wanted))
    )


def _lines(session: Session, rows: list[Any], area: str) -> list[DivisionLine]:
    """With the way up as far as the area a list is held to, which every row has in common."""
    ways = {
        division.code: [code for code in above(division.code) if len(rules.prefix_of(code)) > len(area)]
        for division, _ in rows
    }
    called = names(session, {code for way in ways.values() for code in way})
    return [
        DivisionLine(division, " › ".join(called.get(code, code) for code in ways[division.code]), decision)
        for division, decision in rows
    ]


def search(
    session: Session, wanted: DivisionFilter, order: Sorting, *, number: int, size: int
) -> Page[DivisionLine]:
    """One page of the divisions that fit; by code within equals."""
    statement = _ordered(_found(wanted), order)
    total = session.execute(counted(_found(wanted))).scalar_one()
    number = held_to(number, total, size)
    rows = session.execute(statement.offset((number - 1) * size).limit(size)).all()
    return Page(_lines(session, list(rows), wanted.area), total, number, size)


def every(session: Session, wanted: DivisionFilter, order: Sorting) -> Iterator[DivisionLine]:
    """All divisions that fit, for a sheet."""
    result = session.execute(_ordered(_found(wanted), order).execution_options(yield_per=1000))
    for part in result.partitions(1000):
        yield from _lines(session, list(part), wanted.area)


def codes(session: Session, wanted: DivisionFilter) -> list[str]:
    """The codes of all villages that fit."""
    found = _found(wanted).where(col(Division.level) == "village").with_only_columns(col(Division.code))
    return list(session.execute(found).scalars())


def _ordered(statement: Any, order: Sorting) -> Any:
    key = SORT_KEYS[order.key]
    return statement.order_by(key.desc() if order.descending else key.asc(), col(Division.code))


def decisions(session: Session, village: str) -> list[AreaClass]:
    """A village's decisions, newest first."""
    found = select(AreaClass).where(col(AreaClass.county) == village[:6], col(AreaClass.village) == village)
    ordered = found.order_by(col(AreaClass.decided_on).desc(), col(AreaClass.number).desc())
    return list(session.execute(ordered).scalars())


def classes_of(session: Session, area: str) -> Mapping[str, int]:
    """How many villages of an area stand in which class, unclassified ones included."""
    found = (
        select(col(AreaClass.area_class), func.count())
        .select_from(Division)
        .outerjoin(AreaClass, _decision_of_division())
        .where(col(Division.level) == "village", col(Division.code).between(*rules.bounds(area)))
        .group_by(col(AreaClass.area_class))
    )
    totals: dict[str, int] = {}
    for name, count in session.execute(found):
        # Never decided, and decided but withdrawn, are the same to a reader.
        totals[name or rules.UNCLASSIFIED] = totals.get(name or rules.UNCLASSIFIED, 0) + count
    return totals


def area_name(session: Session, area: str) -> str:
    """What an area is called; its code where nobody knows."""
    return area_names(session, [area])[area]


def area_names(session: Session, areas: Collection[str]) -> dict[str, str]:
    """The same of several areas, from one look."""
    codes = {area: area.ljust(12, "0") for area in areas}
    called = names(session, codes.values())
    return {area: called.get(code, area) for area, code in codes.items()}


def area_choices(session: Session, home: str, area: str, *others: str) -> list[tuple[str, str]]:
    """(area, name) to choose from: home, what lies in it, and what lies in the one of those chosen now; then the
    same of any other area the person answers for. Names of the lower ones are indented.
    """
    found = [(home, area_name(session, home))]
    for unit in children(session, home):
        prefix = rules.prefix_of(unit.code)
        found.append((prefix, f"　{unit.name}"))
        if area.startswith(prefix):
            inner = children(session, prefix)
            found += [(rules.prefix_of(part.code), f"　　{part.name}") for part in inner]
    for other in others:
        found += area_choices(session, other, area)
    return found


def one(session: Session, code: str) -> DivisionLine | None:
    """A division by its twelve digits; None where there is none."""
    rows = session.execute(_found(DivisionFilter()).where(col(Division.code) == code)).all()
    return next(iter(_lines(session, list(rows), "")), None)


def people(session: Session, identities: Collection[str]) -> dict[str, str]:
    """The names of people by id."""
    found = select(col(Person.id), col(Person.name)).where(col(Person.id).in_(identities))
    return {row[0]: row[1] for row in session.execute(found)}
