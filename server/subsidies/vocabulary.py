"""The words of money: levels of government, components, and what became of a rule, in Chinese.

Codes are stored and written in documents; these are what pages and sheets call them.
"""

from __future__ import annotations

from typing import Final

from server.registry.vocabulary import CONVERSION_KINDS, DEVICES, HARDSHIPS

# Marks a text for translation; rules read these words too, and know no web.
N_ = str

# `unstated` (未写明): the document does not say who bears it, so nobody may guess.
UNSTATED: Final = "unstated"
LEVELS: Final = {
    "central": N_("中央财政"),
    "province": N_("省级财政"),
    "city": N_("市级财政"),
    "county": N_("县级财政"),
    "township": N_("乡镇财政"),
    UNSTATED: N_("未写明由谁负担"),
}
CONSTRUCTION: Final = "construction"
OPERATING: Final = "operating"
HARDSHIP: Final = "hardship"
FULL_COVER: Final = "full_cover"
# In the order in which caps are used up.
COMPONENTS: Final = {
    CONSTRUCTION: N_("建设补贴"),
    HARDSHIP: N_("困难补助"),
    FULL_COVER: N_("兜底补贴"),
    OPERATING: N_("运行补贴"),
}
COMPONENTS_ENGLISH: Final = {
    CONSTRUCTION: "construction subsidy",
    HARDSHIP: "hardship supplement",
    FULL_COVER: "full cover",
    OPERATING: "operating subsidy",
}
OUTCOMES: Final = {
    "granted": N_("应补"),
    "capped": N_("封顶"),
    "silent": N_("文件未规定"),
    "excluded": N_("不予补贴"),
    "correction": N_("更正差额"),
}
# What a rule may have read of a home, in Chinese; the codes are plain English already.
FACTS: Final = {
    "accepted_on": N_("验收日期"),
    "acceptance": N_("验收文号"),
    "tier": N_("档次"),
    "kind": N_("改造类型"),
    "device": N_("设备类型"),
    "batch": N_("改造批次"),
    "signed_on": N_("签约日期"),
    "installed_on": N_("安装日期"),
    "connected_on": N_("接通日期"),
    "heated_area_m2": N_("采暖面积（m²）"),
    "not_heated": N_("不取暖的原因"),
    "demolition_year": N_("列入拆迁年份"),
    "hardship": N_("困难类别"),
    "hardship_since": N_("困难类别认定日期"),
    "cost_fen": N_("实际费用（元）"),
    "conversion": N_("哪一次改造"),
    "schedule": N_("补贴标准"),
}
KINDS: Final = tuple(CONVERSION_KINDS)
DEVICE_CODES: Final = (*(str(number) for number in range(1, 17)), "clean_coal_stove")
HARDSHIP_CLASSES: Final = tuple(code for code in HARDSHIPS if code != "none")
# Season of what is paid once. A season is never null, so that a database can hold it unique.
ONCE: Final = "once"

assert set(DEVICE_CODES) <= set(DEVICES)


def season_name(first_year: int) -> str:
    """A winter by its two years: 2019 is "2019-2020"."""
    return f"{first_year}-{first_year + 1}"


def once(number: int) -> str:
    """The season of a household's n-th grant of something paid once: "once", "once-2", …"""
    return ONCE if number == 1 else f"{ONCE}-{number}"
