"""Answers on their way: canonical JSON, OpenRosa XML, and what they save to entities.

The canonical bytes are what is hashed and stored; the XML is what other servers of the field read. Which
answer is saved to which property of which entity is the form's own declaration (ODK entities specification
2025.1.0).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from survey_forms.alone import Judge, judges
from survey_forms.form import EntityDeclaration, Form, FormFault, Issue, Node
from survey_forms.records import Answers, Flat, flatten
from survey_forms.scope import At, Context, Scope
from survey_forms.settling import State, canonical_text, settle
from survey_forms.xform_source import name_of, safe_tree

_OPENROSA = "http://openrosa.org/xforms"
_ENTITIES = "http://www.opendatakit.org/xforms/entities"
# Nothing that decides on entities may read the clock (such a form is refused), so any moment will do.
_NO_CONTEXT = Context(date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC))

_NOTHING: Answers = {}
_NOWHERE: dict[At, str] = {}


def canonical(answers: Answers) -> bytes:
    """JSON with sorted keys and without spaces, as UTF-8: the same answers are the same bytes everywhere."""
    text = json.dumps(answers, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def to_xml(
    form: Form, answers: Answers, *, instance_id: str, entity_ids: Mapping[str, str] | None = None
) -> str:
    """The record as an OpenRosa submission, nodes in the form's order.

    `instance_id` is the submission's id as other servers see it (`uuid:…`). `entity_ids` maps a dataset to
    the id of its entity; a dataset without an id, or with nothing to save, gets no entity block.
    """
    ElementTree.register_namespace("orx", _OPENROSA)
    ElementTree.register_namespace("entities", _ENTITIES)
    root = ElementTree.Element(form.root.removeprefix("/"), {"id": form.id, "version": form.version})
    _write(form, form.nodes[form.root], answers, root)
    known = entity_ids or {}
    for declaration, acts in _saving(form, flatten(form, answers)):
        if declaration.dataset in known:
            attributes = {"dataset": declaration.dataset, "id": known[declaration.dataset]}
            _write_entity(form, declaration, attributes | dict.fromkeys(acts, "1"), root)
    meta = ElementTree.SubElement(root, f"{{{_OPENROSA}}}meta")
    ElementTree.SubElement(meta, f"{{{_OPENROSA}}}instanceID").text = instance_id
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False)


def from_xml(form: Form, xml: str) -> dict[str, Any]:
    """Read an OpenRosa submission of this form. Raises FormFault if it is no XML, or of another form or
    version.

    Elements the form does not know are kept, so that `interview.check` can name them.
    """
    root = safe_tree(xml)
    if (root.get("id"), root.get("version")) != (form.id, form.version):
        found = f"{root.get('id')} {root.get('version')}"
        raise FormFault(
            (Issue("提交", f"是表单 {found} 的，不是 {form.id} {form.version} 的", "请用对应版本的表单读取"),)
        )
    return _read(form, form.nodes[form.root], root)


def entity_changes(form: Form, answers: Answers) -> dict[str, dict[str, str]]:
    """Dataset → property → value, for every entity that these answers make or change.

    A property whose question was left empty, or became irrelevant, is ``. An entity is left out where its
    group is not relevant, or where both its create_if and update_if are false.
    """
    outlets = _outlets(form)
    if not all(each.always for each in outlets):
        acting = {each.dataset for each, _ in _saving(form, _what_decides(form, answers))}
        outlets = tuple(each for each in outlets if each.dataset in acting)
    return {each.dataset: _saved(each, answers) for each in outlets}


@dataclass(frozen=True, slots=True)
class _Outlet:
    """Where the values of an entity are found in answers, group by group; `always`: whatever is answered."""

    dataset: str
    always: bool
    groups: tuple[tuple[tuple[str, ...], tuple[tuple[str, Node, Judge], ...]], ...]


@lru_cache(maxsize=64)
def _outlets(form: Form) -> tuple[_Outlet, ...]:
    return tuple(_outlet(form, each) for each in form.entities)


def _outlet(form: Form, declaration: EntityDeclaration) -> _Outlet:
    names = {path: name for name, path in declaration.properties.items()}
    groups = (
        (steps, tuple((names[node.path], node, judges(form)[node.path]) for node in leaves))
        for steps, leaves in _by_group(form, names)
    )
    return _Outlet(declaration.dataset, _always_acts(form, declaration), tuple(groups))


def _by_group(form: Form, paths: Iterable[str]) -> Iterator[tuple[tuple[str, ...], tuple[Node, ...]]]:
    """The way to a group in answers, by name, and the leaves wanted from there; in the order they come in."""
    for group, leaves in groupby((form.nodes[path] for path in paths), key=lambda node: node.parent):
        yield tuple(group.removeprefix(form.root).split("/")[1:]), tuple(leaves)


def _always_acts(form: Form, declaration: EntityDeclaration) -> bool:
    node = form.nodes[declaration.scope]
    while node.relevant is None and node.parent:
        node = form.nodes[node.parent]
    conditions = (declaration.creates, declaration.updates)
    return node.relevant is None and any(each is not None and each.always for each in conditions)


def _saved(outlet: _Outlet, answers: Answers) -> dict[str, str]:
    values: dict[str, str] = {}
    for steps, fields in outlet.groups:
        inside = _inside(answers, steps)
        for name, node, is_sound in fields:
            raw = inside.get(node.name)
            if not isinstance(raw, str):
                values[name] = ""
            else:
                values[name] = raw if is_sound(raw) else canonical_text(node, raw)
    return values


def _inside(answers: Any, steps: Iterable[str]) -> Mapping[str, Any]:
    """A group of the answers, empty where there is none."""
    for step in steps:
        if not isinstance(answers, Mapping):
            break
        answers = answers.get(step)
    return answers if isinstance(answers, Mapping) else _NOTHING


def _what_decides(form: Form, answers: Answers) -> Flat:
    """As much of a record as decides on its entities; all of it where repeats have a say."""
    groups = _deciders(form)
    if groups is None:
        return flatten(form, answers)
    flat = Flat()
    for steps, leaves in groups:
        inside = _inside(answers, steps)
        flat.typed |= {
            node.path: {(): raw} for node in leaves if isinstance(raw := inside.get(node.name), str)
        }
    return flat


@lru_cache(maxsize=64)
def _deciders(form: Form) -> tuple[tuple[tuple[str, ...], tuple[Node, ...]], ...] | None:
    if any(node.repeats for node in form.deciding):
        return None
    return tuple(_by_group(form, (node.path for node in form.deciding if node.kind == "leaf")))


def prefill(form: Form, states: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Answers to begin an interview with, from what is known of its entities: the inverse of saving.

    `states` maps a dataset to its properties. Calculations are left out, they will be worked out again.
    """
    filled: dict[str, Any] = {}
    for declaration in form.entities:
        known = states.get(declaration.dataset, {})
        for name, path in declaration.properties.items():
            node = form.nodes[path]
            if known.get(name) and node.calculate is None:
                _put(filled, path.removeprefix(form.root + "/").split("/"), known[name])
    return filled


def _put(tree: dict[str, Any], steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
    tree[steps[-1]] = value


def _saving(form: Form, flat: Flat) -> list[tuple[EntityDeclaration, tuple[str, ...]]]:
    """The declarations that take effect, each with what it does: create, update."""
    if not form.entities:
        return []
    scope = _as_submitted(form, flat).scope
    acting = ((each, _acts(each, scope)) for each in form.entities if () in scope.live[each.scope])
    return [(each, acts) for each, acts in acting if acts]


def _acts(declaration: EntityDeclaration, scope: Scope) -> tuple[str, ...]:
    conditions = {"create": declaration.creates, "update": declaration.updates}
    return tuple(
        name
        for name, each in conditions.items()
        if each is not None and each.string(scope, ()) in ("true", "1")
    )


def _as_submitted(form: Form, flat: Flat) -> State:
    """The record as it was sent: every value as submitted, only relevance worked out, and that only as far as it
    decides on entities."""
    scope = Scope(dict.fromkeys(form.nodes, _NOWHERE), flat.typed, _NO_CONTEXT, form.default_language, form)
    state = State(form, scope, flat.counts, kept=True, timeless=True)
    settle(form.deciding, state)
    return state


def _write(form: Form, node: Node, answers: Answers, element: ElementTree.Element) -> None:
    for path in node.children:
        child = form.nodes[path]
        value = answers.get(child.name)
        for each in value if child.kind == "repeat" and value else [value]:
            if child.kind == "repeat" and each is None:
                continue
            below = ElementTree.SubElement(element, child.name)
            if child.kind == "leaf":
                below.text = each or None
            else:
                _write(form, child, each or {}, below)


def _write_entity(
    form: Form, declaration: EntityDeclaration, attributes: dict[str, str], root: ElementTree.Element
) -> None:
    """The block belongs into the group that declares it."""
    container: ElementTree.Element = root
    for step in declaration.scope.removeprefix(form.root).strip("/").split("/"):
        found = container.find(step) if step else container
        container = container if found is None else found
    meta = ElementTree.SubElement(container, "meta")
    ElementTree.SubElement(meta, f"{{{_ENTITIES}}}entity", attributes)


def _read(form: Form, node: Node, element: ElementTree.Element) -> dict[str, Any]:
    known = {form.nodes[path].name: form.nodes[path] for path in node.children}
    record: dict[str, Any] = {}
    for each in element:
        name = name_of(each.tag).removeprefix("?:")
        child = known.get(name)
        if name in ("meta", "orx:meta"):
            continue
        if child is not None and child.kind == "repeat":
            record.setdefault(name, []).append(_read(form, child, each))
        elif child is not None and child.kind == "group":
            record |= {name: below} if (below := _read(form, child, each)) else {}
        elif each.text and each.text.strip():
            record[name] = each.text
    return record


__all__ = ["Answers", "canonical", "entity_changes", "from_xml", "prefill", "to_xml"]
