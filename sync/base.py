"""What the hub had where a surveyor looked, as the tablet states it, and whether versions say who was first.

Apart from ``sight.py``, which asks what lay over that on the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sync.facts import PropertyState
from sync.masking import unmasked
from sync.messages import VILLAGE

if TYPE_CHECKING:
    from sync.sight import Case, Seen


def base(case: Case, name: str) -> str | None:
    """The hub's value at the base version, as the tablet states it."""
    if name in case.masked:
        return unmasked(case.target.base.get(name), _can_have_been(case, name))
    if name != VILLAGE:
        return case.target.base.get(name)
    state = case.state(VILLAGE)
    if state is None:
        return None
    if case.by_value:
        return case.stood
    # A target does not tell where its entity stood; it stood where the hub had it at that version. Whoever
    # still names a village that the entity has left since did not move it there, nor does a registration.
    mine = case.submission.village
    if case.target.base_version and saw(case, state, case.own):
        return state.value
    if not case.target.base_version or mine in state.seen:
        return mine
    if not state.submission:
        return state.value  # it has stood there ever since
    return next(iter(state.seen), None)


def _can_have_been(case: Case, name: str) -> Iterator[str | None]:
    """What the hub knows a masked property to be or to have been, the likeliest first. A value that came under
    the present history cannot have been seen under an earlier one, however alike the last characters are."""
    state = case.state(name)
    if state:
        setter = case.trace_of(state.submission)
        if not (case.offered_again and setter and setter.history == case.history):
            yield state.value
        yield from state.seen
    for conflict in case.held.conflicts:
        if conflict.property == name:
            yield from (conflict.base, conflict.mine)


def comparable(case: Case, state: PropertyState, seen: Seen) -> bool:
    """Whether versions say who was first: both of one history, or the state older than the surveyor's."""
    if not case.by_versions:
        return False
    if seen.history == case.history:
        return True
    return case.held.made_under(state.version) is None or case.held.stood_under(state.version, seen.history)


def saw(case: Case, state: PropertyState, seen: Seen) -> bool:
    return comparable(case, state, seen) and state.version <= seen.version
