"""The steps of a command as bars with real counts; where there is no terminal, as a plain line now and then.

A line comes only when a step has gone on for a while, so that a quick command stays quiet in a log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from server.terminal.steps import Told

FIRST_LINE_AFTER_S: Final = 2.0
LINE_EVERY_S: Final = 5.0


class Bars:
    """Steps on one console; one step at a time. ``clock``: seconds that only grow. Fits `Steps`."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock

    @property
    def seen(self) -> bool:
        """Whether there is a terminal, and so perhaps somebody who looks at it."""
        return self._console.is_terminal

    @contextmanager
    def __call__(self, name: str) -> Iterator[Told]:
        """A step called ``name``, which ends with what is counted: 导入行政区划（行）."""
        if self._console.is_terminal:
            with self._bar(name) as told:
                yield told
        else:
            yield self._lines(name)

    @contextmanager
    def _bar(self, name: str) -> Iterator[Told]:
        columns = (
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self._console, transient=True) as progress:
            # Until something is counted the bar has no end, and only moves.
            bar = progress.add_task(name, total=None)
            yield lambda done_n, total_n: progress.update(bar, completed=done_n, total=total_n)

    def _lines(self, name: str) -> Told:
        say_at = self._clock() + FIRST_LINE_AFTER_S

        def told(done_n: int, total_n: int) -> None:
            nonlocal say_at
            if (now := self._clock()) >= say_at:
                say_at = now + LINE_EVERY_S
                self._console.print(f"{name} {done_n}/{total_n}", markup=False, highlight=False)

        return told
