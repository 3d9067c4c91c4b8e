"""What travels between a tablet and the hub, and what a line does to it: it breaks off, or a bit arrives as another.

The bytes are those of the real protocol, packed and unpacked by its own code. Where it packs a body it checks it, so a
damaged one is refused, never read as another; what an older app sends plainly has only TCP's own checksum, and no bit
of it is turned here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from sync import wire
from sync.client import Line

ON_THE_WAY_THERE: Final = ("request_cut", "request_flipped")
ON_THE_WAY_BACK: Final = ("reply_cut", "reply_flipped")
# How the tablets of a county speak: as the first version did, leanly, or with snapshots as parts.
LINES: Final = {"plain": Line(), "lean": Line(can=(wire.LEAN,)), "parts": Line(can=(wire.COLUMNS, wire.LEAN))}
PIECE_BYTES: Final = 700


@dataclass(frozen=True)
class Letter:
    """A request on its way: whose, and its bytes."""

    secret: str
    device: str
    body: bytes
    encoding: str


@dataclass(frozen=True)
class Answer:
    """A reply on its way. ``part``: the bytes that follow it, of a snapshot."""

    body: bytes
    encoding: str
    part: bytes = b""


def damaged(body: bytes, encoding: str, fault: str, rng: Random) -> bytes | None:
    """What arrives of a body; None: the connection broke, or the kernel saw the damage."""
    if fault.endswith("_cut"):
        return body[: rng.randrange(len(body))] if encoding else None
    if encoding == wire.PLAIN:
        return None
    broken = bytearray(body)
    broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def pieces(part: bytes, fault: str, rng: Random) -> list[bytes]:
    """A part as it arrives, piece by piece; a line that breaks off leaves some out at the end."""
    found = [part[at : at + PIECE_BYTES] for at in range(0, len(part), PIECE_BYTES)]
    return found[: rng.randrange(len(found) + 1)] if fault == "reply_cut" else [*found, b""]


def at_hub(letter: Letter, body: bytes) -> Letter:
    """The letter as it arrives with another body."""
    return replace(letter, body=body)
