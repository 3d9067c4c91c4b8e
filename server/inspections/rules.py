"""The problem ledger's decisions: which step may follow which, and who may take it.

The ledger follows the five steps of the 2019-2020 autumn-winter plan of the Fenwei plain (排查, 交办, 核查 …)
and "closed item by item" (逐项销号) of the provincial and county plans. That the one who closes is another
person than the one who found, the one responsible and the one who reported is this project's reading of
核查: nobody verifies their own work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

# Marks a text for translation, as server.web.N_ does; rules know no web.
N_ = str

SIGHTINGS: Final = {
    "coal_burned": N_("烧煤"),
    "stove_in_use": N_("燃煤炉具在用"),
    "coal_stored": N_("存有散煤"),
    "coal_sold": N_("售卖散煤"),
}
# The first five are the household-by-household check (回头看) of Shuozhou's plan of 2020, item 7.
KINDS: Final[Mapping[str, str]] = {
    "equipment": N_("取暖设施未入户"),
    "supply": N_("热源、气源、电源无保障"),
    "subsidy": N_("补贴未到位"),
    "clean_coal": N_("清洁煤未置换"),
    "removed_early": N_("提前拆除旧炉具"),
    **SIGHTINGS,
    "stove_kept": N_("炉具未清除"),
    "other": N_("其他问题"),
}
COAL_KINDS: Final = tuple(SIGHTINGS)
STATES: Final = {"open": N_("整改中"), "reported": N_("待核查"), "closed": N_("已销号")}
OUTCOMES: Final = {"put_right": N_("已整改"), "unfounded": N_("核实不属实")}
ACTS: Final = {
    "open": N_("立案"),
    "seen": N_("再次发现"),
    "record": N_("登记有更新"),
    "assign": N_("交办"),
    "report": N_("报告已整改"),
    "return": N_("退回整改"),
    "close": N_("销号"),
    "reopen": N_("重新立案"),
}
# (state, act) to the state after it; whatever is not here is refused.
TRANSITIONS: Final[Mapping[tuple[str, str], str]] = {
    ("open", "assign"): "open",
    ("open", "report"): "reported",
    ("open", "close"): "closed",
    ("reported", "return"): "open",
    ("reported", "close"): "closed",
    ("closed", "reopen"): "open",
}
TEXT_CHARS_MAX: Final = 1000


@dataclass(frozen=True)
class Standing:
    """What a step is judged by: the problem's state, and who has had a part in it.

    `closed_by` and `reopened_by` are empty until it was closed, or opened again, once.
    """

    state: str
    opened_by: str
    responsible: str
    reported_by: str = ""
    closed_by: str = ""
    reopened_by: str = ""

    @property
    def parties(self) -> frozenset[str]:
        """Those who must not verify."""
        return frozenset({self.opened_by, self.reopened_by, self.responsible, self.reported_by} - {""})


@dataclass(frozen=True)
class Step:
    """A step somebody wants to take. `text`: reason, report or evidence; `outcome` only of closing."""

    act: str
    person: str
    text: str = ""
    responsible: str = ""
    due_on: date | None = None
    outcome: str = ""


REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "state": (N_("问题现在的状态不允许这一步。"), N_("请刷新页面，看清现在的状态再办理。")),
    "text": (N_("没有写明情况。"), N_("请写明理由、整改情况或核查证据（文号、照片编号、到场人）。")),
    "text_long": (N_("写得太长。"), N_("请压缩到 1000 字以内。")),
    "responsible": (N_("没有指定责任人。"), N_("请选择一名责任人。")),
    "due_on": (N_("没有整改期限，或期限已过。"), N_("请填写今天或以后的日期。")),
    "outcome": (N_("没有选择核查结果。"), N_("请选择已整改，或核实不属实。")),
    "same_person": (
        N_("发现人、责任人和报告整改的人不能自己核查。"),
        N_("请由另一名有权限的人到场核查后销号或退回。"),
    ),
    "already_open": (
        N_("这一户已有一个同类问题没有销号。"),
        N_("请在那一个问题里办理，不必重新立案。"),
    ),
    "not_responsible": (N_("只有责任人可以报告已整改。"), N_("请由责任人报告，或先改派责任人。")),
}


def fault(step: Step, at: Standing, today: date) -> str | None:
    """Why a step is refused, as a code of REFUSALS; None when it may be taken."""
    if (at.state, step.act) not in TRANSITIONS:
        return "state"
    if not step.text.strip():
        return "text"
    if len(step.text) > TEXT_CHARS_MAX:
        return "text_long"
    return _fault_of(step, at, today)


def _fault_of(step: Step, at: Standing, today: date) -> str | None:
    if step.act in ("assign", "reopen"):
        if not step.responsible:
            return "responsible"
        if step.due_on is None or step.due_on < today:
            return "due_on"
    if step.act == "report" and step.person != at.responsible:
        return "not_responsible"
    if step.act in ("close", "return") and step.person in at.parties:
        return "same_person"
    if step.act == "close" and step.outcome not in OUTCOMES:
        return "outcome"
    return None


def after(step: Step, at: Standing) -> Standing:
    """Where the problem stands after a step without fault."""
    state = TRANSITIONS[at.state, step.act]
    return Standing(
        state=state,
        opened_by=at.opened_by,
        responsible=step.responsible if step.act in ("assign", "reopen") else at.responsible,
        reported_by={"report": step.person, "reopen": ""}.get(step.act, at.reported_by),
        closed_by=step.person if step.act == "close" else at.closed_by,
        reopened_by=step.person if step.act == "reopen" else at.reopened_by,
    )


def overdue(state: str, due_on: date, today: date) -> bool:
    """Whether the deadline has passed while the problem is not closed. Waiting for a check does not stop it."""
    return state != "closed" and due_on < today
