"""A part of a snapshot: entity states of many homes, and the cursors they lead to, as one file of bytes.

A first visit to villages is read as parts instead of pages: each is packed once, is called by the hash of its bytes and
never changes, so a tablet that was cut goes on at the very byte. Inside are lines of JSON: a head, then for each
table its head and one line a column. The packer closes a block of its code after each column, for what one
column needs is of no use to the next.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sync import tables, wire
from sync.codec import from_json, parse, to_json, uuid, village_code
from sync.messages import Cursor, EntityState
from sync.strict import mapping, wrong

GZIP: Final = "gzip"
ZSTD: Final = "zstd"
TEXT_BYTES_MAX: Final = 256_000_000
_OWN_BLOCK_FROM_CHARS: Final = 400

_cursors = mapping(village_code, lambda value, path: from_json(Cursor, value, path or ""), 1_000)

Pack = Callable[[bytes], bytes]
Unpack = Callable[[bytes], bytes]
"""Raises ValueError for what it cannot unpack."""


@dataclass(frozen=True)
class Contents:
    """What a part brings: under which history, the states, and where each village then stands."""

    history: str
    states: tuple[EntityState, ...]
    cursors: Mapping[str, Cursor]


def name_of(packed: bytes) -> str:
    """What a part is called."""
    return hashlib.sha256(packed).hexdigest()


def pack(contents: Contents, zstd: Pack | None = None) -> bytes:
    """The part's bytes: by ``zstd`` if it is handed in, else gzip. The same contents give the same bytes."""
    lines = [json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in _lines(contents)]
    if zstd is not None:
        return zstd("".join(lines).encode())
    # Short matches cost more than the letters they stand for in columns that hardly repeat themselves.
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_FILTERED)
    packed = bytearray()
    for line in lines:
        packed += packer.compress(line.encode())
        if len(line) >= _OWN_BLOCK_FROM_CHARS:
            packed += packer.flush(zlib.Z_BLOCK)
    return bytes(packed + packer.flush())


def _lines(contents: Contents) -> Iterator[Any]:
    yield {"history": contents.history, "cursors": to_json(contents.cursors)}
    for table in tables.pack(contents.states):
        columns = {name: column for name, column in table.items() if name not in ("dataset", "n", "props")}
        yield {"dataset": table["dataset"], "n": table["n"]}
        yield from ([name, column] for name, column in columns.items())
        yield from (["props", name, column] for name, column in table["props"].items())


def unpack(packed: bytes, encoding: str, zstd: Unpack | None = None) -> Contents:
    """What is in a part. Raises `MessageFault`."""
    lines = [parse(line) for line in _text(packed, encoding, zstd).splitlines()]
    head, *rest = lines or [None]
    if not isinstance(head, dict):
        raise wrong("part", "a head expected")
    found: list[dict[str, Any]] = []
    for line in rest:
        _enter(found, line)
    return Contents(
        uuid(head.get("history"), "part.history"),
        tables.unpack(found, "part"),
        _cursors(head.get("cursors"), "part.cursors"),
    )


def _text(packed: bytes, encoding: str, zstd: Unpack | None) -> bytes:
    if encoding == GZIP:
        return wire.unpacked(packed, GZIP, TEXT_BYTES_MAX)
    if encoding == ZSTD and zstd is not None:
        try:
            return zstd(packed)
        except ValueError:
            raise wrong("part", "cannot be unpacked") from None
    raise wrong("part", f"packed as {encoding}, which was not asked for")


def _enter(found: list[dict[str, Any]], line: object) -> None:
    match line:
        case dict() as table if table.keys() == {"dataset", "n"}:
            found.append({**table, "props": {}})
        case [str() as name, column] if found:
            found[-1][name] = column
        case ["props", str() as name, column] if found:
            found[-1]["props"][name] = column
        case _:
            raise wrong("part", "a table or a column expected")
