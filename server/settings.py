"""What differs from one installation to the next, read once from the environment.

Apart from `app` because the command line, the tests and the demo make the same values in other ways.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.terminal.words import why

DEFAULT_COUNTY = "140525"
DEMO_FILES = ("demo.json", "demo.claimed")  # one of them is in every folder that the demo began


class SettingsProblem(Exception):
    """A setting cannot be used; the text says which variable and what it should look like."""


@dataclass(frozen=True)
class Settings:
    """`data` is the folder of everything this server keeps; `secret` signs sessions; `county` is six digits.

    `synthetic` marks every page: the county's data are invented.
    `https_only` sends the session cookie over TLS alone; off by default because township servers stand
    behind none. `county_keys`: the private keys of rescue files, see `exchange.keyring`; empty: kept in `data`.
    """

    data: Path
    database_url: str
    county: str
    secret: str
    synthetic: bool = False
    https_only: bool = False
    county_keys: str = ""


def from_environment(
    environment: Mapping[str, str] = os.environ,
    *,
    data: Path | None = None,
    county: str | None = None,
    synthetic: bool = False,
) -> Settings:
    """Settings from CLEANHEAT_DATA, _DATABASE_URL, _COUNTY, _SECRET, _SYNTHETIC, _HTTPS_ONLY, _COUNTY_KEYS;
    arguments come first.

    Makes the data folder, and in it a secret of its own when none is given. Raises SettingsProblem.
    """
    folder, database_url = placed(environment, data)
    chosen = county or environment.get("CLEANHEAT_COUNTY", DEFAULT_COUNTY)
    if len(chosen) != 6 or not chosen.isascii() or not chosen.isdigit():
        raise SettingsProblem(
            f"CLEANHEAT_COUNTY 应为 6 位县级区划代码，现在是“{chosen}”。例如 {DEFAULT_COUNTY}。"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        secret = environment.get("CLEANHEAT_SECRET") or _secret_of(folder)
    except OSError as error:
        raise SettingsProblem(
            f"数据目录 {folder} 不能写入：{why(error)}。请换一个目录或修改权限。"
        ) from error
    return Settings(
        data=folder,
        database_url=database_url,
        county=chosen,
        secret=secret,
        synthetic=synthetic or _yes(environment, "CLEANHEAT_SYNTHETIC"),
        https_only=_yes(environment, "CLEANHEAT_HTTPS_ONLY"),
        county_keys=environment.get("CLEANHEAT_COUNTY_KEYS", ""),
    )


def placed(environment: Mapping[str, str], data: Path | None = None) -> tuple[Path, str]:
    """The data folder and the database's address, whether or not they are there."""
    folder = (data or Path(environment.get("CLEANHEAT_DATA", "cleanheat-data"))).resolve()
    return (
        folder,
        environment.get("CLEANHEAT_DATABASE_URL") or f"sqlite:///{folder / 'cleanheat.sqlite3'}",
    )


def _yes(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() in {"1", "true", "yes", "on"}


def _secret_of(folder: Path) -> str:
    """The secret kept beside the database; made at the first start and readable by its owner only."""
    path = folder / "secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()
