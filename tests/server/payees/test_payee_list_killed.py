"""A process that dies while it brings in a list: nothing is there by half, and the same list goes in after."""

import signal
import subprocess
import sys
import uuid

import pytest
from sqlalchemy import func
from sqlmodel import select

from server.database import read, write
from server.registry.tables import Household
from server.subsidies import payee_list
from server.subsidies.payee_list import Brought
from server.subsidies.tables import PayeeListRow, PayeeRow

HOMES = 600
# The process kills itself, without any chance to tidy up, at the moment that is named.
DYING = """
import os, signal, sys
from datetime import UTC, datetime
from sqlalchemy import event
from server.database import engine, write
from server.subsidies import payee_list
from server.subsidies.tables import PayeeListRow
url, county, identity, seen, moment = sys.argv[1:]
made = engine(url)

passed = []

def told(statement):
    # Before each statement that SQLite runs: dead at the end, or at whatever follows a row of the table.
    if passed or statement == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    passed.extend([statement] if statement.startswith("INSERT INTO " + moment) else [])

event.listen(made, "connect", lambda connection, _: connection.set_trace_callback(told))
with write(made) as session:
    row = session.get_one(PayeeListRow, (county, identity))
    brought = payee_list.Brought(identity, row.content, "official", datetime.now(UTC), lambda village: True)
    payee_list.bring_in(session, county, brought, seen)
"""


@pytest.mark.parametrize("moment", ["payee ", "audit", "COMMIT"])
def test_a_list_is_there_whole_or_not_at_all(registered, town, list_file, moment: str) -> None:
    rows = []
    with write(registered) as session:
        for number in range(HOMES):
            session.add(
                Household(
                    county=town.county, id=f"n{number}", village=town.north, version=1, door_number=f"N{number}号",
                    head_name="张三", extra={}, updated_at=town.at,
                )
            )  # fmt: skip
            rows.append(town.row("", village="北石店村", door=f"N{number}号", head="张三"))
    data, identity = list_file(*rows), str(uuid.uuid4())
    brought = Brought(identity, data, "official", town.at, lambda village: True)
    with write(registered) as session:
        session.add(
            PayeeListRow(
                county=town.county, id=identity, name="名单.xlsx", sha256=brought.sha256, content=data, read_at=town.at,
                read_by="official",
            )
        )  # fmt: skip
        seen = payee_list.look(session, town.county, brought).digest
    url = str(registered.url)
    done = subprocess.run(
        [sys.executable, "-c", DYING, url, town.county, identity, seen, moment], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert _stand(registered, town.county, identity) == (0, False)
    with write(registered) as session:
        payee_list.bring_in(session, town.county, brought, seen)
    assert _stand(registered, town.county, identity) == (HOMES, True)


def _stand(engine, county: str, identity: str) -> tuple[int, bool]:
    with read(engine) as session:
        row = session.get_one(PayeeListRow, (county, identity))
        return session.exec(select(func.count()).select_from(PayeeRow)).one(), row.imported_at is not None
