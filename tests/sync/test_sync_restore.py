"""What tablets bring back to a hub that was restored from an older copy."""

from __future__ import annotations

from dataclasses import replace

from sync.codec import derived_id
from sync.messages import Target

H = derived_id("house")


def test_an_entity_the_restored_hub_lost_is_made_whole_by_whoever_comes_first(county, three):
    one, two, _ = three
    empty = county.copy()
    empty.entities, empty.known, empty.feed = {}, {}, {}
    two.record(H, {"phone": "2"}), two.sync()
    county.restore(empty)
    two.sync(), two.sync()
    assert county.values()["phone"] == "2" and county.values()["head_name"] == "张三"
    one.sync(), one.sync()
    registration = one.made[0]
    found = {each.property: each.outcome for each in one.verdict(registration).fields}
    assert found["phone"] == "superseded" and found["head_name"] == "same"
    assert county.values()["phone"] == "2" and not county.open_conflicts()


def test_versions_of_the_restored_part_still_count(county, three):
    one, two, _ = three
    older = county.copy()
    two.record(H, {"phone": "2"}), two.sync(), one.sync()
    unsent = one.record(H, {"phone": "3"})
    county.restore(older)
    one.sync()
    assert one.result(unsent, "phone") == "applied", "it had seen more than the hub now knows"
    two.sync(), two.sync()
    assert two.result(two.made[0], "phone") == "superseded" and county.values()["phone"] == "3"


def test_what_was_set_after_the_restore_is_compared_by_value(county, three):
    one, two, third = three
    older = county.copy()
    two.record(H, {"phone": "2"}), two.sync()
    offline = one.record(H, {"phone": "4"})
    county.restore(older)
    third.sync(), third.record(H, {"phone": "5"}), third.sync()
    one.sync()
    assert one.result(offline, "phone") == "conflict"
    assert county.values()["phone"] == "5"


def test_a_correction_that_comes_before_its_record_has_not_seen_what_the_record_had_not(county, three):
    """Its base version is that of the record's verdict, its values are the record's own: neither tells what was
    on the screen, and the record that would tell comes only later."""
    _, two, third = three
    two.record(H, {"phone": "5"}), two.sync()
    older = county.copy()
    record = third.record(H, {"remark": "东屋"})
    third.sync()
    left = {"phone": "1", "remark": "东屋"}
    begun = Target("household", H, third.verdict(record).versions[f"household/{H}"], left, None)
    correction = third.record(H, {"phone": "9"}, corrects=record, targets=(begun,))
    county.restore(older)
    third.sync([correction])
    third.sync([record])
    assert third.result(correction, "phone") == "conflict" and county.open_conflicts() == {("phone", "9")}
    assert county.values() | {"phone": "5", "remark": "东屋"} == county.values()


def test_a_correction_that_comes_late_does_not_end_the_conflict_of_a_later_record(county, tablet):
    """Both go back to a rejected record. What the tablet said last came first, and is still to be decided."""
    one, two, empty = tablet("one"), tablet("two"), county.copy()
    rejected = one.record(H, {"phone": "bad", "rooms": "6"})
    one.sync()
    one.record(H, {"phone": "3", "rooms": "3"}, corrects=rejected), one.sync()
    two.sync(), two.record(H, {"phone": "1"}), two.sync()
    begun = Target("household", H, 0, {}, rejected.id)
    last = one.record(H, {"phone": "2", "rooms": "6"}, targets=(begun,), whole=False)
    county.restore(empty)
    two.sync(), two.sync()
    one.sync([last])
    assert county.open_conflicts() == {("phone", "2"), ("rooms", "6")}
    one.sync()
    assert county.open_conflicts() == {("phone", "2"), ("rooms", "6")}
    assert one.result(one.made[1], "phone") == "superseded"


def test_who_puts_a_value_back_that_the_restored_hub_still_has_is_not_overwritten_unseen(county, three):
    """Two saw the phone emptied, which the restore forgot; one puts the number back, the other sets another."""
    one, two, third = three
    older = county.copy()
    one.record(H, {"phone": ""}), one.sync(), two.sync(), third.sync()
    back, other = two.record(H, {"phone": "1"}), third.record(H, {"phone": "5"})
    county.restore(older)
    two.sync([back])
    assert two.result(back, "phone") == "applied" and county.values()["phone"] == "1"
    third.sync([other])
    assert third.result(other, "phone") == "conflict" and county.open_conflicts() == {("phone", "5")}
    one.sync(), one.sync()
    assert county.values()["phone"] == "1" and county.open_conflicts() == {("phone", "5")}


def test_what_is_put_back_beside_another_s_change_of_its_group_is_no_conflict_with_itself(county, three):
    one, two, third = three
    older = county.copy()
    one.record(H, {"device": "heat_pump"}), one.sync(), two.sync()
    back = two.record(H, {"device": "kang"})
    county.restore(older)
    third.sync(), third.record(H, {"fuel": "electricity"}), third.sync()
    two.sync([back])
    assert two.result(back, "device") == "same" and not county.open_conflicts()


def test_what_a_correction_carries_does_not_hide_what_was_read_after_its_record(county, tablet):
    """Registered, changed, the registration corrected without a change, then set back to what it had said; the hub
    hears all of it once more."""
    one, empty = tablet("one"), county.copy()
    first = one.record(H, {"phone": "1", "remark": ""})
    one.record(H, {"phone": "2"}), one.sync()
    begun = Target("household", H, 1, {"phone": "1", "remark": ""}, None)
    one.record(H, {"remark": "东屋"}, corrects=first, targets=(begun,))
    back = one.record(H, {"phone": "1"})
    county.restore(empty)
    one.sync(one.made)
    assert one.result(back, "phone") == "applied"
    assert county.values()["phone"] == "1" and not county.open_conflicts()


def test_what_a_correction_insists_on_was_seen_by_whoever_went_on_from_it(county, three):
    """A record in conflict, corrected for its own value, gone on from with that left alone; the hub hears all of it
    once more, without the one it was in conflict with. What another sets in between is no conflict with that."""
    one, two, third = three
    older = county.copy()
    two.record(H, {"phone": "2"}), two.sync()
    record = one.record(H, {"phone": "3"})
    one.sync()
    correction = one.record(H, {}, corrects=record)
    left = one.record(H, {"remark": "东屋"})
    assert left.answers["household"]["phone"] == "3" and left.targets[0].base["phone"] == "2"
    county.restore(older)
    one.sync([record, correction])
    third.sync(), third.record(H, {"phone": "5"}), third.sync()
    one.sync([left])
    assert [each.property for each in one.verdict(left).fields] == ["remark"]
    assert county.values()["phone"] == "5" and not county.open_conflicts()


def test_a_value_that_an_own_one_lay_over_was_not_seen_though_it_was_read(county, three):
    """There and back again before the restore; another's change since was read, and hidden under that until it was told
    of as replaced."""
    one, two, _ = three
    county.restore(county.copy())
    one.record(H, {"phone": "2"})
    back = one.record(H, {"phone": "1"})
    two.sync(), two.record(H, {"phone": "9"}), two.sync()
    begun = Target("household", H, county.state(H).version, {"phone": "9"}, back.id)
    last = one.record(H, {"phone": "7"}, whole=False, targets=(begun,), history=county.history)
    one.sync()
    assert (one.result(back, "phone"), one.result(last, "phone")) == ("superseded", "conflict")
    assert county.values()["phone"] == "9" and county.open_conflicts() == {("phone", "7")}


def test_a_value_read_between_two_restores_is_what_stood_on_the_screen(county, three):
    """An own value was replaced after one restore and read; it is set once more, upon a draft begun before all that,
    and the hub is restored again before it hears so."""
    one, two, _ = three
    begun = Target("household", H, one.states[f"household/{H}"].version, {"remark": ""}, None)
    own = one.record(H, {"phone": "2"})
    one.send_and_lose_reply(), two.sync()
    first, _ = county.history, county.restore(county.copy())
    two.sync(), two.record(H, {"phone": "3"}), two.sync(), one.sync()
    draft = (replace(begun, follows=own.id),)
    one.record(H, {"remark": "东屋"}, whole=False, targets=draft, history=first)
    again = one.record(H, {"phone": "2"}, whole=False)
    assert again.targets[0].base == {"phone": "3"}
    county.restore(county.copy())
    one.sync()
    assert one.result(again, "phone") == "applied"
    assert county.values()["phone"] == "2" and not county.open_conflicts()
