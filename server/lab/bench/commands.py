"""The bench's command. Apart from `server.cli`, which gives it its name and hands in how the application is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from fastapi import FastAPI
from rich.console import Console

from server.lab.bench.made import Made
from server.terminal.bars import Bars

# Where there is no terminal, nobody's window is too narrow for the table.
console: Final = Console() if Console().is_terminal else Console(width=120)
# Standard output belongs to the figures, which another program may read.
progress: Final = Bars(Console(stderr=True))


def bench(create_app: Callable[..., FastAPI], fill: Callable[[FastAPI], None]) -> typer.Typer:
    """`cleanheat bench …` over applications made so. What cannot be measured raises BenchProblem."""
    app, made = typer.Typer(no_args_is_help=True, help="测量。"), Made(create_app, fill)

    @app.callback()
    def group() -> None:
        """Typer takes the only command of a group for the group itself, unless there is this."""

    @app.command()
    def sync(
        as_json: Annotated[bool, typer.Option("--json", help="每个指标一行 JSON。")] = False,
        only: Annotated[list[str] | None, typer.Option(help="只测这个指标；可写多次。")] = None,
        runs: Annotated[int, typer.Option(min=1, help="每个指标测几次，取中位数。")] = 5,
        count: Annotated[int, typer.Option(min=1, help="接收测量中提交的总数。")] = 10_000,
        sqlite: Annotated[
            bool, typer.Option("--sqlite", help="接收测量用 SQLite，不用 PostgreSQL。")
        ] = False,
        pouchdb: Annotated[
            Path | None, typer.Option(help="也测 PouchDB；这是放它的包的文件夹，没有就用 npm 取。")
        ] = None,
    ) -> None:
        """测量同步：在很差的线路上要多久、多少字节，服务器每秒能接收多少。"""
        # Only this command needs the laboratory.
        from server.lab.bench import command

        wanted = command.Wanted(tuple(only or ()), runs, count, sqlite, pouchdb)
        command.tell(command.measured(made, wanted, progress), console, as_json=as_json)

    return app
