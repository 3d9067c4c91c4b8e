"""What tests of every room share: a run that does not look through all it has loaded again and again, servers whose
end nobody waits for, and how a database reads. What needs a server's packages is imported where it is asked for.
"""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.engine import Engine
    from sqlmodel import Session

Served = Callable[["FastAPI"], AbstractContextManager[str]]


def pytest_collection_finish() -> None:
    """What was loaded by now stays to the end: nobody need look through it for garbage after every so many objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def over_http() -> Iterator[Served]:
    """`with over_http(app) as address`: the application over HTTP on a free port.

    Leaving only tells the server to end: uvicorn looks ten times a second whether it shall, and rests as long again
    before it does. The next server waits for that, and mostly finds it done.
    """
    import uvicorn

    ending: list[Callable[[], None]] = []

    def all_ended() -> None:
        while ending:
            ending.pop()()

    @contextmanager
    def within(app: FastAPI) -> Iterator[str]:
        all_ended()
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()

        def ended() -> None:
            thread.join()
            listener.close()
            app.state.engine.dispose()

        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            ending.append(ended)

    yield within
    all_ended()


@pytest.fixture
def steps(
    asked: Callable[[Engine], AbstractContextManager[list[str]]],
) -> Callable[[Engine, Callable[[Session], object]], list[str]]:
    """The steps in which SQLite answers what a reading asks: `steps(engine, read)`."""
    from server import database

    def make(engine: Engine, read: Callable[[Session], object]) -> list[str]:
        with asked(engine) as said, database.read(engine) as session:
            read(session)
        with engine.connect() as connection:
            plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}") for each in said]
            return [step[-1] for plan in plans for step in plan]

    return make
