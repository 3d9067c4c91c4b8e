"""A server killed while it decides: every home is decided whole or not at all, and going on finishes the rest."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

from server import database
from server.database import read
from server.subsidies import decisions, verify
from server.subsidies.tables import EntitlementRow

COUNTY = "140427"
HOMES_N, PART_N = 600, decisions.HOMES_PER_TRANSACTION
# Tells each part that is committed on its own line.
WORKER = """
import sys, uuid
from datetime import UTC, datetime
from server import database
from server.subsidies import decision_views, decisions
from server.subsidies.decision_views import DecisionFilter
engine = database.engine(sys.argv[1])
with database.read(engine) as session:
    picks = decision_views.every_pick(session, DecisionFilter("140427"))
act = decisions.Act("due", "clerk", datetime(2019, 1, 10, 2, tzinfo=UTC))
decisions.decide(
    engine, "140427", picks, act, lambda: uuid.uuid4().hex, told=lambda n: print(n, flush=True)
)
print("done", flush=True)
"""


def _start(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WORKER, url], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("parts_n", [1, 2])
def test_a_killed_decision_is_whole_as_far_as_it_went(tmp_path: Path, an_office, parts_n: int) -> None:
    url = f"sqlite:///{tmp_path / 'cleanheat.sqlite3'}"
    engine = database.engine(url)
    database.migrate(engine)
    office = an_office(engine)
    office.accepted_homes(HOMES_N)
    office.refresh()

    worker = _start(url)
    assert worker.stdout is not None
    for _ in range(parts_n):
        assert worker.stdout.readline() == f"{PART_N}\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()

    def lines_of_homes() -> Counter[str]:
        with read(engine) as session:
            assert verify.verify(session, COUNTY, office.now).findings == ()
            return Counter(session.exec(select(EntitlementRow.household)))

    before = lines_of_homes()
    assert parts_n * PART_N <= len(before) <= HOMES_N and set(before.values()) == {2}
    with _start(url) as again:
        assert again.stdout is not None and again.stdout.read().endswith("done\n")
    assert len(lines_of_homes()) == HOMES_N
    engine.dispose()
