"""`cleanheat serve` as a child process, and its end with ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final

import httpx

from server.lab.prepared import DemoProblem
from server.settings import Settings

READY_WITHIN_S: Final = 45
_ASK_EVERY_S: Final = 0.1


def free_port(wanted: int) -> int:
    """The wanted port if nobody has it; 0 gives any free one. Raises DemoProblem."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise DemoProblem(
                f"端口 {wanted} 已被占用。请关掉占用它的程序，或换一个端口，例如 make demo PORT={wanted + 1}。"
            ) from error
        return int(probe.getsockname()[1])


class Serving:
    """The server's process: started on entering, ended in order on leaving."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings = settings
        self._port = free_port(port)
        self.address = f"http://127.0.0.1:{self._port}"
        self.log = settings.data / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Serving:
        self._process = _start(self._settings, self._port, self.log)
        until = time.monotonic() + READY_WITHIN_S
        with httpx.Client(timeout=2, trust_env=False) as client:
            while time.monotonic() < until and not self.ended():
                if self._answers(client):
                    return self
                time.sleep(_ASK_EVERY_S)
        self._end()
        raise DemoProblem(f"服务器没有启动，原因见 {self.log}。")

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end()

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _answers(self, client: httpx.Client) -> bool:
        try:
            return client.get(f"{self.address}/sign-in").status_code < 500
        except httpx.TransportError:
            return False

    def _end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _start(settings: Settings, port: int, log: Path) -> subprocess.Popen[bytes]:
    """The command a county would type, told where its data are by the environment."""
    environment = os.environ | {
        "CLEANHEAT_DATA": str(settings.data),
        "CLEANHEAT_DATABASE_URL": settings.database_url,
        "CLEANHEAT_COUNTY": settings.county,
        "CLEANHEAT_SYNTHETIC": "1",
        "CLEANHEAT_SECRET": settings.secret,
    }
    command = [sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
    with log.open("ab") as output:
        # A session of its own: Ctrl-C reaches the demo, and the demo ends the server after its tablets.
        return subprocess.Popen(
            command,
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
