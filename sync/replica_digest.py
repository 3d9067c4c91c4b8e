"""What the tablet says of the rows it holds: a term beside each row as it was received, a digest for each village.

Both are stored in the transaction that stores the page. A village whose cursor moves has none (``digest`` NULL)
until it is read to the feed's head again; then it is added up from the terms. At the end of each contact some rows,
in turn, are counted as they lie in the file, byte for byte: one that has rotted there since it was received gets the
term it now has, and the next contact finds it.

Only what the hub sent counts: entities of the tablet's own that the hub does not have yet, and everything a
waiting submission lays over a row, stand outside.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, TypeAlias

from sync import digest
from sync.codec import from_json
from sync.messages import Conflict, EntityState
from sync.replica_view import NONE
from sync.strict import MessageFault

ROWS_PER_CONTACT = 200
_Row: TypeAlias = tuple[Any, ...]
_ROWS = (
    "SELECT rowid, term, dataset, id, village, version, updated_at, CAST(props AS BLOB), CAST(conflicts AS BLOB)"
    " FROM entity WHERE at_hub"
)
# Of a row that cannot be read any more: no SHA-256 anybody could have made.
_UNREADABLE = "0" * (digest.BITS // 4)


def settle(connection: sqlite3.Connection) -> None:
    """After a reply that left nothing to read: some rows are counted, and every village read has its digest. One
    village, in turn, is added up though nothing is known to have changed: a row may be gone."""
    _recount_some(connection)
    villages = connection.execute(
        "SELECT code, digest FROM village WHERE assigned AND seq IS NOT NULL ORDER BY added_up, code"
    ).fetchall()
    for place, (code, known) in enumerate(villages):
        if known is None or not place:
            told = str(digest.of_terms(_terms(connection, code)))
            if told != known:
                connection.execute("UPDATE village SET digest = ? WHERE code = ?", (told, code))
    for code, _ in villages[:1]:
        connection.execute(
            "UPDATE village SET added_up = (SELECT max(added_up) + 1 FROM village) WHERE code = ?", (code,)
        )


def _recount_some(connection: sqlite3.Connection) -> None:
    """The next rows after those of the last contact; after the last row the first again."""
    after = connection.execute("SELECT recounted FROM contact").fetchone()[0]
    rows = connection.execute(
        f"{_ROWS} AND rowid > ? ORDER BY rowid LIMIT ?", (after, ROWS_PER_CONTACT)
    ).fetchall()
    for village in _counted(connection, rows):
        connection.execute("UPDATE village SET digest = NULL WHERE code = ?", (village,))
    last = rows[-1][0] if len(rows) == ROWS_PER_CONTACT else 0
    connection.execute("UPDATE contact SET recounted = ?", (last,))


def _terms(connection: sqlite3.Connection, village: str) -> list[str]:
    query = "SELECT term FROM entity WHERE village = ? AND at_hub"
    terms = [row[0] for row in connection.execute(query, (village,))]
    if None in terms:  # a file of an earlier version has rows without one
        _counted(connection, connection.execute(f"{_ROWS} AND village = ?", (village,)).fetchall())
        terms = [row[0] for row in connection.execute(query, (village,))]
    return terms


def _counted(connection: sqlite3.Connection, rows: Iterable[_Row]) -> set[str]:
    """Give rows the terms that their content has; the villages of those whose term was another."""
    found = [(_term(*row), term, rowid, row[2]) for rowid, term, *row in rows]
    changed = [(now, rowid, village) for now, term, rowid, village in found if now != term]
    for now, rowid, _ in changed:
        connection.execute("UPDATE entity SET term = ? WHERE rowid = ?", (now, rowid))
    return {village for _, _, village in changed}


def _term(
    dataset: str, id: str, village: str, version: int, updated_at: str, props: bytes, conflicts: bytes
) -> str:
    try:
        told = [] if conflicts == NONE.encode() else json.loads(conflicts)
        open_ones = tuple(from_json(Conflict, each) for each in told)
        state = EntityState(dataset, id, village, version, json.loads(props), open_ones, updated_at)
        return digest.term(state)
    except (ValueError, TypeError, AttributeError, MessageFault):
        return _UNREADABLE


def reread(connection: sqlite3.Connection, villages: Iterable[str]) -> tuple[str, ...]:
    """The hub wants these read anew; gives those that are ours. What is shown stays until the snapshot has
    replaced it. Their records with a receipt are offered again: if it is the hub that has lost something, they
    bring it back, and if not, a resend does nothing."""
    ours = []
    for code in villages:
        found = connection.execute(
            "UPDATE village SET seq = NULL, head = NULL, after = NULL, digest = NULL"
            " WHERE code = ? AND assigned",
            (code,),
        )
        if found.rowcount:
            # Without a history no version here is newer than what comes, however it came to be written.
            connection.execute("UPDATE entity SET history = NULL WHERE village = ? AND at_hub", (code,))
            connection.execute(
                "UPDATE submission SET state = 'waiting' WHERE village = ? AND verdict IS NOT NULL", (code,)
            )
            ours.append(code)
    return tuple(ours)
