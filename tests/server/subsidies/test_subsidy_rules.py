"""Entitlement: who gets what for which season, and what a line tells about itself."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from server.subsidies.entitlement import Worked
from server.subsidies.facts import Spell, held_on
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule

Make = Callable[..., Any]
ZEZHOU = "140525"
END = date(2024, 6, 30)


def amounts(worked: Worked) -> dict[tuple[str, str], int]:
    return {(line.component, line.season): line.amount_fen for line in worked.lines}


def codes(worked: Worked) -> list[tuple[str, str, str]]:
    return [(each.code, each.component, each.season) for each in worked.left_out]


def test_only_what_an_official_accepted_counts(home: Make, converted: Make, zezhou: Schedule) -> None:
    house = home(ZEZHOU, converted("2020-10-10", None))
    worked = work_out(house, [zezhou], END)
    assert (worked.lines, codes(worked)) == ((), [("not_accepted", "", "")])
    later = home(ZEZHOU, converted("2020-10-10", "2020-12-01"))
    assert codes(work_out(later, [zezhou], date(2020, 11, 30))) == [("not_accepted", "", "")]
    assert amounts(work_out(later, [zezhou], date(2020, 12, 1))) == {
        ("construction", "once"): 600_000,
        ("operating", "2020-2021"): 120_000,
    }


def test_a_season_begun_before_the_acceptance_falls_due_with_it(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    lines = work_out(home(ZEZHOU, converted("2020-10-10", "2021-04-01")), [zezhou], END).lines
    assert [(line.season, line.due_on) for line in lines[:2]] == [
        ("once", date(2021, 4, 1)),
        ("2020-2021", date(2021, 4, 1)),
    ]


def test_the_year_is_that_of_connection_and_not_of_installation(
    home: Make, converted: Make, changzhi: Schedule
) -> None:
    house = home("140427", converted("2019-01-05", installed_on=date(2018, 12, 20)))
    line = work_out(house, [changzhi], END).lines[0]
    assert (line.amount_fen, line.facts["connected_on"]) == (400_000, "2019-01-05")


def test_a_document_may_name_another_day_for_the_year(
    home: Make, converted: Make, changzhi_document: dict[str, Any], edited: Make
) -> None:
    schedule = edited(changzhi_document, {"conversion_years.of": "installed"})
    house = home("140427", converted("2019-06-01", installed_on=date(2018, 12, 20)))
    worked = work_out(house, [schedule], END)
    assert worked.lines[0].amount_fen == 500_000
    # Three seasons from 2018 on, but nothing was connected in the first of them.
    assert [line.season for line in worked.lines[1:]] == ["2019-2020", "2020-2021"]
    assert codes(worked) == [("not_in_use", "operating", "2018-2019")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"connected_on": None, "accepted_on": date(2020, 10, 1)}, "no_day"),
        ({"accepted_on": date(2022, 1, 1)}, "no_schedule"),
    ],
)
def test_what_stands_in_the_way_is_named(
    changes: dict[str, Any], code: str, home: Make, converted: Make, zezhou: Schedule
) -> None:
    worked = work_out(home(ZEZHOU, converted("2020-10-10", **changes)), [zezhou], END)
    assert (worked.lines, codes(worked)) == ((), [(code, "", "")])
    assert all(each.reason["zh"] and each.reason["en"] for each in worked.left_out)


def test_an_unknown_kind_is_asked_about_and_never_guessed(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    worked = work_out(home(ZEZHOU, converted("2020-10-10", kind="hydrogen")), [zezhou], date(2020, 12, 1))
    assert codes(worked) == [("no_rule", "construction", "once"), ("no_rule", "operating", "2020-2021")]


@pytest.mark.parametrize(
    ("area", "expected_fen"), [("85.5", 243_675), ("100", 285_000), ("180", 285_000), ("33.33", 94_991)]
)
def test_square_metres_are_counted_up_to_the_limit_and_rounded_half_up(
    area: str, expected_fen: int, home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2020-10-10", kind="waste_heat"), heated_area_m2=Decimal(area))
    line = work_out(house, [zezhou], date(2020, 11, 1)).lines[0]
    assert (line.amount_fen, line.facts["heated_area_m2"]) == (expected_fen, area)
    assert sum(line.shares_fen.values()) == expected_fen


def test_without_an_area_nothing_is_decided(home: Make, converted: Make, zezhou: Schedule) -> None:
    worked = work_out(home(ZEZHOU, converted("2020-10-10", kind="waste_heat")), [zezhou], date(2020, 11, 1))
    assert codes(worked) == [("no_area", "construction", "once")]


# ---- exclusions


def test_self_converted_homes_get_the_season_only(home: Make, converted: Make, zezhou: Schedule) -> None:
    worked = work_out(home(ZEZHOU, converted("2020-10-10", batch="4")), [zezhou], date(2020, 12, 1))
    construction, season = worked.lines
    assert (construction.amount_fen, construction.outcome) == (0, "excluded")
    assert construction.rules == ("exclusions[0]",)
    assert (construction.facts["batch"], dict(construction.shares_fen)) == ("4", {})
    assert construction.reason["zh"] == "2020年接通的煤改电，全县：自行改造的不给建设补贴。"
    assert season.amount_fen == 120_000


def test_a_winter_without_heating_is_not_paid_and_the_next_is(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    spells = (Spell("away_winter", date(2021, 10, 1)), Spell("", date(2022, 10, 1)))
    house = home(ZEZHOU, converted("2020-10-10"), not_heated=spells)
    found = {line.season: line for line in work_out(house, [zezhou], END).lines}
    assert [found[season].amount_fen for season in ("2020-2021", "2021-2022", "2022-2023")] == [
        120_000,
        0,
        120_000,
    ]
    assert found["2021-2022"].facts["not_heated"] == "away_winter"
    assert found["once"].amount_fen == 600_000


@pytest.mark.parametrize(("year", "expected_fen"), [(2020, 0), (2021, 0), (2022, 600_000), (None, 600_000)])
def test_the_demolition_list(
    year: int | None, expected_fen: int, home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2020-10-10"), demolition_year=year)
    assert work_out(house, [zezhou], date(2020, 11, 1)).lines[0].amount_fen == expected_fen


def test_changzhi_excludes_nobody_because_its_text_does_not(
    home: Make, converted: Make, changzhi: Schedule
) -> None:
    house = home("140427", converted("2019-10-10", batch="4"), demolition_year=2020)
    assert amounts(work_out(house, [changzhi], date(2019, 11, 15))) == {
        ("construction", "once"): 400_000,
        ("operating", "2019-2020"): 240_000,
    }


# ---- hardship


def test_the_supplement_goes_by_the_class_on_the_day(home: Make, converted: Make, zezhou: Schedule) -> None:
    spells = (Spell("dibao", date(2020, 1, 1)), Spell("none", date(2021, 6, 1)))
    found = amounts(
        work_out(home(ZEZHOU, converted("2020-10-10"), hardship=spells), [zezhou], date(2021, 12, 1))
    )
    assert found == {
        ("construction", "once"): 600_000,
        ("hardship", "once"): 50_000,
        ("operating", "2020-2021"): 120_000,
        ("hardship", "2020-2021"): 20_000,
        ("operating", "2021-2022"): 120_000,
    }


def test_a_class_proven_after_the_acceptance_begins_with_the_next_season(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2020-10-10"), hardship=(Spell("dibao", date(2020, 10, 11)),))
    assert ("hardship", "once") not in amounts(work_out(house, [zezhou], date(2020, 12, 1)))
    assert amounts(work_out(house, [zezhou], date(2020, 12, 1)))["hardship", "2020-2021"] == 20_000


def test_a_class_without_a_day_of_proof_waits_for_it(home: Make, converted: Make, zezhou: Schedule) -> None:
    house = home(ZEZHOU, converted("2020-10-10"), hardship=(Spell("dibao", None),))
    assert codes(work_out(house, [zezhou], date(2020, 11, 1))) == [("no_proof_day", "hardship", "once")]


def test_where_nothing_is_granted_there_is_no_supplement(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2020-10-10", kind="solar"), hardship=(Spell("dibao", date(2020, 1, 1)),))
    assert amounts(work_out(house, [zezhou], date(2020, 12, 1))) == {
        ("construction", "once"): 0,
        ("operating", "2020-2021"): 0,
    }


@pytest.mark.parametrize(
    ("cost_fen", "covered_fen", "outcome"),
    [(850_000, 250_000, "granted"), (500_000, 0, "granted"), (9_999_900, 400_000, "capped")],
)
def test_full_cover_bears_what_is_left_of_the_cost_up_to_the_cap(
    cost_fen: int, covered_fen: int, outcome: str, home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(
        ZEZHOU, converted("2020-10-10", cost_fen=cost_fen), hardship=(Spell("tekun", date(2020, 1, 1)),)
    )
    found = {line.component: line for line in work_out(house, [zezhou], date(2020, 11, 1)).lines}
    assert (found["full_cover"].amount_fen, found["full_cover"].outcome) == (covered_fen, outcome)
    assert found["full_cover"].shares_fen == ({"county": covered_fen} if covered_fen else {})


def test_full_cover_without_a_cost_is_asked_about(home: Make, converted: Make, zezhou: Schedule) -> None:
    house = home(ZEZHOU, converted("2020-10-10"), hardship=(Spell("tekun", date(2020, 1, 1)),))
    assert codes(work_out(house, [zezhou], date(2020, 11, 1))) == [("no_cost", "full_cover", "once")]


# ---- caps


def test_a_household_gets_no_more_than_its_cap(
    home: Make, converted: Make, zezhou_document: dict[str, Any], edited: Make
) -> None:
    schedule = edited(zezhou_document, {"caps[0].amount": "6200.00"})
    house = home(ZEZHOU, converted("2020-10-10"), hardship=(Spell("dibao", date(2020, 1, 1)),))
    construction, hardship = work_out(house, [schedule], date(2020, 11, 1)).lines
    assert (construction.amount_fen, construction.outcome) == (600_000, "granted")
    assert (hardship.amount_fen, hardship.outcome) == (20_000, "capped")
    assert hardship.rules == ("hardship.supplements[0]", "caps[0]")
    assert hardship.reason["zh"].endswith("每户建设类补贴合计封顶，上限 6,200.00 元，还可补 200.00 元。")


def test_all_together_get_no_more_than_the_total(home: Make, converted: Make, zezhou: Schedule) -> None:
    spent = {(zezhou.sha256, "caps[1]"): 9_000_000_000 - 400_000, (zezhou.sha256, "caps[0]"): 10**12}
    line = work_out(home(ZEZHOU, converted("2020-10-10")), [zezhou], date(2020, 11, 1), spent).lines[0]
    assert (line.amount_fen, line.outcome) == (400_000, "capped")
    assert sum(line.shares_fen.values()) == 400_000


# ---- a household's history


def test_a_second_conversion_brings_no_second_construction(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2021-08-01"), converted("2020-10-10", kind="gas"))
    worked = work_out(house, [zezhou], date(2021, 12, 1))
    assert amounts(worked) == {
        ("construction", "once"): 300_000,
        ("operating", "2020-2021"): 100_000,
        ("operating", "2021-2022"): 120_000,
    }
    assert codes(worked) == [("already_granted", "construction", "once")]
    assert {line.season: line.conversion for line in worked.lines} == {
        "once": "gas-2020-10-10", "2020-2021": "gas-2020-10-10", "2021-2022": "electric-2021-08-01",
    }  # fmt: skip


def test_a_document_may_allow_more_than_one(
    home: Make, converted: Make, zezhou_document: dict[str, Any], edited: Make
) -> None:
    schedule = edited(zezhou_document, {"construction.per_household": 2})
    house = home(
        ZEZHOU, converted("2020-10-10", kind="gas"), converted("2021-08-01"), converted("2021-09-01")
    )
    worked = work_out(house, [schedule], date(2021, 10, 1))
    assert {key: fen for key, fen in amounts(worked).items() if key[0] == "construction"} == {
        ("construction", "once"): 300_000,
        ("construction", "once-2"): 500_000,
    }
    assert codes(worked) == [("already_granted", "construction", "once")]


def test_a_conversion_that_gets_nothing_does_not_use_up_the_grant(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2020-06-01", kind="solar"), converted("2020-10-10", kind="gas"))
    worked = work_out(house, [zezhou], date(2020, 11, 1))
    assert amounts(worked) == {("construction", "once"): 300_000}
    assert worked.left_out[0].conversion == "solar-2020-06-01"


def test_the_season_is_that_of_the_conversion_in_use_on_its_first_day(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    def user_of(connected: str) -> str:
        house = home(ZEZHOU, converted("2020-10-10", kind="gas"), converted(connected))
        lines = work_out(house, [zezhou], date(2021, 12, 1)).lines
        return next(line.conversion for line in lines if line.season == "2021-2022")

    assert user_of("2021-11-15") == "electric-2021-11-15"
    assert user_of("2021-11-16") == "gas-2020-10-10"


def test_connected_during_the_season_counts_where_nothing_else_was_in_use(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    found = amounts(work_out(home(ZEZHOU, converted("2020-12-20")), [zezhou], date(2020, 12, 31)))
    assert found["operating", "2020-2021"] == 120_000


def test_a_newer_conversion_has_to_be_accepted_before_its_season_is_decided(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    house = home(ZEZHOU, converted("2020-10-10", kind="gas"), converted("2021-08-01", None))
    worked = work_out(house, [zezhou], date(2021, 12, 1))
    assert ("operating", "2021-2022") not in amounts(worked)
    assert codes(worked) == [("not_accepted", "", ""), ("newer_not_accepted", "operating", "2021-2022")]
    assert {each.conversion for each in worked.left_out} == {"electric-2021-08-01"}


def test_two_documents_each_decide_their_own_conversions(
    home: Make, converted: Make, zezhou_document: dict[str, Any], edited: Make
) -> None:
    early = edited(zezhou_document, {"effective.to": "2020-12-31"})
    late = edited(
        zezhou_document,
        {"version": "2", "effective.from": "2021-01-01", "construction.rates[0].amounts.2021": "1.00"},
    )
    house = home(ZEZHOU, converted("2021-08-01"))
    line = work_out(house, [early, late], date(2021, 9, 1)).lines[0]
    assert (line.amount_fen, line.schedule.version, line.schedule.example) == (100, "2", True)


# ---- facts


def test_what_held_on_a_day() -> None:
    spells = (Spell("b", date(2020, 5, 1)), Spell("a", None), Spell("", date(2021, 5, 1)))
    assert [held_on(spells, day) for day in (date(2020, 4, 30), date(2020, 5, 1), date(2022, 1, 1))] == [
        spells[1], spells[0], spells[2],
    ]  # fmt: skip
    assert held_on((), date(2020, 1, 1)) is None
