"""Villages, snapshots and histories: what a reply does to the store, with the real hub on the other side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sync.client import Refusal
from sync.codec import derived_id
from sync.messages import Cursor, EntityState, Reply, Verdict, Village

A, B = "140525100001", "140525100002"
H = derived_id("household", "1")
CUT = Refusal("cut", "网络断开。", "再试。")


def houses(n: int) -> list[str]:
    return [derived_id("house", str(i)) for i in range(n)]


def names(surveyor: Any, village: str = A) -> list[str]:
    return sorted(row.head_name for row in surveyor.replica.households(village, limit=10_000))


def cut_after(surveyor: Any, n: int) -> Any:
    """Answers ``n`` requests, then the network is gone."""
    left = [n]

    def ask(request: Any) -> Any:
        left[0] -= 1
        return surveyor.answer(request) if left[0] >= 0 else CUT

    return ask


# --- snapshots ---


def test_a_snapshot_is_resumed_where_it_was_cut_even_by_a_kill(surveyor: Any, county: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    for i, id in enumerate(houses(20)):
        one.records(id, {"head_name": f"户{i:02d}"})
    one.syncs()
    county.page = 6
    account = two.syncs(cut_after(two, 2))
    assert account.problem == CUT and len(names(two)) == 12
    assert [row.loaded for row in two.replica.villages()] == [False]
    two.reopen()
    account = two.syncs()
    assert (account.problem, account.received_n) == (None, 8)
    assert names(two) == names(one) and [row.loaded for row in two.replica.villages()] == [True]


def test_what_a_new_snapshot_does_not_contain_vanishes_at_its_end_never_before(
    surveyor: Any, county: Any
) -> None:
    one, two = surveyor("a"), surveyor("b")
    for i, id in enumerate(houses(5)):
        one.records(id, {"head_name": f"旧{i}"})
    one.syncs()
    older = county.copy()
    for i, id in enumerate(houses(12)[5:]):
        one.records(id, {"head_name": f"新{i}"})
    one.syncs(), two.syncs()
    assert len(names(two)) == 12
    county.restore(older)
    county.page = 2
    two.syncs(cut_after(two, 2))
    assert len(names(two)) == 12  # the old rows are there until the snapshot is whole
    two.syncs()
    assert names(two) == [f"旧{i}" for i in range(5)]


def test_pending_work_outlives_a_snapshot(surveyor: Any, county: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"head_name": "王", "phone": "1"})
    one.syncs(), two.syncs()
    new = derived_id("household", "2")
    made = [two.records(H, {"phone": "2"}), two.records(new, {"head_name": "李"})]
    forms, county.forms = county.forms, {}  # the hub reads nothing today
    county.restore(county)
    assert two.syncs().not_yet_n == 2
    assert two.sees(H) == {"head_name": "王", "phone": "2"} and names(two) == ["李", "王"]
    county.forms = forms
    two.syncs()
    assert [two.state(each) for each in made] == ["sent_safe", "sent_safe"]
    assert two.sees(H) == {"head_name": "王", "phone": "2"} and names(two) == ["李", "王"]


# --- villages ---


def test_a_village_gained_is_read_in_the_same_contact(surveyor: Any) -> None:
    one, two = surveyor("a", A, B), surveyor("b", A)
    one.records(H, {"head_name": "王"}, village=B)
    one.syncs(), two.syncs()
    two.assign(A, B)
    account = two.syncs()
    assert account.villages_gained == (B,) and names(two, B) == ["王"]


def test_a_village_lost_takes_its_households_but_no_unsent_work(surveyor: Any) -> None:
    one = surveyor("a", A, B)
    other = derived_id("household", "2")
    one.records(H, {"head_name": "王", "phone": "1"}, village=B)
    one.records(other, {"head_name": "李"}, village=B)
    one.syncs()
    one.assign(A)
    made = one.records(H, {"phone": "2"}, village=B)
    draft = one.opens(other, village=B)
    one.syncs(lambda request: one.answer(replace(request, submissions=())))  # reads, but is not heard
    assert [(v.code, v.assigned, v.waiting_n, v.drafts_n) for v in one.replica.villages()] == [
        (A, True, 0, 0), (B, False, 1, 1),
    ]  # fmt: skip
    assert names(one, B) == ["王"]  # only what has unsent work
    account = one.syncs()
    record = one.replica.record(made.id)
    assert (record.state, record.verdict.marks) == ("sent_safe", ("after_handover",))
    assert account.problem is None and names(one, B) == []
    late = one.submits(draft, {"phone": "9"})  # begun before the handover
    assert late.targets[0].base_version == 1
    one.syncs()
    assert one.state(late) == "sent_safe"
    assert [v.code for v in one.replica.villages()] == [A]
    assert len(one.replica.outbox()) == 4


def test_a_village_that_comes_back_is_read_anew(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b", A, B)
    one.records(H, {"head_name": "王"})
    one.syncs(), two.syncs()
    two.assign(B)
    two.syncs()
    assert names(two) == []
    one.records(H, {"head_name": "汪"})
    one.syncs()
    two.assign(A, B)
    two.syncs()
    assert names(two) == ["汪"]


def test_a_household_that_moves_between_two_of_my_villages_is_there_once(surveyor: Any) -> None:
    one, two = surveyor("a", A, B), surveyor("b", A, B)
    one.records(H, {"head_name": "王"}, village=A)
    one.syncs(), two.syncs()
    one.records(H, {"head_name": "王"}, village=B)
    one.syncs(), two.syncs()
    for each in (one, two):
        assert (names(each, A), names(each, B)) == ([], ["王"])


def test_a_household_that_leaves_my_villages_leaves_the_tablet(surveyor: Any) -> None:
    one, two = surveyor("a", A, B), surveyor("b", A)
    one.records(H, {"head_name": "王"}, village=A)
    one.syncs(), two.syncs()
    one.records(H, {"head_name": "王"}, village=B)
    one.syncs()
    mine = two.records(H, {"phone": "1"})
    two.syncs()
    assert two.state(mine) in ("sent_safe", "merged", "conflict")
    assert names(two) == []
    again = two.records(H, {"phone": "2", "head_name": "王"})  # from memory: shown as work of mine until sent
    assert names(two) == ["王"]
    two.syncs()
    assert two.replica.status().waiting_n == 0 and two.state(again) != "waiting" and names(two) == []


# --- histories ---


def test_a_restored_hub_is_made_whole_by_its_tablets(surveyor: Any, county: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"head_name": "王", "phone": "1"})
    one.syncs(), two.syncs()
    older = county.copy()
    new = derived_id("household", "2")
    made = [one.records(H, {"phone": "2"}), one.records(new, {"head_name": "李"})]
    theirs = two.records(H, {"address": "东"})
    one.syncs(), two.syncs(), one.syncs()
    before = county.state(H).values()
    county.restore(older)
    account = one.syncs()
    assert account.history_met and account.problem is None and account.steps[0].code == "history"
    assert [one.state(each) for each in made] == ["sent_safe", "sent_safe"]
    assert names(one) == ["李", "王"]
    two.syncs(), one.syncs()
    assert two.state(theirs) in ("sent_safe", "merged")
    assert county.state(H).values() == before == one.sees(H) == two.sees(H)
    assert county.state(new).values() == {"head_name": "李"}


def test_receipts_of_a_lost_history_are_not_safe_to_hand_in(surveyor: Any, county: Any) -> None:
    one = surveyor()
    made = one.records(H, {"head_name": "王"})
    one.syncs()
    county.restore(type(county)())
    one.syncs(cut_after(one, 0))
    one.syncs(lambda request: one.answer(replace(request, submissions=())))  # meets it, but is not heard
    status = one.replica.status()
    assert (one.state(made), status.waiting_n, status.safe_to_hand_in) == ("waiting", 1, False)
    assert one.sees(H) == {"head_name": "王"}


def test_what_a_restored_hub_lost_stays_in_view_until_it_is_offered_again(surveyor: Any, county: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    for i, id in enumerate(houses(80)):
        (two if i % 2 else one).records(id, {"head_name": f"户{i:02d}"})
    two.syncs()
    older = county.copy()
    one.syncs()
    county.restore(older)
    county.page = 4
    answered: list[Any] = []

    def little_by_little(request: Any) -> Any:
        """The hub takes two records a request and gives four states: the snapshot ends long before what was
        created behind its back is read."""
        if len(request.submissions) > 2:
            return Refusal("too_large", "太大。", "分开送。")
        answered.append(one.answer(request))
        assert len(names(one)) == 80
        return answered[-1]

    assert one.syncs(little_by_little).problem is None
    assert len(names(one)) == 80 == len(county.entities) and len(answered) > 20


def test_what_was_cleared_over_an_own_refused_record_is_cleared_when_that_goes_in(
    surveyor: Any, county: Any
) -> None:
    """The village was given only after the restore, and then the record stands that was on the screen, refused."""
    one = surveyor()
    county.villages = (A, B)
    older = county.copy()
    refused = one.records(H, {"head_name": "王", "phone": "1"}, village=B)
    one.syncs()
    assert one.state(refused) == "rejected" and one.sees(H) == {"head_name": "王", "phone": "1"}
    cleared = one.records(H, {"phone": ""}, village=B)
    assert cleared.targets[0].follows == refused.id
    county.restore(older)
    one.assign(A, B)
    one.syncs()
    assert (one.state(refused), one.state(cleared)) == ("sent_safe", "sent_safe")
    assert one.sees(H) == {"head_name": "王", "phone": ""} and county.state(H).conflicts == ()


def test_an_edit_a_restored_hub_lost_stays_in_view_until_it_is_offered_again(
    surveyor: Any, county: Any
) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王", "phone": "1"})
    one.syncs()
    older = county.copy()
    one.records(H, {"phone": "2"})
    one.syncs()
    county.restore(older)
    one.syncs(lambda request: one.answer(replace(request, submissions=())))  # reads, but is not heard
    shown = one.replica.entity("household", H)
    assert (shown.version, shown.hub_props["phone"], shown.props["phone"]) == (1, "1", "2")
    assert shown.marks == ("waiting",)
    one.syncs()
    shown = one.replica.entity("household", H)
    assert (shown.hub_props["phone"], shown.mine_pending, shown.marks) == ("2", (), ())


# --- what a careless hub or network might send ---


def reply(one: Any, **fields: Any) -> Reply:
    plain = Reply(
        1, one.county.history, "2020-09-01T08:00:00Z", "140525", "p", (), (), None, (), (), {}, False
    )
    return replace(plain, **fields)


def test_a_verdict_for_an_unknown_record_is_counted_and_passed_over(surveyor: Any) -> None:
    one = surveyor()
    settled = one.replica.apply(reply(one, verdicts=(Verdict(derived_id("nobody"), "applied"),)))
    assert settled.unknown_n == 1 and one.replica.outbox() == []


def test_states_of_villages_not_held_and_older_versions_are_passed_over(surveyor: Any) -> None:
    one = surveyor()
    state = EntityState("household", H, A, 5, {"head_name": "王"}, (), "2020-09-01T08:00:00Z")
    one.replica.apply(reply(one, changes=(state,), cursors={A: Cursor(seq=5)}))
    old = replace(state, version=4, props={"head_name": "旧"})
    left = replace(state, version=4, gone=True)
    away = replace(state, id=derived_id("household", "9"), village=B)
    gone = replace(state, village=B, gone=True, version=9)
    one.replica.apply(
        reply(one, changes=(old, left, away, gone), cursors={A: Cursor(seq=6), B: Cursor(seq=1)})
    )
    assert names(one) == ["王"] and names(one, B) == [] and one.replica.held() == {A: Cursor(seq=6)}


def test_the_same_reply_twice_changes_nothing(surveyor: Any, county: Any) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王"})
    kept: list[Reply] = []

    def ask(request: Any) -> Reply:
        kept.append(one.answer(request))
        return kept[-1]

    one.syncs(ask)
    before = (one.replica.outbox(), one.replica.entity("household", H), one.replica.held())
    for each in kept:
        one.replica.apply(each)
    assert (one.replica.outbox(), one.replica.entity("household", H), one.replica.held()) == before


def test_clock_offset_and_contact_are_noted(surveyor: Any) -> None:
    one = surveyor()
    one.replica.apply(reply(one, now="2020-09-01T09:00:00Z"))
    status = one.replica.status()
    assert status.last_contact_at is not None and 3_590 < (status.clock_offset_s or 0) < 3_600


def test_a_village_list_is_stated_so_that_it_need_not_travel(surveyor: Any) -> None:
    one = surveyor()
    one.syncs()
    assert one.replica.stated().villages_hash != ""
    one.replica.apply(reply(one, villages=(Village(A, "新名", "镇", "rural"),)))
    assert [(row.name, row.area_class) for row in one.replica.villages()] == [("新名", "rural")]
