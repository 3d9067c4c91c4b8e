"""Where a value came from is looked up while others wait to write: by an index, never through the county."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from server import database
from server.exchange import sources


def test_what_a_submission_was_about_is_found_by_an_index(sqlite_engine: Engine) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    with database.read(sqlite_engine) as session:
        assert sources.also_about(session, "140525", ["s"], "conversion") == {}
        about_homes = sources.last_set(
            session, "140525", "household", {"h": "h"}, "device", apart_from="conversion"
        )
        connection = session.connection()
        steps = [
            step[-1]
            for statement, values in list(asked)
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert about_homes == {}
    reads = [step for step in steps if "submission_target" in step]
    assert len(reads) == 3
    assert all("entity=?" in step or "submission=?" in step for step in reads), reads
