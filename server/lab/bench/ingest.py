"""How many durable submissions a second one server process takes in, and what processor time they cost.

Eight tablets send batches of fifty, half registrations of thirty properties and half edits of two fields of homes
that this tablet registered one batch before, as fast as they are answered. Each request is a whole contact: form
checks, merge, journal, registry and roll-ups, commit, and the pull that brings the tablet's own changes back. The
load comes from the same machine and shares its cores.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from server import database
from server.lab.bench import raw
from server.lab.bench.cluster import Cluster, cluster
from server.lab.bench.figures import Figure, figure
from server.lab.bench.load import Load, Tablet, at_once, check, lines, tablets
from server.lab.bench.made import Made
from server.lab.bench.problem import BenchProblem
from server.lab.bench.processes import cpu_s, family_cpu_s, free_port, serving
from server.settings import DEFAULT_COUNTY, Settings
from server.terminal.steps import Steps, unseen

NAMES: Final = ("ingest_per_s", "ingest_cpu_s_per_1000", "ingest_python_cpu_s_per_1000")
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Run:
    """What one run took: seconds by the clock, processor seconds of the server and of the database's own processes
    (0 where it has none), and by the clock and of the processor what its rows alone would have taken.
    """

    submissions_n: int
    wall_s: float
    python_s: float
    database_s: float
    raw_s: float
    raw_cpu_s: float


def measure(made: Made, load: Load, *, runs_n: int, sqlite: bool, steps: Steps = unseen) -> list[Figure]:
    """The figures of taking in ``load``, the median of ``runs_n`` runs over a fresh copy of the same database.

    Raises BenchProblem.
    """
    with TemporaryDirectory(prefix="chbench") as folder, _databases(Path(folder), sqlite=sqlite) as databases:
        settings = Settings(Path(folder), databases.url("ready"), DEFAULT_COUNTY, "bench", synthetic=True)
        with steps("准备数据库和提交"):
            loaded = _prepared(made, settings, load)
        with steps(f"接收提交（{runs_n} 次）") as told:
            runs = []
            for number in range(runs_n):
                told(number, runs_n)
                runs.append(_run(databases, settings, loaded))
    return figures(runs)


def figures(runs: list[Run]) -> list[Figure]:
    raw_rate = [run.submissions_n / run.raw_s for run in runs]
    raw_cpu = [run.raw_cpu_s * 1_000 / run.submissions_n for run in runs]
    rate, cpu, python = NAMES
    return [
        figure(rate, "/s", [run.submissions_n / run.wall_s for run in runs], raw_rate),
        figure(
            cpu, "s", [(run.python_s + run.database_s) * 1_000 / run.submissions_n for run in runs], raw_cpu
        ),
        figure(python, "s", [run.python_s * 1_000 / run.submissions_n for run in runs]),
    ]


def _prepared(made: Made, settings: Settings, load: Load) -> list[Tablet]:
    app = made.create_app(settings)
    try:
        made.fill(app)
        return tablets(app, load)
    finally:
        app.state.engine.dispose()


def _run(databases: _Databases, settings: Settings, loaded: list[Tablet]) -> Run:
    settings = replace(settings, database_url=databases.copy("run"))
    with serving(settings, host=_HOST, port=free_port()) as server, lines(_HOST, server.port, loaded) as them:
        # The first batches fill the registry and warm the server.
        warmed_n = at_once(them, 0, 1)
        databases.settle()
        python_s, database_s, began = cpu_s(server.pid), databases.cpu_s(), time.monotonic()
        taken_n = at_once(them, 1)
        wall_s = time.monotonic() - began
        python_s, database_s = cpu_s(server.pid) - python_s, databases.cpu_s() - database_s
    check(them)
    requests_n = sum(len(tablet.requests) for tablet in loaded)
    raw_s, raw_cpu_s = _raw_s(databases, settings.database_url, requests_n)
    share = taken_n / (taken_n + warmed_n)
    return Run(taken_n, wall_s, python_s, database_s, raw_s * share, raw_cpu_s * share)


def _raw_s(databases: _Databases, url: str, transactions_n: int) -> tuple[float, float]:
    """Seconds by the clock, and of the processor here and in the database."""
    source, empty = database.engine(url), database.engine(databases.copy("raw"))
    databases.settle()
    try:
        used_s = databases.cpu_s()
        took = raw.reinserted(source, empty, transactions_n)
        return took.wall_s, took.cpu_s + databases.cpu_s() - used_s
    finally:
        source.dispose()
        empty.dispose()


# --- databases -----------------------------------------------------------------------------------------------


@contextmanager
def _databases(folder: Path, *, sqlite: bool) -> Iterator[_Databases]:
    if sqlite:
        yield _Databases(folder, None)
        return
    with cluster() as running:
        if not running.durable():
            raise BenchProblem("PostgreSQL 的 fsync 或 synchronous_commit 没有打开，测出的数没有意义。")
        running.create("ready")
        yield _Databases(folder, running)


@dataclass(frozen=True)
class _Databases:
    """Databases by name: files in a folder, or in a cluster."""

    folder: Path
    cluster: Cluster | None

    def url(self, name: str) -> str:
        return self.cluster.url(name) if self.cluster else f"sqlite:///{self._file(name)}"

    def copy(self, name: str) -> str:
        """The address of a fresh copy of what was made ready."""
        if self.cluster:
            return self.cluster.create(name, "ready")
        for suffix in ("-wal", "-shm"):
            self._file(name).with_name(self._file(name).name + suffix).unlink(missing_ok=True)
        shutil.copy(self._file("ready"), self._file(name))
        return self.url(name)

    def settle(self) -> None:
        if self.cluster:
            self.cluster.checkpoint()

    def cpu_s(self) -> float:
        return family_cpu_s(self.cluster.pid) if self.cluster else 0.0

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"
