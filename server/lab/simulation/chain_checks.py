"""Whether a tablet's records are read as the chain that they say they are.

Apart from the other checkers because it has to know what stood on the tablet's screen: a record's base, and over it
what the tablet had changed and the base did not contain yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.lab.simulation.evidence import Evidence, Judged
from sync.messages import Target


def chains_followed(evidence: Evidence) -> Iterator[str]:
    """What a submission follows, its surveyor had before them: a value left as it stood there was not changed, and
    a chain that is in conflict is in one, not in one for each of its links."""
    for id, judged in evidence.journal.items():
        for target in judged.submission.targets:
            before = evidence.journal.get(target.follows or "")
            if before is None or before.order > judged.order or judged.submission.corrects:
                continue
            if before.verdict.outcome != "rejected" and judged.verdict.outcome != "rejected":
                for name in _left_alone(before, judged, target.key):
                    if _on_screen(evidence, before, judged, target, name):
                        yield f"{id} left {target.key}, {name} as {target.follows} had it; its verdict says changed"
    for key, held in evidence.entities.items():
        open_by = {(conflict.submission, conflict.property) for conflict in held.conflicts}
        for submission, name in sorted(open_by):
            for earlier in _followed(evidence, submission, key):
                if (earlier, name) in open_by:
                    yield f"{key}, {name}: {submission} follows {earlier}, and both stand in conflict"


def _left_alone(before: Judged, judged: Judged, key: str) -> Iterator[str]:
    if key not in before.traces or key not in judged.traces:
        return  # one of them was told of a home that is two by now
    was, now = before.traces[key].steps, judged.traces[key].steps
    for field in judged.verdict.fields:
        name = field.property
        if f"{field.dataset}/{field.id}" == key and name in was and was[name].sent == now[name].sent:
            yield name


def _on_screen(evidence: Evidence, before: Judged, judged: Judged, target: Target, name: str) -> bool:
    """Whether the value that the one before sent was what the tablet showed. What a record only carries on, it does
    not show over the registry: that may have been read anew since the record was begun. It shows what was changed and
    has not come back, and of a home that it has not from the hub, what was sent last."""
    step = before.traces[target.key].steps[name]
    if step.outcome or not target.base_version or target.base.get(name) == step.sent:
        return True
    behind = (evidence.journal[id] for id in _behind(evidence, before, target.key))
    return any(_changed(each, name) and not _contained(evidence, each, judged, target) for each in behind)


def _behind(evidence: Evidence, judged: Judged, key: str) -> list[str]:
    """What a submission says that it follows and corrects, and what those say, as far as the journal goes."""
    found: list[str] = []
    edge = [judged.submission]
    while edge:
        made = edge.pop()
        named = {made.corrects or "", *(target.follows or "" for target in made.targets if target.key == key)}
        new = sorted(id for id in named - set(found) if id in evidence.journal)
        found += new
        edge += [evidence.journal[id].submission for id in new]
    return found


def _changed(judged: Judged, name: str) -> bool:
    return any(name in trace.steps and trace.steps[name].outcome for trace in judged.traces.values())


def _contained(evidence: Evidence, earlier: Judged, judged: Judged, target: Target) -> bool:
    """Whether the tablet had read what came of an earlier record: itself, or, where that was told of another id, the
    merge that brought it here. Across a restore nobody can tell."""
    later = (
        each.traces[target.key].version
        for each in (earlier, *evidence.acts.values())
        if each.order >= earlier.order and target.key in each.traces
    )
    return judged.submission.history != evidence.history or 0 < next(later, 0) <= target.base_version


def _followed(evidence: Evidence, submission: str, key: str) -> Iterator[str]:
    """What a submission says that it follows, back to the beginning of its chain."""
    while judged := evidence.journal.get(submission):
        submission = next((each.follows or "" for each in judged.submission.targets if each.key == key), "")
        if submission:
            yield submission
