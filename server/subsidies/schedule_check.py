"""What a subsidy schedule must look like, as a list of checks that never stop at the first fault.

First the shape; then what the parts say of each other: every kind, device, tier and year is either given an
amount or said to be silent, once; shares add up; seasons stay in their window. Such a check runs where the
parts it reads have a sound shape, whatever is wrong elsewhere, so that one reading names every fault there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any, Final

from server.programme.document import Fault, fault
from server.subsidies.schedule_shape import DOCUMENT
from server.subsidies.vocabulary import (
    CONSTRUCTION,
    DEVICE_CODES,
    HARDSHIP,
    HARDSHIP_CLASSES,
    KINDS,
    OPERATING,
    UNSTATED,
)

YEARS_SPAN_MAX: Final = 20
LISTED_MAX: Final = 20
Meaning = Callable[[Mapping[str, Any]], Iterator[Fault]]


def check_schedule(document: Any) -> list[Fault]:
    """Every fault of a document; an empty list means it can be released."""
    shape = list(DOCUMENT(document, ""))
    if not isinstance(document, dict):
        return shape
    found = shape
    for sections, check in MEANINGS:
        if not any(_touches(each.path, section) for each in shape for section in sections):
            found = found + list(check(document))
    return found


def _touches(path: str, section: str) -> bool:
    """Whether a fault of the shape lies in a section, or in what holds it."""
    inside = path == section or path.startswith((f"{section}.", f"{section}["))
    return inside or section.startswith(f"{path}.")


def _marked(document: Mapping[str, Any]) -> Iterator[Fault]:
    if document["example"] and "mark" not in document:
        yield fault("mark", "", "示例标准没有标记。", "请写明数字是示例，页面上要显示它。")
    if not document["example"] and "mark" in document:
        yield fault(
            "mark", document["mark"].get("zh"), "不是示例，却有示例标记。", "请删去，或把 example 改为 true。"
        )


def _sourced(document: Mapping[str, Any]) -> Iterator[Fault]:
    source = document["source"]
    if not source["original_seen"] and "remark" not in source:
        yield fault("source.remark", "", "没有见到原件，却没有说明。", "请写明从哪里录入、须与谁核对。")


def _days(document: Mapping[str, Any]) -> Iterator[Fault]:
    effective = document["effective"]
    if effective["from"] > effective["to"]:
        yield fault("effective.to", effective["to"], f"早于起始日 {effective['from']}。", "请改正其中之一。")


def _replacing(document: Mapping[str, Any]) -> Iterator[Fault]:
    if document.get("replaces") == document["version"]:
        yield fault("replaces", document["version"], "不能取代自己。", "请换一个新的版本号。")


def _counties(document: Mapping[str, Any]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name, tier in document["tiers"].items():
        for county in tier["counties"]:
            path = f"tiers.{name}.counties.{county}"
            if not county.startswith(document["area"]):
                yield fault(path, county, f"不在 {document['area']} 之内。", "请核对区划代码。")
            if county in seen:
                yield fault(path, county, f"已经在 {seen[county]} 档。", "一个县只能在一档，请删去其中之一。")
            seen[county] = name


def _year_span(document: Mapping[str, Any]) -> Iterator[Fault]:
    years = document["conversion_years"]
    if not 0 <= years["to"] - years["from"] < YEARS_SPAN_MAX:
        remedy = f"末年不早于首年，最多 {YEARS_SPAN_MAX} 年。"
        yield fault("conversion_years.to", years["to"], f"与首年 {years['from']} 不相配。", remedy)


def _years(document: Mapping[str, Any]) -> range:
    years = document["conversion_years"]
    return range(years["from"], min(years["to"], years["from"] + YEARS_SPAN_MAX - 1) + 1)


def _rates(component: str) -> Meaning:
    """Every kind, device, tier and year is spoken of once: with an amount, or as silent."""

    def check(document: Mapping[str, Any]) -> Iterator[Fault]:
        section, years = document[component], _years(document)
        clauses = [
            (f"{component}.{part}[{place}]", item)
            for part in ("rates", "silent")
            for place, item in enumerate(section[part])
        ]
        for path, item in clauses:
            yield from _known_words(path, item, document["tiers"], years)
            if "area_max_m2" in item and item.get("per") != "m2":
                yield fault(
                    f"{path}.area_max_m2",
                    item["area_max_m2"],
                    "这一条不按平方米计。",
                    "请删去，或加 per: m2。",
                )
        yield from _spoken_of_once(component, clauses, document["tiers"], years)

    return check


def _known_words(
    path: str, item: Mapping[str, Any], tiers: Mapping[str, Any], years: range
) -> Iterator[Fault]:
    for place, tier in enumerate(item.get("tiers", [])):
        if tier not in tiers:
            yield fault(f"{path}.tiers[{place}]", tier, "没有这一档。", f"请用 {'、'.join(tiers)} 之一。")
    for year in [*item.get("amounts", {}), *item.get("years", [])]:
        if int(year) not in years:
            remedy = "请删去，或改 conversion_years。"
            yield fault(f"{path}.{year}", year, "不在改造年度之内。", remedy)


def _spoken_of_once(
    component: str, clauses: list[tuple[str, Any]], tiers: Mapping[str, Any], years: range
) -> Iterator[Fault]:
    """One fault for all the devices of a kind, tier and year; a few dozen at most."""
    said: dict[tuple[str, ...], None] = {}
    for kind, tier, year, device in product(KINDS, tiers, years, DEVICE_CODES):
        spoken = [(path, item) for path, item in clauses if _speaks(item, kind, tier, year, device)]
        closest = [path for path, item in spoken if "devices" in item] or [path for path, _ in spoken]
        if len(closest) != 1:
            said[(kind, tier, str(year), *closest)] = None
    for kind, tier, spoken_year, *paths in list(said)[:LISTED_MAX]:
        what = f"{kind}，{tier} 档，{spoken_year} 年"
        if paths:
            yield fault(component, what, f"说了不止一次：{'、'.join(paths)}。", "只留一处。")
        else:
            yield fault(component, what, "没有说。", "请在 rates 里写金额；文件没有规定的，写进 silent。")
    if len(said) > LISTED_MAX:
        yield fault(component, "", f"还有 {len(said) - LISTED_MAX} 处没有说或说了不止一次。", "请一并改正。")


def _speaks(item: Mapping[str, Any], kind: str, tier: str, year: int, device: str) -> bool:
    return (
        kind in item["kinds"]
        and tier in item.get("tiers", [tier])
        and device in item.get("devices", [device])
        and (str(year) in item["amounts"] if "amounts" in item else year in item.get("years", [year]))
    )


def _shared(component: str) -> Meaning:
    def check(document: Mapping[str, Any]) -> Iterator[Fault]:
        shares = document[component].get("shares")
        if shares is None:
            return
        path = f"{component}.shares"
        total = sum(map(Fraction, shares["of"].values()))
        if total != 1:
            yield fault(f"{path}.of", total, "各级比例之和不是 1。", "请核对原文，改正比例。")
        if shares["remainder"] not in shares["of"]:
            yield fault(f"{path}.remainder", shares["remainder"], "不在分担的各级之中。", "请填其中一级。")
        if UNSTATED in shares["of"] and "remark" not in shares:
            yield fault(f"{path}.remark", "", "没有写明由谁负担，却没有说明。", "请写明文件怎么说。")

    return check


def _seasons(document: Mapping[str, Any]) -> Iterator[Fault]:
    operating, years = document["operating"], _years(document)
    window = operating["window"]
    for year in years:
        if str(year) not in operating["seasons"]:
            yield fault(f"operating.seasons.{year}", "", "缺少这一改造年度。", "请填采暖季数，没有就填 0。")
    for name, number in operating["seasons"].items():
        path, year = f"operating.seasons.{name}", int(name)
        if year not in years:
            yield fault(path, number, "不在改造年度之内。", "请删去，或改 conversion_years。")
        elif number and not window["first"] <= year <= year + number - 1 <= window["last"]:
            last = f"{year + number - 1} 年开始的采暖季"
            message = f"补到{last}，超出 {window['first']} 至 {window['last']} 的窗口。"
            yield fault(path, number, message, "请核对原文，改正季数或窗口。")


def _season_days(document: Mapping[str, Any]) -> Iterator[Fault]:
    season = document["operating"]["season"]
    if season["begins"] <= season["ends"]:
        remedy = "采暖季从秋天到次年春天，请核对。"
        yield fault("operating.season.ends", season["ends"], f"不早于开始的 {season['begins']}。", remedy)


def _hardship(document: Mapping[str, Any]) -> Iterator[Fault]:
    section = document["hardship"]
    silent = [name for item in section["silent"] for name in item["classes"]]
    spoken = {
        name for part in ("supplements", "full_cover") for item in section[part] for name in item["classes"]
    }
    for name in HARDSHIP_CLASSES:
        if silent.count(name) + (name in spoken) > 1:
            yield fault("hardship.silent", name, "既有规定，又说没有规定（或说了两次）。", "只留一处。")
        elif name not in silent and name not in spoken:
            remedy = "请写补助或兜底；文件没有规定的，写进 silent。"
            yield fault("hardship", name, "没有说这一类困难住户。", remedy)
    if spoken and "shares" not in section:
        yield fault("hardship.shares", "", "有补助，却没有写由谁负担。", "请补上各级比例。")
    yield from _one_supplement_each(section)


def _one_supplement_each(section: Mapping[str, Any]) -> Iterator[Fault]:
    seen: dict[tuple[str, str, str], str] = {}
    every = [(part, *each) for part in ("supplements", "full_cover") for each in enumerate(section[part])]
    for part, place, item in every:
        path = f"hardship.{part}[{place}]"
        for name, kind in product(dict.fromkeys(item["classes"]), item.get("kinds", KINDS)):
            key = (name, item.get("with", part), kind)
            if seen.setdefault(key, path) != path:
                yield fault(f"{path}.classes", name, f"与 {seen[key]} 重复。", "每类住户只留一处。")
                break


# What a check reads, and the check.
MEANINGS: Final[tuple[tuple[tuple[str, ...], Meaning], ...]] = (
    (("example", "mark"), _marked),
    (("source",), _sourced),
    (("effective",), _days),
    (("replaces", "version"), _replacing),
    (("tiers", "area"), _counties),
    (("conversion_years",), _year_span),
    (("construction.rates", "construction.silent", "tiers", "conversion_years"), _rates(CONSTRUCTION)),
    (("operating.rates", "operating.silent", "tiers", "conversion_years"), _rates(OPERATING)),
    (("construction.shares",), _shared(CONSTRUCTION)),
    (("operating.shares",), _shared(OPERATING)),
    (("hardship.shares",), _shared(HARDSHIP)),
    (("operating.seasons", "operating.window", "conversion_years"), _seasons),
    (("operating.season",), _season_days),
    (("hardship",), _hardship),
)
