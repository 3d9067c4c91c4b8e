"""What the tablet says of the rows it holds: a term beside each row as it was received, a digest for each village.

Both are stored in the transaction that stores the page. A village whose cursor moves has none (``digest`` NULL)
until it is read to the feed's head again; then it is added up from the terms. At the end of each contact one
village, in turn, is counted from the rows themselves, byte for byte as they lie in the file: a row that has
rotted there since it was received gets the term it now has, and the next contact finds it.

Only what the hub sent counts: entities of the tablet's own that the hub does not have yet, and everything a
waiting submission lays over a row, stand outside.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from sync import digest
from sync.codec import from_json
from sync.messages import Conflict, EntityState
from sync.strict import MessageFault

# Of a row that cannot be read any more: no SHA-256 anybody could have made.
_UNREADABLE = "0" * (digest.BITS // 4)


def settle(connection: sqlite3.Connection) -> None:
    """After a reply that left nothing to read: every village read has its digest, one is counted from its rows."""
    open_ones = connection.execute(
        "SELECT code, digest IS NULL FROM village WHERE assigned AND seq IS NOT NULL ORDER BY recounted, code"
    ).fetchall()
    for code, _ in open_ones[:1]:
        _keep(connection, code, _from_rows(connection, code))
        connection.execute(
            "UPDATE village SET recounted = (SELECT max(recounted) + 1 FROM village) WHERE code = ?", (code,)
        )
    for code, unknown in open_ones[1:]:
        if unknown:
            _keep(connection, code, _from_terms(connection, code))


def _keep(connection: sqlite3.Connection, village: str, terms: Iterable[str]) -> None:
    told = str(digest.of_terms(terms))
    connection.execute("UPDATE village SET digest = ? WHERE code = ?", (told, village))


def _from_terms(connection: sqlite3.Connection, village: str) -> list[str]:
    rows = connection.execute("SELECT term FROM entity WHERE village = ? AND at_hub", (village,))
    terms = [row[0] for row in rows]
    # A file of an earlier version has rows without one.
    return _from_rows(connection, village) if None in terms else terms


def _from_rows(connection: sqlite3.Connection, village: str) -> list[str]:
    rows = connection.execute(
        "SELECT rowid, term, dataset, id, village, version, updated_at, CAST(props AS BLOB),"
        " CAST(conflicts AS BLOB) FROM entity WHERE village = ? AND at_hub",
        (village,),
    ).fetchall()
    found = [(rowid, term, _term(*row)) for rowid, term, *row in rows]
    changed = [(now, rowid) for rowid, term, now in found if term != now]
    connection.executemany("UPDATE entity SET term = ? WHERE rowid = ?", changed)
    return [now for _, _, now in found]


def _term(
    dataset: str, id: str, village: str, version: int, updated_at: str, props: bytes, conflicts: bytes
) -> str:
    try:
        open_ones = tuple(from_json(Conflict, each) for each in json.loads(conflicts))
        state = EntityState(dataset, id, village, version, json.loads(props), open_ones, updated_at)
        return digest.term(state)
    except (ValueError, TypeError, AttributeError, MessageFault):
        return _UNREADABLE


def kept(connection: sqlite3.Connection) -> dict[str, str]:
    """Village → digest, of those read to their heads; nothing while there is more to read."""
    whole = connection.execute("SELECT whole FROM contact").fetchone()[0]
    rows = connection.execute(
        "SELECT code, digest FROM village WHERE assigned AND seq IS NOT NULL ORDER BY code"
    ).fetchall()
    return dict(rows) if whole and all(each for _, each in rows) else {}


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
