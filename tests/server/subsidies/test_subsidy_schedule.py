"""A schedule document: the two that ship are sound, a bad one is refused with every fault at once."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.programme.document import DocumentFault
from server.subsidies.schedule import (
    Schedule,
    bundled,
    overlapping,
    read_document,
    schedule_for,
    schedule_of,
)
from server.subsidies.schedule_check import check_schedule
from server.subsidies.vocabulary import KINDS

Edit = Callable[[dict[str, Any], dict[str, Any]], Any]
# Released: these texts never change again. A change of mind is another version.
RELEASED = {
    "changzhi-2018-1.json": "aebf7ea45e8ba49dd2fa9d38b51d3a2f9fc5f4624ab7ecc14009f4ebe4f4f6be",
    "zezhou-example-1.json": "195960e9d65ddce2459516f392f2970278278f442fb1a0b834b765d143e89923",
}


def test_the_released_documents_have_not_changed() -> None:
    found = {name: schedule_of(read_document(data)).sha256 for name, data in bundled().items()}
    assert found == RELEASED


def test_changzhi_says_what_its_text_says(changzhi: Schedule) -> None:
    def construction(county: str, year: int) -> int | None:
        clause = changzhi.clause("construction", "electric", "10", changzhi.tiers[county], year)
        assert clause is not None
        return None if clause.amounts_fen is None else clause.amounts_fen[year]

    assert [construction("140427", year) for year in range(2017, 2021)] == [None, 500_000, 400_000, 300_000]
    assert [construction("140403", year) for year in range(2017, 2021)] == [None, 450_000, 350_000, 250_000]
    assert dict(changzhi.seasons_n) == {2017: 3, 2018: 3, 2019: 2, 2020: 1}
    assert changzhi.shares["operating"].split(240_000) == {"city": 120_000, "county": 120_000}
    assert changzhi.shares["construction"].split(500_000) == {"unstated": 500_000}
    assert (changzhi.mark, changzhi.ref.example) == (None, False)
    assert not changzhi.source["original_seen"] and "核对" in changzhi.source["remark"]["zh"]
    assert "hardship" not in changzhi.shares and changzhi.exclusions == ()


def test_the_example_is_marked_as_one(zezhou: Schedule) -> None:
    assert zezhou.ref.example and zezhou.mark is not None
    assert "示例" in zezhou.mark["zh"] and "示例" in zezhou.title["zh"] and "example" in zezhou.id


def test_seasons_begin_in_the_autumn_of_the_conversion_year(changzhi: Schedule) -> None:
    first, second = changzhi.seasons(2019)
    assert (first.year, first.begins_on, first.ends_on) == (2019, date(2019, 11, 15), date(2020, 3, 15))
    assert (second.year, second.due_on) == (2020, date(2020, 11, 15))


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"construction.rates[0].amounts.2018": 5000}, "construction.rates[0].amounts.2018", "金额应为文字"),
        ({"construction.rates[0].amounts.2018": "-1"}, "construction.rates[0].amounts.2018", "负数"),
        ({"construction.rates[0].amounts.2018": "5e3"}, "construction.rates[0].amounts.2018", "科学计数法"),
        ({"construction.rates[0].kinds[0]": "煤改电"}, "construction.rates[0].kinds[0]", "不是允许的取值"),
        ({"construction.rates[0].tiers[0]": "3"}, "construction.rates[0].tiers[0]", "没有这一档"),
        ({"construction.silent[0]": ...}, "construction", "没有说"),
        ({"construction.silent[0].years": [2017, 2018]}, "construction", "说了不止一次"),
        ({"operating.shares.of": {"city": "1/2", "county": "1/3"}}, "operating.shares.of", "不是 1"),
        ({"operating.shares.remainder": "province"}, "operating.shares.remainder", "不在分担的各级之中"),
        ({"operating.shares.of.city": 0.5}, "operating.shares.of.city", "不是比例"),
        ({"construction.shares.remark": ...}, "construction.shares.remark", "没有写明由谁负担"),
        ({"operating.seasons.2020": 2}, "operating.seasons.2020", "超出 2017 至 2020 的窗口"),
        ({"operating.seasons.2018": ...}, "operating.seasons.2018", "缺少这一改造年度"),
        ({"operating.seasons.2016": 1}, "operating.seasons.2016", "不在改造年度之内"),
        ({"operating.season.begins": "02-29"}, "operating.season.begins", "不是月日"),
        ({"operating.season.ends": "12-15"}, "operating.season.ends", "不早于"),
        ({"tiers.2.counties.140427": "壶关县"}, "tiers.2.counties.140427", "已经在 1 档"),
        ({"tiers.2.counties.140525": "泽州县"}, "tiers.2.counties.140525", "不在 1404 之内"),
        ({"effective.to": "2016-12-31"}, "effective.to", "早于起始日"),
        ({"effective.to": "2020-02-30"}, "effective.to", "不是日期"),
        ({"hardship.silent[0].classes": ["dibao"]}, "hardship", "没有说这一类困难住户"),
        ({"hardship.full_cover": [{"classes": ["tekun"]}]}, "hardship.silent", "既有规定，又说没有规定"),
        ({"example": True}, "mark", "没有标记"),
        ({"mark": {"zh": "示例", "en": "example"}}, "mark", "不是示例"),
        ({"source.remark": ...}, "source.remark", "没有见到原件"),
        ({"conversion_years.to": 2016}, "conversion_years.to", "不相配"),
        ({"conversion_years.of": "birthday"}, "conversion_years.of", "不是允许的取值"),
        ({"rounding.rule": "down"}, "rounding.rule", "不是允许的取值"),
        ({"replaces": "1"}, "replaces", "不能取代自己"),
        ({"bonus": "1"}, "bonus", "不认识的字段"),
        ({"caps": ...}, "caps", "缺少这个字段"),
        ({"exclusions": [{"what": "rich", "components": [], "remark": {}}]}, "exclusions[0].what", "不是允许"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_path(
    changes: dict[str, Any], path: str, said: str, changzhi_document: dict[str, Any], changed: Edit
) -> None:
    faults = check_schedule(changed(changzhi_document, changes))
    assert any(fault.path == path and said in fault.message for fault in faults), list(map(str, faults))
    assert all(fault.message and fault.remedy for fault in faults)


def test_every_fault_is_named_at_once(changzhi_document: dict[str, Any], changed: Edit) -> None:
    bad = changed(
        changzhi_document,
        {
            "version": "", "source.dated": "12 April 2019", "construction.rates[1].amounts.2019": "3,50",
            "operating.shares.of.city": "1/3", "operating.seasons.2020": 2, "example": True,
            "tiers.2.counties.140525": "泽州县", "hardship.silent[0].classes[0]": "poor",
        },
    )  # fmt: skip
    with pytest.raises(DocumentFault) as raised:
        read_document(json.dumps(bad).encode())
    assert {fault.path for fault in raised.value.faults} == {
        "version", "source.dated", "construction.rates[1].amounts.2019", "operating.shares.of",
        "operating.seasons.2020", "mark", "tiers.2.counties.140525", "hardship.silent[0].classes[0]",
    }  # fmt: skip


def test_a_kind_nobody_spoke_of_is_found_for_every_year_and_tier(
    changzhi_document: dict[str, Any], changed: Edit
) -> None:
    kinds = changzhi_document["operating"]["silent"][0]["kinds"]
    bad = changed(changzhi_document, {"operating.silent[0].kinds": [kind for kind in kinds if kind != "gas"]})
    values = [fault.value for fault in check_schedule(bad)]
    assert values == [f"gas，{tier} 档，{year} 年" for tier in "12" for year in range(2017, 2021)]


def test_a_rule_for_a_device_goes_before_one_for_its_kind(zezhou: Schedule) -> None:
    def of(device: str) -> str:
        clause = zezhou.clause("construction", "electric", device, "1", 2020)
        assert clause is not None
        return clause.path

    assert (of("9"), of("6"), of("")) == ("construction.rates[0]", *["construction.rates[1]"] * 2)


def test_both_documents_speak_of_every_kind(changzhi: Schedule, zezhou: Schedule) -> None:
    for schedule in (changzhi, zezhou):
        for component in ("construction", "operating"):
            for tier in set(schedule.tiers.values()):
                for year in range(schedule.year_from, schedule.year_to + 1):
                    assert all(schedule.clause(component, kind, "", tier, year) for kind in KINDS)


def test_the_day_of_acceptance_chooses_the_version(
    zezhou_document: dict[str, Any], edited: Callable[..., Schedule]
) -> None:
    early = edited(zezhou_document, {"effective.to": "2020-06-30"})
    late = edited(zezhou_document, {"version": "2", "effective.from": "2020-07-01"})
    both = [late, early]
    assert overlapping(late, [early]) == []
    assert schedule_for(both, "140525", date(2020, 6, 30)) == early
    assert schedule_for(both, "140525", date(2020, 7, 1)) == late
    assert schedule_for(both, "140525", date(2019, 12, 31)) is None
    assert schedule_for(both, "140427", date(2020, 7, 1)) is None


def test_two_documents_for_one_day_are_refused_unless_one_replaces_the_other(
    zezhou_document: dict[str, Any], edited: Callable[..., Schedule], zezhou: Schedule
) -> None:
    beside = edited(zezhou_document, {"id": "zezhou-other"})
    assert [fault.path for fault in overlapping(beside, [zezhou])] == ["effective"]
    instead = edited(zezhou_document, {"version": "2", "replaces": "1"})
    assert overlapping(instead, [zezhou]) == []
    assert schedule_for([zezhou, instead], "140525", date(2020, 12, 1)) == instead
    assert overlapping(zezhou, [zezhou]) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_any_json_at_all_is_answered_with_faults(value: Any) -> None:
    assert check_schedule(value)


@given(st.data())
def test_any_one_place_changed_to_nonsense_is_sound_or_a_fault(data: st.DataObject) -> None:
    document = read_document(bundled()[data.draw(st.sampled_from(sorted(bundled())))])
    place: Any = document
    while isinstance(place, dict | list) and place:
        above, key = (
            place,
            data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))),
        )
        place = place[key]
        if data.draw(st.booleans()):
            break
    above[key] = data.draw(st.sampled_from([None, "", "x", -1, 0.5, True, [], {}, [[]], {"a": 1}, 10**30]))
    if not check_schedule(document):
        schedule_of(document)
