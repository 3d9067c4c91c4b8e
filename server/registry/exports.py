"""The register's lists as spreadsheets: which columns, under which headings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from server.exchange.tables import SubmissionRow
from server.registry import rules, vocabulary
from server.registry.divisions import DivisionLine
from server.registry.filters import HEATING, SITUATIONS
from server.registry.tables import AreaClass
from server.registry.views import HouseholdLine
from server.web import N_, SheetColumn
from server.web.language import Language, translate
from server.web.sheets import Kind
from sync.codec import decode, to_instant
from sync.messages import Verdict

SITUATION_OUTSIDE: Final = N_("不在取暖户内")


def situation(line: HouseholdLine) -> str:
    """Clean or not, said only of homes in the heated base."""
    return SITUATION_OUTSIDE if line.heating == "excluded" else SITUATIONS[line.situation]


def household_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[HouseholdLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    def named(table: dict[str, str], code: str | None) -> str:
        return say(table.get(code, code)) if code else ""

    return [
        column(N_("村代码"), lambda h: h.village, width=15),
        column(N_("乡镇"), lambda h: h.township_name),
        column(N_("村"), lambda h: h.village_name, width=22),
        column(N_("区域类别"), lambda h: named(vocabulary.AREA_CLASS_NAMES, h.area_class), width=11),
        column(N_("门牌号"), lambda h: h.door_number, width=11),
        column(N_("户主姓名"), lambda h: h.head_name, width=11),
        column(N_("取暖情况"), lambda h: say(HEATING[h.heating]), width=16),
        column(
            N_("不取暖的原因"), lambda h: named(vocabulary.NOT_HEATED_REASONS, h.not_heated_reason), width=13
        ),
        column(N_("是否清洁"), lambda h: say(situation(h)), width=18),
        column(N_("现用取暖设备"), lambda h: named(vocabulary.DEVICES, h.device), width=18),
        column(N_("现用取暖能源"), lambda h: named(vocabulary.FUELS, h.fuel)),
        column(N_("已安装"), lambda h: named(vocabulary.CONVERSION_KINDS, h.installed)),
        column(N_("已接通"), lambda h: named(vocabulary.CONVERSION_KINDS, h.connected)),
        column(N_("采暖面积（m²）"), lambda h: h.heated_area_m2, kind="decimal"),
        column(N_("困难类别"), lambda h: named(vocabulary.HARDSHIPS, h.hardship), width=11),
        column(N_("走访结果"), lambda h: named(vocabulary.VISIT_OUTCOMES, h.visit_outcome), width=12),
        column(N_("入户日期"), lambda h: h.visited_on, kind="date", width=12),
        column(N_("未决冲突"), lambda h: h.conflicts_n, kind="integer", width=9),
        column(N_("更新时间"), lambda h: h.updated_at, kind="moment", width=17),
        column(N_("住户编号"), lambda h: h.id, width=38),
    ]


def submission_columns(lang: Language, people: Mapping[str, str]) -> Sequence[SheetColumn]:
    """A household's own records; `people`: names by id."""
    say: Callable[..., str] = partial(translate, lang)

    def named(table: Mapping[str, str], code: str) -> str:
        return say(table[code]) if code in table else code

    def observed(row: SubmissionRow) -> object:
        return to_instant(row.observed_at) if row.observed_at else None

    return [
        SheetColumn(say(N_("收到时间")), lambda row: row.received_at, "moment", 17),
        SheetColumn(say(N_("平板上的时间")), observed, "moment", 17),
        SheetColumn(say(N_("表单")), lambda row: named(vocabulary.FORMS, row.form), width=16),
        SheetColumn(say(N_("表单版本")), lambda row: row.form_version, width=9),
        SheetColumn(say(N_("调查员")), lambda row: people.get(row.person, row.person)),
        SheetColumn(say(N_("处理结果")), lambda row: named(vocabulary.OUTCOMES, row.outcome), width=10),
        SheetColumn(
            say(N_("退回原因")), lambda row: decode(Verdict, row.verdict.encode()).reason or "", width=40
        ),
        SheetColumn(say(N_("平板")), lambda row: row.device, width=38),
        SheetColumn(say(N_("编号")), lambda row: row.id, width=38),
    ]


def decision_columns(lang: Language, people: Mapping[str, str]) -> Sequence[SheetColumn]:
    """A village's decisions on its area class; `people`: names by id."""
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[AreaClass], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("决定日期"), lambda row: row.decided_on, kind="date", width=12),
        column(N_("区域类别"), lambda row: say(vocabulary.AREA_CLASS_NAMES[row.area_class])),
        column(N_("现行"), lambda row: say(N_("是")) if row.current else "", width=8),
        column(N_("依据"), lambda row: row.source, width=30),
        column(N_("批准人"), lambda row: row.approver),
        column(N_("录入"), lambda row: people.get(row.entered_by, row.entered_by)),
        column(N_("登记时间"), lambda row: row.entered_at, kind="moment", width=17),
    ]


def division_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[DivisionLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    def area_class(line: DivisionLine) -> str:
        village = line.division.level == "village"
        return say(vocabulary.AREA_CLASS_NAMES[line.area_class]) if village else ""

    def proposed(line: DivisionLine) -> str:
        village = line.division.level == "village"
        return say(vocabulary.AREA_CLASS_NAMES[line.proposed or rules.UNCLASSIFIED]) if village else ""

    return [
        column(N_("代码"), lambda d: d.division.code, width=15),
        column(N_("名称"), lambda d: d.division.name, width=28),
        column(N_("级别"), lambda d: say(vocabulary.LEVEL_NAMES[d.division.level])),
        column(N_("上级"), lambda d: d.above, width=36),
        column(N_("城乡分类代码"), lambda d: d.division.urban_rural_code),
        column(N_("按代码建议"), proposed),
        column(N_("区域类别"), area_class),
        column(N_("依据"), lambda d: d.decision.source if d.decision else "", width=30),
        column(
            N_("决定日期"), lambda d: d.decision.decided_on if d.decision else None, kind="date", width=12
        ),
        column(N_("批准人"), lambda d: d.decision.approver if d.decision else ""),
    ]
