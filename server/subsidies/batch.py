"""A batch of payments (发放批次) from open to closed: declared transitions, and who may take which.

    open → locked → approved → sent → reconciled → closed
    locked or approved → open (rejected, with a reason), open → discarded

Separation of duties is by person and not by role: whoever surveyed, accepted, prepared, approved or reconciled
the payments of a batch holds that duty for them, and may take no step of another. There is no switch for it.
A step is refused with every reason at once; a refusal says what to do.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from server.subsidies.payments import CREDITED, DROPPED, PLANNED, RETURNED, SENT, Payment

N_ = str
OPEN: Final = "open"
LOCKED: Final = "locked"
APPROVED: Final = "approved"
SENT_TO_BANK: Final = "sent"
RECONCILED: Final = "reconciled"
CLOSED: Final = "closed"
DISCARDED: Final = "discarded"
STATES: Final = {
    OPEN: N_("编制中"),
    LOCKED: N_("待审批"),
    APPROVED: N_("已审批"),
    SENT_TO_BANK: N_("已送银行"),
    RECONCILED: N_("已对账"),
    CLOSED: N_("已办结"),
    DISCARDED: N_("已作废"),
}
SURVEY: Final = "survey"
ACCEPTANCE: Final = "acceptance"
PREPARATION: Final = "preparation"
APPROVAL: Final = "approval"
RECONCILIATION: Final = "reconciliation"
DUTIES: Final = {
    SURVEY: N_("入户调查"),
    ACCEPTANCE: N_("验收"),
    PREPARATION: N_("编制"),
    APPROVAL: N_("审批"),
    RECONCILIATION: N_("对账"),
}


@dataclass(frozen=True)
class Act:
    """A step that was taken: its verb, the person, the instant (aware), and the reason where one was asked for."""

    verb: str
    person: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Batch:
    """A batch with its payments and its history. `acts` begin with payment_batch.prepare by whoever opened it;
    adding or removing a payment is another one. `follows`: the batch whose returned money this one pays again.
    `waiting_n`: rows of its return files that match nothing and still wait for somebody.
    """

    id: str
    county: str
    state: str
    payments: tuple[Payment, ...]
    acts: tuple[Act, ...]
    follows: str = ""
    waiting_n: int = 0

    @property
    def total_fen(self) -> int:
        return sum(payment.amount_fen for payment in self.payments)

    @property
    def digest(self) -> str:
        """A hash over what will be paid to whom: what one person approves is what another prepared."""
        rows = sorted(
            (
                each.id,
                each.entitlement,
                each.amount_fen,
                each.payee.account,
                each.payee.holder,
                each.payee.bank,
            )
            for each in self.payments
        )
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


# Code → what is wrong, and what to do.
REFUSALS: Final = {
    "not_declared": (
        N_("批次现在是“{state}”，不能办这一步。"),
        N_("请刷新页面，也许别人已经办过。"),
    ),
    "other_duty": (
        N_("您已经为这个批次里的付款做过{held}，不能再做{duty}。"),
        N_("请换一个人办；职责按人分开，没有例外。"),
    ),
    "mixed_duties": (
        N_("{person} 为这个批次里的付款做过{first}，又做过{second}。"),
        N_("请把那些付款移出，另编一批，由别人办。"),
    ),
    "no_reason": (N_("没有写理由。"), N_("请写明理由。")),
    "changed": (N_("这个批次在您打开页面之后改过。"), N_("请重新打开，核对后再办。")),
    "empty": (N_("批次里没有付款。"), N_("请先加入应发的补贴。")),
    "amount": (N_("付款 {id} 的金额不对。"), N_("请移出后重新加入。")),
    "no_payee": (N_("付款 {id} 没有户名或账号。"), N_("请补上收款账户，或移出这一笔。")),
    "not_planned": (N_("付款 {id} 不是这个县待发放的付款。"), N_("请移出这一笔。")),
    "same_id": (N_("付款编号 {id} 在批次里有 {n} 笔。"), N_("只留一笔。")),
    "same_entitlement": (N_("应补项目 {id} 在批次里有 {n} 笔付款。"), N_("只留一笔。")),
    "unanswered": (N_("还有 {n} 笔没有银行回执。"), N_("请导入银行的回盘文件，或向银行查询。")),
    "waiting": (N_("还有 {n} 行回盘对不上。"), N_("请逐行处理后再办。")),
    # What only the database can see.
    "alike": (N_("另有 {n} 笔同样的问题。"), N_("请一并处理。")),
    "nothing_owed": (N_("按这些条件没有可发放的补贴。"), N_("请放宽条件，或看被排除的原因。")),
    "other_than_seen": (
        N_("预览之后有变化：原来 {n} 笔 {yuan} 元，现在 {n_now} 笔 {yuan_now} 元。"),
        N_("请核对新的预览，再提交一次。"),
    ),
    "held_elsewhere": (
        N_("第 {number} 批（{title}）里已有其中 {n} 笔。"),
        N_("一笔补贴只能在一个批次里；请刷新预览后再提交。"),
    ),
    "not_settled": (N_("批次还没有对账，退回的钱还不能重发。"), N_("请先对账，再编后续批次。")),
    "not_apart": (N_("退回的钱和新的补贴不能编在一个批次里。"), N_("请另编一个批次。")),
    "no_title": (N_("没有写批次名称，或名称超过 {max} 个字。"), N_("请写一个简短的名称。")),
    "none_chosen": (N_("没有选中这个批次里的付款。"), N_("请勾选要移出的付款。")),
    "too_much": (
        N_("有 {n} 笔多于现在的核定，共多 {yuan} 元。"),
        N_("请移出它们（已提交的先退回编制），再按现在的核定加入。"),
    ),
    "no_return_yet": (
        N_("批次现在是“{state}”，还没有银行回执可导。"),
        N_("请先送银行，再导入银行的回盘文件。"),
    ),
    "settled_already": (N_("选中的行里有的已经处理过。"), N_("请刷新页面后再看。")),
    "no_rows": (N_("没有选中等待处理的行。"), N_("请勾选至少一行。")),
    "row_not_bookable": (
        N_("第 {number} 行不能入账：{why}。"),
        N_("请向银行要更正的回盘文件，或写明理由后不入账。"),
    ),
    "answered_so": (N_("付款 {id} 的回执本来就是“{state}”。"), N_("请写明理由后选“不入账”。")),
    "chosen_twice": (N_("付款 {id} 选了不止一行。"), N_("一笔付款只能以一行为准。")),
    "paid_again": (
        N_("付款 {id} 退回后已在第 {number} 批（{title}）里重发，不能改为到账。"),
        N_("请先处理重发的那一笔。"),
    ),
    "in_dispute": (
        N_("有 {n} 笔的收款人有更改，还没有决定用哪一个。"),
        N_("请先在收款人页决定，或把它们移出。"),
    ),
}


@dataclass(frozen=True)
class Refusal:
    """Why a step can not be taken: a code of REFUSALS, and what fills the places of its texts."""

    code: str
    values: tuple[tuple[str, object], ...] = ()

    @staticmethod
    def of(code: str, **values: object) -> Refusal:
        return Refusal(code, tuple(values.items()))

    def message(self, translated: Callable[[str], str] = str) -> str:
        """What is wrong, in Chinese or as `translated` says it; words among the values are translated too."""
        return self._filled(REFUSALS[self.code][0], translated)

    def remedy(self, translated: Callable[[str], str] = str) -> str:
        return self._filled(REFUSALS[self.code][1], translated)

    def _filled(self, text: str, translated: Callable[[str], str]) -> str:
        words = {name: translated(value) if isinstance(value, str) else value for name, value in self.values}
        return translated(text).format(**words)


@dataclass(frozen=True)
class Step:
    """A transition. `verb` is the permission, the audit event and the URL's last part. `duty`: what the person who
    takes it holds from then on. `needs`: conditions of the batch. `reasoned`: a reason has to be given. `seen`: the
    person states the digest they looked at. `payments`: the state its payments go to.
    """

    verb: str
    source: str
    target: str
    duty: str = ""
    needs: tuple[str, ...] = ()
    reasoned: bool = False
    seen: bool = False
    payments: str = ""


PREPARE: Final = "payment_batch.prepare"
TO_BE_PAID: Final = ("has_payments", "sound", "paid_once", "duties_apart")
STEPS: Final = (
    Step("payment_batch.lock", OPEN, LOCKED, PREPARATION, TO_BE_PAID),
    Step("payment_batch.discard", OPEN, DISCARDED, PREPARATION, reasoned=True, payments=DROPPED),
    Step("payment_batch.reject", LOCKED, OPEN, reasoned=True),
    Step("payment_batch.reject", APPROVED, OPEN, reasoned=True),
    Step("payment_batch.approve", LOCKED, APPROVED, APPROVAL, TO_BE_PAID, seen=True),
    Step("payment_batch.send", APPROVED, SENT_TO_BANK, needs=("sound",), seen=True, payments=SENT),
    Step(
        "payment_batch.reconcile", SENT_TO_BANK, RECONCILED, RECONCILIATION, ("all_answered", "none_waiting")
    ),
    # An answer may still come after the reconciliation: a bank takes a credit back.
    Step("payment_batch.close", RECONCILED, CLOSED, needs=("none_waiting",)),
)
VERBS: Final = (PREPARE, *dict.fromkeys(step.verb for step in STEPS))
# The duty that each verb leaves its person with.
DUTY_OF: Final = {PREPARE: PREPARATION, **{step.verb: step.duty for step in STEPS if step.duty}}


def steps_from(state: str) -> tuple[Step, ...]:
    """The steps declared for a state; empty for an end."""
    return tuple(step for step in STEPS if step.source == state)


def duties(batch: Batch, person: str) -> frozenset[str]:
    """The duties a person holds for any payment of a batch."""
    held = {DUTY_OF[act.verb] for act in batch.acts if act.person == person and act.verb in DUTY_OF}
    if any(person in payment.surveyed_by for payment in batch.payments):
        held.add(SURVEY)
    if any(person in payment.accepted_by for payment in batch.payments):
        held.add(ACCEPTANCE)
    return frozenset(held)


def refusals(batch: Batch, verb: str, person: str, *, reason: str = "", seen: str = "") -> list[Refusal]:
    """Why `person` may not take this step now, every reason at once; an empty list means they may.

    `seen`: the batch's digest on the page where the person decided. For payment_batch.prepare `batch` is what it
    would become, with the payments to be added. Whether their role allows the verb at all is asked elsewhere.
    """
    if verb == PREPARE:
        return [*_not_open(batch), *_duty_kept(batch, PREPARATION, person), *_duties_apart(batch)]
    step = next((each for each in STEPS if each.verb == verb and each.source == batch.state), None)
    if step is None:
        return [_undeclared(batch)]
    found = [refusal for name in step.needs for refusal in NEEDS[name](batch)]
    found += _duty_kept(batch, step.duty, person)
    if step.reasoned and not reason.strip():
        found.append(Refusal.of("no_reason"))
    if step.seen and seen != batch.digest:
        found.append(Refusal.of("changed"))
    return found


def take(batch: Batch, verb: str, person: str, at: datetime, *, reason: str = "", seen: str = "") -> Batch:
    """The batch after a step that nothing refuses. Its payments take the state the step declares."""
    assert not refusals(batch, verb, person, reason=reason, seen=seen)
    acts = (*batch.acts, Act(verb, person, at, reason.strip()))
    if verb == PREPARE:
        return replace(batch, acts=acts)
    step = next(each for each in STEPS if each.verb == verb and each.source == batch.state)
    payments = batch.payments
    if step.payments:
        payments = tuple(replace(payment, state=step.payments) for payment in payments)
    return replace(batch, state=step.target, payments=payments, acts=acts)


# ---- what a step may need


def _undeclared(batch: Batch) -> Refusal:
    return Refusal.of("not_declared", state=STATES.get(batch.state, batch.state))


def _not_open(batch: Batch) -> Iterator[Refusal]:
    if batch.state != OPEN:
        yield _undeclared(batch)


def _duty_kept(batch: Batch, duty: str, person: str) -> Iterator[Refusal]:
    for held in sorted(duties(batch, person) - {duty}) if duty else ():
        yield Refusal.of("other_duty", held=DUTIES[held], duty=DUTIES[duty])


def _has_payments(batch: Batch) -> Iterator[Refusal]:
    if not batch.payments:
        yield Refusal.of("empty")


def _sound(batch: Batch) -> Iterator[Refusal]:
    """Every payment is one, with money, an account and a holder, in the batch's county and not on its way yet."""
    for payment in batch.payments:
        if payment.amount_fen <= 0 or sum(payment.shares_fen.values()) != payment.amount_fen:
            yield Refusal.of("amount", id=payment.id)
        if not payment.payee.account.strip() or not payment.payee.holder.strip():
            yield Refusal.of("no_payee", id=payment.id)
        if payment.county != batch.county or payment.state != PLANNED:
            yield Refusal.of("not_planned", id=payment.id)


def _paid_once(batch: Batch) -> Iterator[Refusal]:
    for id, n in Counter(payment.id for payment in batch.payments).items():
        if n > 1:
            yield Refusal.of("same_id", id=id, n=n)
    for id, n in Counter(payment.entitlement for payment in batch.payments).items():
        if n > 1:
            yield Refusal.of("same_entitlement", id=id, n=n)


def _duties_apart(batch: Batch) -> Iterator[Refusal]:
    """A payment added later may be one that a person who already acted on the batch had surveyed or accepted."""
    for person in dict.fromkeys(act.person for act in batch.acts):
        mine = duties(batch, person)
        held = [duty for duty in DUTIES if duty in mine]
        if len(held) > 1:
            yield Refusal.of("mixed_duties", person=person, first=DUTIES[held[0]], second=DUTIES[held[1]])


def _all_answered(batch: Batch) -> Iterator[Refusal]:
    n = sum(payment.state not in (CREDITED, RETURNED) for payment in batch.payments)
    if n:
        yield Refusal.of("unanswered", n=n)


def _none_waiting(batch: Batch) -> Iterator[Refusal]:
    if batch.waiting_n:
        yield Refusal.of("waiting", n=batch.waiting_n)


NEEDS: Final[dict[str, Callable[[Batch], Iterator[Refusal]]]] = {
    "has_payments": _has_payments,
    "sound": _sound,
    "paid_once": _paid_once,
    "duties_apart": _duties_apart,
    "all_answered": _all_answered,
    "none_waiting": _none_waiting,
}
