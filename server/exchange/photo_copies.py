"""Photos in a backup: a folder beside the database's copy, of the same files under the same hashes.

A photo never changes, so a copy on the same disk is a second name for the file and takes no room; on another it is
copied. The database is copied first: whatever photo it knows of is in the folder by then, for none is ever deleted.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.exchange.backup import BackupProblem
from server.exchange.photo_files import FOLDER
from server.terminal.steps import Steps, unseen

SUFFIX: Final = ".photos"
WHOLE: Final = "*/[0-9a-f][0-9a-f]/*"  # not what is still arriving
_NO_LINK: Final = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTSUP)


@dataclass(frozen=True)
class Copied:
    """`photos_n`: in the copy now; `new_n` of them came with this one, `linked_n` of these without taking room. As a
    text it is what a person is told.
    """

    folder: Path

    photos_n: int
    new_n: int
    linked_n: int
    bytes_n: int

    def __str__(self) -> str:
        size = f"{self.bytes_n / 1_000_000:.1f} MB"
        linked = f"，其中 {self.linked_n} 张与原件同盘，不另占空间" if self.linked_n else ""
        return f"照片 {self.photos_n} 张（{size}）在 {self.folder}，本次新增 {self.new_n} 张{linked}。"


def beside(copy: Path) -> Path:
    """The folder of photos that belongs to a copy of the database."""
    return copy.with_name(copy.name + SUFFIX)


def back_up(data: Path, copy: Path, steps: Steps = unseen) -> Copied:
    """Every photo of a server's `data` into the folder beside a database's copy. Raises BackupProblem; what was copied
    by then is whole.
    """
    return _all(data / FOLDER, beside(copy), steps)


def restore(copy: Path, data: Path, steps: Steps = unseen) -> Copied:
    """Those of a copy that are missing, back to where the server keeps them; nothing there is touched. Photos that
    are in neither, tablets offer again. Raises BackupProblem.
    """
    return _all(beside(copy), data / FOLDER, steps)


def _all(source: Path, target: Path, steps: Steps) -> Copied:
    found = sorted(source.glob(WHOLE))
    new_n = linked_n = bytes_n = 0
    try:
        with steps("照片（张）") as told:
            for number, path in enumerate(found, start=1):
                size, there = path.stat().st_size, target / path.relative_to(source)
                bytes_n += size
                if not (there.is_file() and there.stat().st_size == size):
                    new_n += 1
                    linked_n += _one(path, there)
                told(number, len(found))
    except OSError as error:
        raise BackupProblem(
            f"照片没有复制完：{error}。请检查 {target} 是否可写、有足够空间，然后再运行一次；已复制的不会重复。"
        ) from error
    return Copied(target, len(found), new_n, linked_n, bytes_n)


def _one(source: Path, target: Path) -> bool:
    """Whole under its name or not at all; whether it is only a second name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    try:
        os.link(source, partial)
        linked = True
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        linked = False
        with source.open("rb") as old, partial.open("wb") as new:
            while piece := old.read(1 << 20):
                new.write(piece)
            new.flush()
            os.fsync(new.fileno())
    partial.replace(target)
    return linked
