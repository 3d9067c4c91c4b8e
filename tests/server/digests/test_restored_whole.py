"""A server restored from yesterday's copy is made whole by its tablets: real processes, real files, and the digests of
both sides say so.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from server import database
from server.access import actions, enrolment
from server.app import create_app
from server.exchange import digests, forms
from server.registry.policy import POLICY
from server.registry.tables import Division
from server.web.figures import CHINA
from survey_forms import interview
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.client import Account
from sync.driver import HttpHub, enrol, http_client, run
from sync.replica import Draft, Replica

COUNTY = "140525"
A, B = "140525100201", "140525100202"


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Office:
    """The command line over one data folder, each command a process of its own."""

    data: Path

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "server.cli", *words, "--data", str(self.data)],
            capture_output=True, text=True, check=False, timeout=300,
            env=os.environ | {"CLEANHEAT_COUNTY": COUNTY},
        )  # fmt: skip

    def serving(self, stack: ExitStack) -> str:
        """A server until the stack unwinds, which kills it; gives its address."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        log = stack.enter_context((self.data / "server.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve", "--data", str(self.data), "--port", str(port)],
            stdout=log, stderr=log, env=os.environ | {"CLEANHEAT_COUNTY": COUNTY},
        )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.send_signal, signal.SIGKILL)
        address = f"http://127.0.0.1:{port}"
        while True:
            try:
                httpx.get(f"{address}/sign-in", timeout=30, trust_env=False, verify=False)
                return address
            except httpx.TransportError:
                assert process.poll() is None, (self.data / "server.log").read_text()
                time.sleep(0.05)


@dataclass
class Surveyor:
    """A tablet's real replica in a real file, and the visit form on it."""

    replica: Replica
    released: forms.Forms

    def joins(self, address: str, code: str) -> None:
        with http_client() as client:
            enrol(self.replica, client, address, code, device_name="平板", app_version="1")

    def visits(self, village: str, home: str | None = None, **answers: str) -> str:
        form = next(each for each in self.released.documents if each.id == "visit")
        known = self.replica.entity("household", home) if home else None
        home = home or new_id()
        given = {"household_id": home, "village": village, "person": self.replica.identity().person}
        if known:
            given |= {name: known.props.get(name, "") for name in ("head_name", "door_number")}
        else:
            answers = {"new_door": f"{uuid.uuid4().int % 900 + 1}号", "new_head": "张三", **answers}
        local = now().astimezone(CHINA)
        context = Context(today=local.date(), now=local, given=given)
        filled = interview.begin(parse(form.xml), context, {"visit_outcome": "not_at_home", **answers})
        assert interview.faults(filled, "zh") == ()
        said = interview.answers(filled)
        draft = self.replica.save_draft(
            Draft(new_id(), form.id, form.version, village, home, {"household": home}, answers=said)
        )
        changes = self.released.by_key[form.id, form.version].changes(said)
        self.replica.submit(draft.id, said, changes, now())
        return home

    def calls(self, address: str) -> Account:
        with http_client() as client:
            hub = HttpHub(client, address, self.replica.identity().secret)
            account = run(self.replica, hub, clock=now, app_version="1")
        assert account.problem is None, account
        return account


@pytest.fixture
def office(settings) -> Office:
    return Office(settings.data)


@pytest.fixture
def surveyors(settings, tmp_path: Path) -> Iterator[list[tuple[Surveyor, str]]]:
    """Two tablets of the same two villages, not enrolled yet, with their codes."""
    app = create_app(settings)
    with database.write(app.state.engine) as session:
        for village in (A, B):
            session.add(
                Division(
                    code=village, name=village[-3:], level="village", parent="140525100000", edition="2016"
                )
            )
        codes = []
        for name in ("王五", "赵六"):
            person = actions.surveyor(session, name=name, county=COUNTY, new_id=new_id, now=now())
            codes.append(
                enrolment.make_code(
                    session, county=COUNTY, person=person.id, villages=(A, B), made_by=person.id, now=now()
                )
            )
    released = app.state.exchange.forms
    app.state.engine.dispose()
    with ExitStack() as stack:
        yield [
            (
                Surveyor(
                    stack.enter_context(
                        Replica.open(tmp_path / f"tablet-{number}.sqlite3", clock=now, new_id=new_id)
                    ),
                    released,
                ),
                code,
            )
            for number, code in enumerate(codes)
        ]


def kept(settings) -> dict[str, str]:
    """The hub's digests at the feeds' heads; they are those of its rows."""
    engine = database.engine(settings.database_url)
    try:
        with database.read(engine) as session:
            connection = session.connection()
            heads = dict(connection.exec_driver_sql("SELECT village, seq FROM feed_head").all())
            found = digests.kept(session, COUNTY, heads)
            masked = POLICY.masked
            assert found == {code: str(digests.recount(session, COUNTY, code, masked)) for code in heads}
            return found
    finally:
        engine.dispose()


def test_what_a_copy_does_not_know_its_tablets_bring_back(settings, office, surveyors, tmp_path) -> None:
    (one, code_one), (two, code_two) = surveyors
    copy = tmp_path / "yesterday.sqlite3"
    with ExitStack() as stack:
        address = office.serving(stack)
        one.joins(address, code_one), two.joins(address, code_two)
        homes = [one.visits(A), one.visits(B), two.visits(A)]
        for each in (one, two, one):
            each.calls(address)
        assert office.command("backup", str(copy)).returncode == 0
        two.visits(B, homes[1], visit_outcome="refused")
        homes += [one.visits(A), two.visits(B)]
        for each in (one, two, one):
            each.calls(address)
    before = kept(settings)
    told = office.command("restore", str(copy))
    assert told.returncode == 0, told.stdout + told.stderr
    assert kept(settings) != before

    with ExitStack() as stack:
        address = office.serving(stack)
        two.visits(A)
        assert one.calls(address).history_met and two.calls(address).history_met
        again = [each.calls(address) for each in (one, two)]
    # What both hold is what the hub holds, and everything that was ever recorded is in its journal.
    after = kept(settings)
    assert one.replica.stated().digests == two.replica.stated().digests == after
    assert [account.villages_reread for account in again] == [(), ()]
    engine = database.engine(settings.database_url)
    with database.read(engine) as session:
        journal = {row[0] for row in session.connection().exec_driver_sql("SELECT id FROM submission")}
        known = {row[0] for row in session.connection().exec_driver_sql("SELECT id FROM household")}
    engine.dispose()
    made = {record.submission.id for each in (one, two) for record in each.replica.outbox()}
    assert made == journal and len(made) == 7
    assert set(homes) <= known
    assert all(each.replica.status().safe_to_hand_in for each in (one, two))
    verified = office.command("verify", "--only", "sync", "--redecide", "--photos", "--json")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["checks"]["photos"] == 0
    assert json.loads(verified.stdout)["holds"] is True


def test_a_restored_server_whose_file_was_tampered_with_is_told_by_the_command(
    settings, office, surveyors, tmp_path
) -> None:
    (one, code), _ = surveyors
    with ExitStack() as stack:
        address = office.serving(stack)
        one.joins(address, code)
        home = one.visits(A)
        one.calls(address)
    engine = database.engine(settings.database_url)
    with database.write(engine) as session:
        session.connection().exec_driver_sql("UPDATE household SET head_name = '李四'")
    engine.dispose()
    told = office.command("verify", "--only", "sync")
    assert told.returncode == 1
    assert "1 处" in told.stdout and "head_name" in told.stdout.replace("\n", "")
    listed = office.command("verify", "--json")
    [finding] = json.loads(listed.stdout)["findings"]
    assert (finding["check"], finding["id"]) == ("projection", f"household/{home}")
