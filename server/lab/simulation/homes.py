"""Two homes made one by an official, and apart again: the same acts as the office's page, as events of a story."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from random import Random
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlmodel import Session

from server.database import read, table_of, write
from server.exchange import journal
from server.lab.simulation.disk import Died, ticks
from server.lab.simulation.hub import Hub
from server.lab.simulation.stage import COUNTY
from server.registry import duplicates
from server.registry.duplicate_tables import HouseholdMerge
from server.registry.duplicates import Merge
from server.registry.tables import Household
from server.web import Problem
from sync.facts import Held

if TYPE_CHECKING:
    from server.lab.simulation.story import Step
    from server.lab.simulation.world import World

OFFICIAL: Final = "模拟办公室"
REASON: Final = "模拟数据"
CHOSEN: Final = 0.4
"""Of a value of the home that goes: it is the one that the official takes."""


def merge(world: World, step: Step) -> str:
    """Any two homes of the register; what came of it."""
    rng = world.story.stream(step.n, "homes")
    one, other = _pair(world.hub, rng)
    if one is None or other is None:
        return "finds no two homes"
    theirs = frozenset(name for name in sorted(other.props) if rng.random() < CHOSEN)
    said = Merge(one.id, other.id, (one.version, other.version), theirs, REASON, OFFICIAL)
    return f"merges {other.id[:8]} into {one.id[:8]}, " + _done(
        world,
        step,
        rng,
        lambda session: duplicates.merge(world.hub.exchange, session, COUNTY, said, world.now, ()),
    )


def separate(world: World, step: Step) -> str:
    """One of the merges that stand is taken back; what came of it."""
    rng = world.story.stream(step.n, "homes")
    row = table_of(HouseholdMerge).c
    with read(world.hub.exchange.engine) as session:
        standing = select(row.id).where(row.undone_at.is_(None)).order_by(row.merged_at, row.id)
        ids = list(session.connection().execute(standing).scalars())
    if not ids:
        return "finds no merge"
    id = rng.choice(ids)
    return f"takes the merge {id[:8]} back, " + _done(
        world, step, rng,
        lambda session: duplicates.separate(
            world.hub.exchange, session, COUNTY, id, OFFICIAL, REASON, world.now, ()
        ),
    )  # fmt: skip


def _done(world: World, step: Step, rng: Random, act: Callable[[Session], object]) -> str:
    """All of it or nothing, whenever the hub dies."""
    dies = "hub_dies_deciding" in step.faults
    try:
        with (
            world.hub.dying(ticks(rng)) if dies else nullcontext(),
            write(world.hub.exchange.engine) as session,
        ):
            act(session)
    except Died:
        return "and the hub dies over it"
    except Problem as problem:
        return f"and is refused: {problem.code}"
    return "well"


def _pair(hub: Hub, rng: Random) -> tuple[Held | None, Held | None]:
    home = table_of(Household).c
    with read(hub.exchange.engine) as session:
        ids = list(session.connection().execute(select(home.id).order_by(home.id)).scalars())
        if len(ids) < 2:
            return None, None
        chosen = rng.sample(ids, 2)
        found = journal.entities(session, COUNTY, {("household", id) for id in chosen})
    return found[f"household/{chosen[0]}"], found[f"household/{chosen[1]}"]
