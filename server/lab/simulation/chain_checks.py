"""Whether a tablet's records are read as the chain that they say they are.

What stood on a screen only the tablet knows: it keeps with each record what was changed there.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.lab.simulation.evidence import Evidence, Judged
from sync.messages import VILLAGE


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
    """What a tablet says was changed is what its form says otherwise than it had read, where nothing of its own lay
    over that. Not asked of corrections, which begin from a record."""
    for id, judged in evidence.journal.items():
        for target in judged.submission.targets:
            told, trace = evidence.changed.get(id, {}).get(target.key), judged.traces.get(target.key)
            if told is None or trace is None or target.follows or judged.submission.corrects:
                continue
            sent = {name: step.sent for name, step in trace.steps.items() if name != VILLAGE}
            changed = {name: value for name, value in sent.items() if value != target.base.get(name, "")}
            if told != changed:
                yield f"{id} changed {changed} of {target.key}; its tablet says {told}"


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
    """What a submission says that it follows, back to the beginning of its chain."""
    while judged := evidence.journal.get(submission):
        submission = next((each.follows or "" for each in judged.submission.targets if each.key == key), "")
        if submission:
            yield submission
