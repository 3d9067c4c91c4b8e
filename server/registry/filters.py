"""The filters of the household list, read from an address and written into one.

Every number of the programme's pages is a link made here. An unknown filter or value is refused: a list that
quietly ignored half of its address would contradict the number it was opened from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, and_, false, func, or_
from sqlmodel import col

from server.registry import rules, selections
from server.registry.standing import Counting, Standing, within
from server.registry.tables import Household
from server.registry.vocabulary import (
    AREA_CLASS_NAMES,
    CLEAN_KINDS,
    DEVICES,
    FUELS,
    HARDSHIPS,
    NOT_HEATED_REASONS,
    STATE_NAMES,
    VISIT_OUTCOMES,
    YES_NO,
)
from server.web import N_, Problem

SEARCH_CHARS_MAX: Final = 50
HEATING: Final = {
    "base": N_("计入取暖户"),
    "heated": N_("取暖"),
    "excluded": N_("不取暖，有原因"),
    "no_reason": N_("不取暖，无原因"),
    "unknown": N_("取暖情况未登记"),
}
SITUATIONS: Final = {
    "clean": N_("清洁取暖"),
    "not_clean": N_("非清洁取暖"),
    "clean_coal": N_("洁净煤加环保炉具"),
    "other": N_("其他取暖"),
}
M2: Final = {"known": N_("有采暖面积"), "missing": N_("缺采暖面积")}
CONFLICTS: Final = {"open": N_("有未决冲突")}


@dataclass(frozen=True)
class HouseholdFilter:
    """What a household list is held to; empty strings hold it to nothing.

    `kind` with `state` and `since`: the latest conversion that reached the state is of this kind ("any": of
    whichever; several are named with commas between). `situation` and `clean_state`: clean, where conversions
    count from that state on. `of`: a list that another room defines.
    """

    area: str = ""
    q: str = ""
    area_class: str = ""
    heating: str = ""
    kind: str = ""
    state: str = "installed"
    since: str = ""
    situation: str = ""
    clean_state: str = "connected"
    m2: str = ""
    device: str = ""
    fuel: str = ""
    reason: str = ""
    hardship: str = ""
    visit: str = ""
    mountain: str = ""
    conflicts: str = ""
    of: str = ""

    def counting(self) -> Counting:
        since = date.fromisoformat(self.since) if self.since else None
        return Counting(self.state, since, self.clean_state)

    def address(self, path: str = "/households", order: str = "", **changes: str) -> str:
        """The list with these filters, some of them changed, and sorted by `order` where it is given."""
        said = {name: value for name, value in replace(self, **changes).said().items() if value}
        if order:
            said["sort"] = order
        return path + ("?" + urlencode(said) if said else "")

    def said(self) -> dict[str, str]:
        """Filters in use: those that are not at their default, and a kind's state with its kind."""
        values = {f.name: str(getattr(self, f.name)) for f in fields(self)}
        defaults = {f.name: f.default for f in fields(self)}
        kept = {name: value for name, value in values.items() if value != defaults[name]}
        if self.kind:
            kept["state"] = self.state
        else:
            kept.pop("state", None)
            kept.pop("since", None)
        if not self.situation:
            kept.pop("clean_state", None)
        return kept


CHOICES: Final[dict[str, Mapping[str, str]]] = {
    "area_class": AREA_CLASS_NAMES,
    "heating": HEATING,
    "kind": {"any": N_("任何清洁方式"), **{kind: kind for kind in CLEAN_KINDS}},
    "state": STATE_NAMES,
    "situation": SITUATIONS,
    "clean_state": STATE_NAMES,
    "m2": M2,
    "device": DEVICES,
    "fuel": FUELS,
    "reason": NOT_HEATED_REASONS,
    "hardship": HARDSHIPS,
    "visit": {"none": N_("尚未走访"), **VISIT_OUTCOMES},
    "mountain": YES_NO,
    "conflicts": CONFLICTS,
}


def _refused(name: str, value: str) -> Problem:
    return Problem(
        "unknown_filter",
        400,
        f"筛选条件 {name}={value[:40]} 无法识别。",
        N_("请从页面上的链接或筛选框进入，或去掉地址中的这一项。"),
    )


def read_filter(query: Mapping[str, str]) -> HouseholdFilter:
    """A filter from an address. Raises Problem `unknown_filter`, naming the first that cannot be."""
    names = {f.name for f in fields(HouseholdFilter)}
    given = {name: value.strip() for name, value in query.items() if name in names and value.strip()}
    for name, value in given.items():
        if name in CHOICES and not set(_named(name, value)) <= set(CHOICES[name]):
            raise _refused(name, value)
    if "area" in given and not rules.is_area(given["area"]):
        raise _refused("area", given["area"])
    if "of" in given and selections.condition(given["of"]) is None:
        raise _refused("of", given["of"])
    if "since" in given:
        try:
            date.fromisoformat(given["since"])
        except ValueError as error:
            raise _refused("since", given["since"]) from error
    given["q"] = given.get("q", "")[:SEARCH_CHARS_MAX]
    return HouseholdFilter(**given)


def _named(name: str, value: str) -> list[str]:
    return value.split(",") if name == "kind" else [value]


def escaped(text: str) -> str:
    """A text for LIKE … ESCAPE, in which nothing is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _search(text: str) -> ColumnElement[bool]:
    """By part of the name or door number, or the beginning of the name in pinyin or initials."""
    part, start = f"%{escaped(text)}%", f"{escaped(text.lower())}%"
    found = [
        col(Household.head_name).like(part, escape="\\"),
        col(Household.door_number).like(part, escape="\\"),
    ]
    if text.isascii():
        found.append(col(Household.head_pinyin).like(start.replace(" ", ""), escape="\\"))
        found.append(col(Household.head_initials).like(start, escape="\\"))
    return or_(*found)


def _heating(value: str, at: Standing) -> ColumnElement[bool]:
    return at.in_base if value == "base" else at.heating == value


def _kind(value: str, at: Standing) -> ColumnElement[bool]:
    return at.task_kind.is_not(None) if value == "any" else at.task_kind.in_(value.split(","))


def _situation(value: str, at: Standing) -> ColumnElement[bool]:
    # "Clean" is said of the heated base only: a home not heated is neither.
    of_base = at.situation != "clean" if value == "not_clean" else at.situation == value
    return and_(at.in_base, of_base)


def _of(value: str, at: Standing) -> ColumnElement[bool]:
    found = selections.condition(value)
    return false() if found is None else found


Condition = Callable[[str, Standing], ColumnElement[bool]]
CONDITIONS: Final[dict[str, Condition]] = {
    "area": lambda value, at: within(value),
    "q": lambda value, at: _search(value),
    "area_class": lambda value, at: at.area_class == value,
    "heating": _heating,
    "kind": _kind,
    "situation": _situation,
    "m2": lambda value, at: (
        col(Household.heated_area_m2).is_(None)
        if value == "missing"
        else col(Household.heated_area_m2).is_not(None)
    ),
    "device": lambda value, at: col(Household.device) == value,
    "fuel": lambda value, at: col(Household.fuel) == value,
    "reason": lambda value, at: and_(
        col(Household.heating_status) == "not_heated", col(Household.not_heated_reason) == value
    ),
    "hardship": lambda value, at: col(Household.hardship) == value,
    "visit": lambda value, at: col(Household.visit_outcome) == ("" if value == "none" else value),
    "mountain": lambda value, at: col(Household.mountain) == value,
    "conflicts": lambda value, at: col(Household.conflicts_n) > 0,
    "of": _of,
}
assert set(CONDITIONS) | {"state", "since", "clean_state"} == {f.name for f in fields(HouseholdFilter)}


def conditions(wanted: HouseholdFilter, at: Standing) -> Iterator[ColumnElement[bool]]:
    for name, condition in CONDITIONS.items():
        value = getattr(wanted, name)
        if value:
            yield condition(value, at)


def counted(statement: Select[Any]) -> Select[Any]:
    """The same rows, counted."""
    return statement.with_only_columns(func.count()).order_by(None)
