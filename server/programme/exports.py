"""A coverage as a spreadsheet (the area, its classes and its parts, one line each), and the plan as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from server.programme.opening import Line, Report
from server.programme.plan import Plan, Target
from server.registry.vocabulary import AREA_CLASS_NAMES, CONVERSION_KINDS, STATE_NAMES
from server.web import N_, SheetColumn
from server.web.language import Language, translate
from server.web.sheets import Kind


class Row(NamedTuple):
    """`what`: whether a line is the total, an area class or a part."""

    what: str
    name: str
    line: Line


def notes(report: Report, lang: Language) -> list[str]:
    """What must be known of the figures besides their time: what may be missing, and by which plan."""
    say: Callable[..., str] = partial(translate, lang)
    coverage, plan = report.coverage, report.coverage.plan
    found = [
        say(
            N_("平板 {total} 台，其中 {silent} 台多日未上报"),
            total=coverage.tablets.total,
            silent=len(coverage.tablets.silent),
        )
    ]
    if plan:
        found.append(source(plan, lang))
    return found


def source(plan: Plan, lang: Language) -> str:
    """Which plan, by its document and its hash."""
    version = translate(lang, N_("第 {version} 版"), version=plan.version)
    return f"{plan.title[lang]} · {plan.source['number']} · {version} · SHA-256 {plan.sha256}"


def rows(report: Report, lang: Language) -> Iterator[Row]:
    yield Row(translate(lang, N_("合计")), report.total.name, report.total)
    for name, line in report.classes.items():
        yield Row(translate(lang, N_("区域类别")), translate(lang, AREA_CLASS_NAMES[name]), line)
    for line in report.parts:
        yield Row(translate(lang, N_("下级区划")), line.name, line)


def columns(report: Report, lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def number(heading: str, value: Callable[[Line], object], kind: Kind = "integer") -> SheetColumn:
        return SheetColumn(heading, lambda row: value(row.line), kind)

    found = [
        SheetColumn(say(N_("范围")), lambda row: row.what),
        SheetColumn(say(N_("代码")), lambda row: row.line.area),
        SheetColumn(say(N_("名称")), lambda row: row.name, width=22),
        number(say(N_("登记住户")), lambda line: line.households.n),
        number(say(N_("取暖户")), lambda line: line.heated.n),
        number(say(N_("不取暖（有原因）")), lambda line: line.excluded.n),
        number(say(N_("不取暖（无原因）")), lambda line: line.no_reason.n),
        number(say(N_("取暖情况未登记")), lambda line: line.unknown.n),
    ]
    for kind in report.kinds:
        found += _kind(say(CONVERSION_KINDS[kind]), kind, say)
    return [
        *found,
        number(say(N_("任务合计（各种清洁方式）")), lambda line: line.task_all.n),
        number(say(N_("接通合计（各种清洁方式）")), lambda line: line.connected_all.n),
        *(_of_plan(say) if report.coverage.plan else ()),
        number(say(N_("清洁取暖户")), lambda line: line.clean.n),
        number(say(N_("清洁取暖率（户）%")), lambda line: line.rate.rate, "percent"),
        number(say(N_("取暖面积 m²")), lambda line: line.heated_m2.m2, "decimal"),
        number(say(N_("清洁取暖面积 m²")), lambda line: line.clean_m2.m2, "decimal"),
        number(say(N_("清洁取暖率（m²）%")), lambda line: line.rate_m2.rate, "percent"),
        number(say(N_("缺采暖面积（户）")), lambda line: line.without_area.n),
        number(say(N_("洁净煤（允许，不计入）")), lambda line: line.clean_coal.n),
    ]


def _of_plan(say: Callable[..., str]) -> list[SheetColumn]:
    """What the plan's total is measured by: its own kinds only."""
    return [
        SheetColumn(say(N_("任务合计（计划内方式）")), lambda row: row.line.task_planned.n, kind="integer"),
        SheetColumn(
            say(N_("接通合计（计划内方式）")), lambda row: row.line.connected_planned.n, kind="integer"
        ),
    ]


def _kind(name: str, kind: str, say: Callable[..., str]) -> list[SheetColumn]:
    return [
        SheetColumn(f"{name} {say(N_('任务'))}", lambda row: row.line.task[kind].n, kind="integer"),
        SheetColumn(f"{name} {say(N_('接通'))}", lambda row: row.line.connected[kind].n, kind="integer"),
    ]


class PlanLine(NamedTuple):
    """A number the plan asks for: households of a kind, or a coverage of an area class."""

    what: str
    name: str
    households: int | None
    target: str
    by: date
    state: str
    remark: str


def plan_lines(plan: Plan, lang: Language) -> Iterator[PlanLine]:
    say: Callable[..., str] = partial(translate, lang)
    task, counts = say(N_("改造任务")), say(STATE_NAMES[plan.task_state])
    if plan.task_from:
        counts = say(N_("{day} 起{state}"), day=plan.task_from.isoformat(), state=counts)
    for kind, number in plan.by_kind.items():
        yield PlanLine(task, say(CONVERSION_KINDS[kind]), number, "", plan.deadline, counts, "")
    remark = plan.task_remark.get(lang, "")
    yield PlanLine(task, say(N_("合计")), plan.total, "", plan.deadline, counts, remark)
    for target in plan.targets:
        yield PlanLine(
            say(N_("清洁取暖覆盖率与目标")), say(AREA_CLASS_NAMES[target.area_class]), None,
            asked(target, say), target.by, say(STATE_NAMES[plan.coverage_state]), target.remark.get(lang, ""),
        )  # fmt: skip


def asked(target: Target, say: Callable[..., str]) -> str:
    """A target in words: 必须 100 %, 力争 ≥ 60 %."""
    binding = say(N_("必须")) if target.binding == "must" else say(N_("力争"))
    return f"{binding} {'≥ ' if target.op == '>=' else ''}{target.pct} %"


def plan_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[PlanLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("任务或目标"), lambda line: line.what, width=24),
        column(N_("名称"), lambda line: line.name),
        column(N_("计划（户）"), lambda line: line.households, kind="integer"),
        column(N_("目标"), lambda line: line.target),
        column(N_("期限"), lambda line: line.by, kind="date", width=12),
        column(N_("计入口径"), lambda line: line.state, width=22),
        column(N_("说明"), lambda line: line.remark, width=60),
    ]
