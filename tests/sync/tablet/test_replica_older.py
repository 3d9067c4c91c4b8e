"""A tablet's file of an earlier app is taken over with all that is in it, or left as it was; never half."""

import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from sync.codec import decode, submission_hash
from sync.messages import FormXml, Submission
from sync.replica import Replica, ReplicaProblem
from sync.replica_schema import MIGRATIONS

OLDER = Path(__file__).parent / "older" / "replica-0.1.0.sql"
VERSION = 2
KILLED = """
import os, signal, sys
from pathlib import Path
from sync import replica_schema

def last_breath(db):
    db.conn.execute("CREATE TABLE half_done (x)")
    os.kill(os.getpid(), signal.SIGKILL)

step = int(sys.argv[2])
migrations = list(replica_schema.MIGRATIONS)
migrations[step:step] = [last_breath]
replica_schema.connect(Path(sys.argv[1]), tuple(migrations))
"""


def clock() -> datetime:
    return datetime(2020, 9, 2, tzinfo=UTC)


def opened(file: Path) -> Replica:
    return Replica.open(file, clock=clock, new_id=lambda: str(uuid.uuid4()))


@pytest.fixture(scope="module")
def older(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("older") / "tablet.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(OLDER.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA user_version = {VERSION}")
    return file


@pytest.fixture
def file(older, tmp_path) -> Path:
    return shutil.copy(older, tmp_path / "tablet.db")


def _said(file: Path) -> list[tuple]:
    """Everything a surveyor made, byte for byte."""
    with closing(sqlite3.connect(file)) as connection:
        return [
            *connection.execute("SELECT seq, id, state, body, verdict FROM submission ORDER BY seq"),
            *connection.execute("SELECT id, form, form_version, answers FROM draft"),
            *connection.execute("SELECT device, secret, history, chain_seq, chain_hash FROM identity"),
        ]


def test_a_file_of_the_first_app_keeps_its_rows_and_learns_names(tmp_path):
    file = tmp_path / "tablet.db"
    with closing(sqlite3.connect(file)) as connection:
        MIGRATIONS[0](Database(connection))
        connection.execute("INSERT INTO form VALUES ('visit', '2020.1', 'x', '<xml/>')")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    with opened(file) as replica:
        assert replica.form("visit") == FormXml("visit", "2020.1", "x", "<xml/>")
        assert replica.person("p-9") is None


def test_unsent_work_of_an_earlier_app_is_taken_over_byte_for_byte(file):
    before = _said(file)
    with opened(file) as replica:
        status = replica.status()
        assert (status.waiting_n, status.drafts_n) == (2, 1)
        _, batch, _ = replica.next_request(10, max_bytes=1_000_000)
        (draft,) = replica.drafts()
        assert draft.answers == {"visit_outcome": "refused"}
        assert [record.state for record in replica.outbox()].count("sent_safe") == 1
        assert replica.households(None)[0].head_name
    assert _said(file) == before
    bodies = {row[1]: row[3] for row in before if len(row) == 5 and isinstance(row[3], bytes)}
    for submission in batch:
        # The chain's links were made of these bytes: the same submission must still hash to the same.
        stored = bodies[submission.id]
        assert decode(Submission, stored) == submission
        assert submission_hash(submission) == hashlib.sha256(stored).hexdigest()


@pytest.mark.parametrize("step", range(VERSION, len(MIGRATIONS) + 1))
def test_an_upgrade_killed_at_any_step_leaves_the_file_as_it_was(file, step):
    before = _said(file)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(file), str(step)], check=False)
    assert ended.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half_done'").fetchall()
    assert _said(file) == before
    with opened(file) as replica:
        assert replica.status().waiting_n == 2
    assert _said(file) == before


@pytest.mark.parametrize("step", range(len(MIGRATIONS) + 1))
def test_a_new_file_killed_while_it_is_made_is_made_anew(tmp_path, step):
    file = tmp_path / "tablet.db"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(file), str(step)], check=False)
    assert ended.returncode == -signal.SIGKILL
    with opened(file) as replica:
        assert replica.status().drafts_n == 0 and replica.identity() is None


def test_an_earlier_app_leaves_a_newer_file_alone(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    content = file.read_bytes()
    with pytest.raises(ReplicaProblem, match="请安装最新版本的应用；数据没有改动") as told:
        opened(file)
    assert told.value.code == "newer"
    assert file.read_bytes() == content
