"""What a tablet reads: the next page of its villages, and the reply that carries it.

Apart from ``hub.py`` because reading decides nothing. A tablet's place in a village is a `Cursor` that it sends
with each request; the hub keeps none, so a page may be asked for any number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sync import masking
from sync.codec import to_text, villages_hash
from sync.facts import Feed, Pulled, Pushed
from sync.masking import Masked
from sync.messages import (
    CHARS_PER_REPLY,
    ENTITIES_PER_REPLY,
    FORMS_PER_REPLY,
    Cursor,
    EntityState,
    FormXml,
    Reply,
    Request,
    Village,
)


def restored(request: Request, history: str, heads: Mapping[str, int]) -> bool:
    """Whether the tablet has read further than this feed goes: the database is an older copy of what it was.

    ``heads``: feed heads of the villages in ``request.held``. If so, the store begins a new history *before* it
    judges or answers anything, as its restore command would have done.
    """
    return request.history == history and any(
        max(cursor.seq or 0, cursor.head or 0) > heads.get(village, 0)
        for village, cursor in request.held.items()
        if cursor is not None
    )


def cursors(request: Request, assigned: Iterable[str], history: str) -> dict[str, Cursor | None]:
    """Where to read on in each village now assigned. Cursors of another history are worth nothing."""
    known = request.held if request.history == history else {}
    return {village: known.get(village) for village in assigned}


def pull(
    held: Mapping[str, Cursor | None],
    feed: Feed,
    limit: int = ENTITIES_PER_REPLY,
    max_chars: int = CHARS_PER_REPLY,
) -> Pulled:
    """At most ``limit`` entity states over all villages of ``held``, and the cursors they lead to.

    Fair: a page is dealt out evenly over the villages that have something, those furthest behind first, and
    what some leave over goes to the others. Only villages whose cursor moved are in ``cursors``. ``more``: some
    village has not reached the head it had when this page was read.
    """
    heads = feed.heads(sorted(held))
    at = {village: cursor or Cursor(head=heads.get(village, 0)) for village, cursor in held.items()}
    page = _Page(feed, heads, at, max_chars)
    waiting = sorted(
        (village for village in at if page.behind(village)), key=lambda village: (-page.lag(village), village)
    )
    left = limit
    while waiting and left and page.chars_left > 0:
        share = max(1, left // len(waiting))
        for village in waiting:
            if left and page.chars_left > 0:
                left -= page.read(village, min(share, left))
        waiting = [village for village in waiting if page.behind(village)]
    moved = {village: cursor for village, cursor in page.at.items() if cursor != held[village]}
    return Pulled(tuple(page.changes), moved, any(page.behind(village) for village in page.at))


@dataclass
class _Page:
    """One page being filled: what is in it, and how far each village has come."""

    feed: Feed
    heads: Mapping[str, int]
    at: dict[str, Cursor]
    chars_left: int
    changes: list[EntityState] = field(default_factory=list)

    def behind(self, village: str) -> bool:
        seq = self.at[village].seq
        return seq is None or seq < self.heads.get(village, 0)

    def lag(self, village: str) -> int:
        return self.heads.get(village, 0) - (self.at[village].seq or 0)

    def read(self, village: str, limit: int) -> int:
        """Read on in one village; the number of entities it gave."""
        cursor = self.at[village]
        return self._snapshot(village, cursor, limit) if cursor.seq is None else self._changes(village, limit)

    def _snapshot(self, village: str, cursor: Cursor, limit: int) -> int:
        rows = self.feed.snapshot(village, cursor.after, limit)
        taken = self._take(rows)
        if len(rows) == taken < limit:
            self.at[village] = Cursor(seq=cursor.head)  # what happened meanwhile comes as changes after it
        elif taken:
            self.at[village] = Cursor(head=cursor.head, after=rows[taken - 1].key)
        return taken

    def _changes(self, village: str, limit: int) -> int:
        after = self.at[village].seq or 0
        rows = self.feed.changes(village, after, limit)
        taken = self._take([state for _, state in rows])
        reached = rows[taken - 1][0] if taken else after
        if len(rows) == taken < limit:
            reached = max(reached, self.heads.get(village, 0))
        self.at[village] = Cursor(seq=reached)
        return taken

    def _take(self, states: Sequence[EntityState]) -> int:
        """As many as there is room for, the first of a page whatever its size."""
        taken = 0
        for state in states:
            size = 200 + sum(len(name) + len(value) for name, value in state.props.items())
            size += sum(300 + len(conflict.mine) for conflict in state.conflicts)
            if self.changes and size > self.chars_left:
                self.chars_left = 0
                break
            self.changes.append(state)
            self.chars_left -= size
            taken += 1
        return taken


def reply(
    request: Request,
    pushed: Pushed,
    pulled: Pulled,
    *,
    history: str,
    now: datetime,
    county: str,
    person: str,
    villages: Sequence[Village],
    forms: Iterable[FormXml],
    masked: Masked = MappingProxyType({}),
    people: Mapping[str, str] = MappingProxyType({}),
) -> Reply:
    """The answer to ``request``. ``villages``: all assigned to the tablet; ``forms``: all that are released;
    ``masked``: the policy's, dataset → properties of which tablets see the last characters; ``people``: names
    of those whom the reply speaks of (`named`)."""
    missing = [form for form in forms if f"{form.id}@{form.version}" not in request.forms]
    return Reply(
        request.protocol,
        history,
        to_text(now),
        county,
        person,
        tuple(masking.verdict(each, masked) for each in pushed.verdicts),
        pushed.not_yet,
        None if _is_known(villages, request.villages_hash) else tuple(villages),
        tuple(missing[:FORMS_PER_REPLY]),
        tuple(masking.entity(each, masked) for each in pulled.changes),
        pulled.cursors,
        pulled.more or len(missing) > FORMS_PER_REPLY,
        people,
    )


def _is_known(villages: Sequence[Village], stated: str) -> bool:
    """Whether the hash a tablet states, or the beginning of it, is that of the list."""
    return bool(stated) and villages_hash(villages).startswith(stated)


def named(pushed: Pushed, pulled: Pulled) -> set[str]:
    """Whom a reply speaks of by id: the other side of a verdict's fields, who submitted what is in conflict."""
    met = {field.theirs_by for verdict in pushed.verdicts for field in verdict.fields}
    return (met | {conflict.person for state in pulled.changes for conflict in state.conflicts}) - {""}
