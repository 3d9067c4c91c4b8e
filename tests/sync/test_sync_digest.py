"""The digest of a village: the same whatever the order, another when anything that travels is another."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import digest
from sync.codec import decode, derived_id, encode
from sync.digest import Digest
from sync.facts import Held, PropertyState
from sync.masking import entity
from sync.messages import Conflict, EntityState
from sync.strict import MessageFault

A, B = "140525100001", "140525100002"
MASKED = {"payee": frozenset({"account"})}
IDS = [derived_id("entity", str(number)) for number in range(6)]
values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)


@st.composite
def states(draw: st.DrawFn) -> Held:
    """An entity in some state, as a hub may hold it."""
    names = draw(
        st.dictionaries(st.sampled_from(["account", "phone", "_pinyin", "remark"]), values, max_size=4)
    )
    version = draw(st.integers(1, 5))
    conflicts = [
        Conflict(derived_id("c", mine), "phone", IDS[0], None, mine, "1", IDS[1], "2020", "7")
        for mine in draw(st.lists(values, max_size=2, unique=True))
    ]
    props = {name: PropertyState(value, 1, IDS[0]) for name, value in names.items()}
    return Held(
        draw(st.sampled_from(["household", "payee"])), draw(st.sampled_from(IDS)), draw(st.sampled_from([A, B])),
        version, props, tuple(conflicts), f"2020-09-0{version}T00:00:00.000Z",
    )  # fmt: skip


def recount(entities: dict[str, Held], village: str) -> Digest:
    here = (held for held in entities.values() if held.village == village)
    return digest.of(entity(held.state(), MASKED) for held in here)


@given(st.lists(states(), max_size=20), st.data())
def test_a_sum_kept_while_rows_come_change_and_move_is_the_sum_of_what_is_there(changes, data) -> None:
    entities: dict[str, Held] = {}
    kept = {A: digest.NOTHING, B: digest.NOTHING}
    while changes:
        batch = {held.key: held for held in changes[: data.draw(st.integers(1, 4))]}
        changes = changes[len(batch) :]
        for village, delta in digest.deltas(entities, list(batch.values()), MASKED).items():
            kept[village] += delta
        entities |= batch
        assert kept == {village: recount(entities, village) for village in (A, B)}


@given(st.lists(states(), unique_by=lambda held: held.key, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_is_nothing_to_the_sum(entities, rng) -> None:
    shuffled = list(entities)
    rng.shuffle(shuffled)
    assert digest.deltas({}, entities, MASKED) == digest.deltas({}, shuffled, MASKED)


@given(states(), st.data())
def test_a_changed_bit_in_a_stored_row_changes_its_term(held, data) -> None:
    stored = bytearray(encode(held.state()))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        damaged = decode(EntityState, bytes(stored))
    except MessageFault:
        return  # what cannot be read is found without a digest
    hashed = [_without_made(state) for state in (held.state(), damaged)]
    assert (digest.term(held.state()) == digest.term(damaged)) == (hashed[0] == hashed[1])


def _without_made(state: EntityState) -> EntityState:
    """Apart from what the hub makes on the way out, and from where it leads to a row that is no row."""
    own = {name: value for name, value in state.props.items() if not name.startswith("_")}
    return replace(state, props=own, gone=False)


def test_a_row_is_hashed_as_it_is_sent_not_as_it_is_kept() -> None:
    def payee(account: str, secret: str) -> Held:
        return Held("payee", IDS[0], A, 1, {"account": PropertyState(account, 1, secret)})

    one, other = payee("6222020200112233417", IDS[1]), payee("6217999999999993417", IDS[2])
    assert digest.of_held(one, MASKED) == digest.of_held(other, MASKED)
    assert digest.of_held(one, {}) != digest.of_held(other, {})
    assert digest.masked_name(MASKED) != digest.masked_name({})


def test_the_rule_does_not_move() -> None:
    """Tablets keep sums over months: a term that comes out otherwise is a new rule, and `RULE` is raised."""
    conflict = Conflict(IDS[1], "fuel", IDS[2], None, "gas", "coal", "", "2020-09-01T00:00:00.000Z", "7")
    props = {"head_name": "张三", "_pinyin": "zhang san"}
    state = EntityState("household", IDS[0], A, 3, props, (conflict,), "2020-09-01T00:00:00.000Z")
    assert (digest.RULE, digest.term(state)) == (1, "1adf74d36224a237e43f8439a8b03a94")
    assert digest.term(replace(state, props={"head_name": "张三"})) == digest.term(state)
    assert {field.name for field in fields(Conflict)} == set(json.loads(encode(conflict)))


def test_a_digest_travels_as_text() -> None:
    some = Digest(212, 2**128 - 1)
    assert digest.read(str(some)) == some and len(str(some)) == 40
    assert digest.read(digest.EMPTY) == digest.NOTHING
    for wrong in ("", "0" * 39, "x" * 40, "0" * 41):
        with pytest.raises(ValueError, match="not a digest"):
            digest.read(wrong)


def test_one_digest_over_villages_is_that_of_each() -> None:
    assert digest.over({A: digest.EMPTY, B: "1"}) == digest.over({B: "1", A: digest.EMPTY})
    assert digest.over({A: digest.EMPTY}) != digest.over({B: digest.EMPTY})
