"""Plays a story from beginning to end and judges it; one that breaks a promise is cut down to a short one."""

from __future__ import annotations

import hashlib
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from server.lab.simulation.checkers import Violation, check
from server.lab.simulation.evidence import Evidence, gather
from server.lab.simulation.seams import HONEST, Seams
from server.lab.simulation.shrink import shrunk
from server.lab.simulation.stage import Stage
from server.lab.simulation.story import Story
from server.lab.simulation.world import World
from sync.codec import encode

TRIES_MAX: Final = 400


@dataclass(frozen=True)
class County:
    """What came of a story. ``told``: what happened, oldest first. ``digest``: of everything in it. ``short``: what
    is left of a story that breaks a promise when it is cut down, and what happened there."""

    story: Story
    digest: str
    counts: Counter[str]
    violations: tuple[Violation, ...]
    told: tuple[str, ...]
    short: County | None = None

    @property
    def again(self) -> str:
        return f"cleanheat simulate --seeds 1 --seed {self.story.seed} --size {self.story.size}"

    @property
    def promises(self) -> frozenset[str]:
        return frozenset(violation.promise for violation in self.violations)


def play(on: Stage, story: Story, seams: Seams = HONEST) -> County:
    """One county. ``seams`` are for tests that plant a fault. An error on the way is a broken promise too."""
    world = World(on, story, seams)
    try:
        try:
            world.play()
            world.heal()
            evidence = gather(world)
            violations = tuple(check(evidence))
        except Exception as error:  # noqa: BLE001 - whatever fails in a simulated county is a finding
            broken = Violation(f"runs_to_the_end ({type(error).__name__})", traceback.format_exc(limit=-8))
            return County(story, "", world.counts, (broken,), tuple(world.told))
        return County(
            story, _digest(world, evidence), _counts(world, evidence), violations, tuple(world.told)
        )
    finally:
        world.close()


def play_and_shrink(on: Stage, story: Story, seams: Seams = HONEST) -> County:
    """The same; with the shortest story that still breaks a promise which this one breaks."""
    county = play(on, story, seams)
    if not county.violations:
        return county
    tries = 0

    def breaks(shorter: Story) -> bool:
        nonlocal tries
        tries += 1
        return tries <= TRIES_MAX and bool(play(on, shorter, seams).promises & county.promises)

    return replace(county, short=play(on, shrunk(story, breaks), seams))


def _counts(world: World, evidence: Evidence) -> Counter[str]:
    counts = Counter({"steps": len(world.story.steps), "tablets": len(world.tablets)})
    counts.update(world.counts)
    counts["two_servers"] = int(world.story.servers > 1)
    outcomes = Counter(judged.verdict.outcome for judged in evidence.journal.values())
    counts["conflicts"] = outcomes.pop("conflict", 0)
    counts.update(outcomes)
    counts["submissions"] = len(evidence.journal)
    counts["conflicts_open"] = sum(len(held.conflicts) for held in evidence.entities.values())
    counts["entities"] = len(evidence.entities)
    return counts


def _digest(world: World, evidence: Evidence) -> str:
    """Of what happened, of all that travelled, and of the registry as it is left."""
    digest = hashlib.sha256(world.network.seen.digest())
    parts: Iterable[bytes] = (
        "\n".join(world.told).encode(),
        *(encode(held) for held in evidence.entities.values()),
        *(encode(judged.verdict) for judged in evidence.journal.values()),
    )
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
