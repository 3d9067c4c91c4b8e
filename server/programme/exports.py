"""A coverage as a spreadsheet: the area, its classes and its parts, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from server.programme.opening import Line, Report
from server.registry.vocabulary import AREA_CLASS_NAMES, CONVERSION_KINDS
from server.web import N_, SheetColumn
from server.web.language import Language, translate


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
        version = say(N_("第 {version} 版"), version=plan.version)
        found.append(f"{plan.title[lang]} · {plan.source['number']} · {version} · SHA-256 {plan.sha256}")
    return found


def rows(report: Report, lang: Language) -> Iterator[Row]:
    yield Row(translate(lang, N_("合计")), report.total.name, report.total)
    for name, line in report.classes.items():
        yield Row(translate(lang, N_("区域类别")), translate(lang, AREA_CLASS_NAMES[name]), line)
    for line in report.parts:
        yield Row(translate(lang, N_("下级区划")), line.name, line)


def columns(report: Report, lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def number(heading: str, value: Callable[[Line], object], kind: str = "integer") -> SheetColumn:
        return SheetColumn(heading, lambda row: value(row.line), kind=kind)  # type: ignore[arg-type]

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
        number(say(N_("任务合计")), lambda line: line.task_all.n),
        number(say(N_("接通合计")), lambda line: line.connected_all.n),
        number(say(N_("清洁取暖户")), lambda line: line.clean.n),
        number(say(N_("清洁取暖率（户）%")), lambda line: line.rate.rate, "percent"),
        number(say(N_("取暖面积 m²")), lambda line: line.heated_m2.m2, "decimal"),
        number(say(N_("清洁取暖面积 m²")), lambda line: line.clean_m2.m2, "decimal"),
        number(say(N_("清洁取暖率（m²）%")), lambda line: line.rate_m2.rate, "percent"),
        number(say(N_("缺采暖面积（户）")), lambda line: line.without_area.n),
        number(say(N_("洁净煤（允许，不计入）")), lambda line: line.clean_coal.n),
    ]


def _kind(name: str, kind: str, say: Callable[..., str]) -> list[SheetColumn]:
    return [
        SheetColumn(f"{name} {say(N_('任务'))}", lambda row: row.line.task[kind].n, kind="integer"),
        SheetColumn(f"{name} {say(N_('接通'))}", lambda row: row.line.connected[kind].n, kind="integer"),
    ]
