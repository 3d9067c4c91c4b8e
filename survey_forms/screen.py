"""What stands on the screen: the form's body with its answers, as rows that a window can show without
knowing XForms.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from survey_forms.faults import find
from survey_forms.form import Block, Form, Node
from survey_forms.records import INSTANCES_MAX, below, place_path
from survey_forms.scope import At, Scope


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class RepeatControls:
    """What may be done at a repeat's row. `path` is what add_repeat and remove_repeat take.

    `index` counts from 1; 0 stands for the row after the last instance, where one may be added.
    """

    path: str
    index: int
    count: int
    can_add: bool
    can_remove: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A row on the screen.

    `type`: text, integer, decimal, date, time, dateTime, select_one, select_multiple, note, geopoint, image,
    acknowledge (value `OK` when confirmed), range, barcode; or, for a repeat's rows, `repeat` (the heading
    of one instance) and `add_repeat` (after the last). `value` is what was typed, a calculated one what was
    calculated. `fault` speaks of what is answered; that something required is missing only `faults()` says,
    so that an empty form is not red. `group` holds the labels of the groups around it, `level` their
    number; `page` is the path of the field-list group it shares a page with, or its own path. `bounds` of a
    range: start, end, step.
    """

    path: str
    type: str
    appearance: str
    label: str
    hint: str
    value: str
    required: bool
    readonly: bool
    choices: tuple[Choice, ...]
    fault: str | None
    group: tuple[str, ...]
    level: int
    page: str
    bounds: tuple[str, str, str] | None = None
    repeat: RepeatControls | None = None


Memo = dict[str, dict[At, Shown]]
"""Path → place → the row as it was last shown; a step drops what it made stale."""


@dataclass(frozen=True, slots=True)
class _Around:
    """Where a block stands: its instance, the labels around it, the page it is on."""

    at: At
    labels: tuple[str, ...]
    page: str


def shown(form: Form, scope: Scope, memo: Memo) -> tuple[Shown, ...]:
    return tuple(_blocks(form, form.body, _Around((), (), ""), scope, memo))


def _blocks(
    form: Form, blocks: tuple[Block, ...], around: _Around, scope: Scope, memo: Memo
) -> Iterator[Shown]:
    for block in blocks:
        node = form.nodes[block.path]
        if block.kind == "question":
            if around.at in scope.live[block.path]:
                yield _remembered(form, node, around, scope, memo)
        elif block.kind == "group":
            if around.at in scope.live[block.path]:
                yield from _blocks(form, block.children, _inside(form, block, around, scope), scope, memo)
        else:
            yield from _repeat(form, block, around, scope, memo)


def _inside(form: Form, block: Block, around: _Around, scope: Scope, at: At | None = None) -> _Around:
    place = around.at if at is None else at
    label = block.label.say(scope, place, form.default_language)
    page = around.page or (
        place_path(form.nodes[block.path], place) if "field-list" in block.appearance.split() else ""
    )
    return _Around(place, (*around.labels, label) if label else around.labels, page)


def _repeat(form: Form, block: Block, around: _Around, scope: Scope, memo: Memo) -> Iterator[Shown]:
    node = form.nodes[block.path]
    # The repeat hides with what is around it; an instance may also be hidden by itself.
    if around.at not in scope.live[node.parent]:
        return
    places = below(scope.live[block.path], around.at)
    label = block.label.say(scope, around.at, form.default_language)
    path = place_path(form.nodes[node.parent], around.at) + f"/{node.name}"
    free = not node.fixed_size
    for place in places:
        controls = RepeatControls(path, place[-1], len(places), False, free)
        inner = _inside(form, block, around, scope, place)
        yield _row(
            place_path(node, place),
            "repeat",
            f"{label} {place[-1]}".strip(),
            around,
            controls,
            block.appearance,
        )
        yield from _blocks(form, block.children, inner, scope, memo)
    if free and (node.relevant is None or node.relevant.truth(scope, (*around.at, len(places) + 1))):
        controls = RepeatControls(path, 0, len(places), len(places) < INSTANCES_MAX, False)
        yield _row(path, "add_repeat", label, around, controls, block.appearance)


def _row(
    path: str, kind: str, label: str, around: _Around, controls: RepeatControls, appearance: str
) -> Shown:
    return Shown(
        path=path,
        type=kind,
        appearance=appearance,
        label=label,
        hint="",
        value="",
        required=False,
        readonly=True,
        choices=(),
        fault=None,
        group=around.labels,
        level=len(around.labels),
        page=around.page or path,
        repeat=controls,
    )


def _remembered(form: Form, node: Node, around: _Around, scope: Scope, memo: Memo) -> Shown:
    cells = memo.setdefault(node.path, {})
    row = cells.get(around.at)
    if row is None:
        row = cells[around.at] = _question(form, node, around, scope)
    return row


def _question(form: Form, node: Node, around: _Around, scope: Scope) -> Shown:
    at, default = around.at, form.default_language
    live = scope.live[node.path][at]
    fault = find(form, node, at, scope)
    options = node.options.open(scope, at) if node.options else ()
    path = place_path(node, at)
    return Shown(
        path=path,
        type=node.type,
        appearance=node.appearance,
        label=node.label.say(scope, at, default),
        hint=node.hint.say(scope, at, default),
        value=live if node.calculate else scope.typed.get(node.path, {}).get(at, node.default),
        required=node.required is not None and node.required.truth(scope, at),
        readonly=node.calculate is not None or (node.readonly is not None and node.readonly.truth(scope, at)),
        choices=tuple(Choice(option.value, option.label.say(scope, at, default)) for option in options),
        fault=None if fault is None or fault.code == "required" else fault.message,
        group=around.labels,
        level=len(around.labels),
        page=around.page or path,
        bounds=node.bounds,
    )


def without(memo: Mapping[str, dict[At, Shown]], stale: set[str]) -> Memo:
    """What may still be shown after these nodes changed; rows are copied by place, never shared between
    interviews.
    """
    return {path: dict(cells) for path, cells in memo.items() if path not in stale}
