"""Parts of snapshots: what a first visit to villages reads, packed once and kept for whoever was cut.

A part holds all that stands in the villages a tablet asks for, up to a bound, and is called by the hash of its bytes.
A tablet that was cut names the part and how much of it arrived. It is still kept here, or it is made again: from the
same rows of the same villages come the same bytes, so after a restart too, or at another server over the same
database. Where something has happened there meanwhile it is another part, and the tablet begins that one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from backports import zstd

from server.exchange.feed import SqlFeed
from sync import masking, parts, pull, wire
from sync.masking import Masked
from sync.messages import Cursor, EntityState, Part, PartSoFar, Request

ENTITIES_PER_PART: Final = 5_000
CHARS_PER_PART: Final = 16_000_000
KEPT_BYTES_MAX: Final = 64_000_000
ZSTD_LEVEL: Final = 19

Held = Mapping[str, Cursor | None]


@dataclass(frozen=True)
class Key:
    """What a part follows from, whoever asks for it. ``reads``: where each village is read from, and its head."""

    county: str
    history: str
    policy: str
    encoding: str
    reads: tuple[tuple[str, Cursor], ...]


@dataclass(frozen=True)
class Kept:
    """A part. ``asked``: the cursors of whom it was made for. ``more``: it ends before they do."""

    key: Key
    name: str
    body: bytes
    asked: Held
    more: bool
    people: frozenset[str]

    def behind(self, heads: Mapping[str, int]) -> bool:
        """Whether something has happened in its villages since it was made."""
        return any((at.head or 0) < heads.get(village, 0) for village, at in self.key.reads)


@dataclass
class Shelf:
    """The parts made last, at most ``bytes_max`` of them, each of at most ``entities_max``. For all threads of the
    server."""

    bytes_max: int = KEPT_BYTES_MAX
    entities_max: int = ENTITIES_PER_PART
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: OrderedDict[str, Kept] = field(default_factory=OrderedDict)

    def named(self, name: str) -> Kept | None:
        with self.lock:
            return self._used(name) if name in self.kept else None

    def of(self, key: Key) -> Kept | None:
        with self.lock:
            name = next((each.name for each in self.kept.values() if each.key == key), None)
            return self._used(name) if name else None

    def keep(self, part: Kept) -> None:
        with self.lock:
            self.kept[part.name] = part
            self.kept.move_to_end(part.name)
            while len(self.kept) > 1 and sum(len(each.body) for each in self.kept.values()) > self.bytes_max:
                self.kept.popitem(last=False)

    def _used(self, name: str) -> Kept:
        self.kept.move_to_end(name)
        return self.kept[name]


@dataclass(frozen=True)
class Asked:
    """Who asks, for what: ``held`` are the villages whose snapshot is not read whole, ``shown`` makes of a state
    what this tablet is shown."""

    county: str
    history: str
    policy: str
    held: Held
    part: PartSoFar | None
    encoding: str
    shown: Callable[[EntityState], EntityState]


def unread(request: Request, held: Held) -> dict[str, Cursor | None]:
    """The villages to be read as a part; none for a tablet that reads pages."""
    if wire.COLUMNS not in request.can or wire.LEAN not in request.can:
        return {}
    return {village: cursor for village, cursor in held.items() if cursor is None or cursor.seq is None}


def encoding_for(request: Request) -> str:
    return parts.ZSTD if parts.ZSTD in request.can else parts.GZIP


@dataclass(frozen=True)
class Snapshot:
    """The part to send, and from which byte on. ``more``: something of what was asked for is not in it.
    ``people``: whom its open conflicts speak of."""

    part: Part
    more: bool
    people: frozenset[str]


def snapshot(shelf: Shelf, feed: SqlFeed, asked: Asked) -> Snapshot:
    """What to read next of villages that are not read whole. Its bytes: `Shelf.named`."""
    heads = feed.heads(sorted(asked.held))
    begun = _begun(shelf, asked)
    if begun is None:
        reads = tuple(
            (village, cursor or Cursor(head=heads.get(village, 0)))
            for village, cursor in sorted(asked.held.items())
        )
        key = Key(asked.county, asked.history, asked.policy, asked.encoding, reads)
        begun = shelf.of(key) or _made(feed, asked, key, shelf.entities_max)
        shelf.keep(begun)
    since = asked.part.size if asked.part and asked.part.name == begun.name else 0
    size = len(begun.body)
    told = Part(begun.name, begun.key.encoding, size, min(since, size))
    # Of a part begun long ago the tablet would otherwise believe that it is all there is.
    more = begun.more or begun.behind(heads) or asked.held.keys() != begun.asked.keys()
    return Snapshot(told, more, begun.people)


def _begun(shelf: Shelf, asked: Asked) -> Kept | None:
    """The part the tablet has begun, if it is still kept and still what this tablet may and wants to read."""
    found = shelf.named(asked.part.name) if asked.part else None
    if found is None:
        return None
    key = found.key
    same = (key.county, key.history, key.policy) == (asked.county, asked.history, asked.policy)
    there = all(village in asked.held and asked.held[village] == at for village, at in found.asked.items())
    return found if same and there else None


def _made(feed: SqlFeed, asked: Asked, key: Key, entities_max: int) -> Kept:
    pulled = pull.pull(dict(key.reads), feed, entities_max, CHARS_PER_PART)
    # Alike beside alike: what a village has of one dataset lies in one run, whatever order it was read in.
    states = sorted(
        map(asked.shown, pulled.changes), key=lambda state: (state.dataset, state.village, state.id)
    )
    contents = parts.Contents(asked.history, tuple(states), pulled.cursors)
    body = parts.pack(contents, _zstd if asked.encoding == parts.ZSTD else None)
    people = frozenset(conflict.person for state in states for conflict in state.conflicts)
    return Kept(key, parts.name_of(body), body, dict(asked.held), pulled.more, people)


def _zstd(plain: bytes) -> bytes:
    return zstd.compress(plain, ZSTD_LEVEL)


def shown(
    dress: Callable[[EntityState], EntityState], masked: Masked
) -> Callable[[EntityState], EntityState]:
    """What a tablet is shown of a state: dressed, and masked."""
    return lambda state: masking.entity(dress(state), masked)
