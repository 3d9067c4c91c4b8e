"""The office decides an open conflict: it ends with the value chosen, nothing else moves, and every tablet sees it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync import deciding, office
from sync.codec import derived_id
from sync.facts import Device, Facts, Policy
from sync.messages import VILLAGE

H = derived_id("house")
NAMES = ("head_name", "device", "fuel", "phone", "remark")
PERSON = "official-1"


def decide(county, kit, values, *, turn="0"):
    """As the store does it: the facts it needs, then everything kept."""
    held = county.state(H)
    known = {id: county.known[id] for id in deciding.needed(held) if id in county.known}
    facts = Facts(
        Device(office.device(kit.COUNTY), kit.COUNTY, frozenset()), county.history, frozenset(), {},
        {held.key: held}, known, Policy("policy-1", county.groups),
    )  # fmt: skip
    ids = [derived_id("decision", turn, str(n)) for n in range(len(held.conflicts))]
    now = kit.NOW + timedelta(days=1)
    pushed = deciding.decide(held, values, facts, person=PERSON, reason="核对了身份证", now=now, ids=ids)
    county._keep(pushed)
    return pushed


def test_the_office_puts_in_the_value_that_was_not_taken(county, kit, three):
    one, two, _third = three
    two.record(H, {"phone": "9"}), two.sync()
    mine = one.record(H, {"phone": "2"})
    one.sync()
    (conflict,) = county.state(H).conflicts
    pushed = decide(county, kit, {"phone": deciding.value_of(county.state(H), "phone", conflict.id)})
    assert county.values()["phone"] == "2" and not county.open_conflicts()
    (line,) = pushed.records
    assert (line.kind, line.submission.person, line.submission.corrects) == ("office", PERSON, mine.id)
    assert line.submission.answers == {"phone": "2", "reason": "核对了身份证"}
    for tablet in three:
        tablet.sync()
        assert tablet.sees(H)["phone"] == "2" and not tablet.states[f"household/{H}"].conflicts


def test_the_office_lets_the_registry_stand_and_a_later_edit_merges(county, kit, three):
    one, two, _ = three
    two.record(H, {"phone": "9"}), two.sync()
    one.record(H, {"phone": "2"}), one.sync()
    decide(county, kit, {"phone": deciding.value_of(county.state(H), "phone", "")})
    assert county.values()["phone"] == "9" and not county.open_conflicts()
    one.sync()
    later = one.record(H, {"phone": "7"})
    one.sync()
    assert one.verdict(later).outcome == "applied" and county.values()["phone"] == "7"


def test_who_had_not_heard_of_the_decision_is_in_conflict_with_it(county, kit, three):
    one, two, third = three
    two.record(H, {"phone": "9"}), two.sync()
    one.record(H, {"phone": "2"}), one.sync()
    decide(county, kit, {"phone": "2"})
    unaware = third.record(H, {"phone": "5"})
    third.sync()
    assert third.result(unaware, "phone") == "conflict" and county.values()["phone"] == "2"


def test_a_disputed_village_is_decided_like_any_value(county, kit, tablet):
    county.villages = (kit.A, kit.B, kit.C)
    one, two = tablet("one", kit.A, kit.B, kit.C), tablet("two", kit.A, kit.B, kit.C)
    one.record(H, {"head_name": "张三", "phone": "1"}), one.sync(), two.sync()
    one.record(H, {}, village=kit.B), one.sync()
    two.record(H, {}, village=kit.C), two.sync()
    (conflict,) = county.state(H).conflicts
    assert conflict.property == VILLAGE
    decide(county, kit, {VILLAGE: deciding.value_of(county.state(H), VILLAGE, conflict.id)})
    assert county.state(H).village == kit.C and not county.state(H).conflicts
    one.sync(), two.sync()
    assert {each.states[f"household/{H}"].village for each in (one, two)} == {kit.C}


def test_a_side_that_is_gone_has_no_value(county, three):
    assert deciding.value_of(county.state(H), "phone", derived_id("conflict", "of yesterday")) is None


edits = st.lists(
    st.tuples(st.integers(0, 2), st.dictionaries(st.sampled_from(NAMES), st.sampled_from("1234"), min_size=1)),
    min_size=2, max_size=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits, data=st.data())
def test_whatever_is_decided_ends_so_and_nothing_else_moves(kit, edits, data):
    county = kit.County()
    tablets = [kit.Tablet(county, name) for name in ("one", "two", "three")]
    tablets[0].record(H, dict.fromkeys(NAMES, "0"))
    for tablet in tablets:
        tablet.sync()
    for who, changed in edits:
        tablets[who].record(H, changed)
        if data.draw(st.booleans()):
            tablets[who].sync()
    for tablet in tablets:
        tablet.sync()
    for turn in range(20):
        held = county.state(H)
        if not held.conflicts:
            break
        disputed = sorted({each.property for each in held.conflicts})
        chosen = data.draw(st.lists(st.sampled_from(disputed), min_size=1, unique=True))
        values = {
            name: deciding.value_of(
                held, name,
                data.draw(st.sampled_from(["", *(each.id for each in held.conflicts if each.property == name)])),
            )
            for name in chosen
        }  # fmt: skip
        decide(county, kit, values, turn=str(turn))
        after = county.state(H)
        assert not {each.property for each in after.conflicts} & set(chosen)
        assert {name: after.values()[name] for name in chosen} == values
        untouched = set(NAMES) - set(chosen)
        assert {n: after.values()[n] for n in untouched} == {n: held.values()[n] for n in untouched}
        assert list(after.conflicts) == [c for c in held.conflicts if c.property not in chosen]
    assert not county.state(H).conflicts
    for tablet in tablets:
        tablet.sync()
        assert tablet.sees(H) == county.values()
