"""Coverage as JSON, described in the OpenAPI document.

The same figures as on the page, from the same report. Rates are percentages with two decimals, half up, and
null where there is nothing to divide by.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field

from server.access.session import holding
from server.access.tables import Person
from server.programme.asked import coverage_of
from server.programme.plan import Plan, Target
from server.programme.rules import Counts, reached
from server.programme.views import Coverage
from server.registry.vocabulary import CLEAN_KINDS
from server.web.figures import CHINA

router = APIRouter(prefix="/api/v1", tags=["coverage"])
Viewer = Annotated[Person, Depends(holding("coverage.view"))]
Percent = Annotated[float | None, Field(description="percent, two decimals, half up; null of nothing")]


class ProblemOut(BaseModel):
    """What is wrong and what to do about it."""

    error: str
    message: str
    remedy: str


class HouseholdShare(BaseModel):
    clean: int
    heated: int
    rate: Percent


class AreaShare(BaseModel):
    """Square metres of the homes that have a recorded heated area; `without_area` counts those that do not."""

    clean: float
    heated: float
    rate: Percent
    without_area: int


class CleanOut(BaseModel):
    households: HouseholdShare
    area_m2: AreaShare


class KindOut(BaseModel):
    """`installed`: counts towards the plan's task; `connected`: counts towards coverage."""

    installed: int
    connected: int


class TargetOut(BaseModel):
    """`binding`: must, or strive (力争). `reached` by the exact share; null without a base."""

    pct: int
    op: str
    binding: Literal["must", "strive"]
    by: date
    reached: bool | None


class ClassOut(BaseModel):
    villages: int
    households: int
    heated: int
    clean: int
    rate: Percent
    area_m2: AreaShare
    target: TargetOut | None


class PlanOut(BaseModel):
    id: str
    version: str
    hash: str
    total: int
    by_kind: dict[str, int]
    deadline: date
    days_past: int
    task_state: str
    task_from: date | None
    coverage_state: str


class TabletsOut(BaseModel):
    total: int
    not_reported: int


class PartOut(BaseModel):
    area: str
    name: str
    households: int
    heated: int
    not_heated: int
    converted: int
    converted_by_kind: dict[str, KindOut]
    clean: CleanOut


class CoverageOut(PartOut):
    as_of: datetime
    heard_at: datetime | None = Field(description="when the last record reached the register")
    synthetic: bool
    not_heated_without_reason: int = Field(description="in the base all the same")
    heating_unknown: int = Field(description="never asked; in the base")
    clean_coal: int = Field(description="allowed in mountain areas, never counted as clean")
    area_classes: dict[str, ClassOut]
    plan: PlanOut | None
    tablets: TabletsOut
    children: list[PartOut]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _area_share(counts: Counts) -> AreaShare:
    return AreaShare(
        clean=float(counts.clean_m2),
        heated=float(counts.heated_m2),
        rate=_float(counts.rate_m2),
        without_area=counts.without_area,
    )


def _kinds(counts: Counts, planned: Mapping[str, int]) -> dict[str, KindOut]:
    kinds = [kind for kind in CLEAN_KINDS if kind in {*planned, *counts.task, *counts.connected}]
    return {
        kind: KindOut(installed=counts.task.get(kind, 0), connected=counts.connected.get(kind, 0))
        for kind in kinds
    }


def _part(area: str, name: str, counts: Counts, plan: Plan | None) -> PartOut:
    return PartOut(
        area=area,
        name=name,
        households=counts.households,
        heated=counts.heated,
        not_heated=counts.excluded,
        converted=counts.converted,
        converted_by_kind=_kinds(counts, plan.by_kind if plan else {}),
        clean=CleanOut(
            households=HouseholdShare(clean=counts.clean, heated=counts.heated, rate=_float(counts.rate)),
            area_m2=_area_share(counts),
        ),
    )


def _target(target: Target | None, counts: Counts) -> TargetOut | None:
    if target is None:
        return None
    return TargetOut(
        pct=target.pct,
        op=target.op,
        binding="must" if target.binding == "must" else "strive",
        by=target.by,
        reached=reached(target, counts.clean, counts.heated),
    )


def _class(counts: Counts, villages: int, target: Target | None) -> ClassOut:
    return ClassOut(
        villages=villages,
        households=counts.households,
        heated=counts.heated,
        clean=counts.clean,
        rate=_float(counts.rate),
        area_m2=_area_share(counts),
        target=_target(target, counts),
    )


def _plan(plan: Plan | None, today: date) -> PlanOut | None:
    if plan is None:
        return None
    return PlanOut(
        id=plan.id,
        version=plan.version,
        hash=plan.sha256,
        total=plan.total,
        by_kind=dict(plan.by_kind),
        deadline=plan.deadline,
        days_past=(today - plan.deadline).days,
        task_state=plan.task_state,
        task_from=plan.task_from,
        coverage_state=plan.coverage_state,
    )


def _coverage_out(found: Coverage, synthetic: bool) -> CoverageOut:
    counts, plan = found.counts, found.plan
    return CoverageOut(
        **dict(_part(found.area, found.name, counts, plan)),
        as_of=found.as_of,
        heard_at=found.heard_at,
        synthetic=synthetic,
        not_heated_without_reason=counts.no_reason,
        heating_unknown=counts.unknown,
        clean_coal=counts.clean_coal,
        area_classes={
            name: _class(each, found.villages_by_class.get(name, 0), plan.target(name) if plan else None)
            for name, each in found.classes.items()
        },
        plan=_plan(plan, found.as_of.astimezone(CHINA).date()),
        tablets=TabletsOut(total=found.tablets.total, not_reported=len(found.tablets.silent)),
        children=[_part(part.area, part.name, part.counts, plan) for part in found.parts],
    )


@router.get(
    "/coverage/{area}",
    summary="清洁取暖进度 / Coverage of an area",
    responses={
        401: {"model": ProblemOut, "description": "没有令牌或令牌无效 / no token, or not a valid one"},
        403: {"model": ProblemOut, "description": "不在本人的区域内 / outside the token owner's area"},
        404: {"model": ProblemOut, "description": "没有这个区划 / no such area"},
    },
)
def coverage(
    request: Request,
    person: Viewer,
    area: Annotated[
        str,
        Path(description="区划代码前缀 / division code prefix: 2, 4, 6, 9 or 12 digits", examples=["140525"]),
    ],
) -> CoverageOut:
    """Households, heated homes, conversions by kind, and the clean rate by households and by square metres,
    for an area, its area classes and the areas directly inside it.
    """
    return _coverage_out(coverage_of(request, person, area), request.app.state.settings.synthetic)
