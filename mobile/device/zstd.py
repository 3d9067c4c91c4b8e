"""zstd where the tablet's Python has it: in the standard library from 3.14 on, before that in a package that need not
be there. A tablet without it reads what is packed by gzip.
"""

import importlib
from collections.abc import Callable
from typing import Any

from sync.parts import TEXT_BYTES_MAX


def decompress(bytes_max: int = TEXT_BYTES_MAX) -> Callable[[bytes], bytes] | None:
    """Unpacks what zstd packed, raising ValueError if it cannot or if more comes out; None: this tablet has no zstd."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            found = importlib.import_module(name)
        except ImportError:
            continue
        return _strict(found.ZstdDecompressor, found.ZstdError, bytes_max)
    return None


def _strict(unpacker: Callable[[], Any], fault: type[Exception], bytes_max: int) -> Callable[[bytes], bytes]:
    def read(packed: bytes) -> bytes:
        unpacking = unpacker()
        try:
            # A few kB can stand for more than a tablet has: it stops at the bound, and never fills the memory.
            text: bytes = unpacking.decompress(packed, max_length=bytes_max + 1)
        except fault as problem:
            raise ValueError(str(problem)) from problem
        if len(text) > bytes_max or not unpacking.eof or unpacking.unused_data:
            raise ValueError("too long, cut, or followed by something else")
        return text

    return read
