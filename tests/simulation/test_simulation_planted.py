"""The simulator finds what it is there to find: each of four planted mistakes, within twenty seeds."""

from __future__ import annotations

import pytest

from server.lab.simulation.planted import PLANTED
from server.lab.simulation.playing import play, play_and_shrink
from server.lab.simulation.story import draw

SEEDS = 20
# Three lines tell each of these mistakes; one more for what has to come before.
SHORT = 4


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_breaks_a_promise_within_twenty_seeds(on, name):
    broken = next((seed for seed in range(SEEDS) if play(on, draw(seed), PLANTED[name]()).violations), None)
    assert broken is not None


@pytest.mark.parametrize("name", ["no_resend_check", "receipt_before_commit", "follows_link_skipped"])
def test_the_story_of_a_planted_mistake_is_cut_down_to_a_few_steps(on, name):
    seed = next(seed for seed in range(SEEDS) if play(on, draw(seed), PLANTED[name]()).violations)
    county = play_and_shrink(on, draw(seed), PLANTED[name]())
    assert county.short is not None
    assert len(county.short.story.steps) <= SHORT < len(county.story.steps)
    assert county.short.promises & county.promises
    assert play(on, county.short.story).violations == ()
