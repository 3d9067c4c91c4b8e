"""zstd where the tablet's Python has it: in the standard library from 3.14 on, before that in a package that need not
be there. A tablet without it reads what is packed by gzip.
"""

import importlib
from collections.abc import Callable


def decompress() -> Callable[[bytes], bytes] | None:
    """Unpacks what zstd packed, raising ValueError if it cannot; None: this tablet has no zstd."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            found = importlib.import_module(name)
        except ImportError:
            continue
        return _strict(found.decompress, found.ZstdError)
    return None


def _strict(unpack: Callable[[bytes], bytes], fault: type[Exception]) -> Callable[[bytes], bytes]:
    def read(packed: bytes) -> bytes:
        try:
            return unpack(packed)
        except fault as problem:
            raise ValueError(str(problem)) from problem

    return read
