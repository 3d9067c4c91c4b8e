"""Protocol versions are negotiated: the newest that both ends speak, without losing a record on the way."""

from __future__ import annotations

from typing import Any

from sync.client import Line, Refusal
from sync.codec import derived_id

UNKNOWN = Refusal("unknown_protocol", "版本不配套。", "请更新。")
H = derived_id("household", "1")


def speaking(one: Any, *protocols: int) -> Any:
    """The hub, if it spoke these only; what it is asked in another is refused as a whole."""

    def ask(request: Any) -> Any:
        if request.protocol not in protocols:
            one.requests.append(request)
            return UNKNOWN
        return one.answer(request)

    return ask


def test_an_app_newer_than_its_hub_sends_in_the_older_protocol(surveyor: Any) -> None:
    one = surveyor()
    made = one.records(H, {"head_name": "张三"})
    account = one.syncs(speaking(one, 1), line=Line(protocols=(1, 2, 3)))
    assert [request.protocol for request in one.requests[:3]] == [3, 2, 1]
    assert {request.protocol for request in one.requests[3:]} <= {1}
    assert (account.applied_n, account.problem, one.state(made)) == (1, None, "sent_safe")


def test_where_no_protocol_is_common_everything_waits_and_the_reason_is_told(surveyor: Any) -> None:
    one = surveyor()
    made = one.records(H, {"head_name": "张三"})
    account = one.syncs(speaking(one, 4), line=Line(protocols=(1, 2)))
    assert [request.protocol for request in one.requests] == [2, 1]
    assert (account.problem, one.state(made)) == (UNKNOWN, "waiting")
    assert one.syncs(speaking(one, 1, 2)).problem is None


def test_a_hub_answers_in_the_protocol_it_was_asked_in(surveyor: Any) -> None:
    one = surveyor()
    replies = []

    def ask(request: Any) -> Any:
        replies.append(one.answer(request))
        return replies[-1]

    one.syncs(ask)
    assert [reply.protocol for reply in replies] == [request.protocol for request in one.requests]
