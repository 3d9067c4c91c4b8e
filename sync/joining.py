"""Making one entity an alias of another, and apart again: acts of a person in the office.

Both go through journal, entities and feed like anything the office states. Nothing is thrown away: the submissions
stay, and what each id was goes on beside what is shown (``alias.py``), so undoing restores it with all that was
recorded under that id since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sync.codec import derived_id, submission_hash, to_text
from sync.facts import Device, Facts, Held, Key, Past, Policy, PropertyState, Pushed, Step, Trace
from sync.hub import Work, journal_line
from sync.merge import versioned
from sync.messages import VALUE_CHARS_MAX, Submission, Target, Verdict
from sync.office import FORM_VERSION, POLICY, device
from sync.relink import without
from sync.sight import same

MERGE: Final = "household.merge"
SEPARATE: Final = "household.separate"


@dataclass(frozen=True)
class Act:
    """Who does it, why, in which county, under which history, when."""

    person: str
    reason: str
    county: str
    history: str
    now: datetime


def join(survivor: Held, loser: Held, values: Mapping[str, str], act: Act) -> Pushed:
    """What is to be stored so that both ids lead to the survivor.

    ``values``: property → the value it is to have, where that is not the survivor's own; each is a value of one of
    the two. Neither may be an alias. Open conflicts of both stay open, unless their value is now the one shown.
    """
    assert (survivor.dataset, survivor.same_as, loser.same_as) == (loser.dataset, None, None)
    assert survivor.id != loser.id
    work = _work((survivor, loser), act)
    version = survivor.version + 1
    props = dict(survivor.props)
    for name, value in values.items():
        props[name] = _chosen(name, value, survivor, loser, version)
    shown = replace(
        survivor,
        props=props,
        conflicts=tuple(
            conflict
            for conflict in (*survivor.conflicts, *loser.conflicts)
            if conflict.property not in props or not same(conflict.mine, props[conflict.property].value)
        ),
        parts=(survivor, loser),
    )
    work.store(versioned(shown, version, act.history, work.told))
    gone = Held(
        loser.dataset, loser.id, loser.village, loser.version, {}, epochs=loser.epochs, same_as=survivor.id
    )
    work.store(versioned(gone, loser.version + 1, act.history, work.told))
    changed = {name: props[name].value for name in values}
    _keep(work, act, MERGE, {survivor.key: changed, loser.key: {}})
    return work.pushed()


def _chosen(name: str, value: str, survivor: Held, loser: Held, version: int) -> PropertyState:
    """The value with whoever recorded it first: a person chose between two, and recorded neither."""
    mine, theirs = survivor.props.get(name), loser.props.get(name)
    source = theirs if theirs and same(theirs.value, value) else mine
    assert source is not None, f"{name}: a value of neither"
    seen = (mine.value, *mine.seen) if mine else ()
    return PropertyState(source.value, version, source.submission, without(source.value, seen))


def may_separate(survivor: Held, alias: Held) -> bool:
    """Whether this merge is the survivor's latest: a later one stands on what it showed, and is undone first."""
    return survivor.same_as is None and bool(survivor.parts) and survivor.parts[-1].id == alias.id


def separate(survivor: Held, alias: Held, act: Act) -> Pushed:
    """What is to be stored so that each id stands for itself again, with what was recorded under it since."""
    assert may_separate(survivor, alias)
    work = _work((survivor, alias), act)
    own, other = survivor.parts
    version = survivor.version + 1
    back = versioned(replace(own, epochs=survivor.epochs), version, act.history, work.told)
    changed = dict(_put_back(survivor, own, version))
    back = replace(back, props={**own.props, **dict(_kept_back(survivor, own)), **changed})
    again = replace(other, epochs=alias.epochs)
    # Above every version that was told of under either id: whoever was told one has seen nothing since.
    again = versioned(again, max(other.version, alias.version, version) + 1, act.history, work.told)
    work.store(back)
    work.store(again)
    # What the other has stands in the records under its own id.
    values: dict[Key, dict[str, str]] = {back.key: {name: each.value for name, each in changed.items()}}
    _keep(work, act, SEPARATE, {**values, again.key: {}})
    return work.pushed()


def _put_back(shown: Held, own: Held, version: int) -> Iterator[tuple[str, PropertyState]]:
    """What was shown otherwise than the survivor's own records say comes back as a change of this version: who
    saw the other value has not seen this one."""
    for name, state in shown.props.items():
        mine = own.props.get(name)
        if mine is None:
            yield name, PropertyState("", version, state.submission, without("", (state.value, *state.seen)))
        elif not same(mine.value, state.value):
            seen = without(mine.value, (state.value, *mine.seen))
            yield name, mine._replace(version=version, seen=seen)


def _kept_back(shown: Held, own: Held) -> Iterator[tuple[str, PropertyState]]:
    """What undoing a later merge brought back, unseen by whoever had read that, stays so when this one is undone."""
    for name, state in shown.props.items():
        mine = own.props.get(name)
        if mine is not None and same(mine.value, state.value) and state.version > mine.version:
            yield name, state


def _work(entities: tuple[Held, ...], act: Act) -> Work:
    office = Device(device(act.county), act.county, frozenset())
    known = {held.key: held for held in entities}
    facts = Facts(office, act.history, frozenset(), {}, known, {}, Policy(POLICY, {}))
    return Work(facts, to_text(act.now), act.now)


def _keep(work: Work, act: Act, form: str, values: Mapping[Key, Mapping[str, str]]) -> None:
    """The journal's line: what it set under each id, so that the entities can be made again from the journal."""
    befores = {key: work.facts.entities[key] for key in values}
    afters = {key: work.entities[key] for key in values}
    first = next(iter(afters.values()))
    made = Submission(
        derived_id(form, first.key, str(first.version), act.history),
        work.facts.device.id,
        first.version,
        "",
        act.history,
        act.county,
        first.village,
        act.person,
        form,
        FORM_VERSION,
        work.told,
        None,
        tuple(Target(held.dataset, held.id, held.version, {}, None) for held in befores.values()),
        {"reason": act.reason[:VALUE_CHARS_MAX]},
    )
    traces = {key: _trace(befores[key], afters[key], given, made) for key, given in values.items()}
    versions = {key: held.version for key, held in afters.items()}
    verdict = Verdict(made.id, "applied", versions=versions)
    past = Past(made.id, submission_hash(made), verdict, made.person, made.observed_at, traces)
    work.keep(journal_line(work, made.id, verdict, past, submission=made, kind="office"))


def _trace(before: Held, after: Held, given: Mapping[str, str], made: Submission) -> Trace:
    saw = before.values()
    steps = {name: Step(value, saw.get(name), "applied", after.version) for name, value in given.items()}
    return Trace(steps, {}, (), before.version, made.history, after.version, made.device, made.device_seq)
