"""A process that dies while it sends a batch or takes in a return file leaves all of it or nothing.

A real server is killed with SIGKILL at moments spread over the act's own duration; the database is opened after
each, and the act is done again by the next server.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from server import database
from server.access import actions
from server.access.tables import Audit, Person
from server.app import create_app
from server.subsidies import books
from server.subsidies.batch_rows import value
from server.subsidies.ledger_checks import verify
from server.subsidies.tables import BatchRow, EntryRow, PaymentRow, PostingRow, ReturnFileRow, ReturnRowRow

COUNTY, HOMES = "140525", 200
CLERK, SECOND_CLERK, CHIEF = "p-clerk", "p-second", "p-chief"
# When to kill, as parts of what the act took undisturbed.
MOMENTS = {"send": (0.7,), "return-file": (0.4, 0.9)}
TABLES = (EntryRow, PostingRow, ReturnFileRow, ReturnRowRow, Audit)


class Process:
    """`cleanheat serve` on a data folder: ready when made, killed without mercy on leaving."""

    def __init__(self, data: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "server.cli", "serve", "--data", str(data), "--port", str(port)]
        self.log = (data / "server.log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, env=os.environ | {"CLEANHEAT_COUNTY": COUNTY}
        )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                httpx.get(f"{self.address}/sign-in", timeout=5, trust_env=False, verify=False)
                return
            assert self.process.poll() is None, (data / "server.log").read_text()
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.log.close()


@pytest.fixture
def told(settings, office_of):
    """The office over the data folder a server is started on, and a token for each clerk."""
    app = create_app(settings)
    made = office_of(app.state.engine)
    tokens = {}
    with database.write(made.engine) as session:
        for person in (CLERK, SECOND_CLERK, CHIEF):
            row = session.get_one(Person, person)
            tokens[person] = actions.make_token(session, row, label="test", county=COUNTY, now=made.now)
    yield made, tokens
    app.state.engine.dispose()


def counts(office) -> list[int]:
    with database.read(office.engine) as session:
        return [session.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES]


def of_states(office, batch: str) -> dict[str, int]:
    with database.read(office.engine) as session:
        by = (
            select(PaymentRow.state, func.count()).where(PaymentRow.batch == batch).group_by(PaymentRow.state)
        )
        return {row[0]: row[1] for row in session.execute(by)}


def send(office, batch: str) -> dict[str, object]:
    with database.read(office.engine) as session:
        row = session.get_one(BatchRow, (COUNTY, batch))
        return {"data": {"revision": str(row.revision), "seen": value(session, row).digest}}


def return_file(office, batch: str) -> dict[str, object]:
    lines = ["付款编号,账号,金额,处理结果,入账日期"]
    lines += [f"{each.id},{each.payee.account}\t,2400.00,成功,2020-12-01" for each in office.payments(batch)]
    return {"files": {"file": ("回盘.csv", "\r\n".join(lines).encode("gb18030"))}}


@dataclass
class Act:
    """An act on a batch over HTTP, and the states its payments have before and after it."""

    office: object
    token: str
    name: str
    before: str
    after: str

    def batch(self) -> str:
        """A new batch on which the act is the next thing to do."""
        self.office.homes(HOMES)
        batch = self.office.prepare(until=date(2020, 12, 1))
        self.office.step(batch, "lock", CLERK)
        self.office.step(batch, "approve", CHIEF)
        if self.before == "sent":
            self.office.step(batch, "send", SECOND_CLERK)
        return batch

    def form(self, batch: str) -> dict[str, object]:
        return send(self.office, batch) if self.name == "send" else return_file(self.office, batch)

    def done(self, server: Process, batch: str, form: dict[str, object]) -> bool:
        """Whether the server lived to answer."""
        path = f"/finance/batches/{COUNTY}/{batch}/{self.name}"
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.post(
                server.address + path, headers=headers, timeout=120, trust_env=False, verify=False, **form
            )
        except httpx.TransportError:
            return False
        assert answer.status_code == 303, answer.text[-3000:]
        return True

    def check(self, batch: str) -> None:
        assert of_states(self.office, batch) == {self.after: HOMES}
        with database.read(self.office.engine) as session:
            assert verify(books.load(session, COUNTY)) == []


@pytest.mark.parametrize(
    ("name", "person", "before", "after"),
    [("send", CLERK, "planned", "sent"), ("return-file", SECOND_CLERK, "sent", "credited")],
)
def test_a_killed_process_leaves_nothing_by_half(settings, told, name, person, before, after) -> None:
    office, tokens = told
    act = Act(office, tokens[person], name, before, after)
    first = act.batch()
    with Process(settings.data) as server:
        begun = time.monotonic()
        assert act.done(server, first, act.form(first))
        took = time.monotonic() - begun
    act.check(first)
    for moment in MOMENTS[name]:
        batch = act.batch()
        form, stood = act.form(batch), counts(office)
        with Process(settings.data) as server:
            killer = threading.Timer(took * moment, server.kill)
            killer.start()
            act.done(server, batch, form)
            killer.join()
        if of_states(office, batch) == {before: HOMES}:
            assert counts(office) == stood, "nothing of it is there"
            with Process(settings.data) as server:
                assert act.done(server, batch, form)
        act.check(batch)
