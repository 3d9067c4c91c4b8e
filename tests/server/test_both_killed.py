"""Server and tablets killed at random points, as real processes over real files and a real connection.

Two tablets record and call without pause, and say each save and each receipt on their output after it returned. The
server and they are killed with SIGKILL, one or the other, at any moment, and begun again. Whatever was said stands: a
saved record is on its tablet, a receipt is in the journal; and when all are left in peace, everything arrives once.
"""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from server import database
from server.access import actions, enrolment
from server.app import create_app
from server.exchange import digests
from server.registry.policy import POLICY
from server.registry.tables import Division
from sync import driver
from sync.replica import Replica

COUNTY, VILLAGE = "140525", "140525100201"
ROOT = str(Path(__file__).parents[2])
KILLS_SAMPLED = 10
KILLS_SOAK = 50

CHILD = """
import random, sys, time, uuid
from datetime import UTC, datetime
from pathlib import Path
from server.web.figures import CHINA
from survey_forms import interview, released
from survey_forms.answers import entity_changes
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync import driver
from sync.replica import Draft, Replica

path, seed, village = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
chance = random.Random(seed)
now, new_id = lambda: datetime.now(UTC), lambda: str(uuid.uuid4())
key, version, xml = next(each for each in released() if each[0] == "visit")
form = parse(xml)
replica = Replica.open(path, clock=now, new_id=new_id)
me = replica.identity()

def say(*words):
    sys.stdout.write(" ".join(words) + "\\n")
    sys.stdout.flush()

def visit():
    known = [row.id for row in replica.households(village, limit=30)]
    home = chance.choice(known) if known and chance.random() < 0.6 else None
    shown = replica.entity("household", home).props if home else {}
    home = home or new_id()
    given = {"household_id": home, "village": village, "person": me.person}
    given |= {name: shown.get(name, "") for name in ("head_name", "door_number")}
    first = {} if shown.get("door_number") else {"new_door": f"{chance.randint(1, 900)}号", "new_head": "张三"}
    outcome = chance.choice(["not_at_home", "surveyed", "refused"])
    local = now().astimezone(CHINA)
    context = Context(today=local.date(), now=local, given={k: v for k, v in given.items() if v})
    said = interview.answers(interview.begin(form, context, {"visit_outcome": outcome, **first}))
    draft = replica.save_draft(Draft(new_id(), "visit", version, village, home, {"household": home}, answers=said))
    say("saved", replica.submit(draft.id, said, entity_changes(form, said), now()).id)

told = {record.submission.id for record in replica.outbox() if record.verdict}
with driver.http_client() as client:
    hub = driver.HttpHub(client, me.server, me.secret)
    while True:
        # No more than a batch: while the server begins again, a machine records more than any person.
        for _ in range(chance.randint(1, 8) if len(replica.waiting_ids()) < 40 else 0):
            visit()
        if driver.run(replica, hub, clock=now, app_version="1").problem:
            time.sleep(0.1)
        for record in replica.outbox(limit=60):
            if record.verdict and record.submission.id not in told:
                told.add(record.submission.id)
                say("receipt", record.submission.id, record.verdict.outcome)
"""


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Killed:
    """A process that is killed and begun again. ``said``: whole lines of all its lives."""

    command: list[str]
    output: Path
    process: subprocess.Popen[bytes] | None = None
    kills_n: int = 0

    def begin(self) -> None:
        env = os.environ | {"CLEANHEAT_COUNTY": COUNTY, "PYTHONPATH": ROOT}
        with self.output.open("ab") as output, self.output.with_suffix(".err").open("ab") as errors:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=errors, env=env)

    def kill(self) -> None:
        if self.process is not None:
            assert self.process.poll() is None, self.output.with_suffix(".err").read_text()
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process, self.kills_n = None, self.kills_n + 1

    def said(self, word: str) -> list[list[str]]:
        whole, _, _ = self.output.read_text().rpartition("\n")
        return [line.split()[1:] for line in whole.splitlines() if line.startswith(word + " ")]


@dataclass
class Stand:
    """The server and its tablets. ``files``: the replica of each tablet."""

    data: Path
    address: str
    server: Killed
    tablets: list[Killed] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def serve(self) -> None:
        self.server.begin()
        while True:
            try:
                httpx.get(f"{self.address}/sign-in", timeout=30, trust_env=False, verify=False)
                return
            except httpx.TransportError:
                assert self.server.process is not None
                assert self.server.process.poll() is None, self.server.output.with_suffix(".err").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        for each in (*self.tablets, self.server):
            if each.process is not None and each.process.poll() is None:
                each.kill()


@pytest.fixture
def stand(settings, tmp_path: Path) -> Iterator[Stand]:
    app = create_app(settings)
    with database.write(app.state.engine) as session:
        division = Division(
            code=VILLAGE, name="201村", level="village", parent="140525100000", edition="2016"
        )
        session.add(division)
        codes = []
        for name in ("王五", "赵六"):
            person = actions.surveyor(session, name=name, county=COUNTY, new_id=new_id, now=now())
            made = {"villages": (VILLAGE,), "made_by": person.id, "now": now()}
            codes.append(enrolment.make_code(session, county=COUNTY, person=person.id, **made))
    app.state.engine.dispose()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "server.cli", "serve", "--data", str(settings.data), "--port", str(port)]
    made = Stand(settings.data, f"http://127.0.0.1:{port}", Killed(words, tmp_path / "server.out"))
    with ExitStack() as stack:
        stack.callback(made.stop)
        made.serve()
        for number, code in enumerate(codes):
            file = tmp_path / f"tablet-{number}.db"
            with Replica.open(file, clock=now, new_id=new_id) as replica, driver.http_client() as client:
                driver.enrol(replica, client, made.address, code, device_name="平板", app_version="1")
            words = [sys.executable, "-c", CHILD, str(file), str(number), VILLAGE]
            made.files.append(file)
            made.tablets.append(Killed(words, tmp_path / f"tablet-{number}.out"))
        yield made


def _kill_at_random(stand: Stand, kills: int, seed: int) -> None:
    """One or the other, a moment after it was begun or later."""
    chance = random.Random(seed)
    for tablet in stand.tablets:
        tablet.begin()
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 1.0))
        victim = chance.choice([stand.server, *stand.tablets])
        victim.kill()
        if victim is stand.server:
            stand.serve()
        else:
            victim.begin()
    stand.stop()


def _left_in_peace(stand: Stand) -> dict[str, str]:
    """Each tablet calls until it has nothing to say; gives every record's outcome as its tablet has it."""
    stand.serve()
    outcomes: dict[str, str] = {}
    for file, tablet in zip(stand.files, stand.tablets, strict=True):
        with Replica.open(file, clock=now, new_id=new_id) as replica, driver.http_client() as client:
            here = {record.submission.id for record in replica.outbox()}
            assert {id for (id,) in tablet.said("saved")} <= here, "a saved record is gone"
            hub = driver.HttpHub(client, stand.address, replica.identity().secret)
            assert driver.run(replica, hub, clock=now, app_version="1").problem is None
            # A form that was being filled in when the tablet died is a draft still, and nobody's to send.
            assert replica.status().waiting_n == 0
            found = {each.submission.id: each.verdict.outcome for each in replica.outbox() if each.verdict}
            assert all(found[id] == outcome for id, outcome in tablet.said("receipt"))
            outcomes |= found
    stand.stop()
    return outcomes


def _check(stand: Stand, settings, outcomes: dict[str, str]) -> None:
    """Each record is in the journal once, with the outcome its tablet was told; feed, entities and digests agree."""
    with closing(sqlite3.connect(stand.data / "cleanheat.sqlite3")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert dict(db.execute("SELECT id, outcome FROM submission")) == outcomes
        touched = "SELECT entity, count(*) FROM submission_target GROUP BY entity"
        versions = dict(db.execute("SELECT id, version FROM entity"))
        assert all(versions[entity] <= n for entity, n in db.execute(touched))
        seqs = [
            row[0] for row in db.execute("SELECT seq FROM feed WHERE village = ? ORDER BY seq", (VILLAGE,))
        ]
        head = db.execute("SELECT seq FROM feed_head WHERE village = ?", (VILLAGE,)).fetchone()[0]
        assert seqs == list(range(1, head + 1))
        chains = [json.loads(sent) for (sent,) in db.execute("SELECT sent FROM submission")]
    for device in {each["device"] for each in chains}:
        own = sorted(each["device_seq"] for each in chains if each["device"] == device)
        assert own == list(range(1, len(own) + 1)), "a chain with a gap or a fork"
    engine = database.engine(settings.database_url)
    with database.read(engine) as session:
        counted = str(digests.recount(session, COUNTY, VILLAGE, POLICY.masked))
        assert digests.kept(session, COUNTY, {VILLAGE: head}) == {VILLAGE: counted}
    engine.dispose()


def _kill(stand: Stand, settings, kills: int, seed: int) -> None:
    _kill_at_random(stand, kills, seed)
    receipts = sum(len(tablet.said("receipt")) for tablet in stand.tablets)
    outcomes = _left_in_peace(stand)
    _check(stand, settings, outcomes)
    assert receipts > 0 and len(outcomes) > kills, "nothing went on between the kills"


def test_server_and_tablets_killed_at_random_points_lose_nothing_acknowledged(stand, settings) -> None:
    _kill(stand, settings, KILLS_SAMPLED, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
def test_server_and_tablets_killed_again_and_again_lose_nothing(stand, settings, seed: int) -> None:
    _kill(stand, settings, KILLS_SOAK, 100 + seed)
