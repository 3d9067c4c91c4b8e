"""The money's commands: proving the books, and releasing a schedule.

Apart from `server.cli`, which gives them their names, because an auditor's command has much to say. Both take
the database as it is and make nothing else: no administrator, no forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from sqlalchemy.engine import Engine

from server import database
from server.database import read, write
from server.programme.document import DocumentFault
from server.settings import Settings, from_environment
from server.subsidies import schedules, verify, verify_report
from server.terminal.bars import Bars
from server.terminal.words import why
from server.web import Problem

Data = Annotated[Path | None, typer.Option(help="数据目录；默认 CLEANHEAT_DATA 或 ./cleanheat-data。")]
console: Final = Console()
# Standard output belongs to the report, which another program may read.
progress: Final = Bars(Console(stderr=True))


def verify_books(
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")] = False, data: Data = None
) -> None:
    """核验补贴资金：各项合计、每笔付款的核定依据、事实和验收；有问题则退出码为 1。"""
    with _database(data) as (settings, engine), read(engine) as session:
        report = verify.verify(session, settings.county, datetime.now(UTC), progress)
    if as_json:
        typer.echo(verify_report.as_json(report))
    else:
        console.print(verify_report.table(report))
        for line in verify_report.summary(report):
            console.print(line, highlight=False)
    raise typer.Exit(1 if report.findings else 0)


def release_schedule(source: Annotated[Path, typer.Argument(help="文件。")], data: Data = None) -> None:
    """发布补贴标准文件（JSON）；已发布的标准不能再改。"""
    try:
        document = source.read_bytes()
    except OSError as error:
        message = f"读不了文件 {source}：{why(error)}。"
        raise Problem("file", 422, message, "请检查路径和权限。") from error
    try:
        with _database(data) as (settings, engine), write(engine) as session:
            made = schedules.release(
                session, county=settings.county, document=document, person="", now=datetime.now(UTC)
            )
    except DocumentFault as fault:
        message = f"标准没有发布，共 {len(fault.faults)} 处问题：\n{fault}"
        raise Problem("schedule", 422, message, "") from fault
    console.print(f"已发布补贴标准 {made.id} 第 {made.version} 版（{made.sha256[:12]}）。", markup=False)


@contextmanager
def _database(data: Path | None) -> Iterator[tuple[Settings, Engine]]:
    settings = from_environment(data=data)
    engine = database.engine(settings.database_url)
    try:
        with progress("准备数据库（版本）") as told:
            database.migrate(engine, told)
        yield settings, engine
    finally:
        engine.dispose()
