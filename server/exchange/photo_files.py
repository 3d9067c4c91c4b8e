"""The bytes of photos on disk: whole ones under their hash, and those on their way beside them.

Apart from the database because a photo is a hundred times a record, and needs none of what a transaction gives: a file
under its content's hash is written once and is right or is not there. Names on disk are made here, of a county from
the register and of hashes that were read as such; nothing that came from outside is ever a path.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from sync.photos import SHA256, Picture, look

FOLDER: Final = "photos"  # below the server's data
ARRIVING: Final = "arriving"
COUNTY_DIGITS: Final = 6


class OtherContent(Exception):
    """The bytes are not those that were named: damaged on the way or at their source."""


class NoPicture(Exception):
    """The bytes are those that were named, and no picture that a program can open within the bounds."""


class Moved(Exception):
    """What has come of a photo ends elsewhere than the sender thinks; ``offset`` is where."""

    def __init__(self, offset: int) -> None:
        super().__init__(str(offset))
        self.offset = offset


@dataclass(frozen=True)
class PhotoFiles:
    """`root`/county/<hash[:2]>/<hash>: whole photos; `root`/county/arriving/<hash>.<whose>: parts of one.

    A part belongs to one tablet, so that two which send the same photo are never in each other's way.
    """

    root: Path

    def path(self, county: str, sha256: str) -> Path:
        """Where the whole photo lies, or will."""
        assert SHA256.fullmatch(sha256), "a photo's name is read before it is used"
        return self._of(county) / sha256[:2] / sha256

    def there(self, county: str, sha256: str) -> bool:
        return self.path(county, sha256).is_file()

    def offset(self, county: str, sha256: str, device: str) -> int:
        """How many bytes of it have come from this tablet."""
        with suppress(FileNotFoundError):
            return self._part(county, sha256, device).stat().st_size
        return 0

    def append(self, county: str, sha256: str, device: str, offset: int, piece: bytes) -> None:
        """The next bytes. Raises Moved where another request of the tablet was here meanwhile: a line that was cut
        leaves a request behind that may still hold some; whichever comes first is right, for both hold the same.
        """
        part = self._part(county, sha256, device)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file.fileno()).st_size
            # Whoever waited for the lock may hold what was put in its place as a whole photo meanwhile.
            if size != offset or not _still(part, file):
                raise Moved(self.offset(county, sha256, device))
            file.write(piece)

    def keep(self, county: str, sha256: str, device: str) -> None:
        """What has come so far is on the disk, not only on its way there."""
        with self._locked(county, sha256, device) as file:
            os.fsync(file.fileno())

    def whole(self, county: str, sha256: str, device: str) -> Picture:
        """Looks at a photo that has come to its length, and puts it in its place: what kind of picture it is.

        Raises OtherContent or NoPicture, and then leaves nothing behind; FileNotFoundError if another request has put
        it in its place meanwhile.
        """
        part, target = self._part(county, sha256, device), self.path(county, sha256)
        with self._locked(county, sha256, device) as file:
            if not _still(part, file):
                raise FileNotFoundError(part)
            try:
                found = _examined(file, sha256)
            except (OtherContent, NoPicture):
                part.unlink(missing_ok=True)
                raise
            os.fsync(file.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
        for folder in (target.parent, target.parent.parent):
            _fsync_folder(folder)
        return found

    def examined(self, county: str, sha256: str) -> Picture | None:
        """What a photo in its place is; a damaged one is taken away, so that it will be asked for again."""
        path = self.path(county, sha256)
        try:
            with path.open("rb") as file:
                return _examined(file, sha256)
        except FileNotFoundError:
            return None
        except (OtherContent, NoPicture):
            path.unlink(missing_ok=True)
            return None

    def forget(self, county: str, sha256: str, device: str) -> None:
        """What has come of it from this tablet is thrown away."""
        self._part(county, sha256, device).unlink(missing_ok=True)

    def _of(self, county: str) -> Path:
        assert len(county) == COUNTY_DIGITS and county.isascii() and county.isdigit(), county
        return self.root / county

    def _part(self, county: str, sha256: str, device: str) -> Path:
        assert SHA256.fullmatch(sha256), "a photo's name is read before it is used"
        whose = hashlib.sha256(device.encode()).hexdigest()[:16]
        return self._of(county) / ARRIVING / f"{sha256}.{whose}"

    @contextmanager
    def _locked(self, county: str, sha256: str, device: str) -> Iterator[IO[bytes]]:
        with self._part(county, sha256, device).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _examined(file: IO[bytes], sha256: str) -> Picture:
    content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise OtherContent
    found = look(content)
    if found is None:
        raise NoPicture
    return found


def _still(path: Path, file: IO[bytes]) -> bool:
    """Whether an open file is what lies under its name."""
    with suppress(FileNotFoundError):
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    return False


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
