"""Lean requests that say much in few bytes, or what no program can say back: refused before they cost anything."""

from __future__ import annotations

import json

import pytest

from sync import wire
from sync.codec import derived_id, from_json, said
from sync.messages import MAX_BODY_BYTES, VALUE_CHARS_MAX, Cursor, Request, Submission, Target
from sync.strict import MessageFault, instant

ME, HISTORY, A = derived_id("device"), derived_id("history"), "140525100001"
AT = "2020-09-01T08:00:00.000Z"
SUBMISSION = Submission(
    derived_id("s"), ME, 1, "", HISTORY, "140525", A, "p1", "household", "2020.1", AT, None,
    (Target("household", derived_id("h"), 3, {}, None),), {"phone": "2"},
)  # fmt: skip
REQUEST = Request(1, ME, HISTORY, AT, "0.1", 1, "0" * 64, 1, "", {A: Cursor(seq=4)}, (), (SUBMISSION,))


def lean(**batch: object) -> bytes:
    """A lean request of one record with these in its batch instead."""
    told = json.loads(wire.pack_request(REQUEST, wire.TAKES).text)
    told["batch"] |= batch
    return json.dumps(told).encode()


def of_hundred(**batch: object) -> bytes:
    none = {"all": None}
    targets = {
        "of": {"all": "0"},
        "dataset": none,
        "id": none,
        "base_version": none,
        "follows": none,
        "base": {},
    }
    return lean(n=100, targets=targets, **batch)


@pytest.mark.parametrize(
    "more",
    [
        {"answers": {f"a{n}": {"all": "x" * VALUE_CHARS_MAX} for n in range(20)}},
        {"repeats": {"a": {"all": json.dumps([{"b": ""}] * 3_000)}}},
    ],
    ids=["values", "repeats"],
)
def test_a_batch_is_no_larger_than_a_request_may_be(more: dict[str, object]) -> None:
    body = of_hundred(**more)
    assert len(body) < MAX_BODY_BYTES / 20 and len(wire.squeeze(body)) < 2_000
    with pytest.raises(MessageFault) as caught:
        wire.unpack_request(wire.squeeze(body), wire.D1_NAME, ME)
    assert caught.value.code == "too_large"


def test_what_is_nested_too_deeply_to_be_said_back_is_malformed() -> None:
    """Whatever depth the reader just takes and the writer does not."""
    for depth in range(700, 1_010):
        nested = "[" * depth + "]" * depth
        plain = json.dumps({**json.loads(wire.pack_request(REQUEST).text), "submissions": [1]})
        for body in (lean(repeats={"a": {"all": nested}}), plain.replace("[1]", f"[{nested}]").encode()):
            try:
                wire.read_request(body, ME)
            except MessageFault as fault:
                assert fault.code == "malformed"


@pytest.mark.parametrize("told", ["9999-12-31T23:59:59.000Z", "0001-01-01T00:00:00Z"])
def test_an_instant_is_one_in_every_zone(told: str) -> None:
    """At the calendar's ends there is no such time a few hours east or west."""
    with pytest.raises(MessageFault, match="no such date or time"):
        instant(told, "at")
    with pytest.raises(MessageFault):
        from_json(Submission, {**json.loads(said(SUBMISSION).text), "observed_at": told})
