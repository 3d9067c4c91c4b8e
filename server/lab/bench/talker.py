"""A process that is told what to do line by line, and answers each line with one of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.lab.bench.problem import BenchProblem


@dataclass(frozen=True)
class Talker:
    name: str
    process: subprocess.Popen[str]

    def order(self, do: str, **what: Any) -> dict[str, Any]:
        return self.say(json.dumps({"do": do, **what}, ensure_ascii=False))

    def say(self, line: str) -> dict[str, Any]:
        """Says a line and waits for the answer. Raises BenchProblem if the process ends over it."""
        assert self.process.stdin is not None, "a talker with an input"
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.heard()

    def heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None, "a talker that is listened to"
        line = self.process.stdout.readline()
        if not line:
            raise BenchProblem(f"测量用的进程意外结束（{self.name}），原因见上面的输出。")
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def talker(name: str, command: Sequence[str], within: Path | None = None) -> Iterator[Talker]:
    """The process until the block ends. ``within``: its folder."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=within
    ) as process:  # fmt: skip
        try:
            yield Talker(name, process)
        finally:
            process.terminate()
