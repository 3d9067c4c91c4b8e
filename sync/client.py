"""The tablet's half of a contact, without I/O: a generator that yields requests and is sent what came back.

Whoever drives it (``driver.py``, the simulator, a test) sends it a `Reply`, or a `Refusal` if there was none. Where a
part of a snapshot follows a reply, it yields `MORE` and is sent a `Piece` each time.
It never sleeps and never sends again by itself what was refused for now. After a cut it goes on from what arrived,
with smaller batches: as long as each try brings something, and for a few that bring nothing (`Line.tries`). It ends:
each further request must carry a submission not yet offered in this contact, or follow a reply that moved a
cursor, or bytes of a part.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from sync import parts, revocation
from sync.account import Account, Progress, Refusal, Step, ended
from sync.codec import to_text
from sync.digest import over
from sync.messages import (
    MAX_BODY_BYTES,
    PROTOCOL,
    PROTOCOLS,
    SUBMISSIONS_PER_REQUEST,
    Part,
    Reply,
    Request,
    Submission,
)
from sync.refusals import refusal
from sync.replica import Replica, ReplicaProblem, Settled
from sync.strict import MessageFault, wrong

__all__ = [
    "MORE", "NO_PROGRESS", "Account", "Conversation", "Line", "More", "Piece", "Progress", "Refusal", "Step",
    "contact",
]  # fmt: skip

REQUESTS_PER_CONTACT = 10_000
CHALLENGES_PER_CONTACT = 3
LONE_REFUSALS_MAX = 20  # of single records in a row: then it is not the records
HISTORIES_PER_CONTACT = 3  # a hub is restored once; one that names a new history each time is broken
_BATCH_BYTES = MAX_BODY_BYTES * 3 // 4  # the rest is for cursors and the request's own fields


_PIECE_BYTES = 16_384  # of a part, kept at once: half a second of a village's line
_WEIGHTS = {"timeout": 4}  # a minute each: one more try is enough
_LOST = ("cut", "timeout", "damaged")  # what was said or answered did not arrive whole
_OVER = ("too_large", "malformed", "failed")  # what was sent is to blame, or may be


@dataclass(frozen=True)
class Line:
    """What the line to the hub is good for. ``can``: ways of saying things that its driver reads (`Request.can`).
    ``tries``: how many lost requests in a row that brought nothing it goes on after. ``zstd``: unpacks a
    part packed so. ``protocols``: that the tablet speaks, the newest last."""

    can: tuple[str, ...] = ()
    tries: int = 0
    zstd: parts.Unpack | None = None
    protocols: tuple[int, ...] = PROTOCOLS


@dataclass(frozen=True)
class More:
    """What the conversation yields when it wants the next bytes of the part that follows the last reply."""


@dataclass(frozen=True)
class Piece:
    """Bytes of a part; none: the body has ended."""

    data: bytes


MORE: Final = More()
Asked: TypeAlias = "Request | More"
Answer: TypeAlias = "Reply | Refusal | Piece"
Conversation: TypeAlias = Generator[Asked, Answer, Account]

NO_PROGRESS = Refusal(
    "no_progress",
    "服务器的答复没有进展，同步已停止。",
    "记录都在本机；请稍后再同步，若仍如此请联系管理员。",
)


@dataclass
class _Contact:
    """Where a contact stands. ``offered``: ids offered to the present history; ``batch_max`` shrinks when a request
    is lost or too large, and grows again to ``batch_top``, which only the hub's refusals lower. ``brought``: something
    arrived since a request was last lost; ``fruitless``: how many were lost since. ``lone``: how many single records
    in a row were refused. ``stating``: which digests the next request states; once each in a contact, so a village is
    read anew at most once."""

    account: Account = field(default_factory=Account)
    offered: set[str] = field(default_factory=set)
    batch_max: int = SUBMISSIONS_PER_REQUEST
    batch_top: int = SUBMISSIONS_PER_REQUEST
    brought: bool = False
    fruitless: int = 0
    lone: int = 0
    histories: int = 0
    challenges: int = 0
    stating: Literal["all", "each", "none"] = "all"
    protocol: int = PROTOCOL


def contact(
    replica: Replica,
    *,
    clock: Callable[[], datetime],
    app_version: str,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    free_bytes: Callable[[], int | None] = lambda: None,
    line: Line = Line(),
) -> Conversation:
    """Offer everything that waits once, then read until there is no more. Returns the `Account`.

    ``free_bytes``: what is left of the tablet's storage, for the office to see; None where nobody knows.

    May be left at any ``yield``. A reply that cannot be stored (full disk) ends it with that problem: what was
    applied before stays, and the hub gives its verdicts again.
    """
    at = _Contact(protocol=line.protocols[-1])
    moved = True
    while at.account.requests_n < REQUESTS_PER_CONTACT:
        stated, batch, screens = replica.next_request(
            at.batch_max, max_bytes=_BATCH_BYTES, without=at.offered
        )
        if not batch and not moved:
            return ended(at.account, NO_PROGRESS)
        request = Request(
            at.protocol, stated.device, stated.history, to_text(clock()), app_version, stated.chain_seq,
            stated.chain_hash, stated.waiting, stated.villages_hash, stated.held, stated.forms, batch,
            free_bytes(), stated.photos_waiting,
            digest=over(stated.digests) if stated.digests and at.stating == "all" else None,
            digests=stated.digests if at.stating == "each" else {},
            county_key=stated.county_key, challenge=stated.challenge, can=line.can, part=stated.part,
            screens=screens if batch else None,
        )  # fmt: skip
        answer = yield request
        at.account = replace(at.account, requests_n=at.account.requests_n + 1)
        if isinstance(answer, Refusal):
            if answer.code == revocation.CODE:
                return ended(at.account, _noted_revoked(replica, answer.history) or answer)
            if not _lower(at, answer, line) and not _adapt(replica, at, batch, answer, line.tries):
                return ended(at.account, answer)
            moved = True
            continue
        assert isinstance(answer, Reply), "a piece nobody asked for"
        try:
            came_at = clock()
            # Where a part follows, all is read only when that is whole.
            settled = replica.apply(replace(answer, more=True) if answer.part else answer)
            _enter(at, batch if _judged(answer, settled) else (), settled)
            lost = None
            if answer.part:
                whole = yield from _part(replica, at, answer.part, on_progress)
                lost, settled = _applied(replica, at, answer, whole, came_at, line, settled)
        except ReplicaProblem as problem:
            return ended(at.account, Refusal(problem.code, problem.message, problem.remedy))
        at.stating = _to_state(at, request, answer)
        _tell(at, settled, on_progress)
        if at.histories > HISTORIES_PER_CONTACT:
            return ended(at.account, NO_PROGRESS)
        if lost and not _goes_on(at, lost, line.tries):
            return ended(at.account, lost)
        if not lost and _done(at, settled, answer):
            return ended(at.account, None)
        moved = bool(
            lost or settled.moved or settled.met_history or settled.challenged or at.stating == "each"
        )
    return ended(at.account, NO_PROGRESS)


# --- a part of a snapshot ----------------------------------------------------------------------------------


def _part(
    replica: Replica, at: _Contact, part: Part, on_progress: Callable[[Progress], None]
) -> Generator[Asked, Answer, Refusal | None]:
    """Receive the rest of a part, keeping what arrives; None once it is whole."""
    if not replica.begin_part(part):
        return refusal("bad_reply")
    here, pending, lost = part.since, bytearray(), None
    while here < part.size and lost is None:
        answer = yield MORE
        if isinstance(answer, Refusal):
            lost = answer
        else:
            assert isinstance(answer, Piece), "a reply in the middle of a part"
            lost = None if answer.data else refusal("cut")
            pending += answer.data[: part.size - here]
            here = min(part.size, here + len(answer.data))
        if pending and (lost or here == part.size or len(pending) >= _PIECE_BYTES):
            replica.add_part(bytes(pending))
            pending.clear()
            at.brought = True
            on_progress(Progress("part", here, part.size))
    return lost


def _applied(
    replica: Replica, at: _Contact, head: Reply, lost: Refusal | None, came_at: datetime, line: Line,
    settled: Settled,
) -> tuple[Refusal | None, Settled]:  # fmt: skip
    """What a part brought that is whole; one that is not what its name says is forgotten, and lost."""
    assert head.part is not None
    if lost:
        return lost, settled
    packed = replica.received_part()
    try:
        if parts.name_of(packed) != head.part.name:
            raise wrong("part", "other bytes than its name says")
        brought = parts.unpack(packed, head.part.encoding, line.zstd)
        if brought.history != head.history:
            raise wrong("part", "of another history")
    except MessageFault:
        replica.forget_part()
        at.brought = False
        return refusal("damaged"), settled
    reply = replace(
        head, verdicts=(), not_yet=(), villages=None, forms=(), changes=brought.states, cursors=brought.cursors,
        part=None, reread=(),
    )  # fmt: skip
    settled = replica.apply_part(reply, came_at)
    _enter(at, (), settled)
    return None, settled


def _to_state(at: _Contact, request: Request, reply: Reply) -> Literal["all", "each", "none"]:
    """All once, at the beginning; each once, where the hub asked and everything is read."""
    if reply.ask_digests and at.stating == "all":
        return "each"
    if at.stating == "each" and not request.digests and reply.more:
        return "each"
    return "none"


def _lower(at: _Contact, refused: Refusal, line: Line) -> bool:
    """A hub that does not speak the newest protocol is asked in the next older one: an app that was updated before
    its hub keeps sending."""
    older = [each for each in line.protocols if each < at.protocol]
    if refused.code != "unknown_protocol" or not older:
        return False
    at.protocol = older[-1]
    return True


def _noted_revoked(replica: Replica, history: str) -> Refusal | None:
    """That this tablet is revoked, stored; what is wrong if it cannot be: then it is told again the next time."""
    try:
        replica.note_revoked(history)
    except ReplicaProblem as problem:
        return Refusal(problem.code, problem.message, problem.remedy)
    return None


def _adapt(
    replica: Replica, at: _Contact, batch: tuple[Submission, ...], refused: Refusal, tries: int
) -> bool:
    """Whether to ask again. Lost: with half the batch, if it may go on. Too large, unreadable, or the hub fails over
    it: with half the batch too, until the one record that is to blame stands alone. That one stays in the outbox with
    its reason and holds back no other; but where one after the other is refused, it is not the records."""
    half = max(1, len(batch) // 2)
    if refused.code in _LOST:
        at.batch_max = min(at.batch_max, half) if batch else at.batch_max
        return _goes_on(at, refused, tries)
    if refused.code not in _OVER or not batch or at.lone >= LONE_REFUSALS_MAX:
        return False
    if len(batch) > 1:
        at.batch_max = half
        at.batch_top = at.batch_top if refused.code == "failed" else half
        return True
    at.lone += 1
    replica.postpone(batch[0].id, refused.code, refused.message)
    at.offered.add(batch[0].id)
    at.account = replace(at.account, not_yet_n=at.account.not_yet_n + 1)
    return True


def _goes_on(at: _Contact, lost: Refusal, tries: int) -> bool:
    """After a lost request: if something had arrived since the last one, or for a few more tries."""
    at.fruitless = 0 if at.brought else at.fruitless + _WEIGHTS.get(lost.code, 1)
    at.brought = False
    return lost.code in _LOST and at.fruitless <= tries


def _judged(answer: Reply, settled: Settled) -> bool:
    """Whether the hub looked at what it was sent: not if that came under a history that is over. All is offered to
    it anew then, in order."""
    return not settled.met_history or bool(answer.verdicts or answer.not_yet)


def _enter(at: _Contact, batch: tuple[Submission, ...], settled: Settled) -> None:
    if settled.met_history or settled.villages_reread:
        at.offered.clear()
    at.histories += settled.met_history
    at.challenges += settled.challenged
    at.offered.update(submission.id for submission in batch)
    at.lone = 0 if batch else at.lone
    at.brought = at.brought or bool(batch) or settled.moved
    at.batch_max = min(at.batch_top, at.batch_max * 2) if batch else at.batch_max
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
        enrol_again=was.enrol_again or settled.enrol_again,
    )


def _done(at: _Contact, settled: Settled, reply: Reply) -> bool:
    """All offered, all read – villages included that this reply has just assigned."""
    unread = settled.read_n < settled.villages_n
    asked = reply.challenge is not None and at.challenges <= CHALLENGES_PER_CONTACT
    more = reply.more or unread or asked
    return not more and at.stating != "each" and not _still(at, settled)


def _still(at: _Contact, settled: Settled) -> int:
    """How many wait that were not offered yet."""
    return sum(id not in at.offered for id in settled.waiting)


def _tell(at: _Contact, settled: Settled, on_progress: Callable[[Progress], None]) -> None:
    if at.account.sent_n:
        on_progress(Progress("send", at.account.sent_n, at.account.sent_n + _still(at, settled)))
    on_progress(Progress("receive", settled.read_n, settled.villages_n))
