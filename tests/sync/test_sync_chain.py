"""Must 8: what the hub reads from the head of a tablet's chain, and which records of copies stand on which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import chain
from sync.chain import Known, Link
from sync.codec import derived_id, submission_hash
from sync.messages import Request, Submission

DEVICE = derived_id("device")


def _submission(seq: int, previous: str, mark: str = "") -> Submission:
    return Submission(
        derived_id("submission", str(seq), mark), DEVICE, seq, previous, None, "140525", "140525100001", "p",
        "visit", "1", "2020-09-01T08:00:00.000Z", None, (), {"note": mark},
    )  # fmt: skip


def _chain(count: int, onto: tuple[Submission, ...] = (), mark: str = "") -> tuple[Submission, ...]:
    made = list(onto)
    for seq in range(len(onto) + 1, len(onto) + count + 1):
        made.append(_submission(seq, submission_hash(made[-1]) if made else "", mark))
    return tuple(made)


def _head(records: tuple[Submission, ...]) -> str:
    return submission_hash(records[-1]) if records else ""


def _request(
    records: tuple[Submission, ...], sent: tuple[Submission, ...] = (), challenge: str | None = None
) -> Request:
    return Request(
        1, DEVICE, None, "2020-09-01T08:00:00.000Z", "1", len(records), _head(records), len(sent), "", {}, (),
        sent, challenge=challenge,
    )  # fmt: skip


def _known(records: tuple[Submission, ...], sent_n: int | None = None, **more: Any) -> Known:
    """A hub that has heard of all ``records`` and has the first ``sent_n`` of them."""
    links = {
        each.device_seq: (Link(each.id, submission_hash(each), DEVICE, each.previous_hash),)
        for each in records[:sent_n]
    }
    return Known(len(records), _head(records), links=links, **more)


FIVE = _chain(5)
SEVEN = _chain(2, FIVE)
OTHER = _chain(4, FIVE, "another way")


def test_equal_and_ahead_are_fine() -> None:
    assert chain.judge(_request(FIVE), _known(FIVE)) == chain.Standing(5, _head(FIVE))
    ahead = chain.judge(_request(SEVEN, SEVEN[5:]), _known(FIVE))
    assert ahead == chain.Standing(7, _head(SEVEN))


def test_a_restored_hub_is_behind_its_tablets_and_that_is_fine() -> None:
    offered_again = chain.judge(_request(SEVEN, SEVEN), _known(FIVE, 3))
    assert offered_again == chain.Standing(7, _head(SEVEN))


def test_behind_is_asked_before_it_is_believed() -> None:
    first = chain.judge(_request(FIVE), _known(SEVEN))
    assert (first.ask, first.closed, first.seq) == (True, None, 7)
    again = chain.judge(_request(FIVE, challenge="word"), _known(SEVEN, challenge="word"))
    assert again.closed == "restored"


@pytest.mark.parametrize("challenge", [None, "an older word"])
def test_a_late_request_cannot_know_the_challenge(challenge: str | None) -> None:
    late = chain.judge(_request(FIVE, FIVE[3:], challenge=challenge), _known(SEVEN, challenge="word"))
    assert (late.ask, late.closed) == (True, None)


def test_a_challenge_answered_with_the_right_head_closes_nothing() -> None:
    caught_up = chain.judge(_request(SEVEN, challenge="word"), _known(SEVEN, challenge="word"))
    assert caught_up == chain.Standing(7, _head(SEVEN))


@pytest.mark.parametrize(
    ("records", "sent"),
    [
        (OTHER, OTHER[5:]),  # ahead, by another way: another record at a place that is taken
        (OTHER[:7], ()),  # as far, by another way
        (OTHER[:6], ()),  # behind, and not where the hub's chain was at that place
        (OTHER, OTHER[7:]),  # only what lies beyond is sent: it does not link on
    ],
)
def test_another_way_is_a_copy(records: tuple[Submission, ...], sent: tuple[Submission, ...]) -> None:
    standing = chain.judge(_request(records, sent), _known(SEVEN))
    assert (standing.closed, standing.seq, standing.hash) == ("cloned", 7, _head(SEVEN))


def test_what_is_closed_stays_closed() -> None:
    assert chain.judge(_request(SEVEN), _known(SEVEN, closed="restored")).closed == "restored"


def test_the_journal_is_asked_only_for_what_cannot_be_new() -> None:
    assert chain.asked(_request(SEVEN, SEVEN[5:]), 5) == frozenset()
    assert chain.asked(_request(SEVEN, SEVEN[3:]), 7) == {4, 5, 6, 7}


@given(st.data())
def test_no_order_of_one_tablets_own_requests_is_ever_a_fork(data: st.DataObject) -> None:
    """Lost, late, repeated, cut in parts, to a hub set back: as long as there is one tablet, nothing is closed
    but by a challenge that it answers while it is behind, and it is never behind when it answers."""
    records = _chain(8)
    journal: dict[int, tuple[Link, ...]] = {}
    known = Known()
    late: list[Request] = []
    copies: list[tuple[Known, dict[int, tuple[Link, ...]]]] = [(known, {})]
    for _ in range(data.draw(st.integers(1, 12))):
        made = data.draw(st.integers(known.seq, 8))
        low = data.draw(st.integers(0, made))
        fresh = _request(records[:made], records[low : data.draw(st.integers(low, made))], known.challenge)
        late.append(replace(fresh, challenge=None))
        kind = data.draw(st.sampled_from(["fresh", "late", "restore"]))
        if kind == "restore":
            known, journal = data.draw(st.sampled_from(copies))
            continue
        request = fresh if kind == "fresh" else data.draw(st.sampled_from(late))
        asked = {seq: journal[seq] for seq in chain.asked(request, known.seq) if seq in journal}
        standing = chain.judge(request, replace(known, links=asked))
        assert standing.closed is None
        known = Known(standing.seq, standing.hash, "word" if standing.ask else None)
        journal = journal | {
            each.device_seq: (Link(each.id, submission_hash(each), DEVICE, each.previous_hash),)
            for each in request.submissions
        }
        copies.append((known, journal))


def test_what_another_way_has_gone_on_from_is_a_fork() -> None:
    """The hub, restored, has only what a copy recorded after the place where they parted."""
    known = Known(
        7, _head(SEVEN), links={7: (Link(SEVEN[6].id, _head(SEVEN), DEVICE, SEVEN[6].previous_hash),)}
    )
    assert chain.judge(_request(OTHER[:6], OTHER[5:6]), known).closed == "cloned"
    assert chain.judge(_request(SEVEN, SEVEN[5:6]), known).closed is None


# --- lines ---


def _lines(*ways: tuple[Submission, ...]) -> dict[str, str]:
    links: dict[int, tuple[Link, ...]] = {}
    found: dict[str, str] = {}
    for way in ways:
        new = chain.lines(DEVICE, way, links)
        for each in way:
            link = Link(each.id, submission_hash(each), new[each.id], each.previous_hash)
            links[each.device_seq] = tuple({*links.get(each.device_seq, ()), link})
        found |= new
    return found


def test_copies_part_where_the_second_leaves_the_first() -> None:
    found = _lines(FIVE, SEVEN[5:], OTHER[5:7], OTHER[7:])
    assert {found[each.id] for each in SEVEN} == {DEVICE}
    branch = f"{DEVICE}~6.{OTHER[5].id[:8]}"
    assert {found[each.id] for each in OTHER[5:]} == {branch}


def test_a_resend_stays_on_its_line() -> None:
    assert _lines(SEVEN, OTHER[5:], SEVEN, OTHER[5:]) == _lines(SEVEN, OTHER[5:])


def test_a_third_copy_is_another_line() -> None:
    third = _chain(2, OTHER[:6], "third")
    found = _lines(SEVEN, OTHER[5:], third[6:])
    branch = found[OTHER[5].id]
    assert found[third[6].id] == f"{branch}~7.{third[6].id[:8]}"


def test_what_came_before_its_own_beginning_is_of_one_line_with_it() -> None:
    """After a restore a copy sends what waits, then what it had a receipt for."""
    found = _lines(SEVEN, OTHER[6:7], OTHER[5:6], OTHER[7:])
    assert len({found[each.id] for each in OTHER[5:]}) == 1
    assert found[OTHER[6].id] != DEVICE


def _of_one_line(*records: Submission) -> dict[int, tuple[Link, ...]]:
    """As they were judged while nobody knew of a second copy."""
    return {
        each.device_seq: (Link(each.id, submission_hash(each), DEVICE, each.previous_hash),)
        for each in records
    }


def test_across_a_gap_nobody_can_say_that_one_goes_on_from_the_other() -> None:
    """The hub, restored, lacks what lay between; the tablet, put back too, recorded something else at that place."""
    other = _chain(1, FIVE[:1], "another way")[1]
    line = chain.lines(DEVICE, [other], _of_one_line(FIVE[0], FIVE[3]))[other.id]
    assert chain.apart(DEVICE, 4, line, 2) == 0
    assert chain.apart(DEVICE, 1, line, 2) == -1


def test_what_fills_a_gap_is_of_one_line_with_what_lies_beyond() -> None:
    found = chain.lines(DEVICE, SEVEN[1:6], _of_one_line(FIVE[0], SEVEN[6]))
    assert set(found.values()) == {DEVICE}


@given(st.permutations(range(5, 9)))
def test_in_whatever_order_records_come_none_of_one_copy_is_upon_one_of_the_other(order: list[int]) -> None:
    found = _lines(SEVEN, *((OTHER[place],) for place in order))
    for first in SEVEN[5:]:
        for second in OTHER[5:]:
            mine, theirs = (found[first.id], first.device_seq), (found[second.id], second.device_seq)
            assert chain.apart(*mine, *theirs) == 0


def test_a_tablet_that_enrolls_anew_goes_on_from_where_its_former_chain_ended() -> None:
    anew, other = derived_id("anew"), derived_id("the copy, anew")
    line, beside = chain.enrolled("d", 5, anew), chain.enrolled("d", 5, other)
    for place in (1, 9):
        assert chain.apart("d", 5, line, place) < 0 < chain.apart(line, place, "d", 5)
    # What the hub has of the former chain beyond that was made by a copy, or is lost to this one.
    assert chain.apart("d", 6, line, 1) == chain.apart(line, 9, "d", 6) == 0
    assert chain.apart(line, 2, beside, 1) == chain.apart(line, 2, beside, 2) == 0
    assert chain.apart("d", 5, f"{line}~3.cc", 4) < 0


def test_how_a_line_begins_is_read_from_any_of_its_records() -> None:
    anew = derived_id("anew")
    line = chain.enrolled("d~3.aa", 5, anew)
    assert chain.root(line, anew) == chain.root(f"{line}~3.cc", anew) == line
    assert chain.root("d~3.aa", "d") == "d"


def test_records_are_a_tablets_own_up_to_where_the_copies_parted() -> None:
    trunk, branch, twig = "d", "d~6.aa", "d~6.aa~8.bb"
    assert chain.apart(trunk, 4, branch, 7) == -3
    assert chain.apart(branch, 7, trunk, 4) == 3
    assert chain.apart(trunk, 6, branch, 7) == chain.apart(branch, 7, trunk, 6) == 0
    assert chain.apart(branch, 7, twig, 9) == -2
    assert chain.apart(branch, 8, twig, 9) == 0
    assert chain.apart(trunk, 5, twig, 9) == -4
    assert chain.apart(trunk, 7, twig, 9) == 0
    assert chain.apart(twig, 9, twig, 8) == 1
    assert chain.apart("e", 1, trunk, 2) == 0
    assert chain.apart("d1", 1, "d10", 2) == 0
