"""The tablet's half of a contact, without I/O: a generator that yields requests and is sent what came back.

Whoever drives it (``driver.py``, the simulator, a test) sends it a `Reply`, or a `Refusal` if there was none.
It never sleeps and never sends again by itself what was refused for now; what was lost on the way is simply
still waiting at the next contact. It ends: each further request must carry a submission not yet offered in
this contact, or follow a reply that moved a cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from sync.codec import to_text
from sync.digest import over
from sync.messages import (
    MAX_BODY_BYTES,
    PROTOCOL,
    SUBMISSIONS_PER_REQUEST,
    Reply,
    Request,
    Submission,
)
from sync.replica import Replica, ReplicaProblem, Settled

REQUESTS_PER_CONTACT = 10_000
HISTORIES_PER_CONTACT = 3  # a hub is restored once; one that names a new history each time is broken
_BATCH_BYTES = MAX_BODY_BYTES * 3 // 4  # the rest is for cursors and the request's own fields


@dataclass(frozen=True)
class Refusal:
    """No reply came, or the hub refused: code, what is wrong and what to do (Chinese), and after how many
    seconds the hub wishes to be asked again, if it said so."""

    code: str
    message: str
    remedy: str
    retry_after_s: int | None = None


@dataclass(frozen=True)
class Progress:
    """``phase`` send: ``done`` of ``total`` records offered. ``phase`` receive: ``done`` of ``total`` villages
    read to their heads. ``phase`` photos: ``done`` of ``total`` bytes sent."""

    phase: Literal["send", "receive", "photos"]
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
    photos_n: int = 0
    photos_left_n: int = 0
    photos_refused_n: int = 0
    photo_problem: Refusal | None = None


Conversation: TypeAlias = Generator[Request, "Reply | Refusal", Account]

NO_PROGRESS = Refusal(
    "no_progress",
    "服务器的答复没有进展，同步已停止。",
    "记录都在本机；请稍后再同步，若仍如此请联系管理员。",
)


@dataclass
class _Contact:
    """Where a contact stands. ``offered``: ids offered to the present history; ``batch_max`` shrinks when the
    hub finds a request too large. ``stating``: which digests the next request states; once each in a contact,
    so a village is read anew at most once."""

    account: Account = field(default_factory=Account)
    offered: set[str] = field(default_factory=set)
    batch_max: int = SUBMISSIONS_PER_REQUEST
    histories: int = 0
    stating: Literal["all", "each", "none"] = "all"


def contact(
    replica: Replica,
    *,
    clock: Callable[[], datetime],
    app_version: str,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    free_bytes: Callable[[], int | None] = lambda: None,
) -> Conversation:
    """Offer everything that waits once, then read until there is no more. Returns the `Account`.

    ``free_bytes``: what is left of the tablet's storage, for the office to see; None where nobody knows.

    May be left at any ``yield``. A reply that cannot be stored (full disk) ends it with that problem: what was
    applied before stays, and the hub gives its verdicts again.
    """
    at = _Contact()
    moved = True
    while at.account.requests_n < REQUESTS_PER_CONTACT:
        batch = replica.next_batch(at.batch_max, max_bytes=_BATCH_BYTES, without=at.offered)
        if not batch and not moved:
            return _ended(at, NO_PROGRESS)
        request = replace(
            _request(replica, at, batch, clock, app_version),
            free_bytes=free_bytes(), photos_waiting=replica.photos_waiting(),
        )  # fmt: skip
        answer = yield request
        at.account = replace(at.account, requests_n=at.account.requests_n + 1)
        if isinstance(answer, Refusal):
            if not _adapt(replica, at, batch, answer):
                return _ended(at, answer)
            moved = True
            continue
        try:
            settled = replica.apply(answer)
        except ReplicaProblem as problem:
            return _ended(at, Refusal(problem.code, problem.message, problem.remedy))
        _enter(at, batch, settled)
        at.stating = _to_state(at, request, answer)
        _tell(replica, at, on_progress)
        if at.histories > HISTORIES_PER_CONTACT:
            return _ended(at, NO_PROGRESS)
        if _done(replica, at, answer):
            return _ended(at, None)
        moved = settled.moved or settled.met_history or at.stating == "each"
    return _ended(at, NO_PROGRESS)


def _request(
    replica: Replica, at: _Contact, batch: tuple[Submission, ...], clock: Callable[[], datetime],
    app_version: str,
) -> Request:  # fmt: skip
    identity, stated = replica.identity(), replica.stated()
    assert identity is not None, "a contact of a tablet that is not enrolled"
    return Request(
        PROTOCOL, identity.device, stated.history, to_text(clock()), app_version, stated.chain_seq,
        stated.chain_hash, stated.waiting, stated.villages_hash, stated.held, stated.forms, batch,
        digest=over(stated.digests) if stated.digests and at.stating == "all" else None,
        digests=stated.digests if at.stating == "each" else {},
    )  # fmt: skip


def _to_state(at: _Contact, request: Request, reply: Reply) -> Literal["all", "each", "none"]:
    """All once, at the beginning; each once, where the hub asked and everything is read."""
    if reply.ask_digests and at.stating == "all":
        return "each"
    if at.stating == "each" and not request.digests and reply.more:
        return "each"
    return "none"


def _adapt(replica: Replica, at: _Contact, batch: tuple[Submission, ...], refusal: Refusal) -> bool:
    """Too large, or unreadable: try with half the batch, until the one record that is to blame stands alone.
    That one stays in the outbox with its reason and holds back no other."""
    if refusal.code not in ("too_large", "malformed") or not batch:
        return False
    if len(batch) > 1:
        at.batch_max = max(1, len(batch) // 2)
        return True
    replica.postpone(batch[0].id, refusal.code, refusal.message)
    at.offered.add(batch[0].id)
    at.account = replace(at.account, not_yet_n=at.account.not_yet_n + 1)
    return True


def _enter(at: _Contact, batch: tuple[Submission, ...], settled: Settled) -> None:
    if settled.met_history or settled.villages_reread:
        at.offered.clear()
    at.histories += settled.met_history
    at.offered.update(submission.id for submission in batch)
    was = at.account
    at.account = replace(
        was,
        sent_n=was.sent_n + len(batch),
        applied_n=was.applied_n + settled.applied_n,
        merged_n=was.merged_n + settled.merged_n,
        conflict_n=was.conflict_n + settled.conflict_n,
        rejected_n=was.rejected_n + settled.rejected_n,
        not_yet_n=was.not_yet_n + settled.not_yet_n,
        unknown_n=was.unknown_n + settled.unknown_n,
        received_n=was.received_n + settled.received_n,
        villages_gained=(*was.villages_gained, *settled.villages_gained),
        villages_lost=(*was.villages_lost, *settled.villages_lost),
        history_met=was.history_met or settled.met_history,
        villages_reread=(*was.villages_reread, *settled.villages_reread),
    )


def _done(replica: Replica, at: _Contact, reply: Reply) -> bool:
    """All offered, all read – villages included that this reply has just assigned."""
    unread = any(cursor is None or cursor.seq is None for cursor in replica.held().values())
    more = reply.more or unread
    return not more and at.stating != "each" and not _still(replica, at)


def _still(replica: Replica, at: _Contact) -> int:
    """How many wait that were not offered yet."""
    return sum(id not in at.offered for id in replica.waiting_ids())


def _tell(replica: Replica, at: _Contact, on_progress: Callable[[Progress], None]) -> None:
    if at.account.sent_n:
        on_progress(Progress("send", at.account.sent_n, at.account.sent_n + _still(replica, at)))
    cursors = replica.held().values()
    read = sum(cursor is not None and cursor.seq is not None for cursor in cursors)
    on_progress(Progress("receive", read, len(cursors)))


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


def _ended(at: _Contact, problem: Refusal | None) -> Account:
    account = at.account
    steps = [
        Step(code, count, text.format(n=count))
        for code, name, text in _SENTENCES
        if (count := getattr(account, name))
    ]
    if account.history_met:
        steps.insert(0, Step("history", 1, "服务器已从备份恢复，正在重新核对本机送过的记录。"))
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
