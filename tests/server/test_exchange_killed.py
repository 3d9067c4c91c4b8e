"""A server that dies in the middle of a push: whatever it acknowledged is there, and nothing is there by half.

A real server process is killed with SIGKILL at a random moment while several tablets push without pause; afterwards the
database file is opened and checked, and every tablet sends again what it has no receipt for.
"""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from server import database
from server.app import create_app
from server.registry.tables import Division
from sync.messages import Submission, Verdict

VILLAGE = "140525100201"
ROUNDS_SAMPLED = 3
ROUNDS_SOAK = 40


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Process:
    """`cleanheat serve` on a data folder: ready when made, killed without mercy on leaving."""

    def __init__(self, data: Path) -> None:
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "server.cli", "serve", "--data", str(data), "--port", str(self.port)]
        self.log = (data / "server.log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, env=os.environ | {"CLEANHEAT_COUNTY": "140525"}
        )
        try:
            self._until_it_answers()
        except BaseException:
            self.__exit__()
            raise

    def _until_it_answers(self) -> None:
        """However long a busy machine takes: one that died is noticed at once, and pytest ends what hangs."""
        while True:
            try:
                httpx.get(f"{self.address}/sign-in", timeout=30, trust_env=False, verify=False)
                return
            except httpx.TransportError:
                assert self.process.poll() is None, Path(self.log.name).read_text()
                time.sleep(0.05)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


@dataclass
class Pusher:
    """A tablet that sends batch after batch until its line is cut; remembers each receipt."""

    tablet: object
    sent: dict[str, Submission] = field(default_factory=dict)
    receipts: dict[str, Verdict] = field(default_factory=dict)

    def run(self, address: str, batch: int) -> None:
        try:
            while True:
                fresh = [self.tablet.visit(VILLAGE, new_head="张三") for _ in range(batch)]
                self.sent |= {visit.id: visit for visit in fresh}
                self.deliver(address, fresh)
        except httpx.TransportError:
            return

    def deliver(self, address: str, submissions: list[Submission]) -> None:
        for start in range(0, len(submissions), 100):
            reply = self.tablet.sync(address, *submissions[start : start + 100])
            for verdict in reply.verdicts:
                known = self.receipts.setdefault(verdict.submission, verdict)
                assert known == verdict, "a verdict was given twice and differently"

    def unacknowledged(self) -> list[Submission]:
        return [visit for identity, visit in self.sent.items() if identity not in self.receipts]


@pytest.fixture
def pushers(settings, enrol) -> Iterator[list[Pusher]]:
    app = create_app(settings)
    with database.write(app.state.engine) as session:
        session.add(
            Division(code=VILLAGE, name="201村", level="village", parent="140525100000", edition="2016")
        )
    made = [Pusher(enrol(app.state.engine, app.state.clock, VILLAGE)) for _ in range(3)]
    app.state.engine.dispose()
    yield made


def _check_whole(path: Path, acknowledged: set[str]) -> None:
    """Everything acknowledged is in the journal; journal, entities, register, feed and feed head agree."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        journal = {row[0] for row in db.execute("SELECT id FROM submission")}
        assert acknowledged <= journal
        entities = db.execute("SELECT count(*) FROM entity").fetchone()[0]
        registered = db.execute("SELECT count(*) FROM household").fetchone()[0]
        seqs = [
            row[0] for row in db.execute("SELECT seq FROM feed WHERE village = ? ORDER BY seq", (VILLAGE,))
        ]
        head = db.execute(
            "SELECT coalesce(max(seq), 0) FROM feed_head WHERE village = ?", (VILLAGE,)
        ).fetchone()[0]
        targets = db.execute("SELECT count(*) FROM submission_target").fetchone()[0]
    # Each of these visits registers one new home and is its only record.
    assert len(journal) == entities == registered == len(seqs) == targets == head
    assert seqs == list(range(1, head + 1))


def _rounds(settings, pushers: list[Pusher], rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    database_file = settings.data / "cleanheat.sqlite3"
    for _ in range(rounds):
        with Process(settings.data) as server:
            threads = [
                threading.Thread(target=pusher.run, args=(server.address, chance.randint(1, 40)))
                for pusher in pushers
            ]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.3, 2.0))
        for thread in threads:
            thread.join()
        _check_whole(database_file, {identity for pusher in pushers for identity in pusher.receipts})
    with Process(settings.data) as server:
        for pusher in pushers:
            pusher.deliver(server.address, pusher.unacknowledged())
            assert pusher.unacknowledged() == []
            # And once more, as after a lost reply: the same verdicts, no second effect.
            pusher.deliver(server.address, list(pusher.sent.values())[-200:])
    sent = {identity for pusher in pushers for identity in pusher.sent}
    _check_whole(database_file, sent)
    with closing(sqlite3.connect(database_file)) as db:
        assert db.execute("SELECT count(*) FROM submission").fetchone()[0] == len(sent)


def test_a_killed_server_loses_nothing_it_acknowledged(settings, pushers) -> None:
    _rounds(settings, pushers, ROUNDS_SAMPLED, seed=1)
    assert sum(len(pusher.receipts) for pusher in pushers) > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_a_server_killed_again_and_again_loses_nothing(settings, pushers, seed: int) -> None:
    _rounds(settings, pushers, ROUNDS_SOAK // 10, seed)
