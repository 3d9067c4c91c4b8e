"""Three-way merge by field: what one submission makes of one entity. Pure; a conflict is a value.

For every value a submission sends there are three others: what its surveyor had seen (``sight.py``), what the
registry holds now, and who set that. `judge` compares them and writes the answer down three times: in the
entity, in the verdict's field outcomes, and in a `Trace` for whatever follows.

The promise (README.md here, "What becomes of a value"): a value that a surveyor changed is afterwards in the
registry (applied, same), or was replaced by one who had seen it (superseded), or stands in an open conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sync.codec import derived_id
from sync.facts import Held, Past, PropertyState, Step, Trace
from sync.messages import VILLAGE, Conflict, FieldOutcome, FieldResult, Submission, Target
from sync.sight import Case, Seen, base, case_of, comparable, made_under, same, sight

SEEN_MAX = 8
Result: TypeAlias = FieldResult | Literal[""]


@dataclass(frozen=True)
class Judged:
    """``held``: the entity afterwards. ``others``: somebody else had changed it since the surveyor saw it.
    ``fields``: one for each value the surveyor changed."""

    held: Held
    trace: Trace
    fields: tuple[FieldOutcome, ...]
    others: bool


def judge(
    submission: Submission,
    target: Target,
    changes: Mapping[str, str],
    held: Held | None,
    *,
    known: Mapping[str, Past],
    groups: Mapping[str, str],
    history: str,
    now: str,
) -> Judged:
    """What ``submission``, which saves ``changes`` to ``target``, makes of entity ``held`` (None: unknown).

    ``known``: the past submissions it follows or corrects, and those that set what it did not see.
    ``groups``: property → guard group. ``history``: the hub's present one. ``now``: the hub's time.
    """
    case = case_of(submission, target, changes, held, known=known, history=history)
    seen = {name: sight(case, name) for name in case.sent}
    found = {name: _decide(case, name, seen, groups) for name in case.sent}
    results = {name: result for name, (result, _) in found.items()}
    after = _apply(case, seen, results, now)
    fields = tuple(
        _outcome(case, name, seen[name], result, by)
        for name, (result, by) in found.items()
        if result and not (case.new and name == VILLAGE)
    )
    return Judged(after, _trace(case, seen, results, after.version), fields, _others(case))


def witness(
    submission: Submission,
    target: Target,
    changes: Mapping[str, str],
    held: Held | None,
    *,
    known: Mapping[str, Past],
    history: str,
) -> Trace:
    """The trace of a rejected submission: what it sent and had seen, for the one that will correct it."""
    case = case_of(submission, target, changes, held, known=known, history=history)
    seen = {name: sight(case, name) for name in case.sent}
    return _trace(case, seen, dict.fromkeys(case.sent, ""), 0)


# --- what becomes of a value -------------------------------------------------------------------------------


def _decide(case: Case, name: str, seen: Mapping[str, Seen], groups: Mapping[str, str]) -> tuple[Result, str]:
    """The result for one value ("" = the surveyor left it as seen), and the submission it met there."""
    mine, state = case.sent[name], case.state(name)
    if not seen[name].decides and same(mine, seen[name].value):
        return "", ""
    if case.new:
        return "applied", ""
    by = state.submission if state else ""
    if same(mine, state.value if state else None):
        return "same", by
    if heir := _heir(case, name, seen[name]):
        return "superseded", heir
    if seen[name].joins:
        return "conflict", by
    for guarded in _guarded(name, groups):
        if culprit := _disputed(case, guarded, name, seen):
            return "conflict", culprit.submission
    return "applied", by


def _heir(case: Case, name: str, seen: Seen) -> str | None:
    """Who had seen this value and put another in its place, though this submission comes only now."""
    state, me, mine = case.state(name), case.submission.id, case.sent[name]
    if state and me in case.lineage_of(state.submission):
        return state.submission
    for conflict in case.held.conflicts:
        if conflict.property == name and (
            me in case.lineage_of(conflict.submission) or (case.offered_again and conflict.base == mine)
        ):
            return conflict.submission
    if state and _seen_here(case, state, mine) and not same(state.value, seen.value):
        return state.submission
    return None


def _seen_here(case: Case, state: PropertyState, value: str) -> bool:
    """After a restore originals come again in any order; whoever set ``state`` since had seen ``value``."""
    return case.offered_again and made_under(case.held, state.version) == case.history and value in state.seen


def _guarded(name: str, groups: Mapping[str, str]) -> Iterator[str]:
    """The property itself first, then the others of its guard group."""
    yield name
    if group := groups.get(name):
        yield from (other for other, named in groups.items() if named == group and other != name)


def _disputed(case: Case, name: str, changed: str, seen: Mapping[str, Seen]) -> PropertyState | None:
    """The state of ``name`` if another set it, unseen by who changed ``changed`` and otherwise than they."""
    state = case.state(name)
    if state is None or case.mine(state):
        return None
    if name != changed and name in case.sent and same(case.sent[name], state.value):
        return None
    if comparable(case, state, seen[changed]):
        return state if state.version > seen[changed].version else None
    if name not in case.sent:
        return None
    was = base(case, name) if seen[changed].decides else seen[name].value
    if not same(state.value, was) or (name == changed and _seen_here(case, state, case.sent[name])):
        return state
    return None


def _others(case: Case) -> bool:
    """Whether anything in the entity was set by another after the base version."""
    return any(_set_since(case, name) for name in (VILLAGE, *case.held.props))


def _set_since(case: Case, name: str) -> bool:
    state = case.state(name)
    if state is None or case.mine(state):
        return False
    if comparable(case, state, case.own):
        return state.version > case.own.version
    return name in case.sent and not same(state.value, base(case, name))


# --- what is written down ----------------------------------------------------------------------------------


def _apply(case: Case, seen: Mapping[str, Seen], results: Mapping[str, Result], now: str) -> Held:
    held, version = case.held, case.held.version + 1
    states = {name: case.state(name) for name in (VILLAGE, *held.props)}
    conflicts = held.conflicts
    for name, result in results.items():
        closed, conflicts = _settle(case, name, seen[name], result, conflicts)
        states[name] = _state_after(case, name, seen[name], result, closed)
    placed = states.pop(VILLAGE)
    props = {name: state for name, state in states.items() if state}
    after = replace(
        held,
        village=placed.value if placed else held.village,
        props=props,
        conflicts=conflicts,
        placed=placed if placed and placed.submission else None,
    )
    if not (case.new or conflicts != held.conflicts or "applied" in results.values()):
        return after
    went_on = bool(held.epochs) and held.epochs[-1][0] == case.history
    epochs = held.epochs if went_on else (*held.epochs, (case.history, version))
    return replace(after, version=version, updated_at=now, epochs=epochs)


def _state_after(
    case: Case, name: str, seen: Seen, result: Result, closed: tuple[Conflict, ...]
) -> PropertyState | None:
    before, mine, version = case.state(name), case.sent[name], case.held.version + 1
    lost = (seen.value, *(conflict.base for conflict in closed))
    if case.new and name == VILLAGE:
        return None
    if result == "applied" or case.new:
        earlier: tuple[str | None, ...] = ()
        if before and name == VILLAGE:
            earlier = (before.value, *before.seen)
        elif before and same(before.value, seen.value) and _fresh(case, before):
            earlier = before.seen
        return PropertyState(mine, version, case.submission.id, _without(mine, (*lost, *earlier)))
    if before and result in ("same", "superseded") and case.offered_again and _fresh(case, before):
        return replace(before, seen=_without(before.value, (*before.seen, *lost)))
    return before


def _fresh(case: Case, state: PropertyState) -> bool:
    return made_under(case.held, state.version) == case.history


def _without(value: str, seen: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(old for old in seen if old is not None and old != value))[:SEEN_MAX]


def _settle(
    case: Case, name: str, seen: Seen, result: Result, conflicts: tuple[Conflict, ...]
) -> tuple[tuple[Conflict, ...], tuple[Conflict, ...]]:
    """The conflicts on a property that a result ends, and all that are open afterwards."""
    if not result or case.new:
        return (), conflicts
    mine, chain = case.sent[name], tuple(case.chain_conflicts(name))
    closed = tuple(
        conflict
        for conflict in conflicts
        if conflict in chain
        or (conflict.property == name and case.offered_again and conflict.mine == seen.value)
        or (conflict.property == name and result in ("applied", "same") and same(conflict.mine, mine))
    )
    opened = (_conflict(case, name, seen, closed),) if result == "conflict" else ()
    return closed, (*(conflict for conflict in conflicts if conflict not in closed), *opened)


def _conflict(case: Case, name: str, seen: Seen, joined: tuple[Conflict, ...]) -> Conflict:
    """One more in an own chain's conflict keeps its id and base: to people it is the same disagreement."""
    submission, state = case.submission, case.state(name)
    return Conflict(
        joined[0].id if joined else derived_id("conflict", submission.id, case.target.key, name),
        name,
        submission.id,
        joined[0].base if joined and seen.joins else seen.value,
        case.sent[name],
        state.value if state else None,
        state.submission if state else "",
        submission.observed_at,
        submission.person,
    )


def _outcome(case: Case, name: str, seen: Seen, result: FieldResult, by: str) -> FieldOutcome:
    state, setter = case.state(name), case.known.get(by)
    return FieldOutcome(
        case.target.dataset,
        case.target.id,
        name,
        result,
        seen.value,
        case.sent[name],
        state.value if state else None,
        by,
        setter.person if setter else "",
        setter.observed_at if setter else "",
    )


def _trace(case: Case, seen: Mapping[str, Seen], results: Mapping[str, Result], version: int) -> Trace:
    # Whoever corrects this one in turn has seen no more than this one had, so the older sight is handed on.
    saw = case.corrected or Trace({}, {}, (), case.own.version, case.own.history, 0)
    return Trace(
        {name: Step(mine, seen[name].value, results[name]) for name, mine in case.sent.items()},
        case.trail,
        case.lineage,
        saw.base_version,
        saw.history,
        version,
    )
