"""A plan as a document: read whole, or refused with every fault at once.

Plans are data that somebody writes by hand from a policy text. Whoever wrote one gets the full list of what
is wrong, each fault with its path in the document and what to do, never just the first. A released document
never changes; its hash over the canonical form says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.programme.plan_check import Fault, check_plan

Texts = Mapping[str, str]


class PlanFault(Exception):
    """A plan document that cannot be used, with all of its faults."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class Target:
    """A coverage target of an area class. `binding`: must, or strive (力争, to be striven for)."""

    area_class: str
    op: str
    pct: int
    binding: str
    by: date
    remark: Texts


@dataclass(frozen=True)
class Plan:
    """A released plan. `by_kind` counts households; states name how far a conversion must have come."""

    county: str
    id: str
    version: str
    sha256: str
    title: Texts
    source: Mapping[str, str]
    total: int
    by_kind: Mapping[str, int]
    deadline: date
    task_state: str
    task_from: date | None
    task_remark: Texts
    coverage_state: str
    bases: tuple[str, ...]
    targets: tuple[Target, ...]
    coverage_remark: Texts
    clean_coal: Mapping[str, Any]
    old_stove: tuple[Mapping[str, Any], ...]

    def target(self, area_class: str) -> Target | None:
        return next((target for target in self.targets if target.area_class == area_class), None)


def canonical(document: Mapping[str, Any]) -> bytes:
    """The bytes a document's hash is made of: sorted keys, no blanks, UTF-8."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError("、".join(twice))
    return dict(pairs)


def read_document(data: bytes) -> dict[str, Any]:
    """A document from its file. Raises PlanFault where it is no JSON object or has a fault."""
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        found = Fault("", f"第 {error.start + 1} 个字节", "不是 UTF-8 编码。", "请用 UTF-8 重新保存。")
        raise PlanFault((found,)) from error
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列"
        raise PlanFault((Fault("", where, "不是合法的 JSON。", "请检查这里的逗号、引号和括号。"),)) from error
    except ValueError as error:
        raise PlanFault((Fault("", str(error), "同一层里有重复的字段。", "请只保留一个。"),)) from error
    faults = tuple(check_plan(document))
    if faults:
        raise PlanFault(faults)
    assert isinstance(document, dict)
    return document


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The values of a document that has no faults."""
    task, coverage = document["task"], document["coverage"]
    return Plan(
        county=document["county"],
        id=document["id"],
        version=document["version"],
        sha256=hashlib.sha256(canonical(document)).hexdigest(),
        title=document["title"],
        source=document["source"],
        total=task["total"],
        by_kind=task["by_kind"],
        deadline=date.fromisoformat(task["deadline"]),
        task_state=task["counts_state"],
        task_from=date.fromisoformat(task["counts_from"]) if "counts_from" in task else None,
        task_remark=task.get("remark", {}),
        coverage_state=coverage["counts_state"],
        bases=tuple(coverage["bases"]),
        targets=tuple(
            Target(
                t["area_class"],
                t["op"],
                t["pct"],
                t["binding"],
                date.fromisoformat(t["by"]),
                t.get("remark", {}),
            )
            for t in coverage["targets"]
        ),
        coverage_remark=coverage.get("remark", {}),
        clean_coal=document["clean_coal"],
        old_stove=tuple(document["old_stove"]),
    )
