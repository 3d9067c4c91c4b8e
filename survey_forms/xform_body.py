"""The form's body: controls, groups, repeats and choice lists, in the order they are shown."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from survey_forms.expressions import Compiled, CompiledRows, ExpressionFault, compile_rows
from survey_forms.form import SILENT, Block, Option, Options, Wording
from survey_forms.scope import Item, Surroundings
from survey_forms.wordings import CompileAt, Words
from survey_forms.xform_source import DEPTH_MAX, SetValue, Source, attributes_of, name_of, set_values

_INPUTS = {
    "string": "text",
    "int": "integer",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "dateTime": "dateTime",
    "geopoint": "geopoint",
    "barcode": "barcode",
}
_CONTROLS = {"input", "select", "select1", "trigger", "upload", "range"}
_SILENT_PARTS = {"label", "hint", "setvalue"}


@dataclass(frozen=True)
class Control:
    """A question as the body declares it."""

    type: str
    label: Wording
    hint: Wording
    appearance: str
    options: Options | None
    bounds: tuple[str, str, str] | None


@dataclass(frozen=True)
class RepeatControl:
    count: Compiled | None
    fixed_size: bool


class Body:
    """Reads the body once; `controls` and `repeats` by path, `blocks` in order, `actions` nested in
    controls.
    """

    def __init__(
        self, source: Source, words: Words, expression: CompileAt, surroundings: Surroundings
    ) -> None:
        self._source = source
        self._words = words
        self._expression = expression
        self._surroundings = surroundings
        self.controls: dict[str, Control] = {}
        self.repeats: dict[str, RepeatControl] = {}
        self.actions: list[SetValue] = []
        self.blocks = self._blocks(source.body, source.root, 0)

    def _blocks(self, element: Element, around: str, depth: int) -> tuple[Block, ...]:
        if depth > DEPTH_MAX:
            self._source.fault(around, f"分组超过 {DEPTH_MAX} 层", "请减少嵌套")
            return ()
        blocks = (self._block(child, around, depth) for child in element)
        return tuple(block for block in blocks if block is not None)

    def _block(self, element: Element, around: str, depth: int) -> Block | None:
        kind = name_of(element.tag)
        if kind in _SILENT_PARTS:
            return None
        path = (element.get("ref") or element.get("nodeset") or around).strip()
        if path not in self._source.nodes:
            self._source.fault(path, "题目不在记录里", "请核对题目名")
            return None
        if kind == "group":
            return self._group(element, path, depth)
        if kind == "repeat":
            return self._repeat(element, path, SILENT, depth)
        if kind not in _CONTROLS:
            self._source.fault(path, f"不支持题型 {kind}", "请换一种题型")
            return None
        return self._question(element, kind, path)

    def _group(self, element: Element, path: str, depth: int) -> Block | None:
        label = self._words.element(_part(element, "label"), path)
        repeat = _part(element, "repeat")
        if repeat is not None and repeat.get("nodeset", "").strip() == path:
            return self._repeat(repeat, path, label, depth)
        return Block(
            path, "group", label, element.get("appearance", ""), self._blocks(element, path, depth + 1)
        )

    def _repeat(self, element: Element, path: str, label: Wording, depth: int) -> Block | None:
        if self._source.nodes[path].shape.kind != "repeat":
            self._source.fault(path, "循环组没有样板", "请用 begin_repeat 并重新发布")
            return None
        attributes = attributes_of(element)
        parent = self._source.nodes[path].parent
        count = self._expression(attributes.get("jr:count"), parent, "repeat_count")
        self.repeats[path] = RepeatControl(count, count is not None or "jr:noAddRemove" in attributes)
        self.actions += set_values(element, path)
        return Block(
            path, "repeat", label, element.get("appearance", ""), self._blocks(element, path, depth + 1)
        )

    def _question(self, element: Element, kind: str, path: str) -> Block | None:
        if self._source.nodes[path].shape.kind != "leaf":
            self._source.fault(path, "题目指向一个组", "请核对题目名")
            return None
        if path in self.controls:
            self._source.fault(path, "同一道题出现了两次", "请删去一处")
        self.actions += set_values(element, path)
        self.controls[path] = Control(
            type=self._type(element, kind, path),
            label=self._words.element(_part(element, "label"), path),
            hint=self._words.element(_part(element, "hint"), path),
            appearance=element.get("appearance", ""),
            options=self._options(element, path) if kind in ("select", "select1") else None,
            bounds=_bounds(element) if kind == "range" else None,
        )
        return Block(path, "question")

    def _type(self, element: Element, kind: str, path: str) -> str:
        bind = self._source.binds.get(path, {})
        data_type = bind.get("type", "string").rpartition(":")[2]
        if kind == "input":
            return "note" if self._is_note(bind, path, data_type) else _INPUTS.get(data_type, "text")
        if kind == "upload":
            if element.get("mediatype") != "image/*":
                self._source.fault(path, f"不支持附件类型 {element.get('mediatype')}", "只支持照片(image)")
            return "image"
        return {
            "select": "select_multiple",
            "select1": "select_one",
            "trigger": "acknowledge",
            "range": "range",
        }[kind]

    def _is_note(self, bind: dict[str, str], path: str, data_type: str) -> bool:
        """pyxform writes a note as a read-only text that nothing ever fills."""
        filled = {"calculate", "entities:saveto", "jr:preload"} & bind.keys()
        acted = any(action.ref == path for action in self._source.actions)
        empty = not self._source.nodes[path].default
        return (
            data_type == "string" and bind.get("readonly") == "true()" and not filled and not acted and empty
        )

    def _options(self, element: Element, path: str) -> Options | None:
        itemset = _part(element, "itemset")
        if itemset is None:
            self._source.fault(path, "选择题没有选项表", "请在 choices 表里写选项")
            return None
        nodeset = itemset.get("nodeset", "")
        try:
            rows = compile_rows(nodeset, path, self._surroundings)
        except ExpressionFault as fault:
            self._source.fault(f"{path} choice_filter“{nodeset}”", fault.what, fault.remedy)
            return None
        return self._listed(itemset, rows, path)

    def _listed(self, itemset: Element, rows: CompiledRows, here: str) -> Options:
        value, label = _part(itemset, "value"), _part(itemset, "label")
        value_field = value.get("ref", "name") if value is not None else "name"
        label_ref = label.get("ref", "label") if label is not None else "label"
        found: dict[str, Option] = {}
        for item in self._source.lists[rows.list_id]:
            name = item.get(value_field, "")
            if name in found or not name or len(name.split()) != 1:
                self._source.fault(
                    f"选项表 {rows.list_id}",
                    f"选项值“{name}”重复、为空或含空格",
                    "请改正 choices 表的 name 列",
                )
            found[name] = Option(name, self._option_label(item, label_ref, here))
        used = frozenset(path for option in found.values() for path in option.label.reads)
        items = {item.get(value_field, ""): item for item in self._source.lists[rows.list_id]}
        return Options(found, rows.run, value_field, rows.reads | used, rows.filtered, items, rows.one)

    def _option_label(self, item: Item, label_ref: str, here: str) -> Wording:
        if label_ref.startswith("jr:itext(") and label_ref.endswith(")"):
            return self._words.itext(
                item.get(label_ref[len("jr:itext(") : -1].strip(), ""), self._source.root
            )
        return Wording({"": (item.get(label_ref, ""),)})


def _part(element: Element, name: str) -> Element | None:
    return next((child for child in element if name_of(child.tag) == name), None)


def _bounds(element: Element) -> tuple[str, str, str]:
    return element.get("start", ""), element.get("end", ""), element.get("step", "1")
