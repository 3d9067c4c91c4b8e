"""From a tablet's record in a zone to a closed problem, on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest

from server import database
from server.inspections import actions, rules
from server.inspections.rules import Step
from server.web import Problem
from server.zones import actions as zone_actions
from server.zones import watch
from server.zones.views import versions_of

COUNTY = "140525"
FIRST, SECOND = "140525100201", "140525100202"
COAL = {"device": "coal_stove", "fuel": "bulk_coal", "old_stove": "present"}


def take(place, problem: str, step: Step, seen: int | None = None):
    with database.write(place.engine) as session:
        return actions.take(session, county=COUNTY, identity=problem, step=step, seen=seen, now=place.now)


def test_a_sighting_in_a_zone_becomes_a_problem_with_a_person_and_a_deadline(place) -> None:
    home, zone = place.converted(), place.zone(FIRST)
    place.record(
        "sighting",
        FIRST,
        household=home,
        what="coal_burned",
        seen_on="2020-12-10",
        amount_t="0.5",
        remark="烟囱冒黑烟",
    )
    (found,) = place.problems()
    assert (found.kind, found.household, found.zone, found.state) == ("coal_burned", home, zone, "open")
    assert (found.responsible, found.due_on) == ("p-official", date(2020, 12, 25))
    assert (found.opened_by, found.found_on) == ("p-surveyor", date(2020, 12, 10))
    assert found.description == "烧煤 0.5 吨。烟囱冒黑烟"
    assert place.events(found.id) == ["open"]


def test_outside_a_zone_before_it_is_in_force_or_left_out_it_is_only_recorded(place) -> None:
    other, out, inside = place.converted(SECOND), place.home(**COAL), place.converted()
    version = place.propose(FIRST)
    with database.write(place.engine) as session:
        done = zone_actions.leave_out(
            session, county=COUNTY, zone=version.zone, households=[out], reason="no_network", note="", person="p-clerk",
            now=place.now,
        )  # fmt: skip
    assert done == 1
    place.designate(version.zone, in_force_on=place.today)
    place.record("sighting", SECOND, household=other, what="coal_burned", seen_on="2020-12-10")
    place.record("sighting", FIRST, household=out, what="coal_burned", seen_on="2020-12-10")
    place.record("sighting", FIRST, household=inside, what="coal_burned", seen_on="2020-12-09")
    place.record("household", FIRST, identity=out, old_stove_on="2020-12-10", **COAL)
    assert place.problems() == []


def test_a_zone_designated_for_later_opens_nothing_until_its_day(place) -> None:
    home = place.converted()
    place.zone(FIRST, in_force_on=date(2020, 12, 20))
    place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-10")
    assert place.problems() == []
    place.forward(days=10)
    place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-20")
    assert [found.kind for found in place.problems()] == ["coal_burned"]


def test_a_stove_recorded_in_use_is_a_problem_though_the_home_is_unproven(place) -> None:
    home = place.converted()
    place.zone(FIRST)
    place.record("household", FIRST, identity=home, old_stove="present", old_stove_on="2020-12-10")
    assert [(found.kind, found.source) for found in place.problems()] == [
        ("stove_in_use", f"household/{home}")
    ]


def test_a_cold_stove_is_none_until_a_season_has_proven_and_then_is(place) -> None:
    home = place.converted()
    place.zone(FIRST)
    place.record("household", FIRST, identity=home, old_stove_on="2020-12-10")
    assert place.problems() == []
    place.now = datetime(2021, 4, 1, 2, 0, tzinfo=UTC)
    place.record("household", FIRST, identity=home, old_stove_on="2021-04-01")
    assert place.problems() == [], "the date alone says nothing new of the stove"
    place.record("household", FIRST, identity=home, old_stove="removed")
    place.record("household", FIRST, identity=home, old_stove="kept")
    assert [found.kind for found in place.problems()] == ["stove_kept"]


def test_coal_in_the_yard_is_a_problem_and_none_left_is_not(place) -> None:
    first, second = place.converted(), place.converted()
    place.zone(FIRST)
    place.record(
        "coal_use", FIRST, household=first, season="2020-2021", stock_t="1.5", observed_on="2020-12-10"
    )
    place.record(
        "coal_use", FIRST, household=second, season="2020-2021", stock_t="0.00", observed_on="2020-12-10"
    )
    assert [(found.kind, found.household) for found in place.problems()] == [("coal_stored", first)]


def test_what_changes_nothing_about_coal_opens_nothing(place) -> None:
    home = place.home(**COAL)
    place.zone(FIRST)
    place.record("household", FIRST, identity=home, phone="13800000000")
    assert place.problems() == []


def test_the_same_seen_again_is_an_event_and_a_replay_is_nothing(place) -> None:
    home = place.converted()
    place.zone(FIRST)
    first = place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-10")
    place.replay(first)
    place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-10")
    (found,) = place.problems()
    assert place.events(found.id) == ["open", "seen"]
    place.replay(first)
    assert len(place.problems()) == 1


def test_a_place_without_a_household_is_a_problem_of_its_village(place) -> None:
    place.zone(FIRST)
    sighting = place.record("sighting", FIRST, place="村口煤场", what="coal_sold", seen_on="2020-12-10")
    (found,) = place.problems()
    assert (found.household, found.place, found.kind) == ("", "村口煤场", "coal_sold")
    place.record("sighting", FIRST, identity=sighting, seen_on="2020-12-11")
    assert len(place.problems()) == 1
    assert "record" in place.events(found.id)


def test_a_correction_that_takes_the_stove_away_is_told_to_the_open_problem(place) -> None:
    home = place.converted()
    place.zone(FIRST)
    place.record("household", FIRST, identity=home, old_stove="present", old_stove_on="2020-12-10")
    place.forward(days=1)
    place.record("household", FIRST, identity=home, old_stove="removed", old_stove_on="2020-12-11")
    (found,) = place.problems()
    assert found.state == "open", "a record is evidence, closing it is a person's act"
    assert place.events(found.id) == ["open", "record"]


def test_stoves_that_stood_there_before_are_opened_from_the_list_once(place) -> None:
    place.home(**COAL)
    place.converted()
    zone = place.zone(FIRST)
    with database.write(place.engine) as session:
        version = versions_of(session, COUNTY, zone)[0]
        assert watch.open_standing(session, version, "p-clerk", place.now) == 1
    with database.write(place.engine) as session:
        assert watch.open_standing(session, version, "p-clerk", place.now) == 0
    assert [found.kind for found in place.problems()] == ["stove_in_use"]


def test_a_problem_is_put_right_reported_verified_by_another_and_may_come_back(place) -> None:
    home = place.converted()
    place.zone(FIRST)
    place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-10")
    found = place.problems()[0].id
    take(place, found, Step("report", "p-official", "已清走煤，照片 3"), seen=1)
    for party in ("p-official", "p-surveyor"):
        with pytest.raises(Problem) as refused:
            take(place, found, Step("close", party, "没事了", outcome="put_right"))
        assert refused.value.message == rules.REFUSALS["same_person"][0]
    take(place, found, Step("close", "p-chief", "到场核查，无煤", outcome="put_right"), seen=2)
    closed = place.problems()[0]
    assert (closed.state, closed.closed_by, closed.evidence) == ("closed", "p-chief", "到场核查，无煤")
    # Closed, the home may have a new one; reopening the old then would make two.
    place.forward(days=3)
    place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-13")
    assert [each.state for each in place.problems()] == ["closed", "open"]
    with pytest.raises(Problem) as twice:
        take(place, found, Step("reopen", "p-chief", "又烧了", "p-official", place.today + timedelta(days=5)))
    assert twice.value.code == "problem_step"


def test_of_two_clerks_the_second_is_told(place) -> None:
    home = place.converted()
    place.zone(FIRST)
    place.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-12-10")
    found = place.problems()[0].id
    take(place, found, Step("assign", "p-chief", "改派", "p-clerk", date(2020, 12, 30)), seen=1)
    with pytest.raises(Problem) as late:
        take(place, found, Step("close", "p-chief", "核查", outcome="put_right"), seen=1)
    assert (late.value.code, late.value.status) == ("changed", 409)
    assert place.problems()[0].responsible == "p-clerk"
