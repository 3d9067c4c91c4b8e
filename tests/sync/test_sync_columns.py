"""Columns: whatever is said in them comes back as it was – texts, entity states, submissions with their hashes."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync import batch, columns, tables
from sync.codec import derived_id, encode, from_json, submission_hash, to_json, to_text
from sync.messages import Conflict, EntityState, Submission, Target
from sync.strict import MessageFault

A = "140525100001"
UUIDS = st.uuids().map(str)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
TEXTS = st.one_of(
    st.sampled_from(
        ["", "yes", "no", "coal", "2020-09-01", "…4417", "|;/~", "a\nb\tc", "none", "#1", "泽州"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), max_size=12),
)
INSTANTS = st.integers(0, 6 * 10**12).map(
    lambda ms: to_text(datetime(1980, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
)
VALUES = st.dictionaries(NAMES, TEXTS, max_size=5)
ANSWERS = st.recursive(
    VALUES,
    lambda inner: st.dictionaries(NAMES, st.one_of(TEXTS, inner, st.lists(inner, max_size=2)), max_size=3),
    max_leaves=6,
)
TARGETS = st.builds(
    Target, dataset=NAMES, id=UUIDS, base_version=st.integers(0, 2**53 - 1), base=VALUES,
    follows=st.none() | UUIDS,
)  # fmt: skip
SUBMISSIONS = st.builds(
    Submission, id=UUIDS, device=st.sampled_from([derived_id("d"), derived_id("e")]),
    device_seq=st.integers(1, 2**53 - 1),
    previous_hash=st.just("") | st.from_regex(r"[0-9a-f]{64}", fullmatch=True), history=st.none() | UUIDS,
    county=st.sampled_from(["140525", "140524"]), village=st.from_regex(r"[0-9]{12}", fullmatch=True),
    person=TEXTS, form=NAMES, form_version=st.just("2020.1"),
    observed_at=INSTANTS | st.just("2020-09-01T08:00:00Z") | st.just("2020-09-01T08:00:00.5+00:00"),
    corrects=st.none() | UUIDS, targets=st.lists(TARGETS, max_size=3).map(tuple), answers=ANSWERS,
)  # fmt: skip
CONFLICTS = st.builds(
    Conflict, id=UUIDS, property=NAMES, submission=UUIDS, base=st.none() | TEXTS, mine=TEXTS,
    theirs=st.none() | TEXTS, by=TEXTS, at=TEXTS, person=TEXTS,
)  # fmt: skip
STATES = st.builds(
    EntityState, dataset=st.sampled_from(["household", "conversion"]), id=UUIDS, village=st.just(A),
    version=st.integers(0, 2**53 - 1), props=VALUES, conflicts=st.lists(CONFLICTS, max_size=1).map(tuple),
    updated_at=INSTANTS | TEXTS, gone=st.booleans(),
)  # fmt: skip


def over_the_wire(value):
    return json.loads(json.dumps(value, ensure_ascii=False))


@given(
    st.one_of(
        st.lists(st.none() | TEXTS), st.lists(UUIDS), st.lists(INSTANTS), st.lists(st.none() | INSTANTS),
        st.lists(st.integers(0, 999).map("{:03}".format), max_size=300),
        st.lists(st.integers(0, 90).map(str), min_size=400, max_size=500),
    )
)  # fmt: skip
def test_a_column_comes_back(values):
    assert columns.unpack(over_the_wire(columns.pack(values)), len(values), "") == values


def test_what_repeats_is_said_once():
    assert columns.pack(["yes", "no", None, "yes"] * 3) == {"of": [None, "no", "yes"], "at": "210221022102"}
    assert columns.pack(["10", "11", "12"]) == {"wide": 2, "text": "101112"}
    assert columns.pack(["a|b", "c"]) == {"text": ";a|b;c"}
    assert columns.pack(["x"] * 9) == {"all": "x"}


@pytest.mark.parametrize(
    "column",
    [
        None, "x", [], {}, {"all": 3}, {"of": ["a"], "at": "00"}, {"of": ["a"], "at": "9"}, {"text": ""},
        {"of": ["a"], "at": "é"}, {"ids": "=="}, {"ids": "AAAA"}, {"wide": 0, "text": "ab"}, {"text": "|a|b"},
        {"wide": 1, "text": "a", "since": "yesterday"}, {"some": "2", "in": {"all": "x"}}, {"some": 1},
        {"wide": 9, "text": "999999999", "since": "9999-12-31T23:59:59.999Z"}, {"all": ["x"]},
        {"of": [1], "at": "0"},
    ],
)  # fmt: skip
def test_a_column_that_is_none_is_refused(column):
    with pytest.raises(MessageFault):
        columns.texts(column, 1, "props.phone")


@given(st.lists(STATES, max_size=12))
def test_entity_states_come_back(states):
    assert list(tables.unpack(over_the_wire(tables.pack(states)), "")) == states


def test_every_field_of_a_state_travels():
    """A field that somebody adds to the state is in the table without anybody thinking of it."""
    state = EntityState("household", derived_id("h"), A, 3, {"phone": "1"}, (), to_text(datetime.now(UTC)))
    (table,) = tables.pack([state])
    assert to_json(state).keys() <= table.keys()


@settings(max_examples=100)
@given(st.lists(SUBMISSIONS, min_size=1, max_size=8))
def test_any_submissions_come_back_with_their_hashes(submissions):
    packed = batch.pack(submissions)
    assert packed is not None
    rows, told = batch.read(over_the_wire(packed), "")
    back = [from_json(Submission, row) for row in rows]
    assert [each.text.encode() for each in told] == list(map(encode, back))
    assert back == submissions
    assert list(map(submission_hash, back)) == list(map(submission_hash, submissions))


def chain(n):
    """A tablet's edits in a row, two fields each."""
    made: list[Submission] = []
    for at in range(n):
        house = derived_id("house", str(at))
        made.append(
            Submission(
                derived_id("submission", str(at)), derived_id("device"), 7 + at,
                submission_hash(made[-1]) if made else "0" * 64, derived_id("history"), "140525", A, "p1",
                "household", "2020.1", f"2020-09-01T08:{at % 60:02}:00.000Z", None,
                (Target("household", house, 3, {"phone": "1", "rooms": "2"}, None),),
                {"basics": {"phone": "2"}, "rooms": "3"},
            )
        )  # fmt: skip
    return made


def test_what_follows_from_a_batch_does_not_travel():
    edits = chain(100)
    packed = batch.pack(edits)
    assert packed["previous_hash"]["of"] == ["", "0" * 64] and packed["seq"] == {"all": "7"}
    assert len(json.dumps(packed)) < 8_000 < len(json.dumps(to_json(edits))) / 5


def test_a_batch_that_came_to_something_else_is_refused():
    packed = batch.pack(chain(3))
    for name, value in (("person", {"all": "p2"}), ("n", 2), ("last", "0" * 64), ("seq", {"all": "8"})):
        with pytest.raises(MessageFault):
            batch.unpack({**packed, name: value}, "")


def test_one_unreadable_submission_spoils_no_other():
    rows = chain(3)
    odd = copy.deepcopy(batch.pack([*rows[:2], replace(rows[2], village="?")]))
    back = batch.unpack(odd, "")
    assert [from_json(Submission, row) for row in back[:2]] == rows[:2]
    with pytest.raises(MessageFault):
        from_json(Submission, back[2])


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(
            ["n", "id", "seq", "targets", "answers", "repeats", "last", "previous_hash", "device"]
        ),
        st.none() | st.integers() | st.text() | VALUES,
        min_size=1,
    )
)
def test_nonsense_in_a_batch_is_a_fault_and_nothing_else(nonsense):
    packed = batch.pack(chain(2))
    assume({**packed, **nonsense} != packed)
    with pytest.raises(MessageFault):
        batch.unpack({**packed, **nonsense}, "")
