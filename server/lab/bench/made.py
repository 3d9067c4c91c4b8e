"""How the measured application is made: handed in by the command line, because it stands above the laboratory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI

from server.settings import Settings


@dataclass(frozen=True)
class Made:
    """``create_app`` over a database; ``fill``: with what a county starts from."""

    create_app: Callable[[Settings], FastAPI]
    fill: Callable[[FastAPI], None]
