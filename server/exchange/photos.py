"""Photos as the office takes them: only what a record names, whole and checked before it has a receipt.

The bytes are ``photo_files``', HTTP is ``photo_endpoint``'s; here is what may come, how much of it there is, and the
row that says it is safe. tus itself is not a library's here: content under its hash makes every creation a resumption,
the receipt waits for the hash, and an upload is one tablet's; what is left of tus beside that is three headers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, delete, select

from server.access.tables import Tablet
from server.database import insert_absent, parts, read, write
from server.exchange.photo_files import NoPicture, OtherContent, PhotoFiles
from server.exchange.tables import Photo, PhotoName, PhotoUpload
from server.web import N_, Problem
from sync.facts import Record
from sync.photos import (
    PHOTO_BYTES_MAX,
    PHOTOS_PER_SUBMISSION,
    SHA256,
    THUMBNAIL_BYTES_MAX,
    Picture,
    named_in,
)

# Of one tablet at a time; more than it ever sends side by side. The oldest makes room, and begins anew.
UPLOADS_PER_TABLET_MAX: Final = 20
CHECKSUM_MISMATCH: Final = 460  # tus: the checksum extension's own status


@dataclass(frozen=True)
class Wanted:
    """A photo as a tablet announces it; ``of``: the photo it is a thumbnail of, or empty."""

    sha256: str
    bytes: int
    of: str = ""


@dataclass(frozen=True)
class Arriving:
    """How much of a photo there is, and of how much; whole means stored and safe."""

    offset: int
    bytes: int

    @property
    def whole(self) -> bool:
        return self.offset == self.bytes


@dataclass(frozen=True)
class PhotoDesk:
    """What taking a photo needs; ``engine`` and ``files`` are the application's."""

    engine: Engine
    files: PhotoFiles


def note(session: Session, county: str, records: Iterable[Record]) -> None:
    """Which photos these lines of the journal name; in the transaction that writes the lines."""
    rows = [
        {"county": county, "sha256": sha256, "submission": entry.id, "path": path,
         "village": entry.submission.village}
        for entry in records
        if entry.submission and entry.kind != "office"
        for path, sha256 in _first(entry.submission.answers)
    ]  # fmt: skip
    insert_absent(session, PhotoName, rows)


def _first(answers: object) -> list[tuple[str, str]]:
    """Each photo at the first place that names it."""
    found: dict[str, str] = {}
    for path, sha256 in named_in(answers):
        found.setdefault(sha256, path)
        if len(found) == PHOTOS_PER_SUBMISSION:
            break
    return [(path, sha256) for sha256, path in found.items()]


# --- one photo --------------------------------------------------------------------------------------------------


def begin(desk: PhotoDesk, tablet: Tablet, wanted: Wanted, now: datetime) -> Arriving:
    """Makes an upload, or takes one up where it stands. Raises Problem `photo_too_large` or `photo_unnamed`."""
    limit = THUMBNAIL_BYTES_MAX if wanted.of else PHOTO_BYTES_MAX
    if not 0 < wanted.bytes <= limit:
        raise too_large()
    with read(desk.engine) as session:
        if not _named(session, tablet.county, wanted.of or wanted.sha256):
            raise Problem(
                "photo_unnamed", 409, N_("服务器上还没有这张照片所属的记录。"),
                N_("请先把记录同步上来；照片仍保存在平板上。"),
            )  # fmt: skip
    stored = _stored(desk, tablet, wanted.sha256, wanted.of, now)
    if stored is not None:
        return stored
    with write(desk.engine) as session:
        _make_room(desk, session, tablet, wanted.sha256)
        row = {"county": tablet.county, "device": tablet.device, "sha256": wanted.sha256, "bytes": wanted.bytes,
               "of": wanted.of, "begun_at": now}  # fmt: skip
        insert_absent(session, PhotoUpload, [row])
    return at(desk, tablet, wanted.sha256, now)


def at(desk: PhotoDesk, tablet: Tablet, sha256: str, now: datetime) -> Arriving:
    """Where a photo stands for this tablet; come to its end, it is stored. Raises Problem `not_found`, or as finish."""
    stored = _stored(desk, tablet, sha256, "", now)
    if stored is not None:
        return stored
    with read(desk.engine) as session:
        upload = session.get(PhotoUpload, (tablet.county, tablet.device, sha256))
    if upload is None:
        raise Problem(
            "not_found", 404, N_("没有这张照片的上传。"), N_("请重新开始上传；照片仍保存在平板上。")
        )
    come = desk.files.offset(tablet.county, sha256, tablet.device)
    # All there, and killed before it was looked at.
    return Arriving(come, upload.bytes) if come < upload.bytes else finish(desk, tablet, sha256, now)


def finish(desk: PhotoDesk, tablet: Tablet, sha256: str, now: datetime) -> Arriving:
    """The last byte is there: check, put in place, write the row. Raises Problem `photo_hash` or `photo_type`.

    The row is the receipt: it is written after file and folder are on the disk. Killed before it, the file is found
    in its place at the next question, checked once more, and gets its row then.
    """
    with read(desk.engine) as session:
        upload = session.get(PhotoUpload, (tablet.county, tablet.device, sha256))
    if upload is None:
        return at(desk, tablet, sha256, now)
    try:
        found = desk.files.whole(tablet.county, sha256, tablet.device)
    except FileNotFoundError:
        return at(desk, tablet, sha256, now)
    except OtherContent:
        raise Problem(
            "photo_hash",
            CHECKSUM_MISMATCH,
            N_("照片在传送中损坏，没有收下。"),
            N_("会重新传送；照片仍保存在平板上。"),
        ) from None
    except NoPicture:
        _discard(desk, tablet, sha256)
        raise Problem(
            "photo_type", 422, N_("这个文件不是能打开的照片，没有收下。"),
            N_("请重新拍照并更正记录；只接受 JPEG、PNG、WebP 照片。"),
        ) from None  # fmt: skip
    return _receive(desk, tablet, Wanted(sha256, upload.bytes, upload.of), found, now)


def too_large() -> Problem:
    return Problem(
        "photo_too_large", 413, N_("照片太大，没有收下。"), N_("请用较低的分辨率重新拍照并更正记录。")
    )


def _receive(desk: PhotoDesk, tablet: Tablet, wanted: Wanted, found: Picture, now: datetime) -> Arriving:
    with write(desk.engine) as session:
        row = {"county": tablet.county, "sha256": wanted.sha256, "kind": found.kind, "bytes": wanted.bytes,
               "width": found.width, "height": found.height, "of": wanted.of, "device": tablet.device,
               "received_at": now}  # fmt: skip
        insert_absent(session, Photo, [row])
        if _forget(session, tablet, wanted.sha256) and not wanted.of:
            _not_waiting(session, tablet)
    return Arriving(wanted.bytes, wanted.bytes)


def _not_waiting(session: Session, tablet: Tablet) -> None:
    """One photo less than the tablet said: photos come after its contact, and the next may be weeks away."""
    session.connection().execute(
        update(Tablet)
        .where(
            col(Tablet.county) == tablet.county,
            col(Tablet.device) == tablet.device,
            col(Tablet.photos_waiting) > 0,
        )
        .values(photos_waiting=col(Tablet.photos_waiting) - 1)
    )


def _discard(desk: PhotoDesk, tablet: Tablet, sha256: str) -> None:
    with write(desk.engine) as session:
        _forget(session, tablet, sha256)


def _forget(session: Session, tablet: Tablet, sha256: str) -> bool:
    """Whether the tablet was sending it."""
    gone = session.connection().execute(
        delete(PhotoUpload).where(
            col(PhotoUpload.county) == tablet.county,
            col(PhotoUpload.device) == tablet.device,
            col(PhotoUpload.sha256) == sha256,
        )
    )
    return bool(gone.rowcount)


def _named(session: Session, county: str, sha256: str) -> bool:
    of_it = (col(PhotoName.county) == county, col(PhotoName.sha256) == sha256)
    return session.exec(select(PhotoName.submission).where(*of_it).limit(1)).first() is not None


def _stored(desk: PhotoDesk, tablet: Tablet, sha256: str, of: str, now: datetime) -> Arriving | None:
    """Whether the whole of it is here: the row and the file. A row without its file (the folder was not brought back
    with the database) is no receipt; a file without its row (the database was brought back alone) gets it here.
    """
    with read(desk.engine) as session:
        row = session.get(Photo, (tablet.county, sha256))
        upload = session.get(PhotoUpload, (tablet.county, tablet.device, sha256))
        known = row is not None or bool(of) or upload is not None or _named(session, tablet.county, sha256)
    path = desk.files.path(tablet.county, sha256)
    if not known or not path.is_file():
        return None
    if row is not None:
        if upload is not None:  # another tablet was faster
            desk.files.forget(tablet.county, sha256, tablet.device)
            _discard(desk, tablet, sha256)
        return Arriving(row.bytes, row.bytes)
    found = desk.files.examined(tablet.county, sha256)
    if found is None:
        return None
    wanted = Wanted(sha256, path.stat().st_size, of or (upload.of if upload else ""))
    return _receive(desk, tablet, wanted, found, now)


def _make_room(desk: PhotoDesk, session: Session, tablet: Tablet, sha256: str) -> None:
    mine = (col(PhotoUpload.county) == tablet.county, col(PhotoUpload.device) == tablet.device)
    open_n = session.exec(select(PhotoUpload).where(*mine).order_by(col(PhotoUpload.begun_at))).all()
    spare = [row for row in open_n if row.sha256 != sha256]
    for row in spare[: max(0, len(spare) - UPLOADS_PER_TABLET_MAX + 1)]:
        session.delete(row)
        desk.files.forget(tablet.county, row.sha256, tablet.device)
    session.flush()


# --- many at once -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Of the photos asked about: which are safe, how far others have come, and which no record names."""

    stored: Sequence[str]
    offsets: dict[str, int]
    unnamed: Sequence[str]


def standing(desk: PhotoDesk, tablet: Tablet, asked: Collection[str], now: datetime) -> Standing:
    """One answer where a tablet would have to ask for each: after a lost reply, a restart, a restore."""
    assert all(SHA256.fullmatch(each) for each in asked), "read before"
    county = tablet.county
    with read(desk.engine) as session:
        named: set[str] = set()
        for some in parts(sorted(asked)):
            of_them = (col(PhotoName.county) == county, col(PhotoName.sha256).in_(some))
            named |= set(session.exec(select(PhotoName.sha256).where(*of_them).distinct()))
    stored, offsets = [], {}
    for sha256 in sorted(asked):
        if _stored(desk, tablet, sha256, "", now) is not None:
            stored.append(sha256)
        else:
            offsets[sha256] = desk.files.offset(county, sha256, tablet.device)
    return Standing(
        stored, {sha256: n for sha256, n in offsets.items() if n}, sorted(set(asked) - named - set(stored))
    )
