"""Counties from seeds: whatever befalls them, every promise is kept, and the same seed is the same county."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from server.lab.simulation.checkers import check
from server.lab.simulation.faults import FAULTS, NAMED, TWO_SERVERS, table
from server.lab.simulation.playing import play
from server.lab.simulation.seams import Seams
from server.lab.simulation.story import draw
from server.lab.simulation.world import World

SMALL = range(100, 220)
LARGE = range(100, 108)
AGAIN = 105
RARE = range(1_000, 20_000)


@pytest.mark.parametrize("tens", range(SMALL.start, SMALL.stop, 10))
def test_every_promise_is_kept_in_small_counties(played, tens):
    for seed in range(tens, tens + 10):
        county = played(seed)
        assert county.violations == (), f"{county.again}\n" + "\n".join(county.told)


@pytest.mark.parametrize("seed", LARGE)
def test_every_promise_is_kept_in_large_counties(played, seed):
    county = played(seed, "large")
    assert county.violations == (), "\n".join(county.told)


def test_the_same_seed_is_the_same_county_whatever_was_played_before(on, played):
    first, other = played(AGAIN), played(AGAIN + 1)
    again = play(on, draw(AGAIN))
    assert (first.digest, first.told, first.counts) == (again.digest, again.told, again.counts)
    assert first.digest != other.digest


def test_the_same_seed_is_the_same_county_in_another_process(played):
    """Other processes hash texts otherwise: whatever goes through a set must come out in order."""
    script = (
        "from server.lab.simulation.playing import play\nfrom server.lab.simulation.story import draw\n"
        "from server.lab.simulation.world import stage\nimport sys\n"
        f"with stage('large') as on: sys.stdout.write(play(on, draw({AGAIN}, 'large')).digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {played(AGAIN, "large").digest}


def test_every_fault_of_the_table_does_befall_the_counties(played):
    counts = Counter[str]()
    for seed in SMALL:
        counts.update(played(seed).counts)
    for seed in LARGE:
        counts.update(played(seed, "large").counts)
    for name in [name for name in NAMED if not counts[name]]:
        for seed in _drawn_with(name):
            counts.update(played(seed).counts)
            if counts[name]:
                break
    assert [name for name in NAMED if not counts[name]] == []
    assert {
        name
        for name in (
            "villages_taken",
            "enrolled_anew",
            "rescue_files",
            "conflicts",
            "rejected",
            "merged",
            "two_servers",
        )
        if not counts[name]
    } == set()


def _drawn_with(name):
    """Seeds of stories in which a fault was drawn: it need not come to it."""
    for seed in RARE:
        if any(name in (step.event, *step.faults, *step.photos) for step in draw(seed).steps):
            yield seed


def test_the_table_names_every_fault_once_with_its_chance():
    assert len(NAMED) == len(FAULTS)
    assert [row["name"] for row in table()] == [*NAMED, "two_servers"]
    assert all(0 < float(row["chance"]) <= TWO_SERVERS for row in table())


def test_a_calm_county_is_quiet_at_once(on):
    story = draw(AGAIN).calm()
    world = World(on, story)
    try:
        world.play(), world.heal()
        assert world.contacts_n is not None and world.contacts_n <= 2 * len(story.offsets_s)
    finally:
        world.close()


def test_an_error_on_the_way_is_a_broken_promise_too(on):
    county = play(on, draw(AGAIN), Seams(on_the_way=lambda reply: 1 / 0))
    assert [each.promise for each in county.violations] == ["runs_to_the_end (ZeroDivisionError)"]
    assert "ZeroDivisionError" in county.violations[0].what


def test_the_quiet_county_of_the_planted_faults_keeps_every_promise(evidence):
    assert check(evidence) == []
    assert any(held.conflicts for held in evidence.entities.values())
