"""What a contact came to, in figures and in words: for the surveyor, and for whoever drives the contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sync.messages import Anew


@dataclass(frozen=True)
class Refusal:
    """No reply came, or the hub refused: code, what is wrong and what to do (Chinese), and after how many
    seconds the hub wishes to be asked again, if it said so. ``history``: the hub's, told to a revoked tablet."""

    code: str
    message: str
    remedy: str
    retry_after_s: int | None = None
    history: str = ""


@dataclass(frozen=True)
class Progress:
    """``phase`` send: ``done`` of ``total`` records offered. ``phase`` receive: ``done`` of ``total`` villages
    read to their heads. ``phase`` part: ``done`` of ``total`` bytes of a snapshot part.
    ``phase`` photos: ``done`` of ``total`` bytes sent."""

    phase: Literal["send", "receive", "part", "photos"]
    done: int
    total: int


@dataclass(frozen=True)
class Step:
    """A line of the account: ``code`` for translation, ``count``, and the sentence in Chinese."""

    code: str
    count: int
    text: str


@dataclass(frozen=True)
class Account:
    """What a contact came to. ``sent_n``: records offered and answered. ``problem`` None: all that waited was
    offered and everything was read. ``unknown_n``: verdicts for records this tablet does not have.
    ``enrol_again``: the hub has closed this device id; what was sent is taken all the same.
    ``photos_n``: photos that got their receipt; ``photos_left_n``: still waiting; ``photos_refused_n``: the hub
    will not have. ``photo_problem``: why the photos stopped; the records are not touched by it."""

    sent_n: int = 0
    applied_n: int = 0
    merged_n: int = 0
    conflict_n: int = 0
    rejected_n: int = 0
    not_yet_n: int = 0
    unknown_n: int = 0
    received_n: int = 0
    requests_n: int = 0
    villages_gained: tuple[str, ...] = ()
    villages_lost: tuple[str, ...] = ()
    history_met: bool = False
    problem: Refusal | None = None
    steps: tuple[Step, ...] = ()
    villages_reread: tuple[str, ...] = ()
    enrol_again: Anew | None = None
    photos_n: int = 0
    photos_left_n: int = 0
    photos_refused_n: int = 0
    photo_problem: Refusal | None = None


# --- the account in words ----------------------------------------------------------------------------------

_SENTENCES = (
    ("sent", "sent_n", "送出记录 {n} 条。"),
    ("applied", "applied_n", "已入库 {n} 条。"),
    ("merged", "merged_n", "与他人的修改合并入库 {n} 条。"),
    ("conflict", "conflict_n", "与他人的记录有冲突 {n} 条，请查看并更正。"),
    ("rejected", "rejected_n", "被退回 {n} 条，请查看原因并更正。"),
    ("not_yet", "not_yet_n", "服务器暂不能处理 {n} 条，仍保留在待发送中，下次再送。"),
    ("received", "received_n", "收到更新 {n} 条。"),
)


ENROL_AGAIN: Mapping[Anew, str] = {
    "restored": "服务器记得的记录比本机多：本机的数据是从较早的备份恢复的，或者本机已被复制。请向管理员要新的登记码，"
    "重新登记；可以继续录入，本机的记录都会送出。",
    "cloned": "有两台平板在用同一个编号：本机或另一台的数据是复制来的。请向管理员要新的登记码，重新登记；"
    "可以继续录入，本机的记录都会送出。",
}


def ended(account: Account, problem: Refusal | None) -> Account:
    """The account of a contact that is over, with its sentences."""
    steps = [
        Step(code, count, text.format(n=count))
        for code, name, text in _SENTENCES
        if (count := getattr(account, name))
    ]
    if account.history_met:
        steps.insert(0, Step("history", 1, "服务器已从备份恢复，正在重新核对本机送过的记录。"))
    if account.enrol_again:
        steps.append(Step(f"enrol_again_{account.enrol_again}", 1, ENROL_AGAIN[account.enrol_again]))
    if account.villages_gained:
        n = len(account.villages_gained)
        steps.append(Step("villages_gained", n, f"新分配 {n} 个村。"))
    if account.villages_lost:
        n = len(account.villages_lost)
        steps.append(Step("villages_lost", n, f"{n} 个村已移交，未送出的记录仍会送出。"))
    if account.villages_reread:
        n = len(account.villages_reread)
        steps.append(
            Step("villages_reread", n, f"{n} 个村在本机的数据与服务器不一致，已重新读取；本机的记录都在。")
        )
    if problem:
        steps.append(Step(problem.code, 1, f"{problem.message}{problem.remedy}"))
    elif not steps:
        steps.append(Step("nothing", 0, "没有新的内容。"))
    return replace(account, problem=problem, steps=tuple(steps))
