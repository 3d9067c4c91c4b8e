"""What stood on a tablet's screen of its own records, though the chain that a record names does not tell it.

Apart from ``sight.py``, which reads that chain: a correction begins from the record it corrects and leaves aside what
came between, and of a refused record nothing is handed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sync.facts import Past, Step, Trace
from sync.messages import VILLAGE

if TYPE_CHECKING:
    from sync.sight import Case, Seen


class Beside(NamedTuple):
    """What an own record said that the chain does not lead back to."""

    submission: str
    step: Step


def beside_the_chain(case: Case, name: str, own: Seen) -> Beside | None:
    """What this tablet itself had set before the record that this one follows, though that does not lead back to it: a
    correction begins from the record it corrects, whatever came between. It was on the screen if the base lacks it."""
    state, follows = case.state(name), case.target.follows
    if name == VILLAGE or follows is None:
        return None
    here = [state.submission] if state else []
    here += [each.submission for each in case.held.conflicts if each.property == name]
    beside = [id for id in here if id not in case.lineage and case.made_before(id, follows)]
    last = max(beside, key=case.apart_here, default=None)
    trace = _named_here(case, case.known[last]) if last else None
    step = trace.steps.get(name) if trace else None
    if last is None or trace is None or step is None:
        return None
    if not own.version and (trace.base_version or _hidden(case, name, last)):
        return None
    if case.offered_again:  # its versions say nothing; but what was made upon this very base is not in it
        on_screen = (trace.history, trace.base_version) == (own.history, own.version)
    else:
        on_screen = step.version > own.version
    return Beside(last, step) if on_screen else None


def _hidden(case: Case, name: str, beside: str) -> bool:
    """Of an entity of which the tablet had nothing of the hub's to show: whether a later link says it too, and so was
    shown, or the tablet once had it all from the hub, with that, and has it no more."""
    links = ((id, case.trace_of(id)) for id in case.lineage)
    return any(
        trace.base_version or (name in trace.steps and case.made_before(beside, id))
        for id, trace in links
        if trace
    )


def _named_here(case: Case, past: Past) -> Trace | None:
    """What a record did that named this very id: what was recorded under another was not shown here by whoever did
    not know that they are one."""
    under = {key for key in past.traces if key.startswith(f"{case.held.dataset}/")}
    return past.traces.get(case.target.key) if under <= {case.target.key, case.held.key} else None


def refused_on_the_screen(case: Case, name: str) -> Step | None:
    """What the refused record had sent that this one follows, where that was all the tablet could show and this one
    says otherwise: that is a change. Left as it was, it is not what anybody has."""
    past = case.known.get(case.target.follows or "")
    if case.target.base_version or past is None or past.verdict.outcome != "rejected":
        return None
    trace = case.trace_of(past.id)
    step = trace.steps.get(name) if trace and name != VILLAGE else None
    return step if step and step.sent != case.sent[name] else None
