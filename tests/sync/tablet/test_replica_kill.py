"""The tablet killed in the middle of a save: real processes, a real file, SIGKILL at random moments.

The child saves, submits and applies replies as fast as it can, and writes a line to its output *after* each
call that returned. Whatever line the parent got was acknowledged and must be there; the rest may be there, but
never half.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sync.codec import derived_id, submission_hash
from sync.replica import Replica

A = "140525100001"
# A household is six lines; a slow machine takes longer over them, and is killed at the same places.
LINES_MAX = 60

CHILD = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from sync.codec import derived_id
from sync.messages import Cursor, EnrolReply, EntityState, Reply, Verdict, Village
from sync.replica import Draft, Replica

path, run, village = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
history, n = derived_id("history"), 0

def new_id():
    global n
    n += 1
    return derived_id(run, str(n))

def say(*words):
    sys.stdout.write(" ".join(words) + "\\n")
    sys.stdout.flush()

clock = lambda: datetime(2020, 9, 1, tzinfo=UTC)
replica = Replica.open(path, clock=clock, new_id=new_id)
if replica.identity() is None:
    device = replica.new_identity("http://hub").device
    replica.enrolled(EnrolReply(device, village[:6], "", "p", "", history, "2020-09-01T00:00:00Z",
                                (Village(village, "", "", None),)))
say("ready")
version = len(replica.outbox())
while True:
    house, coal = new_id(), new_id()
    draft = replica.save_draft(Draft(new_id(), "household", "1", village, house,
                                     {"household": house, "coal_use": coal}))
    say("draft", draft.id, "0")
    for i in range(1, 4):
        draft = replica.save_draft(replace(draft, answers={"n": str(i), "text": "答" * 900}))
        say("draft", draft.id, str(i))
    changes = {"household": {"head_name": house, "remark": "记" * 900}, "coal_use": {"household": house}}
    made = replica.submit(draft.id, changes, changes, clock())
    say("submitted", draft.id, made.id, house)
    version += 1
    ids = {"household": house, "coal_use": coal}
    states = tuple(EntityState(name, ids[name], village, version, dict(changes[name]), (), "") for name in ids)
    verdict = Verdict(made.id, "applied", versions={state.key: version for state in states})
    replica.apply(Reply(1, history, "2020-09-01T00:00:00Z", village[:6], "p", (verdict,), (), None, (), states,
                        {village: Cursor(seq=version)}, False))
    say("settled", made.id, str(version))
"""

OPENING = """
import sys
from pathlib import Path
from sync.replica_schema import connect
sys.stdout.write("x")
sys.stdout.flush()
connect(Path(sys.argv[1]))
"""


def kill_once(path: Path, run: str, after_n: int, after_s: float) -> list[list[str]]:
    """Let a child acknowledge so many lines, kill it a moment later, and give all it acknowledged."""
    root = str(Path(__file__).parents[3])
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), run, A],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    ready = child.stdout.readline()
    assert ready == "ready\n"
    waited_for = [child.stdout.readline() for _ in range(after_n)]
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    said = [*waited_for, *child.stdout.read().splitlines(keepends=True)]
    lines = [line.split() for line in said if line.endswith("\n")]
    child.stdout.close()
    child.wait()
    return lines


def check(replica: Replica, lines: list[list[str]]) -> None:
    """Every acknowledged line is there; chain, drafts, views and cursor fit together."""
    records = {record.submission.id: record for record in replica.outbox()}
    drafts = {draft.id: draft for draft in replica.drafts()}
    submitted = {line[1]: line for line in lines if line[0] == "submitted"}
    settled = {line[1]: int(line[2]) for line in lines if line[0] == "settled"}
    last = {line[1]: int(line[2]) for line in lines if line[0] == "draft"}
    for id, n in last.items():
        if id in submitted:
            assert id not in drafts
        elif id in drafts:
            assert int(drafts[id].answers.get("n", "0")) >= n
        else:  # submitted, but killed before it could say so
            assert len(records) > len(submitted)
    for _, _, made, house in submitted.values():
        assert records[made].submission.answers["household"]["head_name"] == house
        assert replica.entity("household", house).props["head_name"] == house
    for made, version in settled.items():
        assert records[made].state == "sent_safe" and replica.held()[A].seq >= version
    check_whole(replica)


def check_whole(replica: Replica) -> None:
    chain = [record.submission for record in reversed(replica.outbox())]
    assert [each.device_seq for each in chain] == list(range(1, len(chain) + 1))
    assert [each.previous_hash for each in chain] == ["", *map(submission_hash, chain)][: len(chain)]
    stated = replica.stated()
    assert (stated.chain_seq, stated.waiting) == (len(chain), replica.status().waiting_n)
    assert len(replica.households(A, limit=100_000)) == len(chain)
    for each in chain:
        house = each.targets[0].id
        assert [shown.props for shown in replica.related("coal_use", house)] == [{"household": house}]
    connection = replica.db.conn
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def kill_and_look(tmp_path: Path, clock: Any, ids: Any, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    path, total = tmp_path / "replica.db", 0
    for kill in range(kills):
        lines = kill_once(path, f"{seed}-{kill}", chance.randint(0, LINES_MAX), chance.uniform(0.0, 0.02))
        total += len(lines)
        with Replica.open(path, clock=clock, new_id=ids("look")) as replica:
            check(replica, lines)
            for draft in replica.drafts():
                replica.discard_draft(draft.id)
    assert total > kills  # the children did work, so the kills did hit something


def test_a_kill_in_the_middle_of_a_save_loses_nothing_acknowledged(
    tmp_path: Path, clock: Any, ids: Any
) -> None:
    kill_and_look(tmp_path, clock, ids, seed=1, kills=5)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_many_kills(tmp_path: Path, clock: Any, ids: Any, seed: int) -> None:
    kill_and_look(tmp_path, clock, ids, seed=100 + seed, kills=20)


def test_a_kill_while_the_file_is_being_made_leaves_one_that_opens(
    tmp_path: Path, clock: Any, ids: Any
) -> None:
    root = str(Path(__file__).parents[3])
    for n in range(20):
        path = tmp_path / f"{n}.db"
        child = subprocess.Popen(
            [sys.executable, "-c", OPENING, str(path)],
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root},
        )  # fmt: skip
        assert child.stdout is not None and child.stdout.read(1) == b"x"
        time.sleep(n * 0.001)
        child.kill()
        child.stdout.close()
        child.wait()
        with Replica.open(path, clock=clock, new_id=ids("look")) as replica:
            replica.new_identity(derived_id("hub"))
