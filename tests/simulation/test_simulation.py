"""Counties from seeds: whatever befalls them, every promise is kept, and the same seed is the same county."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from server.lab import simulate
from server.lab.simulation.checkers import Violation, check
from server.lab.simulation.faults import CALM
from server.lab.simulation.world import World

KEPT = json.loads((Path(__file__).parent / "kept_seeds.json").read_text(encoding="utf-8"))
SEEDS = sorted({*range(100, 124), *(kept["seed"] for kept in KEPT)})
AGAIN = 105


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept(played, seed):
    county = played(seed)
    assert county.violations == (), "\n".join(county.story[-simulate.STORY_LINES :])


def test_the_same_seed_is_the_same_county_whatever_was_played_before(on, played):
    first, other = played(AGAIN), played(AGAIN + 1)
    again = simulate.play(on, AGAIN)
    assert (first.digest, first.story, first.counts) == (again.digest, again.story, again.counts)
    assert first.digest != other.digest


def test_the_same_seed_is_the_same_county_in_another_process(played):
    """Other processes hash texts otherwise: whatever goes through a set must come out in order."""
    script = (
        "from server.lab.simulate import play\nfrom server.lab.simulation.stage import stage\n"
        f"import sys\nwith stage() as on: sys.stdout.write(play(on, {AGAIN}).digest)"
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
    assert digests == {played(AGAIN).digest}


def test_faults_do_befall_the_counties(played):
    counts = Counter[str]()
    for seed in SEEDS:
        counts.update(played(seed).counts)
    wanted = {
        "request_lost", "reply_lost", "duplicate_request", "old_request_again", "hub_dies_inside",
        "hub_dies_after_commit", "tablet_dies_applying", "left_in_the_middle", "restores", "restores_unannounced",
        "conflicts", "rejected", "merged", "villages_taken",
    }  # fmt: skip
    assert {name for name in wanted if not counts[name]} == set()


def test_a_calm_county_is_quiet_at_once(on):
    world = World(on, AGAIN, CALM)
    try:
        world.play(), world.heal()
        assert world.rounds is not None and world.rounds <= 3
    finally:
        world.close()


def test_the_report_counts_and_names(on):
    told: list[int] = []
    report = simulate.simulate(2, AGAIN, on_county=lambda county: told.append(county.seed))
    summary = simulate.summary(report)
    assert told == [AGAIN, AGAIN + 1] and report.exit_status == 0
    assert (summary["seeds"], summary["failures"], summary["failed"]) == (2, 0, [])
    assert summary["steps"] >= 80 and summary["conflicts"] >= 0


def test_a_broken_promise_is_told_with_its_story_and_how_to_play_it_again():
    story = tuple(f"{n:3} something" for n in range(40))
    county = simulate.County(7, "", Counter(steps=40), (Violation("nothing_lost", "x is gone"),), story)
    report = simulate.Report(7, 1, (county,), county.counts, 0.1)
    (failed,) = simulate.summary(report)["failed"]
    assert report.exit_status == 1
    assert failed["again"] == "cleanheat simulate --seeds 1 --seed 7"
    assert failed["broken"] == [{"promise": "nothing_lost", "what": "x is gone"}]
    assert failed["story"] == story[-simulate.STORY_LINES :]


def test_an_error_on_the_way_is_a_broken_promise_too(on):
    def broken(stage, seed):
        world = World(stage, seed)
        world.network.on_the_way = lambda reply: 1 / 0
        return world

    county = simulate.play(on, AGAIN, broken)
    assert [each.promise for each in county.violations] == ["runs_to_the_end"]
    assert "ZeroDivisionError" in county.violations[0].what


def test_the_quiet_county_of_the_planted_faults_keeps_every_promise(evidence):
    assert check(evidence) == []
    assert any(held.conflicts for held in evidence.entities.values())
