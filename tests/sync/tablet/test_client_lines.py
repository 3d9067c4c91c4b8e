"""A contact over a line that loses requests: it goes on in smaller steps, and gives up only when nothing arrives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync import parts
from sync.client import MORE, Line, More, Piece, Refusal, contact
from sync.codec import derived_id
from sync.messages import SUBMISSIONS_PER_REQUEST, Cursor, Part, PartSoFar, Request
from sync.refusals import refusal

A = "140525100001"
CUT, SLOW, DAMAGED = refusal("cut"), refusal("timeout"), refusal("damaged")


def syncs(one: Any, lost: dict[int, Refusal], tries: int = 6) -> tuple[Any, list[int]]:
    """A contact in which the requests numbered in ``lost`` are lost; the account, and the batches asked with."""
    talk = contact(one.replica, clock=one.clock, app_version="0.1", line=Line(tries=tries))
    batches: list[int] = []
    try:
        asked = next(talk)
        while True:
            assert isinstance(asked, Request)
            batches.append(len(asked.submissions))
            asked = talk.send(lost.get(len(batches) - 1) or one.answer(asked))
    except StopIteration as end:
        return end.value, batches


def working(surveyor: Any, n: int) -> Any:
    one = surveyor()
    for at in range(n):
        one.records(derived_id("house", str(at)), {"head_name": "王"})
    return one


@pytest.mark.parametrize("fault", [CUT, SLOW, DAMAGED])
def test_after_a_lost_request_half_of_it_is_sent_and_then_more_again(surveyor: Any, fault: Refusal) -> None:
    account, batches = syncs(working(surveyor, 2 * SUBMISSIONS_PER_REQUEST), {0: fault})
    assert (account.problem, account.applied_n) == (None, 200)
    assert batches == [100, 50, 100, 50]


def test_each_loss_halves_the_batch(surveyor: Any) -> None:
    account, batches = syncs(working(surveyor, 40), dict.fromkeys(range(4), CUT))
    assert (account.problem, account.applied_n) == (None, 40)
    assert batches == [40, 20, 10, 5, 2, 4, 8, 16, 10]


def test_a_line_that_brings_nothing_is_given_up_and_nothing_is_lost(surveyor: Any) -> None:
    one = working(surveyor, 3)
    account, batches = syncs(one, dict.fromkeys(range(99), CUT))
    assert account.problem == CUT and len(batches) == 7 and one.replica.status().waiting_n == 3


def test_tries_are_counted_anew_after_each_thing_that_arrived(surveyor: Any) -> None:
    account, batches = syncs(working(surveyor, 20), {at: CUT for at in range(60) if at % 3 != 2}, tries=2)
    assert account.problem is None and account.applied_n == 20 and len(batches) > 4


def test_without_tries_a_loss_ends_the_contact(surveyor: Any) -> None:
    account, batches = syncs(working(surveyor, 3), {0: CUT}, tries=0)
    assert account.problem == CUT and batches == [3]


def test_what_the_hub_refused_is_not_asked_again(surveyor: Any) -> None:
    one = working(surveyor, 3)
    for code in ("busy", "unauthorised", "server_error", "captive_portal", "tls"):
        account, batches = syncs(one, dict.fromkeys(range(9), refusal(code)))
        assert account.problem is not None and account.problem.code == code and batches == [3]


def test_a_hub_that_goes_on_in_the_middle_of_what_is_not_here_is_no_hub(surveyor: Any) -> None:
    one = surveyor()
    talk = contact(one.replica, clock=one.clock, app_version="0.1", line=Line(("columns", "lean")))
    asked = next(talk)
    reply = one.answer(asked)

    with pytest.raises(StopIteration) as end:
        talk.send(replace(reply, part=Part("0" * 64, "gzip", 99, 7)))
    assert end.value.value.problem.code == "bad_reply"


def test_a_part_that_can_be_read_but_is_another_is_not_taken(surveyor: Any) -> None:
    """What zstd packed has no check of its own, and two halves of good parts may still make one: the name decides."""
    one = surveyor()
    talk = contact(one.replica, clock=one.clock, app_version="0.1", line=Line(("columns", "lean")))
    reply = one.answer(next(talk))
    body = parts.pack(parts.Contents(reply.history, (), {A: Cursor(seq=99)}))
    part = Part(parts.name_of(body + b"x"), "gzip", len(body), 0)

    assert talk.send(replace(reply, cursors={}, changes=(), part=part)) is MORE
    with pytest.raises(StopIteration) as end:
        talk.send(Piece(body))
    assert end.value.value.problem.code == "damaged"
    assert one.replica.held() == {A: None} and one.replica.stated().part is None


def test_another_part_takes_the_place_of_the_one_that_was_begun(surveyor: Any) -> None:
    """Else what comes next is kept under the other's name, and a cut costs all of it again."""
    replica = surveyor().replica
    one, other = (Part(name * 64, "gzip", 99, 0) for name in "ab")
    assert replica.begin_part(one)
    replica.add_part(b"123")
    assert replica.stated().part == PartSoFar(one.name, 3)
    assert replica.begin_part(other)
    replica.add_part(b"12")
    assert replica.stated().part == PartSoFar(other.name, 2)
    assert not replica.begin_part(replace(other, since=3))


def test_a_part_that_never_is_what_its_name_says_ends_the_contact(surveyor: Any) -> None:
    """And every request begins it anew: nothing of it is kept."""
    one = surveyor()
    talk = contact(one.replica, clock=one.clock, app_version="0.1", line=Line(("columns", "lean"), tries=2))

    asked, requests = next(talk), 0
    with pytest.raises(StopIteration) as end:
        while True:
            if isinstance(asked, More):
                assert asked is MORE
                asked = talk.send(Piece(b"x" * 40))
                continue
            requests += 1
            assert asked.part is None
            asked = talk.send(
                replace(one.answer(asked), cursors={}, changes=(), part=Part("0" * 64, "gzip", 40, 0))
            )
    assert (end.value.value.problem.code, requests) == ("damaged", 3)
