"""A plan as a document: read whole, or refused with every fault at once.

Plans are data that somebody writes by hand from a policy text. Whoever wrote one gets the full list of what
is wrong, each fault with its path in the document and what to do, never just the first. A released document
never changes; its hash over the canonical form says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.programme.document import DocumentFault, Texts, canonical, read, sha256_of
from server.programme.plan_check import check_plan

__all__ = ["Plan", "PlanFault", "Target", "canonical", "plan_of", "read_document"]

# A plan's faults are those of any released document.
PlanFault = DocumentFault


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


def read_document(data: bytes) -> dict[str, Any]:
    """A plan from its file. Raises PlanFault where it is no JSON object or has a fault."""
    return read(data, check_plan)


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The values of a document that has no faults."""
    task, coverage = document["task"], document["coverage"]
    return Plan(
        county=document["county"],
        id=document["id"],
        version=document["version"],
        sha256=sha256_of(document),
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
