"""Photos against their rows: a row is a receipt, so its file must be there, as long as it says, and the one it says.

Reading every file takes as long as the disk takes, so that is asked for. A file without a row is no fault: the database
was brought back alone, and the row is made when its tablet next asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlmodel import Session

from server.database import parts, table_of
from server.exchange.photo_files import ARRIVING, PhotoFiles
from server.exchange.tables import Photo
from server.exchange.verify import Check, Finding, paged, some, total
from server.terminal.steps import Told
from sync.photos import SHA256

NAME: Final = "photos"
AT_A_TIME: Final = 1 << 20


def check(files: PhotoFiles, *, whole: bool) -> Check:
    """``whole``: read every file, and compare its content with its name."""

    def run(session: Session, county: str, told: Told) -> Iterator[Finding]:
        yield from _rows(session, county, files, told, whole=whole)
        yield from _unknown(session, county, files)

    title = "每张照片的文件都在，内容与登记的相符" if whole else "每张照片的文件都在，大小与登记的相符"
    return Check(NAME, title, "核对照片（张）", run)


def _rows(session: Session, county: str, files: PhotoFiles, told: Told, *, whole: bool) -> Iterator[Finding]:
    columns = table_of(Photo).c
    total_n, done_n = total(session, Photo, county), 0
    query = select(columns.sha256, columns.bytes).where(columns.county == county)
    for rows in paged(session, query, (columns.sha256,)):
        for sha256, size in rows:
            if wrong := _wrong(files, county, sha256, size, whole=whole):
                yield Finding(NAME, sha256, wrong)
            done_n += 1
            if whole:
                told(done_n, total_n)
        told(done_n, total_n)


def _wrong(files: PhotoFiles, county: str, sha256: str, size: int, *, whole: bool) -> str | None:
    if not SHA256.fullmatch(sha256):
        return "登记的名称不是照片的校验值。"
    path = files.path(county, sha256)
    try:
        found = path.stat().st_size
        if found != size:
            return f"文件有 {found:,} 字节，登记为 {size:,} 字节；请从备份恢复这张照片。"
        if whole and _hash(path) != sha256:
            return "文件内容已损坏；请从备份恢复这张照片。"
    except FileNotFoundError:
        return "没有文件；请从备份恢复照片。"
    except OSError as fault:
        return f"文件读不出来：{fault.strerror}。请检查磁盘。"
    return None


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(AT_A_TIME):
            digest.update(piece)
    return digest.hexdigest()


def _unknown(session: Session, county: str, files: PhotoFiles) -> Iterator[Finding]:
    """Files that no row speaks of, a folder at a time."""
    columns = table_of(Photo).c
    root = files.root / county
    for folder in sorted(each for each in root.glob("*") if each.name != ARRIVING):
        names = sorted(each.name for each in folder.glob("*")) if folder.is_dir() else []
        known: set[str] = set()
        for part in parts(names):
            query = select(columns.sha256).where(columns.county == county, columns.sha256.in_(part))
            known |= set(session.connection().execute(query).scalars())
        if unknown := [name for name in names if name not in known]:
            yield Finding(NAME, folder.name, f"{len(unknown):,} 个文件没有登记：{some(unknown)}。", note=True)
