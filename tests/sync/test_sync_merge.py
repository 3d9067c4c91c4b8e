"""What becomes of a value: every case of the merge by name. The invariant behind them is tested by chance in
test_sync_invariant.py."""

from __future__ import annotations

import pytest

from sync.codec import derived_id
from sync.messages import VILLAGE

H = derived_id("house")


def test_a_new_entity_takes_all_values(county, three):
    held = county.state(H)
    assert held.version == 1 and county.values()["head_name"] == "张三" and county.values()["remark"] == ""


def test_different_fields_merge(county, three):
    one, two, _ = three
    first, second = one.record(H, {"phone": "2"}), two.record(H, {"remark": "东屋"})
    one.sync(), two.sync()
    assert one.verdict(first).outcome == "applied" and two.verdict(second).outcome == "merged"
    assert county.values() | {"phone": "2", "remark": "东屋"} == county.values()


def test_the_same_field_with_other_values_is_a_conflict_that_both_sides_see(county, three):
    one, two, third = three
    one.record(H, {"phone": "2"}), one.sync()
    mine = two.record(H, {"phone": "3", "remark": "东屋"})
    two.sync(), third.sync(), one.sync()
    (outcome,) = [each for each in two.verdict(mine).fields if each.property == "phone"]
    assert (outcome.base, outcome.mine, outcome.theirs, outcome.theirs_by) == ("1", "3", "2", "person-one")
    assert two.verdict(mine).outcome == "conflict" and two.result(mine, "remark") == "applied"
    assert county.values()["phone"] == "2"
    for each in three:
        (conflict,) = each.states[f"household/{H}"].conflicts
        assert (conflict.base, conflict.mine, conflict.theirs) == ("1", "3", "2")
        assert (conflict.submission, conflict.person) == (mine.id, "person-two")


def test_the_same_value_twice_is_no_conflict(county, three):
    one, two, _ = three
    one.record(H, {"phone": "2"}), one.sync()
    mine = two.record(H, {"phone": "2"})
    two.sync()
    assert two.result(mine, "phone") == "same" and two.verdict(mine).outcome == "merged"
    assert not county.open_conflicts()


def test_a_guard_group_does_not_merge_by_halves(county, three):
    one, two, _ = three
    one.record(H, {"fuel": "electricity"}), one.sync()
    mine = two.record(H, {"device": "coal_stove"})
    two.sync()
    assert two.result(mine, "device") == "conflict"
    assert county.values()["device"] == "kang" and county.values()["fuel"] == "electricity"
    follower = two.record(H, {"device": "1"}, whole=False)
    two.sync([follower])
    for conflict in county.state(H).conflicts:
        assert conflict.by == one.made[-1].id, "who changed the fuel, not who once set the device"


def test_a_guard_group_sent_alike_by_both_is_no_conflict(county, three):
    one, two, _ = three
    one.record(H, {"device": "1", "fuel": "electricity"}), one.sync()
    mine = two.record(H, {"device": "1", "fuel": "electricity"})
    two.sync()
    assert two.result(mine, "device") == two.result(mine, "fuel") == "same"


def test_the_half_of_a_group_both_agree_on_does_not_stop_the_other_half(county, three):
    one, two, _ = three
    one.record(H, {"device": "1"}), one.sync()
    mine = two.record(H, {"device": "1", "fuel": "electricity"})
    two.sync()
    assert two.result(mine, "device") == "same" and two.result(mine, "fuel") == "applied"


def test_a_chain_of_offline_edits_never_conflicts_with_itself(county, three):
    one, two, _ = three
    two.record(H, {"remark": "南屋"}), two.sync()
    chain = [one.record(H, {"phone": str(n)}) for n in range(2, 6)]
    one.sync()
    assert {one.verdict(each).outcome for each in chain} <= {"applied", "merged"}
    assert county.values()["phone"] == "5" and county.values()["remark"] == "南屋"


def test_a_follower_may_go_back_to_the_first_value(county, three):
    one, _, _ = three
    one.record(H, {"phone": "2"}), one.record(H, {"phone": "1"}), one.sync()
    assert county.values()["phone"] == "1"


def test_a_follower_is_judged_against_who_overwrote_its_ancestor(county, three):
    one, two, _ = three
    one.record(H, {"phone": "2"})
    one.send_and_lose_reply()
    two.sync(), two.record(H, {"phone": "3"}), two.sync()
    follower = one.record(H, {"phone": "4"})
    one.sync()
    assert one.result(follower, "phone") == "conflict" and county.values()["phone"] == "3"


def test_a_follower_that_leaves_the_overwritten_value_alone_changes_nothing(county, three):
    one, two, _ = three
    one.record(H, {"phone": "2"})
    one.send_and_lose_reply()
    two.sync(), two.record(H, {"phone": "3"}), two.sync()
    follower = one.record(H, {"remark": "西屋"})
    one.sync()
    assert one.result(follower, "phone") is None and county.values()["phone"] == "3"


def test_a_follower_of_a_conflict_joins_it_or_leaves_it(county, three):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    first = one.record(H, {"phone": "2"})
    left, joined = one.record(H, {"remark": "西屋"}), one.record(H, {"phone": "3"})
    one.sync()
    assert one.result(first, "phone") == "conflict" and one.result(left, "phone") is None
    assert one.result(joined, "phone") == "conflict"
    (conflict,) = county.state(H).conflicts
    assert (conflict.base, conflict.mine, conflict.theirs, conflict.submission) == ("1", "3", "9", joined.id)


def test_a_follower_that_comes_round_to_the_registry_ends_its_conflict(county, three):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    one.record(H, {"phone": "2"}), one.record(H, {"phone": "9"}), one.sync()
    assert not county.open_conflicts()


def test_a_rejected_ancestor_is_stepped_over(county, three):
    one, _, _ = three
    bad = one.record(H, {"phone": "2", "remark": "bad"})
    good = one.record(H, {"remark": "好"})
    one.sync()
    assert one.verdict(bad).outcome == "rejected"
    assert one.result(good, "phone") == "applied" and county.values()["phone"] == "2"


def test_a_missing_ancestor_is_stepped_over_and_superseded_when_it_comes(county, three):
    one, _, _ = three
    lost, later = one.record(H, {"phone": "2"}), one.record(H, {"phone": "3"})
    one.sync([later])
    assert county.values()["phone"] == "3"
    one.sync()
    assert one.result(lost, "phone") == "superseded" and county.values()["phone"] == "3"
    assert not county.open_conflicts()


def test_a_missing_ancestor_of_an_open_conflict_is_superseded_by_it(county, three):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    lost, later = one.record(H, {"phone": "2"}), one.record(H, {"phone": "3"})
    one.sync([later]), one.sync()
    assert one.result(lost, "phone") == "superseded" and county.open_conflicts() == {("phone", "3")}


def test_going_there_and_back_is_still_a_change(county, three):
    """ABA: the value is what the surveyor saw, but two others have meanwhile thought about it."""
    one, two, third = three
    two.record(H, {"phone": "2"}), two.sync()
    third.sync(), third.record(H, {"phone": "1"}), third.sync()
    mine = one.record(H, {"phone": "3"})
    one.sync()
    assert one.result(mine, "phone") == "conflict"


def test_a_property_the_registry_never_had_is_added(county, three):
    one, two, _ = three
    mine = one.record(H, {"rooms_n": "3"})
    also = two.record(H, {"rooms_n": ""})
    one.sync(), two.sync()
    assert one.result(mine, "rooms_n") == "applied" and two.result(also, "rooms_n") is None
    assert county.values()["rooms_n"] == "3"


def test_two_that_add_the_same_property_differently_are_in_conflict(county, three):
    one, two, _ = three
    one.record(H, {"rooms_n": "3"})
    mine = two.record(H, {"rooms_n": "4"})
    one.sync(), two.sync()
    assert two.result(mine, "rooms_n") == "conflict"


def test_an_id_registered_twice_is_compared_value_by_value(county, three):
    _, two, _ = three
    two.states.clear()
    again = two.record(H, {"head_name": "张三", "phone": "7", "rooms_n": "3"})
    two.sync([again])
    found = {each.property: each.outcome for each in two.verdict(again).fields}
    assert found == {"head_name": "same", "phone": "conflict", "rooms_n": "applied"}


# --- versions ---


def test_a_version_grows_with_values_and_conflicts_and_with_nothing_else(county, three):
    one, two, _ = three
    one.record(H, {}), one.sync()
    assert county.state(H).version == 1
    one.record(H, {"phone": "2", "remark": "x"}), one.sync()
    assert county.state(H).version == 2
    two.record(H, {"phone": "3"}), two.sync()
    assert county.state(H).version == 3, "a conflict opened"
    two.record(H, {"remark": "x"}), two.sync()
    assert county.state(H).version == 3, "the same value again"


# --- villages ---


@pytest.fixture
def movers(county, tablet, kit):
    one, two = tablet("one", kit.A, kit.B), tablet("two", kit.A)
    one.record(H, {"phone": "1"}), one.sync(), two.sync()
    return one, two


def test_a_household_moves_with_the_submission_that_says_so(county, movers, kit):
    one, two = movers
    one.record(H, {"phone": "2"}, village=kit.B)
    one.sync()
    assert county.state(H).village == kit.B and one.states[f"household/{H}"].village == kit.B
    two.sync()
    assert f"household/{H}" not in two.states


def test_an_edit_from_before_the_move_does_not_move_it_back(county, movers, kit):
    one, two = movers
    one.record(H, {}, village=kit.B), one.sync()
    stale = two.record(H, {"remark": "x"})
    two.sync()
    assert county.state(H).village == kit.B and county.values()["remark"] == "x"
    assert two.result(stale, VILLAGE) is None


def test_moving_back_is_a_move(county, movers, kit):
    one, _ = movers
    one.record(H, {}, village=kit.B), one.sync()
    one.record(H, {}, village=kit.A), one.sync()
    assert county.state(H).village == kit.A


def test_two_moves_to_different_places_are_a_conflict_about_the_village(county, tablet, kit):
    county.villages = (kit.A, kit.B, kit.C)
    one, two = tablet("one", kit.A, kit.B), tablet("two", kit.A, kit.C)
    one.record(H, {"phone": "1"}), one.sync(), two.sync()
    one.record(H, {}, village=kit.B), one.sync()
    other = two.record(H, {}, village=kit.C)
    two.sync()
    assert county.state(H).village == kit.B and two.result(other, VILLAGE) == "conflict"
    assert county.open_conflicts() == {(VILLAGE, kit.C)}
