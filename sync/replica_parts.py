"""What a tablet has received of a snapshot part: bytes on disk, so that no byte is asked for twice.

Pieces are kept as they arrive, each in its own transaction; the part counts once it is whole, and is then
applied and forgotten in one. Whatever happens in between, the next request names the part and its size so far.
"""

from __future__ import annotations

import sqlite3

from sync.messages import Part, PartSoFar


def so_far(connection: sqlite3.Connection) -> PartSoFar | None:
    """The part that was begun, and how much of it is here."""
    row = connection.execute("SELECT name FROM part").fetchone()
    return PartSoFar(row[0], _size(connection)) if row else None


def begin(connection: sqlite3.Connection, part: Part) -> bool:
    """Go on with ``part`` from its byte ``since``, or begin it. False: that byte does not follow what is here."""
    here = so_far(connection)
    if here is None or here.name != part.name:
        forget(connection)
        connection.execute("INSERT INTO part VALUES (1, ?, ?)", (part.name, part.encoding))
    elif part.since < here.size:
        connection.execute("DELETE FROM part_piece")
    return _size(connection) == part.since


def add(connection: sqlite3.Connection, piece: bytes) -> None:
    connection.execute("INSERT INTO part_piece VALUES (?, ?)", (_size(connection), piece))


def received(connection: sqlite3.Connection) -> bytes:
    """All that is here of the part."""
    return b"".join(row[0] for row in connection.execute("SELECT bytes FROM part_piece ORDER BY since"))


def forget(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM part")
    connection.execute("DELETE FROM part_piece")


def takes(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The ways of saying things that the hub has said it reads."""
    return tuple(connection.execute("SELECT takes FROM contact").fetchone()[0].split())


def set_takes(connection: sqlite3.Connection, ways: tuple[str, ...]) -> None:
    connection.execute("UPDATE contact SET takes = ?", (" ".join(ways),))


def _size(connection: sqlite3.Connection) -> int:
    return int(
        connection.execute("SELECT coalesce(max(since + length(bytes)), 0) FROM part_piece").fetchone()[0]
    )
