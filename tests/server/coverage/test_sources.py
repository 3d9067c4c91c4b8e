"""Where a value came from is looked up while others wait to write: by an index, never through the county."""

from sqlalchemy.engine import Engine

from server import database, statements
from server.exchange import sources


def test_what_a_submission_was_about_is_found_by_an_index(sqlite_engine: Engine) -> None:
    asked: list[str] = []
    with database.read(sqlite_engine) as session:
        driver = statements.line_of(session).driver
        driver.set_trace_callback(asked.append)
        assert sources.also_about(session, "140525", ["s"], "conversion") == {}
        about_homes = sources.last_set(
            session, "140525", "household", {"h": "h"}, "device", apart_from="conversion"
        )
        driver.set_trace_callback(None)
        steps = [
            step[-1] for statement in asked for step in driver.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    assert about_homes == {}
    reads = [step for step in steps if "submission_target" in step]
    assert len(reads) == 3
    assert all("entity=?" in step or "submission=?" in step for step in reads), reads
