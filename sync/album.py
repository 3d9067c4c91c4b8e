"""The tablet's photos as files, under their content's hash, beside its database.

Order is what makes it safe: file first (written aside, synced, renamed, its folder synced), then its row, then the
answer that names it. A tablet killed in between has a file nobody names, which the next start takes away; never a
record that names a file which is not there.
"""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sync import replica_photos
from sync.codec import to_text
from sync.photos import PHOTO_BYTES_MAX, THUMBNAIL_BYTES_MAX, look
from sync.replica import Replica, ReplicaProblem
from sync.replica_photos import Due, PhotoRow, PhotoState
from sync.replica_schema import reading, writing

FOLDER = "photos"


@dataclass(frozen=True)
class Album:
    """Photos of one tablet; belongs, like its replica, to the thread that opened that."""

    replica: Replica

    @property
    def folder(self) -> Path:
        """Beside the database."""
        database = self.replica.db.conn.execute("PRAGMA database_list").fetchone()[2]
        return Path(database).parent / FOLDER

    def path(self, sha256: str, kind: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}.{kind}"

    # --- taking and showing ---

    def keep(self, content: bytes, small: bytes = b"") -> PhotoRow:
        """A photo, durably, with its thumbnail if there is one. Raises `ReplicaProblem`: ``not_a_photo``,
        ``photo_too_large``, or what a full disk raises; then there is none."""
        found = look(content)
        if found is None:
            raise ReplicaProblem(
                "not_a_photo", "这个文件不是能打开的照片。", "请重新拍照，或选择 JPEG、PNG、WebP 文件。"
            )
        if len(content) > PHOTO_BYTES_MAX:
            raise ReplicaProblem("photo_too_large", "照片太大，没有保存。", "请用较低的分辨率重新拍照。")
        if len(small) > THUMBNAIL_BYTES_MAX or look(small) is None:
            small = b""
        row = PhotoRow(
            hashlib.sha256(content).hexdigest(), found.kind, len(content),
            hashlib.sha256(small).hexdigest() if small else "", len(small), to_text(self.replica.clock()),
        )  # fmt: skip
        try:
            _write(self.path(row.sha256, row.kind), content)
            if small:
                _write(self.path(row.small, "jpg"), small)
        except OSError as fault:
            raise _told(fault) from fault
        with writing(self.replica.db) as connection:
            replica_photos.keep(connection, row)
        return row

    def one(self, sha256: str) -> PhotoRow | None:
        with reading(self.replica.db) as connection:
            return replica_photos.one(connection, sha256)

    def of_submission(self, submission: str) -> list[PhotoRow]:
        """What is here of the photos a record names."""
        with reading(self.replica.db) as connection:
            return replica_photos.of_submission(connection, submission)

    # --- for the uploads ---

    def due(self) -> list[tuple[Due, Due | None]]:
        with reading(self.replica.db) as connection:
            return replica_photos.due(connection)

    def piece(self, due: Due, offset: int, size_max: int) -> bytes | None:
        """The bytes from there on; None if the file is not there or ends before."""
        try:
            with self.path(due.sha256, due.kind).open("rb") as file:
                file.seek(offset)
                return file.read(size_max) or None
        except OSError:
            return None

    def whole(self, due: Due) -> bool:
        """Whether the file still is what its name says."""
        try:
            content = self.path(due.sha256, due.kind).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == due.sha256

    def arrived(self, sha256: str, sent: int) -> None:
        with writing(self.replica.db) as connection:
            replica_photos.arrived(connection, sha256, sent)

    def stored(self, sha256: str) -> None:
        with writing(self.replica.db) as connection:
            replica_photos.stored(connection, sha256)

    def refused(self, sha256: str, state: PhotoState, reason: str) -> None:
        with writing(self.replica.db) as connection:
            replica_photos.refused(connection, sha256, state, reason)

    # --- what nobody needs ---

    def sweep(self) -> int:
        """Take away what nothing names and nothing waits for; how many files. At the app's start only: while it runs,
        a photo may have been kept whose answer is just being given."""
        answers = [draft.answers for draft in self.replica.drafts()]
        with writing(self.replica.db) as connection:
            for row in replica_photos.unnamed(connection, answers):
                replica_photos.drop(connection, row.sha256)
            known = {each for row in replica_photos.every(connection) for each in (row.sha256, row.small)}
        gone = [path for path in self.folder.glob("??/*") if path.stem not in known]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def forget_safe(self) -> int:
        """Delete the files, not the receipts, of photos that have theirs: of a lost tablet that is to be wiped."""
        with reading(self.replica.db) as connection:
            safe = [row for row in replica_photos.every(connection) if row.state == "stored"]
        for row in safe:
            self.path(row.sha256, row.kind).unlink(missing_ok=True)
            if row.small:
                self.path(row.small, "jpg").unlink(missing_ok=True)
        return len(safe)


def _write(path: Path, content: bytes) -> None:
    """All of it under its name, or nothing; on the disk when this returns."""
    if path.is_file() and path.stat().st_size == len(content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _told(fault: OSError) -> ReplicaProblem:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return ReplicaProblem(
            "photo_disk_full",
            "平板存储空间已满，照片没有保存。",
            "请删除平板上不用的照片或应用，再拍一次；以前保存的内容都在。",
        )
    return ReplicaProblem(
        "photo_disk_fault",
        "照片没有保存：平板存储读写失败。",
        "请确认存储空间未满，然后再拍一次；以前保存的内容都在。",
    )
