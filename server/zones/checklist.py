"""A checklist as a page shows it: every line with its number and the address of exactly those homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.registry import rules as places
from server.registry.filters import HouseholdFilter
from server.zones import rules
from server.zones.lines import Key
from server.zones.tables import ZoneVersion
from server.zones.views import Readiness


@dataclass(frozen=True)
class Number:
    """A count with the list behind it. `households`: whether the list is one of households."""

    label: str
    n: int
    address: str
    households: bool = True


@dataclass(frozen=True)
class CheckLine:
    """A line of the checklist. `of`: the homes it speaks of in all, by group; `bad`: those in its way."""

    code: str
    title: str
    met: bool
    counts: bool
    known: bool
    bad: Number | None
    others: tuple[Number, ...]


LIST_OF: Final = {
    "surveyed": "unvisited",
    "homes": "not_converted",
    "connected": "not_connected",
    "used": "not_used",
    "paid": "unpaid",
}
BAD: Final = {
    "surveyed": rules.N_("未登记"),
    "homes": rules.N_("未改造"),
    "connected": rules.N_("未接通"),
    "used": rules.N_("未使用"),
    "problems": rules.N_("未销号"),
    "paid": rules.N_("未到位"),
    "proven": rules.N_("未满一季"),
    "stoves": rules.N_("违规"),
}


def area_of(villages: list[str], county: str) -> str:
    """The smallest area that holds all of these villages, for the right to see the list and its title."""
    if not villages:
        return county
    shared = (area for area in _areas(villages[0]) if all(code.startswith(area) for code in villages))
    return next(shared, county[:2])


def _areas(village: str) -> list[str]:
    """The areas a village lies in, itself first, its county last."""
    return [village[:digits] for digits in sorted(places.DIGITS.values(), reverse=True) if digits >= 6]


def lines_of(version: ZoneVersion, villages: list[str], found: Readiness) -> tuple[CheckLine, ...]:
    """The checklist of a version with its lists."""
    area = area_of(villages, version.county)

    def homes(line: str) -> str:
        key = Key(version.county, version.zone, version.number, line)
        return HouseholdFilter(area=area, of=key.text).address()

    tally = found.tally
    here = f"/zones/{version.county}/{version.zone}"
    stoves = f"{here}/stoves?version={version.number}"
    others = {
        "homes": (
            Number(rules.N_("已改造"), tally.converted, homes("converted")),
            Number(rules.N_("有原因不取暖"), tally.exempt, homes("exempt")),
            Number(rules.N_("空置"), tally.empty, homes("empty")),
        ),
        "problems": (Number(rules.N_("涉及住户"), tally.problem_households, homes("problems")),),
    }
    addresses = {
        **{code: homes(line) for code, line in LIST_OF.items()},
        "problems": f"{here}/problems?version={version.number}",
        "proven": f"{stoves}&show=unproven",
        "stoves": f"{stoves}&show=violation",
    }
    return tuple(
        CheckLine(
            code=line.code,
            title=rules.LINES[line.code],
            met=line.met,
            counts=line.counts,
            known=line.bad is not None,
            bad=None
            if line.bad is None
            else Number(BAD[line.code], line.bad, addresses[line.code], line.code in LIST_OF),
            others=others.get(line.code, ()),
        )
        for line in found.lines
    )


def all_homes(version: ZoneVersion, villages: list[str], found: Readiness) -> tuple[Number, Number]:
    """All homes of the zone, and those left out of it."""
    area = area_of(villages, version.county)
    key = (version.county, version.zone, version.number)
    inside = HouseholdFilter(area=area, of=Key(*key, "all").text).address()
    outside = HouseholdFilter(area=area, of=Key(*key, "left_out").text).address()
    return (
        Number(rules.N_("区内住户"), found.tally.households, inside),
        Number(rules.N_("划出住户"), found.tally.left_out, outside),
    )
