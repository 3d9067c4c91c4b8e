"""The sentences of a household's money, Chinese and English: only words, what is true is decided in `words.py`.

Chinese reads as a township official would say it at the door. The bank's reason and a document's remark stay
as they were written, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from server.programme.document import Texts
from server.subsidies import reasons
from server.subsidies.money import yuan
from server.subsidies.payments import CREDITED, PLANNED, RETURNED, REVERSED, SENT, SHOWN_DIGITS
from server.subsidies.reasons import texts
from server.subsidies.vocabulary import COMPONENTS, COMPONENTS_ENGLISH, ONCE

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# What stands in the way of a decision (entitlement.LeftOut.code).
QUESTIONS: Final[Mapping[str, Texts]] = {
    "no_schedule": texts("验收那天没有适用的补贴标准。", "No schedule covers the day of acceptance."),
    "no_day": texts(
        "缺算改造年份的日期，请先补上。", "The day that gives its year is missing; add it first."
    ),
    "no_rule": reasons.NO_RULE,
    "no_area": reasons.NO_AREA,
    "no_cost": reasons.NO_COST,
    "no_proof_day": reasons.NO_PROOF_DAY,
    "newer_not_accepted": reasons.NEWER_NOT_ACCEPTED,
}
# By the payment's state. A dropped one was never money, and nothing is said of it.
PAYMENTS: Final = {
    PLANNED: (
        "{name} {yuan} 元已编入第 {batch} 批，还没有送银行（账号尾号 {end}）。",
        "{yuan} yuan of {name} planned in batch {batch}, not sent to the bank yet (account ending {end}).",
    ),
    SENT: (
        "{name} {yuan} 元，{sent}随第 {batch} 批送银行，账号尾号 {end}，等待银行回执。",
        "{yuan} yuan of {name} sent on {sent} with batch {batch} to the account ending {end}; "
        "the bank has not answered yet.",
    ),
    CREDITED: (
        "{name} {yuan} 元，{booked}已到账，账号尾号 {end}。",
        "{yuan} yuan of {name} paid on {booked} to the account ending {end}.",
    ),
    RETURNED: (
        "{name} {yuan} 元，{sent}送银行，账号尾号 {end}，{booked}被退回：{reason}。",
        "{yuan} yuan of {name} sent on {sent} to the account ending {end}, returned on {booked}: {reason}.",
    ),
    REVERSED: (
        "{name} {yuan} 元，{sent}随第 {batch} 批送银行，后已冲销。",
        "{yuan} yuan of {name} sent on {sent} with batch {batch} was reversed later.",
    ),
}
NOT_ACCEPTED: Final = texts(
    "改造还没有验收，验收以后才核定补贴。",
    "The conversion has not been accepted yet; the subsidy is decided after that.",
)
ANOTHER_NOT_ACCEPTED: Final = texts(
    "另有改造还没有验收，不计补贴。", "Another conversion is not accepted yet; nothing is due for it."
)
NO_DAY: Final = texts("（日期不详）", "a day not stated")
NO_REASON: Final = texts("银行没有写原因", "the bank gave no reason")


def said(zh: str, en: str, **values: object) -> Texts:
    """A sentence in both languages, its places filled; of a text among the values, the language spoken."""
    spoken = {name: each for name, each in values.items() if isinstance(each, dict)}
    chinese = zh.format(**{**values, **{name: each["zh"] for name, each in spoken.items()}})
    english = en.format(**{**values, **{name: each["en"] for name, each in spoken.items()}})
    # A wide bracket brings its own space.
    return texts(chinese.replace("） ", "）"), english[:1].upper() + english[1:])


@lru_cache(maxsize=1000)
def day(on: date | None) -> Texts:
    """ "2020年12月3日"."""
    if on is None:
        return NO_DAY
    return texts(f"{on.year}年{on.month}月{on.day}日", f"{on.day} {MONTHS[on.month - 1]} {on.year}")


@lru_cache(maxsize=100)
def item_name(component: str, season: str) -> Texts:
    """ "运行补贴（2020—2021年采暖季）"; what is paid once carries no season."""
    zh, en = COMPONENTS[component], COMPONENTS_ENGLISH[component]
    if season == ONCE:
        return texts(zh, en)
    first, _, second = season.partition("-")
    if first == ONCE:
        return texts(f"{zh}（第{second}次）", f"{en} (number {second})")
    return texts(f"{zh}（{first}—{second}年采暖季）", f"{en} for the winter {first}–{second}")


def payment(
    name: Texts, state: str, amount_fen: int, *,
    batch_n: int, account: str, reason: str, sent_on: date | None, booked_on: date | None,
) -> Texts:  # fmt: skip
    """What became of a payment; `state` is one of PAYMENTS."""
    return said(
        *PAYMENTS[state], name=name, yuan=yuan(amount_fen), batch=batch_n, end=account[-SHOWN_DIGITS:],
        sent=day(sent_on), booked=day(booked_on or sent_on), reason=reason.strip(" 。.") or NO_REASON,
    )  # fmt: skip


def zero(name: Texts, reason: Texts) -> Texts:
    return said("{name}：{reason}", "{name}: {reason}", name=name, reason=reason)


def corrected(name: Texts, reason: Texts) -> Texts:
    return said("{name}更正：{reason}", "{name} corrected: {reason}", name=name, reason=reason)


def nothing_due(name: Texts) -> Texts:
    return said("{name}现在没有应发金额。", "nothing is due of {name} now.", name=name)


def due(name: Texts, rest_fen: int) -> Texts:
    zh, en = "{name} {yuan} 元已核定，等待发放。", "{yuan} yuan of {name} decided, waiting to be paid."
    return said(zh, en, name=name, yuan=yuan(rest_fen))


def due_again(name: Texts, rest_fen: int) -> Texts:
    zh = "{name} {yuan} 元等待重新发放，请先核对收款账户。"
    en = "{yuan} yuan of {name} waits to be paid again; check the account first."
    return said(zh, en, name=name, yuan=yuan(rest_fen))


def no_payee(name: Texts, rest_fen: int) -> Texts:
    zh = "{name} {yuan} 元已核定，还没有收款账户，登记后才能发放。"
    en = "{yuan} yuan of {name} decided; no account is known, so it cannot be paid yet."
    return said(zh, en, name=name, yuan=yuan(rest_fen))


def excess(name: Texts, excess_fen: int) -> Texts:
    zh = "{name}已发和在途的比应发的多 {yuan} 元，须追回或移出。"
    en = "{yuan} yuan more of {name} is paid or on its way than is due; it has to be recovered."
    return said(zh, en, name=name, yuan=yuan(excess_fen))


def undecided(accepted_on: date, n: int, fen: int) -> Texts:
    """`n` 0: nothing has been worked out yet."""
    if not n:
        zh, en = "{day}验收，等待核定补贴。", "accepted on {day}; the subsidy waits for its decision."
        return said(zh, en, day=day(accepted_on))
    zh = "{day}验收，{n} 项补贴共 {yuan} 元等待核定。"
    en = "accepted on {day}; {n} subsidies of {yuan} yuan in all wait for their decision."
    return said(zh, en, day=day(accepted_on), n=n, yuan=yuan(fen))


def undecided_too(n: int, fen: int) -> Texts:
    """Beside what is decided already."""
    if not fen:
        return said("另有 {n} 项等待核定，金额为 0。", "{n} more of zero wait for their decision.", n=n)
    zh = "另有 {n} 项补贴共 {yuan} 元等待核定。"
    return said(zh, "{n} more subsidies of {yuan} yuan in all wait for their decision.", n=n, yuan=yuan(fen))


def question(code: str) -> Texts:
    return said("还不能核定：{why}", "not decided yet: {why}", why=QUESTIONS[code])


def corrections(n: int, fen: int) -> Texts:
    zh = "情况有变化，{n} 项更正共 {yuan} 元等待核定。"
    en = "circumstances changed; {n} corrections of {yuan} yuan in all wait for their decision."
    return said(zh, en, n=n, yuan=yuan(fen))
