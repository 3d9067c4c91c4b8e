"""What is wrong with the answers as they stand: one fault at most for each question.

Type, choice and constraint are looked at only where something is answered, `required` only where nothing
is; neither where the question is not relevant (ODK XForms specification, Bind Attributes).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from survey_forms.form import Form, Node
from survey_forms.lexical import is_valid
from survey_forms.messages import message
from survey_forms.records import INSTANCES_MAX, place_path
from survey_forms.scope import At, Cells, Scope
from survey_forms.values import to_number

CONFIRMED = "OK"
_NOTHING: dict[At, str] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """`path` with positions; `code`: required, constraint, type, choice, and from `check` unknown,
    relevant, calculate.
    """

    path: str
    label: str
    code: str
    message: str


def find(form: Form, node: Node, at: At, scope: Scope) -> Fault | None:
    """The fault of a relevant leaf. `scope.lang` is the language of the message."""
    value = scope.live[node.path][at]
    if value == "":
        if node.required is None or not is_asked(node) or not node.required.truth(scope, at):
            return None
        return _fault(
            form, node, at, scope, "required", node.required_message.say(scope, at, form.default_language)
        )
    if not is_valid(node.data_type, value):
        return _spoken(form, node, at, scope, "type", node.data_type)
    if node.type == "acknowledge" and value != CONFIRMED:
        return _spoken(form, node, at, scope, "type", "acknowledge")
    if node.options is not None and not may_choose(node, at, value, scope):
        return _spoken(form, node, at, scope, "choice", "choice")
    if node.bounds is not None and not within(node.bounds, value):
        return _spoken(form, node, at, scope, "constraint", "range")
    if node.constraint is not None and not node.constraint.truth(scope, at):
        said = node.constraint_message.say(scope, at, form.default_language)
        return _fault(form, node, at, scope, "constraint", said)
    return None


def is_asked(node: Node) -> bool:
    """Whether somebody could leave it out."""
    return node.type != "note" and node.calculate is None


def label_of(form: Form, node: Node, at: At, scope: Scope) -> str:
    return node.label.say(scope, at, form.default_language) or node.name


def _fault(form: Form, node: Node, at: At, scope: Scope, code: str, said: str) -> Fault:
    if not said:
        return _spoken(form, node, at, scope, code, code)
    return Fault(place_path(node, at), label_of(form, node, at, scope), code, said)


def _spoken(form: Form, node: Node, at: At, scope: Scope, code: str, key: str) -> Fault:
    label, value = label_of(form, node, at, scope), scope.live[node.path].get(at, "")
    start, end, step = node.bounds or ("", "", "")
    said = message(key, scope.lang, label=label, value=value, start=start, end=end, step=step)
    return Fault(place_path(node, at), label, code, said)


def may_choose(node: Node, at: At, value: str, scope: Scope) -> bool:
    """Whether all that is chosen is offered now."""
    if node.options is None:
        return True
    chosen = value.split() if node.type == "select_multiple" else [value]
    return node.options.offers(chosen, scope, at)


def within(bounds: tuple[str, str, str], value: str) -> bool:
    """Whether a number lies within start and end, on a step."""
    start, end, step = (to_number(bound) for bound in bounds)
    number = to_number(value)
    if start.is_nan() or end.is_nan():
        return True
    if not min(start, end) <= number <= max(start, end):
        return False
    return bool(step.is_nan() or step == 0 or (number - start) % step == 0)


def disagreements(form: Form, submitted: Cells, scope: Scope) -> Iterator[Fault]:
    """Where submitted values differ from what the form makes of them; `scope` holds them worked out."""
    given = scope.context.given
    for node in form.leaves:
        live, sent = scope.live[node.path], submitted.get(node.path, _NOTHING)
        if not sent.keys() <= live.keys() and any(sent.values()):
            for at in sent.keys() - live.keys():
                yield _disagreement(form, node, at, scope, "relevant", "")
        if node.calculate is None and (node.asked or node.name not in given):
            continue
        for at in live:
            if live[at] != sent.get(at, ""):
                yield _disagreement(form, node, at, scope, "calculate", live[at])


def _disagreement(form: Form, node: Node, at: At, scope: Scope, code: str, expected: str) -> Fault:
    label = label_of(form, node, at, scope)
    return Fault(place_path(node, at), label, code, message(code, scope.lang, label=label, expected=expected))


def overfull(form: Form, node: Node, scope: Scope) -> Iterator[Fault]:
    """A counted repeat that asks for more instances than there can be."""
    for around in scope.live[node.parent]:
        wanted = to_number(node.count.run(scope, around, None)) if node.count else to_number("")
        if wanted.is_finite() and wanted > INSTANCES_MAX:
            path = f"{place_path(form.nodes[node.parent], around)}/{node.name}"
            said = message("count", scope.lang, label=node.name, most=INSTANCES_MAX)
            yield Fault(path, node.name, "constraint", said)
