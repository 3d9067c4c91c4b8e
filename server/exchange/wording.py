"""What was recorded, in the words of the form that asked: questions, choices, and the properties they save
to.

A submission is shown with its own form version, for ever; a property (in a conflict, say) with the newest
form that asks for it. Account numbers are shown by their last four characters wherever words are made of them,
whoever reads: the journal alone keeps them whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from server.exchange.forms import Forms, ReleasedForm
from server.web import N_
from server.web.language import located
from survey_forms import interview
from survey_forms.form import Form, Node
from survey_forms.interview import Interview, Shown
from survey_forms.properties import MASKED, SECRET
from survey_forms.scope import Context, Scope
from sync.codec import to_instant
from sync.masking import masked
from sync.messages import VILLAGE, Submission
from sync.photos import named

DATASETS: Final[Mapping[str, str]] = {
    "household": N_("住户"),
    "conversion": N_("改造"),
    "coal_use": N_("用煤"),
    "payee": N_("收款账户"),
    "sighting": N_("发现散煤"),
    "zone": N_("禁煤区"),
    "subsidy": N_("补贴"),
}
# What the office states stands in the journal under these instead of a form.
OFFICE_FORMS: Final[Mapping[str, str]] = {
    "zone": N_("禁煤区（办公室告知平板）"),
    "subsidy": N_("补贴（办公室告知平板）"),
    "conflict": N_("对冲突的决定"),
    "household.merge": N_("合并住户"),
    "household.separate": N_("撤销合并住户"),
}
# What of it tells a reader something; codes and ids stand in the text as sent.
STATED: Final[Mapping[str, str]] = {
    "name": N_("名称"),
    "status_words": N_("状态"),
    "in_force_on": N_("施行日期"),
    "document_number": N_("文件号"),
    "rule": N_("规定"),
    "left_out_n": N_("除外户数"),
    "standing_words": N_("状态"),
    "lines": N_("告知内容"),
    "as_of": N_("截至"),
    "reason": N_("理由"),
}
OUTCOMES: Final[Mapping[str, str]] = {
    "applied": N_("已采用"),
    "merged": N_("已合并"),
    "conflict": N_("有冲突"),
    "rejected": N_("已退回"),
}
MARKS: Final[Mapping[str, str]] = {
    "after_handover": N_("移交之后"),
    "other_device": N_("换过平板"),
    "differs": N_("同号异文"),
}
# As people write account numbers.
_QUOTED: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{6,}[0-9A-Za-z]")
# Rows of the screen that hold no answer.
_SILENT_TYPES: Final = frozenset({"note", "add_repeat", "repeat"})


@dataclass(frozen=True)
class Answer:
    """One question and what was answered, both as the surveyor read them; `group`: headings around it."""

    group: tuple[str, ...]
    label: str
    value: str


def answers(released: ReleasedForm, submission: Submission, lang: str) -> list[Answer]:
    """Every question that was on the screen, in the form's order; an empty value was left empty."""
    context = released.context(to_instant(submission.observed_at), {})
    return told(interview.begin(released.form, context, submission.answers, resumed=True), lang)


def told(filled: Interview, lang: str) -> list[Answer]:
    """The same of an interview, also of one that is not finished."""
    found: list[Answer] = []
    heading = ""
    for row in interview.questions(filled, lang):
        if row.type == "repeat":
            heading = row.label
        if row.type not in _SILENT_TYPES:
            group = (*row.group, heading) if heading and "[" in row.path else row.group
            found.append(Answer(group, row.label, _said(row, lang)))
    return found


def stated(submission: Submission) -> list[Answer]:
    """What the office stated, the labels still to be translated: there is no form whose words it could be told in."""
    told = ((label, submission.answers.get(name)) for name, label in STATED.items())
    return [Answer((), label, value) for label, value in told if value and isinstance(value, str)]


def _said(row: Shown, lang: str) -> str:
    if row.type == "geopoint":
        return _placed(row.value, lang)
    if MASKED in row.appearance.split():
        return masked(row.value)
    if row.type == "image":
        return photo_said(row.value)
    labels = {choice.value: choice.label for choice in row.choices}
    if row.type == "select_multiple":
        return "、".join(labels.get(value, value) for value in row.value.split())
    return labels.get(row.value, row.value)


def photo_said(answer: str) -> str:
    """A photo in a line of text: the beginning of its SHA-256. The photo itself stands beside, where it has come."""
    found = named(answer)
    return f"SHA-256 {found[0][:12]}…" if found else answer


def _placed(value: str, lang: str) -> str:
    return located("en" if lang == "en" else "zh", value)


def label_of_path(released: ReleasedForm, path: str, lang: str) -> str:
    """The label of the question at a path of a fault ("/data/a/b[2]/c"); the path itself where there is
    none.
    """
    plain = "".join(part.split("]", 1)[-1] for part in path.split("["))
    node = released.form.nodes.get(plain)
    return (node and _label(released, node, lang)) or path


def told_fault(released: ReleasedForm, path: str, said: str) -> str:
    """A fault's message; one that speaks of a masked answer may quote it."""
    name = path.rsplit("/", 1)[-1]
    return _QUOTED.sub(lambda found: masked(found[0]), said) if name in _secret_names(released.form) else said


@dataclass(frozen=True)
class Wordings:
    """Properties in the words of the newest form that asks for them."""

    forms: Forms
    _nodes: dict[tuple[str, str], tuple[ReleasedForm, Node]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for released in self.forms.by_key.values():
            for dataset, name, node in _saved(released.form):
                self._nodes[dataset, name] = (released, node)

    def label(self, dataset: str, name: str, lang: str) -> str:
        """The property's label; its name where no form asks for it in words."""
        found = self._nodes.get((dataset, name))
        return (found and _label(*found, lang)) or name

    def value(self, dataset: str, name: str, value: str | None, lang: str) -> str | None:
        """A value as the form's choices name it; None where there is none."""
        found = self._nodes.get((dataset, name))
        if value and name in SECRET.get(dataset, frozenset()):
            return masked(value)
        if value and found and found[1].type == "geopoint":
            return _placed(value, lang)
        if value and found and found[1].type == "image":
            return photo_said(value)
        if not value or found is None or found[1].options is None:
            return value
        released, node = found
        assert node.options is not None
        scope = _nowhere(released, lang)
        default = released.form.default_language
        named = (node.options.by_value.get(part) for part in value.split())
        return "、".join(option.label.say(scope, (), default) if option else "?" for option in named) or value

    def raw(self, sent: str) -> str:
        """A record's text as received, but for what is masked in any form."""
        try:
            content = json.loads(sent)
        except ValueError:
            return sent
        names = {name for released in self.forms.by_key.values() for name in _secret_names(released.form)}
        hidden = _hidden(content, names)
        return sent if hidden == content else json.dumps(hidden, ensure_ascii=False, sort_keys=True)

    def is_village(self, name: str) -> bool:
        return name == VILLAGE


def _saved(form: Form) -> Iterator[tuple[str, str, Node]]:
    """(dataset, property, the question it comes from). A calculation has no words of its own: then the form's
    question of the same name speaks for it, if there is one."""
    by_name = {node.name: node for node in form.nodes.values() if node.asked}
    for declaration in form.entities:
        for name, path in declaration.properties.items():
            node = form.nodes[path]
            if not node.asked and name in by_name:
                node = by_name[name]
            if node.asked:
                yield declaration.dataset, name, node


def _secret_names(form: Form) -> frozenset[str]:
    """Names of the questions that are masked, and of what is saved to secret properties."""
    asked = {node.name for node in form.nodes.values() if MASKED in node.appearance.split()}
    saved = {
        name
        for declaration in form.entities
        for secret in SECRET.get(declaration.dataset, frozenset()) & declaration.properties.keys()
        for name in (secret, form.nodes[declaration.properties[secret]].name)
    }
    return frozenset(asked | saved)


def _hidden(content: Any, names: Collection[str]) -> Any:
    if isinstance(content, dict):
        return {
            key: masked(value) if key in names and isinstance(value, str) else _hidden(value, names)
            for key, value in content.items()
        }
    return [_hidden(item, names) for item in content] if isinstance(content, list) else content


def _label(released: ReleasedForm, node: Node, lang: str) -> str:
    return node.label.say(_nowhere(released, lang), (), released.form.default_language)


def _nowhere(released: ReleasedForm, lang: str) -> Scope:
    """Labels outside any interview: an `<output>` in one has nothing to show."""
    moment = to_instant("1970-01-01T00:00:00Z")
    context = Context(today=moment.date(), now=moment)
    return Scope({}, {}, context, released.form.speaks(lang), released.form)
