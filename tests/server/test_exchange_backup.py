"""Copies of the database and the way back: whole or not at all, and always under a new history."""

import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server import database
from server.app import create_app
from server.exchange import backup, history
from sync.messages import Cursor

NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
NORTH = "140525100201"


def _new_id() -> str:
    return str(uuid.uuid4())


def _history(url: str) -> str:
    engine = database.engine(url)
    with database.read(engine) as session:
        present = history.present(session)
    engine.dispose()
    return present


def test_a_copy_of_a_running_server_can_be_restored_and_tablets_make_it_whole(
    running, tablet, settings, tmp_path: Path
) -> None:
    copy = tmp_path / "copy" / "backup.sqlite3"
    copy.parent.mkdir()
    before = tablet.visit(NORTH)
    tablet.sync(running.address, before)
    assert backup.back_up(settings.database_url, copy) > 0
    after = tablet.visit(NORTH)
    tablet.sync(running.address, after)
    assert copy.stat().st_size > 0

    restored = tmp_path / "restored"
    url = f"sqlite:///{restored / 'cleanheat.sqlite3'}"
    assert backup.restore(url, copy, new_id=_new_id, now=NOW) is None
    assert _history(url) != tablet.history
    with closing(sqlite3.connect(restored / "cleanheat.sqlite3")) as db:
        assert [row[0] for row in db.execute("SELECT id FROM submission")] == [before.id]


def test_the_replaced_database_is_kept(settings, tmp_path: Path) -> None:
    app = create_app(settings)
    app.state.engine.dispose()
    old = _history(settings.database_url)
    copy = tmp_path / "backup.sqlite3"
    backup.back_up(settings.database_url, copy)
    kept = backup.restore(settings.database_url, copy, new_id=_new_id, now=NOW)
    assert kept == tmp_path / "cleanheat-20200901T080000.sqlite3"
    assert _history(f"sqlite:///{kept}") == old
    assert _history(settings.database_url) != old
    assert list(tmp_path.glob("*.restoring*")) == []


KILLED = """
import os, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from server.exchange import backup

def restore(left):
    def at_each_step(event, args):
        nonlocal left
        if event in ("os.rename", "os.remove"):
            left -= 1
            if left < 0:
                os._exit(9)

    sys.addaudithook(at_each_step)
    now = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
    backup.restore(sys.argv[1], Path(sys.argv[2]), new_id=lambda: str(uuid.uuid4()), now=now)
    os._exit(0)

# Each in a process of its own, forked from this one, which has imported everything already.
for steps in sys.stdin:
    child = os.fork()
    if not child:
        restore(int(steps))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_restore_killed_at_any_step_leaves_the_old_database_or_the_new_one(
    settings, tmp_path: Path
) -> None:
    """Never none: the next start would make an empty one in its place."""
    create_app(settings).state.engine.dispose()
    target = backup.database_file(settings.database_url)
    old, copy = _history(settings.database_url), tmp_path / "backup.sqlite3"
    backup.back_up(settings.database_url, copy)
    ends = []
    command = [sys.executable, "-c", KILLED, settings.database_url, str(copy)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forker:
        assert forker.stdin and forker.stdout
        for steps in range(40):
            forker.stdin.write(f"{steps}\n")
            forker.stdin.flush()
            status = int(forker.stdout.readline())
            assert target.exists(), steps
            ends.append((status, _history(settings.database_url) == old))
            if status == 0:
                break
        forker.stdin.close()
    assert ends[0] == (9, True) and ends[-1] == (0, False) and {code for code, _ in ends} == {0, 9}


def test_what_only_the_log_of_a_killed_server_holds_is_kept_aside(settings, tmp_path: Path) -> None:
    create_app(settings).state.engine.dispose()
    copy = tmp_path / "backup.sqlite3"
    backup.back_up(settings.database_url, copy)
    target = backup.database_file(settings.database_url)
    # As a server leaves it that was killed: committed, and not yet in the file itself.
    write = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); "
        "db.execute(\"INSERT INTO hub_meta VALUES ('late', 'word')\"); db.commit(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", write, str(target)], check=False)
    assert target.with_name(target.name + "-wal").stat().st_size > 0
    kept = backup.restore(settings.database_url, copy, new_id=_new_id, now=NOW)
    late = "SELECT count(*) FROM hub_meta WHERE name = 'late'"
    for path, count in ((kept, 1), (target, 0)):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute(late).fetchone() == (count,), path


def test_a_damaged_database_is_replaced_and_kept_as_it_is(settings, tmp_path: Path) -> None:
    create_app(settings).state.engine.dispose()
    copy = tmp_path / "backup.sqlite3"
    backup.back_up(settings.database_url, copy)
    target = backup.database_file(settings.database_url)
    damaged = b"not a database any more" * 300
    target.write_bytes(damaged)
    kept = backup.restore(settings.database_url, copy, new_id=_new_id, now=NOW)
    assert kept is not None and kept.read_bytes() == damaged
    again = backup.restore(settings.database_url, copy, new_id=_new_id, now=NOW)
    assert again is not None and again != kept and kept.read_bytes() == damaged


def test_a_copy_is_one_file_that_needs_no_other(settings, tmp_path: Path) -> None:
    create_app(settings).state.engine.dispose()
    away = tmp_path / "away"
    away.mkdir()
    backup.back_up(settings.database_url, away / "copy")
    with closing(sqlite3.connect(f"file:{away / 'copy'}?mode=ro&immutable=1", uri=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() != ("wal",)
        assert db.execute("SELECT count(*) FROM hub_meta WHERE name = 'history'").fetchone() == (1,)
    assert [path.name for path in away.iterdir()] == ["copy"]


def test_an_existing_file_is_not_overwritten(settings, tmp_path: Path) -> None:
    create_app(settings).state.engine.dispose()
    target = tmp_path / "precious"
    target.write_text("precious")
    with pytest.raises(backup.BackupProblem, match="已经存在"):
        backup.back_up(settings.database_url, target)
    assert target.read_text() == "precious"


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 400])
def test_what_is_no_backup_replaces_nothing(settings, tmp_path: Path, content: bytes) -> None:
    create_app(settings).state.engine.dispose()
    old = _history(settings.database_url)
    wrong = tmp_path / "wrong"
    wrong.write_bytes(content)
    with pytest.raises(backup.BackupProblem, match="不是 cleanheat 的备份，或已损坏"):
        backup.restore(settings.database_url, wrong, new_id=_new_id, now=NOW)
    assert _history(settings.database_url) == old


def test_a_copy_of_a_newer_version_replaces_nothing(settings, tmp_path: Path) -> None:
    create_app(settings).state.engine.dispose()
    old = _history(settings.database_url)
    copy = tmp_path / "newer.sqlite3"
    backup.back_up(settings.database_url, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    with pytest.raises(database.DatabaseProblem) as caught:
        backup.restore(settings.database_url, copy, new_id=_new_id, now=NOW)
    assert caught.value.code == "newer"
    assert _history(settings.database_url) == old
    assert list(tmp_path.glob("*.restoring*")) == []


def test_a_copy_that_does_not_fit_on_the_disk_is_not_there_by_half(settings, tmp_path: Path) -> None:
    create_app(settings).state.engine.dispose()
    with pytest.raises(backup.BackupProblem, match="备份没有完成"):
        backup.back_up(settings.database_url, tmp_path / "no such folder" / "copy")
    assert list(tmp_path.glob("**/*.part")) == []


def test_a_postgresql_database_is_copied_with_its_own_tools(new_postgres, engine) -> None:
    with pytest.raises(backup.BackupProblem, match="pg_dump"):
        backup.database_file(new_postgres())


def test_a_database_brought_back_by_other_means_gets_a_new_history(engine) -> None:
    with database.write(engine) as session:
        old = history.ensure(session, _new_id)
    assert backup.begin_new_history(engine, _new_id) != old
    with database.read(engine) as session:
        assert history.present(session) != old


def test_a_tablet_ahead_of_a_server_put_back_by_hand_begins_a_new_history(running, tablet) -> None:
    """Without a restore command: the tablet's cursor gives the older copy away, and is worth nothing any more. What
    came with it waits until the tablet has offered what the copy lacks."""
    tablet.sync(running.address, known := tablet.visit(NORTH))
    visit = tablet.visit(NORTH)
    reply = tablet.sync(running.address, visit, held={NORTH: Cursor(seq=99)})
    assert (reply.history != tablet.history, reply.verdicts) == (True, ())
    reply = tablet.sync(running.address, visit, history=reply.history)
    assert reply.verdicts[0].outcome == "applied"
    assert {entity.key for entity in reply.changes} == {known.targets[0].key, visit.targets[0].key}
