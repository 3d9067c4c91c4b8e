"""Merged homes and copied tablets in simulated counties: every promise is kept, and the checkers can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from server.lab.simulation import story as stories
from server.lab.simulation.checkers import check
from server.lab.simulation.story import Step, Story

SEED = 5


def told(*events):
    steps = tuple(Step(n, *event) for n, event in enumerate(events))
    return Story(SEED, "small", (0, 0), ("parts", "plain"), 1, steps)


def broken(evidence):
    return {violation.promise for violation in check(evidence)}


@pytest.fixture(scope="module")
def merged(lived):
    """Two homes were made one while both tablets had work on them."""
    return lived(told(("work", 0, 1), ("work", 1, 1), ("homes_merged", 0, 1), ("work", 0, 1)))


@pytest.fixture(scope="module")
def copied(lived):
    """Both copies of a tablet recorded, and both called."""
    events = [("tablet_cloned", 0, 1), *[("work", 0, 1)] * 8, *[("contact", 0, 1)] * 4]
    found = lived(told(*events))
    assert {"copy 0", "first 0"} <= {fork for id in found.journal for fork in found.lives.get(id, ())}
    return found


def test_a_merged_home_is_one_home_everywhere(merged):
    assert check(merged) == []
    assert len(merged.aliases) == 1
    assert any(tablet.aliases for tablet in merged.tablets)


def test_apart_again_everybody_has_both(lived):
    apart = lived(told(("homes_merged", 0, 1), ("work", 0, 1), ("contact", 0, 1), ("homes_separated", 0, 1)))
    assert check(apart) == []
    assert apart.aliases == {} and apart.merges[0].undone


def test_a_hub_that_dies_over_a_merge_has_done_all_of_it_or_nothing(lived):
    for n in range(5):
        story = Story(
            n,
            "small",
            (0, 0),
            ("parts", "plain"),
            1,
            (Step(0, "homes_merged", 0, 1, ("hub_dies_deciding",)),),
        )
        assert check(lived(story)) == []


def test_a_register_that_reads_an_id_otherwise(merged):
    assert broken(replace(merged, aliases={})) == {"one_home"}
    first = next(tablet for tablet in merged.tablets if tablet.aliases)
    blind = tuple(replace(each, aliases={}) if each is first else each for each in merged.tablets)
    assert broken(replace(merged, tablets=blind)) == {"one_home"}


def test_a_merge_that_forgets_what_it_hid(merged):
    forgetful = {key: replace(held, parts=()) for key, held in merged.entities.items()}
    assert "merged_kept" in broken(replace(merged, entities=forgetful))


def test_a_merge_that_forgets_one_value_of_what_it_hid(merged):
    held = next(held for held in merged.entities.values() if held.parts)
    first, *rest = held.parts
    for name, state in first.props.items():
        left = {each: was for each, was in first.props.items() if each != name}
        forgetful = replace(held, parts=(replace(first, props=left), *rest))
        found = broken(replace(merged, entities={**merged.entities, held.key: forgetful}))
        assert ("merged_kept" in found) == (state.value != ""), name


def test_a_home_that_is_counted_twice(merged):
    (gone,) = merged.aliases
    rows = merged.typed["household"]
    twice = {**rows, gone: next(iter(rows.values()))}
    assert "tables_recounted" in broken(replace(merged, typed={**merged.typed, "household": twice}))


def test_a_copied_tablet_that_was_not_found_out(copied):
    assert check(copied) == []
    assert broken(replace(copied, closed=dict.fromkeys(copied.closed))) == {"copies_closed"}


def test_a_tablet_that_was_closed_for_nothing(merged):
    assert broken(replace(merged, closed=dict.fromkeys(merged.closed, "cloned"))) == {"copies_closed"}


def test_a_conflict_that_is_open_to_a_tablet_because_a_link_is_out_of_its_sight(lived_large):
    """Closed where its home's id leads to now, and nobody tells the tablet that it leads there."""
    story, _ = stories.kept(Path(__file__).parent / "kept" / "conflict_out_of_sight_by_a_link.json")
    evidence = lived_large(story)
    first, *others = evidence.tablets
    assert check(evidence) == [] and first.status.conflict_n == 1
    silent = replace(first, status=replace(first.status, conflict_n=0))
    assert broken(replace(evidence, tablets=(silent, *others))) == {"statuses_true"}
