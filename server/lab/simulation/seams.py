"""Where a test plants a fault in what is under trial: handed in, never patched.

Left alone, everything is as in production. The planted faults themselves are in ``planted.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sync import hub
from sync.facts import Facts, Pushed
from sync.messages import Incoming, Reply

Decide = Callable[[Incoming, Facts, datetime], Pushed]


def decide(incoming: Incoming, facts: Facts, now: datetime) -> Pushed:
    """The hub's own judgement."""
    return hub.push(incoming, facts, now=now)


def as_sent(reply: Reply) -> Reply:
    return reply


@dataclass(frozen=True)
class Seams:
    """``decide``: the hub's judgement. ``on_the_way``: may change a reply. ``last_words``: what a hub answers that
    has judged and dies before its commit; None: it says nothing."""

    decide: Decide = decide
    on_the_way: Callable[[Reply], Reply] = as_sent
    last_words: Callable[[str, Pushed, datetime], Reply] | None = None


HONEST = Seams()
