"""The codec: everything comes back as it went, and nothing unreadable gets in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sync
from sync import hub, messages
from sync.codec import (
    decode,
    decode_request,
    derived_id,
    encode,
    from_json,
    submission_hash,
    to_instant,
    to_json,
    to_text,
    villages_hash,
)
from sync.messages import (
    Conflict,
    Cursor,
    EnrolReply,
    EnrolRequest,
    EntityState,
    FieldOutcome,
    FormXml,
    NotYet,
    Problem,
    Reply,
    Request,
    Submission,
    Target,
    Verdict,
    Village,
)
from sync.strict import MessageFault

README = (Path(sync.__file__).parent / "README.md").read_text(encoding="utf-8")
A = "140525100001"
AT = "2020-09-01T08:00:00.000Z"


def id(name):
    return derived_id(name)


SUBMISSION = Submission(
    id("submission"), id("device"), 2, "0" * 64, id("history"), "140525", A, "p1", "household", "2020.1", AT,
    id("corrected"), (Target("household", id("h"), 3, {"head_name": "张䶮"}, id("before")),),
    {"basics": {"head_name": "张䶮"}, "purchase": [{"tonnes": "1.5"}, {"tonnes": "2"}], "remark": "第一行\n第二行"},
)  # fmt: skip
REQUEST = Request(
    1, id("device"), id("history"), AT, "0.1", 2, "0" * 64, 1, "",
    {A: None, "140525100002": Cursor(seq=3), "140525100003": Cursor(head=4, after=f"household/{id('h')}")},
    ("household@2020.1",), (SUBMISSION,),
)  # fmt: skip
CONFLICT = Conflict(id("c"), "phone", id("s"), None, "1", "2", id("t"), AT, "p1")
REPLY = Reply(
    1, id("history"), AT, "140525", "p1",
    (Verdict(id("s"), "conflict", ("after_handover",), versions={f"household/{id('h')}": 3},
             fields=(FieldOutcome("household", id("h"), "phone", "conflict", None, "1", "2", id("t"), "p2", AT),)),
     Verdict(id("r"), "rejected", (), "constraint", "/data/phone", "有 1 处", (("/data/phone", "太短"),))),
    (NotYet(id("n"), "form_unknown", "没有"),), (Village(A, "某村", "某镇", None),),
    (FormXml("household", "2020.1", "0" * 64, "<h:html/>"),),
    (EntityState("household", id("h"), A, 3, {"phone": "2"}, (CONFLICT,), AT, gone=False),),
    {A: Cursor(seq=9)}, False,
)  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        SUBMISSION, REQUEST, REPLY, EnrolRequest(1, "CODE", id("d"), "secret", "平板 1", "0.1"),
        EnrolReply(id("d"), "140525", "泽州县", "p1", "张三", id("h"), AT, (Village(A, "村", "镇", "rural"),)),
        Problem("busy", "服务器忙", "请稍后再试"),
    ],
    ids=lambda message: type(message).__name__,
)  # fmt: skip
def test_what_goes_out_comes_back(message):
    assert decode(type(message), encode(message)) == message


def test_a_request_comes_back_whole():
    incoming = decode_request(encode(REQUEST))
    assert incoming.request == REQUEST and not incoming.malformed


def test_fields_nobody_knows_are_passed_over():
    value = to_json(REQUEST) | {"mood": "good"}
    value["submissions"][0]["weather"] = {"snow": True}
    assert decode_request(json.dumps(value).encode()).request == REQUEST


def test_equal_messages_give_equal_bytes():
    turned = json.loads(encode(SUBMISSION), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert encode(from_json(Submission, turned)) == encode(SUBMISSION)


def test_the_hash_of_a_submission_never_changes():
    """Tablets and journals hold it for years: a change here breaks every chain there is."""
    assert submission_hash(SUBMISSION) == "f28f18025afead1d4f8b92382d4de77a763f6f15502427b7335f2ea6b7b4065c"


def changed(message, path, value):
    """The JSON of a message with one place changed ("missing" removes it)."""
    whole = to_json(message)
    *way, last = path
    inner = whole
    for step in way:
        inner = inner[step]
    if value == "missing":
        del inner[last]
    else:
        inner[last] = value
    return whole


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["device"], "missing", "device: missing"),
        (["device"], 3, "device: UUID in lower case expected"),
        (["device"], id("d").upper(), "device: UUID in lower case expected"),
        (["chain_seq"], "2", "chain_seq: whole number expected"),
        (["chain_seq"], True, "chain_seq: whole number expected"),
        (["chain_seq"], 1.0, "chain_seq: whole number expected"),
        (["chain_seq"], -1, "chain_seq: outside 0 to 9007199254740991"),
        (["waiting"], 2**70, "waiting: outside 0 to 9007199254740991"),
        (["sent_at"], "2020-13-01T00:00:00Z", "sent_at: no such date or time"),
        (["sent_at"], "2020-09-01T08:00:00+08:00", "sent_at: UTC instant like 2020-09-01T08:00:00Z expected"),
        (["app_version"], "x" * 101, "app_version: longer than 100 characters"),
        (["app_version"], "a\x00b", "app_version: control characters or broken Unicode inside"),
        (["app_version"], "\ud800", "app_version: control characters or broken Unicode inside"),
        (["held"], [], "held: object expected"),
        (["held", "1405"], None, "held key: village code of 12 digits expected"),
        (["held", A], {}, f"held.{A}: either seq, or head of a snapshot in progress, expected"),
        (
            ["held", A],
            {"seq": 1, "head": 2},
            f"held.{A}: either seq, or head of a snapshot in progress, expected",
        ),
        (["forms"], ["household"], "forms[0]: form as id@version expected"),
        (["submissions"], {}, "submissions: list expected"),
        (["submissions"], [0] * 101, "submissions: more than 100 entries"),
    ],
)
def test_a_request_that_cannot_be_read_says_where_and_what(path, value, fault):
    with pytest.raises(MessageFault) as caught:
        decode_request(json.dumps(changed(REQUEST, path, value)).encode())
    assert str(caught.value) == fault and caught.value.code == "malformed"


def deep(levels):
    return "x" if levels == 0 else {"a": deep(levels - 1)}


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["targets", 0, "base_version"], None, "targets[0].base_version: whole number expected"),
        (["targets", 0, "dataset"], "../x", "targets[0].dataset: name of letters, digits and _ . - expected"),
        (["targets"], "missing", "targets: missing"),
        (["device_seq"], 0, "device_seq: outside 1 to 9007199254740991"),
        (["previous_hash"], "abc", "previous_hash: SHA-256 in hexadecimal, or nothing expected"),
        (["answers", "n"], 1, "answers.n: text expected"),
        (["answers", "n"], ["x"], "answers.n[0]: object expected"),
        (["answers", "a b"], "x", "answers key: name of letters, digits and _ . - expected"),
        (["answers", "n"], "x" * 4001, "answers.n: longer than 4000 characters"),
        (["answers"], deep(13), "answers" + ".a" * 12 + ": nested deeper than 12"),
        (["answers"], {f"n{n}": "x" for n in range(5001)}, "answers: more than 5000 nodes"),
        (["village"], "14052510000", "village: village code of 12 digits expected"),
    ],
)
def test_an_unreadable_submission_stands_apart(path, value, fault):
    body = to_json(REQUEST)
    body["submissions"] = [changed(SUBMISSION, path, value), to_json(SUBMISSION)]
    incoming = decode_request(json.dumps(body).encode())
    assert incoming.request.submissions == (SUBMISSION,)
    (bad,) = incoming.malformed
    assert bad.id == SUBMISSION.id and str(MessageFault(*bad.faults)) == fault
    assert json.loads(bad.raw) == body["submissions"][0] and bad.raw.isascii()


def test_all_faults_are_told_at_once():
    value = changed(SUBMISSION, ["county"], 1) | {"village": None, "form": ""}
    with pytest.raises(MessageFault) as caught:
        from_json(Submission, value)
    assert [fault.path for fault in caught.value.faults] == ["county", "village", "form"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"\xff\xfe",
        b'{"protocol": NaN}',
        b"[" * 100_000,
        b'{"protocol": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_malformed(body):
    with pytest.raises(MessageFault) as caught:
        decode_request(body)
    assert caught.value.code == "malformed"


def test_another_protocol_is_told_before_anything_else():
    with pytest.raises(MessageFault) as caught:
        decode_request(b'{"protocol": 2}')
    assert caught.value.code == "unknown_protocol"


def test_a_body_too_large_is_not_even_read():
    with pytest.raises(MessageFault) as caught:
        decode_request(b" " * (messages.MAX_BODY_BYTES + 1))
    assert caught.value.code == "too_large"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.sampled_from(sorted(to_json(SUBMISSION))), json_values)
def test_nothing_but_a_fault_comes_of_anything(name, value):
    body = json.dumps(changed(REQUEST, ["submissions", 0, name], value)).encode()
    incoming = decode_request(body)
    assert len(incoming.request.submissions) + len(incoming.malformed) == 1
    for submission in incoming.request.submissions:
        assert decode(Submission, encode(submission)) == submission


def test_the_hash_of_the_villages_does_not_depend_on_their_order():
    villages = [Village(A, "甲", "镇", None), Village("140525100002", "乙", "镇", "rural")]
    assert villages_hash(villages) == villages_hash(reversed(villages)) != villages_hash(villages[:1])


def test_derived_ids_are_uuids_that_follow_from_their_parts():
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", derived_id("a", "b"))
    assert derived_id("a", "b") == derived_id("a", "b") != derived_id("a\nb", "")


def test_instants_are_utc_with_milliseconds():
    at = datetime(2020, 9, 1, 8, 0, 0, 123456, UTC)
    assert to_text(at) == "2020-09-01T08:00:00.123Z" and to_instant("2020-09-01T08:00:00+00:00").tzinfo == UTC


def test_the_bounds_fit_into_each_other():
    """Whatever a form saves must fit a later submission's base, or that one could never be sent."""
    largest = "x" * messages.VALUE_CHARS_MAX
    target = replace(
        SUBMISSION.targets[0], base={f"p{n}": "x" for n in range(messages.PROPERTIES_PER_ENTITY)}
    )
    kept = replace(SUBMISSION, targets=(replace(target, base={**target.base, "p0": largest}),))
    assert decode(Submission, encode(kept)) == kept


# --- README.md beside the code ---


def test_the_figures_in_the_readme_are_the_code_s():
    for name in (
        "MAX_BODY_BYTES", "SUBMISSIONS_PER_REQUEST", "ENTITIES_PER_REPLY", "CHARS_PER_REPLY", "FORMS_PER_REPLY",
        "VILLAGES_PER_TABLET", "TARGETS_PER_SUBMISSION", "PROPERTIES_PER_ENTITY", "VALUE_CHARS_MAX",
        "ANSWERS_DEPTH_MAX", "ANSWERS_NODES_MAX", "PART_BYTES_MAX",
    ):  # fmt: skip
        assert f"| `{name}` | {getattr(messages, name):,} |" in README, name


def test_the_examples_in_the_readme_can_be_read():
    request, reply = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    incoming = decode_request(request.encode())
    assert len(incoming.request.submissions) == 1 and not incoming.malformed
    assert incoming.request.chain_hash == submission_hash(incoming.request.submissions[0])
    answered = decode(Reply, reply.encode())
    assert answered.verdicts[0].submission == incoming.request.submissions[0].id


def test_every_code_is_in_the_readme():
    for code in (*hub.REASONS, *hub.NOT_YET_REASONS, "after_handover", "other_device", "differs"):
        assert f"`{code}`" in README, code
