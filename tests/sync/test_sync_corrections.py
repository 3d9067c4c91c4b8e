"""What a correction makes of the record it corrects, and how conflicts are decided."""

from __future__ import annotations

import pytest

from sync.codec import derived_id
from sync.messages import Target

H = derived_id("house")


def test_a_rejected_record_is_corrected(county, tablet):
    one = tablet("one")
    bad = one.record(H, {"head_name": "李四", "phone": "bad"})
    one.sync()
    assert one.verdict(bad).code == "constraint" and f"household/{H}" not in county.entities
    one.record(H, {"phone": "2"}, corrects=bad), one.sync()
    assert county.values() == {"head_name": "李四", "phone": "2"}


def test_correcting_a_rejected_record_does_not_undo_what_others_did_meanwhile(county, three):
    one, two, _ = three
    bad = one.record(H, {"phone": "bad", "device": "1"})
    one.sync()
    two.record(H, {"remark": "北屋", "device": "2"}), two.sync()
    one.sync()
    correction = one.record(H, {"phone": "5"}, corrects=bad)
    one.sync()
    assert one.result(correction, "remark") is None, "untouched in both, though another has changed it"
    assert one.result(correction, "device") == "conflict", "answered before the other's change was seen"
    assert county.values()["remark"] == "北屋" and county.values()["phone"] == "5"


def test_correcting_an_applied_record_changes_only_what_the_correction_changes(county, three):
    one, two, _ = three
    first = one.record(H, {"phone": "2", "remark": "西屋"})
    one.sync(), two.sync()
    two.record(H, {"phone": "3"}), two.sync()
    one.sync()
    correction = one.record(H, {"remark": "西厢房"}, corrects=first)
    one.sync()
    assert county.values()["phone"] == "3" and county.values()["remark"] == "西厢房"
    assert one.result(correction, "phone") is None


def test_correcting_what_another_has_changed_since_is_a_conflict(county, three):
    one, two, _ = three
    first = one.record(H, {"phone": "2"})
    one.sync(), two.sync()
    two.record(H, {"phone": "3"}), two.sync()
    one.sync()
    correction = one.record(H, {"phone": "4"}, corrects=first)
    one.sync()
    assert one.result(correction, "phone") == "conflict" and county.open_conflicts() == {("phone", "4")}


@pytest.mark.parametrize("choice", ["9", "2", "5"])
def test_a_correction_decides_the_conflict_it_has_seen(county, three, choice):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    one.sync()
    assert county.open_conflicts() == {("phone", "2")}
    decision = one.record(H, {"phone": choice}, corrects=mine)
    one.sync()
    assert one.verdict(decision).outcome == "applied" and not county.open_conflicts()
    assert county.values()["phone"] == choice


def test_correcting_a_follower_that_left_the_conflict_alone_does_not_decide_it(county, three):
    """The follower carries the value in conflict, but says nothing of it, and neither does its correction."""
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    one.record(H, {"phone": "2"})
    follower = one.record(H, {"remark": "西屋"})
    one.sync()
    assert county.open_conflicts() == {("phone", "2")}
    correction = one.record(H, {"remark": "东屋"}, corrects=follower)
    one.sync()
    assert one.result(correction, "phone") is None and one.result(correction, "remark") == "applied"
    assert county.values()["phone"] == "9" and county.open_conflicts() == {("phone", "2")}


def test_the_other_side_decides_with_one_field(county, three):
    one, two, third = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    one.sync(), third.sync()
    third.record(H, {"phone": "9"}, corrects=mine, whole=False), third.sync()
    assert not county.open_conflicts() and county.values()["phone"] == "9"


def test_a_correction_made_before_the_conflict_was_known_joins_it(county, three):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    kept, changed = (
        one.record(H, {"remark": "x"}, corrects=mine),
        one.record(H, {"phone": "3"}, corrects=mine),
    )
    one.sync()
    assert one.result(kept, "phone") is None and one.result(changed, "phone") == "conflict"
    assert county.open_conflicts() == {("phone", "3")}


def test_a_decision_overtaken_by_another_change_goes_on_in_the_same_conflict(county, three):
    one, two, third = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    one.sync(), third.sync()
    (before,) = county.state(H).conflicts
    decision = one.record(H, {"phone": "2"}, corrects=mine)
    third.record(H, {"phone": "8"}), third.sync()
    one.sync()
    (after,) = county.state(H).conflicts
    assert one.result(decision, "phone") == "conflict"
    assert (after.id, after.mine, after.theirs, after.submission) == (before.id, "2", "8", decision.id)


def test_a_decided_conflict_is_not_decided_again_by_a_correction_of_something_else(county, three):
    one, two, third = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    one.sync(), third.sync()
    third.record(H, {"phone": "9"}, corrects=mine, whole=False), third.sync()
    one.sync()
    later = one.record(H, {"remark": "西屋"}, corrects=mine)
    one.sync()
    assert one.result(later, "phone") is None and county.values()["phone"] == "9"


def test_whoever_brings_the_conflicting_value_in_ends_the_conflict(county, three):
    one, two, third = three
    two.record(H, {"phone": "9"}), two.sync()
    one.record(H, {"phone": "2"}), one.sync()
    third.sync(), third.record(H, {"phone": "2"}), third.sync()
    assert county.values()["phone"] == "2" and not county.open_conflicts()


def test_ids_of_conflicts_follow_from_submission_entity_and_property(county, three):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    one.sync()
    (conflict,) = county.state(H).conflicts
    assert conflict.id == derived_id("conflict", mine.id, f"household/{H}", "phone")


def test_a_joined_conflict_names_whom_the_chain_met_and_never_its_own_tablet(county, three):
    """The other had changed only the guard group's device: fuel's value is still this tablet's own."""
    one, two, _ = three
    changed = one.record(H, {"remark": "西屋"})
    one.record(H, {"device": "1", "fuel": "heat"})
    theirs = two.record(H, {"device": "2"})
    two.sync(), one.sync()
    again = one.record(H, {"device": "3", "fuel": "electricity"}, corrects=changed)
    one.sync()
    met = {each.property: (each.theirs_submission, each.theirs_by) for each in one.verdict(again).fields}
    assert one.result(again, "fuel") == "conflict"
    assert met == dict.fromkeys(("device", "fuel"), (theirs.id, "person-two"))
    assert {each.by for each in county.state(H).conflicts} == {theirs.id}


def test_what_a_correction_insists_on_lies_over_the_card_though_another_said_it_first(county, three):
    """Heard of in conflict, sent once more, and meanwhile brought in by another: whoever goes on from that on this
    tablet had it on the screen, and not what the registry had."""
    one, two, third = three
    mine = one.record(H, {"phone": "9"})
    two.record(H, {"phone": "2"}), two.sync()
    one.sync(), third.sync()
    base = third.states[f"household/{H}"]
    begun = Target("household", H, base.version, {"phone": "2"}, None)
    insists = one.record(H, {"phone": "9"}, corrects=mine, whole=False, targets=(begun,))
    third.record(H, {"phone": "9"}), third.sync()
    begun = Target("household", H, base.version, {"phone": "2"}, insists.id)
    back = one.record(H, {"phone": "2"}, whole=False, targets=(begun,))
    one.sync()
    assert one.verdict(insists).outcome != "conflict"
    assert one.result(back, "phone") == "conflict"
    assert county.values()["phone"] == "9" and county.open_conflicts() == {("phone", "2")}
