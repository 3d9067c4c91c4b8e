"""The compiled library writes what the standard library writes, byte for byte, or the standard library writes."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server import quick_json
from sync import batch, codec
from sync.alike import Alike
from sync.codec import canonical, derived_id, encode, said
from sync.documents import held_text, traces_text
from sync.facts import Held, PropertyState, Step, Trace
from sync.json_text import Style, written_by
from sync.messages import Conflict, Submission, Target

AT, SEEN = "2020-09-01T08:00:00.000Z", {"phone": "1", "名": '\x00\x1f\x7f\u2028"\\/\U0001f525'}
CONFLICT = Conflict("c", "fuel", "s", None, "gas", "煤", "x", AT, "17")
HELD = Held(
    "household", "h", "140525100001", 2**53 - 1, {"phone": PropertyState("1", 1, "a", ("", "2"))}, (CONFLICT,), AT,
    PropertyState("140525100001", 5, "b"), (("e", 1),),
)  # fmt: skip
RECORD = Submission(
    derived_id("s"), derived_id("d"), 1, "", None, "140525", "140525100001", "p", "visit", "2020.1", AT, None,
    (Target("household", derived_id("h"), 0, SEEN, None),), {"b": {"a": "€"}, "ab": "", "B": [{"x": "1"}]},
)  # fmt: skip

# Whatever a message or a document may be made of, and texts that only an attacker sends.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(VALUES, st.booleans())
def test_any_value_is_written_alike(value: object, sort_keys: bool) -> None:
    style = Style(vars, sort_keys)
    with written_by(quick_json.write):
        assert style.text(value) == style.exact(value)


@pytest.mark.parametrize(
    "value", [[CONFLICT], Alike(tuple, {"b": "1", "a": "2"}, ()), {"b": 1, "a": True, "é": None}]
)
def test_what_json_does_not_know_is_written_alike(value: object) -> None:
    told = canonical(value), encode(value)
    with written_by(quick_json.write):
        assert (canonical(value), encode(value)) == told


def test_records_and_documents_are_written_alike() -> None:
    trace = Trace({"a": Step("1", None, "applied", 3)}, {}, ("x",), 2, None, 3, "d", 9)
    told = said(RECORD), held_text(HELD), traces_text({"household/h": trace})
    with written_by(quick_json.write):
        assert (said(RECORD), held_text(HELD), traces_text({"household/h": trace})) == told


@pytest.mark.parametrize("value", ["\ud800", 2**64, {1: "a"}])
def test_what_the_library_cannot_write_the_standard_library_does(value: object) -> None:
    with pytest.raises(TypeError):
        quick_json.write(value, vars, sort_keys=True)
    told = canonical({"a": value})
    with written_by(quick_json.write):
        assert canonical({"a": value}) == told


def test_a_fraction_that_no_message_has_is_hashed_as_its_sender_did() -> None:
    """It would be spelt otherwise, and not one record but the whole batch be refused."""
    packed = batch.pack([RECORD])
    assert packed is not None
    strange = {**packed, "repeats": {"B": {"all": '[{"x":1e100}]'}}}
    answers = {**RECORD.answers, "B": [{"x": 1e100}]}
    sent = json.dumps(
        {**codec.to_json(RECORD), "answers": answers}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )  # fmt: skip
    strange["last"] = hashlib.sha256(sent.encode()).hexdigest()
    with written_by(quick_json.write):
        ((row,), (told,)) = batch.read(strange, "")
    assert (row["answers"], told.text) == (answers, sent)


def test_it_writes_for_as_long_as_it_is_asked_to() -> None:
    def shouting(value: object, plain: object, *, sort_keys: bool) -> bytes:
        return b"!"

    with written_by(quick_json.write):
        with written_by(shouting):
            assert canonical(sys.maxsize) == "!"
        assert canonical([]) == "[]"
    assert canonical([1]) == "[1]"
