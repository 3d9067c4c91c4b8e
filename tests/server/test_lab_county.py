"""The synthetic county: the same from one seed, adding up to the plan, and nobody in it can be meant."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from random import Random

import pytest
from stdnum.cn import ric

from server.lab.conversions import YEAR_END, quotas
from server.lab.county import SyntheticHousehold, synthetic_county, village_sizes
from server.lab.recordings import recordings
from survey_forms import released
from survey_forms.answers import entity_changes
from survey_forms.functions import cn_ric
from survey_forms.interview import answers, begin, check
from survey_forms.scope import Context
from survey_forms.xform import parse

CLASSES = ("rural", "rural", "rural", "fringe", "rural", "built_up", None, "rural", "rural")


@dataclass(frozen=True)
class Village:
    code: str
    name: str
    area_class: str | None


def _villages(count: int = 90) -> list[Village]:
    """Plain and mountain townships (105 and 112 are in the mountains), every area class."""
    townships = ("140525100", "140525105", "140525108", "140525112", "140525101")
    return [
        Village(f"{townships[n % len(townships)]}{n:03d}", f"模拟村{n}", CLASSES[n % len(CLASSES)])
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def county() -> list[SyntheticHousehold]:
    return list(synthetic_county(Random(2020), 4_000, _villages()))


def test_the_same_seed_gives_the_same_county(county: list[SyntheticHousehold]) -> None:
    assert list(synthetic_county(Random(2020), 4_000, _villages())) == county
    assert list(synthetic_county(Random(2021), 4_000, _villages())) != county
    assert [home.number for home in county] == list(range(4_000))


def test_the_order_of_the_villages_handed_in_does_not_matter(county: list[SyntheticHousehold]) -> None:
    assert list(synthetic_county(Random(2020), 4_000, _villages()[::-1])) == county


@pytest.mark.parametrize("households_n", [0, 1, 89, 90, 91, 5_000])
def test_village_sizes_add_up(households_n: int) -> None:
    sizes = village_sizes(Random(1), households_n, _villages())
    assert sum(sizes) == households_n
    assert min(sizes) >= (1 if households_n >= 90 else 0)


def test_few_villages_are_large_and_many_are_small() -> None:
    sizes = sorted(village_sizes(Random(1), 5_000, _villages()), reverse=True)
    assert sizes[0] > 4 * sizes[45]
    assert sum(sizes[:18]) > 0.4 * 5_000


def test_the_plans_mix_is_met_to_the_home(county: list[SyntheticHousehold]) -> None:
    assert quotas(20_000) == {"waste_heat": 12_006, "gas": 2_350, "electric": 3_004}
    assert sum(quotas(777).values()) == round(17_360 * 777 / 20_000)
    done = Counter(home.conversion.kind for home in county if home.conversion)
    assert {kind: done[kind] for kind in quotas(4_000)} == quotas(4_000)


def test_clean_coal_stays_in_the_mountains(county: list[SyntheticHousehold]) -> None:
    clean_coal = [home for home in county if home.conversion and home.conversion.kind == "clean_coal"]
    assert clean_coal
    assert all(home.house.mountain and home.village[:9] in {"140525105", "140525112"} for home in clean_coal)


def test_stages_follow_each_other_within_the_year(county: list[SyntheticHousehold]) -> None:
    for home in county:
        if home.conversion is None:
            continue
        stages = home.conversion.stages
        dates = [
            stages.signed_on,
            stages.installed_on,
            stages.connected_on,
            stages.first_used_on,
            stages.accepted_on,
        ]
        happened = [day for day in dates if day is not None]
        assert happened == sorted(happened)
        assert home.registered_on is not None
        assert all(home.registered_on < day <= YEAR_END for day in happened)


def test_works_run_late_in_the_country_and_never_where_the_target_is_a_must(
    county: list[SyntheticHousehold],
) -> None:
    late = [
        home.area_class
        for home in county
        if home.conversion and (home.conversion.stages.installed_on or YEAR_END) > date(2020, 10, 31)
    ]
    assert late
    assert not {"built_up", "fringe"} & set(late)


def test_resident_numbers_pass_every_check_and_belong_to_no_one(county: list[SyntheticHousehold]) -> None:
    numbers = [home.house.id_number for home in county if home.house.id_number]
    assert all(cn_ric(number) for number in numbers)
    assert all(ric.calc_check_digit(number) == number[-1] for number in numbers)
    assert {number[:6] for number in numbers} == {"140525"}
    assert max(int(number[6:10]) for number in numbers) < 1880


def test_no_telephone_can_ring(county: list[SyntheticHousehold]) -> None:
    phones = {home.house.phone for home in county if home.house.phone}
    assert all(re.fullmatch(r"154\d{8}", phone) for phone in phones)


def test_names_are_plausible_and_some_have_rare_characters(county: list[SyntheticHousehold]) -> None:
    names = [home.house.head_name for home in county]
    assert all(2 <= len(name) <= 4 for name in names)
    assert {"䶮", "㛃", "𬍛"} <= {character for name in names for character in name}
    assert len(set(names)) > 1_500


def test_doors_are_unique_in_a_village(county: list[SyntheticHousehold]) -> None:
    doors = [(home.village, home.house.door_number) for home in county]
    assert len(set(doors)) == len(doors)


def test_recordings_are_dated_marked_and_in_order(county: list[SyntheticHousehold]) -> None:
    forms: Counter[str] = Counter()
    for home in county:
        made = list(recordings(home))
        assert made
        assert [one.on for one in made] == sorted(one.on for one in made)
        assert all(date(2020, 3, 16) <= one.on <= YEAR_END for one in made)
        assert all(
            "模拟数据" in str(one.answers.get("remark") or one.answers["visit_remark"]) for one in made
        )
        before_conversion = (
            [one.form for one in made[: [one.form for one in made].index("conversion")]]
            if (home.conversion)
            else ["household"]
        )
        assert "household" in before_conversion
        forms.update(one.form for one in made)
    assert forms["conversion"] > forms["household"] > forms["visit"] > 0


def test_the_real_forms_find_no_fault_in_what_is_recorded(county: list[SyntheticHousehold]) -> None:
    """Every ninth home, recorded as a tablet does it and checked again as the hub does it."""
    forms = {name: parse(xml) for name, _, xml in released()}
    seen: Counter[tuple[str, ...]] = Counter()
    for home in county[::9]:
        known: dict[str, str] = {"household_id": str(home.number), "village_name": home.village_name}
        for one in recordings(home):
            form, now = forms[one.form], datetime.combine(one.on, time(2), UTC)
            interview = begin(form, Context(today=one.on, now=now, given=known), one.answers)
            record = answers(interview)
            assert check(form, record, Context(today=one.on, now=now, given={})) == ()
            assert _is_within(one.answers, record)
            changes = entity_changes(form, record)
            seen[one.form, *sorted(changes)] += 1
            known |= {name: value for name, value in changes.get("household", {}).items() if value}
    assert set(seen) == {
        ("household", "household"),
        ("household", "coal_use", "household"),
        ("conversion", "conversion"),
        ("conversion", "conversion", "household"),
        ("conversion", "coal_use", "conversion", "household"),
        ("visit", "household"),
    }


def _is_within(asked: object, kept: object) -> bool:
    """Whether the interview kept every answer: none was to a question that is not asked."""
    if isinstance(asked, dict) and isinstance(kept, dict):
        return all(name in kept and _is_within(value, kept[name]) for name, value in asked.items() if value)
    if isinstance(asked, list) and isinstance(kept, list):
        return len(asked) == len(kept) and all(map(_is_within, asked, kept))
    return isinstance(asked, str) and isinstance(kept, str) and _words(asked) == _words(kept)


def _words(text: str) -> list[Decimal | str]:
    """Codes of a selection in any order, numbers by value."""
    words = sorted(text.split())
    return [Decimal(word) if re.fullmatch(r"[0-9.]+", word) else word for word in words]
