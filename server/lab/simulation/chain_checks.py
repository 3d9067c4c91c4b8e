"""Whether a tablet's records are read as the chain that they say they are.

What stood on a screen only the tablet knows: it keeps with each record what was changed there.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.lab.simulation.evidence import Evidence, Judged
from sync.facts import Trace
from sync.messages import VILLAGE, Submission, Target


def chains_followed(evidence: Evidence) -> Iterator[str]:
    """What a submission follows, its surveyor had before them: a value left as it stood there was not changed, and
    a chain that is in conflict is in one, not in one for each of its links."""
    for id, judged in evidence.journal.items():
        for target in judged.submission.targets:
            before = evidence.journal.get(target.follows or "")
            if before is None or before.order > judged.order or judged.submission.corrects:
                continue
            if before.verdict.outcome != "rejected" and judged.verdict.outcome != "rejected":
                for name in _left_alone(evidence, before, judged, target.key):
                    yield f"{id} left {target.key}, {name} as {target.follows} had it; its verdict says changed"
    for key, held in evidence.entities.items():
        open_by = {(conflict.submission, conflict.property) for conflict in held.conflicts}
        for submission, name in sorted(open_by):
            for earlier in _followed(evidence, submission, key):
                if (earlier, name) in open_by:
                    yield f"{key}, {name}: {submission} follows {earlier}, and both stand in conflict"


def changes_told(evidence: Evidence) -> Iterator[str]:
    """What a tablet says was changed is what its form says otherwise than stood on its screen, wherever its records
    tell that."""
    for id, judged in evidence.journal.items():
        for target in judged.submission.targets:
            told, trace = evidence.changed.get(id, {}).get(target.key), judged.traces.get(target.key)
            screen = _on_screen(evidence, judged.submission, target) if told is not None and trace else None
            if trace is None or screen is None:
                continue
            changed = {name: each for name, each in _sent(trace).items() if each != screen.get(name, "")}
            if told != changed:
                yield f"{id} changed {changed} of {target.key}; its tablet says {told}"


def _sent(trace: Trace) -> dict[str, str]:
    return {name: step.sent for name, step in trace.steps.items() if name != VILLAGE}


def _on_screen(evidence: Evidence, made: Submission, target: Target) -> dict[str, str] | None:
    """What was read, and over it what the tablet had recorded upon the very same; of an entity that was not read, all
    it had recorded. None where that cannot be told: a correction begins from a record."""
    key, shown = target.key, dict(target.base)
    chain = list(_followed(evidence, made.id, key))
    if made.corrects or (chain and not _all_there_was(evidence, made, target, chain)):
        return None
    for id in reversed(chain):
        shown |= evidence.changed[id][key] if target.base_version else _sent(evidence.journal[id].traces[key])
    return shown


def _all_there_was(evidence: Evidence, made: Submission, target: Target, chain: list[str]) -> bool:
    """Whether these records, and no others of the tablet, lay over what was read when it was begun."""
    if evidence.went_back or len(evidence.group(target.key)) > 1 or not evidence.journal.keys() >= set(chain):
        return False
    last = evidence.journal[chain[0]].submission
    for id, judged in evidence.journal.items():
        trace, record = judged.traces.get(target.key), judged.submission
        at = next((each for each in record.targets if each.key == target.key), None)
        later = record.device == last.device and record.device_seq > last.device_seq
        if at is None or later or not evidence.one_line(id, made.id):
            continue
        upon = (record.history, at.base_version) == (made.history, target.base_version)
        over = id in chain and upon and not record.corrects and target.key in evidence.changed.get(id, {})
        read = id not in chain and trace is not None and trace.version <= target.base_version
        if trace is None or judged.verdict.outcome == "rejected" or not (over or read):
            return False
    return True


def _left_alone(evidence: Evidence, before: Judged, judged: Judged, key: str) -> Iterator[str]:
    """What both sent alike, and the tablet says was left as it stood on its screen. Of a tablet that has its records no
    more nothing is said."""
    changed = evidence.changed.get(judged.submission.id, {}).get(key)
    if changed is None or key not in before.traces or key not in judged.traces:
        return  # the last: one of them was told of a home that is two by now
    was, now = before.traces[key].steps, judged.traces[key].steps
    told = {field.property for field in judged.verdict.fields if f"{field.dataset}/{field.id}" == key}
    for name in sorted(told - changed.keys()):
        if name in was and was[name].sent == now[name].sent:
            yield name


def _followed(evidence: Evidence, submission: str, key: str) -> Iterator[str]:
    """What a submission says that it follows, nearest first, back to the beginning of its chain."""
    while judged := evidence.journal.get(submission):
        submission = next((each.follows or "" for each in judged.submission.targets if each.key == key), "")
        if submission:
            yield submission
