"""From an XLSForm (.xlsx, or the text tables kept in git) to the XForm of the tablets, or a list of issues.

Publishing happens in the office and never on a tablet: this module alone imports pyxform, and only when it
is called. pyxform stops at its first error, so our own checks run first and its error joins the list. A
released form never changes: submissions name the version that asked them, and it must read them for ever.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from survey_forms.form import FormFault
from survey_forms.sheet_checks import Issue, Row, Workbook, check
from survey_forms.xform import parse

_PYXFORM_PLACE = re.compile(r"\[row : (?P<row>\d+)\](?: On the '(?P<sheet>\w+)' sheet)?")
_SHEETS = ("survey", "choices", "settings", "entities")


@dataclass(frozen=True)
class Published:
    """An XForm as tablets will get it; `sha256` is over its UTF-8 bytes."""

    form_id: str
    version: str
    xml: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.form_id}-{self.version}.xml"


class PublishFault(Exception):
    """The form cannot be published; `issues` holds everything that was found, never only the first."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__("\n".join(map(str, issues)))
        self.issues = tuple(issues)


def publish(source: Path) -> Published:
    """Turn the XLSForm at `source` (.xlsx or .md) into an XForm.

    Raises PublishFault with every issue: ours about languages, properties and messages, what pyxform refuses, and
    what the tablets' own reader could not work with.
    """
    sheets = _read(source)
    book = _workbook(sheets)
    issues = check(book)
    xml, refusal = _convert(sheets)
    if refusal is not None and not _already_said(refusal, issues):
        issues.append(refusal)
    if not issues:
        issues += _engine_issues(xml)
    if issues:
        raise PublishFault(issues)
    settings = book.sheet("settings")[0]
    sha256 = hashlib.sha256(xml.encode("utf-8")).hexdigest()
    return Published(settings["form_id"], settings["version"], xml, sha256)


def release(source: Path, folder: Path) -> Published:
    """Publish `source` and write it into `folder` as <id>-<version>.xml, once and for ever.

    The same form again is harmless. Raises PublishFault if that version is released with other contents.
    """
    published = publish(source)
    target = folder / published.file_name
    if target.exists():
        if hashlib.sha256(target.read_bytes()).hexdigest() != published.sha256:
            what = f"{published.form_id} {published.version} 已经发布，内容不能再改"
            raise PublishFault([Issue("settings", 2, what, "把 version 改成新的版本号再发布")])
        return published
    folder.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(".part")
    half.write_bytes(published.xml.encode("utf-8"))
    half.replace(target)
    return published


def _read(source: Path) -> dict[str, Any]:
    """Return pyxform's sheets of `source`; whatever keeps the file from being read is one issue."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2json_backends import md_to_dict, xlsx_to_dict

    readers: Mapping[str, Callable[[Path], dict[str, Any]]] = {".md": md_to_dict, ".xlsx": xlsx_to_dict}
    reader = readers.get(source.suffix.lower())
    if reader is None:
        raise PublishFault([Issue(source.name, None, "不认识的文件格式", "用 .xlsx 或 .md 文本表")])
    if not source.is_file():
        raise PublishFault([Issue(source.name, None, "找不到这个文件", "核对路径")])
    try:
        sheets = reader(source)
    except UnicodeDecodeError as error:
        raise PublishFault(
            [Issue(source.name, None, "文件不是 UTF-8 编码", "另存为 UTF-8 再发布")]
        ) from error
    except PyXFormError as error:
        raise PublishFault(
            [Issue(source.name, None, f"读不出表格：{error}", "用表格软件重新保存")]
        ) from error
    if not sheets.get("survey"):
        raise PublishFault([Issue(source.name, None, "没有 survey 表，或表中没有题目", "加上 survey 表")])
    return sheets


def _workbook(sheets: Mapping[str, Any]) -> Workbook:
    """Keep pyxform's row numbering: the header is row 1, so the first row below it is row 2."""
    rows = {
        name: tuple(
            Row(number, {column: str(value).strip() for column, value in cells.items() if value is not None})
            for number, cells in enumerate(sheets.get(name) or (), start=2)
            if cells
        )
        for name in _SHEETS
    }
    columns = {name: frozenset((sheets.get(f"{name}_header") or [{}])[0]) for name in _SHEETS}
    return Workbook(rows, columns)


def _convert(sheets: dict[str, Any]) -> tuple[str, Issue | None]:
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    try:
        return convert(dict(sheets), form_name="data", pretty_print=True).xform, None
    except PyXFormError as error:
        text = str(error)
        place = _PYXFORM_PLACE.search(text)
        sheet = (place and place["sheet"]) or "survey"
        row = int(place["row"]) if place else None
        return "", Issue(sheet, row, text.rstrip("."), "按 pyxform 的提示修改")


def _engine_issues(xml: str) -> list[Issue]:
    """What the tablets' own reader refuses in an XForm that pyxform let through."""
    try:
        parse(xml)
    except FormFault as fault:
        return [Issue("survey", None, f"{issue.where}：{issue.what}", issue.remedy) for issue in fault.issues]
    return []


def _already_said(refusal: Issue, issues: Sequence[Issue]) -> bool:
    """Whether one of ours stands where pyxform stopped: the same mistake need not be told twice."""
    return any((issue.sheet, issue.row) == (refusal.sheet, refusal.row) for issue in issues)
