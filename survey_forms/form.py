"""A form as frozen values: what `xform.parse` makes and the interview walks over.

Nothing here reads XML and nothing changes. Everything that can be known without answers is worked out once:
which node depends on which, in what order they are worked out, and what a change makes stale.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from survey_forms.expressions import Compiled
from survey_forms.lexical import is_plain
from survey_forms.paths import OneRow, Rows
from survey_forms.scope import At, Item, Scope

_TAG = re.compile(r".*\((?P<code>[\w-]+)\)\s*")


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with a form: where it stands, what is wrong, what to do (in Chinese)."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}：{self.what}。{self.remedy}。"


class FormFault(Exception):
    """A form that cannot be used; `issues` holds everything that was found, never only the first."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("\n".join(map(str, issues)))
        self.issues = issues


def language_code(tag: str) -> str:
    """`中文 (zh)` → `zh`; a tag without a code stands for itself."""
    match = _TAG.fullmatch(tag)
    return match["code"] if match else tag


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in every language it has; parts are plain text or `<output>` expressions. Key `` suits any
    language.
    """

    by_language: Mapping[str, tuple[str | Compiled, ...]]
    reads: frozenset[str] = frozenset()

    def say(self, scope: Scope, at: At, default: str) -> str:
        chosen = self.by_language
        parts = (
            chosen.get(scope.lang) or chosen.get(default) or chosen.get("") or next(iter(chosen.values()), ())
        )
        return "".join(part if isinstance(part, str) else part.string(scope, at) for part in parts).strip()


SILENT = Wording({})


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a list: the value that is stored, and its label."""

    value: str
    label: Wording


@dataclass(frozen=True)
class Options:
    """The choices of a select question; `rows` applies its choice_filter, `one` to a single choice (None: what
    the filter says of one depends on the others).
    """

    by_value: Mapping[str, Option]
    rows: Rows
    value_field: str
    reads: frozenset[str]
    filtered: bool
    items: Mapping[str, Item] = field(default_factory=dict)
    one: OneRow | None = None

    def offers(self, values: Collection[str], scope: Scope, at: At) -> bool:
        """Whether all of these may be chosen now."""
        if not self.filtered:
            return all(value in self.by_value for value in values)
        if self.one is None:
            return {option.value for option in self.open(scope, at)}.issuperset(values)
        return all(value in self.items and self.one(scope, at, self.items[value]) for value in values)

    def open(self, scope: Scope, at: At) -> tuple[Option, ...]:
        """The options that may be chosen now, in the order of the list."""
        if not self.filtered:
            return tuple(self.by_value.values())
        rows = self.rows(scope, at, None)
        return tuple(
            self.by_value[value] for row in rows if (value := row.get(self.value_field, "")) in self.by_value
        )


@dataclass(frozen=True)
class Node:
    """A node of the record. `type` is the question's kind; nodes nobody is asked are `hidden` or `calculate`.

    `data_type` is the bind's type (string, int, decimal, date …), `repeats` the paths of the repeats around
    it, itself included. `initial` counts the instances that a repeat starts with.
    """

    path: str
    name: str
    kind: str  # group | repeat | leaf
    parent: str
    repeats: tuple[str, ...]
    children: tuple[str, ...]
    type: str = ""
    data_type: str = "string"
    default: str = ""
    preload: str = ""
    relevant: Compiled | None = None
    calculate: Compiled | None = None
    required: Compiled | None = None
    readonly: Compiled | None = None
    constraint: Compiled | None = None
    count: Compiled | None = None
    initial: int = 1
    fixed_size: bool = False
    first_load: Compiled | None = None
    new_repeat: Compiled | None = None
    changes: tuple[tuple[str, Compiled | None], ...] = ()
    label: Wording = SILENT
    hint: Wording = SILENT
    required_message: Wording = SILENT
    constraint_message: Wording = SILENT
    appearance: str = ""
    options: Options | None = None
    bounds: tuple[str, str, str] | None = None
    asked: bool = False
    save_to: str = ""

    @cached_property
    def plain(self) -> bool:
        """Any printable text is its own canonical answer here, but for blanks at the ends."""
        return is_plain(self.data_type) and self.type != "select_multiple"

    @cached_property
    def needs(self) -> frozenset[str]:
        """The nodes whose state decides this node's relevance, value or number of instances."""
        expressions = (self.relevant, self.calculate, self.count)
        return frozenset({self.parent}).union(*(each.reads for each in expressions if each is not None))

    @cached_property
    def looks(self) -> frozenset[str]:
        """The nodes that show in this one on screen, beyond its own state."""
        expressions = (self.required, self.readonly, self.constraint)
        wordings = (self.label, self.hint, self.required_message, self.constraint_message)
        options = self.options.reads if self.options else frozenset()
        return frozenset({self.path}).union(
            options,
            *(each.reads for each in expressions if each is not None),
            *(each.reads for each in wordings),
        )


@dataclass(frozen=True)
class EntityDeclaration:
    """An entity that the form makes or changes (ODK entities specification 2025.1.0).

    `scope` is the path of the group it stands in. `creates` and `updates` are expressions that read the
    answers, or None if the form never does so. `properties` maps a property to the path of the node saved
    to it.
    """

    dataset: str
    scope: str
    creates: Compiled | None
    updates: Compiled | None
    label: Compiled | None
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Block:
    """What stands on the screen: a question, a group or a repeat, in the order of the form's body."""

    path: str
    kind: str  # question | group | repeat
    label: Wording = SILENT
    appearance: str = ""
    children: tuple["Block", ...] = ()


@dataclass(frozen=True, eq=False)
class Form:
    """A published form, ready to be filled.

    `title` maps each language code to the title. `order` is every node in the order they are worked out: a
    parent before its children, what is read before what reads it. `affected` maps a path to the nodes its
    change may reach, in that order; `watchers` to the nodes whose appearance on screen it may change.
    """

    id: str
    version: str
    title: Mapping[str, str]
    languages: tuple[str, ...]
    entities: tuple[EntityDeclaration, ...]
    root: str
    nodes: Mapping[str, Node]
    body: tuple[Block, ...]
    order: tuple[Node, ...]
    affected: Mapping[str, tuple[Node, ...]]
    watchers: Mapping[str, tuple[str, ...]]
    itexts: Mapping[str, Wording]
    lists: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes.values() if node.kind == "leaf")

    @cached_property
    def inside(self) -> Mapping[str, Mapping[str, Node]]:
        """The path of a group or repeat → name → the node of that name in it."""
        return {
            path: {self.nodes[child].name: self.nodes[child] for child in node.children}
            for path, node in self.nodes.items()
        }

    @cached_property
    def told(self) -> tuple[Node, ...]:
        """The fields that nobody is asked and nothing works out: the app may give them."""
        return tuple(node for node in self.leaves if not node.asked and node.calculate is None)

    @cached_property
    def beginning(self) -> tuple[Node, ...]:
        """The questions that a new record has an answer to before anybody gave one."""
        starts = (node for node in self.leaves if node.calculate is None)
        return tuple(
            each for each in starts if each.default or each.preload or each.first_load or each.new_repeat
        )

    @cached_property
    def growing(self) -> tuple[Node, ...]:
        """The nodes that fill themselves in when an instance of a repeat appears, in the order of working out."""
        return tuple(node for node in self.order if node.new_repeat is not None)

    @cached_property
    def deciding(self) -> tuple[Node, ...]:
        """The nodes that say which entities a record makes or changes, in the order of working out."""
        waiting = {each.scope for each in self.entities}
        conditions = (when for each in self.entities for when in (each.creates, each.updates) if when)
        waiting = waiting.union(*(when.reads for when in conditions))
        found: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path and path not in found:
                found.add(path)
                waiting |= self.nodes[path].needs
        return tuple(node for node in self.order if node.path in found)

    @property
    def default_language(self) -> str:
        return self.languages[0] if self.languages else ""

    def speaks(self, lang: str) -> str:
        """The form's own code for a language asked for by code or by tag, or its default language."""
        code = language_code(lang)
        return code if code in self.languages else self.default_language

    def itext(self, text_id: str, scope: Scope, at: At) -> str:
        return self.itexts.get(text_id, SILENT).say(scope, at, self.default_language)

    def choice_name(self, question: str, value: str, scope: Scope, at: At) -> str:
        node = self.nodes[question]
        options, depth = node.options, len(node.repeats)
        place = (*at, *(1,) * depth)[:depth]
        chosen = (options.by_value.get(part) for part in value.split()) if options else ()
        return ", ".join(option.label.say(scope, place, self.default_language) for option in chosen if option)
