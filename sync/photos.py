"""What a photo is, to both ends: named by its content, bounded, and known by what its bytes say, never by a name.

An answer to an image question is such a name, "<sha256>.jpg": the record so names the photo by content, and whoever
has the bytes can check that they are the ones that were meant. Apart from ``uploads`` because the forms, the tablet's
album and the office's pages speak of photos too, and none of them sends one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["jpg", "png", "webp"]

PHOTO_BYTES_MAX = 8_000_000
PHOTO_SIDE_MAX_PX = 12_000
PHOTO_AREA_MAX_PX = 60_000_000  # what a small picture may unpack to in whoever looks at it
THUMBNAIL_BYTES_MAX = 65_536
PHOTOS_PER_SUBMISSION = 50
PHOTOS_PER_QUESTION = 500  # asked about in one request
MEDIA_TYPES: Mapping[str, str] = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"([0-9a-f]{64})\.(jpg|png|webp)")
_SEGMENT = 2  # bytes of a JPEG segment's length, which counts itself
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start-of-frame markers; the others are tables
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a segment


@dataclass(frozen=True)
class Picture:
    """What the bytes of a picture say of it; sides in pixels."""

    kind: Kind
    width: int
    height: int


def name(sha256: str, kind: str) -> str:
    """The answer that names a photo."""
    return f"{sha256}.{kind}"


def named(value: str) -> tuple[str, str] | None:
    """(SHA-256, kind) of an answer that names a photo; None of any other."""
    found = _NAME.fullmatch(value)
    return (found[1], found[2]) if found else None


def named_in(answers: object, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of every photo that answers name, in their order: "works/nameplate_photo", "rooms[2]/wall".

    By the value's form alone, so that it holds for every version of every form, and for a record that was refused.
    """
    if isinstance(answers, Mapping):
        for key, value in answers.items():
            if not isinstance(value, str):
                yield from named_in(value, f"{path}/{key}" if path else str(key))
            elif 64 < len(value) < 70 and (found := named(value)):
                yield f"{path}/{key}" if path else str(key), found[0]
    elif isinstance(answers, list | tuple):
        for number, value in enumerate(answers, start=1):
            yield from named_in(value, f"{path}[{number}]")


def look(content: bytes) -> Picture | None:
    """What a picture's header says, if it is a JPEG, PNG or WebP that a program can open within the bounds."""
    try:
        found = _jpeg(content) or _png(content) or _webp(content)
    except IndexError:
        return None
    if found is None or not (0 < found.width <= PHOTO_SIDE_MAX_PX and 0 < found.height <= PHOTO_SIDE_MAX_PX):
        return None
    return found if found.width * found.height <= PHOTO_AREA_MAX_PX else None


def _jpeg(content: bytes) -> Picture | None:
    """Walks the segments to the first frame: a picture whose tables lead nowhere is none."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _FRAMES:
            return Picture("jpg", _number(content, at + 7, 2), _number(content, at + 5, 2))
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + max(_number(content, at + 2, _SEGMENT), _SEGMENT)
    return None


def _png(content: bytes) -> Picture | None:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        return None
    return Picture("png", _number(content, 16, 4), _number(content, 20, 4))


def _webp(content: bytes) -> Picture | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    form = content[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        return Picture("webp", width, height) if len(content) >= 30 else None
    if form == b"VP8L" and content[20] == 0x2F:
        bits = int.from_bytes(content[21:25], "little")
        return Picture("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if form == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return Picture("webp", width, height)
    return None


def _number(content: bytes, at: int, length: int) -> int:
    """Big-endian. Raises IndexError where the content ends before it."""
    if len(content) < at + length:
        raise IndexError
    return int.from_bytes(content[at : at + length], "big")
