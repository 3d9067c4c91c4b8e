"""The money's own command, releasing a schedule, and what commands that look at a county's database share.

Apart from `server.cli`, which gives it its name. It takes the database as it is and makes nothing else: no
administrator, no forms.
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
from server.database import write
from server.existing import settings_of_county
from server.programme.document import DocumentFault
from server.settings import Settings
from server.subsidies import schedules
from server.terminal.bars import Bars
from server.terminal.steps import Steps
from server.terminal.words import why
from server.web import Problem

Data = Annotated[Path | None, typer.Option(help="数据目录；默认 CLEANHEAT_DATA 或 ./cleanheat-data。")]
console: Final = Console()
# Standard output belongs to the report, which another program may read.
progress: Final = Bars(Console(stderr=True))


def release_schedule(source: Annotated[Path, typer.Argument(help="文件。")], data: Data = None) -> None:
    """发布补贴标准文件（JSON）；已发布的标准不能再改。"""
    try:
        document = source.read_bytes()
    except OSError as error:
        message = f"读不了文件 {source}：{why(error)}。"
        raise Problem("file", 422, message, "请检查路径和权限。") from error
    try:
        with opened(data) as (settings, engine), write(engine) as session:
            made = schedules.release(
                session, county=settings.county, document=document, person="", now=datetime.now(UTC)
            )
    except DocumentFault as fault:
        message = f"标准没有发布，共 {len(fault.faults)} 处问题：\n{fault}"
        raise Problem("schedule", 422, message, "") from fault
    console.print(f"已发布补贴标准 {made.id} 第 {made.version} 版（{made.sha256[:12]}）。", markup=False)


@contextmanager
def opened(data: Path | None, steps: Steps = progress) -> Iterator[tuple[Settings, Engine]]:
    settings = settings_of_county(data)
    engine = database.engine(settings.database_url)
    try:
        with steps("准备数据库（版本）") as told:
            database.migrate(engine, told)
        yield settings, engine
    finally:
        engine.dispose()
