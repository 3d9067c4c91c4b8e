"""What a line does to a body on its way: it breaks off, or a bit of it arrives as another.

Bodies travel packed, and whoever unpacks one checks it: a damaged body is never read as another one.
"""

from __future__ import annotations

import gzip
import zlib
from random import Random
from typing import Final

ON_THE_WAY_THERE: Final = ("request_cut", "request_flipped")
ON_THE_WAY_BACK: Final = ("reply_cut", "reply_flipped")


def refused_there(body: bytes, fault: str, rng: Random) -> bool:
    """Whether the hub notices what befell a request."""
    return not _unpacks(_damaged(gzip.compress(body, 1, mtime=0), fault, rng), body)


def refused_back(body: bytes, fault: str, rng: Random) -> bool:
    """Whether the tablet notices what befell a reply."""
    return not _unpacks(_damaged(gzip.compress(body, 1, mtime=0), fault, rng), body)


def _damaged(packed: bytes, fault: str, rng: Random) -> bytes:
    if fault.endswith("_cut"):
        return packed[: rng.randrange(len(packed))]
    broken = bytearray(packed)
    broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _unpacks(packed: bytes, body: bytes) -> bool:
    """Whether it is read as something else than was sent; the same, by a bit that means nothing, is no harm."""
    try:
        return gzip.decompress(packed) != body
    except (OSError, EOFError, zlib.error):
        return False
