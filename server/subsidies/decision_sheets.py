"""The lists of decisions as spreadsheets: with rule, facts and reason, so that a line explains itself anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from server.subsidies import reasons
from server.subsidies.decision_views import DECIDED, DecidedLine, HomeName
from server.subsidies.exports import in_yuan, season
from server.subsidies.review import CORRECTION, DUE, OPEN
from server.subsidies.tables import ReviewLineRow
from server.subsidies.vocabulary import COMPONENTS, FACTS, LEVELS, OUTCOMES
from server.web import N_, SheetColumn, translate
from server.web.language import Language

Queued = tuple[HomeName, ReviewLineRow]
TITLES: Final = {
    DUE: N_("待核定补贴"),
    CORRECTION: N_("待更正补贴"),
    OPEN: N_("待补充资料"),
    DECIDED: N_("已核定补贴"),
}


def _homes(lang: Language, name: Callable[[Any], HomeName]) -> list[SheetColumn]:
    return [
        SheetColumn(translate(lang, N_("乡镇")), lambda row: name(row).township_name),
        SheetColumn(translate(lang, N_("村")), lambda row: name(row).village_name, width=20),
        SheetColumn(translate(lang, N_("门牌号")), lambda row: name(row).door_number),
        SheetColumn(translate(lang, N_("户主姓名")), lambda row: name(row).head_name),
    ]


def fact_value(lang: Language, name: str, value: str) -> str:
    """A fact in the reader's words; several codes stand in one value by commas."""
    return (
        "、".join(translate(lang, each) for each in reasons.fact(name, value).split("、")) if value else "—"
    )


def facts_text(lang: Language, facts: Mapping[str, str]) -> str:
    """The facts a rule read, in one cell."""
    return "；".join(
        f"{translate(lang, FACTS.get(name, name))} {fact_value(lang, name, value)}"
        for name, value in facts.items()
    )


def _queue(lang: Language) -> list[SheetColumn]:
    def column(
        heading: str, value: Callable[[Queued], object], kind: Any = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(translate(lang, heading), value, kind, width)

    return [
        *_homes(lang, lambda row: row[0]),
        column(N_("项目"), lambda row: translate(lang, COMPONENTS.get(row[1].component, row[1].component))),
        column(N_("采暖季"), lambda row: season(lang, row[1].season)),
        column(N_("金额（元）"), lambda row: in_yuan(row[1].amount_fen), "decimal"),
        column(N_("可发放日期"), lambda row: row[1].due_on, "date"),
        column(N_("标准"), lambda row: row[1].schedule, width=20),
        column(N_("理由"), lambda row: row[1].reason.get(lang, ""), width=60),
        column(N_("住户编号"), lambda row: row[1].household, width=38),
    ]


def _corrections(lang: Language) -> list[SheetColumn]:
    found = _queue(lang)
    before = SheetColumn(translate(lang, N_("原定（元）")), lambda row: in_yuan(row[1].before_fen), "decimal")
    after = SheetColumn(translate(lang, N_("应为（元）")), lambda row: in_yuan(row[1].after_fen), "decimal")
    return [*found[:6], before, after, *found[6:]]


def _questions(lang: Language) -> list[SheetColumn]:
    found = _queue(lang)
    return [*found[:6], *found[9:]]


def _decided(lang: Language) -> list[SheetColumn]:
    def column(
        heading: str, value: Callable[[DecidedLine], object], kind: Any = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(translate(lang, heading), value, kind, width)

    def share(level: str) -> Callable[[DecidedLine], object]:
        return lambda line: in_yuan(line.row.shares[level]) if level in line.row.shares else None

    return [
        column(N_("核定号"), lambda line: line.row.number, "integer", 10),
        *_homes(lang, lambda line: line.name),
        column(N_("项目"), lambda line: translate(lang, COMPONENTS[line.row.component])),
        column(N_("采暖季"), lambda line: season(lang, line.row.season)),
        column(N_("金额（元）"), lambda line: in_yuan(line.row.amount_fen), "decimal"),
        *(column(name, share(level), "decimal") for level, name in LEVELS.items()),
        column(N_("结果"), lambda line: translate(lang, OUTCOMES[line.row.outcome])),
        column(N_("可发放日期"), lambda line: line.row.due_on, "date"),
        column(N_("标准"), lambda line: f"{line.row.schedule_id}@{line.row.schedule_version}", width=20),
        column(N_("条款"), lambda line: "；".join(line.row.line["rules"]), width=36),
        column(N_("依据的事实"), lambda line: facts_text(lang, line.row.line["facts"]), width=60),
        column(N_("理由"), lambda line: line.row.line["reason"][lang], width=60),
        column(N_("更正的理由"), lambda line: line.row.decided_reason, width=30),
        column(N_("核定人"), lambda line: line.decided_by),
        column(N_("核定时间"), lambda line: line.row.decided_at, "moment", 17),
        column(N_("住户编号"), lambda line: line.row.household, width=38),
        column(N_("编号"), lambda line: line.row.id, width=38),
    ]


COLUMNS: Final[Mapping[str, Callable[[Language], list[SheetColumn]]]] = {
    DUE: _queue,
    CORRECTION: _corrections,
    OPEN: _questions,
    DECIDED: _decided,
}
