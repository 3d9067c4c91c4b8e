"""The application in a process of its own, as `cleanheat serve` runs it.

Apart from the command because what is said here is of the process, not of the application: tests and the laboratory
run that in processes that are theirs.
"""

from __future__ import annotations

import gc
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from server import quick_json
from sync import json_text


def run(app: FastAPI, listener: socket.socket) -> None:
    """Serves until the process is told to stop; what is under way by then is finished."""
    _look_seldom_for_garbage()
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=5, server_header=False, date_header=False
    )  # fmt: skip
    # uvicorn ends in order on Ctrl-C, and then passes it on.
    with suppress(KeyboardInterrupt), json_text.written_by(quick_json.write):
        uvicorn.Server(config).run(sockets=[listener])


def _look_seldom_for_garbage() -> None:
    """What makes up the application stays until the process ends. To look through it for garbage, as Python does after
    every some hundred new objects, takes a sixth of what a contact takes: its records are some tens of thousands of
    objects, nearly all of which go without being looked for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
