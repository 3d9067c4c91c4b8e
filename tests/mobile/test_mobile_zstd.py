"""What the tablet unpacks of zstd: all of it and nothing else, and never more than it has room for."""

import pytest
from backports import zstd

from mobile.device.zstd import decompress

TEXT = "一户一行\n".encode() * 500


def test_what_was_packed_comes_back() -> None:
    unpack = decompress()
    assert unpack is not None and unpack(zstd.compress(TEXT, 19)) == TEXT


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no zstd",
        zstd.compress(TEXT)[:-3],
        zstd.compress(TEXT) + b"more",
        zstd.compress(b"\0" * 3_000_000),
    ],
    ids=["nothing", "another kind", "cut", "more behind it", "larger than the bound"],
)
def test_anything_else_is_a_fault(packed: bytes) -> None:
    unpack = decompress(len(TEXT))
    assert unpack is not None
    with pytest.raises(ValueError):
        unpack(packed)
