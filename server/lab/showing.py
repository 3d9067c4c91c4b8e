"""What the demo says while it runs: how to get in, two progress bars, and what went wrong if anything did."""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, Protocol

from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from server.lab.fleet import Standing
from server.lab.prepared import DemoFile, DemoProblem
from server.terminal.bars import LINE_EVERY_S, Bars

_LOOK_EVERY_S: Final = 0.5


class Server(Protocol):
    """The server as the watcher needs it."""

    def ended(self) -> bool: ...


class Showing:
    """The demo's voice on one console; `baseline` may be called from another thread. ``steps``: what comes before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.steps = Bars(console)
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"), console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._baseline = self._progress.add_task("基线登记（户）", total=None, note="")
        self._story = self._progress.add_task("补贴和禁煤区（步）", total=None, note="")
        self._tablets = self._progress.add_task("八台平板（条）", total=None, note="")

    def ready(self, file: DemoFile, *, browser: bool) -> None:
        """How to get in."""
        account = file.accounts[0]
        others = " ".join(each.login for each in file.accounts[1:])
        lines = (
            f"网页        {file.address}",
            f"账号        {account.login}",
            f"其他账号    {others}    （密码相同，各是什么人见 demo.json）",
            f"密码        {account.password}",
            f"平板登记码  {file.enrolment_code}    （或另开一个终端：make tablet）",
            f"数据目录    {file.data}",
            "",
            "全部为模拟数据。按 Ctrl-C 停止；下次运行会接着做，FRESH=1 重新开始。",
        )
        self._console.print(Panel("\n".join(lines), title="cleanheat 演示（模拟数据）", expand=False))
        if browser:
            # Nothing depends on it: a machine without a browser has the address above.
            webbrowser.open(file.address)

    def new_code(self, code: str) -> None:
        """The code shown before has enrolled a tablet."""
        self._console.print(f"平板登记码已用过；再登记一台请用  {code}")

    def baseline(self, more: int, total: int | None) -> None:
        """``more`` households of the baseline are in the register."""
        if total is not None:
            self._progress.update(self._baseline, total=total)
        self._progress.update(self._baseline, advance=more)

    def story(self, done: int, total: int, note: str) -> None:
        """How far the showcase's story is; ``note``: what is being done."""
        self._progress.update(self._story, total=total, completed=done, note=note)

    def watch(
        self, running: Sequence[Future[None]], standings: Sequence[Standing], todo_n: int, server: Server,
        look: Callable[[], None],
    ) -> None:  # fmt: skip
        """Show the bars until interrupted, and ``look`` around now and then. Raises what a tablet raised;
        DemoProblem if the server ended.
        """
        told, said_at = False, time.monotonic()
        with self._progress:
            self._progress.update(self._tablets, total=todo_n)
            while True:
                for future in running:
                    if future.done() and (error := future.exception()) is not None:
                        raise error
                if server.ended():
                    raise DemoProblem("服务器已经停止，原因见数据目录里的 server.log。")
                self._progress.update(
                    self._tablets, completed=sum(s.safe_n for s in standings), note=_note(standings)
                )
                if not told and all(future.done() for future in running):
                    told = True
                    self._progress.print("平板的工作已全部完成并同步。网页继续可用，按 Ctrl-C 结束。")
                if not self._console.is_terminal and time.monotonic() - said_at >= LINE_EVERY_S:
                    said_at = time.monotonic()
                    self._console.print(self._line())
                look()
                time.sleep(_LOOK_EVERY_S)

    def _line(self) -> str:
        """The two bars in words."""
        bars = (task for task in self._progress.tasks if task.total)
        return "  ".join(
            f"{bar.description} {bar.completed:.0f}/{bar.total:.0f} {bar.fields['note']}" for bar in bars
        )


def _note(standings: Sequence[Standing]) -> str:
    waiting = sum(standing.recorded_n - standing.safe_n for standing in standings)
    offline = sum(bool(standing.last_problem) for standing in standings)
    return f"离线待同步 {waiting} 条" + (f"，{offline} 台连不上" if offline else "")
