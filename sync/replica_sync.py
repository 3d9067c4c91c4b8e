"""The tablet's store as the client asks it: who this tablet is, what waits to be sent, what a request states.

What comes back is ``replica_reply``'s.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from sync import replica_parts
from sync.codec import decode, submission_hash, villages_hash
from sync.messages import FORMER_DEVICES, ChainEnd, Cursor, PartSoFar, Screen, Submission, Village
from sync.replica_rows import Delay, Identity
from sync.replica_view import as_json
from sync.sealed import key_id

_IDENTITY = (
    "SELECT device, secret, server, county, county_name, person, person_name, history, county_key, enrol_again,"
    " revoked_at FROM identity"
)


# --- who this tablet is ------------------------------------------------------------------------------------


def identity(connection: sqlite3.Connection, stage: str = "current") -> Identity | None:
    row = connection.execute(f"{_IDENTITY} WHERE stage = ?", (stage,)).fetchone()
    return Identity(*row) if row else None


def new_identity(connection: sqlite3.Connection, fresh: Identity) -> Identity:
    """Store ``fresh`` as the identity to enrol with – or give back the one an unanswered enrolment at the
    same server was begun with, so that the hub knows the second attempt for the first."""
    begun = identity(connection, "pending")
    if begun and begun.server == fresh.server:
        return begun
    connection.execute(
        "INSERT OR REPLACE INTO identity (stage, device, secret, server) VALUES ('pending', ?, ?, ?)",
        (fresh.device, fresh.secret, fresh.server),
    )
    return fresh


def formers(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Ids this tablet has been enrolled under and still has records of, the present one included."""
    bodies = connection.execute("SELECT body FROM submission ORDER BY seq")
    made_by = [json.loads(body)["device"] for (body,) in bodies]
    current = connection.execute("SELECT device FROM identity WHERE stage = 'current'").fetchall()
    return tuple(dict.fromkeys([*made_by, *(device for (device,) in current)]))[-FORMER_DEVICES:]


def ends(connection: sqlite3.Connection) -> tuple[ChainEnd, ...]:
    """The last record under each id that this tablet has been enrolled under, the earliest id first."""
    last: dict[str, bytes] = {}
    for (body,) in connection.execute("SELECT body FROM submission ORDER BY seq"):
        device = json.loads(body)["device"]
        last.pop(device, None)
        last[device] = body
    made = [decode(Submission, body) for body in last.values()]
    return tuple(ChainEnd(each.device, each.device_seq, submission_hash(each)) for each in made)[
        -FORMER_DEVICES:
    ]


def note_revoked(connection: sqlite3.Connection, at: str) -> None:
    connection.execute(
        "UPDATE identity SET revoked_at = coalesce(revoked_at, ?) WHERE stage = 'current'", (at,)
    )


def move_server(connection: sqlite3.Connection, server: str) -> None:
    connection.execute("UPDATE identity SET server = ? WHERE stage = 'current'", (server,))


# --- what to send ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outgoing:
    """A waiting submission: its stored text, so that a batch is measured before anything is decoded."""

    seq: int
    id: str
    body: bytes


def next_batch(
    connection: sqlite3.Connection, limit: int, max_bytes: int, without: Collection[str]
) -> list[Outgoing]:
    """The first waiting ones in chain order that are not in ``without``; at least one, however large."""
    rows = connection.execute("SELECT seq, id, body FROM submission WHERE state = 'waiting' ORDER BY seq")
    batch: list[Outgoing] = []
    left = max_bytes
    for seq, id, body in rows:
        if id in without:
            continue
        left -= len(body) + 1
        if len(batch) == limit or (batch and left < 0):
            break
        batch.append(Outgoing(seq, id, body))
    return batch


def screens(connection: sqlite3.Connection, submissions: Collection[Submission]) -> Mapping[str, Screen]:
    """What stood on the screen when each of these was begun, where that was not what the hub had."""
    bases = {(each.id, target.dataset): target.base for each in submissions for target in each.targets}
    rows = connection.execute(
        "SELECT submission, dataset, changes, seen FROM target"
        " WHERE submission IN (SELECT value FROM json_each(?)) ORDER BY submission, dataset",
        (as_json([each.id for each in submissions]),),
    )
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for submission, dataset, changes, seen in rows:
        base, shown = bases[submission, dataset], json.loads(seen)
        screen = {name: shown.get(name, "") for name in json.loads(changes)}
        own = {name: value for name, value in screen.items() if value != base.get(name, "")}
        if own:
            found.setdefault(submission, {})[dataset] = own
    return found


def held(connection: sqlite3.Connection) -> dict[str, Cursor | None]:
    """Each village that is the tablet's, and how far it has read it; None: nothing yet."""
    rows = connection.execute("SELECT code, seq, head, after FROM village WHERE assigned ORDER BY code")
    return {code: _cursor(seq, head, after) for code, seq, head, after in rows}


def _cursor(seq: int | None, head: int | None, after: str | None) -> Cursor | None:
    return None if seq is None and head is None else Cursor(seq, head, after)


@dataclass(frozen=True)
class Stated:
    """What a request says of the tablet besides its submissions: `Request`."""

    device: str
    history: str | None
    chain_seq: int
    chain_hash: str
    waiting: int
    villages_hash: str
    held: dict[str, Cursor | None]
    forms: tuple[str, ...]
    digests: dict[str, str]
    county_key: str
    challenge: str | None
    photos_waiting: int
    part: PartSoFar | None


def stated(connection: sqlite3.Connection) -> Stated:
    """Of a tablet that is enrolled."""
    device, history, seq, chain_hash, county_key, challenge, waiting, photos, whole, part = (
        connection.execute(
            "SELECT device, history, chain_seq, chain_hash, county_key, challenge,"
            " (SELECT count(*) FROM submission WHERE state = 'waiting'),"
            " (SELECT count(*) FROM photo WHERE state = 'waiting'), (SELECT whole FROM contact),"
            " (SELECT name FROM part)"
            " FROM identity WHERE stage = 'current'"
        ).fetchone()
    )
    villages = connection.execute(
        "SELECT code, name, township_name, area_class, seq, head, after, digest FROM village WHERE assigned"
        " ORDER BY code"
    ).fetchall()
    digests = {row[0]: row[-1] for row in villages if row[4] is not None}
    forms = connection.execute("SELECT id || '@' || version FROM form ORDER BY id, version")
    return Stated(
        device, history, seq, chain_hash, waiting, villages_hash(Village(*row[:4]) for row in villages),
        {row[0]: _cursor(*row[4:7]) for row in villages}, tuple(row[0] for row in forms),
        # Nothing while there is more to read.
        digests if whole and all(digests.values()) else {},
        key_id(county_key), challenge, photos, replica_parts.so_far(connection) if part else None,
    )  # fmt: skip


def assigned(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT code FROM village WHERE assigned")}


def waiting_ids(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT id FROM submission WHERE state = 'waiting' ORDER BY seq")
    return [row[0] for row in rows]


def postpone(connection: sqlite3.Connection, delay: Delay) -> bool:
    """Note on a waiting record why it has no verdict yet; False if it is not waiting here."""
    changed = connection.execute(
        "UPDATE submission SET not_yet = ? WHERE id = ? AND state = 'waiting'",
        (as_json(asdict(delay)), delay.submission),
    )
    return bool(changed.rowcount)
