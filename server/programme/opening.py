"""Every number with the list it opens.

A figure on a coverage page is a number and the address of the household list with exactly those households.
Both are made here from the same counts and the same plan; a test opens every link and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from server.programme.plan import Plan, Target
from server.programme.rules import CLASSES, Counts, percent, reached
from server.programme.views import Coverage, counting_of
from server.registry.filters import HouseholdFilter
from server.registry.vocabulary import CLEAN_KINDS


@dataclass(frozen=True)
class Opened:
    """A number of households and the address of their list."""

    n: int
    address: str


@dataclass(frozen=True)
class Share:
    """A rate and its list. `n` is how many households that list holds; `reached` None without a target."""

    rate: Decimal | None
    n: int
    address: str
    target: Target | None
    reached: bool | None


@dataclass(frozen=True)
class Square:
    """Square metres, and the list of the households they belong to."""

    m2: Decimal
    address: str


@dataclass(frozen=True)
class KindLine:
    """One kind of conversion against the plan. `planned` None where the plan does not ask for it."""

    kind: str
    planned: int | None
    task: Opened
    connected: Opened
    share: Decimal | None


@dataclass(frozen=True)
class Line:
    """The figures of an area, or of one area class in it, each with its list. `area_class` for villages.

    `task_all`, `connected_all`: of any clean kind. `task_planned`, `connected_planned`: of the plan's kinds only,
    which is what a plan's total is measured by; of any where there is no plan.
    """

    area: str
    name: str
    area_class: str
    households: Opened
    heated: Opened
    excluded: Opened
    no_reason: Opened
    unknown: Opened
    clean: Opened
    not_clean: Opened
    clean_coal: Opened
    without_area: Opened
    heated_m2: Square
    clean_m2: Square
    rate: Share
    rate_m2: Share
    task: Mapping[str, Opened]
    connected: Mapping[str, Opened]
    task_all: Opened
    connected_all: Opened
    task_planned: Opened
    connected_planned: Opened


@dataclass(frozen=True)
class Report:
    """A coverage as a page shows it. `kinds`: those of the plan, then any other that occurs.

    `classes`: of a county all, of its parts those it has. `kind_lines` add up to the planned total of `total`;
    `unplanned_lines` stand beside it.
    """

    coverage: Coverage
    total: Line
    classes: Mapping[str, Line]
    parts: tuple[Line, ...]
    kinds: tuple[str, ...]
    kind_lines: tuple[KindLine, ...]
    unplanned_lines: tuple[KindLine, ...]
    planned_share: Decimal | None
    days_past: int | None


def _line(
    wanted: HouseholdFilter, name: str, counts: Counts, kinds: tuple[str, ...], plan: Plan | None,
    target: Target | None, area_class: str = "",
) -> Line:  # fmt: skip
    counting = counting_of(plan)
    since = counting.task_since.isoformat() if counting.task_since else ""
    state = counting.coverage_state

    def task(kind: str) -> str:
        return wanted.address(kind=kind, state=counting.task_state, since=since)

    def connected(kind: str) -> str:
        return wanted.address(kind=kind, state=state)

    planned = tuple(plan.by_kind) if plan else ()
    of_plan = ",".join(planned) or "any"
    clean = wanted.address(situation="clean", clean_state=state)
    with_area = wanted.address(situation="clean", clean_state=state, m2="known")
    met = reached(target, counts.clean, counts.heated) if target else None
    met_m2 = reached(target, counts.clean_m2, counts.heated_m2) if target else None
    if met_m2 and counts.without_area:
        # Homes whose area nobody has measured may still be missing: then it cannot be said.
        met_m2 = None
    return Line(
        area=wanted.area,
        name=name,
        area_class=area_class,
        households=Opened(counts.households, wanted.address()),
        heated=Opened(counts.heated, wanted.address(heating="base")),
        excluded=Opened(counts.excluded, wanted.address(heating="excluded")),
        no_reason=Opened(counts.no_reason, wanted.address(heating="no_reason")),
        unknown=Opened(counts.unknown, wanted.address(heating="unknown")),
        clean=Opened(counts.clean, clean),
        not_clean=Opened(counts.not_clean, wanted.address(situation="not_clean", clean_state=state)),
        clean_coal=Opened(counts.clean_coal, wanted.address(situation="clean_coal", clean_state=state)),
        without_area=Opened(counts.without_area, wanted.address(heating="base", m2="missing")),
        heated_m2=Square(counts.heated_m2, wanted.address(heating="base", m2="known")),
        clean_m2=Square(counts.clean_m2, with_area),
        rate=Share(counts.rate, counts.clean, clean, target, met),
        rate_m2=Share(counts.rate_m2, counts.clean, clean, target, met_m2),
        task={kind: Opened(counts.task.get(kind, 0), task(kind)) for kind in kinds},
        connected={kind: Opened(counts.connected.get(kind, 0), connected(kind)) for kind in kinds},
        task_all=Opened(counts.converted, task("any")),
        connected_all=Opened(counts.connected_all, connected("any")),
        task_planned=Opened(counts.task_of(planned), task(of_plan)),
        connected_planned=Opened(counts.connected_of(planned), connected(of_plan)),
    )


def _classes(coverage: Coverage) -> list[str]:
    """The classes to show: all of a county, whose plan has targets for them; of a part of it those it has."""
    return [
        name
        for name in CLASSES
        if len(coverage.area) <= 6
        or coverage.villages_by_class.get(name)
        or coverage.classes[name].households
    ]


def report(coverage: Coverage, today: date) -> Report:
    """A coverage with every number opened. `today` is the county's calendar day."""
    plan, counts = coverage.plan, coverage.counts
    planned = plan.by_kind if plan else {}
    others = {*counts.task, *counts.connected} - set(planned)
    kinds = (*planned, *(kind for kind in CLEAN_KINDS if kind in others))
    here = HouseholdFilter(area=coverage.area)
    total = _line(here, coverage.name, counts, kinds, plan, None)
    # A plan's numbers are its county's; a township is shown beside them, never measured against them.
    whole = plan is not None and coverage.area == plan.county
    lines = tuple(
        KindLine(
            kind=kind,
            planned=planned.get(kind) if whole else None,
            task=total.task[kind],
            connected=total.connected[kind],
            share=percent(total.task[kind].n, planned[kind]) if whole and kind in planned else None,
        )
        for kind in kinds
    )
    return Report(
        coverage=coverage,
        total=total,
        classes={
            name: _line(
                HouseholdFilter(area=coverage.area, area_class=name), name, coverage.classes[name], kinds, plan,
                plan.target(name) if plan else None,
            )
            for name in _classes(coverage)
        },
        parts=tuple(
            _line(HouseholdFilter(area=part.area), part.name, part.counts, kinds, plan, None, part.area_class)
            for part in coverage.parts
        ),
        kinds=kinds,
        kind_lines=tuple(line for line in lines if not plan or line.kind in planned),
        unplanned_lines=tuple(line for line in lines if plan and line.kind not in planned),
        planned_share=percent(total.task_planned.n, plan.total) if plan and whole else None,
        days_past=(today - plan.deadline).days if plan else None,
    )  # fmt: skip
