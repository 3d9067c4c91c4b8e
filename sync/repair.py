"""The hub's half of must 12: whether a tablet holds what it was sent, and which villages it is to read anew.

Pure, like `hub.py`. A tablet's digest holds at its cursors and at no other moment, so it is compared with what the
hub's own was at those very places in the feed: the store keeps that beside the last row of each transaction. So
nothing that others write meanwhile, or that the same request brings, can look like a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sync import digest
from sync.facts import Pulled
from sync.messages import Request

NOTHING_YET: Final = Pulled((), {}, more=True)
"""What a tablet reads in the reply that asks for its digests. Changes would bring it further, and might cover up on
the way what the difference was."""


@dataclass(frozen=True)
class Difference:
    """A village of which the tablet holds something else than it was sent: digests at ``seq`` of its feed."""

    village: str
    seq: int
    told: str
    kept: str


def places(request: Request, history: str) -> dict[str, int]:
    """Village → the place in its feed at which the request's digests hold. Empty where it states none, or saw
    another history: of that nothing is kept any more."""
    if request.history != history or not (request.digest or request.digests):
        return {}
    read = {
        village: cursor.seq for village, cursor in request.held.items() if cursor and cursor.seq is not None
    }
    if request.digest:
        return read
    return {village: seq for village, seq in read.items() if village in request.digests}


def ask(request: Request, kept: Mapping[str, str | None]) -> bool:
    """Whether the one digest over all villages differs. ``kept``: village → the hub's at `places`; None where it
    does not know any more, and then nothing can be said."""
    if not request.digest or any(each is None for each in kept.values()):
        return False
    return digest.over({village: each for village, each in kept.items() if each}) != request.digest


def differences(request: Request, kept: Mapping[str, str | None]) -> tuple[Difference, ...]:
    """The villages whose own digests differ, in order of code. ``kept``: of `places`, as in `ask`."""
    at = {village: cursor.seq or 0 for village, cursor in request.held.items() if cursor}
    return tuple(
        Difference(village, at[village], request.digests[village], ours)
        for village, ours in sorted(kept.items())
        if village in request.digests and ours is not None and ours != request.digests[village]
    )
