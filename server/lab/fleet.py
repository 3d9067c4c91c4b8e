"""Eight headless tablets at work: each in its own thread with its own replica, offline and online by turns.

Threads, because each tablet waits most of its time: for the network, or for the surveyor to reach the next door.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from server.lab.headless import Headless, Task, join, report, work
from survey_forms.form import Form
from sync.replica import Replica

APP_VERSION: Final = "demo-1"
# At one door after another, then a while without any network: what a watcher sees as steps of the rate.
DOORS: Final = (3, 9)
OFFLINE_S: Final = (0.6, 3.0)


@dataclass(frozen=True)
class Posting:
    """One tablet's place in the demo. ``todo``: every recording it will make, in order."""

    number: int
    code: str
    todo: Sequence[Task]


@dataclass(frozen=True)
class Fleet:
    """What all tablets share. ``stop`` ends each of them between two steps."""

    folder: Path
    server: str
    seed: int
    forms: Mapping[str, Form]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class Standing:
    """How far a tablet is, for the progress bar; written by its own thread only."""

    recorded_n: int = 0
    safe_n: int = 0
    conflicts_n: int = 0
    last_problem: str = ""
    finished: bool = False


def run(fleet: Fleet, posting: Posting, standing: Standing) -> None:
    """Work until everything is recorded and safe, or until told to stop."""
    rng = Random(f"{fleet.seed}/hands/{posting.number}")
    path = fleet.folder / f"tablet-{posting.number}.sqlite3"
    with Replica.open(path, clock=fleet.clock, new_id=fleet.new_id) as replica:
        tablet = Headless(fleet.seed, replica, fleet.forms, fleet.clock, fleet.new_id)
        join(
            tablet,
            server=fleet.server,
            code=posting.code,
            name=f"模拟平板{posting.number}",
            app_version=APP_VERSION,
        )
        while not fleet.stop.is_set() and not standing.finished:
            account = report(tablet, fleet.server, APP_VERSION)
            standing.last_problem = account.problem.message if account.problem else ""
            work(tablet, posting.todo, rng.randint(*DOORS))
            _note(tablet, standing, len(posting.todo))
            fleet.stop.wait(rng.uniform(*OFFLINE_S))


def _note(tablet: Headless, standing: Standing, todo_n: int) -> None:
    status = tablet.replica.status()
    standing.recorded_n = tablet.replica.stated().chain_seq
    standing.safe_n = standing.recorded_n - status.waiting_n
    standing.conflicts_n = status.conflict_n
    standing.finished = standing.safe_n >= todo_n
