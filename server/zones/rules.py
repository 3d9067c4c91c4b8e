"""What decides about a zone: readiness as a checklist of counts, and which step a version may take.

Conditions rest on the words of the plans: whole conversion and stable running (泽政办发〔2020〕28号, item 6:
整体完成改造并稳定运行), subsidy in time and in full and no re-burning (the Fenwei plan of 2019-2020, item 9).
None of them says how to count, so the counting is this project's and each line opens its homes. The checklist
is evidence, not a lock: whoever designates with lines unmet, as a deadline may force, writes down why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

# Marks a text for translation, as server.web.N_ does; rules know no web.
N_ = str

KINDS: Final = {"no_coal": N_("禁煤区")}
STATES: Final = {
    "proposed": N_("拟划定"),
    "designated": N_("已划定，未施行"),
    "in_force": N_("施行中"),
    "withdrawn": N_("已撤销"),
    "refused": N_("未获批准"),
}
CHANGES: Final = {"new": N_("新划定"), "amend": N_("调整范围"), "withdraw": N_("撤销")}
LEFT_OUT_REASONS: Final = {
    "no_network": N_("气、热、电网都未通达"),
    "demolition": N_("已列入拆迁，采暖季前搬迁"),
    "mountain": N_("山区，允许洁净煤加环保炉具"),
    "production": N_("大棚、烤烟、养殖等生产用煤"),
    "other": N_("其他（在说明中写明）"),
}
DUE_DAYS_MAX: Final = 365
DUE_DAYS: Final = 15
"""Days to put a violation right where nobody says otherwise. No text gives a number; this is a proposal."""
TEXT_CHARS_MAX: Final = 1000


# --- readiness -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """Counts of a zone's homes, those left out apart.

    converted + empty + exempt + not_converted + unvisited = households. `not_connected` are converted homes
    without power, gas or heat; `not_used` connected ones nobody has used yet. `unpaid` None: not known, for
    subsidies are not in use. `unproven`: in service, but not through a whole season.
    """

    households: int = 0
    converted: int = 0
    empty: int = 0
    exempt: int = 0
    not_converted: int = 0
    unvisited: int = 0
    not_connected: int = 0
    not_used: int = 0
    left_out: int = 0
    problems: int = 0
    problem_households: int = 0
    unpaid: int | None = None
    unproven: int = 0
    stoves: int = 0


@dataclass(frozen=True)
class Line:
    """A line of the checklist. `bad`: homes (of `problems`: problems) in its way, None where nobody knows.
    `counts`: whether it decides readiness, or is only said."""

    code: str
    bad: int | None
    met: bool
    counts: bool = True


LINES: Final = {
    "surveyed": N_("都已入户登记"),
    "homes": N_("登记的住户都已改造、有原因不取暖，或空置"),
    "connected": N_("改造的都已接通"),
    "used": N_("接通的都已使用"),
    "problems": N_("没有未销号的问题"),
    "paid": N_("补贴已发放到位"),
    "proven": N_("都经过一个采暖季检验（稳定运行）"),
    "stoves": N_("没有施行后即违规的炉具"),
}


def checklist(tally: Tally) -> tuple[Line, ...]:
    """The lines in the order of the work. A zone without homes meets nothing: there is no evidence."""
    some = tally.households > 0

    def line(code: str, bad: int | None, *, counts: bool = True) -> Line:
        return Line(code, bad, some and bad == 0, counts)

    return (
        line("surveyed", tally.unvisited),
        line("homes", tally.not_converted),
        line("connected", tally.not_connected),
        line("used", tally.not_used),
        line("problems", tally.problems),
        line("paid", tally.unpaid),
        line("proven", tally.unproven, counts=False),
        line("stoves", tally.stoves, counts=False),
    )


def ready(lines: Collection[Line]) -> bool:
    """Whether every line that counts is met."""
    counting = [line for line in lines if line.counts]
    return bool(counting) and all(line.met for line in counting)


# --- steps -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """What somebody proposes. `taken`: those of the villages that another zone holds, with its name."""

    change: str
    name: str
    reason: str
    responsible: str
    due_days: int
    villages: frozenset[str]
    taken: Mapping[str, str]
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Designation:
    """The decision on a proposal, and what it is judged by. `editors`: everybody who wrote in the proposal.

    `seen`, `digest`: the proposal as the decider saw it, and as it is. `replaces_from`: since when the version
    that this one replaces is in force.
    """

    person: str
    editors: frozenset[str]
    document_number: str
    document_on: date | None
    in_force_on: date | None
    ready: bool
    unmet_reason: str
    seen: str
    digest: str
    replaces_from: date | None
    taken: Mapping[str, str]


REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "name": (N_("没有填写名称。"), N_("请填写 2 到 60 个字的名称。")),
    "reason": (N_("没有写明理由。"), N_("请写明提议的依据和理由。")),
    "text_long": (N_("写得太长。"), N_("请压缩到 1000 字以内。")),
    "villages": (N_("没有选择任何村。"), N_("请勾选至少一个村。")),
    "unknown": (N_("选中的村不在本县区划表中。"), N_("请从列表中选择。")),
    "taken": (N_("选中的村已在另一个禁煤区内。"), N_("请去掉这些村，或先调整那个禁煤区。")),
    "responsible": (N_("没有指定责任人。"), N_("请选择一名责任人，区内发现的问题交他整改。")),
    "due_days": (N_("整改天数不对。"), N_("请填 1 到 365 之间的整数。")),
    "state": (N_("现在的状态不允许这一步。"), N_("请刷新页面，看清现在的状态再办理。")),
    "pending": (N_("这个禁煤区已有一份提议在等决定。"), N_("请先批准或不批准那一份。")),
    "same_person": (N_("提议人和改动过提议的人不能自己批准。"), N_("请由另一名有权限的人决定。")),
    "not_own": (N_("这份提议不是您提的。"), N_("请由提议人收回，或由有权限的人决定。")),
    "document": (N_("没有填写文件号或文件日期。"), N_("请按公布的文件填写文号和日期。")),
    "document_on": (N_("文件日期在今天之后。"), N_("请填写文件上的日期。")),
    "in_force_on": (N_("没有施行日期，或施行日期早于文件日期。"), N_("禁令不能追溯，请核对施行日期。")),
    "replaces": (N_("施行日期不晚于现行范围的施行日期。"), N_("请填写更晚的施行日期。")),
    "changed": (N_("您打开页面之后，提议又有改动。"), N_("请重新核对范围和名单，再作决定。")),
    "unmet": (N_("有条件未达到，而没有写明仍要划定的理由。"), N_("请写明理由，随本次划定存档。")),
}


def proposal_fault(proposal: Proposal) -> str | None:
    """Why a proposal is refused, as a code of REFUSALS; None when it can be made."""
    if not 2 <= len(proposal.name.strip()) <= 60:
        return "name"
    if not proposal.reason.strip():
        return "reason"
    if len(proposal.reason) > TEXT_CHARS_MAX:
        return "text_long"
    if proposal.change != "withdraw" and not proposal.villages:
        return "villages"
    if proposal.unknown:
        return "unknown"
    if proposal.taken:
        return "taken"
    if not proposal.responsible:
        return "responsible"
    return None if 1 <= proposal.due_days <= DUE_DAYS_MAX else "due_days"


def designation_fault(given: Designation, today: date) -> str | None:
    """Why a designation is refused, as a code of REFUSALS; None when it takes effect."""
    if given.person in given.editors:
        return "same_person"
    if given.seen != given.digest:
        return "changed"
    if given.taken:
        return "taken"
    if not given.document_number.strip() or given.document_on is None:
        return "document"
    if given.document_on > today:
        return "document_on"
    if given.in_force_on is None or given.in_force_on < given.document_on:
        return "in_force_on"
    if given.replaces_from is not None and given.in_force_on <= given.replaces_from:
        return "replaces"
    if len(given.unmet_reason) > TEXT_CHARS_MAX:
        return "text_long"
    return None if given.ready or given.unmet_reason.strip() else "unmet"


def state_of(decision: str, change: str, in_force_on: date | None, today: date) -> str:
    """What a version is called on a day. `decision`: proposed, designated or refused."""
    if decision != "designated":
        return decision
    if in_force_on is None or in_force_on > today:
        return "designated"
    return "withdrawn" if change == "withdraw" else "in_force"


# --- converted and not yet zoned -------------------------------------------------------------------------------


@dataclass(frozen=True)
class VillageHeating:
    """A village's heated homes, the clean ones of them, and the day the last conversion was connected."""

    village: str
    heated: int
    clean: int
    last_on: date | None

    @property
    def converted(self) -> bool:
        """Every home in the heated base is clean: conversion has reached the whole village."""
        return self.heated > 0 and self.clean == self.heated

    @property
    def remaining(self) -> int:
        return self.heated - self.clean

    def nearly(self, pct: int) -> bool:
        """At least so many percent clean, and not yet all."""
        return not self.converted and self.heated > 0 and self.clean * 100 >= self.heated * pct

    def days_since(self, today: date) -> int | None:
        """Days since conversion reached the last home; None where no date says so."""
        return (today - self.last_on).days if self.converted and self.last_on else None
