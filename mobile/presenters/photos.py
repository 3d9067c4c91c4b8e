"""Photos in a surveyor's words: where one is, how large, whether it is safe; and what taking one hands over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mobile.locale import Say
from mobile.presenters.desk import Desk
from sync.album import Album
from sync.photos import named
from sync.replica_photos import PhotoRow


@dataclass(frozen=True)
class Shot:
    """A photo as taken: scaled down, turned upright, with its thumbnail (empty where none could be made)."""

    content: bytes
    small: bytes = b""


Photographed = Callable[[Shot | None], None]
"""Called with the photo, with an empty one where the file was no photo, or with None where none was taken."""


@dataclass(frozen=True)
class PhotoTold:
    """`file` and `small` are paths, empty where the photo is not on this tablet. `tone` names a colour pair."""

    file: str
    small: str
    size: str
    words: str
    tone: str


TONES = {
    "kept": "plain",
    "waiting": "waiting",
    "stored": "safe",
    "refused": "rejected",
    "damaged": "rejected",
}


def photo_told(desk: Desk, answer: str) -> PhotoTold | None:
    """What is known of the photo an answer names; None if it names none."""
    found = named(answer)
    if found is None:
        return None
    album, say = Album(desk.replica), desk.say
    row = album.one(found[0])
    if row is None:
        return PhotoTold("", "", "", say("photo.elsewhere"), "plain")
    file = album.path(row.sha256, row.kind)
    small = album.path(row.small, "jpg") if row.small else file
    words = say(f"photo.{row.state}")
    if row.state == "waiting" and 0 < row.sent < row.bytes:
        words = say("photo.partly", percent=row.sent * 100 // row.bytes)
    there = file.is_file()
    return PhotoTold(
        file=str(file) if there else "",
        small=str(small) if there else "",
        size=size_said(say, row.bytes),
        words=words,
        tone=TONES[row.state],
    )


def in_words(say: Say, answer: str) -> str:
    """An answer to an image question in a list of answers."""
    return say("photo.one") if named(answer) else answer


def of_record(desk: Desk, submission: str) -> list[tuple[PhotoRow, PhotoTold]]:
    """The photos of a record that are on this tablet."""
    rows = Album(desk.replica).of_submission(submission)
    told = ((row, photo_told(desk, row.name)) for row in rows)
    return [(row, each) for row, each in told if each is not None]


def states_said(say: Say, states: Sequence[str]) -> str:
    """How many photos a record has, and how many of them are safe; empty for one without."""
    if not states:
        return ""
    safe = sum(state == "stored" for state in states)
    return say("photo.safe_of", safe=safe, total=len(states))


def size_said(say: Say, size: int) -> str:
    """Bytes as a person reads them."""
    if size >= 1_000_000:
        return say("photo.mb", n=f"{size / 1_000_000:.1f}")
    return say("photo.kb", n=max(1, round(size / 1_000)))
