"""A copy of the whole database in one file, and the way back from it.

Going back makes the database an older copy of itself, so it begins a new history: tablets that meet it offer
again everything the copy does not know. The database that is replaced is kept beside it; nothing is thrown
away here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Final

from sqlalchemy.engine import Engine, make_url

from server import database
from server.exchange import history
from server.terminal.steps import Steps, Told, unseen

COPIED_AT_ONCE: Final = 1 << 20
# Between two counts; small enough to see it move on a slow disk, large enough to cost nothing.
PAGES_AT_ONCE: Final = 1000


class BackupProblem(Exception):
    """A copy cannot be made or used; the text says why and what to do."""


def database_file(url: str) -> Path:
    """The file of a SQLite database. Raises BackupProblem for any other."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise BackupProblem(
            "数据库在 PostgreSQL 上：请用 pg_dump 备份、pg_restore 恢复，"
            "恢复后在启动服务器之前运行 cleanheat restore --history-only。"
            "照片不在数据库里：请把数据目录中的 photos 文件夹一并复制。"
        )
    return Path(parsed.database)


def back_up(url: str, target: Path, steps: Steps = unseen) -> int:
    """Copy the database to `target`, also while the server runs; gives the size in bytes. Raises
    BackupProblem.

    The copy is complete or absent: it is written beside the target and renamed at the end.
    """
    source = database_file(url)
    if not source.exists():
        raise BackupProblem(f"没有数据库可备份：{source} 不存在。请检查 --data。")
    if target.exists():
        raise BackupProblem(f"{target} 已经存在，没有覆盖。请换一个文件名。")
    partial = target.with_name(target.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        with steps("备份（页）") as told:
            _copy(source, partial, told)
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise BackupProblem(
            f"备份没有完成：{error}。请检查 {target.parent} 是否存在、可写、有足够空间。"
        ) from error
    return target.stat().st_size


def restore(
    url: str, source: Path, *, new_id: Callable[[], str], now: datetime, steps: Steps = unseen
) -> Path | None:
    """Make the copy `source` the database, under a new history. Gives where the replaced one went, if there
    was one.

    The server must not be running. The copy is checked, migrated and given its history, and the present
    database is kept aside, before one step puts the new one in its place: killed at any moment, there is
    the one or the other. Raises BackupProblem, or DatabaseProblem for a copy of a newer version.
    """
    target = database_file(url)
    if not source.is_file():
        raise BackupProblem(f"没有找到备份文件 {source}。")
    partial = target.with_name(target.name + ".restoring")
    kept: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with steps("检查备份"):
            _check(source)
        with steps("读取备份（页）") as told:
            _copy(source, partial, told)
        with steps("准备数据库（版本）") as told:
            _begin_anew(f"sqlite:///{partial}", new_id, told)
        with steps("保留原来的数据库（字节）") as told:
            kept = _kept_aside(target, now, told)
        _drop_log(target)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        state = f"原来的数据库仍在原处，另有一份副本 {kept}。" if kept else "原来的数据库没有改动。"
        raise BackupProblem(f"恢复没有完成：{error}。{state}") from error
    finally:
        for left in (partial, *_companions(partial)):
            left.unlink(missing_ok=True)
    return kept


def begin_new_history(engine: Engine, new_id: Callable[[], str]) -> str:
    """For a database that was brought back by other means, and is an older copy of itself."""
    with database.write(engine) as session:
        begun = new_id()
        history.begin_new(session, history.ensure(session, new_id), begun)
    return begun


def _begin_anew(url: str, new_id: Callable[[], str], told: Told) -> None:
    engine = database.engine(url)
    try:
        database.migrate(engine, told)
        begin_new_history(engine, new_id)
    finally:
        # The last connection folds the write-ahead log into the file.
        engine.dispose()


def _check(source: Path) -> None:
    """Whether the copy is whole, and one of ours. Raises BackupProblem."""
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            said = copy.execute("PRAGMA integrity_check").fetchone()[0]
            ours = copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'hub_meta'").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupProblem(_no_backup(source)) from error
    if said != "ok" or not ours:
        raise BackupProblem(_no_backup(source))


def _no_backup(source: Path) -> str:
    return (
        f"{source} 不是 cleanheat 的备份，或已损坏。请换一份用 cleanheat backup 写出的备份；什么也没有改动。"
    )


def _copy(source: Path, target: Path, told: Told) -> None:
    def copied(_status: int, left_n: int, total_n: int) -> None:
        told(total_n - left_n, total_n)

    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        # One reading transaction around all its parts: a server that writes meanwhile would have it begin again.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        old.backup(new, pages=PAGES_AT_ONCE, progress=copied)
        # One file that opens anywhere, also from a medium nobody may write to.
        new.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]


def _kept_aside(target: Path, now: datetime, told: Told) -> Path | None:
    """A copy of the present database under a name that says until when it was in use; None without one.

    A copy, so that there is a database under its own name at every moment: a start that found none would
    make an empty one. Of bytes, so that a damaged one, which is why one restores, can be kept as well.
    """
    if not target.exists():
        return None
    _fold_log(target)
    aside = _free_name(target.with_name(f"{target.stem}-{now:%Y%m%dT%H%M%S}{target.suffix}"))
    parts = [(target, aside), *zip(_companions(target), _companions(aside), strict=True)]
    # The database itself last: where it stands under its name, all of it is there.
    for old, new in reversed(parts):
        if old.exists():
            _copy_bytes(old, new, told)
    return aside


def _fold_log(target: Path) -> None:
    """What a killed server left in the write-ahead log goes into the file. A damaged one keeps its log."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(target)) as present:
        present.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _drop_log(target: Path) -> None:
    """A log that stayed belongs to the database that goes; beside another it would be read into that one."""
    for left in _companions(target):
        left.unlink(missing_ok=True)


def _free_name(wanted: Path) -> Path:
    names = (wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in count(2))
    return next(name for name in chain([wanted], names) if not name.exists())


def _copy_bytes(source: Path, target: Path, told: Told) -> None:
    partial = target.with_name(target.name + ".part")
    try:
        with source.open("rb") as old, partial.open("wb") as new:
            total = source.stat().st_size
            while part := old.read(COPIED_AT_ONCE):
                new.write(part)
                told(new.tell(), total)
            new.flush()
            os.fsync(new.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
