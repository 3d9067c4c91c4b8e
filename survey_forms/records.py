"""Nested answers ↔ cells: the two shapes of the same record.

Outside, a record is nested as the form is (Answers). Inside the interview it is flat, path by path, because
that is what expressions look up.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from survey_forms.form import Form, Node
from survey_forms.scope import At, Cells

Answers = Mapping[str, Any]
"""str → text in XForms' lexical form, a nested Answers for a group, a list of Answers for a repeat. What is
empty or not relevant is absent."""
INSTANCES_MAX = 200
Counts = dict[str, dict[At, int]]


@dataclass(slots=True)
class Flat:
    """A record path by path; `strangers` are the places of what the form does not know or shapes
    differently.
    """

    typed: Cells = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)


def flatten(form: Form, answers: Answers) -> Flat:
    flat = Flat()
    if not isinstance(answers, Mapping):
        flat.strangers.append(form.root)
        return flat
    _spread(form, form.nodes[form.root], (), answers, flat)
    return flat


def _spread(form: Form, node: Node, at: At, answers: Answers, flat: Flat) -> None:
    known = form.inside[node.path]
    for name, value in answers.items():
        child = known.get(name)
        if child is None:
            flat.strangers.append(f"{place_path(node, at)}/{name}")
        elif child.kind == "leaf" and isinstance(value, str):
            flat.typed.setdefault(child.path, {})[at] = value
        elif child.kind == "group" and isinstance(value, Mapping):
            _spread(form, child, at, value, flat)
        elif child.kind == "repeat" and _is_instances(value):
            flat.counts.setdefault(child.path, {})[at] = len(value)
            for index, instance in enumerate(value, 1):
                _spread(form, child, (*at, index), instance, flat)
        else:
            flat.strangers.append(f"{place_path(node, at)}/{name}")


def _is_instances(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) <= INSTANCES_MAX
        and all(isinstance(instance, Mapping) for instance in value)
    )


ReadCells = Mapping[str, Mapping[At, str]]


def nest(form: Form, cells: ReadCells, places: ReadCells, *, empty_lists: bool = False) -> dict[str, Any]:
    """The record of `cells`; `places` says which repeat instances there are.

    An instance without answers is an empty mapping, so that the instances keep their positions and their
    number; with `empty_lists` a repeat without instances is `[]`, so that not even that is forgotten.
    """
    return _gather(form, form.nodes[form.root], (), cells, places, empty_lists)


def _gather(
    form: Form, node: Node, at: At, cells: ReadCells, places: ReadCells, empty_lists: bool
) -> dict[str, Any]:
    gathered: dict[str, Any] = {}
    for path in node.children:
        child = form.nodes[path]
        if child.kind == "leaf":
            value: Any = cells.get(path, {}).get(at, "")
        elif child.kind == "group":
            value = _gather(form, child, at, cells, places, empty_lists)
        else:
            last = max((place[-1] for place in below(places.get(path, {}), at)), default=0)
            value = [
                _gather(form, child, (*at, index), cells, places, empty_lists) for index in range(1, last + 1)
            ]
        if value or (empty_lists and child.kind == "repeat"):
            gathered[child.name] = value
    return gathered


def below(places: Mapping[At, str], at: At) -> list[At]:
    """The instances of a repeat within the instance `at` of what surrounds it."""
    return [place for place in places if place[:-1] == at]


def place_path(node: Node, at: At) -> str:
    """`/data/stoves/coal_t` at (2,) → `/data/stoves[2]/coal_t`."""
    if not node.repeats:
        return node.path
    written, start = "", 0
    for repeat, index in zip(node.repeats, at, strict=False):
        written += f"{node.path[start : len(repeat)]}[{index}]"
        start = len(repeat)
    return written + node.path[start:]


_STEP = re.compile(r"(?P<name>[^\[\]/]+)(?:\[(?P<index>[1-9]\d{0,5})\])?")


@lru_cache(maxsize=4096)
def read_place(path: str) -> tuple[str, At]:
    """`/data/stoves[2]/coal_t` → `/data/stoves/coal_t`, (2,). Raises ValueError on anything that is no such
    path.
    """
    steps = [_STEP.fullmatch(step) for step in path.removeprefix("/").split("/")]
    found = [step for step in steps if step is not None]
    if len(found) < len(steps) or not path.startswith("/"):
        raise ValueError(f"no place in a form: {path!r}")
    return "".join(f"/{step['name']}" for step in found), tuple(
        int(step["index"]) for step in found if step["index"]
    )
