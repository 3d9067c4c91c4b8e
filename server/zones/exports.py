"""The zones' lists as spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from server.registry import vocabulary
from server.web import N_, SheetColumn
from server.web.language import Language, translate
from server.web.sheets import Kind
from server.zones import rules, stove
from server.zones.checklist import CheckLine
from server.zones.homes import StoveLine
from server.zones.reach import ReachLine
from server.zones.views import ZoneLine


def zone_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[ZoneLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("名称"), lambda line: line.version.name, width=28),
        column(N_("状态"), lambda line: say(rules.STATES[line.state])),
        column(N_("村数"), lambda line: len(line.villages), kind="integer", width=8),
        column(N_("文件号"), lambda line: line.version.document_number, width=22),
        column(N_("施行日期"), lambda line: line.version.in_force_on, kind="date", width=12),
        column(N_("责任人"), lambda line: line.responsible_name, width=12),
        column(N_("整改天数"), lambda line: line.version.due_days, kind="integer", width=9),
        column(N_("村代码"), lambda line: "、".join(line.villages), width=60),
    ]


def reach_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[ReachLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("村代码"), lambda line: line.heating.village, width=15),
        column(N_("乡镇"), lambda line: line.township_name),
        column(N_("村"), lambda line: line.name, width=22),
        column(N_("取暖户"), lambda line: line.heating.heated, kind="integer", width=9),
        column(N_("清洁户"), lambda line: line.heating.clean, kind="integer", width=9),
        column(N_("未清洁"), lambda line: line.heating.remaining, kind="integer", width=9),
        column(N_("改造完成日期"), lambda line: line.heating.last_on, kind="date", width=13),
        column(N_("已过天数"), lambda line: line.days, kind="integer", width=9),
        column(N_("已提议"), lambda line: say(N_("是")) if line.proposed else "", width=9),
    ]


def checklist_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def result(line: CheckLine) -> str:
        if not line.known:
            return say(N_("补贴模块未启用"))
        return say(N_("达到") if line.met else N_("未达到"))

    return [
        SheetColumn(say(N_("条件")), lambda line: say(line.title), width=44),
        SheetColumn(say(N_("结果")), result),
        SheetColumn(say(N_("未达到")), lambda line: line.bad.n if line.bad else None, "integer", 9),
        SheetColumn(say(N_("其中")), lambda line: say(line.bad.label) if line.bad else "", width=12),
        SheetColumn(say(N_("计入条件")), lambda line: say(N_("是") if line.counts else N_("否")), width=9),
        SheetColumn(
            say(N_("另有")),
            lambda line: "；".join(f"{say(each.label)} {each.n}" for each in line.others),
            width=40,
        ),
    ]


def left_out_columns(lang: Language, people: Mapping[str, str]) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)
    return [
        SheetColumn(say(N_("村")), lambda line: line.village_name, width=20),
        SheetColumn(say(N_("门牌号")), lambda line: line.door_number, width=11),
        SheetColumn(say(N_("户主姓名")), lambda line: line.head_name, width=11),
        SheetColumn(say(N_("原因")), lambda line: say(rules.LEFT_OUT_REASONS[line.row.reason]), width=24),
        SheetColumn(say(N_("说明")), lambda line: line.row.note, width=40),
        SheetColumn(
            say(N_("录入")), lambda line: people.get(line.row.entered_by, line.row.entered_by), width=12
        ),
        SheetColumn(say(N_("登记时间")), lambda line: line.row.entered_at, "moment", 17),
        SheetColumn(say(N_("住户编号")), lambda line: line.row.household, width=38),
    ]


def stove_columns(lang: Language, village_names: Mapping[str, str]) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[StoveLine], object], kind: Kind = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("村"), lambda line: village_names.get(line.household.village, ""), width=20),
        column(N_("门牌号"), lambda line: line.household.door_number, width=11),
        column(N_("户主姓名"), lambda line: line.household.head_name, width=11),
        column(
            N_("燃煤炉具"), lambda line: say(vocabulary.choice("old_stove", line.home.old_stove)), width=20
        ),
        column(N_("现用取暖设备"), lambda line: say(vocabulary.choice("device", line.home.device)), width=18),
        column(N_("安装日期"), lambda line: line.home.converted_on, kind="date", width=12),
        column(N_("投入使用"), lambda line: line.home.in_service_on, kind="date", width=12),
        column(N_("检验满一季"), lambda line: line.proven_on, kind="date", width=12),
        column(N_("判定"), lambda line: say(stove.VERDICTS[line.ruling.verdict]), width=10),
        column(N_("理由"), lambda line: say(stove.REASONS[line.ruling.reason]), width=44),
        column(N_("依据"), lambda line: "；".join(line.ruling.sources), width=80),
        column(N_("住户编号"), lambda line: line.household.id, width=38),
    ]
