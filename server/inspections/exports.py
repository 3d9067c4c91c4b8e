"""The ledger's lists as spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from server.inspections import rules
from server.inspections.sighting_views import SightingLine
from server.inspections.views import ProblemLine
from server.web import N_, SheetColumn
from server.web.language import Language, translate
from server.web.sheets import Kind


def problem_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[ProblemLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("村代码"), lambda line: line.problem.village, width=15),
        column(N_("乡镇"), lambda line: line.township_name),
        column(N_("村"), lambda line: line.village_name, width=20),
        column(
            N_("问题类型"), lambda line: say(rules.KINDS.get(line.problem.kind, line.problem.kind)), width=16
        ),
        column(N_("门牌号"), lambda line: line.door_number, width=11),
        column(N_("户主姓名"), lambda line: line.head_name, width=11),
        column(N_("地点"), lambda line: line.problem.place, width=22),
        column(N_("情况"), lambda line: line.problem.description, width=40),
        column(N_("发现日期"), lambda line: line.problem.found_on, kind="date", width=12),
        column(N_("责任人"), lambda line: line.responsible_name, width=11),
        column(N_("整改期限"), lambda line: line.problem.due_on, kind="date", width=12),
        column(N_("状态"), lambda line: say(rules.STATES[line.problem.state]), width=10),
        column(N_("逾期"), lambda line: say(N_("逾期")) if line.overdue else "", width=8),
        column(N_("核查结果"), lambda line: say(rules.OUTCOMES.get(line.problem.outcome, "")), width=12),
        column(N_("核查证据"), lambda line: line.problem.evidence, width=40),
        column(N_("销号时间"), lambda line: line.problem.closed_at, kind="moment", width=17),
        column(N_("问题编号"), lambda line: line.problem.id, width=38),
    ]


def sighting_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[SightingLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("村代码"), lambda line: line.sighting.village, width=15),
        column(N_("乡镇"), lambda line: line.township_name),
        column(N_("村"), lambda line: line.village_name, width=20),
        column(N_("发现日期"), lambda line: line.sighting.seen_on, kind="date", width=12),
        column(N_("所见"), lambda line: say(rules.SIGHTINGS.get(line.sighting.what, line.sighting.what))),
        column(N_("门牌号"), lambda line: line.door_number, width=11),
        column(N_("户主姓名"), lambda line: line.head_name, width=11),
        column(N_("地点"), lambda line: line.sighting.place, width=22),
        column(N_("数量（吨）"), lambda line: line.sighting.amount_t, kind="decimal", width=10),
        column(N_("调查员"), lambda line: line.seen_by_name, width=11),
        column(N_("备注"), lambda line: line.sighting.remark, width=40),
        column(N_("问题编号"), lambda line: line.problem, width=38),
    ]
