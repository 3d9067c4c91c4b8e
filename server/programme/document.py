"""Released documents: read whole, or refused with every fault at once.

Plans and subsidy schedules are data that somebody writes by hand from a policy text. Whoever wrote one gets
the full list of what is wrong, each fault with its path in the document and what to do, never just the first.
Here is what such documents share: reading, the hash over the canonical form, and the small checks of which a
format is put together. What a format says is beside its values (`plan_check.py` and its like).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

# A text in both languages: {"zh": …, "en": …}.
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """One fault of a document: where, what stands there, what is wrong with it, what to do."""

    path: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        value = f"（现为 {self.value}）" if self.value else ""
        return f"{self.path or '文件'}{value}：{self.message}{self.remedy}"


class DocumentFault(Exception):
    """A document that cannot be used, with all of its faults."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def canonical(document: Mapping[str, Any]) -> bytes:
    """The bytes a document's hash is made of: sorted keys, no blanks, UTF-8."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256_of(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(document)).hexdigest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError("、".join(twice))
    return dict(pairs)


def read(data: bytes, faults_of: Callable[[Any], list[Fault]]) -> dict[str, Any]:
    """A document from its file. Raises DocumentFault where it is no JSON object or `faults_of` finds any."""
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        found = Fault("", f"第 {error.start + 1} 个字节", "不是 UTF-8 编码。", "请用 UTF-8 重新保存。")
        raise DocumentFault((found,)) from error
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列"
        found = Fault("", where, "不是合法的 JSON。", "请检查这里的逗号、引号和括号。")
        raise DocumentFault((found,)) from error
    except RecursionError as error:
        raise DocumentFault((Fault("", "", "括号套得太深。", "请检查是否漏了右括号。"),)) from error
    except ValueError as error:
        found = Fault("", str(error), "同一层里有重复的字段。", "请只保留一个。")
        raise DocumentFault((found,)) from error
    faults = tuple(faults_of(document))
    if faults:
        raise DocumentFault(faults)
    assert isinstance(document, dict)
    try:
        canonical(document)
    except UnicodeEncodeError as error:
        found = Fault("", "", "有不成字的字符（半个代理对）。", "请重新输入那些字。")
        raise DocumentFault((found,)) from error
    return document


Check = Callable[[Any, str], Iterator[Fault]]


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def fault(path: str, value: Any, message: str, remedy: str) -> Fault:
    """A fault that shows the value found, shortened where it is long."""
    return Fault(path, _shown(value), message, remedy)


def text(value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, str) or not value.strip():
        yield fault(path, value, "应为文字。", "请填写，不能留空。")


def matching(pattern: str, meaning: str) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            yield fault(path, value, "格式不对。", f"请填{meaning}。")

    return check


def one_of(*allowed: object) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        # True is 1 in Python, and a list cannot be looked for in a set.
        if not any(
            value is choice or (type(value) is type(choice) and value == choice) for choice in allowed
        ):
            choices = "、".join(map(str, allowed))
            yield fault(path, value, "不是允许的取值。", f"请填 {choices} 之一。")

    return check


def whole(low: int, high: int) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield fault(path, value, "不是允许的整数。", f"请填 {low:,} 到 {high:,} 之间的整数，不带引号。")

    return check


def day(value: Any, path: str) -> Iterator[Fault]:
    try:
        assert isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
        date.fromisoformat(value)
    except (AssertionError, ValueError):
        yield fault(path, value, "不是日期。", "请按 2020-10-31 这样填写真实存在的日期。")


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no others."""
    optional = optional or {}

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield fault(path, value, "应为一组字段。", "请写成 { … }。")
            return
        for name in required:
            if name not in value:
                yield Fault(f"{path}.{name}".lstrip("."), "", "缺少这个字段。", "请补上。")
        for name, inner in value.items():
            known = required.get(name) or optional.get(name)
            where = f"{path}.{name}".lstrip(".")
            if known is None:
                names = "、".join((*required, *optional))
                yield fault(where, inner, "不认识的字段。", f"请删去，或改成：{names}。")
            else:
                yield from known(inner, where)

    return check


def several(inner: Check, least: int = 0) -> Check:
    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield fault(path, value, "应为一个列表。", "请写成 [ … ]。")
            return
        if len(value) < least:
            yield fault(path, value, "列表太短。", f"至少要有 {least} 项。")
        for place, item in enumerate(value):
            yield from inner(item, f"{path}[{place}]")

    return check


def mapping(key: Check, inner: Check, least: int = 0) -> Check:
    """An object whose field names are data themselves, such as years or division codes."""

    def check(value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield fault(path, value, "应为一组字段。", "请写成 { … }。")
            return
        if len(value) < least:
            yield fault(path, value, "内容太少。", f"至少要有 {least} 项。")
        for name, item in value.items():
            where = f"{path}.{name}".lstrip(".")
            yield from key(name, where)
            yield from inner(item, where)

    return check


TEXTS: Final = fields({"zh": text, "en": text})
