"""The hub's verdicts, and what a tablet reads back page by page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync import hub, pull
from sync.codec import decode_request, derived_id, encode, submission_hash, to_text
from sync.facts import FeedRow
from sync.messages import Cursor

H = derived_id("house")


def key(id):
    return f"household/{id}"


# --- push: one submission ---


def test_a_verdict_comes_with_a_record_an_entity_and_a_feed_row(county, tablet, kit):
    one = tablet("one")
    made = one.record(H, {"phone": "1"})
    one.send_and_lose_reply()
    (record,) = county.pushed.records
    assert (record.id, record.kind, record.submission, record.device) == (
        made.id,
        "submission",
        made,
        one.device,
    )
    assert record.verdict.outcome == "applied" and record.verdict.versions == {key(H): 1}
    assert record.past.hash == submission_hash(made) and record.policy == "policy-1"
    assert county.pushed.feed == (FeedRow(kit.A, "household", H, "put", 1),)


def test_the_clock_offset_of_the_contact_is_stored_with_what_was_recorded(county, tablet, kit):
    one = tablet("one")
    one.record(H, {})
    behind = one.request(sent_at=to_text(kit.NOW - timedelta(hours=3)))
    county.answer(encode(behind), one.device)
    (record,) = county.pushed.records
    assert record.clock_offset_s == 3 * 3600 + 60 * county.contacts_n


def test_a_resend_gets_the_same_verdict_and_no_second_effect(county, tablet):
    one = tablet("one")
    made = one.record(H, {"phone": "1"})
    one.send_and_lose_reply()
    first = county.pushed.verdicts
    one.send_and_lose_reply()
    assert county.pushed.verdicts == first
    assert not county.pushed.records and not county.pushed.changed and not county.pushed.feed
    assert first[0].submission == made.id


def test_twice_in_one_request_is_once(county, tablet):
    one = tablet("one")
    made = one.record(H, {"phone": "1"})
    one.sync([made, made])
    assert county.state(H).version == 1 and len(county.journal) == 1


def test_other_content_under_a_known_id_changes_nothing_but_is_kept(county, tablet):
    one = tablet("one")
    made = one.record(H, {"phone": "1"})
    one.sync()
    other = replace(made, answers={"household": {"phone": "2"}})
    for _ in range(2):
        one.sync([other])
        assert one.verdict(made).marks == ("differs",) and one.verdict(made).outcome == "applied"
    assert county.state(H).values()["phone"] == "1"
    kept = [record for record in county.journal.values() if record.kind == "differs"]
    assert [json.loads(record.raw)["answers"] for record in kept] == [{"household": {"phone": "2"}}]
    one.sync([made])
    assert one.verdict(made).marks == ()


def test_a_broken_constraint_rejects_with_every_fault(county, tablet):
    one = tablet("one")
    bad, good = one.record(H, {"phone": "bad", "remark": "bad"}), one.record(derived_id("2"), {"phone": "1"})
    one.sync()
    verdict = one.verdict(bad)
    assert (verdict.outcome, verdict.code) == ("rejected", "constraint")
    assert verdict.field == "/data/household/phone" and len(verdict.faults) == 2
    assert "2 处" in verdict.reason and "更正" in verdict.reason
    assert one.verdict(good).outcome == "applied", "one bad submission does not hold back the rest"
    assert key(H) not in county.entities and bad.id in county.journal


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"county": "140526"}, "wrong_county", "county"),
        ({"village": "140526100001"}, "wrong_county", "village"),
        ({"village": "140525100002"}, "village_never_held", "village"),
        ({"targets": ()}, "entity_mismatch", "household"),
    ],
)
def test_rejections_name_code_and_field(county, tablet, change, code, field):
    one = tablet("one")
    made = one.record(H, {"phone": "1"}, **change)
    one.sync()
    verdict = one.verdict(made)
    assert (verdict.outcome, verdict.code, verdict.field) == ("rejected", code, field)
    assert verdict.reason and not county.entities and made.id in county.journal


def test_two_targets_of_one_dataset_do_not_fit_the_form(county, tablet):
    one = tablet("one")
    made = one.record(H, {"phone": "1"})
    both = replace(made, targets=(*made.targets, replace(made.targets[0], id=derived_id("2"))))
    one.sync([both])
    assert one.verdict(made).code == "entity_mismatch"


def test_of_a_village_formerly_held_it_is_taken_and_marked(county, tablet, kit):
    one = tablet("one", kit.A)
    made = one.record(H, {"phone": "1"})
    county.held[one.device], county.formerly[one.device] = frozenset([kit.B]), frozenset([kit.A])
    one.sync()
    assert one.verdict(made).outcome == "applied" and one.verdict(made).marks == ("after_handover",)


def test_submissions_of_another_tablet_are_taken_and_marked(county, tablet):
    one, two = tablet("one"), tablet("two")
    made = one.record(H, {"phone": "1"})
    two.sync([made])
    assert two.verdict(made).outcome == "applied" and two.verdict(made).marks == ("other_device",)


def test_what_a_former_device_held_counts_for_its_records_and_for_no_others(county, tablet, kit):
    """A tablet enrolled anew, for another village: what it could not send under its first name is not lost."""
    former, anew = tablet("former", kit.A), tablet("anew", kit.B)
    made = former.record(H, {"phone": "1"})
    own = replace(made, id=derived_id("own"), device=anew.device)
    anew.sync([made, own])
    assert anew.verdict(made).outcome == "applied"
    assert anew.verdict(made).marks == ("after_handover", "other_device")
    assert anew.verdict(own).code == "village_never_held"


def test_what_the_hub_does_not_know_so_far_is_no_verdict(county, tablet, kit):
    one = tablet("one", kit.A, kit.C)
    new_form = one.record(H, {"phone": "1"}, form_version="2")
    new_village = one.record(derived_id("2"), {"phone": "1"}, village=kit.C)
    one.sync()
    assert {each.code for each in one.not_yet.values()} == {"form_unknown", "village_unknown"}
    assert not one.verdicts and not county.journal and not county.entities
    county.forms["household", "2"], county.villages = kit.Rules(), (kit.A, kit.C)
    one.sync()
    assert one.verdict(new_form).outcome == one.verdict(new_village).outcome == "applied"


def test_a_restored_hub_does_not_say_never_of_an_assignment_it_may_have_forgotten(county, tablet, kit):
    one = tablet("one", kit.A, kit.B)
    made = one.record(H, {"phone": "1"}, village=kit.B)
    county.restore(county.copy())
    county.held[one.device] = frozenset([kit.A])
    one.sync()
    assert one.not_yet[made.id].code == "village_unknown"
    county.held[one.device] = frozenset([kit.A, kit.B])
    one.sync()
    assert one.verdict(made).outcome == "applied"


def test_the_order_within_a_batch_is_that_of_the_chain(county, tablet):
    one = tablet("one")
    chain = [one.record(H, {"phone": str(n)}) for n in range(5)]
    one.sync(list(reversed(chain)))
    assert county.state(H).values()["phone"] == "4" and not county.state(H).conflicts


def test_what_waits_from_before_a_new_enrolment_goes_before_what_follows_it(county, tablet):
    """Enrolled anew, a tablet has another id, by chance an earlier one; it sends in the order it recorded."""
    before, after = sorted((tablet("one"), tablet("two")), key=lambda each: each.device, reverse=True)
    first = before.record(H, {"phone": "1"})
    after.made.append(first)
    (target,) = first.targets
    second = after.record(H, {"phone": "2"}, targets=(replace(target, follows=first.id),))
    after.sync([first, second])
    assert county.state(H).values()["phone"] == "2"
    assert [after.verdict(each).versions[key(H)] for each in (first, second)] == [1, 2]


# --- push: unreadable submissions ---


def broken(one, good, *, id=None):
    request = json.loads(encode(one.request([good])))
    request["submissions"].insert(0, {"id": id, "device_seq": "first", "note": "\\u0000"})
    return json.dumps(request).encode()


def test_an_unreadable_submission_is_rejected_alone_and_kept_raw(county, tablet):
    one = tablet("one")
    good, bad = one.record(H, {"phone": "1"}), derived_id("bad")
    one.take(county.answer(broken(one, good, id=bad), one.device))
    verdict = one.verdicts[bad]
    assert (verdict.outcome, verdict.code) == ("rejected", "malformed") and verdict.faults
    assert one.verdict(good).outcome == "applied"
    assert json.loads(county.journal[bad].raw)["device_seq"] == "first"
    one.take(county.answer(broken(one, good, id=bad), one.device))
    assert one.verdicts[bad] == verdict and not county.pushed.records


def test_an_unreadable_submission_without_an_id_gets_one_from_its_content(county, tablet):
    one = tablet("one")
    good = one.record(H, {"phone": "1"})
    for _ in range(2):
        county.answer(broken(one, good), one.device)
    assert sum(record.kind == "malformed" for record in county.journal.values()) == 1


# --- push: the feed ---


def test_a_move_is_gone_in_the_old_village_and_put_in_the_new(county, tablet, kit):
    one = tablet("one", kit.A, kit.B)
    one.record(H, {"phone": "1"}), one.sync()
    one.record(H, {"phone": "2"}, village=kit.B)
    one.send_and_lose_reply()
    assert county.pushed.feed == (
        FeedRow(kit.A, "household", H, "gone", 2),
        FeedRow(kit.B, "household", H, "put", 2),
    )


def test_a_batch_tells_each_village_once_of_each_entity(county, tablet, kit):
    one = tablet("one", kit.A, kit.B)
    for n, village in enumerate((kit.A, kit.B, kit.A)):
        one.record(H, {"phone": str(n)}, village=village)
    one.send_and_lose_reply()
    assert county.pushed.feed == (
        FeedRow(kit.B, "household", H, "gone", 3),
        FeedRow(kit.A, "household", H, "put", 3),
    )


def test_a_conflict_travels_to_the_tablets(county, tablet):
    one, two = tablet("one"), tablet("two")
    one.record(H, {"phone": "1"}), one.sync(), two.sync()
    one.record(H, {"phone": "2"}), one.sync()
    two.record(H, {"phone": "3"})
    two.send_and_lose_reply()
    assert [row.op for row in county.pushed.feed] == ["put"]
    one.sync()
    assert one.states[key(H)].conflicts[0].mine == "3"


# --- pull ---


def fill(county, kit, many, village):
    writer = kit.Tablet(county, f"writer-{village}", (village,))
    for n in range(many):
        writer.record(derived_id(village, str(n)), {"phone": str(n)}, village=village)
    writer.send_and_lose_reply()
    return writer


def test_a_first_visit_is_a_snapshot_whose_cursor_is_the_head_before_it(county, kit):
    fill(county, kit, 7, kit.A)
    first = pull.pull({kit.A: None}, county, 3)
    assert len(first.changes) == 3 and first.more
    assert first.cursors[kit.A] == Cursor(head=7, after=first.changes[-1].key)
    assert [state.key for state in first.changes] == sorted(state.key for state in first.changes)


def test_a_snapshot_goes_on_where_it_was_cut_and_misses_nothing(county, kit):
    writer = fill(county, kit, 7, kit.A)
    reader = kit.Tablet(county, "reader")
    county.page = 3
    reader.take(county.answer(encode(reader.request()), reader.device))
    writer.sync()
    writer.record(derived_id(kit.A, "0"), {"phone": "new"}), writer.record(derived_id("more"), {"phone": "m"})
    writer.send_and_lose_reply()
    again = reader.request()
    county.answer(encode(again), reader.device)  # its reply is lost; the cursor is still the old one
    reader.sync()
    assert {each: state.props for each, state in reader.states.items()} == {
        each: held.values() for each, held in county.entities.items()
    }
    assert reader.cursors[kit.A] == Cursor(seq=len(county.feed[kit.A]))


def test_afterwards_only_changes(county, kit):
    writer = fill(county, kit, 5, kit.A)
    reader = kit.Tablet(county, "reader")
    reader.sync()
    writer.sync(), writer.record(derived_id(kit.A, "2"), {"phone": "new"}), writer.sync()
    reply = reader.sync()
    assert [state.props["phone"] for state in reply.changes] == ["new"]
    assert not reader.sync().changes


def test_pages_are_dealt_out_over_the_villages(county, kit):
    for village in (kit.A, kit.B):
        fill(county, kit, 9, village)
    page = pull.pull({kit.A: None, kit.B: None}, county, 6)
    assert len(page.changes) == 6 and page.more
    assert {state.village for state in page.changes} == {kit.A, kit.B}


def test_what_a_quiet_village_leaves_over_goes_to_the_others(county, kit):
    fill(county, kit, 1, kit.A), fill(county, kit, 20, kit.B)
    page = pull.pull({kit.A: None, kit.B: None}, county, 10)
    assert len(page.changes) == 10
    assert page.cursors[kit.A] == Cursor(seq=1)


def test_an_empty_village_is_read_at_once(county, kit):
    page = pull.pull({kit.A: None}, county, 10)
    assert page.cursors == {kit.A: Cursor(seq=0)} and not page.more


def test_a_page_ends_early_rather_than_grow_past_its_size(county, kit):
    fill(county, kit, 9, kit.A)
    page = pull.pull({kit.A: None}, county, 9, max_chars=1)
    assert len(page.changes) == 1 and page.more


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=12), st.integers(1, 5), st.booleans()
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_pages_a_reader_ends_with_what_the_village_holds(kit, edits, page, moving):
    county = kit.County()
    county.page = page
    writer = kit.Tablet(county, "writer", (kit.A, kit.B))
    readers = [kit.Tablet(county, "of A", (kit.A,)), kit.Tablet(county, "of both", (kit.A, kit.B))]
    for n, (entity, value) in enumerate(edits):
        village = kit.B if moving and value % 2 else kit.A
        writer.record(derived_id(str(entity)), {"phone": str(value)}, village=village)
        writer.sync()
        reader = readers[n % 2]
        reader.take(county.answer(encode(reader.request()), reader.device))
    for reader in readers:
        reader.sync()
        assert {each: state.version for each, state in reader.states.items()} == {
            each: held.version for each, held in county.entities.items() if held.village in reader.villages
        }


# --- restore ---


def test_a_cursor_ahead_of_the_feed_tells_of_a_restore(county, tablet, kit):
    one = tablet("one")
    older, history = county.copy(), county.history
    made = one.record(H, {"phone": "1"})
    one.sync()
    county.restore(older)
    county.history = history  # someone copied the file back without the restore command
    assert pull.restored(one.request(), county.history, county.heads([kit.A]))
    one.sync()
    assert one.history == county.history != history
    one.sync()
    assert one.verdict(made).outcome == "applied" and county.state(H).values()["phone"] == "1"


def test_cursors_of_another_history_are_not_followed(county, tablet, kit):
    one = tablet("one")
    request = replace(one.request(), held={kit.A: Cursor(seq=5)})
    assert pull.cursors(request, [kit.A, kit.B], county.history) == {kit.A: Cursor(seq=5), kit.B: None}
    assert pull.cursors(request, [kit.A], derived_id("other")) == {kit.A: None}
    assert not pull.restored(request, derived_id("other"), {})


# --- reply ---


def test_a_reply_spares_the_list_and_the_forms_the_tablet_has(county, tablet):
    one = tablet("one")
    reply = one.sync()
    assert reply.villages is not None
    from sync.codec import villages_hash

    again = county.answer(encode(one.request(villages_hash=villages_hash(reply.villages))), one.device)
    assert again.villages is None


def test_needed_asks_for_what_the_verdicts_depend_on(county, tablet, kit):
    one = tablet("one")
    first = one.record(H, {"phone": "1"})
    second = one.record(H, {"phone": "2"}, corrects=first)
    incoming = decode_request(encode(one.request([second])))
    needed = hub.needed(incoming)
    assert needed.past == {first.id, second.id}
    assert needed.entities == {("household", H)} and needed.forms == {("household", "1")}
