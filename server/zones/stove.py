"""Whether an old coal stove is required, allowed or a violation: provisions by jurisdiction, facts of a home.

The policy texts pull in three directions, so the answer depends on where, since when, and whether the new
heating has been through a winter:

- 朔州 2020, item 7 (两拆): in converted areas residents are urged to remove stove and coal range.
- 泽政办发〔2020〕28号, item 6: a home newly converted in 2020 and not proven by one heating season must not
  have its old coal heating removed (不得拆除).
- the same item, next paragraph: in the no-coal zone coal and coal equipment are both to be zero (双清零).

The last two meet in a zone that holds an unproven home. The one forbids *removal*, the other wants both coal
and equipment gone; neither permits *burning*. Therefore a stove in use in a zone in force is a violation
always, proven or not. A stove kept cold as a reserve in an unproven home is allowed until a season has proven
the new heating: a named prohibition for named homes goes before a general campaign, and people are not left
without heat (先立后破). Removing it there is no violation either. That the paragraph wants zones only where
conversion is complete and runs stably (整体完成改造并稳定运行) says how the collision is avoided: the readiness
checklist shows unproven homes before a zone is designated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from server.programme.plan import Plan

# Marks a text for translation, as server.web.N_ does; rules know no web.
N_ = str

VERDICTS: Final = {
    "violation": N_("违规"),
    "required": N_("应保留"),
    "allowed": N_("允许"),
    "none": N_("无燃煤炉具"),
    "unknown": N_("未登记"),
}
REASONS: Final = {
    "in_use_in_zone": N_("禁煤区内仍在用煤：无论是否经过采暖季检验，都不允许"),
    "kept_in_zone": N_("禁煤区内燃煤设施应清零，炉具应拆除"),
    "kept_unproven_in_zone": N_("未经一个采暖季检验，只可封存备用、不得用煤；检验后应清零"),
    "kept_where_coal_is_banned": N_("禁煤区只禁煤，未要求清除炉具；不得用煤"),
    "keep_unproven": N_("新改造、未经一个采暖季检验，不得拆除"),
    "remove": N_("已完成改造，炉具应拆除"),
    "removed_early": N_("未经一个采暖季检验就拆除了旧炉具"),
    "no_rule": N_("没有规定要求拆除或保留"),
    "not_converted": N_("尚未改造"),
    "no_stove": N_("没有炉具，或已拆除"),
    "not_asked": N_("炉具情况还没有登记"),
}
COAL_DEVICES: Final = ("coal_stove", "coal_boiler", "clean_coal_stove")
COAL_FUELS: Final = ("bulk_coal", "briquette", "clean_coal")
# Fifteenth to fifteenth: 11-15 to 03-15 is when Shanxi's meters are read for a season.
SEASON_STARTS: Final = (11, 15)
SEASON_ENDS: Final = (3, 15)


@dataclass(frozen=True)
class Provision:
    """One rule of a text. `jurisdiction`: division code prefix it binds. `effective_from`: day of the text.

    `converted_from`: only homes converted on or after that day (None: all). `until_proven`: only until one
    heating season has proven the new heating. `where`: converted or no_coal_zone; `rule`: keep, remove, clear.
    """

    jurisdiction: str
    where: str
    rule: str
    effective_from: date
    source: str
    effective_until: date | None = None
    converted_from: date | None = None
    until_proven: bool = False

    def binds(self, place: str, day: date) -> bool:
        begun = self.effective_from <= day
        return (
            begun
            and place.startswith(self.jurisdiction)
            and (self.effective_until is None or day <= self.effective_until)
        )


# What is not in a county's own plan document. No day is printed on the text; it is the plan of the year 2020
# and binds from that year's start.
SHUOZHOU: Final = "朔州市打赢蓝天保卫战2020年决战计划"
PROVINCIAL: Final[tuple[Provision, ...]] = (
    Provision(
        "1406", "converted", "remove", date(2020, 1, 1),
        f"{SHUOZHOU}第7项：“两拆”即督促完成清洁取暖改造区域的居民拆炉具、拆灶台",
    ),
    Provision(
        "1406", "no_coal_zone", "clear", date(2020, 1, 1),
        f"{SHUOZHOU}第8项：依法清理“禁煤区”散煤及燃煤设施",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class InForce:
    """The zone a home stands in, as in force on a day."""

    name: str
    document_number: str
    in_force_on: date

    @property
    def source(self) -> str:
        return f"{self.name}（{self.document_number}，{self.in_force_on:%Y-%m-%d} 起施行）"


@dataclass(frozen=True)
class Home:
    """What is registered of a home's old stove and its new heating.

    `converted_on`: its clean conversion was installed; `in_service_on`: first used, else connected.
    `burned_on`: days on which somebody saw coal burn there.
    """

    village: str
    old_stove: str = ""
    old_stove_on: date | None = None
    device: str = ""
    fuel: str = ""
    converted_on: date | None = None
    in_service_on: date | None = None
    burned_on: tuple[date, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """A verdict with its reason (code of REASONS) and the texts it rests on, narrowest first."""

    verdict: str
    reason: str
    sources: tuple[str, ...] = ()


def provisions_of(plan: Plan | None) -> tuple[Provision, ...]:
    """The old-stove provisions of a county's released plan, and those known of texts above it."""
    if plan is None:
        return PROVINCIAL
    return (*(_provision(plan, entry) for entry in plan.old_stove), *PROVINCIAL)


def _provision(plan: Plan, entry: Mapping[str, Any]) -> Provision:
    quoted = entry.get("remark", {}).get("zh", "")
    where = f"{plan.source['number']}{plan.source.get('item', '')}"
    return Provision(
        jurisdiction=plan.county,
        where=entry["where"],
        rule=entry["rule"],
        effective_from=date.fromisoformat(plan.source["dated"]),
        source=f"{where}：{quoted}" if quoted else where,
        converted_from=date.fromisoformat(entry["from"]) if "from" in entry else None,
        until_proven="until" in entry,
    )


def proven_on(home: Home, today: date) -> date | None:
    """The last day of the first whole heating season that the new heating has served, coal not having been
    seen to burn in it; None while there is none. No text says how a season proves: a whole one is asked for.
    """
    if home.in_service_on is None:
        return None
    for year in range(home.in_service_on.year, today.year):
        starts, ends = date(year, *SEASON_STARTS), date(year + 1, *SEASON_ENDS)
        served = home.in_service_on <= starts and ends < today
        if served and not any(starts <= day <= ends for day in home.burned_on):
            return ends
    return None


def burns_coal(home: Home) -> bool:
    """Whether coal is in use by what is registered. Clean coal is coal: a zone bans coal and its products."""
    return home.old_stove == "present" or home.device in COAL_DEVICES or home.fuel in COAL_FUELS


def ruling(home: Home, provisions: Iterable[Provision], zone: InForce | None, today: date) -> Ruling:
    """What the old stove of a home is today. `zone`: the no-coal zone in force over it, None outside."""
    known = tuple(provisions)
    stands = home.old_stove in ("present", "kept") or burns_coal(home)
    if not stands:
        return _without(home, known, zone)
    binding = _binding(home, known, today)
    return _inside(home, binding, zone, today) if zone else _outside(home, binding, today)


def _binding(home: Home, provisions: Iterable[Provision], day: date) -> list[Provision]:
    """The provisions that bind the home's place on a day, those of the narrowest jurisdiction first."""
    found = [each for each in provisions if each.binds(home.village, day)]
    return sorted(found, key=lambda each: (-len(each.jurisdiction), each.effective_from))


def _keeping(home: Home, binding: Iterable[Provision], today: date) -> list[str]:
    """Sources of the provisions that forbid removing this home's stove on that day."""
    if home.converted_on is None or home.converted_on > today:
        return []
    return [
        each.source
        for each in binding
        if each.where == "converted"
        and each.rule == "keep"
        and (each.converted_from is None or home.converted_on >= each.converted_from)
        and not (each.until_proven and proven_on(home, today))
    ]


def _sources(binding: Iterable[Provision], where: str, rule: str) -> list[str]:
    return [each.source for each in binding if (each.where, each.rule) == (where, rule)]


def _inside(home: Home, binding: list[Provision], zone: InForce, today: date) -> Ruling:
    clear = _sources(binding, "no_coal_zone", "clear")
    if burns_coal(home):
        return Ruling("violation", "in_use_in_zone", (zone.source, *clear))
    keep = _keeping(home, binding, today)
    if keep:
        return Ruling("allowed", "kept_unproven_in_zone", (*keep, *clear, zone.source))
    if clear:
        return Ruling("violation", "kept_in_zone", (*clear, zone.source))
    return Ruling("allowed", "kept_where_coal_is_banned", (zone.source,))


def _outside(home: Home, binding: list[Provision], today: date) -> Ruling:
    if home.converted_on is None or home.converted_on > today:
        return Ruling("allowed", "not_converted")
    keep = _keeping(home, binding, today)
    if keep:
        return Ruling("required", "keep_unproven", tuple(keep))
    remove = _sources(binding, "converted", "remove")
    # First stand, then break (先立后破): only where the new heating is in service is the old one to go.
    if remove and home.in_service_on is not None and home.in_service_on <= today:
        return Ruling("violation", "remove", tuple(remove))
    return Ruling("allowed", "no_rule")


def _without(home: Home, provisions: Iterable[Provision], zone: InForce | None) -> Ruling:
    """No stove stands there: it was never asked about, there was none, or it has gone, perhaps too early."""
    if home.old_stove == "":
        return Ruling("unknown", "not_asked")
    gone_on = home.old_stove_on
    if home.old_stove != "removed" or gone_on is None or home.converted_on is None:
        return Ruling("none", "no_stove")
    if zone is not None and zone.in_force_on <= gone_on:
        return Ruling("none", "no_stove")
    # Judged by what held on the day it went: before the conversion nothing forbade it.
    keep = _keeping(home, _binding(home, provisions, gone_on), gone_on)
    return Ruling("violation", "removed_early", tuple(keep)) if keep else Ruling("none", "no_stove")
