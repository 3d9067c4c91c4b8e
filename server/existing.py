"""The county that a command works on, which must be there: one that were made by the way would be empty, and whatever
the command then says of it, be it of books or of a backup, would sound like good news of the real one.

Only what begins a county (`serve`, `demo`, `restore`) takes its settings without asking here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from server import database
from server.settings import DEMO_FILES, Settings, SettingsProblem, from_environment, placed

# What is beside a database of PostgreSQL once a server has run; one of them is enough, others may be given as settings.
KEPT: Final = ("secret", "county-keys", "photos", "serve.lock")
# Every county has begun a history before it takes anything in.
_BEGUN: Final = sa.text("SELECT count(*) FROM hub_meta WHERE name = 'history'")
_REMEDY: Final = (
    "请用 --data 写明服务器启动时用的那个文件夹，例如 cleanheat verify --data 文件夹。"
    "要新建一个县，请先在那里启动一次：cleanheat serve --data 文件夹。什么也没有新建。"
)


def settings_of_county(
    data: Path | None, environment: Mapping[str, str] = os.environ, *, folder_too: bool = True
) -> Settings:
    """Settings of a county that is there. Raises SettingsProblem where none is, and makes nothing then.

    `folder_too`: on PostgreSQL the folder must be a server's as well; it keeps keys and photos.
    """
    folder, url = placed(environment, data)
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        if not file.is_file() or not _begun(_of_file(file)):
            raise _nothing_in(folder if file.parent == folder else file)
    elif folder_too and not any((folder / name).exists() for name in KEPT):
        raise _nothing_in(folder)
    elif not _begun(database.engine(url)):
        raise SettingsProblem(
            f"这个数据库里没有 cleanheat 的数据：{parsed.render_as_string()}。请检查 CLEANHEAT_DATABASE_URL 里的"
            "库名。要新建一个县，请先启动一次：cleanheat serve。什么也没有新建。"
        )
    return from_environment(environment, data=data)


def settings_to_restore(data: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings of where a county is to be restored. Raises SettingsProblem where the demo began the folder: a fresh
    demo clears that away, whatever has come into it."""
    folder, _ = placed(environment, data)
    if any((folder / name).exists() for name in DEMO_FILES):
        raise SettingsProblem(
            f"{folder} 是演示的目录，重新开始演示时会整个清空；什么也没有改动。请用 --data 换一个目录恢复。"
        )
    return from_environment(environment, data=data)


def _nothing_in(place: Path) -> SettingsProblem:
    return SettingsProblem(f"这个文件夹里没有 cleanheat 的数据：{place}。{_REMEDY}")


def _of_file(file: Path) -> Engine:
    """For looking only: a file that is somebody else's stays as it is, and alone. One that is in use has its log
    beside it, and is read with that; one that is not gets none."""
    in_use = file.with_name(f"{file.name}-wal").exists()
    address = f"{file.resolve().as_uri()}?mode=ro" + ("" if in_use else "&immutable=1")
    return sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
    )


def _begun(engine: Engine) -> bool:
    """Whether a county was begun there. One that cannot be asked counts as one: who opens it says what is wrong."""
    try:
        with engine.connect() as connection:
            return sa.inspect(connection).has_table("hub_meta") and bool(
                connection.execute(_BEGUN).scalar_one()
            )
    except DBAPIError:
        return True
    finally:
        engine.dispose()
