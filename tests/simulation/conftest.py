"""One stage for all simulated counties of a test run, and a county that fell quiet with conflicts still open."""

from __future__ import annotations

import pytest

from server.lab.simulate import play
from server.lab.simulation.evidence import gather
from server.lab.simulation.stage import stage
from server.lab.simulation.world import World

QUIET_SEED = 7


@pytest.fixture(scope="session")
def on():
    with stage() as made:
        yield made


@pytest.fixture(scope="session")
def evidence(on):
    """What is left of a county in which every promise was kept; tests alter it and expect a complaint."""
    world = World(on, QUIET_SEED)
    world.play(), world.heal()
    found = gather(world)
    world.close()
    return found


@pytest.fixture(scope="session")
def played(on):
    """Play a county, once a run."""
    counties = {}

    def county(seed):
        if seed not in counties:
            counties[seed] = play(on, seed)
        return counties[seed]

    return county
