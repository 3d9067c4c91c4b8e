"""What tablets see only the end of: seen, corrected, disputed and restored as if they had seen it whole."""

from __future__ import annotations

import pytest

from sync.codec import derived_id
from sync.masking import masked, unmasked

HOME = "h"
P = derived_id("payee", HOME)
X, FIXED, OTHER = "6222020200001234417", "6222020200009994417", "6217000000005550001"
GROUPS = {"payee": {"holder": "account", "account": "account", "bank": "account"}}


def payee(tablet, account, **other):
    """As the form records it: the account typed in full, never taken over from the screen."""
    shown = {name: value for name, value in tablet.sees(P, "payee").items() if name != "account"}
    values = {"household": HOME, "holder": "王建军", "bank": "农商行", **shown, "account": account}
    return tablet.record(P, {**values, **other.pop("changed", {})}, dataset="payee", whole=False, **other)


@pytest.fixture
def county(kit):
    return kit.County(groups=GROUPS, masked={"payee": frozenset({"account"})})


def account(county):
    return county.state(P, "payee").values()["account"]


def shown(tablet):
    return tablet.states[f"payee/{P}"]


def outcome(tablet, submission):
    return tablet.verdict(submission).outcome


def test_the_mask_shows_the_end_and_hides_the_short():
    assert [masked(each) for each in ("6222021234417", "12345", "1234", "", "…4417")] == [
        "…4417",
        "…2345",
        "…",
        "",
        "…4417",
    ]
    assert masked("6222 0202 0011 2233 417") == "…3417"
    assert unmasked("…4417", (None, "…4417", OTHER, X)) == X
    assert unmasked("…4417", (OTHER,)) == "…4417"
    assert unmasked(None, (X,)) is None


def test_tablets_see_the_end_the_registry_keeps_the_whole(county, tablet):
    one = tablet("one")
    first = payee(one, X)
    one.sync()
    assert account(county) == X
    assert county.journal[first.id].submission.answers["payee"]["account"] == X
    assert shown(one).props["account"] == "…4417"


@pytest.mark.parametrize("typed", [OTHER, FIXED, X])
def test_own_payee_corrected(county, tablet, typed):
    one = tablet("one")
    first = payee(one, X)
    one.sync()
    again = payee(one, typed, corrects=first)
    one.sync()
    assert outcome(one, again) == "applied"
    assert account(county) == typed
    assert not any("6222" in (field.mine, field.base, field.theirs) for field in one.verdict(again).fields)
    assert all(
        field.mine == masked(typed) for field in one.verdict(again).fields if field.property == "account"
    )


@pytest.mark.parametrize("typed", [OTHER, FIXED])
def test_another_who_has_seen_it_may_replace_it(county, tablet, typed):
    one, two = tablet("one"), tablet("two")
    payee(one, X)
    one.sync()
    two.sync()
    new = payee(two, typed)
    two.sync()
    assert (outcome(two, new), account(county)) == ("applied", typed)


def test_the_same_account_typed_again_is_no_news(county, tablet):
    one, two = tablet("one"), tablet("two")
    payee(one, X)
    one.sync()
    two.sync()
    version = county.state(P, "payee").version
    same = payee(two, X)
    two.sync()
    assert outcome(two, same) == "applied"
    assert county.state(P, "payee").version == version


def test_two_who_knew_nothing_of_each_other_are_in_conflict_and_one_decides(county, tablet):
    one, two, three = tablet("one"), tablet("two"), tablet("three")
    payee(one, X)
    for each in (one, two, three):
        each.sync()
    mine, theirs = payee(one, OTHER), payee(two, FIXED)
    one.sync()
    two.sync()
    assert (outcome(one, mine), outcome(two, theirs)) == ("applied", "conflict")
    assert account(county) == OTHER
    assert county.state(P, "payee").conflicts[0].mine == FIXED
    three.sync()
    [conflict] = shown(three).conflicts
    assert (conflict.base, conflict.mine, conflict.theirs) == ("…4417", "…4417", "…0001")
    [field] = [field for field in two.verdict(theirs).fields if field.outcome == "conflict"]
    assert (field.mine, field.theirs) == ("…4417", "…0001")
    decision = payee(two, FIXED, corrects=theirs)
    two.sync()
    assert (outcome(two, decision), account(county)) == ("applied", FIXED)
    assert county.state(P, "payee").conflicts == ()


def test_a_change_of_the_holder_unseen_puts_the_account_in_conflict(county, tablet):
    one, two = tablet("one"), tablet("two")
    payee(one, X)
    one.sync()
    two.sync()
    payee(one, X, changed={"holder": "王小明"})
    one.sync()
    mine = payee(two, OTHER)
    two.sync()
    assert outcome(two, mine) == "conflict"
    assert county.state(P, "payee").values()["holder"] == "王小明"
    assert account(county) == X


@pytest.mark.parametrize("first", ["one", "two"])
def test_after_a_restore_an_edit_of_an_edit_ends_as_it_was(county, tablet, first):
    one, two = tablet("one"), tablet("two")
    empty = county.copy()
    payee(one, X)
    one.sync()
    two.sync()
    payee(two, FIXED)
    two.sync()
    one.sync()
    county.restore(empty)
    for each in (one, two) if first == "one" else (two, one):
        each.sync([])  # meets the new history
        each.sync()
    assert account(county) == FIXED
    assert county.state(P, "payee").conflicts == ()


def test_who_saw_it_before_a_restore_may_still_replace_it(county, tablet):
    one, two = tablet("one"), tablet("two")
    payee(one, X)
    one.sync()
    two.sync()
    copy = county.copy()
    mine = payee(two, OTHER)  # offline
    county.restore(copy)
    two.sync()
    assert (outcome(two, mine), account(county)) == ("applied", OTHER)


def test_a_fix_made_since_the_restore_is_not_taken_for_seen_because_it_ends_alike(county, tablet):
    one, two = tablet("one"), tablet("two")
    payee(one, X)
    one.sync()
    two.sync()
    copy = county.copy()
    mine = payee(two, OTHER)  # offline; saw X as …4417
    county.restore(copy)
    one.sync([])
    one.sync()
    payee(one, FIXED)  # ends in 4417 as well
    one.sync()
    two.sync()
    assert outcome(two, mine) == "conflict"
    assert account(county) == FIXED


def test_what_the_office_alone_writes_no_tablet_does(kit):
    county = kit.County(office=frozenset({"zone"}))
    one = kit.Tablet(county, "one")
    one.sync()
    forged = one.record(kit.id("zone", "z", kit.A), {"status": "withdrawn"}, dataset="zone")
    one.sync()
    told = one.verdict(forged)
    assert (told.outcome, told.code, told.field) == ("rejected", "entity_mismatch", "zone")
    assert county.entities == {}
