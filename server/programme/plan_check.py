"""What a plan document must look like, as a list of checks that never stop at the first fault.

Each check yields faults: the path in the document, the value found, what is wrong, and what to do. The
document may be any JSON at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from server.programme.document import TEXTS, Fault, day, fault, fields, matching, one_of, several, text, whole
from server.registry.rules import AREA_CLASSES
from server.registry.vocabulary import CLEAN_KINDS, STATE_NAMES

FORMAT: Final = "cleanheat-plan/1"
BINDINGS: Final = ("must", "strive")
OPERATORS: Final = ("=", ">=")
BASES: Final = ("households", "area_m2")
STOVE_PLACES: Final = ("converted", "no_coal_zone")
STOVE_RULES: Final = ("keep", "remove", "clear")
STOVE_UNTIL: Final = ("one_heating_season_proven",)
HOUSEHOLDS_MAX: Final = 10_000_000


def by_kind(value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, dict) or not value:
        yield fault(path, value, "应按改造方式列出户数。", '请写成 {"electric": 3004, …}。')
        return
    for kind, number in value.items():
        if kind == "clean_coal":
            yield fault(
                f"{path}.{kind}", number, "洁净煤不是清洁取暖。", "请删去；它只能列在 clean_coal 一节。"
            )
        elif kind not in CLEAN_KINDS:
            yield fault(
                f"{path}.{kind}", number, "不认识的改造方式。", f"请用 {'、'.join(CLEAN_KINDS)} 之一。"
            )
        yield from whole(0, HOUSEHOLDS_MAX)(number, f"{path}.{kind}")


TARGET: Final = fields(
    {
        "area_class": one_of(*AREA_CLASSES),
        "op": one_of(*OPERATORS),
        "pct": whole(0, 100),
        "binding": one_of(*BINDINGS),
        "by": day,
    },
    {"remark": TEXTS},
)
STOVE: Final = fields(
    {"where": one_of(*STOVE_PLACES), "rule": one_of(*STOVE_RULES)},
    {"from": day, "until": one_of(*STOVE_UNTIL), "remark": TEXTS},
)
DOCUMENT: Final = fields(
    {
        "format": one_of(FORMAT),
        "id": matching(r"[a-z0-9][a-z0-9-]{0,63}", "小写字母、数字和连字符"),
        "version": matching(r"[0-9A-Za-z][0-9A-Za-z.]{0,15}", "版本号，例如 1 或 2020.1"),
        "county": matching(r"\d{6}", "6 位县级区划代码"),
        "title": TEXTS,
        "source": fields({"number": text, "title": text, "issuer": text, "dated": day}, {"item": text}),
        "task": fields(
            {
                "unit": one_of("household"),
                "total": whole(1, HOUSEHOLDS_MAX),
                "by_kind": by_kind,
                "deadline": day,
                "counts_state": one_of(*STATE_NAMES),
            },
            {"counts_from": day, "remark": TEXTS},
        ),
        "coverage": fields(
            {
                "counts_state": one_of(*STATE_NAMES),
                "bases": several(one_of(*BASES), least=1),
                "targets": several(TARGET, least=1),
            },
            {"remark": TEXTS},
        ),
        "clean_coal": fields(
            {
                "allowed_in": one_of("mountain", "nowhere"),
                "counts_towards_task": one_of(False),
                "counts_towards_coverage": one_of(False),
            },
            {"remark": TEXTS},
        ),
        "old_stove": several(STOVE),
    }
)


def check_plan(document: Any) -> list[Fault]:
    """Every fault of a document; an empty list means it can be released."""
    found = list(DOCUMENT(document, ""))
    if isinstance(document, dict):
        found += _sums(document.get("task"))
        found += _order_of_days(document.get("task"))
        found += _one_target_each(document.get("coverage"))
    return found


def _sums(task: Any) -> Iterator[Fault]:
    if not isinstance(task, dict) or not isinstance(task.get("by_kind"), dict):
        return
    numbers = list(task["by_kind"].values())
    if not all(type(number) is int for number in [*numbers, task.get("total")]):
        return
    if sum(numbers) != task["total"]:
        parts = " + ".join(map(str, numbers))
        message = f"与各方式之和不符：{parts} = {sum(numbers)}。"
        yield fault("task.total", task["total"], message, "请核对原文，改正总数或分项。")


def _order_of_days(task: Any) -> Iterator[Fault]:
    # A document dated after its own deadline is no fault: that happens, and is shown on the plan's page.
    if not isinstance(task, dict) or "counts_from" not in task:
        return
    if list(day(task["counts_from"], "")) or list(day(task.get("deadline"), "")):
        return
    if task["counts_from"] > task["deadline"]:
        remedy = "起算日应早于期限，请改正其中之一。"
        yield fault("task.counts_from", task["counts_from"], f"晚于期限 {task['deadline']}。", remedy)


def _one_target_each(coverage: Any) -> Iterator[Fault]:
    targets = coverage.get("targets") if isinstance(coverage, dict) else None
    seen: set[str] = set()
    for place, target in enumerate(targets if isinstance(targets, list) else []):
        name = target.get("area_class") if isinstance(target, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            path = f"coverage.targets[{place}].area_class"
            yield fault(path, name, "这一类区域已经有目标了。", "每类区域只留一个目标。")
        seen.add(name)
