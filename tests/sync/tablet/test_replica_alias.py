"""A home merged into another, as its tablets live through it: the view leads on, and unsent work still travels."""

from __future__ import annotations

from typing import Any

import pytest

from sync.codec import derived_id

H, T, CONVERSION = derived_id("household", "1"), derived_id("household", "2"), derived_id("conversion")
A = "140525100001"


@pytest.fixture
def two(surveyor: Any) -> tuple[Any, Any]:
    """The same home registered by two tablets that have both homes by now."""
    one, other = surveyor("a"), surveyor("b")
    one.records(H, {"head_name": "张三", "door_number": "12号", "phone": "1", "remark": ""})
    other.records(T, {"head_name": "张三", "door_number": "十二号", "phone": "2", "remark": "北房"})
    for each in (one, other, one):
        each.syncs()
    return one, other


def homes(tablet: Any) -> list[str]:
    return [row.id for row in tablet.replica.households(A)]


def test_the_page_of_the_loser_leads_to_the_survivor(county: Any, two: Any) -> None:
    one, other = two
    assert homes(one) == homes(other) == [H, T] or homes(one) == [T, H]
    county.merge(H, T, phone="2")
    for tablet in two:
        tablet.syncs()
        assert homes(tablet) == [H]
        shown = tablet.replica.entity("household", T)
        assert (shown.id, shown.props["phone"]) == (H, "2")
    assert len(one.replica.records(T)) == 1 and len(other.replica.records(H)) == 1
    county.separate(H, T)
    for tablet in two:
        tablet.syncs()
        assert sorted(homes(tablet)) == sorted([H, T])
        assert (tablet.sees(H)["phone"], tablet.sees(T)["phone"]) == ("1", "2")


def test_a_conversion_recorded_under_the_losers_id_shows_with_the_survivor(county: Any, two: Any) -> None:
    one, other = two
    other.records(CONVERSION, {"household": T, "kind": "electric"}, dataset="conversion")
    other.syncs(), one.syncs()
    county.merge(H, T)
    for tablet in two:
        tablet.syncs()
        assert [each.id for each in tablet.replica.related("conversion", H)] == [CONVERSION]
        assert [each.id for each in tablet.replica.related("conversion", T)] == [CONVERSION]
        assert tablet.replica.households(A)[0].conversion_kind == "electric"
    county.separate(H, T)
    one.syncs()
    assert one.replica.related("conversion", H) == []
    assert [each.id for each in one.replica.related("conversion", T)] == [CONVERSION]


def test_an_unsent_edit_and_a_draft_of_the_loser_show_with_the_survivor_and_still_travel(
    county: Any, two: Any
) -> None:
    one, other = two
    draft = other.opens(T, household=T)
    county.merge(H, T, remark="北房")
    edit = other.records(T, {"remark": "有小孩"})
    kept = other.opens(T, household=T)
    other.syncs()
    assert other.sees(H)["remark"] == other.sees(T)["remark"] == "有小孩"
    assert {each.household_id for each in other.replica.drafts()} == {H}
    assert "draft" in other.replica.households(A)[0].marks
    assert other.state(edit) in ("sent_safe", "merged")
    late = other.submits(other.replica.draft(kept.id), {"remark": "有老人"})
    assert late.targets[0].id == T
    assert "waiting" in other.replica.households(A)[0].marks
    other.replica.discard_draft(draft.id)
    other.syncs(), one.syncs()
    assert "有老人" in (one.sees(H)["remark"], *(each.mine for each in county.state(H).conflicts))
    assert other.replica.status().waiting_n == 0


def test_a_conflict_across_the_alias_is_shown_and_settled_on_the_tablet(county: Any, two: Any) -> None:
    _, other = two
    edit = other.records(T, {"phone": "3"})
    county.merge(H, T)
    other.syncs()
    assert other.state(edit) == "conflict" and other.replica.status().conflict_n == 1
    assert [each.mine for each in other.replica.entity("household", T).conflicts] == ["3"]
    other.corrects(edit, {"phone": "3"})
    other.syncs()
    assert other.sees(H)["phone"] == "3" and not county.state(H).conflicts
    assert other.replica.status().conflict_n == 0


def test_a_village_read_anew_brings_its_aliases(county: Any, two: Any, surveyor: Any) -> None:
    _, other = two
    county.merge(H, T)
    other.records(CONVERSION, {"household": T, "kind": "gas"}, dataset="conversion")
    other.syncs()
    late = surveyor("late")
    late.syncs()
    assert homes(late) == [H]
    assert [each.id for each in late.replica.related("conversion", H)] == [CONVERSION]


def test_a_hub_restored_from_before_the_merge_knows_two_homes_again(county: Any, two: Any) -> None:
    one, other = two
    before = county.copy()
    county.merge(H, T)
    one.syncs(), other.syncs()
    assert homes(one) == [H]
    county.restore(before)
    one.syncs(), other.syncs()
    assert sorted(homes(one)) == sorted([H, T]) == sorted(homes(other))


@pytest.mark.parametrize("taken_first", [True, False])
def test_an_id_of_a_village_taken_leads_nowhere_once_the_hub_was_restored_from_before(
    county: Any, surveyor: Any, taken_first: bool
) -> None:
    """No snapshot of that village will ever tell."""
    far = "140525100002"
    one = surveyor("a", A, far)
    one.records(T, {"head_name": "张三"}), one.records(H, {"head_name": "张三"}, village=far)
    one.syncs()
    before = county.copy()
    county.merge(H, T)
    one.syncs()
    assert one.replica.entity("household", T).id == H
    one.assign(far)
    if taken_first:
        one.syncs()
        assert one.replica.entity("household", T).id == H
    county.restore(before)
    one.syncs()
    assert one.replica.entity("household", T) is None


def test_where_the_survivor_stands_in_a_village_not_held_own_work_stays_in_sight(
    county: Any, surveyor: Any
) -> None:
    far = "140525100002"
    here, there = surveyor("a"), surveyor("b", far)
    there.records(H, {"head_name": "张三"}, village=far)
    here.records(T, {"head_name": "张三"})
    here.syncs(), there.syncs()
    here.records(T, {"head_name": "张三丰"})
    county.merge(H, T)
    draft = here.opens(T, household=T)
    assert here.replica.draft(draft.id).household_id == T
    here.syncs()
    assert here.replica.status().waiting_n == 0
    assert here.replica.entity("household", H) is None


def test_what_is_begun_under_the_losers_id_after_the_merge_is_about_the_survivor(
    county: Any, two: Any
) -> None:
    _, other = two
    disputed = other.records(T, {"remark": "有小孩"})
    county.merge(H, T)
    other.syncs()
    later = other.records(T, {"phone": "9"})
    other.syncs()
    assert [target.id for target in later.targets] == [H]
    assert other.state(disputed) in ("conflict", "sent_safe", "merged")
    county.separate(H, T)
    other.syncs()
    assert (other.sees(T)["remark"], other.sees(H)["phone"]) == ("有小孩", "9")
