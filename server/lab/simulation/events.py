"""What may happen in a step of a story. The table at the end is the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mobile.presenters.desk import stock_forms
from server.lab.simulation import homes, photographs, surveyor
from server.lab.simulation.hub import heads_in, history_in
from server.lab.simulation.stage import VILLAGES
from server.lab.simulation.story import Step
from server.lab.simulation.surveyor import Surveyor
from server.lab.simulation.tablet import Tablet

if TYPE_CHECKING:
    from server.lab.simulation.world import World

ZONE_STATES: Final = ("proposed", "in_force", "withdrawn")
JUMPS_DAYS: Final = (-300, -40, 365, 1_500, 4_000)
COPIES_BACK: Final = 3


def work(world: World, tablet: Tablet, step: Step) -> None:
    """A person does something with a tablet."""
    person = Surveyor(
        tablet, world.people, world.fate, step.faults[0] if step.faults else "", world.stage.homes
    )
    line = surveyor.act(person, world.stage.size)
    world.counts.update(step.faults)
    world.tell(f"{tablet.name}: {line or 'finds nothing to do'}")


def photo_taken(world: World, tablet: Tablet, step: Step) -> None:
    """A person photographs something, and records what has room for it."""
    rng = world.story.stream(step.n, "photos")
    name = photographs.keep(world, tablet, step.photos[0] if step.photos else "", rng)
    world.counts.update(("photo_taken", *step.photos))
    if name is None:
        world.tell(f"{tablet.name}: dies over a photo")
        return
    person = Surveyor(tablet, rng, rng, step.faults[0] if step.faults else "", world.stage.homes, photo=name)
    line = surveyor.photograph(person, world.stage.size)
    world.counts.update(step.faults)
    world.tell(f"{tablet.name}: takes photo {name[:8]}, {line or 'finds nothing to do'}")


def contact(world: World, tablet: Tablet, step: Step) -> None:
    world.tell(f"{tablet.name}: contact, {world.contact(tablet, step)}")


def old_request_again(world: World, _tablet: Tablet, _step: Step) -> None:
    world.note("old_request_again")
    world.network.again(world.fate)
    world.tell("network: an old request arrives again")


def clock_jumps(world: World, tablet: Tablet, _step: Step) -> None:
    tablet.offset = timedelta(days=world.fate.choice(JUMPS_DAYS))
    world.note("clock_jumps")
    world.tell(f"{tablet.name}: its clock is now {tablet.offset.days} days off")


# --- what becomes of a tablet's data ---


def tablet_restored(world: World, tablet: Tablet, step: Step) -> None:
    """From the copy that the stage is. What it saved since is gone from it, unless the hub has it."""
    known = world.stage.tablets[tablet.number]
    photographs.gone(world, tablet, handed_over=False)
    had = {record.submission.id: record.verdict for record in tablet.replica.outbox() if record.verdict}
    elsewhere = {id for each in world.tablets if each is not tablet for id in each.saved}
    saved = world.stage.saved.get(tablet.number, {})
    gone = tablet.put_back(known.file, saved, elsewhere, str(step.n))
    tablet.device, tablet.secret = known.device, known.secret
    world.gone |= gone
    world.receipted |= {id: each for id, each in gone.items() if id in had}
    world.verdicts |= {id: had[id] for id in gone if id in had}
    world.note("tablet_restored")
    world.tell(f"{tablet.name}: restored from an older copy, without {len(gone)} records")


def tablet_cloned(world: World, tablet: Tablet, step: Step) -> None:
    world.tablets.append(
        tablet.copied(world.stage.world / f"copy-of-{tablet.number}-{step.n}" / tablet.file.name, str(step.n))
    )
    world.copied[str(step.n)] = tablet.device
    world.note("tablet_cloned")
    world.tell(f"{tablet.name}: copied to a second one")


def tablet_revoked(world: World, tablet: Tablet, _step: Step) -> None:
    """It learns so when it next calls, if it ever does; copies of it do too."""
    world.hub.revoke(tablet.device)
    world.note("tablet_revoked")
    world.tell(f"office: revokes {tablet.name}")


# --- the office ---


def villages_change(world: World, tablet: Tablet, _step: Step) -> None:
    """A village is given, or taken away."""
    world.note("villages_change")
    rest = sorted(set(VILLAGES) - tablet.intended)
    if rest and (len(tablet.intended) < 2 or world.fate.random() < 0.5):
        village = world.fate.choice(rest)
        tablet.intended |= {village}
        tablet.ever |= {village}
        world.hub.assign(tablet.device, {village})
        world.note("villages_given")
        world.tell(f"office: gives {village} to {tablet.name}")
    else:
        village = world.fate.choice(sorted(tablet.intended))
        tablet.intended -= {village}
        world.hub.unassign(tablet.device, {village})
        world.note("villages_taken")
        world.tell(f"office: takes {village} from {tablet.name}")


def zone_told(world: World, _tablet: Tablet, _step: Step) -> None:
    """A village's zone goes a step on, or is told again as it was."""
    village, status = world.fate.choice(sorted(VILLAGES)), world.fate.choice(ZONE_STATES)
    world.hub.state_zone(village, {"name": "模拟禁煤区", "status": status})
    world.note("zone_told")
    world.tell(f"office: the zone of {village} is {status}")


def homes_merged(world: World, _tablet: Tablet, step: Step) -> None:
    world.counts.update(("homes_merged", *step.faults))
    world.tell(f"office: {homes.merge(world, step)}")


def homes_separated(world: World, _tablet: Tablet, step: Step) -> None:
    world.counts.update(("homes_separated", *step.faults))
    world.tell(f"office: {homes.separate(world, step)}")


def hub_learns_form(world: World, _tablet: Tablet, _step: Step) -> None:
    world.hub.release(world.stage.newer)
    world.note("hub_learns_form")
    world.tell("office: releases the next version of a form")


def app_upgraded(world: World, tablet: Tablet, _step: Step) -> None:
    stock_forms(tablet.replica, world.stage.newer)
    world.note("app_upgraded")
    world.tell(f"{tablet.name}: its app brings the next version of a form")


# --- copies of the hub's database ---


def backed_up(world: World, _tablet: Tablet, _step: Step) -> None:
    copy = world.hub.back_up()
    photographs.backed_up(world, copy)
    world.note("backed_up")
    world.tell(f"hub: copied to {copy.stem}")


def restored(world: World, _tablet: Tablet, step: Step) -> None:
    copy = world.fate.choice(world.hub.copies[-COPIES_BACK:])
    world.hub.restore(copy)
    world.brought.clear()
    photographs.went_back(world, copy, world.story.stream(step.n, "photos"), restored=True)
    world.note("restored")
    world.tell(f"hub: restored from {copy.stem}; history {world.hub.history()[:8]}")


def put_back(world: World, _tablet: Tablet, step: Step) -> None:
    """A copy is put back unannounced, and the next to call is a tablet that has read further."""
    present = world.hub.history()
    for copy in reversed(world.hub.copies[-COPIES_BACK:]):
        known = _known(copy)
        ahead = next((each for each in world.tablets if _ahead(each, known, present)), None)
        if ahead:
            world.hub.put_back(copy)
            world.brought.clear()
            photographs.went_back(world, copy, world.story.stream(step.n, "photos"), restored=False)
            world.note("put_back")
            met = world.contact(ahead)
            world.tell(f"hub: {copy.stem} put back unannounced; {ahead.name}: contact, {met}")
            return


@dataclass(frozen=True)
class Known:
    """What a copied database knows: its history, feed heads and tablets."""

    history: str
    heads: Mapping[str, int]
    devices: frozenset[str]


def _ahead(tablet: Tablet, copy: Known, present: str) -> bool:
    """Whether the tablet has read further than the copy goes, and so will give it away: the copy knows it."""
    stated = tablet.replica.stated()
    known = tablet.device in copy.devices and copy.history == stated.history == present
    return known and any(
        cursor is not None and max(cursor.seq or 0, cursor.head or 0) > copy.heads.get(village, 0)
        for village, cursor in stated.held.items()
    )


def _known(copy: Path) -> Known:
    with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as database:
        devices = frozenset(device for (device,) in database.execute("SELECT device FROM tablet"))
        return Known(history_in(database), heads_in(database), devices)


Event = Callable[["World", Tablet, Step], None]
EVENTS: Final[Mapping[str, Event]] = {
    each.__name__: each
    for each in (
        work, photo_taken, contact, old_request_again, clock_jumps, villages_change, zone_told, hub_learns_form,
        homes_merged, homes_separated, app_upgraded, tablet_restored, tablet_cloned, tablet_revoked, backed_up,
        restored, put_back,
    )
}  # fmt: skip
