"""A schedule in plain words: every rate, silence, share, cap and exclusion as a row that a page can show.

Nothing of the document is left out and nothing is added; each row keeps its path, so that a decision's rule
leads to it. Apart from the page, because what is said here is the same in a sheet or on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from server.programme.document import Texts
from server.registry.vocabulary import CONVERSION_KINDS, DEVICES, HARDSHIPS
from server.subsidies.money import yuan
from server.subsidies.schedule import Clause, Schedule
from server.subsidies.vocabulary import COMPONENTS, CONSTRUCTION, LEVELS, OPERATING
from server.web import N_, translate
from server.web.language import Language

EXCLUSIONS: Final = {
    "self_converted": N_("农户自行改造"),
    "not_heated": N_("冬季不取暖"),
    "demolition": N_("{n} 年内列入拆迁"),
}


@dataclass(frozen=True)
class Rate:
    """A rate or a silence of the document. `amounts`: conversion year to yuan; empty where the text is silent."""

    path: str
    who: str
    tier: str
    amounts: dict[int, str]
    unit: str
    remark: str

    @property
    def silent(self) -> bool:
        return not self.amounts


@dataclass(frozen=True)
class Row:
    """Something the document says, beside its rates: where, what, and its remark."""

    path: str
    what: str
    said: str
    remark: str


@dataclass(frozen=True)
class Said:
    """A whole schedule in the words of one language."""

    years: Sequence[int]
    tiers: Sequence[Row]
    construction: Sequence[Rate]
    operating: Sequence[Rate]
    seasons: Sequence[Row]
    hardship: Sequence[Row]
    shares: Sequence[Row]
    caps: Sequence[Row]
    exclusions: Sequence[Row]


def words(schedule: Schedule, counties: dict[str, str], lang: Language) -> Said:
    """What a page shows of a schedule. `counties`: code to name, as the document gives them."""
    return Said(
        years=range(schedule.year_from, schedule.year_to + 1),
        tiers=_tiers(schedule, counties, lang),
        construction=[_rate(each, schedule, lang) for each in schedule.construction],
        operating=[_rate(each, schedule, lang) for each in schedule.operating],
        seasons=_seasons(schedule, lang),
        hardship=_hardship(schedule, lang),
        shares=_shares(schedule, lang),
        caps=_caps(schedule, lang),
        exclusions=_exclusions(schedule, lang),
    )


def _list(lang: Language, names: Iterable[str]) -> str:
    return ("、" if lang == "zh" else ", ").join(translate(lang, name) for name in names)


def _remark(remark: Texts, lang: Language) -> str:
    return remark.get(lang, "") if remark else ""


def _ordered(table: Iterable[str], codes: Iterable[str]) -> list[str]:
    wanted = set(codes)
    return [code for code in table if code in wanted]


def _tiers(schedule: Schedule, counties: dict[str, str], lang: Language) -> list[Row]:
    found = []
    for tier, title in schedule.tier_titles.items():
        inside = [counties.get(code, code) for code, its in schedule.tiers.items() if its == tier]
        found.append(Row(f"tiers.{tier}", title[lang], ("、" if lang == "zh" else ", ").join(inside), ""))
    return found


def _rate(clause: Clause, schedule: Schedule, lang: Language) -> Rate:
    kinds = _list(lang, (CONVERSION_KINDS[kind] for kind in _ordered(CONVERSION_KINDS, clause.kinds)))
    if clause.devices is not None:
        devices = _list(lang, (DEVICES[code] for code in _ordered(DEVICES, clause.devices)))
        kinds = translate(lang, N_("{kinds}（{devices}）"), kinds=kinds, devices=devices)
    tiers = schedule.tier_titles if clause.tiers is None else _ordered(schedule.tier_titles, clause.tiers)
    amounts = clause.amounts_fen or {}
    return Rate(
        path=clause.path,
        who=kinds,
        tier=_list(lang, (schedule.tier_titles[tier][lang] for tier in tiers)),
        amounts={year: yuan(fen) for year, fen in amounts.items()},
        unit=_unit(clause, lang),
        remark=_silence_of(clause, lang) + _remark(clause.remark, lang),
    )


def _silence_of(clause: Clause, lang: Language) -> str:
    """Which years a silence is about, where not about all."""
    if clause.amounts_fen is not None or clause.years is None:
        return ""
    years = ("、" if lang == "zh" else ", ").join(map(str, sorted(clause.years)))
    return translate(lang, N_("{years} 年：{what}"), years=years, what="")


def _unit(clause: Clause, lang: Language) -> str:
    if clause.per != "m2":
        return translate(lang, N_("元/户"))
    if clause.area_max_m2 is None:
        return translate(lang, N_("元/平方米采暖面积"))
    return translate(lang, N_("元/平方米采暖面积，最多 {area} 平方米"), area=clause.area_max_m2)


def _seasons(schedule: Schedule, lang: Language) -> list[Row]:
    begins, ends = (date(2000, *day) for day in (schedule.season_begins, schedule.season_ends))
    due = N_("采暖季开始时") if schedule.season_due == "season_begins" else N_("采暖季结束时")
    when = translate(
        lang, N_("{begins} 至次年 {ends}，{due}可以发放"), begins=f"{begins:%m-%d}", ends=f"{ends:%m-%d}",
        due=translate(lang, due),
    )  # fmt: skip
    rows = [Row("operating.season", translate(lang, N_("采暖季")), when, "")]
    for year, number in sorted(schedule.seasons_n.items()):
        what = translate(lang, N_("{year} 年改造"), year=year)
        winters = ("、" if lang == "zh" else ", ").join(
            f"{season.year}–{season.year + 1}" for season in schedule.seasons(year)
        )
        said = translate(lang, N_("补 {n} 个采暖季：{seasons}"), n=number, seasons=winters or "—")
        rows.append(Row(f"operating.seasons.{year}", what, said, ""))
    return rows


def _hardship(schedule: Schedule, lang: Language) -> list[Row]:
    rows = []
    for each in schedule.supplements:
        with_what = translate(lang, COMPONENTS[each.goes_with])
        said = translate(
            lang, N_("随{component}另补 {yuan} 元"), component=with_what, yuan=yuan(each.amount_fen)
        )
        if each.kinds is not None:
            kinds = _list(lang, (CONVERSION_KINDS[kind] for kind in _ordered(CONVERSION_KINDS, each.kinds)))
            said += translate(lang, N_("（限{kinds}）"), kinds=kinds)
        rows.append(Row(each.path, _classes(each.classes, lang), said, _remark(each.remark, lang)))
    for cover in schedule.full_cover:
        said = translate(lang, N_("兜底：实际费用减去其他补贴"))
        if cover.limit_fen is not None:
            said += translate(lang, N_("，最多 {yuan} 元"), yuan=yuan(cover.limit_fen))
        rows.append(Row(cover.path, _classes(cover.classes, lang), said, _remark(cover.remark, lang)))
    for silence in schedule.hardship_silent:
        what = _classes(silence.classes, lang)
        rows.append(
            Row(
                silence.path, what, translate(lang, N_("文件未规定，金额为 0")), _remark(silence.remark, lang)
            )
        )
    return rows


def _classes(classes: Iterable[str], lang: Language) -> str:
    return _list(lang, (HARDSHIPS[code] for code in _ordered(HARDSHIPS, classes)))


def _ratio(ratio: Fraction) -> str:
    pct = ratio * 100
    return f"{pct.numerator} %" if pct.denominator == 1 else f"{ratio.numerator}/{ratio.denominator}"


def _shares(schedule: Schedule, lang: Language) -> list[Row]:
    rows = []
    paths = {CONSTRUCTION: "construction.shares", OPERATING: "operating.shares"}
    for component, shares in schedule.shares.items():
        parts = _list(
            lang, (f"{translate(lang, LEVELS[level])} {_ratio(ratio)}" for level, ratio in shares.of.items())
        )
        if len(shares.of) > 1:
            remainder = translate(lang, LEVELS[shares.remainder])
            parts += translate(lang, N_("；分不尽的分厘归{level}"), level=remainder)
        path = paths.get(component, "hardship.shares")
        rows.append(Row(path, translate(lang, COMPONENTS[component]), parts, _remark(shares.remark, lang)))
    return rows


def _caps(schedule: Schedule, lang: Language) -> list[Row]:
    rows = []
    for cap in schedule.caps:
        whose = N_("每户合计") if cap.per == "household" else N_("全部合计")
        components = _list(lang, (COMPONENTS[each] for each in _ordered(COMPONENTS, cap.components)))
        said = translate(lang, N_("最多 {yuan} 元"), yuan=yuan(cap.amount_fen))
        what = translate(
            lang, N_("{whose}：{components}"), whose=translate(lang, whose), components=components
        )
        rows.append(Row(cap.path, what, said, _remark(cap.remark, lang)))
    return rows


def _exclusions(schedule: Schedule, lang: Language) -> list[Row]:
    rows = []
    for each in schedule.exclusions:
        components = _list(lang, (COMPONENTS[name] for name in _ordered(COMPONENTS, each.components)))
        said = translate(lang, N_("不给{components}"), components=components)
        what = translate(lang, EXCLUSIONS[each.what], n=each.within_years)
        rows.append(Row(each.path, what, said, _remark(each.remark, lang)))
    return rows
