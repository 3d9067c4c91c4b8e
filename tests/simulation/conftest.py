"""One stage of each size for a test run, and a county that fell quiet with conflicts still open."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from server.lab.simulation.checkers import check
from server.lab.simulation.evidence import gather
from server.lab.simulation.playing import play
from server.lab.simulation.story import draw
from server.lab.simulation.world import World, stage

SEEDS = 20


@pytest.fixture(scope="session")
def on():
    with stage("small") as made:
        yield made


@pytest.fixture(scope="session")
def on_large():
    with stage("large") as made:
        yield made


@pytest.fixture(scope="session")
def evidence(on_large):
    """What is left of a county in which every promise was kept; tests alter it and expect a complaint."""
    return next(
        found for seed in range(SEEDS) if _tells_enough(found := _lived(on_large, draw(seed, "large")))
    )


@pytest.fixture(scope="session")
def lived(on):
    """What is left of a small story."""
    return partial(_lived, on)


@pytest.fixture(scope="session")
def lived_large(on_large):
    """What is left of a large one."""
    return partial(_lived, on_large)


def _lived(stage, story):
    world = World(stage, story)
    try:
        world.play(), world.heal()
        return gather(world)
    finally:
        world.close()


def _tells_enough(found):
    """Whether everything is in it that a test alters."""
    silent = replace(
        found, entities={key: replace(held, conflicts=()) for key, held in found.entities.items()}
    )
    return (
        any(key.startswith("payee/") for tablet in found.tablets for key in tablet.entities)
        and any(
            row["device_by"] and row["device_surveyed"] != "kang" for row in found.typed["household"].values()
        )
        and "lost_values" in {violation.promise for violation in check(silent)}
    )


@pytest.fixture(scope="session")
def played(on, on_large):
    """Play a county, once a run."""
    counties, stages = {}, {"small": on, "large": on_large}

    def county(seed, size="small"):
        if (seed, size) not in counties:
            counties[seed, size] = play(stages[size], draw(seed, size))
        return counties[seed, size]

    return county
