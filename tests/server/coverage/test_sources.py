"""Where a value came from is looked up while others wait to write: by an index, never through the county."""

from collections.abc import Callable

from sqlalchemy.engine import Engine
from sqlmodel import Session

from server.exchange import sources


def test_what_a_submission_was_about_is_found_by_an_index(sqlite_engine: Engine, steps: Callable) -> None:
    def read(session: Session) -> None:
        assert sources.also_about(session, "140525", ["s"], "conversion") == {}
        assert (
            sources.last_set(session, "140525", "household", {"h": "h"}, "device", apart_from="conversion")
            == {}
        )

    reads = [step for step in steps(sqlite_engine, read) if "submission_target" in step]
    assert len(reads) == 3
    assert all("entity=?" in step or "submission=?" in step for step in reads), reads
