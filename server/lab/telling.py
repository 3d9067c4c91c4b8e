"""The story from its first step to its last, in the background of a demo that already answers.

A file beside the data says when it has been told to its end: from then on the showcase belongs to the visitors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from server.lab import payouts, story, team
from server.lab.prepared import DemoFile
from server.lab.showcase import Showcase
from server.lab.story import Office

TOLD: Final = "demo.told"
LOOK_EVERY_S: Final = 0.2

Step = tuple[str, Callable[[Office], None]]
STEPS: Final[tuple[Step, ...]] = (
    ("验收", story.accept),
    ("收款人", story.payees),
    ("核定", story.decide),
    *((planned.title, partial(payouts.pay, planned=planned)) for planned in payouts.BATCHES),
    ("禁煤区提议", story.propose),
)


@dataclass(frozen=True)
class Events:
    """`ready`: what the story is about has been entered; `stop`: the demo ends."""

    ready: threading.Event
    stop: threading.Event


def tell(
    app: FastAPI, file: DemoFile, showcase: Showcase, events: Events, told: Callable[[int, int, str], None]
) -> None:
    """Tells what has not been told yet, until `stop`. `told`: steps done, of how many, and the one at hand."""
    folder = Path(file.data)
    if (folder / TOLD).exists():
        told(len(STEPS), len(STEPS), "")
        return
    office = Office(app, file.county, team.people(file.seed), showcase, folder)
    told(0, len(STEPS), "")
    while not events.ready.wait(LOOK_EVERY_S):
        if events.stop.is_set():
            return
    for number, (name, step) in enumerate(STEPS):
        if events.stop.is_set():
            return
        told(number, len(STEPS), name)
        step(office)
    (folder / TOLD).touch()
    told(len(STEPS), len(STEPS), "")
