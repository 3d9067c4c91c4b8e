"""A tablet of a simulated county: the real replica in a real file, which may die while it writes.

What the simulation knows of it, and no fault can make it forget, is the list of what it saved: a submission is
in it from the moment its save returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from mobile.presenters.desk import Desk
from server.lab.simulation.faults import Died, Fuse
from survey_forms.form import Form
from sync.messages import Submission
from sync.replica import Replica


def _unsaid(key: str, **values: object) -> str:
    return key


@dataclass
class Tablet:
    """``intended``: villages the office means it to hold. ``saved``: every submission whose save returned."""

    number: int
    device: str
    secret: str
    file: Path
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    parsed: dict[tuple[str, str], Form]
    offset: timedelta = timedelta()
    intended: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    saved: dict[str, Submission] = field(default_factory=dict)
    fuse: Fuse = field(default_factory=Fuse)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def clock(self) -> datetime:
        return self.now() + self.offset

    @property
    def replica(self) -> Replica:
        return self.desk.replica

    @property
    def name(self) -> str:
        return f"tablet {self.number}"

    def open(self) -> None:
        replica = Replica.open(self.file, clock=self.clock, new_id=self.new_id)
        replica.db.conn.execute("PRAGMA synchronous = OFF")
        self.desk = Desk(replica, self.clock, self.new_id, _unsaid, parsed=self.parsed)

    def close(self) -> None:
        self.replica.close()

    @contextmanager
    def dying(self, ticks: int | None) -> Iterator[None]:
        """Inside, the process lives for so many ticks of work. It is begun again before `Died` goes on."""
        if ticks is None:
            yield
            return
        try:
            with self.fuse.lit(ticks):
                self.fuse.guard(self.replica.db.conn)
                yield
            self.fuse.guard(self.replica.db.conn)
        except Died:
            self.close()
            self.open()
            raise

    def submitted(self, submission: Submission) -> None:
        self.saved[submission.id] = submission
