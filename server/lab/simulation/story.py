"""The story of a county: what happens in it, step by step, as a value that is drawn from a seed before it is played.

A step names its own random streams by the place it was drawn at. So a story can be played with some steps left out,
and those that stay come to the same: that is how one that breaks a promise is cut down to a few lines, and how it is
kept when the drawing has long changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final, Literal
from uuid import UUID

from server.lab.simulation.faults import TWO_SERVERS, drawn

SizeName = Literal["small", "large"]
OFFSETS_S: Final = (0, 0, -45, 130, 3_600, -5_400)
WAYS: Final = ("plain", "lean", "parts", "parts")
HAS_WORKED: Final = 0.85
PHOTO_TAKEN: Final = "photo_taken"
PHOTO_REQUESTS: Final = 5
"""So many of a contact's requests for photos may each meet something; those after them do not."""
MINUTES: Final = (1, 7, 90, 600)


@dataclass(frozen=True)
class Size:
    """``steps``: at least and at most. ``tablets``: the same. ``contacts``: the share of contacts among the steps
    that are no fault."""

    steps: tuple[int, int]
    tablets: tuple[int, int]
    contacts: float


SIZES: Final[dict[SizeName, Size]] = {
    "small": Size((6, 9), (2, 2), 0.45),
    "large": Size((40, 80), (2, 4), 0.36),
}


@dataclass(frozen=True)
class Step:
    """``n``: the place at which it was drawn. ``event``: work, contact, or a fault of a step. ``who``: a tablet's
    number. ``minutes``: time that goes by before it. ``faults``: what befalls its requests, one after the other, or
    its save. ``photos``: what befalls a photo that is taken, or the requests that send photos."""

    n: int
    event: str
    who: int
    minutes: int
    faults: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """``offsets_s``: each tablet's clock at the beginning. ``lines``: how each speaks (`wire.LINES`). ``servers``: how
    many stand behind the database."""

    seed: int
    size: SizeName
    offsets_s: tuple[int, ...]
    lines: tuple[str, ...]
    servers: int
    steps: tuple[Step, ...]

    def stream(self, n: int, name: str) -> Random:
        """The random stream of that name at that step."""
        return Random(f"{self.seed}/{n}/{name}")

    def calm(self) -> Story:
        """The same without a fault."""
        steps = (replace(step, faults=()) for step in self.steps if step.event in ("work", "contact"))
        return replace(self, servers=1, steps=tuple(steps))


def draw(seed: int, size: SizeName = "small") -> Story:
    rng, of = Random(f"{seed}/story"), SIZES[size]
    tablets = rng.randint(*of.tablets)
    offsets = tuple(rng.choice(OFFSETS_S) for _ in range(tablets))
    lines = tuple(rng.choice(WAYS) for _ in range(tablets))
    servers = 2 if rng.random() < TWO_SERVERS else 1
    steps: list[Step] = []
    for n in range(rng.randint(*of.steps)):
        event = drawn(rng, "step") or ("contact" if rng.random() < of.contacts else "work")
        who = _caller(rng, steps, tablets) if event == "contact" else rng.randrange(tablets)
        steps.append(Step(n, event, who, rng.choice(MINUTES), _faults(rng, event)))
    return _with_photos(Story(seed, size, offsets, lines, servers, tuple(steps)))


def _with_photos(story: Story) -> Story:
    """What befalls photos, from streams of their own."""
    first = next((step.n for step in story.steps if step.event == PHOTO_TAKEN), None)
    if first is None:
        return story
    steps = (
        replace(step, photos=_photo_faults(story.stream(step.n, "photo faults"), step.event))
        if step.n >= first and step.event in (PHOTO_TAKEN, "contact")
        else step
        for step in story.steps
    )
    return replace(story, steps=tuple(steps))


def _photo_faults(rng: Random, event: str) -> tuple[str, ...]:
    if event == PHOTO_TAKEN:
        return _shorn(drawn(rng, "photo"))
    return _shorn(*(drawn(rng, "photo request") for _ in range(PHOTO_REQUESTS)))


def _caller(rng: Random, steps: list[Step], tablets: int) -> int:
    """Mostly one that has worked since it called last: who has nothing to say meets few faults that matter."""
    last = {step.who: step.event for step in steps if step.event in ("work", "contact")}
    worked = [who for who, event in last.items() if event == "work"]
    return rng.choice(worked) if worked and rng.random() < HAS_WORKED else rng.randrange(tablets)


def _faults(rng: Random, event: str) -> tuple[str, ...]:
    if event == "contact":
        return _shorn(drawn(rng, "request"), drawn(rng, "request"))
    if event in ("homes_merged", "homes_separated"):
        return _shorn(drawn(rng, "act"))
    return _shorn(drawn(rng, "save")) if event in ("work", PHOTO_TAKEN) else ()


def _shorn(*faults: str) -> tuple[str, ...]:
    """Without the nothings at the end."""
    while faults and not faults[-1]:
        faults = faults[:-1]
    return faults


def ids(rng: Random) -> Iterator[str]:
    """Ids as tablets and hub make them, but always the same ones."""
    while True:
        yield str(UUID(int=rng.getrandbits(128), version=4))


# --- kept in a file ---------------------------------------------------------------------------------------


def as_json(story: Story, found: str = "") -> str:
    """A story as it is kept: ``found`` says what it showed when it was found."""
    return json.dumps({"found": found, **asdict(story)}, ensure_ascii=False, indent=1) + "\n"


def kept(file: Path) -> tuple[Story, str]:
    """The story in a file, and what it showed."""
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    steps = tuple(_step(step) for step in told.pop("steps"))
    found = str(told.pop("found"))
    told |= {name: tuple(told[name]) for name in ("offsets_s", "lines")}
    return Story(**told, steps=steps), found


def _step(told: dict[str, Any]) -> Step:
    """A step as it was kept, perhaps before there were photos."""
    return Step(**{**told, "faults": tuple(told["faults"]), "photos": tuple(told.get("photos", ()))})
