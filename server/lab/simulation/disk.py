"""What the disk does to a SQLite database: its process is killed, its power goes, it takes no more.

A process dies inside SQLite: the progress handler stops a statement after so many steps of the virtual machine, and
at that very moment the files are copied. Whatever the dying code still does – a rollback, a checkpoint on closing –
is undone by putting the copy in their place, as if it had never come to it. Power that goes leaves the write-ahead
log torn: all that was in it at the last commit stands (production waits for the disk at every commit), what came
after ends anywhere, or is noise. A full disk is the process's own limit on the size of a file, so SQLite meets it
at any byte of any write.

The databases of a simulation do not wait for the disk (``synchronous=OFF``): nothing but this module makes anything
disappear from it.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

# The handler is called once in so many steps: often enough to fall between any two statements.
STEPS_PER_TICK: Final = 8
TICKS_MAX: Final = 250
_SPARE_BYTES_MAX: Final = 12_000
_NOISE_BYTES: Final = 64
# A log begun anew has other bytes here than the one before it.
_LOG_HEAD: Final = slice(0, 32)


class Died(Exception):
    """A process ended in the middle of what it was doing."""


@dataclass(frozen=True)
class Image:
    """The files of a database at one moment: the database and its write-ahead log."""

    database: bytes
    log: bytes


@dataclass(frozen=True)
class Disk:
    """The files of one SQLite database."""

    file: Path

    @property
    def log(self) -> Path:
        return self.file.with_name(self.file.name + "-wal")

    def image(self) -> Image:
        return Image(self.file.read_bytes(), self.log.read_bytes() if self.log.exists() else b"")

    def put(self, image: Image) -> None:
        """Make the files what they were. Nobody has them open."""
        self.file.write_bytes(image.database)
        self.log.write_bytes(image.log)
        self.file.with_name(self.file.name + "-shm").unlink(missing_ok=True)

    @contextmanager
    def full(self, rng: Random) -> Iterator[None]:
        """Inside, no file grows further than a few bytes beyond this database's log."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = self.log.stat().st_size if self.log.exists() else 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + rng.randint(0, _SPARE_BYTES_MAX), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def plenty() -> Iterator[None]:
    """Inside, no disk is full: what happens here happens on another machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def torn(before: Image, after: Image, rng: Random) -> Image:
    """``after``, of which only what ``before`` had is certain to have reached the disk."""
    kept = len(before.log)
    if kept and before.log[_LOG_HEAD] != after.log[_LOG_HEAD]:
        return after  # the log was begun anew in between: all before it is in the database
    tail = bytearray(after.log[kept:])
    if not tail:
        return after
    at = rng.randrange(len(tail))
    match rng.choice(("ends", "noise", "hole")):
        case "ends":
            del tail[at:]
        case "noise":
            tail[at : at + _NOISE_BYTES] = rng.randbytes(len(tail[at : at + _NOISE_BYTES]))
        case _:
            tail[at:] = bytes(len(tail) - at)
    return Image(after.database, after.log[:kept] + bytes(tail))


@dataclass
class Fuse:
    """Lets the connections it guards do so much work and no more. ``left`` None: any amount. ``image``: the files
    as they were when it blew."""

    disk: Disk
    left: int | None = None
    image: Image | None = field(default=None, repr=False)

    def guard(self, connection: sqlite3.Connection) -> None:
        handler: Callable[[], bool] | None = self._tick if self.left is not None else None
        connection.set_progress_handler(handler, STEPS_PER_TICK)

    def shorten(self, ticks: int) -> None:
        """It has only so many left."""
        if self.left is not None:
            self.left = min(self.left, ticks)

    @contextmanager
    def lit(self, ticks: int) -> Iterator[None]:
        """Inside, connections taken into guard end after ``ticks``; whatever comes of it leaves as `Died`."""
        self.left, self.image = ticks, None
        try:
            yield
        except Exception as error:
            if self.image is not None:
                raise Died from error
            raise
        finally:
            self.left = None
        if self.image is not None:
            raise Died

    def _tick(self) -> bool:
        if self.left is None:
            return False
        self.left -= 1
        if self.left < 0 and self.image is None:
            self.image = self.disk.image()
        return self.image is not None


def ticks(rng: Random) -> int:
    """How long a process that is going to die lives; short lives are as likely as long ones."""
    return int(TICKS_MAX ** rng.random()) - 1
