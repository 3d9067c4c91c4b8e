"""A part of a snapshot that is kept is given only to whom it would be made for: what a tablet says it has begun is its
word, and villages, history and policy may have changed since.
"""

from dataclasses import dataclass, field, replace

import pytest

from server.exchange.snapshots import Asked, Shelf, snapshot
from sync.codec import derived_id
from sync.messages import EntityState, PartSoFar

ONE, OTHER = "140525100201", "140525100202"


@dataclass
class Still:
    """A feed in which a home stands in each village and nothing happens. `county` is whose."""

    county: str = "140525"
    name: str = "张三"
    read: list[str] = field(default_factory=list)

    def heads(self, villages):
        return dict.fromkeys(villages, 1)

    def changes(self, village, after_seq, limit):
        return []

    def snapshot(self, village, after_key, limit):
        self.read.append(village)
        props = {"head_name": self.name}
        id = derived_id(self.county, village)
        state = EntityState("household", id, village, 1, props, (), "2020-09-01T08:00:00.000Z")
        return [] if after_key else [state]


def _asked(**other: object) -> Asked:
    held = dict.fromkeys((ONE, OTHER))
    asked = Asked("140525", derived_id("history"), "2020.2", held, None, "gzip", lambda state: state)
    return replace(asked, **other)


@pytest.fixture
def begun():
    """A shelf with a part on it, and what a tablet says that has its first bytes."""
    shelf = Shelf()
    made = snapshot(shelf, Still(), _asked())
    return shelf, made.part, PartSoFar(made.part.name, 7)


def test_it_goes_on_from_the_byte_without_reading_anything(begun) -> None:
    shelf, part, so_far = begun
    feed = Still()
    assert snapshot(shelf, feed, _asked(part=so_far)).part == replace(part, since=7)
    assert feed.read == []


@pytest.mark.parametrize(
    ("feed", "other"),
    [
        (Still(), {"held": {ONE: None}}),
        (Still(), {"history": derived_id("another")}),
        (Still(name="张*"), {"policy": "2020.3"}),
        (Still(county="140526"), {"county": "140526"}),
    ],
    ids=["a village was taken", "another history", "another policy", "another county"],
)
def test_whoever_may_not_read_it_any_more_begins_another(begun, feed, other) -> None:
    shelf, part, so_far = begun
    given = snapshot(shelf, feed, _asked(part=so_far, **other)).part
    assert given.name != part.name and given.since == 0
