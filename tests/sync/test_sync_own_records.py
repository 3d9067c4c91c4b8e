"""A tablet is never set against itself: what it recorded later stands over what it recorded before, in whatever
order the two come, and whether or not the one names the other."""

from __future__ import annotations

import pytest

from sync.codec import derived_id
from sync.messages import Target

H = derived_id("house")
KEY = f"household/{H}"


def outcome(tablet, submission, name):
    return next(each.outcome for each in tablet.verdict(submission).fields if each.property == name)


def value(county, name="phone"):
    return county.state(H).values()[name]


def test_a_branch_in_the_chain_is_no_stranger_to_what_comes_after_it(county, tablet):
    one = tablet("one")
    first = one.record(H, {"phone": "1", "remark": ""})
    one.record(H, {"phone": "7"})
    branch = (Target("household", H, 0, {}, first.id),)
    one.record(H, {"remark": "东屋"}, corrects=first, whole=False, targets=branch)
    last = one.record(H, {"phone": "8"})
    one.sync()
    assert outcome(one, last, "phone") == "applied"
    assert value(county) == "8" and county.state(H).conflicts == ()


def test_a_correction_of_an_older_record_meets_the_tablet_s_own_later_one(county, tablet):
    one = tablet("one")
    first = one.record(H, {"phone": "1", "remark": ""})
    one.sync()
    one.record(H, {"phone": ""})
    one.sync()
    correction = one.record(H, {"phone": "2"}, corrects=first)
    one.sync()
    assert outcome(one, correction, "phone") == "applied"
    assert value(county) == "2" and county.state(H).conflicts == ()


def test_two_drafts_side_by_side_on_one_tablet(county, tablet):
    one = tablet("one")
    one.record(H, {"phone": "1", "device": "kang", "fuel": "coal"}), one.sync()
    seen = one.states[KEY]
    one.record(H, {"phone": "2", "device": "stove"}), one.sync()
    stale = (Target("household", H, seen.version, dict(seen.props), None),)
    other = one.record(H, {"phone": "3", "fuel": "gas"}, whole=False, targets=stale)
    one.sync()
    assert one.verdict(other).outcome == "applied"
    assert value(county) == "3" and county.state(H).conflicts == ()


def test_another_s_change_in_between_is_still_guarded(county, tablet):
    one, two = tablet("one"), tablet("two")
    first = one.record(H, {"phone": "1", "device": "kang", "fuel": "coal"})
    one.sync(), two.sync()
    two.record(H, {"phone": "5", "fuel": "gas"}), two.sync()
    correction = one.record(H, {"phone": "2", "device": "stove"}, corrects=first)
    one.sync()
    assert outcome(one, correction, "phone") == "conflict"
    assert outcome(one, correction, "device") == "conflict", (
        "one guard group with fuel, which another changed"
    )
    assert value(county) == "5"


def test_after_a_restore_the_earlier_of_two_own_records_comes_last(county, tablet):
    one = tablet("one")
    empty = county.copy()
    first = one.record(H, {"phone": "1", "remark": "有狗", "device": "kang", "fuel": "coal"})
    one.sync()
    later = one.record(H, {"remark": "", "device": "stove"})
    county.restore(empty)
    one.sync([later])
    one.sync([first])
    assert county.state(H).conflicts == ()
    assert (value(county, "remark"), value(county, "device")) == ("", "stove")
    assert (value(county), value(county, "fuel")) == ("1", "coal")


def test_an_earlier_own_record_is_superseded_by_a_later_one_that_stands_in_conflict(county, tablet):
    one, two = tablet("one"), tablet("two")
    one.record(H, {"phone": "1", "remark": ""}), one.sync(), two.sync()
    seen = one.states[KEY]
    two.record(H, {"phone": "5"}), two.sync()
    stale = (Target("household", H, seen.version, dict(seen.props), None),)
    earlier = one.record(H, {"phone": "2"}, whole=False, targets=stale)
    later = one.record(H, {"phone": "3"}, whole=False, targets=stale)
    one.sync([later])
    one.sync([earlier])
    assert outcome(one, earlier, "phone") == "superseded"
    assert [each.mine for each in county.state(H).conflicts] == ["3"]


def test_after_a_restore_whoever_only_carried_a_value_on_does_not_stand_over_it(county, tablet):
    one = tablet("one")
    empty = county.copy()
    first = one.record(H, {"phone": "1", "remark": ""})
    one.sync()
    seen = one.states[KEY]
    stale = (Target("household", H, seen.version, dict(seen.props), None),)
    middle = one.record(H, {"phone": "2"})
    carrier = one.record(H, {"phone": "1", "remark": "有狗"}, whole=False, corrects=first, targets=stale)
    county.restore(empty)
    one.sync([carrier])
    one.sync([first, middle])
    assert outcome(one, middle, "phone") == "applied"
    assert (value(county), value(county, "remark")) == ("2", "有狗")
    assert county.state(H).conflicts == ()


@pytest.fixture
def late(county, tablet):
    """Tablet one follows a record of its own that was begun before it saw another's change: what it sees now is
    that change, though the chain behind it began earlier."""
    one, two = tablet("one"), tablet("two")
    one.record(H, {"phone": "1", "remark": ""}), one.sync()
    begun = one.states[KEY]
    first = one.record(H, {"phone": "2"})
    one.sync(), two.sync()
    two.record(H, {"phone": "5"}), two.sync(), one.sync()
    put_away = (Target("household", H, begun.version, dict(begun.props), first.id),)
    one.record(H, {"remark": "有狗"}, corrects=first, whole=False, targets=put_away)
    return one, two


def now_seen(one, **values):
    """A record after that: it follows the late one, and was made looking at the registry as it is shown."""
    state = one.states[KEY]
    target = Target("household", H, state.version, dict(state.props), one.made[-1].id)
    return one.record(H, values, whole=False, targets=(target,))


def test_going_back_to_an_own_value_that_another_had_replaced_is_a_change(county, late):
    one, _ = late
    back = now_seen(one, phone="2")
    one.sync()
    assert outcome(one, back, "phone") == "applied" and value(county) == "2"


def test_a_value_of_another_left_as_it_is_shown_is_no_change(county, late):
    one, two = late
    left = now_seen(one, phone="5")
    two.record(H, {"phone": "6"}), two.sync()
    one.sync()
    assert one.verdict(left).outcome == "merged" and value(county) == "6"
    assert county.state(H).conflicts == ()


def test_a_follower_that_clears_a_value_stands_though_it_comes_first(county, tablet):
    one = tablet("one")
    first, cleared = one.record(H, {"phone": "1", "remark": "x"}), one.record(H, {"phone": ""})
    one.sync([cleared])
    one.sync()
    assert outcome(one, first, "phone") == "superseded" and value(county) == ""
    assert county.known[cleared.id].traces[KEY].steps["phone"].outcome == "applied"


def test_where_only_its_own_record_is_left_to_show_what_that_carries_on_was_seen(county, tablet):
    """The home has left the tablet's villages, or was merged: its waiting record is shown whole."""
    one, two = tablet("one"), tablet("two")
    one.record(H, {"phone": "1", "remark": ""}), one.sync(), two.sync()
    one.record(H, {"remark": "东屋"})
    two.record(H, {"phone": "2"}), two.sync()
    del one.states[KEY]
    last = one.record(H, {"remark": "西屋"})
    one.sync()
    assert one.result(last, "phone") is None and one.result(last, "remark") == "applied"
    assert value(county) == "2" and county.state(H).conflicts == ()


def test_what_a_refused_record_carried_on_was_never_anywhere(county, tablet):
    one = tablet("one")
    one.record(H, {"phone": "1", "remark": "bad"})
    last = one.record(H, {"remark": "西屋"})
    one.sync()
    assert value(county) == "1" and one.verdict(last).outcome == "applied"


@pytest.fixture
def beside(tablet):
    """A tablet that corrected an accepted record after it had changed what that said: the correction names nothing that
    it follows, so that change stands beside the chain."""
    one = tablet("one")
    first = one.record(H, {"phone": "1", "remark": ""})
    one.sync()
    one.record(H, {"phone": "2"})
    begun = Target("household", H, 1, {"phone": "1", "remark": ""}, None)
    one.record(H, {"remark": "东屋"}, corrects=first, targets=(begun,))
    return one


def test_what_was_set_beside_a_correction_was_on_the_screen_too(county, beside):
    back = beside.record(H, {"phone": "1"})
    beside.sync()
    assert outcome(beside, back, "phone") == "applied"
    assert value(county) == "1" and county.state(H).conflicts == ()


def test_what_was_set_beside_a_correction_and_left_alone_is_no_change(county, beside):
    left = beside.record(H, {"phone": "2", "device": "stove"})
    beside.sync()
    assert [each.property for each in beside.verdict(left).fields] == ["device"] and value(county) == "2"


@pytest.fixture
def unread(tablet):
    """A tablet that registers a home, visits it and corrects the registration before the hub has heard of it."""
    one = tablet("one")
    first = one.record(H, {"phone": "1"})
    one.record(H, {"remark": "有狗"}, whole=False)
    begun = Target("household", H, 0, {}, first.id)
    one.record(H, {"phone": "2"}, corrects=first, targets=(begun,))
    return one


def test_what_was_set_beside_a_correction_is_cleared_before_the_hub_has_it(county, unread):
    back = unread.record(H, {"remark": ""}, whole=False)
    unread.sync()
    assert outcome(unread, back, "remark") == "applied" and value(county, "remark") == ""


def test_what_was_set_beside_a_correction_is_left_alone_before_the_hub_has_it(county, unread, tablet):
    other = tablet("other")
    other.record(H, {"phone": "2", "remark": "东屋"}), other.sync()
    left = unread.record(H, {"remark": "有狗"}, whole=False)
    unread.sync()
    assert unread.result(left, "remark") is None
    assert [(each.submission, each.mine) for each in county.state(H).conflicts] == [
        (unread.made[1].id, "有狗")
    ]


def test_what_left_the_tablet_with_its_home_was_not_cleared(county, tablet):
    """Its village was taken away: only what waits is shown, and the form that is asked again begins empty."""
    one = tablet("one")
    one.record(H, {"phone": "1"})
    one.record(H, {"remark": "有狗"}, whole=False)
    one.sync()
    one.record(H, {"phone": "2"}, whole=False)
    del one.states[KEY]
    last = one.record(H, {"remark": "", "device": "stove"}, whole=False)
    one.sync()
    assert one.result(last, "remark") is None and value(county, "remark") == "有狗"


def test_what_was_cleared_over_a_refused_record_is_a_change_beside_its_correction(county, tablet):
    """The draft was begun while that record was all the tablet had, and handed in after it had been corrected."""
    one = tablet("one")
    refused = one.record(H, {"phone": "1", "remark": "有狗", "rooms": "bad"})
    one.sync()
    one.record(H, {"rooms": "3"}, corrects=refused)
    begun = Target("household", H, 0, {}, refused.id)
    cleared = one.record(H, {"remark": "", "phone": "1"}, whole=False, targets=(begun,))
    one.sync()
    assert (one.result(cleared, "remark"), value(county, "remark"), value(county)) == ("applied", "", "1")


def test_another_s_change_under_an_own_value_beside_the_chain_was_not_seen(county, tablet):
    """Read while it lay under what this tablet had just sent, and the correction through which the next record goes on
    does not lead back to that: it joins the conflict, and replaces nothing."""
    one, two = tablet("one"), tablet("two")
    one.record(H, {"phone": "1", "remark": "", "visited_on": "1"})
    one.sync(), two.sync()
    seen = one.states[KEY]
    first = one.record(H, {"remark": "东屋"})
    hidden = one.record(H, {"phone": "3"})
    begun = Target("household", H, seen.version, dict(seen.props), first.id)
    between = one.record(H, {"remark": "西屋"}, corrects=first, whole=False, targets=(begun,))
    two.record(H, {"phone": "2"}), two.sync()
    read = county.state(H)
    begun = Target("household", H, read.version, read.values(), between.id)
    last = one.record(H, {"phone": "4"}, whole=False, targets=(begun,))
    one.sync()
    assert (outcome(one, hidden, "phone"), outcome(one, last, "phone")) == ("conflict", "conflict")
    assert value(county) == "2"
    assert [(each.mine, each.submission) for each in county.state(H).conflicts] == [("4", last.id)]


@pytest.fixture
def replaced(tablet):
    """A draft that was begun before another record and handed in after it, so it names nothing that it follows: what
    that record changed stands beside the chain. The hub hears of it, the tablet does not hear so; then somebody who has
    read it replaces it."""
    one, two = tablet("one", tells=True), tablet("two")
    one.record(H, {"phone": "1", "remark": ""})
    one.sync(), two.sync()
    begun = Target("household", H, 1, {"phone": "1", "remark": ""}, None)
    one.record(H, {"phone": "2"})
    draft = {"phone": "1", "remark": "东屋"}

    def by(another, *, draft_first):
        one.send_and_lose_reply()
        if draft_first:
            one.record(H, draft, whole=False, targets=(begun,)), one.send_and_lose_reply()
        another(two)
        if not draft_first:
            one.record(H, draft, whole=False, targets=(begun,))
        return one

    return by


def three_there(two):
    two.sync()
    two.record(H, {"phone": "3"})
    two.sync()


def four_there(two):
    three_there(two)
    two.record(H, {"phone": "4"}), two.sync()


@pytest.mark.parametrize("draft_first", [True, False])
@pytest.mark.parametrize(("another", "there"), [(three_there, "3"), (four_there, "4")])
def test_going_back_behind_an_own_value_beside_the_chain_that_another_replaced(
    county, replaced, another, there, draft_first
):
    one = replaced(another, draft_first=draft_first)
    back = one.record(H, {"phone": "1", "remark": "东屋"}, whole=False)
    one.sync()
    assert outcome(one, back, "phone") == "conflict" and value(county) == there
    (conflict,) = county.state(H).conflicts
    assert (conflict.base, conflict.mine, conflict.submission) == ("2", "1", back.id)


@pytest.mark.parametrize("draft_first", [True, False])
def test_an_own_value_beside_the_chain_that_another_replaced_and_that_is_left_alone(
    county, replaced, draft_first
):
    one = replaced(three_there, draft_first=draft_first)
    left = one.record(H, {"phone": "2", "remark": "西屋"}, whole=False)
    one.sync()
    assert one.result(left, "phone") is None and value(county) == "3"
    assert county.state(H).conflicts == ()


@pytest.mark.parametrize("draft_first", [True, False])
def test_going_back_behind_an_own_value_beside_the_chain_that_an_official_replaced(
    county, replaced, draft_first
):
    other = derived_id("other")

    def merged(two):
        two.record(other, {"phone": "5", "remark": ""}), two.sync()
        county.merge(H, other, phone="5")

    one = replaced(merged, draft_first=draft_first)
    back = one.record(H, {"phone": "1", "remark": "东屋"}, whole=False)
    one.sync()
    assert outcome(one, back, "phone") == "conflict" and value(county) == "5"


def test_going_back_behind_an_own_value_that_an_official_replaced_by_an_own_one_of_another_home(
    county, replaced
):
    other, one = derived_id("other"), replaced(lambda _: None, draft_first=True)
    one.record(other, {"phone": "5", "remark": ""}), one.send_and_lose_reply()
    county.merge(H, other, phone="5")
    back = one.record(H, {"phone": "1", "remark": "东屋"}, whole=False)
    one.sync()
    assert outcome(one, back, "phone") == "applied" and value(county) == "1"


def test_a_value_of_another_read_since_an_own_one_beside_the_chain_was_replaced(county, replaced):
    one = replaced(three_there, draft_first=True)
    one.sync()
    back = one.record(H, {"phone": "1"})
    one.sync()
    assert outcome(one, back, "phone") == "applied" and value(county) == "1"
    assert county.state(H).conflicts == ()
