"""Reading the programme: plans in force, and the coverage of an area with its parts.

Two queries count an area whatever its size: one groups its households by everything that matters, the other
names its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlmodel import Session, col

from server import statements
from server.access.views import Reporting
from server.programme.plan import Plan, plan_of
from server.programme.rules import CLASSES, Cell, Counts, by, counts
from server.programme.tables import PlanRow
from server.registry import divisions, rules
from server.registry.standing import Counting, standing, within
from server.registry.tables import Household

CENTS = Decimal("0.01")
CELL_NAMES = ("part", "area_class", "heating", "situation", "task_kind", "coverage_kind", "households")


ReportingOf = Callable[[Session, str, datetime], Reporting]
"""(session, area, now) to the tablets holding a village of the area, and those of them not heard of."""


@dataclass(frozen=True)
class Part:
    """An area directly inside another; `area_class` is a village's, empty for anything larger."""

    area: str
    name: str
    counts: Counts
    area_class: str


@dataclass(frozen=True)
class Coverage:
    """An area's figures, those of its area classes and of its parts, and the instants they hold for.

    `as_of`: when they were counted. `heard_at`: when the last record reached the register, None without any.
    """

    area: str
    name: str
    plan: Plan | None
    as_of: datetime
    heard_at: datetime | None
    counts: Counts
    classes: Mapping[str, Counts]
    villages_by_class: Mapping[str, int]
    parts: tuple[Part, ...]
    tablets: Reporting


def plan_in_force(session: Session, county: str) -> Plan | None:
    """The plan a county released last; None without one."""
    found = (
        select(PlanRow)
        .where(col(PlanRow.county) == county)
        .order_by(col(PlanRow.released_at).desc(), col(PlanRow.id).desc(), col(PlanRow.version).desc())
        .limit(1)
    )
    row = session.execute(found).scalar_one_or_none()
    return plan_of(row.document) if row else None


def plans(session: Session, county: str) -> list[PlanRow]:
    """All released plans of a county, the last first."""
    found = (
        select(PlanRow)
        .where(col(PlanRow.county) == county)
        .order_by(col(PlanRow.released_at).desc(), col(PlanRow.id).desc(), col(PlanRow.version).desc())
    )
    return list(session.execute(found).scalars())


def counting_of(plan: Plan | None) -> Counting:
    """When a conversion counts, as the plan says."""
    return Counting(plan.task_state, plan.task_from, plan.coverage_state) if plan else Counting()


def cells(session: Session, area: str, plan: Plan | None) -> list[Cell]:
    """The households of an area, grouped by everything that is counted."""
    low, high = rules.bounds(area)
    wanted = {"low": low, "high": high, "county": area[: rules.DIGITS["county"]]}
    in_county = len(area) >= rules.DIGITS["county"]
    grouped = _grouped(counting_of(plan), rules.child_digits(area), in_county)
    return [
        Cell(**dict(zip(CELL_NAMES, row[:7], strict=True)), area_m2=Decimal(str(row[7])).quantize(CENTS),
             without_area=int(row[8]))
        for row in statements.rows(session, grouped, wanted)
    ]  # fmt: skip


# To put it together takes as long as a county of some hundred homes takes to count; plans are a handful.
@lru_cache(maxsize=32)
def _grouped(counting: Counting, digits: int, in_county: bool) -> Any:
    at = standing(counting)
    each = (
        select(
            func.substr(col(Household.village), 1, digits).label("part"),
            at.area_class.label("area_class"),
            at.heating.label("heating"),
            at.situation.label("situation"),
            at.task_kind.label("task_kind"),
            at.coverage_kind.label("coverage_kind"),
            col(Household.heated_area_m2).label("area_m2"),
        )
        .select_from(at.source)
        .where(col(Household.village).between(bindparam("low"), bindparam("high")))
    )
    if in_county:
        each = each.where(col(Household.county) == bindparam("county"))
    home = each.subquery("each_household").c
    alike = home.part, home.area_class, home.heating, home.situation, home.task_kind, home.coverage_kind
    return select(
        *alike,
        func.count(),
        func.coalesce(func.sum(home.area_m2), 0),
        func.sum(case((home.area_m2.is_(None), 1), else_=0)),
    ).group_by(*alike)


def coverage(session: Session, area: str, now: datetime, reporting: ReportingOf) -> Coverage:
    """The figures of an area by the plan its county has in force."""
    plan = plan_in_force(session, area[:6]) if len(area) >= 6 else None
    found = cells(session, area, plan)
    by_class = by(found, lambda cell: cell.area_class)
    return Coverage(
        area=area,
        name=divisions.area_name(session, area),
        plan=plan,
        as_of=now,
        heard_at=session.execute(select(func.max(col(Household.updated_at))).where(within(area))).scalar(),
        counts=counts(found),
        classes={name: by_class.get(name, Counts()) for name in CLASSES},
        villages_by_class=divisions.classes_of(session, area),
        parts=tuple(_parts(session, area, by(found, lambda cell: cell.part))),
        tablets=reporting(session, area, now),
    )


def _parts(session: Session, area: str, known: Mapping[str, Counts]) -> list[Part]:
    if len(area) == 12:
        return []
    named = {rules.prefix_of(unit.code): unit.name for unit in divisions.children(session, area)}
    classes = {}
    if rules.child_digits(area) == 12:
        inside = divisions.villages(session, area)
        classes = {village.code: village.area_class or rules.UNCLASSIFIED for village in inside}
    # A village the list of divisions does not have is shown by its code; its homes are counted all the same.
    return [
        Part(code, named.get(code, code), known.get(code, Counts()), classes.get(code, ""))
        for code in sorted({*named, *known})
    ]
