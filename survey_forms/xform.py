"""XForm XML → Form.

Reads exactly what pyxform 4.5 writes for the constructs listed in README.md. Whatever lies beyond is
refused here, when a form is published or received, with every finding at once; an interview never meets a
surprise.
"""

from collections.abc import Mapping
from dataclasses import replace

from survey_forms.expressions import Compiled, ExpressionFault, compile_expression
from survey_forms.form import (
    SILENT,
    Block,
    EntityDeclaration,
    Form,
    FormFault,
    Issue,
    Node,
    Wording,
    language_code,
)
from survey_forms.ordering import affected, ordered, watchers
from survey_forms.scope import Surroundings
from survey_forms.wordings import Words
from survey_forms.xform_body import Body
from survey_forms.xform_source import EntitySource, InstanceNode, SetValue, Source, read

_DATA_TYPES = {
    "string",
    "int",
    "decimal",
    "date",
    "time",
    "dateTime",
    "geopoint",
    "barcode",
    "binary",
    "boolean",
}
_PRELOADS = {("date", "today"), ("timestamp", "start"), ("property", "*")}
_OWN_VERSIONS = ("@baseVersion", "@trunkVersion", "@branchId", "@id")


def parse(xml: str) -> Form:
    """Raises FormFault with every issue found."""
    source = read(xml)
    builder = _Builder(source)
    form = builder.form()
    if source.issues:
        raise FormFault(tuple(dict.fromkeys(source.issues)))
    return form


class _Builder:
    """Compiles a source piece by piece; a piece with a fault is noted in `source.issues` and left out."""

    def __init__(self, source: Source) -> None:
        self.source = source
        shapes = {path: node.shape for path, node in source.nodes.items()}
        self.surroundings = Surroundings(shapes, source.lists)
        self.words = Words(source, self.expression)
        self.body = Body(source, self.words, self.expression, self.surroundings)

    def expression(self, text: str | None, here: str, where: str) -> Compiled | None:
        if text is None or not text.strip():
            return None
        try:
            return compile_expression(text, here, self.surroundings)
        except ExpressionFault as fault:
            self.source.fault(f"{here} {where}“{text.strip()}”", fault.what, fault.remedy)
            return None

    def form(self) -> Form:
        source = self.source
        nodes = {path: self._node(each) for path, each in source.nodes.items()}
        nodes = self._with_actions(nodes)
        self._check_binds()
        entities = tuple(self._entity(each) for each in source.entities)
        order, circles = ordered(nodes)
        source.issues += circles
        return Form(
            id=source.id,
            version=source.version,
            title=_titles(source.title, source.languages),
            languages=source.languages,
            entities=entities,
            root=source.root,
            nodes=nodes,
            body=self.body.blocks,
            order=order,
            affected={} if circles else affected(order),
            watchers=watchers(nodes, _label_reads(self.body.blocks, frozenset())),
            itexts=self.words.all(),
            lists=source.lists,
        )

    def _node(self, each: InstanceNode) -> Node:
        path, bind = each.shape.path, self.source.binds.get(each.shape.path, {})
        control = self.body.controls.get(path)
        data_type = bind.get("type", "string").rpartition(":")[2]
        if data_type not in _DATA_TYPES:
            self.source.fault(path, f"不支持数据类型 {data_type}", "请换一种题型")
        calculate = self._state(bind.get("calculate"), path, "calculation")
        repeat = self.body.repeats.get(path)
        return Node(
            path=path,
            name=each.name,
            kind=each.shape.kind,
            parent=each.parent,
            repeats=each.shape.repeats,
            children=tuple(each.children),
            type=control.type if control else ("calculate" if calculate else "hidden"),
            data_type=data_type,
            default=each.default,
            preload=self._preload(bind, path),
            relevant=self._state(bind.get("relevant"), path, "relevant"),
            calculate=calculate,
            required=self.expression(bind.get("required"), path, "required"),
            readonly=self.expression(bind.get("readonly"), path, "readonly"),
            constraint=self.expression(bind.get("constraint"), path, "constraint"),
            count=repeat.count if repeat else None,
            initial=each.instances,
            fixed_size=bool(repeat and repeat.fixed_size),
            label=control.label if control else SILENT,
            hint=control.hint if control else SILENT,
            required_message=self.words.message(bind.get("jr:requiredMsg"), path),
            constraint_message=self.words.message(bind.get("jr:constraintMsg"), path),
            appearance=control.appearance if control else "",
            options=control.options if control else None,
            bounds=control.bounds if control else None,
            asked=control is not None,
            save_to=bind.get("entities:saveto", ""),
        )

    def _state(self, text: str | None, path: str, where: str) -> Compiled | None:
        """Relevance and calculation decide the node's own state, so they must not look at it."""
        compiled = self.expression(text, path, where)
        if compiled is not None and compiled.own:
            self.source.fault(
                f"{path} {where}“{compiled.text}”", "引用了本题自己的值", "只想算一次请用 once(…)"
            )
        return compiled

    def _preload(self, bind: Mapping[str, str], path: str) -> str:
        kind, parameter = bind.get("jr:preload", ""), bind.get("jr:preloadParams", "")
        if not kind:
            return ""
        if (kind, parameter) not in _PRELOADS and (kind, "*") not in _PRELOADS:
            self.source.fault(path, f"不支持自动填写 {kind} {parameter}", "请用 hidden 题，由程序填写")
        return parameter

    def _with_actions(self, nodes: dict[str, Node]) -> dict[str, Node]:
        for action in [*self.source.actions, *self.body.actions]:
            if action.ref.rpartition("/")[2] in _OWN_VERSIONS:
                continue
            if action.ref not in nodes or nodes[action.ref].kind != "leaf":
                self.source.fault(action.ref, "要赋值的题目不存在", "请核对题目名")
                continue
            self._apply(action, nodes)
        return nodes

    def _apply(self, action: SetValue, nodes: dict[str, Node]) -> None:
        compiled = self.expression(action.value, action.ref, "default")
        known = {"odk-instance-first-load", "odk-new-repeat", "xforms-value-changed"}
        if unknown := action.events - known:
            self.source.fault(
                action.ref, f"不支持事件 {'、'.join(sorted(unknown))}", "请用 default 或 trigger 列"
            )
        if "odk-instance-first-load" in action.events:
            nodes[action.ref] = replace(nodes[action.ref], first_load=compiled)
        if "odk-new-repeat" in action.events:
            nodes[action.ref] = replace(nodes[action.ref], new_repeat=compiled)
        if "xforms-value-changed" in action.events and action.inside in nodes:
            trigger = nodes[action.inside]
            nodes[action.inside] = replace(trigger, changes=(*trigger.changes, (action.ref, compiled)))

    def _check_binds(self) -> None:
        for nodeset in self.source.binds:
            if nodeset not in self.source.nodes and "/meta/" not in nodeset:
                self.source.fault(nodeset, "bind 指向不存在的题目", "请核对题目名")

    def _entity(self, each: EntitySource) -> EntityDeclaration:
        dataset = each.attributes.get("dataset", "")
        if not dataset:
            self.source.fault(each.path, "没有写明实体表(dataset)", "请在 entities 表里填写 list_name")
        if each.in_repeat:
            self.source.fault(
                each.path, "循环组里不能声明实体", "一次提交中每种实体最多一个，请把声明移到组里"
            )
        if sum(other.attributes.get("dataset") == dataset for other in self.source.entities) > 1:
            self.source.fault(each.path, f"实体 {dataset} 声明了两次", "一次提交中每种实体最多一个")
        for path, bind in self.source.binds.items():
            if f"{each.scope}/".startswith(f"{path}/") and self._reads_clock(bind.get("relevant"), path):
                self.source.fault(
                    path, "声明实体的组的 relevant 用了会变的函数(today、now …)", "请先存进一道计算题再引用"
                )
        return EntityDeclaration(
            dataset=dataset,
            scope=each.scope,
            creates=self._condition(each, "create"),
            updates=self._condition(each, "update"),
            label=self.expression(
                self._entity_bind(each, "label").get("calculate"), each.scope, "entity label"
            ),
            properties=self._saved(each),
        )

    def _reads_clock(self, text: str | None, path: str) -> bool:
        compiled = self.expression(text, path, "relevant") if path in self.source.nodes else None
        return compiled is not None and compiled.volatile

    def _entity_bind(self, each: EntitySource, name: str) -> dict[str, str]:
        return self.source.binds.get(f"{each.path}/{name}", {})

    def _condition(self, each: EntitySource, name: str) -> Compiled | None:
        """`create="1"` alone means always; with a bind, when its calculation is true."""
        written = each.attributes.get(name, "")
        text = self._entity_bind(each, f"@{name}").get("calculate") or (
            "true()" if written in ("1", "true") else None
        )
        compiled = self.expression(text, each.scope, f"{name}_if")
        if compiled is not None and compiled.volatile:
            self.source.fault(
                f"{each.path}/@{name}", "条件里用了会变的函数(today、now …)", "请先存进一道计算题再引用"
            )
        return compiled

    def _saved(self, each: EntitySource) -> dict[str, str]:
        """Nodes are saved to the entity of the nearest group around them that declares one."""
        scopes = sorted((other.scope for other in self.source.entities), key=len, reverse=True)
        saved: dict[str, str] = {}
        for path, bind in self.source.binds.items():
            name = bind.get("entities:saveto")
            nearest = next((scope for scope in scopes if path.startswith(scope + "/")), None)
            if name is None or nearest != each.scope or path not in self.source.nodes:
                continue
            if name in saved:
                self.source.fault(path, f"属性 {name} 由两道题保存", "一个属性只能由一道题保存")
            if self.source.nodes[path].shape.repeats:
                self.source.fault(path, "循环组里的题不能保存到实体", "请在循环组外用计算题汇总")
            saved[name] = path
        return saved


def _titles(title: str, languages: tuple[str, ...]) -> dict[str, str]:
    """`住户登记 / Household` gives each language its part, in the order of the languages; otherwise all have
    the same.
    """
    parts = [part.strip() for part in title.split(" / ")]
    spoken = languages or ("zh", "en")
    return dict(zip(spoken, parts if len(parts) == len(spoken) else [title] * len(spoken), strict=True))


def _label_reads(blocks: tuple[Block, ...], around: frozenset[str]) -> dict[str, frozenset[str]]:
    """Question path → what the labels of the groups around it read."""
    found: dict[str, frozenset[str]] = {}
    for block in blocks:
        inner = around | block.label.reads
        if block.kind == "question":
            found[block.path] = around
        found.update(_label_reads(block.children, inner))
    return found


__all__ = ["Form", "FormFault", "Issue", "Wording", "language_code", "parse"]
