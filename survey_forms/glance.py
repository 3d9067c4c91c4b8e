"""A glance at a submitted record: the quick yes.

A server judges thousands of records an hour that a tablet's own engine has let through, and nearly all are sound.
To word what is wrong takes an interview; to see that nothing is takes less. Every answer stands for itself first
(`alone`); then only those are looked at whose place, value or constraint hangs on other answers. A glance never
says no: whatever it is not sure of gets the full look (`interview.examine`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from survey_forms.alone import Judge, is_self_contained, judges
from survey_forms.faults import is_asked, may_choose
from survey_forms.form import Form, Node
from survey_forms.records import INSTANCES_MAX, Answers
from survey_forms.scope import At, Cells, Context, Scope
from survey_forms.settling import calculated_text, canonical_text

_NOTHING: dict[At, str] = {}
_BLANK: dict[At, str] = {(): ""}
Step = Callable[[Scope], bool]
"""One thing to be sure of; `typed` of the scope is the record as it was sent. False: not sure."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a group or an instance of a repeat may hold, by name: leaves with their judges, groups, repeats."""

    path: str
    leaves: Mapping[str, tuple[str, Judge]]
    groups: Mapping[str, "_Part"]
    repeats: Mapping[str, "_Part"]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of a check is the same for every record of a form.

    `blank` is what lives in a record without answers, `musts` are always to be answered. `steps` settle what
    hangs on other answers, each after what it reads, and compare it with what was sent; `standing` are the
    questions that remain when everything is settled.
    """

    whole: _Part
    blank: Cells
    musts: frozenset[str]
    steps: tuple[Step, ...]
    standing: tuple[Step, ...]


def is_surely_sound(form: Form, answers: Answers, context: Context, lang: str = "zh") -> bool:
    """Whether `examine` finds nothing for certain; where it might, or the form is out of the ordinary, False."""
    plan = _plan(form)
    sent: Cells = {}
    if plan is None or not _read(plan.whole, (), answers, sent) or not sent.keys() >= plan.musts:
        return False
    scope = Scope({**plan.blank, **sent}, sent, context, form.default_language, form)
    for step in plan.steps:
        if not step(scope):
            return False
    scope.lang = form.speaks(lang) or lang
    return all(step(scope) for step in plan.standing)


def _read(part: _Part, at: At, answers: Any, sent: Cells) -> bool:
    """Gather what was sent, path by path; instances of repeats are cells of their own. False as soon as an answer
    is strange or not sound by itself.
    """
    if type(answers) is not dict:
        return False
    leaves = part.leaves
    for name, value in answers.items():
        if name in leaves:
            path, judge = leaves[name]
            if type(value) is not str or not judge(value):
                return False
            if at:
                sent.setdefault(path, {})[at] = value
            else:
                sent[path] = {at: value}
        elif name in part.groups:
            if not _read(part.groups[name], at, value, sent):
                return False
        elif name not in part.repeats or not _read_instances(part.repeats[name], at, value, sent):
            return False
    return True


def _read_instances(part: _Part, at: At, instances: Any, sent: Cells) -> bool:
    if type(instances) is not list or len(instances) > INSTANCES_MAX:
        return False
    places = sent.setdefault(part.path, {})
    for index, instance in enumerate(instances, 1):
        place = (*at, index)
        places[place] = ""
        if not _read(part, place, instance, sent):
            return False
    return True


@lru_cache(maxsize=64)
def _plan(form: Form) -> _Plan | None:
    if any(_is_unusual(node) for node in form.order):
        return None
    steady = _steady(form)
    musts = {node.path for node in form.leaves if node.path in steady and _is_must(node)}
    settled = (node for node in form.order if node.path not in steady or node.calculate is not None)
    standing = (_standing(node, node.path in musts) for node in form.leaves)
    return _Plan(
        whole=_part(form, form.nodes[form.root]),
        blank={node.path: {(): ""} if node.path in steady else _NOTHING for node in form.order},
        musts=frozenset(musts),
        steps=(
            *(_settling(each) if each.repeats else _settling_once(each) for each in settled),
            *map(_as_given, form.told),
        ),
        standing=tuple(step for step in standing if step is not None),
    )


def _is_unusual(node: Node) -> bool:
    """Counted repeats, instances that fill themselves in, and what looks back at what was there before."""
    is_kept = node.calculate is not None and node.calculate.volatile
    return (
        node.count is not None
        or node.new_repeat is not None
        or (is_kept and node.default != "")
        or (node.relevant is not None and "once" in node.relevant.text)
    )


def _steady(form: Form) -> set[str]:
    """What is relevant in every record, and once."""
    found: set[str] = set()
    for node in form.order:
        if node.relevant is None and node.kind != "repeat" and (node.parent in found or not node.parent):
            found.add(node.path)
    return found


def _is_must(node: Node) -> bool:
    return is_asked(node) and node.required is not None and node.required.always


def _part(form: Form, around: Node) -> _Part:
    inside, known = form.inside[around.path].values(), judges(form)
    return _Part(
        around.path,
        leaves={node.name: (node.path, known[node.path]) for node in inside if node.kind == "leaf"},
        groups={node.name: _part(form, node) for node in inside if node.kind == "group"},
        repeats={node.name: _part(form, node) for node in inside if node.kind == "repeat"},
    )


def _settling(node: Node) -> Step:
    """Where the node lives, now that what decides on it is settled. Sure if nothing was sent anywhere else and a
    calculation gives what was sent; one that reads the clock keeps it.
    """
    path, parent, relevant, calculate = node.path, node.parent, node.relevant, node.calculate
    is_repeat, worked_out = node.kind == "repeat", calculate is not None and not calculate.volatile

    def step(scope: Scope) -> bool:
        sent, around = scope.typed.get(path, _NOTHING), scope.live[parent]
        places = [at for at in sent if at[:-1] in around] if is_repeat else around
        here = {at: sent.get(at, "") for at in places if relevant is None or relevant.truth(scope, at)}
        scope.live[path] = here
        if not sent.keys() <= here.keys():
            return False
        return not worked_out or all(_comes_to(node, here[at], scope, at) for at in here)

    return step


def _settling_once(node: Node) -> Step:
    """`_settling` of what stands in no repeat, as nearly everything does."""
    path, parent, relevant, calculate = node.path, node.parent, node.relevant, node.calculate
    worked_out = calculate is not None and not calculate.volatile

    def step(scope: Scope) -> bool:
        sent = scope.typed.get(path)
        if not scope.live[parent] or not (relevant is None or relevant.truth(scope, ())):
            scope.live[path] = _NOTHING
            return sent is None
        scope.live[path] = here = sent or _BLANK
        return not worked_out or _comes_to(node, here[()], scope, ())

    return step


def _comes_to(node: Node, text: str, scope: Scope, at: At) -> bool:
    result = node.calculate.run(scope, at, None) if node.calculate else ""
    return result == text or calculated_text(node, result) == text


def _as_given(node: Node) -> Step:
    """What the app knows better was sent as it is known."""
    path, name = node.path, node.name

    def step(scope: Scope) -> bool:
        given = scope.context.given.get(name)
        return given is None or {*scope.live[path].values()} <= {canonical_text(node, given)}

    return step


def _standing(node: Node, is_must: bool) -> Step | None:
    """What can only be asked of a leaf among all the others; None if nothing is left to ask."""
    path, required = node.path, node.required if is_asked(node) and not is_must else None
    constraint = None if is_self_contained(node) else node.constraint
    is_filtered = node.options is not None and node.options.filtered
    if required is None and constraint is None and not is_filtered:
        return None

    def step(scope: Scope) -> bool:
        for at, text in scope.live[path].items():
            if not text:
                if required is not None and required.truth(scope, at):
                    return False
                continue
            if is_filtered and not may_choose(node, at, text, scope):
                return False
            if constraint is not None and not constraint.truth(scope, at):
                return False
        return True

    return step
