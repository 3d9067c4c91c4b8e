"""Photos in the tablet's store: which there are, which records name them, what waits and what has its receipt.

The bytes are ``album``'s. A photo is *kept* until a record that names it is submitted, then it *waits* until the hub
has it whole and has checked it; *stored* is that receipt. *Refused* and *damaged* are final words as well: the record
goes without it, and says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sync.messages import Submission
from sync.photos import name, named_in

PhotoState: TypeAlias = Literal["kept", "waiting", "stored", "refused", "damaged"]


@dataclass(frozen=True)
class PhotoRow:
    """A photo on this tablet. ``small``: SHA-256 of its thumbnail ("" = none). ``sent``: bytes that have arrived, as
    far as this tablet has heard. ``reason``: why the hub did not take it, in Chinese."""

    sha256: str
    kind: str
    bytes: int
    small: str
    small_bytes: int
    taken_at: str
    state: PhotoState = "kept"
    sent: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        """The answer that names it."""
        return name(self.sha256, self.kind)


@dataclass(frozen=True)
class Due:
    """A photo, or the thumbnail ``of`` one, that the hub may be offered now: the record that names it has arrived."""

    sha256: str
    kind: str
    bytes: int
    of: str = ""


_ROW = "SELECT sha256, kind, bytes, small, small_bytes, taken_at, state, sent, reason FROM photo"


def keep(connection: sqlite3.Connection, row: PhotoRow) -> None:
    """A photo whose file is on the disk. The same one again is the same."""
    connection.execute(
        "INSERT OR IGNORE INTO photo (sha256, kind, bytes, small, small_bytes, taken_at, state)"
        " VALUES (?, ?, ?, ?, ?, ?, 'kept')",
        (row.sha256, row.kind, row.bytes, row.small, row.small_bytes, row.taken_at),
    )


def attach(connection: sqlite3.Connection, submission: Submission) -> None:
    """What a record names waits from now on; in the transaction that stores the record. A photo of another tablet,
    which a prefilled answer may name, is not here and not ours to send."""
    for path, sha256 in named_in(submission.answers):
        connection.execute(
            "INSERT OR IGNORE INTO submission_photo SELECT ?, sha256, ? FROM photo WHERE sha256 = ?",
            (submission.id, path, sha256),
        )
        connection.execute(
            "UPDATE photo SET state = 'waiting' WHERE sha256 = ? AND state = 'kept'", (sha256,)
        )


def offer_again(connection: sqlite3.Connection) -> None:
    """Another history: what was stored may be lost there, and is asked about."""
    connection.execute("UPDATE photo SET state = 'waiting', sent = 0 WHERE state = 'stored'")
    connection.execute("UPDATE photo SET small_stored = 0")


def one(connection: sqlite3.Connection, sha256: str) -> PhotoRow | None:
    row = connection.execute(f"{_ROW} WHERE sha256 = ?", (sha256,)).fetchone()
    return PhotoRow(*row) if row else None


def of_submission(connection: sqlite3.Connection, submission: str) -> list[PhotoRow]:
    """In order of where the record names them."""
    rows = connection.execute(
        f"{_ROW} JOIN submission_photo ON photo = sha256 WHERE submission = ? ORDER BY path", (submission,)
    )
    return [PhotoRow(*row) for row in rows]


def every(connection: sqlite3.Connection) -> list[PhotoRow]:
    return [PhotoRow(*row) for row in connection.execute(f"{_ROW} ORDER BY taken_at, sha256")]


def waiting(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(SHA-256, kind) of what has no receipt yet, oldest first."""
    rows = connection.execute(
        "SELECT sha256, kind FROM photo WHERE state = 'waiting' ORDER BY taken_at, sha256"
    )
    return rows.fetchall()


def counts(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Photos that wait, bytes of them still to go, and photos that the hub will not take."""
    waiting_n, left, lost_n = connection.execute(
        "SELECT coalesce(sum(state = 'waiting'), 0), coalesce(sum((state = 'waiting') * (bytes - sent)), 0),"
        " coalesce(sum(state IN ('refused', 'damaged')), 0) FROM photo"
    ).fetchone()
    return waiting_n, left, lost_n


def due(connection: sqlite3.Connection) -> list[tuple[Due, Due | None]]:
    """(photo, thumbnail not stored yet) of those that wait and whose record the hub has, oldest first."""
    rows = connection.execute(
        "SELECT p.sha256, p.kind, p.bytes, CASE WHEN p.small_stored THEN '' ELSE p.small END, p.small_bytes"
        " FROM photo p WHERE p.state = 'waiting' AND EXISTS (SELECT 1 FROM submission_photo n"
        "  JOIN submission s ON s.id = n.submission WHERE n.photo = p.sha256 AND s.state != 'waiting')"
        " ORDER BY p.taken_at, p.sha256"
    )
    return [
        (Due(sha256, kind, size), Due(small, "jpg", small_size, sha256) if small else None)
        for sha256, kind, size, small, small_size in rows
    ]


def arrived(connection: sqlite3.Connection, sha256: str, sent: int) -> None:
    connection.execute("UPDATE photo SET sent = ? WHERE sha256 = ? AND state = 'waiting'", (sent, sha256))


def stored(connection: sqlite3.Connection, sha256: str) -> None:
    """The receipt."""
    connection.execute(
        "UPDATE photo SET state = 'stored', sent = bytes, reason = '' WHERE sha256 = ?", (sha256,)
    )
    connection.execute("UPDATE photo SET small_stored = 1 WHERE small = ?", (sha256,))


def refused(connection: sqlite3.Connection, sha256: str, state: PhotoState, reason: str) -> None:
    """A last word. A thumbnail without which the office does is not worth one."""
    connection.execute(
        "UPDATE photo SET state = ?, reason = ? WHERE sha256 = ? AND state = 'waiting'",
        (state, reason, sha256),
    )
    connection.execute("UPDATE photo SET small_stored = 1 WHERE small = ?", (sha256,))


def unnamed(connection: sqlite3.Connection, drafts: Iterable[object]) -> list[PhotoRow]:
    """Photos that nothing names: no record, and none of these drafts' answers."""
    begun = {sha256 for answers in drafts for _, sha256 in named_in(answers)}
    rows = connection.execute(
        f"{_ROW} WHERE state = 'kept' AND sha256 NOT IN (SELECT photo FROM submission_photo)"
    )
    return [row for row in (PhotoRow(*each) for each in rows.fetchall()) if row.sha256 not in begun]


def drop(connection: sqlite3.Connection, sha256: str) -> None:
    connection.execute("DELETE FROM photo WHERE sha256 = ? AND state IN ('kept', 'stored')", (sha256,))
