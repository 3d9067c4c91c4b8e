"""What a tablet tells of its screens, where the hub could not know it, or must not be misled by it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sync import hub
from sync.codec import decode_request, derived_id, encode
from sync.messages import Target

H = derived_id("house")


@pytest.fixture
def unreadable(county, tablet):
    """A draft is begun over a record whose form the hub lacks, and handed in after one more of these: it comes first,
    and leaves alone what it began with."""
    one = tablet("one", tells=True)
    first = one.record(H, {"phone": "1"}, form_version="2")
    later = one.record(H, {"phone": "2"}, form_version="2")
    begun = (Target("household", H, 0, {}, first.id),)
    carrier = one.record(H, {"phone": "1", "remark": "有狗"}, whole=False, targets=begun)
    one.screens[carrier.id] = {"household": {"phone": "1"}}
    one.sync()
    assert set(one.not_yet) == {first.id, later.id} and one.verdict(carrier).outcome == "applied"
    county.forms["household", "2"] = county.forms["household", "1"]
    one.sync()
    return one, later


def test_what_registers_a_home_by_carrying_a_value_on_does_not_stand_over_a_change_of_it(county, unreadable):
    one, later = unreadable
    assert county.values(H) == {"phone": "2", "remark": "有狗"}
    assert county.state(H).conflicts == () and one.verdict(later).outcome == "applied"


def test_an_empty_screen_asks_for_as_much_as_one_that_is_not_listed(county, tablet):
    """Requests leave it out, the journal keeps it: both have to be decided from the same facts."""
    one = tablet("one", tells=True)
    one.record(H, {"phone": "1", "remark": ""}), one.sync()
    edit = one.record(H, {"phone": "2"})
    request = one.request()
    read = []
    for screens in ({}, {edit.id: {}}):
        incoming = decode_request(encode(replace(request, screens=screens)))
        found = county.facts(incoming, one.device)
        read.append(hub.needed_past(incoming, replace(found, known={})))
    assert read[0] == read[1] == set()


def test_a_refused_value_left_alone_on_the_screen_is_nobody_s_yet(county, tablet):
    """The one that names the refused record says nothing of the value; the next leaves it alone, and brings it in."""
    one = tablet("one", tells=True)
    refused = one.record(H, {"phone": "1", "rooms_n": "bad"})
    one.sync()
    assert one.verdict(refused).outcome == "rejected"
    between = (Target("household", H, 0, {}, refused.id),)
    carrier = one.record(H, {"remark": "有狗"}, whole=False, targets=between)
    left = one.record(H, {"phone": "1"}, whole=False, targets=(Target("household", H, 0, {}, carrier.id),))
    one.screens[left.id] = {"household": {"phone": "1"}}
    one.sync()
    assert county.values(H) == {"phone": "1", "remark": "有狗"}


@pytest.mark.parametrize("batches", [1, 3])
def test_left_alone_what_a_refused_record_further_back_said_is_not_what_anybody_has(county, tablet, batches):
    one = tablet("one", tells=True)
    one.record(H, {"phone": "0", "remark": ""}), one.sync()
    made = [
        one.record(H, {"phone": "1", "remark": "bad"}),
        one.record(H, {"rooms": "3"}, whole=False),
        one.record(H, {"phone": "1", "remark": "有狗"}, whole=False),
    ]
    for sent in [made] if batches == 1 else [[each] for each in made]:
        one.send_and_lose_reply(sent)
    one.sync()
    assert county.values(H) == {"phone": "1", "remark": "有狗", "rooms": "3"}
    assert one.result(made[-1], "phone") == "applied"


def test_left_alone_what_the_refused_record_said_that_it_follows(county, tablet):
    one = tablet("one", tells=True)
    one.record(H, {"phone": "0", "remark": ""}), one.sync()
    one.record(H, {"phone": "1", "remark": "bad"})
    last = one.record(H, {"remark": "有狗"})
    one.sync()
    assert county.values(H) == {"phone": "1", "remark": "有狗"} and one.result(last, "phone") == "applied"


@pytest.mark.parametrize(
    "told", [[], {"x": {}}, {H: {"household": {"phone": 1}}}, {H: {"household": {"phone": "\x00"}}}]
)
def test_screens_that_cannot_be_read_hold_back_no_record(county, tablet, told):
    one = tablet("one", tells=True)
    made = one.record(H, {"phone": "1"})
    asked = json.loads(encode(one.request())) | {"screens": told}
    reply = county.answer(json.dumps(asked).encode(), one.device)
    assert [verdict.submission for verdict in reply.verdicts] == [made.id] and county.values(H) == {
        "phone": "1"
    }
