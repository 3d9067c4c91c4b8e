"""Faults planted on purpose, to see that the checkers find them: each through a seam, none by patching.

These are mistakes that somebody may one day make in good faith; a simulator that does not find them within a few
seeds is not worth running.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from server.lab.simulation.seams import Seams, decide
from server.lab.simulation.stage import COUNTY
from sync.codec import submission_hash, to_text
from sync.facts import Facts, Past, Pushed, Record
from sync.messages import PROTOCOL, Cursor, Incoming, Reply, Submission


def no_resend_check() -> Seams:
    """The hub does not look whether it has judged a submission before."""

    def forgetful(incoming: Incoming, facts: Facts, now: datetime) -> Pushed:
        sent = {submission.id for submission in incoming.request.submissions}
        known = {id: past for id, past in facts.known.items() if id not in sent}
        return decide(incoming, replace(facts, known=known), now)

    return Seams(decide=forgetful)


def cursor_moved_by_one() -> Seams:
    """A reply's cursors name the place after the one that was read."""

    def further(cursor: Cursor) -> Cursor:
        return cursor if cursor.seq is None else replace(cursor, seq=cursor.seq + 1)

    def moved(reply: Reply) -> Reply:
        return replace(reply, cursors={village: further(each) for village, each in reply.cursors.items()})

    return Seams(on_the_way=moved)


def receipt_before_commit() -> Seams:
    """The hub answers as soon as it has judged; what it has not committed when it dies is gone."""

    def told(history: str, pushed: Pushed, now: datetime) -> Reply:
        return Reply(
            PROTOCOL,
            history,
            to_text(now),
            COUNTY,
            "",
            pushed.verdicts,
            pushed.not_yet,
            None,
            (),
            (),
            {},
            False,
        )

    return Seams(last_words=told)


def follows_link_skipped() -> Seams:
    """The hub does not read what a submission says that it follows."""

    def unlinked(incoming: Incoming, facts: Facts, now: datetime) -> Pushed:
        sent = {each.id: each for each in incoming.request.submissions}
        bare = {id: _without_link(each) for id, each in sent.items()}
        known = {id: _of(past, bare.get(id)) for id, past in facts.known.items()}
        request = replace(incoming.request, submissions=tuple(bare.values()))
        pushed = decide(replace(incoming, request=request, said=()), replace(facts, known=known), now)
        return replace(pushed, records=tuple(_as_sent(record, sent) for record in pushed.records))

    return Seams(decide=unlinked)


def _without_link(submission: Submission) -> Submission:
    targets = tuple(replace(target, follows=None) for target in submission.targets)
    return replace(submission, targets=targets)


def _of(past: Past, submission: Submission | None) -> Past:
    """A submission judged before, as if it had had this content."""
    return replace(past, hash=submission_hash(submission)) if submission else past


def _as_sent(record: Record, sent: Mapping[str, Submission]) -> Record:
    """The journal keeps what came, whatever the hub made of it."""
    submission = sent.get(record.id)
    past = _of(record.past, submission) if record.past else None
    return replace(record, submission=submission, past=past, raw=None) if record.submission else record


PLANTED: Final[Mapping[str, Callable[[], Seams]]] = MappingProxyType(
    {
        each.__name__: each
        for each in (no_resend_check, cursor_moved_by_one, receipt_before_commit, follows_link_skipped)
    }
)
