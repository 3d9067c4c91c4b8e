"""What one answer says for itself, whatever else is answered.

Its canonical text, its type, its choice, its range, and a constraint that reads nothing but the answer: all this
hangs on the text alone. So it is known beforehand for every code of a list, and remembered for numbers and days,
which are the same in record after record.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, partial

from survey_forms.expressions import Compiled
from survey_forms.faults import CONFIRMED, may_choose, within
from survey_forms.form import Form, Node
from survey_forms.lexical import is_canonical
from survey_forms.scope import Context, Scope
from survey_forms.settling import canonical_text

Judge = Callable[[str], bool]
_FEW = {"int", "decimal", "date", "time", "boolean"}
_REMEMBERED_MAX = 512
_ANY_DAY = Context(date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=64)
def judges(form: Form) -> Mapping[str, Judge]:
    """Path of a leaf → whether a text is a sound answer there, as far as it speaks for itself.

    Such a text is canonical, and not empty.
    """
    return {node.path: _judge(form, node) for node in form.leaves}


def is_self_contained(node: Node) -> bool:
    """Whether the judge of a leaf has looked at its constraint as well."""
    rule = node.constraint
    return rule is None or (not node.repeats and _is_short(node) and _reads_itself_only(rule))


def _judge(form: Form, node: Node) -> Judge:
    judge = partial(_is_sound, form, node)
    if node.options is not None and node.type != "select_multiple":
        return frozenset(filter(judge, node.options.by_value)).__contains__
    if _is_short(node):
        return lru_cache(maxsize=_REMEMBERED_MAX)(judge)
    if node.type == "acknowledge" or node.bounds is not None:
        return judge
    return partial(is_canonical, node.data_type)


def _is_short(node: Node) -> bool:
    """Whether few texts answer it. What people write freely is not remembered: it is theirs, and seldom comes
    twice.
    """
    return node.options is not None or node.data_type in _FEW


def _is_sound(form: Form, node: Node, text: str) -> bool:
    if not is_canonical(node.data_type, text):
        return False
    if node.type == "select_multiple" and canonical_text(node, text) != text:
        return False
    if node.type == "acknowledge" and text != CONFIRMED:
        return False
    scope = Scope({node.path: {(): text}}, {}, _ANY_DAY, form.default_language, form)
    if node.options is not None and not node.options.filtered and not may_choose(node, (), text, scope):
        return False
    if node.bounds is not None and not within(node.bounds, text):
        return False
    return node.constraint is None or not is_self_contained(node) or node.constraint.truth(scope, ())


def _reads_itself_only(rule: Compiled) -> bool:
    """The form's words (`jr:choice-name` …) may hold other answers, and depend on the language."""
    return not (rule.reads or rule.volatile or "jr:" in rule.text)


__all__ = ["Judge", "is_self_contained", "judges"]
