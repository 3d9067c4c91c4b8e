"""The old stove: required, allowed or a violation, by text, place and day."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import server.programme
from server.programme.plan import plan_of
from server.zones.stove import (
    COAL_DEVICES,
    COAL_FUELS,
    PROVINCIAL,
    REASONS,
    VERDICTS,
    Home,
    InForce,
    Provision,
    burns_coal,
    proven_on,
    provisions_of,
    ruling,
)

ZEZHOU, SHUOCHENG, CHANGZHI = "140525100201", "140602001001", "140403001001"
PLAN = plan_of(
    json.loads((Path(server.programme.__file__).parent / "plans" / "zezhou-2020-1.json").read_text("utf-8"))
)
TABLE = provisions_of(PLAN)
ZONE = InForce("南村镇禁煤区", "泽政发〔2020〕9号", date(2020, 12, 1))
NEW = Home(
    ZEZHOU, "kept", date(2020, 10, 20), "10", "electricity",
    converted_on=date(2020, 9, 20), in_service_on=date(2020, 10, 20),
)  # fmt: skip
WINTER, AFTER = date(2021, 1, 10), date(2021, 3, 16)


def said(home: Home, day: date, zone: InForce | None = None, table: tuple[Provision, ...] = TABLE) -> str:
    found = ruling(home, table, zone, day)
    return f"{found.verdict}: {found.reason}"


def test_the_plan_of_zezhou_gives_two_provisions_and_its_own_words() -> None:
    own = [each for each in TABLE if each.jurisdiction == "140525"]
    assert [(each.where, each.rule, each.until_proven) for each in own] == [
        ("converted", "keep", True), ("no_coal_zone", "clear", False),
    ]  # fmt: skip
    assert own[0].effective_from == date(2020, 11, 9)
    assert own[0].converted_from == date(2020, 1, 1)
    assert "泽政办发〔2020〕28号" in own[0].source
    assert "不得拆除" in own[0].source


def test_outside_a_zone_an_unproven_home_must_keep_its_stove() -> None:
    assert said(NEW, WINTER) == "required: keep_unproven"
    assert said(replace(NEW, old_stove="present"), WINTER) == "required: keep_unproven"


def test_after_one_whole_season_nothing_in_zezhou_asks_for_it_any_more() -> None:
    assert proven_on(NEW, AFTER) == date(2021, 3, 15)
    assert said(NEW, date(2021, 3, 15)) == "required: keep_unproven"
    assert said(NEW, AFTER) == "allowed: no_rule"


def test_a_season_begun_late_or_with_coal_seen_in_it_proves_nothing() -> None:
    late = replace(NEW, in_service_on=date(2020, 11, 16))
    burning = replace(NEW, burned_on=(date(2021, 1, 3),))
    for home in (late, burning):
        assert said(home, AFTER) == "required: keep_unproven"
        assert said(home, date(2022, 3, 16)) == "allowed: no_rule"


def test_homes_converted_before_2020_are_not_those_the_text_names() -> None:
    old = replace(NEW, converted_on=date(2019, 9, 1), in_service_on=date(2020, 12, 1))
    assert said(old, WINTER) == "allowed: no_rule"


def test_removed_before_the_season_is_a_violation_from_the_day_of_the_text_on() -> None:
    gone = replace(NEW, old_stove="removed", old_stove_on=date(2020, 12, 5))
    assert said(gone, WINTER) == "violation: removed_early"
    assert said(gone, date(2023, 1, 1)) == "violation: removed_early"
    before_the_text = replace(gone, old_stove_on=date(2020, 11, 8))
    assert said(before_the_text, WINTER) == "none: no_stove"
    before_converting = replace(gone, old_stove_on=date(2020, 9, 1))
    assert said(before_converting, WINTER) == "none: no_stove"
    after_the_season = replace(gone, old_stove_on=AFTER)
    assert said(after_the_season, date(2021, 6, 1)) == "none: no_stove"


def test_in_a_zone_in_force_a_stove_in_use_is_a_violation_proven_or_not() -> None:
    for in_use in (
        replace(NEW, old_stove="present"), replace(NEW, device="coal_stove"), replace(NEW, fuel="briquette"),
        replace(NEW, device="kang", fuel="bulk_coal"), replace(NEW, device="clean_coal_stove"),
    ):  # fmt: skip
        found = ruling(in_use, TABLE, ZONE, WINTER)
        assert (found.verdict, found.reason) == ("violation", "in_use_in_zone")
        assert found.sources[0] == "南村镇禁煤区（泽政发〔2020〕9号，2020-12-01 起施行）"
        assert "双清零" in found.sources[1]


def test_in_a_zone_a_cold_stove_waits_for_the_season_and_then_has_to_go() -> None:
    found = ruling(NEW, TABLE, ZONE, WINTER)
    assert (found.verdict, found.reason) == ("allowed", "kept_unproven_in_zone")
    assert "不得拆除" in found.sources[0]
    assert "双清零" in found.sources[1]
    assert said(NEW, AFTER, ZONE) == "violation: kept_in_zone"


def test_removing_in_a_zone_in_force_is_no_violation_but_before_it_was() -> None:
    gone = replace(NEW, old_stove="removed", old_stove_on=date(2020, 12, 5))
    assert said(gone, WINTER, ZONE) == "none: no_stove"
    assert said(replace(gone, old_stove_on=date(2020, 11, 30)), WINTER, ZONE) == "violation: removed_early"


def test_shuozhou_wants_the_stove_gone_once_the_new_heating_is_in_service() -> None:
    home = replace(NEW, village=SHUOCHENG)
    assert said(home, WINTER) == "violation: remove"
    assert "拆炉具、拆灶台" in ruling(home, TABLE, None, WINTER).sources[0]
    assert said(replace(home, in_service_on=None), WINTER) == "allowed: no_rule"
    assert said(home, WINTER, ZONE) == "violation: kept_in_zone"


def test_where_no_text_is_known_a_zone_bans_coal_and_not_the_cold_stove() -> None:
    home = replace(NEW, village=CHANGZHI)
    assert said(home, WINTER) == "allowed: no_rule"
    assert said(home, WINTER, ZONE) == "allowed: kept_where_coal_is_banned"
    assert said(replace(home, old_stove="present"), WINTER, ZONE) == "violation: in_use_in_zone"


def test_keep_goes_before_remove_where_a_city_removes_and_its_county_keeps() -> None:
    city = Provision("1405", "converted", "remove", date(2020, 1, 1), "市里：拆")
    assert said(NEW, WINTER, None, (*TABLE, city)) == "required: keep_unproven"
    assert said(NEW, AFTER, None, (*TABLE, city)) == "violation: remove"


def test_provisions_bind_from_their_day_until_their_end() -> None:
    over = replace(TABLE[0], effective_until=date(2021, 1, 1))
    assert said(NEW, date(2020, 11, 8), None, (over,)) == "allowed: no_rule"
    assert said(NEW, date(2021, 1, 1), None, (over,)) == "required: keep_unproven"
    assert said(NEW, date(2021, 1, 2), None, (over,)) == "allowed: no_rule"


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        (Home(ZEZHOU), "unknown: not_asked"),
        (Home(ZEZHOU, "none", device="12"), "none: no_stove"),
        (Home(ZEZHOU, "present", device="coal_stove"), "allowed: not_converted"),
        (Home(ZEZHOU, device="coal_boiler", fuel="bulk_coal"), "allowed: not_converted"),
        (Home(ZEZHOU, "removed", date(2020, 12, 1), "12"), "none: no_stove"),
    ],
)
def test_homes_never_converted(home: Home, expected: str) -> None:
    assert said(home, WINTER) == expected


# --- of any home, any day --------------------------------------------------------------------------------------

days = st.dates(date(2018, 1, 1), date(2026, 1, 1))
maybe = st.none() | days
homes = st.builds(
    Home,
    village=st.sampled_from([ZEZHOU, SHUOCHENG, CHANGZHI]),
    old_stove=st.sampled_from(["", "none", "present", "kept", "removed"]),
    old_stove_on=maybe,
    device=st.sampled_from(["", "1", "12", "kang", "none", *COAL_DEVICES]),
    fuel=st.sampled_from(["", "electricity", "biomass", *COAL_FUELS]),
    converted_on=maybe,
    in_service_on=maybe,
    burned_on=st.lists(days, max_size=3).map(tuple),
)
zones = st.none() | st.builds(InForce, st.just("区"), st.just("1号"), days)


@given(homes, zones, days)
def test_every_home_gets_a_known_verdict_with_a_known_reason(
    home: Home, zone: InForce | None, day: date
) -> None:
    found = ruling(home, TABLE, zone, day)
    assert found.verdict in VERDICTS
    assert found.reason in REASONS
    if found.verdict in ("violation", "required"):
        assert found.sources, "nobody is told that they must without being told by what"


@given(homes, days, days)
def test_coal_burning_in_a_zone_is_always_a_violation_and_outside_never_required_to_burn(
    home: Home, since: date, day: date
) -> None:
    inside = ruling(home, TABLE, InForce("区", "1号", since), day)
    assert (inside.verdict == "violation") or not burns_coal(home)
    assert inside.verdict != "required", "in a zone nothing obliges to have a stove"


@given(homes, days, days, st.permutations(TABLE))
def test_the_order_of_provisions_decides_nothing(
    home: Home, since: date, day: date, shuffled: list[Provision]
) -> None:
    for zone in (None, InForce("区", "1号", since)):
        one, other = ruling(home, TABLE, zone, day), ruling(home, tuple(shuffled), zone, day)
        assert (one.verdict, one.reason, set(one.sources)) == (
            other.verdict,
            other.reason,
            set(other.sources),
        )


@given(homes, days, st.integers(0, 2000))
def test_proven_once_is_proven_later(home: Home, day: date, later: int) -> None:
    first = proven_on(home, day)
    if first is not None:
        assert first < day
        assert home.in_service_on is not None
        assert first - home.in_service_on >= timedelta(days=120)
        assert proven_on(home, day + timedelta(days=later)) == first


def test_the_table_above_the_counties_names_its_texts() -> None:
    assert all(each.source and each.jurisdiction for each in PROVINCIAL)
    assert provisions_of(None) == PROVINCIAL
