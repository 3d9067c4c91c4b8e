"""XForm XML as it stands: what is written where, before anything is understood.

Forms come over the network, so the XML is read with suspicion: a document type (and with it every entity
trick) is refused before parsing, size and depth are limited.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from survey_forms.form import FormFault, Issue, language_code
from survey_forms.scope import Item, Shape

SIZE_MAX = 2_000_000
DEPTH_MAX = 20
XFORMS = "http://www.w3.org/2002/xforms"
_PREFIXES = {
    XFORMS: "",
    "http://www.w3.org/1999/xhtml": "h:",
    "http://openrosa.org/javarosa": "jr:",
    "http://openrosa.org/xforms": "orx:",
    "http://www.opendatakit.org/xforms": "odk:",
    "http://www.opendatakit.org/xforms/entities": "entities:",
}
_QUALIFIED = re.compile(r"\{(?P<namespace>[^}]*)\}(?P<name>.*)")
_ITEXT = re.compile(r"\s*jr:itext\('(?P<id>[^']*)'\)\s*")
Element = ElementTree.Element


@dataclass(slots=True)
class SetValue:
    """A `setvalue` action: `value` is an expression, or None for an empty text."""

    ref: str
    events: frozenset[str]
    value: str | None
    inside: str = ""


@dataclass(slots=True)
class InstanceNode:
    """A node of the record's template."""

    shape: Shape
    name: str
    parent: str
    children: list[str] = field(default_factory=list)
    default: str = ""
    instances: int = 1


@dataclass(slots=True)
class EntitySource:
    """A `meta/entity` element: its attributes, and the path it stands at."""

    path: str
    scope: str
    attributes: Mapping[str, str]
    in_repeat: bool


@dataclass(slots=True)
class Source:
    """Everything of the document that a form is made of."""

    issues: list[Issue] = field(default_factory=list)
    id: str = ""
    version: str = ""
    title: str = ""
    root: str = ""
    nodes: dict[str, InstanceNode] = field(default_factory=dict)
    entities: list[EntitySource] = field(default_factory=list)
    lists: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    binds: dict[str, dict[str, str]] = field(default_factory=dict)
    actions: list[SetValue] = field(default_factory=list)
    languages: tuple[str, ...] = ()
    itexts: dict[str, dict[str, Element]] = field(default_factory=dict)
    body: Element = field(default_factory=lambda: Element("body"))

    def fault(self, where: str, what: str, remedy: str) -> None:
        self.issues.append(Issue(where, what, remedy))


def name_of(tag: str) -> str:
    """`{http://openrosa.org/javarosa}count` → `jr:count`; XForms' own names have no prefix."""
    match = _QUALIFIED.fullmatch(tag)
    return tag if match is None else _PREFIXES.get(match["namespace"], "?:") + match["name"]


def attributes_of(element: Element) -> dict[str, str]:
    return {name_of(name): value for name, value in element.attrib.items()}


def itext_id(text: str) -> str | None:
    match = _ITEXT.fullmatch(text)
    return match["id"] if match else None


def read(xml: str) -> Source:
    """Raises FormFault only where nothing can be read at all; other findings are in `issues`."""
    tree = safe_tree(xml)
    if name_of(tree.tag) != "h:html":
        raise FormFault((Issue("表单", "根元素不是 h:html，不是 XForm", "请用 XLSForm 重新发布"),))
    source = Source()
    head, body = _child(tree, "h:head"), _child(tree, "h:body")
    model = _child(head, "model") if head is not None else None
    if head is None or body is None or model is None:
        raise FormFault((Issue("表单", "缺少 head、model 或 body，不是 XForm", "请用 XLSForm 重新发布"),))
    title = _child(head, "h:title")
    source.title = (title.text or "").strip() if title is not None else ""
    source.body = body
    _instances(model, source)
    _binds(model, source)
    source.actions = [_set_value(each, "") for each in model if name_of(each.tag) == "setvalue"]
    if any(name_of(each.tag) == "odk:setgeopoint" for each in model.iter()):
        source.fault("表单", "不支持后台定位", "请改用 geopoint 题")
    _itexts(model, source)
    return source


def safe_tree(xml: str) -> Element:
    """Raises FormFault on what is too large, carries a document type, or is no XML."""
    if len(xml) > SIZE_MAX:
        raise FormFault((Issue("文件", f"超过 {SIZE_MAX // 1_000_000} MB", "请减少选项表的行数"),))
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise FormFault(
            (Issue("文件", "含有文档类型声明（DTD）或实体", "请删去 <!DOCTYPE …>，用 XLSForm 重新发布"),)
        )
    try:
        return ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise FormFault((Issue("文件", f"XML 读不懂({error})", "请重新发布或重新导出"),)) from error


def _child(element: Element, name: str) -> Element | None:
    return next((each for each in element if name_of(each.tag) == name), None)


def _instances(model: Element, source: Source) -> None:
    instances = [each for each in model if name_of(each.tag) == "instance"]
    primary = next((each[0] for each in instances if "id" not in each.attrib and len(each)), None)
    if primary is None:
        raise FormFault((Issue("表单", "没有记录的样板(instance)", "请用 XLSForm 重新发布"),))
    source.id, source.version = primary.get("id", ""), primary.get("version", "")
    if not source.id or not source.version:
        source.fault("表单", "没有写明 id 或 version", "请在 settings 表里填写 form_id 和 version")
    source.root = "/" + name_of(primary.tag)
    _record(primary, source.root, "", (), source)
    for each in instances:
        list_id = each.get("id")
        if list_id is None:
            continue
        if each.get("src"):
            source.fault(f"选项表 {list_id}", "引用了外部文件", "请把选项写进 choices 表")
            continue
        rows = each[0] if len(each) else Element("root")
        source.lists[list_id] = tuple({name_of(cell.tag): (cell.text or "") for cell in row} for row in rows)


def _record(element: Element, path: str, parent: str, repeats: tuple[str, ...], source: Source) -> None:
    if path.count("/") > DEPTH_MAX:
        source.fault(path, f"分组超过 {DEPTH_MAX} 层", "请减少嵌套")
        return
    siblings: dict[str, list[Element]] = {}
    for child in element:
        siblings.setdefault(name_of(child.tag), []).append(child)
    _entities(siblings.pop("meta", []) + siblings.pop("orx:meta", []), path, bool(repeats), source)
    node = InstanceNode(Shape(path, "group" if siblings else "leaf", repeats), name_of(element.tag), parent)
    node.default = (element.text or "").strip() if not siblings else ""
    source.nodes[path] = node
    for name, twins in siblings.items():
        below = f"{path}/{name}"
        templates = [twin for twin in twins if "jr:template" in attributes_of(twin)]
        node.children.append(below)
        repeated = bool(templates) or len(twins) > 1
        around = (*repeats, below) if repeated else repeats
        _record(templates[0] if templates else twins[0], below, path, around, source)
        if repeated and below in source.nodes:
            child_node = source.nodes[below]
            child_node.shape = Shape(below, "repeat", around)
            # pyxform writes the first instance of a nested repeat outside the template that is read here.
            child_node.instances = len(twins) - len(templates) or int(bool(repeats))


def _entities(metas: list[Element], scope: str, in_repeat: bool, source: Source) -> None:
    for meta in metas:
        for each in meta:
            if name_of(each.tag) in ("entity", "entities:entity"):
                path = f"{scope}/meta/entity"
                source.entities.append(EntitySource(path, scope, attributes_of(each), in_repeat))


def _binds(model: Element, source: Source) -> None:
    for each in model:
        if name_of(each.tag) != "bind":
            continue
        attributes = attributes_of(each)
        nodeset = attributes.pop("nodeset", "").strip()
        if nodeset in source.binds:
            source.fault(nodeset, "有两个 bind", "请删去一个")
        source.binds[nodeset] = attributes


def set_values(element: Element, inside: str) -> Iterator[SetValue]:
    """The actions nested in a control or a repeat."""
    return (_set_value(each, inside) for each in element if name_of(each.tag) == "setvalue")


def _set_value(element: Element, inside: str) -> SetValue:
    attributes = attributes_of(element)
    text = (element.text or "").strip()
    literal = f"'{text}'" if text and "'" not in text else (f'"{text}"' if text else None)
    value = attributes.get("value", "").strip() or literal
    return SetValue(
        attributes.get("ref", "").strip(), frozenset(attributes.get("event", "").split()), value, inside
    )


def _itexts(model: Element, source: Source) -> None:
    itext = _child(model, "itext")
    translations = [] if itext is None else [each for each in itext if name_of(each.tag) == "translation"]
    translations.sort(key=lambda each: each.get("default") != "true()")
    source.languages = tuple(language_code(each.get("lang", "")) for each in translations)
    if len(set(source.languages)) < len(source.languages):
        source.fault(
            "translation", "两种语言的代码相同", "请在语言名后写不同的代码，如 中文 (zh)、English (en)"
        )
    for translation, language in zip(translations, source.languages, strict=True):
        for text in translation:
            for value in text:
                form = value.get("form")
                if form is None:
                    source.itexts.setdefault(text.get("id", ""), {})[language] = value
                elif form not in ("guidance", "long", "short"):
                    source.fault(text.get("id", ""), f"题目文字不支持 {form} 媒体", "请删去 media:: 列")
