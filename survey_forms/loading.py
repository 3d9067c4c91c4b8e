"""What a record starts with: what is given, what is known, defaults, the clock; and the places that exist for it.

Apart from the steps of an interview because the order matters here and nowhere else: given fields first, then
everything is worked out, then what looks at the result.
"""

from survey_forms.form import Node
from survey_forms.records import below
from survey_forms.scope import At
from survey_forms.settling import State, instances, settle_from


def forget_defaults(state: State) -> None:
    """What a resumed record leaves empty stays empty."""
    for node in state.form.beginning:
        typed = state.scope.typed.get(node.path, {})
        state.scope.typed[node.path] = {**dict.fromkeys(places_of(state, node), ""), **typed}


def give(state: State) -> None:
    for node in state.form.told:
        value = state.scope.context.given.get(node.name)
        if value is not None:
            state.scope.typed[node.path] = dict.fromkeys(places_of(state, node), value)


def load_first(state: State) -> None:
    """Preloads and dynamic defaults, once, wherever nothing is known; relevant or not."""
    context = state.scope.context
    clock = {"today": context.today.isoformat(), "start": context.now.isoformat(timespec="milliseconds")}
    for node in state.form.order:
        known = state.scope.typed.get(node.path, {})
        for at in places_of(state, node) if node.preload in clock or node.first_load else ():
            if at in known:
                continue
            first = node.first_load
            state.put(node.path, at, first.string(state.scope, at) if first else clock[node.preload])
            settle_from((node.path,), state)


def fill_instances(state: State) -> None:
    """Dynamic defaults of instances that have just appeared; they may make further ones appear."""
    waiting = True
    while waiting:
        waiting = False
        for node in state.form.growing:
            known = state.scope.typed.get(node.path, {})
            if node.new_repeat is None or all(at in known for at in state.scope.live[node.path]):
                continue
            for at in state.scope.live[node.path]:
                if at not in known:
                    state.put(node.path, at, node.new_repeat.string(state.scope, at))
            settle_from((node.path,), state)
            waiting = True


def places_of(state: State, node: Node) -> list[At]:
    """Every place of a node that exists, relevant or not."""
    places: list[At] = [()]
    if not node.repeats:
        return places
    for path in node.repeats:
        repeat = state.form.nodes[path]
        places = [(*at, index) for at in places for index in range(1, _existing(repeat, at, state) + 1)]
    return places


def _existing(repeat: Node, around: At, state: State) -> int:
    """A counted repeat exists as far as its count has been worked out, or as far as something is known in
    it.
    """
    if repeat.count is None:
        return instances(repeat, around, state)
    return max(
        len(below(state.scope.live.get(repeat.path, {}), around)),
        state.counts.get(repeat.path, {}).get(around, 0),
    )
