"""Working a form out: which nodes are relevant, what the calculations say, how many instances repeats have.

One node at a time, in the form's order, and after a change only the nodes that it reaches: a keystroke
costs what it changes, not what the form holds. `live` is rebuilt per node and shared between steps, never
written in place.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from survey_forms.expressions import Compiled
from survey_forms.form import Form, Node
from survey_forms.functions import to_date
from survey_forms.lexical import normal
from survey_forms.records import INSTANCES_MAX, Counts
from survey_forms.scope import At, Scope, Value
from survey_forms.values import to_number, to_text

_NOTHING: dict[At, str] = {}


@dataclass(slots=True)
class State:
    """A record being worked on.

    `kept`: volatile calculations keep the value they came with, as a record being checked needs it.
    `timeless`: all values stay as they came, only relevance is worked out, and without a clock.
    """

    form: Form
    scope: Scope
    counts: Counts
    kept: bool
    timeless: bool = False
    changed: set[str] = field(default_factory=set)

    def put(self, path: str, at: At, raw: str) -> None:
        self.scope.typed[path] = {**self.scope.typed.get(path, {}), at: raw}


def settle_all(state: State) -> None:
    settle(state.form.order, state)


def settle(nodes: Iterable[Node], state: State) -> None:
    """Work out these nodes, which come in the form's order, whatever was there before."""
    for node in nodes:
        state.scope.live[node.path] = _WORK[node.kind](node, state)


def settle_from(paths: Iterable[str], state: State) -> None:
    """Work out again what changes at these nodes, and all that follows."""
    for path in paths:
        node = state.form.nodes[path]
        if not refresh(node, state):
            continue
        changed = {path}
        for follower in state.form.affected[path]:
            if not changed.isdisjoint(follower.needs) and refresh(follower, state):
                changed.add(follower.path)
        state.changed |= changed


def refresh(node: Node, state: State) -> bool:
    """Work out one node in all its places; whether anything changed."""
    cells = _WORK[node.kind](node, state)
    if cells == state.scope.live.get(node.path):
        return False
    state.scope.live[node.path] = cells
    return True


def _leaf(node: Node, state: State) -> dict[At, str]:
    scope, relevant, calculate = state.scope, node.relevant, node.calculate
    if calculate is not None and (state.timeless or (state.kept and calculate.volatile)):
        calculate = None
    typed = scope.typed.get(node.path, _NOTHING)
    cells: dict[At, str] = {}
    for at in scope.live[node.parent]:
        if relevant is not None and not _holds(relevant, at, state):
            continue
        if calculate is None:
            raw = typed.get(at, node.default)
            cells[at] = canonical_text(node, raw) if raw else ""
            continue
        cells[at] = calculated_text(node, calculate.run(scope, at, None))
        if calculate.volatile and cells[at]:
            state.put(node.path, at, cells[at])
    return cells


def _group(node: Node, state: State) -> dict[At, str]:
    if not node.parent:
        return {(): ""}
    around = state.scope.live[node.parent]
    return {at: "" for at in around if node.relevant is None or _holds(node.relevant, at, state)}


def _repeat(node: Node, state: State) -> dict[At, str]:
    cells: dict[At, str] = {}
    for around in state.scope.live[node.parent]:
        for index in range(1, instances(node, around, state) + 1):
            at = (*around, index)
            if node.relevant is None or _holds(node.relevant, at, state):
                cells[at] = ""
    return cells


_WORK: Mapping[str, Callable[[Node, State], dict[At, str]]] = {
    "leaf": _leaf,
    "repeat": _repeat,
    "group": _group,
}


def _holds(relevant: Compiled, at: At, state: State) -> bool:
    """Without a clock, what depends on it counts as relevant: what was not asked is empty anyway."""
    return (state.timeless and relevant.volatile) or relevant.truth(state.scope, at)


def instances(node: Node, around: At, state: State) -> int:
    """How many instances a repeat has here: as its count says, as many as were added, or as a record being
    checked holds.
    """
    if node.count is None:
        return state.counts.get(node.path, {}).get(around, 0 if state.kept else node.initial)
    number = to_number(node.count.run(state.scope, around, None))
    return min(max(int(number), 0), INSTANCES_MAX) if number.is_finite() else 0


def canonical_text(node: Node, raw: str) -> str:
    if node.plain and raw.isprintable():
        return raw.strip()
    text = normal(node.data_type, raw)
    if node.type == "select_multiple" and node.options is not None and " " in text:
        rank = {value: place for place, value in enumerate(node.options.by_value)}
        chosen = dict.fromkeys(text.split())
        return " ".join(sorted(chosen, key=lambda value: rank.get(value, len(rank))))
    return text


def calculated_text(node: Node, value: Value) -> str:
    """A calculation's result as an answer: a number that is none (NaN, infinite) is no answer."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return ""
        if node.data_type == "date":
            return to_text(to_date(value))
    return normal(node.data_type, to_text(value))
