"""An open conflict decided in the office: a submission of the official's own, begun from the one in conflict.

The same merge judges it as a correction that a tablet sends after it has heard of the conflict. So what closes a
conflict there closes it here, and every tablet of the village learns of it by the same feed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sync import alias, merge
from sync.codec import submission_hash, to_text
from sync.facts import Facts, Held, Past, Pushed
from sync.hub import Work, journal_line
from sync.messages import VILLAGE, Conflict, Submission, Target, Verdict
from sync.office import FORM_VERSION
from sync.sight import case_of

FORM: Final = "conflict"
REASON: Final = "reason"


def needed(held: Held) -> set[str]:
    """Ids of the past submissions that `decide` looks at: all that set or dispute a value."""
    states = [*held.props.values(), *([held.placed] if held.placed else [])]
    met = {id for each in held.conflicts for id in (each.submission, each.by)}
    return (met | {state.submission for state in states}) - {""}


def value_of(held: Held, name: str, side: str) -> str | None:
    """What the registry has of a property (``side`` "") or an open conflict holds against it (its id); None if
    there is no such conflict on the property any more."""
    if side:
        found = (each.mine for each in held.conflicts if (each.id, each.property) == (side, name))
        return next(found, None)
    if name == VILLAGE:
        return held.village
    state = held.props.get(name)
    return state.value if state else ""


def decide(
    held: Held, values: Mapping[str, str], facts: Facts, *, person: str, reason: str, now: datetime,
    ids: Sequence[str],
) -> Pushed:  # fmt: skip
    """What is to be stored so that every open conflict on the properties of ``values`` ends with that value.

    ``facts``: the office's device, the present history, `needed` submissions, the policy; ``held`` is among its
    entities. One submission for each that is in conflict, under the next of ``ids``: a decision corrects what it
    decides about, and people find it there.
    """
    work = Work(facts, to_text(now), now)
    for id, (disputed, properties) in zip(ids, _by_submission(held, values).items(), strict=False):
        present = work.entities[held.key]
        chosen = {name: values[name] for name in properties}
        made = _submission(id, disputed, present, chosen, work, person=person, reason=reason)
        _judge(work, made, present, {name: value for name, value in chosen.items() if name != VILLAGE})
    return work.pushed()


def _by_submission(held: Held, values: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for conflict in _decided(held, values):
        found.setdefault(conflict.submission, []).append(conflict.property)
    return found


def _decided(held: Held, values: Mapping[str, str]) -> Iterator[Conflict]:
    return (conflict for conflict in held.conflicts if conflict.property in values)


def _submission(
    id: str, disputed: str, held: Held, chosen: Mapping[str, str], work: Work, *, person: str, reason: str
) -> Submission:
    """``device_seq`` is the version it makes, as of all the office states."""
    seen = {name: state.value for name, state in held.props.items() if name in chosen}
    return Submission(
        id,
        work.facts.device.id,
        held.version + 1,
        "",
        work.facts.history,
        work.facts.device.county,
        chosen.get(VILLAGE, held.village),
        person,
        FORM,
        FORM_VERSION,
        work.told,
        disputed,
        (Target(held.dataset, held.id, held.version, seen, None),),
        {**chosen, REASON: reason},
    )


def _judge(work: Work, made: Submission, held: Held, changes: Mapping[str, str]) -> None:
    policy = work.facts.policy
    target, groups = made.targets[0], policy.groups.get(held.dataset, {})

    def of(present: Held | None, by_value: bool) -> merge.Judged:
        case = case_of(
            made, target, changes, present, known=work.known, history=work.facts.history, by_value=by_value
        )
        return merge.judge(case, groups, work.told)

    whole = alias.judge(held, held.key, of, work.facts.history, work.told)
    judged = whole.judged
    work.store(judged.held)
    versions = {held.key: judged.held.version}
    conflict = any(each.outcome == "conflict" for each in judged.fields)
    verdict = Verdict(made.id, "conflict" if conflict else "applied", versions=versions, fields=judged.fields)
    past = Past(made.id, submission_hash(made), verdict, made.person, made.observed_at, whole.traces)
    work.keep(journal_line(work, made.id, verdict, past, submission=made, kind="office"))
