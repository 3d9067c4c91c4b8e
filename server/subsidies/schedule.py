"""A subsidy schedule (补贴标准) as a document: read whole, or refused with every fault at once.

A schedule is data somebody writes from a policy text: who gets how much for which conversion, how many
seasons, which level of government bears it. A released one never changes; what was decided by it names its
version and hash. Every rule keeps its path in the document, so that a decision can point at the line that
made it. Where the text is silent the document has to say so: silence is a rule with no money in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeVar

from server.programme.document import Fault, Texts, read, sha256_of
from server.subsidies import money
from server.subsidies.schedule_check import check_schedule
from server.subsidies.vocabulary import CONSTRUCTION, FULL_COVER, HARDSHIP, OPERATING

BUNDLED: Final = Path(__file__).parent / "schedules"
NO_TEXTS: Final[Texts] = {}
T = TypeVar("T")


@dataclass(frozen=True)
class Ref:
    """Which released document decided. `example`: its rates are made up, and every page must say so."""

    id: str
    version: str
    sha256: str
    example: bool


@dataclass(frozen=True)
class Clause:
    """A rate, or a silence where `amounts_fen` is None. `devices`, `tiers`, `years` None: all of them.

    `amounts_fen` is by conversion year, for a household or for a square metre of heated area (`per`), then of
    at most `area_max_m2`.
    """

    path: str
    kinds: frozenset[str]
    devices: frozenset[str] | None
    tiers: frozenset[str] | None
    years: frozenset[int] | None
    amounts_fen: Mapping[int, int] | None
    per: str
    area_max_m2: Decimal | None
    remark: Texts

    def covers(self, kind: str, device: str, tier: str, year: int) -> bool:
        return (
            kind in self.kinds
            and (self.devices is None or device in self.devices)
            and (self.tiers is None or tier in self.tiers)
            and (self.years is None or year in self.years)
        )


@dataclass(frozen=True)
class Shares:
    """How the levels of government share an amount. The fen that do not divide go to `remainder`."""

    of: Mapping[str, Fraction]
    remainder: str
    remark: Texts

    def split(self, amount_fen: int) -> dict[str, int]:
        """Level → fen, adding up to the amount; nothing for nobody of nothing."""
        return money.split(amount_fen, self.of, self.remainder) if amount_fen else {}


@dataclass(frozen=True)
class Season:
    """A winter of the document: named by its first year."""

    year: int
    begins_on: date
    ends_on: date
    due_on: date


@dataclass(frozen=True)
class Supplement:
    """A fixed supplement for hardship classes, with the construction or with each season's operating subsidy."""

    path: str
    classes: frozenset[str]
    kinds: frozenset[str] | None
    goes_with: str
    amount_fen: int
    remark: Texts


@dataclass(frozen=True)
class FullCover:
    """兜底: the actual cost less what the other rules give, up to `limit_fen`."""

    path: str
    classes: frozenset[str]
    limit_fen: int | None
    remark: Texts


@dataclass(frozen=True)
class HardshipSilence:
    path: str
    classes: frozenset[str]
    remark: Texts


@dataclass(frozen=True)
class Cap:
    """The most that one household, or all together (`per`: household or total), get for some components."""

    path: str
    per: str
    components: frozenset[str]
    amount_fen: int
    remark: Texts


@dataclass(frozen=True)
class Exclusion:
    """What gets nothing: self_converted (batch 4), not_heated, or demolition within some years."""

    path: str
    what: str
    components: frozenset[str]
    within_years: int
    remark: Texts


@dataclass(frozen=True)
class Schedule:
    """A released schedule. `area` is a city's or a county's code; `tiers` county code → tier."""

    id: str
    version: str
    sha256: str
    replaces: str | None
    area: str
    mark: Texts | None
    title: Texts
    source: Mapping[str, Any]
    effective_from: date
    effective_to: date
    tiers: Mapping[str, str]
    tier_titles: Mapping[str, Texts]
    year_from: int
    year_to: int
    year_of: str
    year_remark: Texts
    construction: tuple[Clause, ...]
    construction_per_household: int
    operating: tuple[Clause, ...]
    seasons_n: Mapping[int, int]
    season_begins: tuple[int, int]
    season_ends: tuple[int, int]
    season_due: str
    shares: Mapping[str, Shares]
    supplements: tuple[Supplement, ...]
    full_cover: tuple[FullCover, ...]
    hardship_silent: tuple[HardshipSilence, ...]
    caps: tuple[Cap, ...]
    exclusions: tuple[Exclusion, ...]

    @property
    def ref(self) -> Ref:
        return Ref(self.id, self.version, self.sha256, self.mark is not None)

    def covers(self, county: str, on: date) -> bool:
        """Whether an acceptance in this county on this day is this document's."""
        return county in self.tiers and self.effective_from <= on <= self.effective_to

    def clause(self, component: str, kind: str, device: str, tier: str, year: int) -> Clause | None:
        """What the document says; a rule for the device before one for the kind. None for words it does not know."""
        clauses = self.construction if component == CONSTRUCTION else self.operating
        found = [clause for clause in clauses if clause.covers(kind, device, tier, year)]
        return min(found, key=lambda clause: clause.devices is None, default=None)

    def seasons(self, year: int) -> tuple[Season, ...]:
        """The winters a conversion of this year is paid for; the first begins in that year's autumn."""
        return tuple(self.season(first) for first in range(year, year + self.seasons_n.get(year, 0)))

    def season(self, year: int) -> Season:
        begins, ends = date(year, *self.season_begins), date(year + 1, *self.season_ends)
        return Season(year, begins, ends, begins if self.season_due == "season_begins" else ends)


def read_document(data: bytes) -> dict[str, Any]:
    """A schedule from its file. Raises DocumentFault where it is no JSON object or has a fault."""
    return read(data, check_schedule)


def bundled() -> dict[str, bytes]:
    """The schedules that come with the program: file name → bytes, one for 泽州县 and one for 长治市."""
    return {path.name: path.read_bytes() for path in sorted(BUNDLED.glob("*.json"))}


def overlapping(new: Schedule, released: Iterable[Schedule]) -> list[Fault]:
    """Why a schedule may not be released beside those that are: two would be in force for one acceptance.

    A document may cover what another covers only by replacing it: same id, `replaces` its version.
    """
    found = []
    for old in in_force(released):
        same = (old.id, old.version) in {(new.id, new.version), (new.id, new.replaces)}
        shared = sorted(new.tiers.keys() & old.tiers.keys())
        if (
            not same
            and shared
            and new.effective_from <= old.effective_to
            and old.effective_from <= new.effective_to
        ):
            days = f"{new.effective_from} 至 {new.effective_to}"
            message = (
                f"与已发布的 {old.id} 第 {old.version} 版（{old.effective_from} 至 {old.effective_to}）"
                f"在 {'、'.join(shared)} 重叠，同一次验收会有两个标准。"
            )
            found.append(
                Fault("effective", days, message, "请改起止日期；若要取代它，用同一个 id 并填 replaces。")
            )
    return found


def in_force(released: Iterable[Schedule]) -> list[Schedule]:
    """Those that no later version replaces."""
    documents = list(released)
    replaced = {(document.id, document.replaces) for document in documents}
    return [document for document in documents if (document.id, document.version) not in replaced]


def schedule_for(released: Iterable[Schedule], county: str, accepted_on: date) -> Schedule | None:
    """The schedule an acceptance falls under, by the documents' effective dates; None where none covers it."""
    found = [document for document in in_force(released) if document.covers(county, accepted_on)]
    assert len(found) <= 1, f"two schedules for {county} on {accepted_on}: release lets none overlap"
    return found[0] if found else None


def schedule_of(document: Mapping[str, Any]) -> Schedule:
    """The values of a document that has no faults."""
    operating, years = document["operating"], document["conversion_years"]
    hardship = document["hardship"]
    shares = {
        CONSTRUCTION: _shares(document["construction"]["shares"]),
        OPERATING: _shares(operating["shares"]),
    }
    if "shares" in hardship:
        shares |= {HARDSHIP: _shares(hardship["shares"]), FULL_COVER: _shares(hardship["shares"])}
    return Schedule(
        id=document["id"],
        version=document["version"],
        sha256=sha256_of(document),
        replaces=document.get("replaces"),
        area=document["area"],
        mark=document.get("mark"),
        title=document["title"],
        source=document["source"],
        effective_from=date.fromisoformat(document["effective"]["from"]),
        effective_to=date.fromisoformat(document["effective"]["to"]),
        tiers={county: name for name, tier in document["tiers"].items() for county in tier["counties"]},
        tier_titles={name: tier["title"] for name, tier in document["tiers"].items()},
        year_from=years["from"],
        year_to=years["to"],
        year_of=years["of"],
        year_remark=years["remark"],
        construction=_clauses(document["construction"], CONSTRUCTION),
        construction_per_household=document["construction"]["per_household"],
        operating=_clauses(operating, OPERATING),
        seasons_n={int(year): number for year, number in operating["seasons"].items()},
        season_begins=_month_day(operating["season"]["begins"]),
        season_ends=_month_day(operating["season"]["ends"]),
        season_due=operating["due"],
        shares=shares,
        supplements=_each(hardship["supplements"], "hardship.supplements", _supplement),
        full_cover=_each(hardship["full_cover"], "hardship.full_cover", _full_cover),
        hardship_silent=_each(hardship["silent"], "hardship.silent", _hardship_silence),
        caps=_each(document["caps"], "caps", _cap),
        exclusions=_each(document["exclusions"], "exclusions", _exclusion),
    )


def _each(items: list[Any], path: str, make: Callable[[Any, str], T]) -> tuple[T, ...]:
    return tuple(make(item, f"{path}[{place}]") for place, item in enumerate(items))


def _month_day(text: str) -> tuple[int, int]:
    return int(text[:2]), int(text[3:])


def _clauses(section: Mapping[str, Any], component: str) -> tuple[Clause, ...]:
    return _each(section["rates"], f"{component}.rates", _clause) + _each(
        section["silent"], f"{component}.silent", _clause
    )


def _clause(item: Mapping[str, Any], path: str) -> Clause:
    amounts = item.get("amounts")
    years = item.get("years") if amounts is None else map(int, amounts)
    return Clause(
        path=path,
        kinds=frozenset(item["kinds"]),
        devices=_set(item.get("devices")),
        tiers=_set(item.get("tiers")),
        years=None if years is None else frozenset(years),
        amounts_fen=None
        if amounts is None
        else {int(year): money.fen(text) for year, text in amounts.items()},
        per=item.get("per", "household"),
        area_max_m2=Decimal(item["area_max_m2"]) if "area_max_m2" in item else None,
        remark=item.get("remark", NO_TEXTS),
    )


def _set(items: Iterable[str] | None) -> frozenset[str] | None:
    return None if items is None else frozenset(items)


def _shares(item: Mapping[str, Any]) -> Shares:
    of = {level: Fraction(ratio) for level, ratio in item["of"].items()}
    return Shares(of, item["remainder"], item.get("remark", NO_TEXTS))


def _supplement(item: Mapping[str, Any], path: str) -> Supplement:
    return Supplement(
        path=path,
        classes=frozenset(item["classes"]),
        kinds=_set(item.get("kinds")),
        goes_with=item["with"],
        amount_fen=money.fen(item["amount"]),
        remark=item.get("remark", NO_TEXTS),
    )


def _full_cover(item: Mapping[str, Any], path: str) -> FullCover:
    limit_fen = money.fen(item["limit"]) if "limit" in item else None
    return FullCover(path, frozenset(item["classes"]), limit_fen, item.get("remark", NO_TEXTS))


def _hardship_silence(item: Mapping[str, Any], path: str) -> HardshipSilence:
    return HardshipSilence(path, frozenset(item["classes"]), item["remark"])


def _cap(item: Mapping[str, Any], path: str) -> Cap:
    return Cap(path, item["per"], frozenset(item["components"]), money.fen(item["amount"]), item["remark"])


def _exclusion(item: Mapping[str, Any], path: str) -> Exclusion:
    return Exclusion(
        path, item["what"], frozenset(item["components"]), item.get("within_years", 0), item["remark"]
    )
