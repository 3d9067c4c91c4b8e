"""长治市's rates worked through by hand for eight households, to the fen.

By hand, from the text: construction 5,000/4,000/3,000 in tier 1 and 4,500/3,500/2,500 in tier 2 for electric
conversions of 2018/2019/2020; operating 2,400 a season, city and county half each; three seasons for 2017 and
2018, two for 2019, one for 2020. 2017's construction and hardship are not in the text: they are zero and say so.
"""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from server.registry import actions
from server.subsidies.facts import Spell
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule

AFTER_ALL_SEASONS = date(2021, 3, 31)
W17, W18, W19, W20 = "2017-2018", "2018-2019", "2019-2020", "2020-2021"
DIBAO = (Spell("dibao", date(2016, 5, 1)),)

# county, connected, hardship; construction in fen, the seasons of 2,400 yuan, total in fen
BY_HAND: list[tuple[str, str, tuple[Spell, ...], int, list[str], int]] = [
    ("140429", "2017-10-20", (), 0, [W17, W18, W19], 720_000),  # 武乡县, tier 1
    ("140427", "2018-09-30", (), 500_000, [W18, W19, W20], 1_220_000),  # 壶关县, tier 1
    ("140425", "2019-08-15", (), 400_000, [W19, W20], 880_000),  # 平顺县, tier 1
    ("140430", "2020-10-31", (), 300_000, [W20], 540_000),  # 沁县, tier 1
    ("140431", "2017-11-02", (), 0, [W17, W18, W19], 720_000),  # 沁源县, tier 2
    ("140403", "2018-10-08", (), 450_000, [W18, W19, W20], 1_170_000),  # 潞州区, tier 2
    ("140428", "2019-10-12", DIBAO, 350_000, [W19, W20], 830_000),  # 长子县, tier 2, a 低保 household
    ("140423", "2020-06-01", (), 250_000, [W20], 490_000),  # 襄垣县, tier 2
]


@pytest.mark.parametrize(
    ("county", "connected", "hardship", "construction_fen", "seasons", "total_fen"), BY_HAND
)
def test_a_household_by_hand(
    county: str, connected: str, hardship: tuple[Spell, ...], construction_fen: int, seasons: list[str],
    total_fen: int, home: Callable[..., Any], converted: Callable[..., Any], changzhi: Schedule,
) -> None:  # fmt: skip
    house = home(county, converted(connected), hardship=hardship)
    worked = work_out(house, [changzhi], AFTER_ALL_SEASONS)
    found = {(line.component, line.season): line for line in worked.lines}
    keys = {("construction", "once"), *(("operating", season) for season in seasons)}
    assert found.keys() == keys | ({("hardship", "once")} if hardship else set())
    construction = found["construction", "once"]
    assert construction.amount_fen == construction_fen
    assert dict(construction.shares_fen) == ({"unstated": construction_fen} if construction_fen else {})
    for season in seasons:
        line = found["operating", season]
        assert (line.amount_fen, dict(line.shares_fen)) == (240_000, {"city": 120_000, "county": 120_000})
        assert line.due_on == date(int(season[:4]), 11, 15)
    assert sum(line.amount_fen for line in worked.lines) == total_fen
    assert worked.left_out == ()


def test_where_the_text_is_silent_the_line_says_so(
    home: Callable[..., Any], converted: Callable[..., Any], changzhi: Schedule
) -> None:
    house = home("140431", converted("2017-11-02", kind="electric"), hardship=DIBAO)
    lines = {line.component: line for line in work_out(house, [changzhi], date(2017, 11, 10)).lines}
    assert {name: (line.amount_fen, line.outcome, line.rules) for name, line in lines.items()} == {
        "construction": (0, "silent", ("construction.silent[0]",)),
        "hardship": (0, "silent", ("hardship.silent[0]",)),
    }
    assert lines["construction"].reason == {
        "zh": "2017年接通的煤改电，第二档：文件没有写2017年改造的建设补贴，金额为 0。",
        "en": "electric heating connected in 2017, tier 2: the text names no construction subsidy for conversions of "
        "2017; the amount is zero.",
    }
    assert lines["hardship"].reason["zh"] == "2017-11-02是低保户：文件没有写困难群体的补助或兜底，金额为 0。"


@pytest.mark.parametrize(
    "kind", ["gas", "waste_heat", "central_heat", "geothermal", "solar", "biomass", "alcohol", "clean_coal"]
)
def test_other_kinds_are_silent_too(
    kind: str, home: Callable[..., Any], converted: Callable[..., Any], changzhi: Schedule
) -> None:
    lines = work_out(home("140427", converted("2019-08-15", kind=kind)), [changzhi], AFTER_ALL_SEASONS).lines
    assert [(line.component, line.season, line.amount_fen, line.outcome) for line in lines] == [
        ("construction", "once", 0, "silent"),
        ("operating", W19, 0, "silent"),
        ("operating", W20, 0, "silent"),
    ]


def test_a_line_names_its_rule_its_document_its_facts_and_its_reason(
    home: Callable[..., Any], converted: Callable[..., Any], changzhi: Schedule
) -> None:
    lines = work_out(home("140427", converted("2018-09-30")), [changzhi], date(2018, 11, 15)).lines
    construction, season = lines
    assert construction.rules == ("construction.rates[0].amounts.2018",)
    assert (construction.schedule.id, construction.schedule.sha256) == ("changzhi-2018", changzhi.sha256)
    assert not construction.schedule.example
    assert dict(construction.facts) == {
        "accepted_on": "2018-09-30", "acceptance": "验字1号", "tier": "1", "kind": "electric", "device": "10",
        "connected_on": "2018-09-30",
    }  # fmt: skip
    assert construction.reason["zh"] == "2018年接通的煤改电，第一档：建设补贴 5,000.00 元。"
    assert season.reason == {
        "zh": "2018年接通的煤改电补3个采暖季，这是第1个：运行补贴 2,400.00 元。",
        "en": "electric heating connected in 2018 is paid for 3 seasons, of which this is number 1: operating subsidy "
        "of 2,400.00 yuan.",
    }


def test_the_tiers_hold_every_county_of_the_city_by_its_code(changzhi_document: dict[str, Any]) -> None:
    with gzip.open(actions.BUNDLED) as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed, "utf-8-sig")))
    counties = {
        row["code"][:6]: row["name"]
        for row in rows
        if row["level"] == "county" and row["code"].startswith("1404")
    }
    tiers = changzhi_document["tiers"].values()
    assert {code: name for tier in tiers for code, name in tier["counties"].items()} == counties
    assert len(counties) == 12
