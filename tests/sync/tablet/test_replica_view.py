"""The optimistic view and what verdicts do to it, with the real hub on the other side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sync.codec import derived_id

H = derived_id("household", "1")
A, B = "140525100001", "140525100002"


def test_a_save_shows_at_once_in_page_list_and_search(surveyor: Any) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王䶮", "door_number": "12号", "device": "coal_stove"})
    (row,) = one.replica.households(A, "王䶮")
    assert (row.head_name, row.door_number, row.device, row.marks) == (
        "王䶮", "12号", "coal_stove", ("new", "waiting"),
    )  # fmt: skip
    shown = one.replica.entity("household", H)
    assert (shown.version, shown.hub_props, len(shown.mine_pending)) == (0, {}, 1)


def test_an_applied_record_is_safe_and_the_hub_shows_it(surveyor: Any) -> None:
    one = surveyor()
    made = one.records(H, {"head_name": "王"})
    account = one.syncs()
    shown = one.replica.entity("household", H)
    assert (account.sent_n, account.applied_n, account.problem) == (1, 1, None)
    assert (one.state(made), shown.version, shown.hub_props, shown.mine_pending, shown.marks) == (
        "sent_safe", 1, {"head_name": "王"}, (), (),
    )  # fmt: skip
    assert one.replica.status().safe_to_hand_in


def test_a_chain_of_offline_edits_follows_itself_and_is_applied(surveyor: Any) -> None:
    one = surveyor()
    made = [one.records(H, {"fuel": fuel}) for fuel in ("bulk_coal", "gas", "electricity")]
    assert [each.targets[0].follows for each in made] == [None, made[0].id, made[1].id]
    assert [each.device_seq for each in made] == [1, 2, 3]
    one.syncs()
    assert {one.state(each) for each in made} == {"sent_safe"}
    assert one.sees(H) == {"fuel": "electricity"}


def test_different_fields_of_two_tablets_merge(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"head_name": "王", "phone": "1", "address": "东"})
    one.syncs(), two.syncs()
    one.records(H, {"phone": "2"})
    mine = two.records(H, {"address": "西"})
    one.syncs(), two.syncs()
    assert two.state(mine) == "merged"
    assert two.sees(H) == {"head_name": "王", "phone": "2", "address": "西"}


def test_an_untouched_prefilled_value_does_not_hide_what_another_changed(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"phone": "1", "address": "东"})
    one.syncs(), two.syncs()
    one.records(H, {"phone": "2"})
    one.syncs()
    two.records(H, {"address": "西"})
    two.syncs(lambda request: two.answer(replace(request, submissions=())))  # reads, but is not heard
    assert two.sees(H) == {"phone": "2", "address": "西"}


def test_a_conflict_keeps_theirs_shows_all_three_and_is_decided_by_a_correction(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"fuel": "bulk_coal", "head_name": "王"})
    one.syncs(), two.syncs()
    theirs = one.records(H, {"fuel": "gas"})
    mine = two.records(H, {"fuel": "electricity"})
    one.syncs(), two.syncs()
    record = two.replica.record(mine.id)
    assert record.state == "conflict" and record.open
    assert [(f.property, f.base, f.mine, f.theirs, f.theirs_submission) for f in record.verdict.fields] == [
        ("fuel", "bulk_coal", "electricity", "gas", theirs.id)
    ]
    shown = two.replica.entity("household", H)
    assert (shown.props["fuel"], shown.marks, len(shown.conflicts)) == ("gas", ("conflict",), 1)
    assert two.replica.status().conflict_n == 1
    assert two.replica.households(A)[0].marks == ("conflict",)

    decided = two.corrects(mine, {})  # insists
    assert two.replica.status().conflict_n == 0 and two.sees(H)["fuel"] == "electricity"
    two.syncs(), one.syncs()
    assert two.state(decided) in ("sent_safe", "merged")
    for each in (one, two):
        shown = each.replica.entity("household", H)
        assert (shown.props["fuel"], shown.conflicts, shown.marks) == ("electricity", (), ())


def test_taking_theirs_decides_too(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"fuel": "bulk_coal"})
    one.syncs(), two.syncs()
    one.records(H, {"fuel": "gas"})
    mine = two.records(H, {"fuel": "electricity"})
    one.syncs(), two.syncs()
    two.corrects(mine, {"fuel": "gas"})
    two.syncs()
    shown = two.replica.entity("household", H)
    assert (shown.props["fuel"], shown.conflicts) == ("gas", ())


def test_a_conflict_that_the_other_decided_is_no_longer_open_here(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"fuel": "bulk_coal"})
    one.syncs(), two.syncs()
    theirs = one.records(H, {"fuel": "gas"})
    mine = two.records(H, {"fuel": "electricity"})
    one.syncs(), two.syncs(), one.syncs()
    one.corrects(theirs, {"fuel": "electricity"})
    one.syncs(), two.syncs()
    record = two.replica.record(mine.id)
    assert (record.state, record.open, two.replica.status().conflict_n) == ("conflict", False, 0)


def test_a_rejected_edit_leaves_the_view_but_not_the_outbox_and_can_be_corrected(surveyor: Any) -> None:
    one = surveyor()
    one.records(H, {"fuel": "gas", "phone": "1"})
    one.syncs()
    made = one.records(H, {"fuel": "bad"})
    assert one.sees(H)["fuel"] == "bad"
    account = one.syncs()
    record = one.replica.record(made.id)
    assert (account.rejected_n, record.state, record.open) == (1, "rejected", True)
    assert record.verdict.code == "constraint" and "更正" in record.verdict.reason
    assert record.submission.answers["household"]["fuel"] == "bad"
    assert one.sees(H)["fuel"] == "gas"
    assert one.replica.households(A)[0].marks == ("rejected",)
    assert one.replica.status().rejected_n == 1 and one.replica.status().safe_to_hand_in

    better = one.corrects(made, {"fuel": "electricity"})
    assert one.replica.status().rejected_n == 0
    assert one.replica.record(made.id).corrected_by == better.id
    one.syncs()
    assert (one.state(better), one.state(made), one.sees(H)["fuel"]) == (
        "sent_safe",
        "rejected",
        "electricity",
    )
    assert one.replica.households(A)[0].marks == ()


def test_a_rejected_new_household_stays_in_the_list_until_corrected(surveyor: Any) -> None:
    one = surveyor()
    made = one.records(H, {"head_name": "王", "fuel": "bad"})
    one.syncs()
    assert [(r.head_name, r.marks) for r in one.replica.households(A)] == [("王", ("new", "rejected"))]
    one.corrects(made, {"fuel": "gas"})
    assert one.replica.households(A)[0].marks == ("new", "waiting")
    one.syncs()
    assert [(r.fuel, r.marks) for r in one.replica.households(A)] == [("gas", ())]


def test_a_follower_of_a_rejected_record_stands_on_what_came_before(surveyor: Any) -> None:
    one = surveyor()
    one.records(H, {"fuel": "gas"})
    one.syncs()
    one.records(H, {"fuel": "bad"})
    after = one.records(H, {"fuel": "electricity"})
    one.syncs()
    assert (one.state(after), one.sees(H)) == ("sent_safe", {"fuel": "electricity"})


def test_an_unsent_record_can_be_corrected_and_both_travel(surveyor: Any) -> None:
    one = surveyor()
    first = one.records(H, {"head_name": "玉", "phone": "1"})
    draft = one.replica.begin_correction(first.id)
    assert draft.answers == first.answers and draft.corrects == first.id
    assert one.replica.begin_correction(first.id) == draft
    second = one.submits(draft, {"head_name": "王"})
    assert (second.corrects, second.targets[0].follows) == (first.id, first.id)
    assert one.sees(H) == {"head_name": "王", "phone": "1"}
    one.syncs()
    assert [one.state(first), one.state(second)] == ["sent_safe", "sent_safe"]
    assert one.sees(H) == {"head_name": "王", "phone": "1"}


def test_correcting_an_old_record_does_not_undo_what_another_changed_since(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    made = one.records(H, {"phone": "1", "address": "东"})
    one.syncs(), two.syncs()
    two.records(H, {"phone": "2"})
    two.syncs(), one.syncs()
    assert one.sees(H)["phone"] == "2"
    one.corrects(made, {"address": "西"})  # its form still says phone 1
    assert one.sees(H) == {"phone": "2", "address": "西"}
    one.syncs()
    assert one.sees(H) == {"phone": "2", "address": "西"}


def test_what_was_pulled_while_a_draft_was_open_does_not_count_as_seen(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"fuel": "bulk_coal", "phone": "1"})
    one.syncs(), two.syncs()
    draft = two.opens(H)
    one.records(H, {"fuel": "gas", "phone": "2"})
    one.syncs(), two.syncs()
    assert two.sees(H) == {"fuel": "gas", "phone": "2"}
    made = two.submits(draft, {"fuel": "electricity"})
    assert made.targets[0].base == {"fuel": "bulk_coal", "phone": "1"}
    assert two.sees(H) == {"fuel": "electricity", "phone": "2"}
    two.syncs()
    assert two.state(made) == "conflict"
    assert two.sees(H) == {"fuel": "gas", "phone": "2"}


def test_parts_of_a_household_show_in_its_row(surveyor: Any) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王"})
    conversion = derived_id("conversion", "1")
    one.records(
        conversion, {"household": H, "kind": "gas", "installed_on": "2020-09-01"},
        dataset="conversion", household=H,
    )  # fmt: skip
    (row,) = one.replica.households(A)
    assert (row.conversion_kind, row.conversion_step) == ("gas", "installed")
    assert row.marks == ("new", "waiting")
    assert [shown.id for shown in one.replica.related("conversion", H)] == [conversion]
    assert len(one.replica.records(H)) == 2
    one.syncs()
    (row,) = one.replica.households(A)
    assert (row.conversion_kind, row.marks) == ("gas", ())


def test_not_yet_stays_waiting_with_its_reason_and_is_asked_again(surveyor: Any, county: Any) -> None:
    one = surveyor()
    forms, county.forms = county.forms, {}
    made = one.records(H, {"head_name": "王"})
    account = one.syncs()
    record = one.replica.record(made.id)
    assert (account.not_yet_n, account.sent_n, account.problem) == (1, 1, None)
    assert (record.state, record.not_yet.code) == ("waiting", "form_unknown")
    assert one.sees(H) == {"head_name": "王"}
    county.forms = forms
    one.syncs()
    assert (one.state(made), one.replica.record(made.id).not_yet) == ("sent_safe", None)
