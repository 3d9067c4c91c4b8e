"""What must hold of photos when a county is quiet, and what is read for that: rows, files, folders.

Apart from the other checkers because photos are files: read with hashes and listings, and only in a county where
somebody took one.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from server.lab.simulation.stage import COUNTY
from server.lab.simulation.tablet import Tablet
from sync.photos import named_in

if TYPE_CHECKING:
    from server.lab.simulation.evidence import Evidence
    from server.lab.simulation.world import World

# All that may lie in the world's folder: the hub's database, its copies and photos; each tablet's.
PLACES: Final = re.compile(
    rf"(hub|copy-\d+)\.sqlite3(-wal|-shm)?"
    rf"|(photos|copy-\d+\.sqlite3\.photos)/{COUNTY}/([0-9a-f]{{2}})/\4[0-9a-f]{{62}}"
    rf"|photos/{COUNTY}/arriving/[0-9a-f]{{64}}\.[0-9a-f]{{16}}"
    r"|(tablet|copy-of)-[-\w]+/(tablet\.sqlite3(-wal|-shm)?|photos/([0-9a-f]{2})/\8[0-9a-f]{62}\.jpg|cleanheat-[-\w]+\.rescue)"
)


@dataclass(frozen=True)
class Album:
    """A tablet's photos: SHA-256 → (state, whether its file is whole). ``took``: those whose keeping returned."""

    took: frozenset[str] = frozenset()
    photos: Mapping[str, tuple[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class PhotosSeen:
    """``rotten``: damaged on their tablet. ``excused``: those, and what a tablet lost that had no receipt yet.
    ``safe``: those that tablets lost with a receipt, or handed over; empty where the hub went back. ``files``: what
    lies at the hub → whether it is what its name says. ``rows``: what the hub has rows of. ``strays``: files where
    none should be."""

    taken: frozenset[str] = frozenset()
    rotten: frozenset[str] = frozenset()
    excused: frozenset[str] = frozenset()
    safe: frozenset[str] = frozenset()
    files: Mapping[str, bool] = field(default_factory=dict)
    rows: frozenset[str] = frozenset()
    strays: tuple[str, ...] = ()


def seen(world: World, database: sqlite3.Connection) -> PhotosSeen:
    """What is left of a world's photos; nothing where nobody took one."""
    if not world.photos.taken:
        return PhotosSeen()
    root = world.hub.photo_files.root / COUNTY
    rows = database.execute("SELECT sha256 FROM photo ORDER BY sha256").fetchall()
    folder = world.stage.world
    return PhotosSeen(
        frozenset(world.photos.taken),
        frozenset(world.photos.rotten),
        frozenset(
            world.photos.rotten | world.photos.lost | (world.photos.safe if world.hub.went_back else set())
        ),
        frozenset() if world.hub.went_back else frozenset(world.photos.safe),
        {file.name: _whole(file) for file in sorted(root.glob("??/*"))},
        frozenset(sha256 for (sha256,) in rows),
        tuple(sorted(str(each) for each in _files(folder) if not PLACES.fullmatch(str(each)))),
    )


def album(tablet: Tablet) -> Album:
    if not tablet.took:
        return Album()
    rows = tablet.replica.db.conn.execute("SELECT sha256, kind, state FROM photo ORDER BY sha256").fetchall()
    found = {
        sha256: (state, _whole(tablet.photos / sha256[:2] / f"{sha256}.{kind}"))
        for sha256, kind, state in rows
    }
    return Album(frozenset(tablet.took), found)


def _files(folder: Path) -> list[Path]:
    return [each.relative_to(folder) for each in folder.rglob("*") if not each.is_dir()]


def _whole(file: Path) -> bool:
    """Whether a file's bytes are those that its name says."""
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == file.name.partition(".")[0]


# --- what must hold ---


def photos_safe(evidence: Evidence) -> Iterator[str]:
    """A photo that a record names is at the hub whole, with its row; none is given up but what was damaged before it
    went; no tablet deletes one that has no receipt."""
    at_hub = {sha256 for sha256, whole in evidence.photos.files.items() if whole} & evidence.photos.rows
    for tablet in evidence.tablets:
        named = {sha256 for saved in tablet.saved.values() for _, sha256 in named_in(saved.answers)}
        for sha256 in sorted(tablet.album.took & named - evidence.photos.rotten):
            state, whole = tablet.album.photos.get(sha256, ("gone", False))
            if state != "stored":
                yield f"tablet {tablet.number} says {state} of photo {sha256}, and a record names it"
            if state == "stored" and sha256 not in at_hub:
                yield f"tablet {tablet.number} has a receipt for photo {sha256}, which the hub has not"
            if sha256 not in at_hub and not whole:
                yield f"photo {sha256} is neither at the hub nor on tablet {tablet.number}"
    yield from (
        f"photo {each} was safe when its tablet lost it, and is not at the hub"
        for each in sorted(evidence.photos.safe - at_hub)
    )
    yield from _orphans(evidence, at_hub)


def _orphans(evidence: Evidence, at_hub: set[str]) -> Iterator[str]:
    """Of every record in the journal: its photo is at the hub, or on a tablet, or went with one that was put back."""
    held = {sha256 for tablet in evidence.tablets for sha256 in tablet.album.photos}
    for id, judged in evidence.journal.items():
        for _, sha256 in named_in(judged.submission.answers):
            if sha256 not in at_hub | held | evidence.photos.excused:
                yield f"{id} names photo {sha256}, which nobody has"


def photos_in_place(evidence: Evidence) -> Iterator[str]:
    """Whatever lies under a photo's name is that photo, and no file lies where none should be."""
    for sha256, whole in evidence.photos.files.items():
        if not whole:
            yield f"the hub's file {sha256} is something else"
    yield from (f"a file lies at {each}" for each in evidence.photos.strays)


def photos_told(evidence: Evidence) -> Iterator[str]:
    """A tablet says how many photos the office will never get: those that were damaged on it."""
    for tablet in evidence.tablets:
        lost = [state for state, _ in tablet.album.photos.values() if state in ("refused", "damaged")]
        if tablet.status.photos_lost_n != len(lost) or tablet.status.photos_waiting_n:
            yield f"tablet {tablet.number} says {tablet.status}, its photos are {sorted(tablet.album.photos.values())}"
        for sha256, (state, _) in tablet.album.photos.items():
            if state in ("refused", "damaged") and sha256 not in evidence.photos.rotten:
                yield f"tablet {tablet.number} gave photo {sha256} up as {state}, and nothing was wrong with it"
