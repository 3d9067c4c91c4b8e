"""What a restore tore apart: originals that come again, in any order, to a hub that knows only some of them.

Such submissions were made under another history, so the versions they name say nothing about what happened here
since. But each says which value it saw and which it sent, and so they can be linked again: 1 → 2, 2 → 3. These
functions keep the links: behind a registry value stand the values it replaced (``PropertyState.seen``), behind a
conflict its base. Where links are missing or ambiguous the result is a conflict, never a silent winner.
"""

from __future__ import annotations

from sync.facts import PropertyState
from sync.masking import hides
from sync.messages import Conflict
from sync.sight import Case, Seen, same

SEEN_MAX = 8


def seen_here(case: Case, name: str, state: PropertyState, value: str) -> bool:
    """Whether whoever set ``state`` since the restore had seen ``value`` in the registry before."""
    return (
        case.offered_again
        and fresh(case, state)
        and any(_was(case, name, seen, value) for seen in state.seen)
        and case.may_have_seen(state.submission, case.submission.id)
    )


def conflict_upon(case: Case, name: str) -> Conflict | None:
    """The open conflict of one who had seen this value: what it was made upon comes only now."""
    if not case.offered_again:
        return None
    return next((each for each in case.held.conflicts if _made_upon(case, each, name, case.sent[name])), None)


def stood_on(case: Case, conflict: Conflict, seen: Seen) -> bool:
    """Whether this submission's surveyor had seen the value in conflict in the registry, and went on from it."""
    return (
        case.offered_again
        and _was(case, conflict.property, seen.value, conflict.mine)
        and case.may_have_seen(case.submission.id, conflict.submission)
    )


def connect(
    case: Case, name: str, state: PropertyState, conflicts: tuple[Conflict, ...]
) -> tuple[PropertyState, tuple[Conflict, ...]]:
    """A missing link came: conflicts that were one only because what they stand on was not there yet go in."""
    if not (conflicts and case.offered_again):
        return state, conflicts
    upon = (each for each in conflicts if _made_upon(case, each, name, state.value))
    conflict = next((each for each in upon if _of_same_history(case, each)), None)
    if conflict is None:
        return state, conflicts
    seen = without(conflict.mine, (state.value, *state.seen))
    joined = PropertyState(conflict.mine, case.held.version + 1, conflict.submission, seen)
    rest = tuple(
        other for other in conflicts if other.property != name or not same(other.mine, conflict.mine)
    )
    return connect(case, name, joined, rest)


def put_behind(case: Case, state: PropertyState, seen: Seen, closed: tuple[Conflict, ...]) -> PropertyState:
    """The same value, and behind it what a late original that led to it had seen."""
    if not case.offered_again or not fresh(case, state):
        return state
    bases = (conflict.base for conflict in closed)
    return state._replace(seen=without(state.value, (*state.seen, seen.value, *bases)))


def fresh(case: Case, state: PropertyState) -> bool:
    """Set under the hub's present history."""
    return case.held.made_under(state.version) == case.history


def without(value: str, seen: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(old for old in seen if old is not None and old != value))[:SEEN_MAX]


def _made_upon(case: Case, conflict: Conflict, name: str, value: str) -> bool:
    return (
        conflict.property == name
        and _was(case, name, conflict.base, value)
        and case.may_have_seen(conflict.submission, case.submission.id)
    )


def _was(case: Case, name: str, seen: str | None, value: str) -> bool:
    """Whether what was seen is the value: of a masked property, whether it shows the value's last characters."""
    return seen == value or (name in case.masked and seen is not None and hides(seen, value))


def _of_same_history(case: Case, conflict: Conflict) -> bool:
    trace = case.trace_of(conflict.submission)
    return trace is not None and trace.history == case.submission.history
