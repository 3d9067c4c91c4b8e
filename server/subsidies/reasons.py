"""Why a line is what it is, in words a householder can read, Chinese and English.

Only words: what is true was decided in `rules.py`. A reason is stored with its line, in both languages, and
read years later by people who never saw this program.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from server.programme.document import Texts
from server.registry.vocabulary import CONVERSION_KINDS, HARDSHIPS, choice
from server.subsidies.money import yuan
from server.subsidies.vocabulary import COMPONENTS, COMPONENTS_ENGLISH, FACTS

STATES = {
    "signed": ("签约", "signed"),
    "installed": ("安装", "installed"),
    "connected": ("接通", "connected"),
    "accepted": ("验收", "accepted"),
}


def texts(zh: str, en: str) -> Texts:
    return {"zh": zh, "en": en}


def _kind(kind: str) -> tuple[str, str]:
    return CONVERSION_KINDS.get(kind, kind), kind.replace("_", " ")


def _in_brackets(remark: Texts) -> tuple[str, str]:
    return (f"（{remark['zh']}）", f" ({remark['en']})") if remark else ("", "")


def fact(name: str, value: str) -> str:
    """A fact as people call it, in Chinese: 煤改电 for electric, yuan for fen; as it is where it has no word."""
    if name == "cost_fen" and value.lstrip("-").isdigit():
        return yuan(int(value))
    return choice({"device": "device_code", "not_heated": "not_heated_reason"}.get(name, name), value)


def conversion(kind: str, year: int, state: str, tier: Texts) -> Texts:
    """What is paid for: "2018年接通的煤改电，第一档"."""
    (kind_zh, kind_en), (state_zh, state_en) = _kind(kind), STATES[state]
    return texts(
        f"{year}年{state_zh}的{kind_zh}，{tier['zh']}",
        f"{kind_en} heating {state_en} in {year}, {tier['en']}",
    )


def season(kind: str, year: int, state: str, number: int, of: int) -> Texts:
    """Which winter is paid for: "2018年接通的煤改电补3个采暖季，这是第2个"."""
    (kind_zh, kind_en), (state_zh, state_en) = _kind(kind), STATES[state]
    return texts(
        f"{year}年{state_zh}的{kind_zh}补{of}个采暖季，这是第{number}个",
        f"{kind_en} heating {state_en} in {year} is paid for {of} seasons, of which this is number {number}",
    )


def granted(component: str, what: Texts, amount_fen: int, remark: Texts) -> Texts:
    remark_zh, remark_en = _in_brackets(remark)
    return texts(
        f"{what['zh']}{remark_zh}：{COMPONENTS[component]} {yuan(amount_fen)} 元。",
        f"{what['en']}{remark_en}: {COMPONENTS_ENGLISH[component]} of {yuan(amount_fen)} yuan.",
    )


def by_area(what: Texts, rate_fen: int, area_m2: Decimal, counted_m2: Decimal) -> Texts:
    """Adds how the area was counted to what is paid for."""
    most_zh = f"，按 {counted_m2} 平方米计" if counted_m2 < area_m2 else ""
    most_en = f", counted as {counted_m2}" if counted_m2 < area_m2 else ""
    return texts(
        f"{what['zh']}，采暖面积 {area_m2} 平方米{most_zh}，每平方米 {yuan(rate_fen)} 元",
        f"{what['en']}, heated area {area_m2} m²{most_en} at {yuan(rate_fen)} yuan each",
    )


def silent(what: Texts, remark: Texts) -> Texts:
    return texts(
        f"{what['zh']}：{remark['zh']}，金额为 0。", f"{what['en']}: {remark['en']}; the amount is zero."
    )


def outside_years(what: Texts, first: int, last: int) -> Texts:
    zh = f"{what['zh']}：文件只管{first}—{last}年的改造，金额为 0。"
    return texts(zh, f"{what['en']}: the document is for conversions of {first}–{last}; the amount is zero.")


def excluded(what: Texts, remark: Texts) -> Texts:
    return texts(f"{what['zh']}：{remark['zh']}。", f"{what['en']}: {remark['en']}.")


def hardship(name: str, on: date) -> Texts:
    """Who is supplemented: "2019-10-01是低保户"."""
    return texts(f"{on}是{HARDSHIPS.get(name, name)}", f"{name.replace('_', ' ')} household on {on}")


def cost(what: Texts, cost_fen: int, other_fen: int) -> Texts:
    return texts(
        f"{what['zh']}，实际费用 {yuan(cost_fen)} 元，其他补贴 {yuan(other_fen)} 元",
        f"{what['en']}, actual cost {yuan(cost_fen)} yuan, other subsidies {yuan(other_fen)} yuan",
    )


def capped(before: Texts, amount_fen: int, cap_fen: int, remark: Texts) -> Texts:
    return texts(
        f"{before['zh']}{remark['zh']}，上限 {yuan(cap_fen)} 元，还可补 {yuan(amount_fen)} 元。",
        f"{before['en']} Capped ({remark['en']}) at {yuan(cap_fen)} yuan: {yuan(amount_fen)} yuan remain.",
    )


def difference(before_fen: int, after_fen: int, changes: Sequence[tuple[str, str, str]]) -> Texts:
    """What was decided, what it would be now, and which facts changed: (name, before, after)."""
    gap_fen = after_fen - before_fen
    zh = f"原定 {yuan(before_fen)} 元，按现在的情况应为 {yuan(after_fen)} 元，差额 {yuan(gap_fen)} 元。"
    en = f"Decided {yuan(before_fen)} yuan, now {yuan(after_fen)} yuan: a difference of {yuan(gap_fen)} yuan."
    said_zh = "；".join(
        f"{FACTS.get(name, name)}由“{fact(name, old) or '空'}”改为“{fact(name, new) or '空'}”"
        for name, old, new in changes
    )
    said_en = "; ".join(f'{name} from "{old}" to "{new}"' for name, old, new in changes)
    return texts(f"{zh}{said_zh}。", f"{en} Changed: {said_en}.") if changes else texts(zh, en)


def not_due_any_more(before_fen: int, why: Texts | None) -> Texts:
    because_zh, because_en = (why["zh"], f" {why['en']}") if why else ("", "")
    return texts(
        f"原定 {yuan(before_fen)} 元，按现在的情况没有这一项，差额 {yuan(-before_fen)} 元。{because_zh}",
        f"Decided {yuan(before_fen)} yuan, now not due at all: a difference of {yuan(-before_fen)} yuan.{because_en}",
    )


def decided_twice(before_fen: int, after_fen: int, times: int) -> Texts:
    """Two registered households turned out to be one: a finding to recover, never a silent merge."""
    gap_fen = after_fen - before_fen
    return texts(
        f"同一户的这一项定了 {times} 次，共 {yuan(before_fen)} 元，"
        f"应为 {yuan(after_fen)} 元，差额 {yuan(gap_fen)} 元。",
        f"Decided {times} times for one household, {yuan(before_fen)} yuan in all; due are {yuan(after_fen)} yuan: "
        f"a difference of {yuan(gap_fen)} yuan.",
    )


NOT_ACCEPTED = texts("还没有验收，不计补贴。", "Not accepted yet: nothing is due.")
ALREADY_GRANTED = texts("这一户已经有一次建设补贴。", "The household already has its construction subsidy.")
NO_RULE = texts(
    "改造方式或设备没有填，或不在标准之内，请先更正。",
    "Kind or device is missing or unknown to the schedule; correct it first.",
)
NO_AREA = texts(
    "补贴按采暖面积计，面积没有填，请先补上。", "Paid by heated area, which is not recorded; add it first."
)
NO_COST = texts(
    "兜底按实际费用计，费用没有填，请先补上。",
    "Full cover is of the actual cost, which is not recorded; add it.",
)
NO_PROOF_DAY = texts(
    "困难类别没有认定日期，请先补上，才知道当时是否符合。",
    "The hardship has no date of proof; add it, to know whether it held on the day.",
)
NOT_IN_USE = texts("这个采暖季里没有接通使用的改造。", "No conversion was connected in this season.")
NEWER_NOT_ACCEPTED = texts(
    "这个采暖季用的是另一次改造，它还没有验收，请先验收或更正。",
    "Another conversion was in use this season and is not accepted; accept or correct it first.",
)
REPLACED = texts(
    "这个采暖季用的是另一次改造，它不在补贴年限之内。",
    "Another conversion was in use this season, for which it is not due.",
)


def no_schedule(accepted_on: date) -> Texts:
    return texts(
        f"{accepted_on} 验收，没有适用的补贴标准。",
        f"Accepted on {accepted_on}; no schedule covers that day.",
    )


def no_day(state: str) -> Texts:
    zh, en = STATES[state]
    return texts(
        f"没有{zh}日期，不知道算哪一年的改造，请先补上。",
        f"The day it was {en} is not recorded, so its year is unknown; add it first.",
    )
