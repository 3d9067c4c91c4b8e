"""What goes wrong in a simulated county, how often, and how a process is made to die.

A process dies inside SQLite: its progress handler interrupts a statement after so many steps of the virtual
machine. The transaction under way is lost, as it is when a process is killed; whoever catches `Fuse.blown`
throws the connection away and begins again from the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from random import Random
from typing import Final

# The handler is called once in so many steps: often enough to fall between any two statements.
STEPS_PER_TICK: Final = 40
_TICKS_MAX_EXPONENT: Final = 8.5  # up to some 360 ticks: more than a push of a few records takes


@dataclass(frozen=True)
class Faults:
    """Probabilities, each of one request unless it says otherwise. All 0: a calm county."""

    request_lost: float = 0.07
    left_in_the_middle: float = 0.04
    duplicate_request: float = 0.06
    hub_dies_inside: float = 0.08
    hub_dies_after_commit: float = 0.06
    reply_lost: float = 0.08
    tablet_dies_applying: float = 0.07
    busy: float = 0.02
    old_request_again: float = 0.08
    """An earlier request of any tablet arrives once more after this one."""
    tablet_dies_saving: float = 0.05
    """Of one save."""
    clock_jumps: float = 0.01
    """Of one step: a tablet's clock goes wrong by months or years."""


CALM: Final = Faults(**{each.name: 0.0 for each in fields(Faults)})


class Died(Exception):
    """A process ended in the middle of what it was doing."""


@dataclass
class Fuse:
    """Lets the connections it guards do so much work and no more. ``left`` None: any amount."""

    left: int | None = None
    blown: bool = False

    def guard(self, connection: sqlite3.Connection) -> None:
        handler: Callable[[], bool] | None = self._tick if self.left is not None else None
        connection.set_progress_handler(handler, STEPS_PER_TICK)

    @contextmanager
    def lit(self, ticks: int) -> Iterator[None]:
        """Inside, connections taken into guard end after ``ticks``; whatever comes of it leaves as `Died`."""
        self.left, self.blown = ticks, False
        try:
            yield
        except Exception as error:
            if self.blown:
                raise Died from error
            raise
        finally:
            self.left = None
        if self.blown:
            raise Died

    def _tick(self) -> bool:
        if self.left is None:
            return False
        self.left -= 1
        self.blown = self.blown or self.left < 0
        return self.blown


def ticks(rng: Random) -> int:
    """How long a process that is going to die lives; short lives are as likely as long ones."""
    return int(2 ** rng.uniform(0, _TICKS_MAX_EXPONENT))
