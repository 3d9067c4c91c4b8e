"""What tablets bring back to a hub that was restored from an older copy."""

from __future__ import annotations

import pytest

from sync.codec import derived_id
from sync.messages import Target

H = derived_id("house")


@pytest.fixture
def three(county, tablet):
    """Three tablets of one village, and a household they all have seen."""
    one, two, three = tablet("one"), tablet("two"), tablet("three")
    one.record(H, {"head_name": "张三", "device": "kang", "fuel": "bulk_coal", "phone": "1", "remark": ""})
    for each in (one, two, three):
        each.sync()
    return one, two, three


def result(tablet, submission, name):
    found = {each.property: each.outcome for each in tablet.verdict(submission).fields}
    return found.get(name)


def values(county):
    return county.state(H).values()


def open_conflicts(county):
    return {(each.property, each.mine) for each in county.state(H).conflicts}


def test_an_entity_the_restored_hub_lost_is_made_whole_by_whoever_comes_first(county, three):
    one, two, _ = three
    empty = county.copy()
    empty.entities, empty.known, empty.feed = {}, {}, {}
    two.record(H, {"phone": "2"}), two.sync()
    county.restore(empty)
    two.sync(), two.sync()
    assert values(county)["phone"] == "2" and values(county)["head_name"] == "张三"
    one.sync(), one.sync()
    registration = one.made[0]
    found = {each.property: each.outcome for each in one.verdict(registration).fields}
    assert found["phone"] == "superseded" and found["head_name"] == "same"
    assert values(county)["phone"] == "2" and not open_conflicts(county)


def test_versions_of_the_restored_part_still_count(county, three):
    one, two, _ = three
    older = county.copy()
    two.record(H, {"phone": "2"}), two.sync(), one.sync()
    unsent = one.record(H, {"phone": "3"})
    county.restore(older)
    one.sync()
    assert result(one, unsent, "phone") == "applied", "it had seen more than the hub now knows"
    two.sync(), two.sync()
    assert result(two, two.made[0], "phone") == "superseded" and values(county)["phone"] == "3"


def test_what_was_set_after_the_restore_is_compared_by_value(county, three):
    one, two, third = three
    older = county.copy()
    two.record(H, {"phone": "2"}), two.sync()
    offline = one.record(H, {"phone": "4"})
    county.restore(older)
    third.sync(), third.record(H, {"phone": "5"}), third.sync()
    one.sync()
    assert result(one, offline, "phone") == "conflict"
    assert values(county)["phone"] == "5"


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
    assert result(third, correction, "phone") == "conflict" and open_conflicts(county) == {("phone", "9")}
    assert values(county) | {"phone": "5", "remark": "东屋"} == values(county)
