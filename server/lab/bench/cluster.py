"""A PostgreSQL cluster of the bench's own, as durable as a county's: fsync is on, and so is every other default.

It listens on a socket in a folder of its own and is thrown away afterwards.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from server.lab.bench.problem import BenchProblem

_OWNERS: Final = ("postgres", "nobody")
_STARTS_WITHIN_S: Final = 60


@dataclass(frozen=True)
class Cluster:
    """``folder``: where its socket lies. ``pid``: its first process."""

    folder: Path
    pid: int

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://cleanheat@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template1") -> str:
        """A new database, empty or a copy of another; its address. A former one of that name is dropped."""
        with self._administrator() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def checkpoint(self) -> None:
        """Writes out what is still in memory, so that the next run does not pay for the last one."""
        with self._administrator() as connection:
            connection.execute("CHECKPOINT")

    def durable(self) -> bool:
        with self._administrator() as connection:
            said = [
                connection.execute(f"SHOW {name}".encode()).fetchone()
                for name in ("fsync", "synchronous_commit")
            ]
        return said == [("on",), ("on",)]

    def _administrator(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"host={self.folder} user=cleanheat dbname=postgres", autocommit=True)


@contextmanager
def cluster(*settings: str) -> Iterator[Cluster]:
    """A running cluster; ``settings`` ("fsync=off") that are to be other than its own. Raises BenchProblem."""
    owner = _owner()
    # A socket's path must be short, and PostgreSQL's own user must get there.
    folder = Path(tempfile.mkdtemp(prefix="chbench"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        data = folder / "data"
        _run(owner, _program("initdb"), "-D", str(data), "-U", "cleanheat", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", *(["--no-sync"] if "fsync=off" in settings else []))  # fmt: skip
        options = " ".join((f"-k {folder}", *(f"-c {each}" for each in ("listen_addresses=", *settings))))
        _run(owner, _program("pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w",
             "-t", str(_STARTS_WITHIN_S), "-o", options, "start")  # fmt: skip
        try:
            yield Cluster(folder, int((data / "postmaster.pid").read_text().split()[0]))
        finally:
            _run(owner, _program("pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    """Where a program of PostgreSQL lies: on PATH, or where Debian hides it."""
    found = shutil.which(name) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None
    )
    if found is None:
        raise BenchProblem(
            f"没有找到 PostgreSQL 的程序 {name}。请安装（apt install postgresql），或用 --sqlite 在 SQLite 上测量。"
        )
    return found


def _owner() -> str | None:
    """PostgreSQL refuses to run as root; then the cluster belongs to another user."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _OWNERS if name in known)


def _run(owner: str | None, *command: str) -> None:
    group = None if owner is None else pwd.getpwnam(owner).pw_gid
    done = subprocess.run(
        command, user=owner, group=group, extra_groups=None if owner is None else [], cwd=tempfile.gettempdir(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchProblem(f"PostgreSQL 没有启动（{Path(command[0]).name}）：{done.stdout.strip()[-500:]}")
