"""Proposing, leaving out, designating, widening, withdrawing: versions that are kept, two people, one zone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from server import database
from server.registry import selections
from server.registry.filters import HouseholdFilter
from server.registry.tables import Household
from server.registry.views import page as household_page
from server.web import Problem, Sorting
from server.zones import actions, checklist, lines, views
from server.zones.actions import Paper
from server.zones.reach import reach
from server.zones.tables import ZoneVillage

COUNTY = "140525"
FIRST, SECOND, THIRD = "140525100201", "140525100202", "140525200201"


def refusal(caught: pytest.ExceptionInfo[Problem]) -> str:
    return caught.value.message


def in_force(place, village: str, day: date) -> int | None:
    with database.read(place.engine) as session:
        version = views.over(views.designated(session, COUNTY, [village]).get(village, []), day)
        return version.number if version else None


def test_nobody_approves_what_they_proposed_or_edited(place) -> None:
    home = place.home()
    version = place.propose(FIRST)
    with pytest.raises(Problem) as own:
        place.designate(version.zone, person="p-clerk")
    assert "不能自己批准" in refusal(own)
    with database.write(place.engine) as session:
        actions.leave_out(
            session, county=COUNTY, zone=version.zone, households=[home], reason="demolition", note="",
            person="p-chief", now=place.now,
        )  # fmt: skip
    with database.write(place.engine) as session:
        actions.take_back(
            session, county=COUNTY, zone=version.zone, household=home, person="p-official", now=place.now
        )
    for editor in ("p-chief", "p-official"):
        with pytest.raises(Problem):
            place.designate(version.zone, person=editor)
    assert place.designate(version.zone, person="p-surveyor").decision == "designated"


def test_a_proposal_changed_after_it_was_seen_is_not_designated(place) -> None:
    home = place.home()
    version = place.propose(FIRST)
    with database.read(place.engine) as session:
        seen = actions.digest(session, version)
    with database.write(place.engine) as session:
        actions.leave_out(
            session, county=COUNTY, zone=version.zone, households=[home], reason="mountain", note="",
            person="p-clerk", now=place.now,
        )  # fmt: skip
    paper = Paper("泽政发〔2020〕9号", place.today, place.today, "期限", seen)
    with pytest.raises(Problem) as caught, database.write(place.engine) as session:
        actions.designate(
            session,
            county=COUNTY,
            zone=version.zone,
            paper=paper,
            person="p-chief",
            now=place.now,
            unpaid=None,
        )
    assert "提议又有改动" in refusal(caught)


def test_a_wider_version_replaces_the_narrower_from_its_day_and_both_are_kept(place) -> None:
    zone = place.zone(FIRST, in_force_on=date(2020, 12, 10))
    place.propose(FIRST, SECOND, zone=zone, change="amend")
    place.designate(zone, in_force_on=date(2021, 1, 1), number="泽政发〔2021〕1号")
    assert in_force(place, FIRST, date(2020, 12, 9)) is None
    assert in_force(place, FIRST, date(2020, 12, 31)) == 1
    assert in_force(place, SECOND, date(2020, 12, 31)) is None
    assert in_force(place, FIRST, date(2021, 1, 1)) == 2
    assert in_force(place, SECOND, date(2021, 1, 1)) == 2
    place.propose(zone=zone, change="withdraw")
    place.designate(zone, in_force_on=date(2021, 6, 1), number="泽政发〔2021〕7号")
    assert in_force(place, FIRST, date(2021, 5, 31)) == 2
    assert in_force(place, FIRST, date(2021, 6, 1)) is None
    with database.read(place.engine) as session:
        kept = [(v.number, v.change, v.until_on) for v in views.versions_of(session, COUNTY, zone)]
    assert kept == [(3, "withdraw", None), (2, "amend", date(2021, 6, 1)), (1, "new", date(2021, 1, 1))]
    # Withdrawn, its villages are free for another zone.
    assert place.zone(FIRST) != zone


def test_left_out_households_stay_left_out_where_their_village_stays(place) -> None:
    here, there = place.home(), place.home(SECOND)
    version = place.propose(FIRST, SECOND)
    with database.write(place.engine) as session:
        done = actions.leave_out(
            session, county=COUNTY, zone=version.zone, households=[here, there, "nobody"], reason="no_network",
            note="", person="p-clerk", now=place.now,
        )  # fmt: skip
    assert done == 2
    place.designate(version.zone)
    second = place.propose(FIRST, zone=version.zone, change="amend", person="p-official")
    with database.read(place.engine) as session:
        assert [row.household for row in views.left_outs(session, second)] == [here]
        assert second.edited_by == ["p-official"]


def test_a_village_is_in_one_zone_only_whoever_asks_first(place) -> None:
    place.zone(FIRST, SECOND)
    with pytest.raises(Problem) as caught:
        place.propose(SECOND, THIRD)
    assert "202村（一号镇禁煤区）" in refusal(caught)


def test_of_two_overlapping_proposals_the_second_is_refused_when_it_is_decided(place) -> None:
    one, other = place.propose(FIRST), place.propose(FIRST, SECOND)
    place.designate(one.zone)
    with pytest.raises(Problem) as caught:
        place.designate(other.zone)
    assert "另一个禁煤区" in refusal(caught)


def test_of_two_deciding_at_the_same_moment_one_is_refused(place) -> None:
    one, other = place.propose(FIRST), place.propose(FIRST, SECOND)

    def decide(zone: str) -> str:
        try:
            return place.designate(zone).decision
        except Problem as fault:
            return fault.code

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(decide, [one.zone, other.zone]))
    assert sorted(said) == ["designated", "zone_step"]
    with database.read(place.engine) as session:
        latest = session.exec(select(ZoneVillage).where(ZoneVillage.latest)).all()
    assert len([row for row in latest if row.village == FIRST]) == 1


def test_the_database_itself_refuses_a_village_in_two_zones(place) -> None:
    place.zone(FIRST)
    other = place.propose(SECOND)
    with pytest.raises(IntegrityError), database.write(place.engine) as session:
        session.add(ZoneVillage(county=COUNTY, zone=other.zone, number=1, village=FIRST, latest=True))


def test_only_one_proposal_waits_and_a_refused_one_makes_room(place) -> None:
    zone = place.zone(FIRST)
    place.propose(FIRST, SECOND, zone=zone, change="amend")
    with pytest.raises(Problem) as caught:
        place.propose(FIRST, zone=zone, change="amend")
    assert "等决定" in refusal(caught)
    with database.write(place.engine) as session:
        actions.refuse(session, county=COUNTY, zone=zone, reason="范围太大", person="p-chief", now=place.now)
    assert place.propose(FIRST, zone=zone, change="amend").number == 3


def test_a_date_in_force_is_never_before_the_document_nor_before_what_it_replaces(place) -> None:
    zone = place.zone(FIRST, in_force_on=date(2020, 12, 10))
    place.propose(FIRST, SECOND, zone=zone, change="amend")
    with pytest.raises(Problem) as caught:
        place.designate(zone, in_force_on=date(2020, 12, 10))
    assert "不晚于" in refusal(caught)


# --- readiness --------------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(place):
    """One village with a home of every sort, and the proposal over it."""
    homes = {
        "used": place.converted(),
        "connected": place.converted(used=""),
        "installed": place.converted(connected="", used=""),
        "before": place.home(device="12", fuel="heat_network", old_stove="none"),
        "coal": place.home(device="coal_stove", fuel="bulk_coal", old_stove="present"),
        "clean_coal": place.home(device="clean_coal_stove", fuel="clean_coal"),
        "unvisited": place.record("household", FIRST, head_name="没见着", visit_outcome="not_at_home"),
        "empty": place.home(heating_status="not_heated", not_heated_reason="empty"),
        "away": place.home(heating_status="not_heated", not_heated_reason="away_winter"),
        "no_reason": place.home(heating_status="not_heated"),
        "out": place.home(device="coal_stove", fuel="bulk_coal", old_stove="present"),
        "elsewhere": place.converted(SECOND),
    }
    version = place.propose(FIRST)
    with database.write(place.engine) as session:
        actions.leave_out(
            session, county=COUNTY, zone=version.zone, households=[homes["out"]], reason="no_network", note="",
            person="p-clerk", now=place.now,
        )  # fmt: skip
    return homes, version


EXPECTED = {
    "all": {
        "used", "connected", "installed", "before", "coal", "clean_coal", "unvisited", "empty", "away", "no_reason"
    },
    "converted": {"used", "connected", "installed", "before"},
    "not_converted": {"coal", "clean_coal", "no_reason"},
    "unvisited": {"unvisited"},
    "empty": {"empty"},
    "exempt": {"away"},
    "not_connected": {"installed"},
    "not_used": {"connected"},
    "left_out": {"out"},
}  # fmt: skip


def test_each_line_opens_exactly_its_households(place, mixed) -> None:
    homes, version = mixed
    named = {identity: name for name, identity in homes.items()}
    selections.register(lines.ROOM, lines.selection(None))
    with database.read(place.engine) as session:
        tally = views.readiness(session, version, place.today, None).tally
        for line, expected in EXPECTED.items():
            wanted = HouseholdFilter(area="140525100", of=lines.Key(COUNTY, version.zone, 1, line).text)
            found = household_page(session, wanted, Sorting("name", False), number=1, size=50)
            assert {named[row.id] for row in found.rows} == expected, line
            if hasattr(tally, line):
                assert getattr(tally, line) == found.total == len(expected), line
    assert tally.households == 10
    assert (
        tally.households
        == tally.converted + tally.empty + tally.exempt + tally.not_converted + tally.unvisited
    )
    assert (tally.left_out, tally.unpaid, tally.unproven, tally.stoves) == (1, None, 2, 2)


def test_the_checklist_page_links_to_what_it_counts(place, mixed) -> None:
    _, version = mixed
    selections.register(lines.ROOM, lines.selection(None))
    with database.read(place.engine) as session:
        found = views.readiness(session, version, place.today, None)
        shown = {line.code: line for line in checklist.lines_of(version, [FIRST], found)}
    assert shown["homes"].bad is not None
    assert shown["homes"].bad.n == 3
    assert f"area={FIRST}" in shown["homes"].bad.address
    assert shown["paid"].bad is None
    assert not shown["paid"].met
    assert not found.ready


def test_payment_is_asked_of_whoever_knows_and_opens_its_homes(place, mixed) -> None:
    homes, version = mixed

    def unpaid():
        return col(Household.id).in_([homes["used"], homes["elsewhere"], homes["out"]])

    with database.read(place.engine) as session:
        assert views.readiness(session, version, place.today, unpaid).tally.unpaid == 1
    key = lines.Key(COUNTY, version.zone, 1, "unpaid")
    assert lines.condition_of(key, None) is None
    assert lines.condition_of(key, unpaid) is not None


@pytest.mark.parametrize(
    "key", ["", "x", "140525.z.1", "140525.z.1.nothing", "140525.z.one.all", "a.b.1.all.c"]
)
def test_an_address_that_names_no_list_is_refused(key: str) -> None:
    selections.register(lines.ROOM, lines.selection(None))
    assert selections.condition(f"zone:{key}") is None
    assert selections.condition(f"nowhere:{key}") is None


def test_the_checklist_stays_with_the_decision_as_it_stood(place) -> None:
    place.converted()
    zone = place.zone(FIRST, unmet_reason="补贴尚未发放，10月1日前须全部划定")
    place.home(device="coal_stove", fuel="bulk_coal")
    with database.read(place.engine) as session:
        version = views.versions_of(session, COUNTY, zone)[0]
    kept = {line["code"]: line for line in version.checklist}
    assert kept["homes"] == {"code": "homes", "bad": 0, "met": True, "counts": True}
    assert kept["paid"] == {"code": "paid", "bad": None, "met": False, "counts": True}
    assert version.decision_reason.startswith("补贴尚未发放")


def test_converted_villages_without_a_zone_are_listed_with_days_since(place) -> None:
    place.converted(FIRST)
    place.converted(FIRST, connected="2020-11-30", used="2020-12-01")
    place.home(FIRST, heating_status="not_heated", not_heated_reason="empty")
    for _ in range(9):
        place.converted(SECOND)
    place.home(SECOND, device="coal_stove", fuel="bulk_coal")
    place.home(THIRD, device="coal_stove", fuel="bulk_coal")
    with database.read(place.engine) as session:
        found = reach(session, COUNTY, place.today)
        assert [(line.heating.village, line.days, line.proposed) for line in found.converted] == [
            (FIRST, 10, False)
        ]
        assert [(line.heating.village, line.heating.remaining) for line in found.nearly] == [(SECOND, 1)]
        assert reach(session, "140525200", place.today).converted == ()
    version = place.propose(FIRST)
    with database.read(place.engine) as session:
        assert [line.proposed for line in reach(session, COUNTY, place.today).converted] == [True]
    place.designate(version.zone)
    with database.read(place.engine) as session:
        found = reach(session, COUNTY, place.today)
        assert (found.converted, found.zoned_n) == ((), 1)
        rows = session.exec(select(ZoneVillage)).all()
    assert [row.latest for row in rows] == [True]
