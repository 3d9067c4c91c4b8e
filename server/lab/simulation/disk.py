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

import os
import resource
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Final

# How long lives differ by: often enough that a process dies between any two statements.
STEPS_PER_TICK: Final = 8
TICKS_MAX: Final = 250
# Enough for a ROLLBACK: it changes nothing of what is left, and drivers complain at length where it fails.
_STEPS_SPARED: Final = 8
_SPARE_BYTES_MAX: Final = 12_000
_NOISE_BYTES: Final = 64
# A log begun anew has other bytes here than the one before it.
_LOG_HEAD: Final = slice(0, 32)
# Of a log's index: its head twice, and how far the log has been folded into the database.
_INDEX_HEAD_BYTES: Final = 136
# When a file was last written that nobody has written since it was rewound: most stories fold no log into it.
_UNTOUCHED_NS: Final = 0


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

    @cached_property
    def log(self) -> Path:
        return self.file.with_name(self.file.name + "-wal")

    @cached_property
    def index(self) -> Path:
        return self.file.with_name(self.file.name + "-shm")

    @property
    def files(self) -> tuple[Path, Path, Path]:
        return self.file, self.log, self.index

    def image(self) -> Image:
        return Image(self.file.read_bytes(), self.log.read_bytes() if self.log.exists() else b"")

    def put(self, image: Image) -> None:
        """Make the files what they were. Nobody has them open."""
        self.file.write_bytes(image.database)
        self.log.write_bytes(image.log)
        self.index.unlink(missing_ok=True)

    def rewind(self, template: Path) -> None:
        """Make the file what the template is, under connections that have it open and are in no transaction.

        What they know of the tables stays true, and so do the statements they have compiled, which takes longer than
        all that a story does with them.
        """
        if self.file.stat().st_mtime_ns != _UNTOUCHED_NS:
            database = template.read_bytes()
            _overwrite(self.file, database)
            os.truncate(self.file, len(database))
            os.utime(self.file, ns=(_UNTOUCHED_NS, _UNTOUCHED_NS))
        os.truncate(self.log, 0)
        self.crash()

    def crash(self, log: bytes | None = None) -> None:
        """Under connections that have the database open and are in no transaction: a process ended, and ``log`` is
        what it left of it; None: all. Its index is unreadable, so their next transactions read everything anew."""
        if log is not None:
            self.log.write_bytes(log)
        _overwrite(self.index, bytes(_INDEX_HEAD_BYTES))

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


def _overwrite(file: Path, begins: bytes) -> None:
    with file.open("r+b", buffering=0) as opened:
        opened.write(begins)


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
    """Lets the connections it guards do so much work and no more. ``left``: steps of SQLite's machine, None: any
    number. ``image``: the files as they were when it blew."""

    disk: Disk
    left: int | None = None
    image: Image | None = field(default=None, repr=False)
    guarded: sqlite3.Connection | None = field(default=None, repr=False)

    def guard(self, connection: sqlite3.Connection) -> None:
        self.guarded = connection
        handler: Callable[[], bool] | None = self._step if self.left is not None else None
        # At each step: if it came at each so-manieth, when it comes would depend on what the connection did before.
        connection.set_progress_handler(handler, 1)

    def shorten(self, ticks: int) -> None:
        """The connection that was taken last has only so many left."""
        assert self.guarded is not None, "nothing is shortened before it has begun"
        self.left = ticks * STEPS_PER_TICK
        self.guard(self.guarded)

    @contextmanager
    def lit(self, ticks: int | None) -> Iterator[None]:
        """Inside, connections taken into guard end after ``ticks``, None: as soon as it is shortened to; whatever
        comes of it leaves as `Died`, and a transaction that was open is not any more."""
        self.left, self.image = None if ticks is None else ticks * STEPS_PER_TICK, None
        try:
            yield
        except Exception as error:
            if self.image is not None:
                _let_go(error)
                raise Died from error
            raise
        finally:
            self.left = None
            if self.image is not None and self.guarded is not None:
                with suppress(sqlite3.ProgrammingError):  # closed: its pool had given it up
                    self.guarded.rollback()
        if self.image is not None:
            raise Died

    def _step(self) -> bool:
        if self.left is None:
            return False
        self.left -= 1
        if self.left >= 0:
            return False
        if self.image is None:
            self.image = self.disk.image()
            return True
        return self.left < -_STEPS_SPARED


def _let_go(error: BaseException | None) -> None:
    """Of what the frames hold through which an error came: a connection with a half read cursor would outlive its
    closing."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def ticks(rng: Random) -> int:
    """How long a process that is going to die lives; short lives are as likely as long ones."""
    return int(TICKS_MAX ** rng.random()) - 1
