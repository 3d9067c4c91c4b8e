"""The tablet's half of a contact as a conversation: what it asks, when it stops, and what it says afterwards."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from sync.client import NO_PROGRESS, Progress, Refusal, contact
from sync.codec import derived_id, encode
from sync.messages import MAX_BODY_BYTES, FormXml, Reply

A, B = "140525100001", "140525100002"
H = derived_id("household", "1")
TOO_LARGE = Refusal("too_large", "太大。", "再试。")
BUSY = Refusal("busy", "服务器正忙。", "稍后再试。", retry_after_s=7)


def fill(one: Any, n: int, size: int = 0) -> list[Any]:
    return [
        one.records(derived_id("house", str(i)), {"head_name": f"户{i:03d}", "remark": "长" * size})
        for i in range(n)
    ]


def offered(one: Any) -> list[list[str]]:
    return [[each.id for each in request.submissions] for request in one.requests]


def test_each_record_is_offered_once_in_chain_order_and_in_bounded_requests(surveyor: Any) -> None:
    one = surveyor()
    made = fill(one, 250)
    account = one.syncs()
    assert (account.sent_n, account.applied_n, account.problem) == (250, 250, None)
    assert [len(batch) for batch in offered(one)[:3]] == [100, 100, 50]
    assert [id for batch in offered(one) for id in batch] == [each.id for each in made]
    assert account.requests_n == len(one.requests)


def test_a_request_stays_below_the_size_the_hub_takes(surveyor: Any) -> None:
    one = surveyor()
    fill(one, 150, size=3_900)
    assert one.syncs().applied_n == 150
    assert max(len(encode(request)) for request in one.requests) < MAX_BODY_BYTES
    assert sum(len(batch) for batch in offered(one)) == 150


def test_nothing_to_do_takes_one_request_and_says_so(surveyor: Any) -> None:
    one = surveyor()
    one.syncs()
    account = one.syncs()
    assert account.requests_n == 1 and [step.code for step in account.steps] == ["nothing"]


def test_what_is_not_yet_wanted_is_offered_once_per_contact(surveyor: Any, county: Any) -> None:
    one = surveyor()
    county.forms = {}
    made = fill(one, 3)
    for _ in range(2):
        one.requests.clear()
        assert one.syncs().not_yet_n == 3
        assert [id for batch in offered(one) for id in batch] == [each.id for each in made]


def test_a_lost_reply_is_harmless(surveyor: Any, county: Any) -> None:
    one = surveyor()
    made = fill(one, 3)
    assert one.syncs(one.loses_reply).problem.code == "no_network"
    assert len(county.journal) == 3 and one.replica.status().waiting_n == 3
    account = one.syncs()
    assert (account.applied_n, account.problem) == (3, None)
    assert len(county.journal) == 3 and [one.state(each) for each in made] == ["sent_safe"] * 3


def test_a_conversation_may_be_left_at_any_time(surveyor: Any) -> None:
    one = surveyor()
    fill(one, 3)
    talk = contact(one.replica, clock=one.clock, app_version="0.1")
    next(talk)
    talk.close()
    assert one.syncs().applied_n == 3


def test_too_large_halves_the_batch_and_goes_on(surveyor: Any) -> None:
    one = surveyor()
    made = fill(one, 40)

    def small_hub(request: Any) -> Any:
        return one.answer(request) if len(request.submissions) <= 6 else TOO_LARGE

    account = one.syncs(small_hub)
    assert (account.sent_n, account.applied_n, account.problem) == (40, 40, None)
    assert [id for batch in offered(one) for id in batch] == [each.id for each in made]


@pytest.mark.parametrize("code", ["too_large", "malformed"])
def test_one_record_the_hub_cannot_take_holds_back_no_other(surveyor: Any, code: str) -> None:
    one = surveyor()
    made = fill(one, 9)
    bad = made[4].id

    def picky(request: Any) -> Any:
        if any(each.id == bad for each in request.submissions):
            return Refusal(code, "服务器不收这条。", "联系管理员。")
        return one.answer(request)

    account = one.syncs(picky)
    assert (account.applied_n, account.not_yet_n, account.problem) == (8, 1, None)
    record = one.replica.record(bad)
    assert (record.state, record.not_yet.code, record.not_yet.reason) == ("waiting", code, "服务器不收这条。")
    assert one.syncs().applied_n == 1  # the next contact asks again


def test_any_other_refusal_ends_the_contact_and_keeps_everything(surveyor: Any) -> None:
    one = surveyor()
    fill(one, 2)
    account = one.syncs(lambda request: BUSY)
    assert account.problem == BUSY and account.problem.retry_after_s == 7
    assert account.steps[-1].text == "服务器正忙。稍后再试。" and account.requests_n == 1
    assert one.replica.status().waiting_n == 2


def test_a_too_large_request_without_records_ends_the_contact(surveyor: Any) -> None:
    assert surveyor().syncs(lambda request: TOO_LARGE).problem == TOO_LARGE


def test_a_hub_that_leads_nowhere_is_left(surveyor: Any) -> None:
    one = surveyor()
    one.syncs()
    account = one.syncs(lambda request: replace(one.answer(request), more=True))
    assert account.problem == NO_PROGRESS and account.requests_n == 1


def test_a_hub_that_names_a_new_history_each_time_is_left(surveyor: Any) -> None:
    one = surveyor()
    fill(one, 1)
    n = [0]

    def restless(request: Any) -> Reply:
        n[0] += 1
        return replace(one.answer(request), history=derived_id("history", str(n[0])), more=True)

    account = one.syncs(restless)
    assert account.problem == NO_PROGRESS and account.requests_n < 10
    assert len(one.replica.outbox()) == 1


def test_a_restored_hub_is_offered_everything_in_the_order_in_which_it_was_made(
    surveyor: Any, county: Any
) -> None:
    """What waits when the tablet first hears of it is not judged before what it was made upon."""
    one = surveyor()
    fill(one, 150)
    one.syncs()
    county.restore(type(county)())
    late = one.records(H, {"head_name": "新"})
    one.requests.clear()
    account = one.syncs()
    assert account.history_met and account.problem is None
    (first, *others), again = one.requests[0].submissions, offered(one)[1:]
    assert (first.id, others) == (late.id, [])
    ids = [id for batch in again for id in batch]
    assert len(ids) == len(set(ids)) == 151 and ids[-1] == late.id and account.sent_n == 151
    assert list(county.journal) == ids and one.replica.status().waiting_n == 0


def test_forms_arrive_and_are_named_in_the_next_request(surveyor: Any) -> None:
    one = surveyor()
    xml = "<h:html/>"
    good = FormXml("household", "2020.1", sha256(xml.encode()).hexdigest(), xml)
    torn = FormXml("visit", "2020.1", good.sha256, "<h:ht")
    one.syncs(lambda request: replace(one.answer(request), forms=(good, torn)))
    assert one.replica.form("household") == good and one.replica.form("visit") is None
    one.syncs()
    assert one.requests[-1].forms == ("household@2020.1",)


def test_progress_counts_records_and_villages_up_to_the_end(surveyor: Any, county: Any) -> None:
    one, two = surveyor("a", A, B), surveyor("b", A, B)
    fill(one, 230)
    told: list[Progress] = []
    one.syncs(on_progress=told.append)
    sent = [progress for progress in told if progress.phase == "send"]
    assert [progress.done for progress in sent[:3]] == [100, 200, 230] and {p.total for p in sent} == {230}
    county.page = 50
    told.clear()
    two.syncs(on_progress=told.append)
    received = [(progress.done, progress.total) for progress in told]
    assert received == sorted(received) and received[-1] == (2, 2) and len(received) > 3


def test_the_account_says_in_words_what_happened(surveyor: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    one.records(H, {"fuel": "bulk_coal", "phone": "1"})
    one.syncs(), two.syncs()
    one.records(H, {"fuel": "gas"})
    one.syncs()
    two.records(H, {"fuel": "electricity"})
    two.records(derived_id("other"), {"fuel": "bad"})
    two.assign(A, B)
    account = two.syncs()
    assert [(step.code, step.count) for step in account.steps] == [
        ("sent", 2), ("conflict", 1), ("rejected", 1), ("received", 1), ("villages_gained", 1),
    ]  # fmt: skip
    assert account.steps[1].text == "与他人的记录有冲突 1 条，请查看并更正。"
