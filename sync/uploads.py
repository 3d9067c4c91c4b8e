"""Sending photos, without I/O: a generator that yields what to ask and is sent what came back.

After the records, in the same contact, over the same connection. One question first: which are there already, and how
far have others come. Then photo by photo, piece by piece, each piece no larger than the line carries in a few seconds.
Where the line is slow, all thumbnails go before the first whole photo, so that the office sees something of each.

It ends: a contact has a bounded time, pieces and cuts. What it leaves is still waiting; nothing here touches a record.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from sync.client import Progress, Refusal
from sync.photos import PHOTOS_PER_QUESTION
from sync.replica_photos import Due, PhotoState

PIECE_BYTES_MIN, PIECE_BYTES_FIRST, PIECE_BYTES_MAX = 16_384, 65_536, 1_048_576
PIECE_S = 4  # what a piece should take: others share the line
SLOW_BYTES_PER_S = 60_000
SECONDS_PER_CONTACT = 900
PIECES_PER_CONTACT = 20_000
CUTS_PER_CONTACT = 8
TRIES_PER_PHOTO = 4  # of answers that bring it no further

_AGAIN = ("cut", "timeout")  # the line, not the hub: ask how far it has come, and go on
_FINAL = ("photo_type", "photo_too_large")
_OVER = ("failed", "malformed")  # over this photo, for all one knows


class Photos(Protocol):
    """The tablet's album, as far as sending needs it."""

    def due(self) -> list[tuple[Due, Due | None]]: ...
    def piece(self, due: Due, offset: int, size_max: int) -> bytes | None: ...
    def whole(self, due: Due) -> bool: ...
    def arrived(self, sha256: str, sent: int) -> None: ...
    def stored(self, sha256: str) -> None: ...
    def refused(self, sha256: str, state: PhotoState, reason: str) -> None: ...


@dataclass(frozen=True)
class Question:
    """Which of these photos are there, and how far have the others come?"""

    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """The bytes of a photo from ``offset`` on. ``announce``: the hub has not been told of it, or forgot."""

    due: Due
    offset: int
    content: bytes
    announce: bool


@dataclass(frozen=True)
class Standing:
    """The answer to a `Question`: stored and checked; bytes arrived of others; those no record there names."""

    stored: tuple[str, ...]
    offsets: dict[str, int]
    unnamed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """The answer to a `Piece`: so many bytes have arrived. All of them: stored, and its hash checked."""

    offset: int


@dataclass(frozen=True)
class Moved:
    """The piece did not fit; the hub has so many bytes."""

    offset: int


Asked: TypeAlias = Question | Piece
Answer: TypeAlias = Standing | Told | Moved | Refusal
Steps: TypeAlias = "Generator[Asked, Answer, PhotoAccount]"


@dataclass(frozen=True)
class PhotoAccount:
    """What sending came to. ``stored_n``: photos that got their receipt; ``refused_n``: that never will; ``left_n``:
    still waiting. ``problem``: why it stopped before the end."""

    stored_n: int = 0
    refused_n: int = 0
    left_n: int = 0
    bytes_n: int = 0
    problem: Refusal | None = None


class _Stop(Exception):
    """Nothing more in this contact."""

    def __init__(self, refusal: Refusal | None) -> None:
        super().__init__(refusal and refusal.code)
        self.refusal = refusal


@dataclass
class _Sending:
    """Where it stands. ``rate``: bytes a second of the last piece, None before the first. ``piece_top``: what goes
    through at once."""

    album: Photos
    clock: Callable[[], datetime]
    on_progress: Callable[[Progress], None]
    until: float
    offsets: dict[str, int] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    rate: float | None = None
    piece_bytes: int = PIECE_BYTES_FIRST
    piece_top: int = PIECE_BYTES_MAX
    pieces: int = 0
    cuts: int = 0
    stored_n: int = 0
    refused_n: int = 0
    bytes_n: int = 0
    total: int = 0


def uploads(
    album: Photos, *, clock: Callable[[], datetime],
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Steps:  # fmt: skip
    """Offer every photo whose record the hub has. Returns the `PhotoAccount`. May be left at any ``yield``."""
    due = album.due()
    at = _Sending(album, clock, on_progress, clock().timestamp() + SECONDS_PER_CONTACT)
    problem: Refusal | None = None
    try:
        yield from _ask_about(at, due)
        at.total = sum(photo.bytes - at.offsets.get(photo.sha256, 0) for photo, _ in _left(at, due))
        while (following := _next(at, due)) is not None:
            yield from _send(at, following)
    except _Stop as stop:
        problem = stop.refusal
    left_n = sum(photo.sha256 not in at.settled for photo, _ in due)
    return PhotoAccount(at.stored_n, at.refused_n, left_n, at.bytes_n, problem)


# --- what next --------------------------------------------------------------------------------------------------


def _left(at: _Sending, due: list[tuple[Due, Due | None]]) -> Iterator[tuple[Due, Due | None]]:
    return (pair for pair in due if pair[0].sha256 not in at.settled | at.skipped)


def _next(at: _Sending, due: list[tuple[Due, Due | None]]) -> Due | None:
    """Photo by photo, its thumbnail before it; on a slow line every thumbnail before any photo. How the line is shows
    at the first thing sent, which is a thumbnail where there is one."""
    left = list(_left(at, due))
    if not left:
        return None
    smalls = [small for _, small in left if small and small.sha256 not in at.settled | at.skipped]
    slow = at.rate is not None and at.rate < SLOW_BYTES_PER_S
    photo, small = left[0]
    if slow and smalls:
        return smalls[0]
    return small if small in smalls else photo


# --- one question, one photo ----------------------------------------------------------------------------------------


def _ask_about(at: _Sending, due: list[tuple[Due, Due | None]]) -> Generator[Asked, Answer, None]:
    every = [each for pair in due for each in pair if each]
    for start in range(0, len(every), PHOTOS_PER_QUESTION):
        some = every[start : start + PHOTOS_PER_QUESTION]
        standing = yield from _question(at, tuple(dict.fromkeys(each.sha256 for each in some)))
        there = set(standing.stored)
        for each in some:
            if each.sha256 in there:
                _stored(at, each)
            elif each.sha256 in standing.unnamed and not each.of:
                at.skipped.add(each.sha256)
        at.offsets |= standing.offsets


def _question(at: _Sending, hashes: tuple[str, ...]) -> Generator[Asked, Answer, Standing]:
    while True:
        answer = yield Question(hashes)
        if isinstance(answer, Standing):
            return answer
        _cut(at, answer)


def _cut(at: _Sending, answer: Answer) -> None:
    """A line that was cut may be tried again, a few times; anything else is for the next contact. Raises `_Stop`."""
    refusal = answer if isinstance(answer, Refusal) else None
    at.cuts += 1
    if refusal is None or refusal.code not in _AGAIN or at.cuts > CUTS_PER_CONTACT:
        raise _Stop(refusal)
    at.piece_bytes = max(at.piece_bytes // 2, PIECE_BYTES_MIN)


def _send(at: _Sending, due: Due) -> Generator[Asked, Answer, None]:
    """One photo to its end, or to a word that ends it for this contact."""
    offset, tries = at.offsets.get(due.sha256, 0), 0
    announce = offset == 0
    while due.sha256 not in at.settled | at.skipped:
        content = b"" if offset == due.bytes else at.album.piece(due, offset, _room(at))
        if content is None:
            _refused(at, due, "damaged", "照片文件已损坏或丢失。")
            return
        began = at.clock().timestamp()
        answer = yield Piece(due, offset, content, announce)
        announce = False
        if isinstance(answer, Told) and answer.offset == due.bytes:
            _measure(at, due.bytes - offset, at.clock().timestamp() - began)
            _stored(at, due)
        elif isinstance(answer, Told) and answer.offset > offset:
            _measure(at, answer.offset - offset, at.clock().timestamp() - began)
            offset = answer.offset
            _arrived(at, due, offset)
        elif (tries := tries + 1) > TRIES_PER_PHOTO:
            at.skipped.add(due.sha256)
        elif isinstance(answer, Refusal):
            if not _ended(at, due, answer):
                offset, announce = yield from _after(at, due, answer, offset)
        elif isinstance(answer, Told | Moved):
            offset = answer.offset


def _room(at: _Sending) -> int:
    """How large the next piece may be. Raises `_Stop` once a contact has had its share."""
    at.pieces += 1
    if at.clock().timestamp() > at.until or at.pieces > PIECES_PER_CONTACT:
        raise _Stop(None)
    return at.piece_bytes


def _ended(at: _Sending, due: Due, refusal: Refusal) -> bool:
    """Whether the hub's word ends the matter of this photo, now or for ever."""
    if refusal.code in _FINAL:
        _refused(at, due, "refused", f"{refusal.message}{refusal.remedy}")
    elif refusal.code == "photo_hash" and not at.album.whole(due):
        _refused(at, due, "damaged", "照片文件已损坏。")
    elif refusal.code == "photo_unnamed":
        at.skipped.add(due.sha256)
    elif refusal.code in _OVER and at.cuts < CUTS_PER_CONTACT:
        at.cuts += 1
        at.skipped.add(due.sha256)
    else:
        return False
    return True


def _after(
    at: _Sending, due: Due, refusal: Refusal, offset: int
) -> Generator[Asked, Answer, tuple[int, bool]]:
    """Where to go on, and whether to announce it anew."""
    if refusal.code == "photo_hash":
        return 0, False
    if refusal.code == "not_found":
        return offset, True
    if refusal.code == "too_large" and at.piece_bytes > PIECE_BYTES_MIN:
        at.piece_top = at.piece_bytes = max(at.piece_bytes // 2, PIECE_BYTES_MIN)
        return offset, offset == 0
    _cut(at, refusal)
    standing = yield from _question(at, (due.sha256,))
    if due.sha256 in standing.stored:
        _stored(at, due)
    come = standing.offsets.get(due.sha256, 0)
    return come, come == 0


def _measure(at: _Sending, size: int, seconds: float) -> None:
    at.bytes_n += size
    if seconds <= 0:  # a clock that was set back
        return
    at.rate = size / seconds
    fitting = min(int(at.rate * PIECE_S), at.piece_bytes * 2, at.piece_top)
    at.piece_bytes = max(fitting, PIECE_BYTES_MIN)


# --- what became of it ------------------------------------------------------------------------------------------


def _arrived(at: _Sending, due: Due, offset: int) -> None:
    at.offsets[due.sha256] = offset
    if not due.of:
        at.album.arrived(due.sha256, offset)
    _tell(at)


def _stored(at: _Sending, due: Due) -> None:
    at.album.stored(due.sha256)
    at.settled.add(due.sha256)
    at.offsets.pop(due.sha256, None)
    at.stored_n += not due.of
    _tell(at)


def _refused(at: _Sending, due: Due, state: PhotoState, reason: str) -> None:
    at.album.refused(due.sha256, state, reason)
    at.settled.add(due.sha256)
    at.refused_n += not due.of
    _tell(at)


def _tell(at: _Sending) -> None:
    if at.total:
        at.on_progress(Progress("photos", min(at.bytes_n, at.total), at.total))
