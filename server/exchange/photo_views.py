"""Photos as records name them: which are here, which have not arrived, who took them and when.

Apart from ``photos`` because that takes them in and this shows them; both know a photo by its content alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_
from sqlmodel import Session, col, select

from server.database import parts
from server.exchange.tables import Photo, PhotoName, SubmissionRow


@dataclass(frozen=True)
class PhotoShown:
    """A photo that a record names. `stored` None: it has not arrived. `small`: the hash of what to show small, its
    thumbnail if that has come, else itself; empty where neither has.
    """

    county: str
    sha256: str
    submission: str
    path: str
    form: str
    form_version: str
    person: str
    observed_at: str
    received_at: datetime
    stored: Photo | None
    small: str

    @property
    def name(self) -> str:
        """As answers and properties name it, once its kind is known."""
        return f"{self.sha256}.{self.stored.kind if self.stored else 'jpg'}"


def of_submissions(session: Session, county: str, submissions: Collection[str]) -> list[PhotoShown]:
    """Every photo these records name, the newest record first, each at the newest record that names it."""
    found: dict[str, PhotoShown] = {}
    rows = [row for some in parts(sorted(submissions)) for row in _named(session, county, some)]
    rows.sort(key=lambda row: row[0].path)
    rows.sort(key=lambda row: (row[1].received_at, row[1].position), reverse=True)
    small = _thumbnails(session, county, {name.sha256 for name, _, _ in rows})
    for name, line, photo in rows:
        if name.sha256 not in found:
            found[name.sha256] = PhotoShown(
                county, name.sha256, line.id, name.path, line.form, line.form_version, line.person,
                line.observed_at, line.received_at, photo,
                small.get(name.sha256, name.sha256 if photo else ""),
            )  # fmt: skip
    return list(found.values())


def _named(
    session: Session, county: str, submissions: Sequence[str]
) -> Sequence[tuple[PhotoName, SubmissionRow, Photo | None]]:
    of_name = and_(
        col(SubmissionRow.county) == col(PhotoName.county), col(SubmissionRow.id) == col(PhotoName.submission)
    )
    of_photo = and_(col(Photo.county) == col(PhotoName.county), col(Photo.sha256) == col(PhotoName.sha256))
    asked = (
        select(PhotoName, SubmissionRow, Photo)
        .join(SubmissionRow, of_name)
        .outerjoin(Photo, of_photo)
        .where(col(PhotoName.county) == county, col(PhotoName.submission).in_(submissions))
    )
    return session.exec(asked).all()


def _thumbnails(session: Session, county: str, photos: Collection[str]) -> dict[str, str]:
    """Photo → its thumbnail, for those that have one."""
    found: dict[str, str] = {}
    for some in parts(sorted(photos)):
        asked = select(Photo.of, Photo.sha256).where(col(Photo.county) == county, col(Photo.of).in_(some))
        found |= dict(session.exec(asked).all())
    return found


@dataclass(frozen=True)
class Kept:
    """A photo or thumbnail that is here, and the villages of the records that name it."""

    kind: str
    villages: frozenset[str]


def kept(session: Session, county: str, sha256: str) -> Kept | None:
    """What an address leads to; None where there is no such photo, or no record names it."""
    photo = session.get(Photo, (county, sha256))
    if photo is None:
        return None
    named = select(PhotoName.village).where(
        col(PhotoName.county) == county, col(PhotoName.sha256).in_([sha256, photo.of])
    )
    villages = frozenset(session.exec(named.distinct()))
    return Kept(photo.kind, villages) if villages else None
