"""One home under two ids: merged by a person, undone by a person, and nothing lost that was recorded under either."""

from __future__ import annotations

import pytest

from sync.codec import derived_id
from sync.messages import Target

HOUSE, TWIN = derived_id("house"), derived_id("twin")


@pytest.fixture
def twins(three):
    """The same household registered twice: `HOUSE` by the first tablet, `TWIN` by the second."""
    one, two, third = three
    two.record(
        TWIN, {"head_name": "张三", "device": "kang", "fuel": "bulk_coal", "phone": "2", "remark": "北房"}
    )
    for each in (two, one, third):
        each.sync()
    return one, two, third


def conflict(county, name, id=HOUSE):
    return [each.mine for each in county.state(id).conflicts if each.property == name]


def test_tablets_lose_the_loser_and_learn_where_its_id_leads(county, twins):
    one, _, _ = twins
    county.merge(HOUSE, TWIN, phone="2")
    reply = one.sync()
    told = {state.id: state for state in reply.changes}
    assert (told[TWIN].gone, told[TWIN].same_as, told[TWIN].props) == (True, HOUSE, {})
    assert (told[HOUSE].gone, told[HOUSE].props["phone"]) == (False, "2")


def test_who_reads_the_village_anew_learns_the_alias_too(county, twins, tablet):
    county.merge(HOUSE, TWIN)
    late = tablet("late")
    assert f"household/{TWIN}" not in late.states
    page = {state.id: state.same_as for state in county.snapshot(late.villages[0], None, 100)}
    assert page == {HOUSE: None, TWIN: HOUSE}


def test_an_unsent_edit_of_the_loser_lands_at_the_survivor(county, twins):
    _, two, _ = twins
    edit = two.record(TWIN, {"remark": "有小孩"})
    county.merge(HOUSE, TWIN, remark="北房")
    two.sync()
    assert two.verdict(edit).outcome == "merged"
    assert county.values()["remark"] == "有小孩"
    assert two.verdict(edit).versions == {
        f"household/{TWIN}": county.state().version, f"household/{HOUSE}": county.state().version,
    }  # fmt: skip


def test_across_an_alias_any_difference_is_a_conflict(county, twins):
    _, _, third = twins
    edit = third.record(TWIN, {"phone": "3"})  # it saw "2" there; the survivor has "1"
    county.merge(HOUSE, TWIN)
    third.sync()
    assert third.result(edit, "phone") == "conflict"
    assert county.values()["phone"] == "1" and conflict(county, "phone") == ["3"]


def test_the_same_value_is_no_conflict(county, twins):
    _, _, third = twins
    edit = third.record(TWIN, {"phone": "1"})
    county.merge(HOUSE, TWIN)
    third.sync()
    assert third.result(edit, "phone") == "same" and not county.state().conflicts


def test_who_edited_the_survivor_unseen_is_in_conflict_with_what_the_official_chose(county, twins):
    _, _, third = twins
    edit = third.record(HOUSE, {"phone": "3"})
    county.merge(HOUSE, TWIN, phone="2")
    third.sync()
    assert third.result(edit, "phone") == "conflict"
    assert conflict(county, "phone") == ["3"]


def test_a_chain_of_offline_edits_of_the_loser_never_conflicts_with_itself(county, twins):
    _, two, _ = twins
    edits = [two.record(TWIN, {"phone": value}) for value in ("4", "5", "6")]
    county.merge(HOUSE, TWIN, phone="2")
    two.sync()
    assert [two.result(edit, "phone") for edit in edits] == ["applied"] * 3
    assert county.values()["phone"] == "6"


def test_a_conflict_across_is_closed_by_a_correction_that_still_names_the_loser(county, twins):
    _, _, third = twins
    edit = third.record(TWIN, {"phone": "3"})
    county.merge(HOUSE, TWIN)
    third.sync()
    # As a tablet opens the record: what it left behind, at the version its verdict named.
    seen = Target("household", TWIN, third.verdict(edit).versions[f"household/{TWIN}"], {"phone": "1"}, None)
    third.record(TWIN, {"phone": "3"}, corrects=edit, targets=(seen,))
    third.sync()
    assert county.values()["phone"] == "3" and not county.state().conflicts


def test_open_conflicts_of_the_loser_stay_open_at_the_survivor(county, twins):
    one, two, _ = twins
    one.record(TWIN, {"phone": "7"})
    two.record(TWIN, {"phone": "8"})
    two.sync(), one.sync()
    assert conflict(county, "phone", TWIN) == ["7"]
    county.merge(HOUSE, TWIN)
    assert conflict(county, "phone") == ["7"]


def test_undone_each_is_what_it_was_and_what_came_since_goes_where_its_own_id_says(county, twins):
    one, two, third = twins
    county.merge(HOUSE, TWIN, phone="2")
    two.record(TWIN, {"remark": "有小孩"}), two.sync()
    third.sync(), third.record(HOUSE, {"device": "heat_pump", "fuel": "electricity"}), third.sync()
    assert county.values()["remark"] == "有小孩" or conflict(county, "remark") == ["有小孩"]
    county.separate(HOUSE, TWIN)
    house, twin = county.values(HOUSE), county.values(TWIN)
    assert (house["phone"], house["remark"], house["device"]) == ("1", "", "heat_pump")
    assert (twin["phone"], twin["remark"], twin["device"]) == ("2", "有小孩", "kang")
    for each in (one, two, third):
        each.sync()
        assert {id: each.sees(id) for id in (HOUSE, TWIN)} == {HOUSE: dict(house), TWIN: dict(twin)}


def test_what_the_official_chose_and_somebody_changed_comes_back_as_unseen(county, twins):
    _, _, third = twins
    county.merge(HOUSE, TWIN, phone="2")
    third.sync()
    edit = third.record(HOUSE, {"phone": "9"})
    county.separate(HOUSE, TWIN)
    third.sync()
    assert third.result(edit, "phone") == "conflict"
    assert county.values()["phone"] == "1" and conflict(county, "phone") == ["9"]


def test_a_correction_of_what_came_in_between_claims_to_have_seen_nothing_since(county, twins):
    _, two, third = twins
    edit = two.record(TWIN, {"phone": "4"})
    county.merge(HOUSE, TWIN, phone="2")
    two.sync()
    county.separate(HOUSE, TWIN)
    third.sync()
    third.record(TWIN, {"phone": "5"}), third.sync()
    late = two.record(TWIN, {"phone": "6"}, corrects=edit)
    two.sync(two.waiting)
    assert two.result(late, "phone") == "conflict"
    assert county.values(TWIN)["phone"] == "5" and conflict(county, "phone", TWIN) == ["6"]


def test_one_merged_further_leads_to_the_last_and_merges_are_undone_in_turn(county, twins):
    _, two, third = twins
    last = derived_id("last")
    third.record(last, {"head_name": "张三", "phone": "0"}), third.sync()
    county.merge(HOUSE, TWIN)
    county.merge(last, HOUSE)
    edit = two.record(TWIN, {"remark": "三户"})
    two.sync()
    assert two.verdict(edit).versions[f"household/{last}"] == county.state(last).version
    assert county.state(last).ids() == {HOUSE, TWIN, last}
    county.separate(last, HOUSE)
    assert county.state(HOUSE).ids() == {HOUSE, TWIN} and county.values(last)["phone"] == "0"
    assert county.values(HOUSE)["remark"] == "三户" or conflict(county, "remark") == ["三户"]
    county.separate(HOUSE, TWIN)
    assert county.values(TWIN)["remark"] == "三户" and county.values(HOUSE)["remark"] == ""
    for each in twins:
        each.sync()
        assert each.sees(TWIN)["remark"] == "三户"


def test_what_one_undoing_brought_back_stays_unseen_when_an_earlier_merge_is_undone_too(county, twins):
    one, _, third = twins
    more = derived_id("more")
    one.record(more, {"head_name": "张三", "phone": "9"})
    one.sync(), third.sync()
    county.merge(HOUSE, TWIN)
    county.merge(HOUSE, more, phone="9")
    third.sync()
    edit = third.record(HOUSE, {"phone": "3"})  # it saw "9"
    county.separate(HOUSE, more)
    county.separate(HOUSE, TWIN)
    third.sync()
    assert third.result(edit, "phone") == "conflict"
    assert county.values()["phone"] == "1" and conflict(county, "phone") == ["3"]


def test_a_home_that_moved_under_the_losers_id_moves_the_survivor(county, twins, kit):
    _, two, _ = twins
    county.merge(HOUSE, TWIN)
    two.villages = (kit.A, kit.B)
    county.held[two.device] = frozenset(two.villages)
    two.record(TWIN, {}, village=kit.B)
    two.sync()
    assert county.state(HOUSE).village == kit.B
    county.separate(HOUSE, TWIN)
    assert (county.state(HOUSE).village, county.state(TWIN).village) == (kit.A, kit.B)


def test_a_resend_after_the_merge_changes_nothing(county, twins):
    _, two, _ = twins
    edit = two.record(TWIN, {"remark": "有小孩"})
    county.merge(HOUSE, TWIN, remark="北房")
    two.send_and_lose_reply()
    before = county.copy()
    two.sync()
    assert (county.entities, county.journal) == (before.entities, before.journal)
    assert two.verdict(edit).outcome == "merged"


def test_what_stood_in_an_open_conflict_is_still_seen_when_the_merge_is_undone(county, twins):
    """It went in under the survivor's own id; who changed the same and left the conflict open had not replaced it."""
    one, _, third = twins
    edit = third.record(HOUSE, {"phone": "3"})
    county.merge(HOUSE, TWIN, phone="2")
    third.sync(), one.sync()
    assert third.result(edit, "phone") == "conflict"
    one.record(HOUSE, {"phone": "4"}), one.sync()
    assert county.values()["phone"] == "4" and conflict(county, "phone") == ["3"]
    county.separate(HOUSE, TWIN)
    assert {county.values()["phone"], *conflict(county, "phone")} == {"3", "4"}


def test_who_decided_a_conflict_has_decided_it_when_the_merge_is_undone(county, twins):
    _, _, third = twins
    edit = third.record(HOUSE, {"phone": "3"})
    county.merge(HOUSE, TWIN, phone="2")
    third.sync()
    seen = Target(
        "household", HOUSE, third.verdict(edit).versions[f"household/{HOUSE}"], {"phone": "2"}, None
    )
    third.record(HOUSE, {"phone": "5"}, corrects=edit, targets=(seen,)), third.sync()
    assert county.values()["phone"] == "5" and not county.state().conflicts
    county.separate(HOUSE, TWIN)
    assert county.values()["phone"] == "5" and not county.state().conflicts


def test_what_a_chain_left_alone_is_no_change_however_far_the_survivor_has_come(county, twins):
    """The versions of the two ids count apart: that the survivor's is lower says nothing of the loser's."""
    _, two, _ = twins
    for each in ("山", "水", "田"):
        two.record(TWIN, {"remark": each}), two.sync()
    two.record(TWIN, {"phone": "4"})
    left = two.record(TWIN, {"remark": "有小孩"})
    county.merge(HOUSE, TWIN)
    two.sync()
    assert [each.property for each in two.verdict(left).fields] == ["remark"]
    assert conflict(county, "phone") == ["4"]


def test_what_an_official_chose_of_this_tablet_s_own_records_was_not_on_its_screen(county, twins):
    """The phone it had recorded under the other id stands here since the merge, of which it has not heard."""
    _, two, _ = twins
    two.record(HOUSE, {"remark": "东屋"})
    left = two.record(HOUSE, {"remark": "西屋"})
    county.merge(HOUSE, TWIN, phone="2")
    two.sync()
    assert [each.property for each in two.verdict(left).fields] == ["remark"]
    assert county.values()["phone"] == "2"
