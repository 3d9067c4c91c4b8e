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

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server import statements
from server.access.callers import Caller
from server.access.tables import Tablet
from server.database import among, insert_absent, parts, read, table_of, write
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


# A tablet asks of every photo what some of these answer, and each is built once.
_UPLOAD: Final = table_of(PhotoUpload)
_ITS_UPLOADS: Final = (_UPLOAD.c.county == bindparam("county"), _UPLOAD.c.device == bindparam("device"))
_ITS_UPLOAD: Final = (*_ITS_UPLOADS, _UPLOAD.c.sha256 == bindparam("sha256"))
_ALL_COMING: Final = select(_UPLOAD.c.sha256).where(*_ITS_UPLOADS).order_by(_UPLOAD.c.begun_at)
_COMING: Final = select(_UPLOAD.c.bytes, _UPLOAD.c.of).where(*_ITS_UPLOAD)
_COME: Final = delete(_UPLOAD).where(*_ITS_UPLOAD)
_PHOTO: Final = table_of(Photo).c
_STORED: Final = select(_PHOTO.bytes).where(
    _PHOTO.county == bindparam("county"), _PHOTO.sha256 == bindparam("sha256")
)
_NAME: Final = table_of(PhotoName).c
_NAMED: Final = (
    select(_NAME.sha256).where(_NAME.county == bindparam("county"), among(_NAME.sha256, "photos")).distinct()
)
_TABLET: Final = table_of(Tablet)
_ONE_LESS: Final = (
    update(_TABLET)
    .where(
        _TABLET.c.county == bindparam("of_county"),
        _TABLET.c.device == bindparam("of_device"),
        _TABLET.c.photos_waiting > 0,
    )
    .values(photos_waiting=_TABLET.c.photos_waiting - 1)
)


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


def begin(desk: PhotoDesk, tablet: Caller, wanted: Wanted, now: datetime) -> Arriving:
    """Makes an upload, or takes one up where it stands. Raises Problem `photo_too_large` or `photo_unnamed`."""
    limit = THUMBNAIL_BYTES_MAX if wanted.of else PHOTO_BYTES_MAX
    if not 0 < wanted.bytes <= limit:
        raise too_large()
    with read(desk.engine) as session:
        if not _named(session, tablet.county, [wanted.of or wanted.sha256]):
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


def at(desk: PhotoDesk, tablet: Caller, sha256: str, now: datetime) -> Arriving:
    """Where a photo stands for this tablet; come to its end, it is stored. Raises Problem `not_found`, or as finish."""
    stored = _stored(desk, tablet, sha256, "", now)
    if stored is not None:
        return stored
    with read(desk.engine) as session:
        upload = _upload(session, tablet, sha256)
    if upload is None:
        raise Problem(
            "not_found", 404, N_("没有这张照片的上传。"), N_("请重新开始上传；照片仍保存在平板上。")
        )
    come = desk.files.offset(tablet.county, sha256, tablet.device)
    # All there, and killed before it was looked at.
    return Arriving(come, upload.bytes) if come < upload.bytes else finish(desk, tablet, sha256, now)


def finish(desk: PhotoDesk, tablet: Caller, sha256: str, now: datetime) -> Arriving:
    """The last byte is there: check, put in place, write the row. Raises Problem `photo_hash` or `photo_type`.

    The row is the receipt: it is written after file and folder are on the disk. Killed before it, the file is found
    in its place at the next question, checked once more, and gets its row then.
    """
    with read(desk.engine) as session:
        upload = _upload(session, tablet, sha256)
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
    return _receive(desk, tablet, upload, found, now)


def too_large() -> Problem:
    return Problem(
        "photo_too_large", 413, N_("照片太大，没有收下。"), N_("请用较低的分辨率重新拍照并更正记录。")
    )


def _receive(desk: PhotoDesk, tablet: Caller, wanted: Wanted, found: Picture, now: datetime) -> Arriving:
    with write(desk.engine) as session:
        row = {"county": tablet.county, "sha256": wanted.sha256, "kind": found.kind, "bytes": wanted.bytes,
               "width": found.width, "height": found.height, "of": wanted.of, "device": tablet.device,
               "received_at": now}  # fmt: skip
        insert_absent(session, Photo, [row])
        if _forget(session, tablet, wanted.sha256) and not wanted.of:
            _not_waiting(session, tablet)
    return Arriving(wanted.bytes, wanted.bytes)


def _not_waiting(session: Session, tablet: Caller) -> None:
    """One photo less than the tablet said: photos come after its contact, and the next may be weeks away."""
    statements.run(session, _ONE_LESS, {"of_county": tablet.county, "of_device": tablet.device})


def _discard(desk: PhotoDesk, tablet: Caller, sha256: str) -> None:
    with write(desk.engine) as session:
        _forget(session, tablet, sha256)


def _forget(session: Session, tablet: Caller, sha256: str) -> bool:
    """Whether the tablet was sending it."""
    return bool(statements.run(session, _COME, _of(tablet, sha256)))


def _of(tablet: Caller, sha256: str) -> dict[str, str]:
    return {"county": tablet.county, "device": tablet.device, "sha256": sha256}


def _upload(session: Session, tablet: Caller, sha256: str) -> Wanted | None:
    """What the tablet is sending under this name."""
    rows = statements.rows(session, _COMING, _of(tablet, sha256))
    return next((Wanted(sha256, bytes, of) for bytes, of in rows), None)


def _named(session: Session, county: str, photos: Sequence[str]) -> set[str]:
    """Those of the photos that a record names."""
    return {sha256 for (sha256,) in statements.rows(session, _NAMED, {"county": county, "photos": photos})}


def _stored(desk: PhotoDesk, tablet: Caller, sha256: str, of: str, now: datetime) -> Arriving | None:
    """Whether the whole of it is here: the row and the file. A row without its file (the folder was not brought back
    with the database) is no receipt; a file without its row (the database was brought back alone) gets it here.
    """
    with read(desk.engine) as session:
        whole = statements.rows(session, _STORED, {"county": tablet.county, "sha256": sha256})
        upload = _upload(session, tablet, sha256)
        known = whole or of or upload is not None or _named(session, tablet.county, [sha256])
    path = desk.files.path(tablet.county, sha256)
    if not known or not path.is_file():
        return None
    if whole:
        if upload is not None:  # another tablet was faster
            desk.files.forget(tablet.county, sha256, tablet.device)
            _discard(desk, tablet, sha256)
        ((size,),) = whole
        return Arriving(size, size)
    found = desk.files.examined(tablet.county, sha256)
    if found is None:
        return None
    wanted = Wanted(sha256, path.stat().st_size, of or (upload.of if upload else ""))
    return _receive(desk, tablet, wanted, found, now)


def _make_room(desk: PhotoDesk, session: Session, tablet: Caller, sha256: str) -> None:
    mine = {"county": tablet.county, "device": tablet.device}
    spare = [other for (other,) in statements.rows(session, _ALL_COMING, mine) if other != sha256]
    for other in spare[: max(0, len(spare) - UPLOADS_PER_TABLET_MAX + 1)]:
        _forget(session, tablet, other)
        desk.files.forget(tablet.county, other, tablet.device)


# --- many at once -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Of the photos asked about: which are safe, how far others have come, and which no record names."""

    stored: Sequence[str]
    offsets: dict[str, int]
    unnamed: Sequence[str]


def standing(desk: PhotoDesk, tablet: Caller, asked: Collection[str], now: datetime) -> Standing:
    """One answer where a tablet would have to ask for each: after a lost reply, a restart, a restore."""
    assert all(SHA256.fullmatch(each) for each in asked), "read before"
    county = tablet.county
    with read(desk.engine) as session:
        named: set[str] = set()
        for some in parts(sorted(asked)):
            named |= _named(session, county, some)
    stored, offsets = [], {}
    for sha256 in sorted(asked):
        if _stored(desk, tablet, sha256, "", now) is not None:
            stored.append(sha256)
        else:
            offsets[sha256] = desk.files.offset(county, sha256, tablet.device)
    return Standing(
        stored, {sha256: n for sha256, n in offsets.items() if n}, sorted(set(asked) - named - set(stored))
    )
