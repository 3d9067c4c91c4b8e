"""What a tablet does when it learns that it is revoked: unsent work goes into a sealed file, the rest is wiped.

The order makes it safe to be killed anywhere. That it is revoked is stored first, and from then on nothing is sent.
Then, in one transaction: what is unsent is read, the sealed file is written beside its name, flushed to the disk and
renamed, and only then is everything deleted and the transaction committed. Killed before the commit, all records are
still here and the file is made again; killed after it, the file is whole. A draft saved meanwhile waits for the
transaction, so nothing is wiped that is not in the file.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, cast

from sync import replica_photos
from sync.album import Album
from sync.codec import canonical, own_submission, to_json, to_text
from sync.replica import Identity, Replica, Rescue
from sync.replica_schema import ReplicaProblem, writing
from sync.replica_sync import identity, screens
from sync.sealed import Seal, Sealing

RECORDS: Final = "rescue.json"
SUFFIX: Final = ".rescue"
VERSION: Final = 1
_STAYS: Final = frozenset({"form", "rescue", "contact"})

Photo = tuple[str, Path]
"""SHA-256 and file of a photo without a receipt."""


def carry_out(replica: Replica, folder: Path, seal: Seal) -> Rescue | None:
    """Whatever is still to be done on a revoked tablet; None: it is not revoked. May be called at any time and any
    number of times. ``folder``: where the file goes. Raises `ReplicaProblem` (a full disk …): then nothing is lost,
    and the next call goes on.

    Without the county's key unsent work cannot be sealed: it stays here, unsealed, and only what has receipts goes.
    """
    album = Album(replica)
    with writing(replica.db) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        me = identity(connection)
        if me is not None and me.revoked_at is not None:
            _seal_and_wipe(connection, me, folder, seal, _unsent_photos(connection, album), replica.clock())
    return _finish(replica, album)


def _seal_and_wipe(
    connection: sqlite3.Connection, me: Identity, folder: Path, seal: Seal, photos: Sequence[Photo],
    now: datetime,
) -> None:  # fmt: skip
    kept = _unsent(connection, me, now)
    unsent = bool(kept["submissions"] or kept["drafts"] or photos)
    if unsent and not me.county_key:
        _wipe_received(connection)
        return
    path = folder / f"cleanheat-{me.county}-{me.device[:8]}{SUFFIX}"
    if unsent:
        _write(path, me, seal, {**kept, "photos": [digest for digest, _ in photos]}, photos)
    _wipe(connection)
    connection.execute(
        "INSERT OR REPLACE INTO rescue VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (me.device, me.person_name, me.county_name, kept["made_at"], str(path) if unsent else "",
         len(kept["submissions"]), len(kept["drafts"]), len(photos)),
    )  # fmt: skip


def _unsent_photos(connection: sqlite3.Connection, album: Album) -> list[Photo]:
    """Those of unfinished drafts as well: what has no receipt, nobody else has."""
    rows = [row for row in replica_photos.every(connection) if row.state in ("kept", "waiting")]
    files = [(row.sha256, album.path(row.sha256, row.kind)) for row in rows]
    return [(digest, file) for digest, file in files if file.is_file()]


def _finish(replica: Replica, album: Album) -> Rescue | None:
    """What a transaction cannot do: photos are files, and deleted rows are still in the write-ahead log."""
    done, me = replica.rescue(), replica.identity()
    if me is not None and me.revoked_at is not None:
        album.forget_safe()
    if done is None or done.wiped or me is not None:
        return done
    shutil.rmtree(album.folder, ignore_errors=True)
    busy = replica.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if not busy:
        with writing(replica.db) as connection:
            connection.execute("UPDATE rescue SET wiped = 1")
    return replica.rescue()


def _unsent(connection: sqlite3.Connection, me: Identity, now: datetime) -> dict[str, Any]:
    """The contents of `RECORDS`: submissions exactly as they would have been sent, in chain order."""
    offset = connection.execute("SELECT clock_offset_s FROM contact").fetchone()[0]
    waiting = [
        own_submission(body)
        for (body,) in connection.execute("SELECT body FROM submission WHERE state = 'waiting' ORDER BY seq")
    ]
    drafts = connection.execute(
        "SELECT id, form, form_version, village, household, corrects, answers, updated_at FROM draft ORDER BY id"
    )
    names = ("id", "form", "form_version", "village", "household", "corrects", "answers", "updated_at")
    return {
        "rescue": VERSION, "device": me.device, "county": me.county, "person": me.person,
        "person_name": me.person_name, "history": me.history, "made_at": to_text(now),
        "clock_offset_s": offset or 0,
        "submissions": [to_json(each) for each in waiting],
        "screens": screens(connection, waiting),
        "drafts": [
            {**dict(zip(names, row, strict=True)), "answers": json.loads(row[6])} for row in drafts
        ],
        "villages": dict(connection.execute("SELECT code, name FROM village")),
    }  # fmt: skip


def _write(path: Path, me: Identity, seal: Seal, kept: dict[str, Any], photos: Sequence[Photo]) -> None:
    """The file under its name, whole and on the disk, or not at all. Raises `ReplicaProblem`."""
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            sealing = Sealing.begin(file, me.county_key, me.county, seal)
            with zipfile.ZipFile(cast(IO[bytes], sealing), "w", zipfile.ZIP_DEFLATED) as archive:
                # Drafts hold whatever was typed, also half a letter; records hold none.
                archive.writestr(RECORDS, canonical(kept).encode(errors="replace"))
                for digest, photo in photos:
                    archive.write(photo, f"photos/{digest}", zipfile.ZIP_STORED)
            sealing.finish()
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as fault:
        raise ReplicaProblem(
            "rescue_failed",
            f"救援文件没有写成：{fault.strerror}。",
            "记录都还在本机。请腾出存储空间，然后重新打开应用。",
        ) from fault


def _wipe(connection: sqlite3.Connection) -> None:
    """Every table that anybody ever added, but for what says nothing about people."""
    connection.execute("PRAGMA defer_foreign_keys = ON")
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in names:
        if name not in _STAYS and not name.startswith("sqlite_"):
            connection.execute(f'DELETE FROM "{name}"')
    connection.execute("UPDATE contact SET last_contact_at = NULL, clock_offset_s = NULL")


def _wipe_received(connection: sqlite3.Connection) -> None:
    """Registry, accounts and receipts; what has none stays as it is."""
    for table in ("household_row", "entity", "person"):
        connection.execute(f"DELETE FROM {table}")
    gone = "SELECT id FROM submission WHERE state != 'waiting'"
    connection.execute(f"DELETE FROM target WHERE submission IN ({gone})")
    connection.execute(f"DELETE FROM submission WHERE id IN ({gone})")
