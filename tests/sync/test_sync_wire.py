"""The wire: whatever way a message is said, it comes back the same – or not at all if it was changed on the way."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import sync
from sync import parts, wire
from sync.codec import decode, decode_request, derived_id, encode, submission_hash, to_json
from sync.dictionary import D1
from sync.messages import (
    Cursor,
    EntityState,
    FieldOutcome,
    Part,
    PartSoFar,
    Reply,
    Request,
    Submission,
    Target,
    Verdict,
)
from sync.strict import MessageFault

A, B = "140525100001", "140525100002"
AT = "2020-09-01T08:00:00.000Z"
ME, HISTORY = derived_id("device"), derived_id("history")


def edits(n):
    made: list[Submission] = []
    for at in range(n):
        made.append(
            Submission(
                derived_id("s", str(at)), ME, 1 + at, submission_hash(made[-1]) if made else "", HISTORY, "140525",
                A, "p1", "household", "2020.1", f"2020-09-01T08:{at % 60:02}:00.000Z", None,
                (Target("household", derived_id("h", str(at % 5)), 3, {"phone": "1"}, None),), {"phone": "2"},
            )
        )  # fmt: skip
    return tuple(made)


def request(*submissions, **other):
    seen = {A: Cursor(seq=4), B: None, "140525100003": Cursor(head=4, after=f"household/{ME}")}
    told = Request(
        1, ME, HISTORY, AT, "0.1", 7, "0" * 64, len(submissions), "1" * 64, seen, ("visit@1",), submissions
    )
    return replace(told, **{"can": wire.TAKES} | other)


def applied(submission, version, *fields):
    key = submission.targets[0].key
    return Verdict(submission.id, "applied", versions={key: version}, fields=fields)


def reply(*verdicts, **other):
    states = tuple(
        EntityState("household", derived_id("h", str(at)), A, 4, {"phone": "2"}, (), AT) for at in range(3)
    )
    told = Reply(1, HISTORY, AT, "140525", "p1", verdicts, (), None, (), states, {A: Cursor(seq=9)}, False)
    return replace(told, **other)


@pytest.mark.parametrize("takes", [(), wire.TAKES])
@pytest.mark.parametrize(
    "asked",
    [
        request(), request(*edits(12)), request(edits(1)[0], history=None, waiting=40),
        request(part=PartSoFar("0" * 64, 17), photos_waiting=3, free_bytes=0), request(held={}, forms=()),
        request(*edits(12)[3:7], replace(edits(1)[0], device=derived_id("before"))),
        request(*edits(2), screens={}), request(*edits(2), screens={edits(1)[0].id: {"household": {"phone": ""}}}),
    ],
)  # fmt: skip
def test_a_request_comes_back_whichever_way_it_is_said(asked, takes):
    packed = wire.pack_request(asked, takes)
    assert packed.encoding == ("d1" if takes else "gzip")
    got = wire.unpack_request(packed.body, packed.encoding, ME)
    short = asked.villages_hash[:16] if takes else asked.villages_hash
    assert got.request == replace(asked, villages_hash=short) and not got.malformed


@pytest.mark.parametrize("can", [(), wire.TAKES])
@pytest.mark.parametrize(
    "told",
    [
        reply(), reply(changes=(), cursors={}, more=True), reply(history=derived_id("another")),
        reply(villages=()),  # all were taken away: another thing than a list that did not change
        reply(part=Part("0" * 64, "gzip", 99, 0), takes=("lean",), people={"9": "李四"}, reread=(A,)),
        reply(Verdict(edits(1)[0].id, "rejected", ("after_handover",), "constraint", "/x", "错", (("/x", "错"),))),
    ],
)  # fmt: skip
def test_a_reply_comes_back_whichever_way_it_is_said(told, can):
    asked = request(*edits(2), can=can)
    packed = wire.pack_reply(told, asked)
    assert wire.unpack_reply(packed.body, packed.encoding, asked) == told


def test_plain_verdicts_travel_as_their_positions_and_come_back():
    """Twelve edits of five homes: the sixth edit of a round follows the first, and is one version further."""
    made = edits(12)
    plain = [applied(each, 4 + at // 5) for at, each in enumerate(made)]
    odd = Verdict(made[5].id, "merged", versions=plain[5].versions)
    told = reply(*plain[:5], odd, *plain[6:])
    asked = request(*made)
    packed = wire.pack_reply(told, asked)
    said = json.loads(wire.unpacked(packed.body, "d1", 10_000))
    assert said["applied"] == [[0, 4], [6, 11]] and [each["outcome"] for each in said["verdicts"]] == [
        "merged"
    ]
    assert wire.unpack_reply(packed.body, "d1", asked) == told


def test_what_became_of_each_value_travels_unless_all_were_applied():
    first, second = edits(2)
    field = FieldOutcome("household", first.targets[0].id, "phone", "applied", "1", "2", "1", "", "", "")
    same = replace(field, id=second.targets[0].id, outcome="same")
    asked = request(first, second)
    packed = wire.pack_reply(reply(applied(first, 4, field), applied(second, 4, same)), asked)
    got = wire.unpack_reply(packed.body, "d1", asked)
    assert got.verdicts == (applied(first, 4), applied(second, 4, same))


def test_a_resent_record_gets_the_verdict_it_had():
    """Its version is not the one that follows from the batch: so it travels whole."""
    first, second = edits(2)
    told = reply(applied(first, 9), applied(second, 4))
    asked = request(first, second)
    packed = wire.pack_reply(told, asked)
    assert wire.unpack_reply(packed.body, "d1", asked) == told


def test_an_old_tablet_is_understood_and_answered_in_its_own_words():
    """A request as version 0.1.0 sent it, byte by byte."""
    body = encode(replace(request(*edits(2)), can=())).decode()
    old = json.loads(body)
    for name in (
        "can",
        "part",
        "free_bytes",
        "photos_waiting",
        "digest",
        "digests",
        "county_key",
        "challenge",
    ):
        old.pop(name, None)
    got = wire.unpack_request(json.dumps(old).encode(), "identity", ME)
    assert got.request.submissions == edits(2) and got.request.can == ()
    answer = wire.pack_reply(reply(), got.request, gzip_read=False)
    assert answer.encoding == "" and decode(Reply, answer.body) == reply()
    packed = wire.pack_reply(reply(), got.request)
    assert packed.encoding == "gzip" and decode(Reply, gzip.decompress(packed.body)) == reply()


@pytest.mark.parametrize("takes", [(), wire.TAKES])
def test_a_changed_or_cut_body_is_never_another_message(takes):
    packed = wire.pack_request(request(*edits(3)), takes)
    whole = packed.body
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
        for body in (flipped, whole[:at]):
            try:
                assert wire.unpacked(body, packed.encoding, 2_000_000) == wire.unpacked(
                    whole, packed.encoding, 2_000_000
                ), "only a byte of the envelope that says nothing"
            except MessageFault as fault:
                assert fault.code == "damaged"


def test_a_small_body_cannot_fill_the_memory():
    for body, encoding in ((wire.squeeze(b" " * 3_000_000), "d1"), (gzip.compress(b" " * 3_000_000), "gzip")):
        with pytest.raises(MessageFault) as caught:
            wire.unpack_request(body, encoding, ME)
        assert caught.value.code == "too_large"


def test_an_unknown_encoding_is_malformed():
    with pytest.raises(MessageFault) as caught:
        wire.unpack_request(b"", "br", ME)
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"applied": [[0]]}, {"applied": [[0, 9]]}, {"applied": [[-1, 0]]}, {"applied": "all"}, {"tables": 3},
        {"tables": [3]}, {"tables": [{"n": 1}]}, {"tables": [{"n": 10**9}]}, {"cursors": 3}, {"verdicts": 3},
        {"applied": [], "verdicts": [3]},
    ],
)  # fmt: skip
def test_nonsense_in_a_reply_is_a_fault(nonsense):
    asked = request(*edits(2))
    said = json.loads(wire.unpacked(wire.pack_reply(reply(), asked).body, "d1", 10_000))
    with pytest.raises(MessageFault):
        wire.unpack_reply(json.dumps({**said, **nonsense}).encode(), "", asked)


def test_the_dictionary_never_changes():
    """Tablets that have it are out in the villages; a better one gets a name of its own."""
    assert (
        hashlib.sha256(D1).hexdigest() == "209d5c38a50f1af01a93ec23201119d05ecb9e9e466fe5651bc22c0be630ff6c"
    )


def test_the_hash_is_over_the_plain_form():
    (made,) = edits(1)
    got = wire.unpack_request(wire.pack_request(request(made), wire.TAKES).body, "d1", ME)
    assert submission_hash(got.request.submissions[0]) == submission_hash(made)
    assert to_json(got.request.submissions[0]) == to_json(made)


def test_the_lean_example_in_the_readme_says_the_same_as_the_plain_one():
    readme = (Path(sync.__file__).parent / "README.md").read_text(encoding="utf-8")
    (lean,) = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)
    plain = decode_request(re.findall(r"```json\n(.*?)```", readme, re.DOTALL)[0].encode()).request
    short = plain.villages_hash[: wire.VILLAGES_HASH_CHARS]
    assert wire.read_request(lean.encode(), plain.device).request == replace(plain, villages_hash=short)
    packed = wire.pack_request(plain, wire.TAKES)
    assert json.loads(packed.text) == json.loads(lean)


def test_every_way_of_saying_things_is_in_the_readme():
    readme = (Path(sync.__file__).parent / "README.md").read_text(encoding="utf-8")
    for word in (*wire.TAKES, wire.COLUMNS, parts.ZSTD, wire.PART_TYPE, "damaged"):
        assert f"`{word}`" in readme, word
