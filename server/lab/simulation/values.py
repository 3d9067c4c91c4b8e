"""Whether every value that a surveyor changed is still visible: the longest of the promises, told apart.

A value is in the registry, or was replaced by one who had seen it, or stands in an open conflict, or its people
have decided. "Had seen" is read from the journal: what each submission had before it, step by step backwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.lab.simulation.evidence import Evidence, Judged
from sync.facts import Held
from sync.messages import VILLAGE, FieldOutcome, Submission


def lost_values(evidence: Evidence) -> Iterator[str]:
    """No value vanishes unseen: applied, same, superseded or in conflict, it can be accounted for."""
    for id, judged in evidence.journal.items():
        for field in judged.verdict.fields:
            key = f"{field.dataset}/{field.id}"
            held = evidence.entities.get(evidence.end(key))
            if held is None:
                yield f"{id} was {field.outcome} on {key}, which does not exist"
            elif not any(
                _accounted(evidence, each, judged, field) for each in _views(evidence, held, key, judged)
            ):
                yield (
                    f"{id}: {field.property} = {field.mine!r} was {field.outcome} and is gone from {held.key};"
                    f" the registry has {_value(held, field.property)!r}"
                )


def passed_over(evidence: Evidence) -> Iterator[str]:
    """What a tablet says was changed is not taken for left as it was seen: unless it is what is there all the same.
    Not asked of corrections, which begin from a record, nor of what a tablet sees by its end alone."""
    for id, judged in evidence.journal.items():
        if judged.submission.corrects or judged.verdict.outcome == "rejected":
            continue
        for key, changed in evidence.changed.get(id, {}).items():
            trace, held = judged.traces.get(key), evidence.entities.get(evidence.end(key))
            if trace is None or held is None:
                continue
            dataset, _, entity = key.partition("/")
            for name, mine in changed.items():
                field = FieldOutcome(dataset, entity, name, "same", None, mine, None, "", "", "")
                left = shown(dataset, name, mine) == mine and not trace.steps[name].outcome
                if left and not _there(evidence, held, judged, field):
                    yield f"{id} changed {name} of {key} to {mine!r}, which was taken for left as it was"


def _there(evidence: Evidence, held: Held, judged: Judged, field: FieldOutcome) -> bool:
    later = (each for each in evidence.touching(held.key) if each.order > judged.order)
    steps = (each.traces[held.key].steps.get(field.property) for each in later)
    return (
        _same(_value(held, field.property), field.mine)
        or _in_conflict(evidence, held, judged, field)
        or _decided(evidence, held, judged, field)
        or any(step and step.outcome and _same(step.saw, field.mine) for step in steps)
    )


def _views(evidence: Evidence, held: Held, key: str, judged: Judged) -> list[Held]:
    """Where a value may be seen: in the entity that its id leads to – or, of what was recorded before somebody merged
    or separated homes, as well in what stands under its id beside what is shown."""
    decided = max((act.order for act in evidence.acts.values() if held.key in act.traces), default=-1)
    leaves = [leaf for leaf in held.leaves() if leaf.key == key] if judged.order < decided else []
    return [held, *leaves]


def _accounted(evidence: Evidence, held: Held, judged: Judged, field: FieldOutcome) -> bool:
    return (
        _same(_value(held, field.property), field.mine)
        or _in_conflict(evidence, held, judged, field)
        or _was_seen(evidence, held, judged, field)
        or _decided(evidence, held, judged, field)
    )


def shown(dataset: str, name: str, value: str) -> str:
    """What a tablet sees of a value: of an account number, its end."""
    plain = value.replace(" ", "")
    secret = (dataset, name) == ("payee", "account") and plain and not plain.startswith("…")
    return f"…{plain[-4:]}" if secret else value


def _same(one: str | None, other: str | None) -> bool:
    return (one or "") == (other or "")


def _value(held: Held, name: str) -> str | None:
    if name == VILLAGE:
        return held.village
    return held.props[name].value if name in held.props else None


def _in_conflict(evidence: Evidence, held: Held, judged: Judged, field: FieldOutcome) -> bool:
    """An open conflict tells of it, or of one of its own followers'."""
    return any(
        conflict.property == field.property
        and (
            _same(conflict.mine, field.mine)
            or judged.submission.id in _lineage(evidence, conflict.submission, held.key)
        )
        for conflict in held.conflicts
    )


def _lineage(evidence: Evidence, submission: str, key: str) -> tuple[str, ...]:
    judged = evidence.journal.get(submission)
    trace = judged.traces.get(key) if judged else None
    return (submission, *trace.lineage) if trace else (submission,)


def _was_seen(evidence: Evidence, held: Held, judged: Judged, field: FieldOutcome) -> bool:
    """Going back from the registry's value, and from values in open conflict: what those who sent them had seen,
    what the senders of that had seen, …"""
    reached: set[str] = set()
    edge = {_value(held, field.property) or ""}
    edge |= {conflict.mine for conflict in held.conflicts if conflict.property == field.property}
    if field.property in held.props:
        edge |= set(held.props[field.property].seen)
    while edge - reached:
        value = min(edge - reached)
        reached.add(value)
        edge |= _behind(evidence, held, judged, field.property, value)
    return bool(reached & {field.mine or "", shown(field.dataset, field.property, field.mine or "")})


def _behind(evidence: Evidence, held: Held, judged: Judged, name: str, value: str) -> set[str]:
    """What others than ``judged`` who sent this value had seen; who changed it has seen all that
    the same tablet sent earlier. Of a home under two ids, under whichever of them: conflicts of both stand open at the
    one that is shown, and a tablet is no stranger to what an official took over from its own record."""
    keys = {f"{held.dataset}/{id}" for id in held.ids()} | {held.key}
    touching = [
        (each, each.traces[key].steps.get(name))
        for key in sorted(keys)
        for each in (*evidence.touching(key), *evidence.acts.values())
        if key in each.traces
    ]
    said = {"", *(step.sent for _, step in touching if step)}
    seen: set[str] = set()
    for teller, step in touching:
        sender = teller.submission
        if step is None or not _same(step.sent, value) or sender.id == judged.submission.id:
            continue
        seen.add(step.saw or "")
        if evidence.went_back and step.saw and step.saw not in said:
            seen |= _before_an_act(evidence, held, teller, name)
        seen |= _before_what_is_forgotten(evidence, held, sender, name)
        seen |= {
            was.sent
            for earlier, was in touching
            if was
            and step.outcome
            and earlier.submission.device == sender.device
            and evidence.one_line(earlier.submission.id, sender.id)
            and earlier.submission.device_seq < sender.device_seq
        }
    return seen


def _before_an_act(evidence: Evidence, held: Held, teller: Judged, name: str) -> set[str]:
    """What stood in the copy that the hub was put back to, up to the version that was read there: nobody recorded the
    value that was read, so an official had put it there, and of such an act a restored hub knows nothing."""
    read, seen = teller.traces.get(held.key), set[str]()
    for each in evidence.touching(held.key):
        trace = each.traces[held.key]
        made_under = next((was for was, first in reversed(held.epochs) if first <= trace.version), None)
        if read and name in trace.steps and trace.version <= read.base_version and made_under == read.history:
            seen.add(trace.steps[name].sent)
    return seen


def _before_what_is_forgotten(evidence: Evidence, held: Held, reader: Submission, name: str) -> set[str]:
    """What they had seen who put that there which was read: records that their tablet lost to a backup, and the hub to
    an older copy. They were acknowledged, and whoever read on from them cannot bring them back."""
    read = next((target for target in reader.targets if target.key == held.key), None)
    stood, seen = {read.base.get(name) if read else None} - {None}, set[str]()
    for lost, saved in sorted(evidence.forgotten, key=lambda each: each[0].device_seq, reverse=True):
        for target in lost.targets:
            mine = saved.get(held.dataset, {}).get(name)
            if not read or target.key != held.key or mine is None or lost.history != reader.history:
                continue
            if target.base_version < read.base_version and shown(held.dataset, name, mine) in stood:
                seen.add(target.base.get(name, ""))
                stood.add(target.base.get(name, ""))
    return seen


def _decided(evidence: Evidence, held: Held, judged: Judged, field: FieldOutcome) -> bool:
    """Its own people spoke of this property again: a follower, a correction, or the same tablet later on."""
    was = judged.submission
    for other in evidence.touching(held.key):
        trace, now = other.traces[held.key], other.submission
        step = trace.steps.get(field.property)
        later = (
            now.device == was.device and now.device_seq > was.device_seq and evidence.one_line(was.id, now.id)
        )
        if step is not None and step.outcome and (later or was.id in trace.lineage):
            return True
        if (
            step is not None
            and step.outcome == "applied"
            and now.corrects
            and _on_the_card(evidence, judged, field, now)
        ):
            return True
    return False


def _on_the_card(evidence: Evidence, judged: Judged, field: FieldOutcome, later: Submission) -> bool:
    """Whether somebody decided who had it before them: as an open conflict, on the card of the home that two were when
    they began, whoever took that merge back meanwhile."""
    key = f"{field.dataset}/{field.id}"
    told = [trace.version for each, trace in judged.traces.items() if each in evidence.group(key) - {key}]
    base = next((target.base_version for target in later.targets if target.key == key), 0)
    return field.outcome == "conflict" and bool(told) and base >= min(told)
