"""A server in a process of its own, and the processor time that processes have used.

Apart from the demo's serving because this one runs wherever a command puts it (a network namespace), over any
database, and is asked what it cost.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.lab.bench.problem import BenchProblem
from server.settings import Settings

_READY_WITHIN_S: Final = 60
_ASK_EVERY_S: Final = 0.05
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and its process."""

    host: str
    port: int
    pid: int

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextmanager
def serving(settings: Settings, *, host: str, port: int, within: Sequence[str] = ()) -> Iterator[Server]:
    """`cleanheat serve` until the block ends. ``within``: the command that runs it elsewhere. Raises BenchProblem."""
    environment = os.environ | {
        "CLEANHEAT_DATA": str(settings.data), "CLEANHEAT_DATABASE_URL": settings.database_url,
        "CLEANHEAT_COUNTY": settings.county, "CLEANHEAT_SYNTHETIC": "1", "CLEANHEAT_SECRET": settings.secret,
    }  # fmt: skip
    log = settings.data / "server.log"
    command = [*within, sys.executable, "-m", "server.cli", "serve", "--host", host, "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )  # fmt: skip
    try:
        _until_ready(process, port, log)
        yield Server(host, port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """It listens long before it answers, so its port says nothing; its greeting does."""
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if "Ctrl-C" in log.read_text(encoding="utf-8", errors="replace"):
            return
        time.sleep(_ASK_EVERY_S)
    said = log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
    raise BenchProblem(f"服务器没有在端口 {port} 上启动：{said}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def cpu_s(pid: int) -> float:
    """Processor seconds of a process and of its children that have ended."""
    return sum(_times(pid)) / _TICKS_PER_S


def family_cpu_s(pid: int) -> float:
    """The same of a process and all that descend from it, whether they have ended or not."""
    parents = {
        int(each.name): _parent(int(each.name)) for each in Path("/proc").iterdir() if each.name.isdigit()
    }
    family, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return sum(cpu_s(each) for each in family)


def _stat(pid: int) -> list[str]:
    """The fields after the name (which may hold anything), from the state on; empty for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _times(pid: int) -> list[int]:
    return [int(ticks) for ticks in _stat(pid)[11:15]]


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0
