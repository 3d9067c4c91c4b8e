"""Filling a form in pure steps: every step takes a frozen interview and gives the next one.

The tablet and the server run the same steps. What is typed is kept even while it is not relevant, so that
nothing is lost when a surveyor corrects an earlier answer; `answers()` holds the relevant ones only.
"""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from survey_forms import screen
from survey_forms.faults import Fault, disagreements, find, overfull
from survey_forms.form import Form, Node
from survey_forms.glance import is_surely_sound
from survey_forms.loading import fill_instances, forget_defaults, give, load_first, places_of
from survey_forms.messages import message
from survey_forms.records import (
    INSTANCES_MAX,
    Answers,
    Counts,
    Flat,
    flatten,
    nest,
    read_place,
)
from survey_forms.scope import At, Cells, Context, Scope
from survey_forms.screen import Choice, RepeatControls, Shown
from survey_forms.settling import State, instances, settle_all, settle_from

_NOTHING: Answers = {}
# Whoever sends nonsense by the megabyte is told about the beginning of it.
_STRANGERS_MAX = 50
_PATH_MAX = 200
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Interview:
    """A form being filled. Only the functions of this module make one; nobody changes one.

    `memo` remembers what was already worked out for the screen, by language; it never changes what is
    answered.
    """

    form: Form
    context: Context
    typed: Cells
    counts: Counts
    live: Cells
    kept: bool = False
    memo: dict[str, "screen.Memo"] = field(default_factory=dict)

    def scope(self, lang: str = "") -> Scope:
        return Scope(self.live, self.typed, self.context, self.form.speaks(lang) or lang, self.form)


def begin(form: Form, context: Context, answers: Answers = _NOTHING, *, resumed: bool = False) -> Interview:
    """Start an interview, with what is already known in `answers`.

    A new record (`resumed=False`) gets the form's defaults wherever nothing is known; a record taken up again
    (`resumed=True`: a draft, or a submission to correct) does not, because what is empty there was left
    empty. `context.given` fills, by name, every field that has no control and no calculation, whatever
    `answers` says: the app knows better than a draft which household this is. What the form does not know
    in `answers` is dropped.
    """
    return _begin(form, context, flatten(form, answers), resumed=resumed, kept=False)


def answer(interview: Interview, path: str, value: str | None) -> Interview:
    """Answer one question; None or an empty text clears it. Any text is taken: a wrong one becomes a fault.

    Raises ValueError for a path that no question of this form has (our mistake, never a surveyor's).
    """
    node, at = _located(interview, path)
    if node.kind != "leaf" or node.calculate is not None:
        raise ValueError(f"not a question: {path}")
    raw = value or ""
    if interview.typed.get(node.path, {}).get(at) == raw:
        return interview
    state = _state(interview)
    _enter(state, node, at, raw)
    return _next(interview, state)


def add_repeat(interview: Interview, path: str) -> Interview:
    """One more instance at the end of the repeat `path` (`/data/stoves`); unchanged where the limit is
    reached.
    """
    node, around = _repeat_at(interview, path)
    state = _state(interview)
    count = instances(node, around, state)
    return interview if count >= INSTANCES_MAX else _resize(interview, state, node, around, count + 1)


def remove_repeat(interview: Interview, path: str, index: int) -> Interview:
    """Remove the instance `index` (from 1) of the repeat `path`, with all typed in it; later ones move up."""
    node, around = _repeat_at(interview, path)
    state = _state(interview)
    count = instances(node, around, state)
    if not 1 <= index <= count:
        raise ValueError(f"no instance {index}: {path}")
    for inner in interview.form.nodes.values():
        if node.path not in inner.repeats:
            continue
        if inner.path in state.scope.typed:
            state.scope.typed[inner.path] = _moved_up(state.scope.typed[inner.path], around, index)
        if inner.path in state.counts and inner is not node:
            state.counts[inner.path] = _moved_up(state.counts[inner.path], around, index)
    return _resize(interview, state, node, around, count - 1)


def questions(interview: Interview, lang: str) -> tuple[Shown, ...]:
    """What is on screen now, in order, with every group flattened."""
    scope = interview.scope(lang)
    return screen.shown(interview.form, scope, interview.memo.setdefault(scope.lang, {}))


def faults(interview: Interview, lang: str) -> tuple[Fault, ...]:
    """Everything that keeps the record from being submitted, in the order of the form."""
    form, scope = interview.form, interview.scope(lang)
    found: list[Fault] = []
    for node in form.nodes.values():
        if node.count is not None:
            found += overfull(form, node, scope)
        elif node.kind == "leaf":
            found += [fault for at in interview.live[node.path] if (fault := find(form, node, at, scope))]
    return tuple(found)


def answers(interview: Interview) -> dict[str, Any]:
    """The record: relevant answers and calculations, nested as the form is; what is empty is absent."""
    return nest(interview.form, interview.live, interview.live)


def draft(interview: Interview) -> dict[str, Any]:
    """Everything typed, also what is not relevant now; `begin(…, resumed=True)` takes it up again."""
    state, cells, places = _state(interview), Cells(), Cells()
    for node in interview.form.nodes.values():
        typed = interview.typed.get(node.path, {})
        found = places if node.kind == "repeat" else cells
        found[node.path] = {at: typed.get(at, node.default) for at in places_of(state, node)}
    return nest(interview.form, cells, places, empty_lists=True)


def check(form: Form, answers: Answers, context: Context, lang: str = "zh") -> tuple[Fault, ...]:
    """What a server finds in submitted answers: all that `faults` finds on a tablet, and what no tablet can
    send.

    That is: unknown fields, values where the question is not relevant, calculations and given fields that
    come out otherwise. Calculations that read the clock keep the value they were submitted with.
    """
    return () if is_surely_sound(form, answers, context, lang) else examine(form, answers, context, lang)


def examine(form: Form, answers: Answers, context: Context, lang: str = "zh") -> tuple[Fault, ...]:
    """The full look of `check`, which can say what is wrong; a glance has not been enough."""
    flat = flatten(form, answers)
    submitted = dict(flat.typed)  # working it out replaces cells, and writes into none
    interview = _begin(form, context, flat, resumed=True, kept=True)
    strangers = [
        Fault(path[:_PATH_MAX], path[:_PATH_MAX], "unknown", message("unknown", lang, label=path))
        for path in flat.strangers[:_STRANGERS_MAX]
    ]
    return (*strangers, *disagreements(form, submitted, interview.scope(lang)), *faults(interview, lang))


def _begin(form: Form, context: Context, flat: Flat, *, resumed: bool, kept: bool) -> Interview:
    state = State(form, Scope({}, flat.typed, context, form.default_language, form), flat.counts, kept)
    if resumed:
        forget_defaults(state)
    give(state)
    settle_all(state)
    if not resumed:
        load_first(state)
    fill_instances(state)
    return Interview(form, context, state.scope.typed, state.counts, state.scope.live, kept)


def _state(interview: Interview) -> State:
    """A working copy: the outer dictionaries are copied, the inner ones replaced when they change."""
    scope = interview.scope()
    scope.live, scope.typed = dict(interview.live), dict(interview.typed)
    return State(interview.form, scope, dict(interview.counts), interview.kept)


def _next(interview: Interview, state: State) -> Interview:
    stale = {watcher for path in state.changed for watcher in interview.form.watchers.get(path, ())}
    memo = {lang: screen.without(rows, stale | state.changed) for lang, rows in interview.memo.items()}
    return Interview(
        interview.form,
        interview.context,
        state.scope.typed,
        state.counts,
        state.scope.live,
        interview.kept,
        memo,
    )


def _enter(state: State, node: Node, at: At, raw: str) -> None:
    """Put an answer, and what its change triggers; a trigger that comes round again stops there."""
    waiting, seen = [(node, at, raw)], set()
    while waiting:
        target, place, text = waiting.pop(0)
        before = state.scope.live[target.path].get(place)
        state.put(target.path, place, text)
        state.changed.add(target.path)
        settle_from((target.path,), state)
        seen.add(target.path)
        if state.scope.live[target.path].get(place) == before:
            continue
        for path, value in target.changes:
            follower = state.form.nodes[path]
            here = place[: len(follower.repeats)]
            if path not in seen:
                waiting.append((follower, here, value.string(state.scope, here) if value else ""))
    if any(state.form.nodes[path].kind == "repeat" for path in state.changed):
        fill_instances(state)


def _located(interview: Interview, path: str) -> tuple[Node, At]:
    template, at = read_place(path)
    node = interview.form.nodes.get(template)
    if node is None or len(at) != len(node.repeats) or at not in places_of(_state(interview), node):
        raise ValueError(f"no such place in form {interview.form.id}: {path}")
    return node, at


def _repeat_at(interview: Interview, path: str) -> tuple[Node, At]:
    template, around = read_place(path)
    node = interview.form.nodes.get(template)
    if node is None or node.kind != "repeat" or node.fixed_size or len(around) != len(node.repeats) - 1:
        raise ValueError(f"no repeat that may grow or shrink: {path}")
    if around not in places_of(_state(interview), interview.form.nodes[node.parent]):
        raise ValueError(f"no such place in form {interview.form.id}: {path}")
    return node, around


def _resize(interview: Interview, state: State, node: Node, around: At, count: int) -> Interview:
    state.counts[node.path] = {**state.counts.get(node.path, {}), around: count}
    inside = [each.path for each in state.form.order if node.path in each.repeats]
    settle_from((node.path, *inside), state)
    fill_instances(state)
    state.changed |= {node.path, *inside}
    return _next(interview, state)


def _moved_up(cells: dict[At, T], around: At, index: int) -> dict[At, T]:
    """The cells of a repeat without the instance `index` of `around`."""
    depth = len(around)
    moved: dict[At, T] = {}
    for at, value in cells.items():
        if at[:depth] != around or len(at) <= depth or at[depth] < index:
            moved[at] = value
        elif at[depth] > index:
            moved[(*around, at[depth] - 1, *at[depth + 1 :])] = value
    return moved


__all__ = [
    "Choice",
    "Context",
    "Fault",
    "Interview",
    "RepeatControls",
    "Shown",
    "add_repeat",
    "answer",
    "answers",
    "begin",
    "check",
    "draft",
    "examine",
    "faults",
    "questions",
    "remove_repeat",
]
