"""A tablet of a simulated county: the real replica in a real file, which may die while it writes.

What the simulation knows of it, and no fault can make it forget, is the list of what it saved: a submission is
in it from the moment its save returned.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlite_utils import Database

from mobile.presenters.desk import Desk
from server.lab.simulation.disk import Died, Disk, Fuse, ticks, torn
from server.lab.simulation.stage import hurry
from survey_forms.form import Form
from sync.album import FOLDER, Album
from sync.client import Line
from sync.messages import Submission
from sync.replica import Identity, Replica

Life = tuple[str, ...]
"""The forks behind a line of records; one is a continuation of another if that one's forks are its first."""


def _unsaid(key: str, **values: object) -> str:
    return key


@dataclass
class Tablet:
    """``number``: which of the stage's tablets it is, or is a copy of. ``left_open``: replicas that an earlier story
    left. ``intended``: villages the office means it to hold. ``saved``: every submission whose save returned.
    ``life``: its line of records, which forks where a tablet is copied, and leaves the stage anew where it is put back;
    ``lives`` says of each record on which line it was made. ``reread``: villages that the hub had it read anew.
    ``took``: SHA-256 of every photo whose keeping returned."""

    number: int
    device: str
    secret: str
    file: Path
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    parsed: dict[tuple[str, str], Form]
    left_open: dict[Path, Database]
    line: Line
    offset: timedelta = timedelta()
    intended: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    saved: dict[str, Submission] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    life: Life = ()
    reread: list[str] = field(default_factory=list)
    took: set[str] = field(default_factory=set)
    fuse: Fuse = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.fuse = Fuse(Disk(self.file))
        self._open(self.left_open.pop(self.file, None))

    def clock(self) -> datetime:
        return self.now() + self.offset

    @property
    def replica(self) -> Replica:
        return self.desk.replica

    @property
    def is_copy(self) -> bool:
        return any(fork.startswith("copy") for fork in self.life)

    @property
    def name(self) -> str:
        return f"{'the copy of ' if self.is_copy else ''}tablet {self.number}"

    @property
    def photos(self) -> Path:
        return self.file.with_name(FOLDER)

    def _open(self, left: Database | None) -> None:
        """As the app begins, on a file that may be open already: what its photos' folder holds that nothing names is
        taken away."""
        if left is not None:
            replica = Replica(left, self.clock, self.new_id)
        else:
            replica = Replica.open(self.file, clock=self.clock, new_id=self.new_id)
            hurry(replica.db.conn)
        self.desk = Desk(replica, self.clock, self.new_id, _unsaid, parsed=self.parsed)
        if self.photos.is_dir():
            Album(replica).sweep()

    def leave(self) -> None:
        """Nothing more comes of it in this story: the next may go on with the open database."""
        db = self.replica.db
        if self.is_copy or db.conn.in_transaction:
            db.close()
        else:
            self.left_open[self.file] = db

    @contextmanager
    def befallen(self, fault: str, rng: Random) -> Iterator[None]:
        """Inside, what the fault's name says comes over the tablet: ``tablet_dies_…`` and ``tablet_loses_power_…``
        begin it again and raise `Died`, ``tablet_disk_full_…`` lets the replica say so."""
        if fault.startswith("tablet_dies"):
            with self._dying(ticks(rng)):
                yield
        elif fault.startswith("tablet_loses_power"):
            with self._losing_power(rng):
                yield
        elif fault.startswith("tablet_disk_full"):
            with self.fuse.disk.full(rng):
                yield
        else:
            yield

    @contextmanager
    def _dying(self, ticks: int) -> Iterator[None]:
        """Inside, the process lives for so many ticks of work."""
        try:
            with self.fuse.lit(ticks):
                self.fuse.guard(self.replica.db.conn)
                yield
            self.fuse.guard(self.replica.db.conn)
        except Died:
            assert self.fuse.image is not None, "a blown fuse has its image"
            self.fuse.guard(self.replica.db.conn)
            self._begin_again(self.fuse.image.log)
            raise

    @contextmanager
    def _losing_power(self, rng: Random) -> Iterator[None]:
        """What was committed inside may have reached the disk or not: nobody was told of it."""
        disk = self.fuse.disk
        before = disk.image()
        yield
        after = torn(before, disk.image(), rng)
        self._begin_again(after.log)
        raise Died

    def _begin_again(self, log: bytes) -> None:
        """A process has ended and left this log. The next goes on with the open file, and finds in it a log that nobody
        has read."""
        self.fuse.disk.crash(log)
        self._open(self.replica.db)

    def submitted(self, submission: Submission) -> None:
        self.saved[submission.id] = submission
        self.lives[submission.id] = self.life

    def put_back(
        self, backup: Path, saved: dict[str, Submission], elsewhere: set[str], fork: str
    ) -> dict[str, Submission]:
        """Make it what it was when it had ``saved`` only; gives the records that are gone from it, and are not
        ``elsewhere``. What comes now is made on another line than they, whoever may still have them."""
        lost = {id: each for id, each in self.saved.items() if id not in saved}
        whose, *forks = self.life
        self.saved, self.life = dict(saved), (whose, f"back {fork}", *forks)
        self.took = set()
        self.fuse.disk.rewind(backup)
        shutil.rmtree(self.photos, ignore_errors=True)
        self._open(self.replica.db)
        return {id: each for id, each in lost.items() if id not in elsewhere}

    def copied(self, file: Path, fork: str) -> Tablet:
        """A second tablet with the same data; from now on each goes its own way."""
        file.parent.mkdir()
        Disk(file).put(self.fuse.disk.image())
        if self.photos.is_dir():
            shutil.copytree(self.photos, file.with_name(FOLDER))
        second = replace(
            self,
            file=file,
            saved=dict(self.saved),
            life=(*self.life, f"copy {fork}"),
            reread=[],
            took=set(self.took),
        )
        self.life = (*self.life, f"first {fork}")
        return second

    def enrolled(self, identity: Identity) -> None:
        """It goes by another name from now on, and what the office gives it is its own."""
        self.device, self.secret = identity.device, identity.secret
        self.intended, self.ever = set(self.intended), set(self.ever)
