"""Three-way merge by field: what one submission makes of one entity. Pure; a conflict is a value.

For every value a submission sends there are three others: what its surveyor had seen (``sight.py``), what the
registry holds now, and who set that. `judge` compares them and writes the answer down three times: in the
entity, in the verdict's field outcomes, and in a `Trace` for whatever follows.

The promise (README.md here, "What becomes of a value"): a value that a surveyor changed is afterwards in the
registry (applied, same), or was replaced by one who had seen it (superseded), or stands in an open conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from sync import alike
from sync.alike import Alike
from sync.base import base, comparable, saw
from sync.codec import derived_id
from sync.facts import Held, PropertyState, Step, Trace
from sync.messages import VILLAGE, Conflict, FieldOutcome, FieldResult
from sync.relink import conflict_upon, connect, fresh, put_behind, seen_here, stood_on, without
from sync.sight import Case, Seen, same, sight

Result: TypeAlias = FieldResult | Literal[""]


class Judged(NamedTuple):
    """``held``: the entity afterwards. ``others``: somebody else had changed it since the surveyor saw it.
    ``fields``: one for each value the surveyor changed; none for a new entity, which takes them all."""

    held: Held
    trace: Trace
    fields: tuple[FieldOutcome, ...]
    others: bool


class Found(NamedTuple):
    """What becomes of one value ("" = the surveyor left it as seen). ``by``: the submission it met, ``link``:
    the open conflict that already stands on it."""

    result: Result
    by: str = ""
    link: Conflict | None = None


def judge(case: Case, groups: Mapping[str, str], now: str) -> Judged:
    """What the case's submission makes of its entity. ``groups``: property → guard group. ``now``: the hub's time."""
    if case.registers:
        return registered(case, now)
    return (edited(case, now) if case.undisturbed else None) or compared(case, groups, now)


def compared(case: Case, groups: Mapping[str, str], now: str) -> Judged:
    """`judge` the long way: value by value."""
    seen = {name: sight(case, name) for name in case.sent}
    found = {name: _find(case, name, seen, groups) for name in case.sent}
    after = _apply(case, seen, found, groups, now)
    fields = tuple(
        _outcome(case, name, seen[name].value, each)
        for name, each in found.items()
        if each.result and not case.new
    )
    steps = _steps(case, seen, found, after.version)
    return Judged(after, _trace(case, steps, after.version), fields, _others(case))


def registered(case: Case, now: str) -> Judged:
    """`judge` where nobody knew the entity and nothing was seen of it, as in half of all submissions: there is
    nothing to compare, and what `compared` would come to is known beforehand."""
    me, version = case.submission.id, case.held.version + 1
    values = {name: value for name, value in case.sent.items() if name != VILLAGE}
    props = Alike(PropertyState, values, (version, me, ()))
    held = replace(case.held, version=version, props=props, updated_at=now, epochs=((case.history, version),))
    steps = Alike(Step, case.sent, (None, "applied", version))
    return Judged(held, _trace(case, steps, version), (), False)


def edited(case: Case, now: str) -> Judged | None:
    """`judge` where nothing happened since the surveyor looked, as in nearly all the other half: what differs from
    what was seen goes in. None where what is stated of that is not what stands here: then it takes comparing."""
    held, base, me = case.held, case.target.base, case.submission.id
    changed = {
        name: mine for name, mine in case.sent.items() if mine != base.get(name, "") and name != VILLAGE
    }
    version = held.version + 1 if changed else held.version
    states, fields = dict[str, PropertyState](), []
    steps = {name: Step(mine, base.get(name), "", version) for name, mine in case.sent.items()}
    steps[VILLAGE] = Step(held.village, held.village, "", version)
    for name, mine in changed.items():
        state, seen = held.props.get(name), base.get(name)
        if not same(seen, state.value if state else None) or (state and state.submission in case.known):
            return None
        behind = (seen, *state.seen) if state and fresh(case, state) else (seen,)
        states[name] = PropertyState(mine, version, me, without(mine, behind))
        steps[name] = Step(mine, seen, "applied", version)
        fields.append(_outcome(case, name, seen, Found("applied", state.submission if state else "")))
    after = (
        versioned(held, version, case.history, now, alike.changed(held.props, states)) if changed else held
    )
    return Judged(after, _trace(case, steps, version), tuple(fields), False)


def stated(case: Case, now: str) -> Judged:
    """`judge` for one who has just read what stands there, under a lock: whatever differs goes in."""
    if case.registers:
        return registered(case, now)
    states = {name: case.state(name) for name in case.sent}
    seen = {name: case.own._replace(value=state.value if state else None) for name, state in states.items()}
    found = {
        name: Found("applied", state.submission if state else "")
        if not state or state.value != case.sent[name]
        else Found("")
        for name, state in states.items()
    }
    after = _apply(case, seen, found, {}, now)
    fields = tuple(
        _outcome(case, name, seen[name].value, each) for name, each in found.items() if each.result
    )
    return Judged(after, _trace(case, _steps(case, seen, found, after.version), after.version), fields, False)


def witness(case: Case) -> Trace:
    """The trace of a rejected submission: what it sent and had seen, for the one that will correct it."""
    seen = {name: sight(case, name) for name in case.sent}
    return _trace(case, _steps(case, seen, dict.fromkeys(case.sent, Found("")), 0), 0)


# --- what becomes of a value -------------------------------------------------------------------------------


def _find(case: Case, name: str, seen: Mapping[str, Seen], groups: Mapping[str, str]) -> Found:
    mine, state = case.sent[name], case.state(name)
    if case.new and seen[name].value is None:
        return Found("applied")  # left empty is a value too where none was seen
    if not seen[name].decides and same(mine, seen[name].value):
        return Found("")
    if case.new:
        return Found("applied")
    by = state.submission if state else ""
    if same(mine, state.value if state else None):
        return Found("applied" if _put_back(case, name, seen, groups) else "same", by)
    if heir := _heir(case, name, seen[name]):
        return Found("superseded", heir)
    disputes = (_disputed(case, guarded, name, seen) for guarded in _guarded(name, groups))
    culprit = next((state for state in disputes if state), None)
    if seen[name].joins:
        met = (conflict.by for conflict in case.chain_conflicts(name))
        return Found("conflict", culprit.submission if culprit else next(met, "") or by)
    if culprit:
        link = conflict_upon(case, name)
        return Found("superseded", link.submission, link) if link else Found("conflict", culprit.submission)
    return Found("applied", by)


def _put_back(case: Case, name: str, seen: Mapping[str, Seen], groups: Mapping[str, str]) -> bool:
    """Whether the surveyor had seen this value replaced, which a restored hub has forgotten, and set it once more: a
    change like any other, or whoever saw the same as they would replace it as if it had been seen."""
    state, saw_it = case.state(name), seen[name]
    if not case.offered_again or state is None or saw_it.decides or saw_it.joins:
        return False
    if fresh(case, state) or not saw(case, state, saw_it) or _heir(case, name, saw_it):
        return False
    return not any(_disputed(case, guarded, name, seen) for guarded in _guarded(name, groups))


def _heir(case: Case, name: str, seen: Seen) -> str | None:
    """Who had seen this value and put another in its place, though this submission comes only now."""
    state, me = case.state(name), case.submission.id
    later = [state.submission] if state else []
    later += [conflict.submission for conflict in case.held.conflicts if conflict.property == name]
    for heir in later:
        if me in case.lineage_of(heir) or case.later_here(heir, name):
            return heir
    if state and seen_here(case, name, state, case.sent[name]) and not same(state.value, seen.value):
        return state.submission
    return None


def _guarded(name: str, groups: Mapping[str, str]) -> Iterator[str]:
    """The property itself first, then the others of its guard group."""
    yield name
    if group := groups.get(name):
        yield from (other for other, named in groups.items() if named == group and other != name)


def _disputed(case: Case, name: str, changed: str, seen: Mapping[str, Seen]) -> PropertyState | None:
    """The state of ``name`` if another set it, unseen by who changed ``changed`` and otherwise than they."""
    state = case.state(name)
    if state is None or (name != changed and name in case.sent and same(case.sent[name], state.value)):
        return None
    if comparable(case, state, seen[changed]):
        return state if state.version > seen[changed].version and not case.mine(state) else None
    if name not in case.sent or case.mine(state):
        return None
    was = base(case, name) if seen[changed].decides else seen[name].value
    if not same(state.value, was) or (name == changed and seen_here(case, name, state, case.sent[name])):
        return state
    return None


def _others(case: Case) -> bool:
    """Whether anything in the entity was set by another after the base version."""
    if case.offered_again or not case.by_versions:
        return any(_set_since(case, name) for name in (VILLAGE, *case.held.props))
    seen = case.target.base_version
    states = (case.state(VILLAGE), *case.held.props.values())
    return any(state.version > seen and not case.mine(state) for state in states if state)


def _set_since(case: Case, name: str) -> bool:
    state = case.state(name)
    if state is None:
        return False
    if comparable(case, state, case.own):
        return state.version > case.own.version and not case.mine(state)
    return name in case.sent and not same(state.value, base(case, name)) and not case.mine(state)


# --- what is written down ----------------------------------------------------------------------------------


def _apply(
    case: Case,
    seen: Mapping[str, Seen],
    found: Mapping[str, Found],
    groups: Mapping[str, str],
    now: str,
) -> Held:
    held, conflicts = case.held, case.held.conflicts
    states: dict[str, PropertyState | None] = {VILLAGE: case.state(VILLAGE), **held.props}
    for name, each in found.items():
        closed, conflicts = _settle(case, name, seen[name], each, conflicts)
        state = states[name] = _state_after(case, name, seen[name], each, closed)
        # Of a guard group no value goes in without the others, so those wait for a person.
        if state and each.result in ("applied", "same") and name != VILLAGE and name not in groups:
            states[name], conflicts = connect(case, name, state, conflicts)
    placed = states.pop(VILLAGE)
    after = replace(
        held,
        village=placed.value if placed else held.village,
        props={name: state for name, state in states.items() if state},
        conflicts=conflicts,
        placed=placed if placed and placed.submission else None,
    )
    applied = any(each.result == "applied" for each in found.values())
    if not (case.new or applied or conflicts != held.conflicts):
        return after
    return versioned(after, held.version + 1, case.history, now)


def versioned(
    held: Held, version: int, history: str, now: str, props: Mapping[str, PropertyState] | None = None
) -> Held:
    """The entity at a version made now, under the hub's present history; with other values, if there are."""
    went_on = bool(held.epochs) and held.epochs[-1][0] == history
    epochs = held.epochs if went_on else (*held.epochs, (history, version))
    props = held.props if props is None else props
    return replace(held, version=version, updated_at=now, epochs=epochs, props=props)


def _state_after(
    case: Case, name: str, seen: Seen, found: Found, closed: tuple[Conflict, ...]
) -> PropertyState | None:
    before, mine = case.state(name), case.sent[name]
    if case.new and name == VILLAGE:
        return None
    if found.result == "applied" or case.new:
        earlier: tuple[str | None, ...] = (seen.value, *(conflict.base for conflict in closed))
        if before and name == VILLAGE:
            earlier = (before.value, *before.seen)
        elif before and same(before.value, seen.value) and fresh(case, before):
            earlier = (*earlier, *before.seen)
        elif before and case.mine(before) and fresh(case, before):
            earlier = (*earlier, before.value, *before.seen)
        return PropertyState(mine, case.held.version + 1, case.submission.id, without(mine, earlier))
    if before and (
        found.result == "same" or (found.result == "superseded" and found.by == before.submission)
    ):
        return put_behind(case, before, seen, closed)
    return before


def _settle(
    case: Case, name: str, seen: Seen, found: Found, conflicts: tuple[Conflict, ...]
) -> tuple[tuple[Conflict, ...], tuple[Conflict, ...]]:
    """The conflicts on a property that a result ends, and all that are open afterwards."""
    if not found.result or case.new:
        return (), conflicts
    chain, entered = tuple(case.chain_conflicts(name)), found.result in ("applied", "same")
    closed = tuple(
        conflict
        for conflict in conflicts
        if conflict in chain
        or (conflict.property == name and stood_on(case, conflict, seen))
        or (conflict.property == name and entered and same(conflict.mine, case.sent[name]))
    )
    rest = tuple(conflict for conflict in conflicts if conflict not in closed)
    if found.result == "conflict":
        return closed, (*rest, _conflict(case, name, seen, found.by, closed))
    if found.link:  # people now see that conflict from where it really began
        base_now = closed[0].base if closed else seen.value
        moved = replace(found.link, base=base_now)
        return closed, tuple(moved if conflict == found.link else conflict for conflict in rest)
    return closed, rest


def _conflict(case: Case, name: str, seen: Seen, by: str, joined: tuple[Conflict, ...]) -> Conflict:
    """One more in an own chain's conflict keeps its id and base: to people it is the same disagreement."""
    submission, state = case.submission, case.state(name)
    return Conflict(
        joined[0].id if joined else derived_id("conflict", submission.id, case.target.key, name),
        name,
        submission.id,
        joined[0].base if joined and (seen.joins or case.offered_again) else seen.value,
        case.sent[name],
        state.value if state else None,
        by,
        submission.observed_at,
        submission.person,
    )


def _outcome(case: Case, name: str, seen: str | None, found: Found) -> FieldOutcome:
    state, setter = case.state(name), case.known.get(found.by)
    assert found.result
    return FieldOutcome(
        case.target.dataset,
        case.target.id,
        name,
        found.result,
        seen,
        case.sent[name],
        state.value if state else None,
        found.by,
        setter.person if setter else "",
        setter.observed_at if setter else "",
    )


def _steps(case: Case, seen: Mapping[str, Seen], found: Mapping[str, Found], version: int) -> dict[str, Step]:
    return {
        name: Step(mine, seen[name].value, found[name].result, version) for name, mine in case.sent.items()
    }


def _trace(case: Case, steps: Mapping[str, Step], version: int) -> Trace:
    # Whoever corrects this one in turn has seen no more than this one had, so the older sight is handed on.
    me, saw = case.submission, case.corrected
    return Trace(
        steps,
        case.handed_on(version),
        case.lineage,
        saw.base_version if saw else case.target.base_version,
        saw.history if saw else me.history,
        version,
        case.line or me.device,
        me.device_seq,
    )
