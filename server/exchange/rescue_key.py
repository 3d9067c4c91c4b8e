"""Giving the county another key, when the old one may be known to somebody: by the page or by the command.

Apart from `keyring`, which keeps the keys, because this is an act: it is written to the log, and said in words. Tablets
are given the new key at their next contact; the old ones stay, since a rescue file may come to light years later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.engine import Engine

from server import database
from server.access.audit import audit
from server.database import write
from server.exchange import keyring
from server.exchange.keyring import Keyring
from server.existing import settings_of_county
from server.settings import Settings
from server.web import N_, Problem


def renew(settings: Settings, engine: Engine, *, by: str, now: datetime) -> Keyring:
    """A new key, on the disk and in the log. Raises Problem `keys_given` where the environment holds the keys."""
    if settings.county_keys:
        raise Problem(
            "keys_given", 409, N_("县密钥由服务器的设置给出，不能在这里换发。"),
            N_("请管理服务器的人在 CLEANHEAT_COUNTY_KEYS 末尾加上新的一把，保留旧的，再重启每台服务器。"),
        )  # fmt: skip
    with write(engine) as session:
        made = keyring.renew(settings.data)
        detail = {N_("新密钥"): made.id, N_("保留的旧密钥"): str(len(made.private) - 1)}
        audit(
            session, person=by, verb="rescue_key.renew", county=settings.county, area=settings.county,
            subject=f"rescue_key/{made.id}", detail=detail, now=now,
        )  # fmt: skip
    return made


def command(
    data: Annotated[
        Path | None, typer.Option(help="数据目录；默认 CLEANHEAT_DATA 或 ./cleanheat-data。")
    ] = None,
) -> None:
    """换发县密钥：平板下次联系时领到新的；旧的留着，以前的救援文件照样打得开。"""
    settings = settings_of_county(data)
    engine = database.engine(settings.database_url)
    try:
        database.migrate(engine)
        made = renew(settings, engine, by="", now=datetime.now(UTC))
    finally:
        engine.dispose()
    console = Console()
    console.print(
        f"已换发县密钥 {made.id}，保留旧密钥 {len(made.private) - 1} 把。平板下次联系时领到，服务器不必重启。",
        markup=False, highlight=False,
    )  # fmt: skip
    console.print(f"请把 {settings.data / keyring.FILE} 重新另存到安全的地方。", markup=False)
