"""Real databases for the server's tests: a SQLite file, and a PostgreSQL cluster that each test run starts
itself.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import Engine

import server.database as database

CLUSTER_OWNERS = ("postgres", "nobody")


def _binary(name: str) -> str:
    """Where a PostgreSQL program lies: on PATH, or where Debian hides it. Missing is a failure: it must be
    installed.
    """
    found = shutil.which(name) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None
    )
    assert found, (
        f"{name} is not installed: PostgreSQL is part of what the server must run on (apt install postgresql)"
    )
    return found


def _owner() -> str | None:
    """PostgreSQL refuses to run as root; then the cluster belongs to another user."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in CLUSTER_OWNERS if name in known)


def _run(owner: str | None, *command: str) -> None:
    group = None if owner is None else pwd.getpwnam(owner).pw_gid
    done = subprocess.run(
        command, user=owner, group=group,
        extra_groups=None if owner is None else [], cwd=tempfile.gettempdir(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL cluster of this run's own, on a socket in a folder of its own."""
    owner = _owner()
    # Not pytest's own folder: only its user may enter that, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="chpg"))
    if owner is not None:
        shutil.chown(folder, owner)
    data, log = folder / "data", folder / "log"
    try:
        _run(owner, _binary("initdb"), "-D", str(data), "-U", "cleanheat", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200"
        _run(
            owner,
            _binary("pg_ctl"),
            "-D",
            str(data),
            "-l",
            str(log),
            "-w",
            "-t",
            "60",
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgresql+psycopg://cleanheat@/postgres?host={folder}"
        finally:
            _run(owner, _binary("pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_numbers = count(1)


@pytest.fixture
def new_postgres(postgres_url: str) -> Callable[[], str]:
    """Makes an empty PostgreSQL database and gives its address."""

    def make() -> str:
        name = f"t{next(_numbers)}"
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return postgres_url.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture
def empty_postgres(new_postgres: Callable[[], str]) -> Iterator[Engine]:
    """An engine over an empty PostgreSQL database."""
    engine = database.engine(new_postgres())
    yield engine
    engine.dispose()


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Engine]:
    """An engine over a SQLite file that does not exist yet."""
    engine = database.engine(f"sqlite:///{tmp_path / 'cleanheat.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest) -> Engine:
    """The test runs twice: over an empty SQLite file and over an empty PostgreSQL database."""
    name = "empty_sqlite" if request.param == "sqlite" else "empty_postgres"
    engine: Engine = request.getfixturevalue(name)
    return engine


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    """As `empty_engine`, with today's tables."""
    database.migrate(empty_engine)
    return empty_engine


@pytest.fixture
def sqlite_engine(empty_sqlite: Engine) -> Engine:
    """A SQLite file with today's tables, for tests in which the kind of database decides nothing."""
    database.migrate(empty_sqlite)
    return empty_sqlite
