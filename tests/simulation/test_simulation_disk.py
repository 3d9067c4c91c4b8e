"""A simulated disk: databases are put back under those who have them open, and processes die to the step."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from shutil import copyfile

import pytest

from server.lab.simulation.disk import Died, Disk, Fuse
from server.lab.simulation.stage import hurry

MANY = 40


def opened(file):
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    hurry(connection)
    return connection


@pytest.fixture
def file(tmp_path):
    """A database with one home in it, and nothing in a log."""
    made = tmp_path / "county.sqlite3"
    with closing(opened(made)) as connection:
        connection.execute("CREATE TABLE home (name TEXT, remark TEXT)")
        connection.execute("INSERT INTO home VALUES ('赵模拟', '模拟数据')")
    return made


def homes(connection):
    return [name for (name,) in connection.execute("SELECT name FROM home ORDER BY rowid")]


def test_a_database_is_put_back_under_all_who_have_it_open(file):
    before = Path(copyfile(file, file.with_name("before")))
    with closing(opened(file)) as one, closing(opened(file)) as other:
        for n in range(MANY):
            writer, reader = (one, other) if n % 2 else (other, one)
            writer.execute("BEGIN IMMEDIATE")
            for _ in range(n + 1):
                writer.execute("INSERT INTO home VALUES ('钱模拟', ?)", ("模" * 500,))
            writer.execute("DELETE FROM home WHERE name = '赵模拟'")
            writer.execute("COMMIT")
            assert homes(reader) == ["钱模拟"] * (n + 1)
            if n % 3 == 0:
                one.execute("PRAGMA wal_checkpoint")
            Disk(file).rewind(before)
            assert homes(one) == homes(other) == ["赵模拟"]
        assert one.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert file.read_bytes() == before.read_bytes()


def test_a_log_is_put_back_under_all_who_have_the_database_open(file):
    with closing(opened(file)) as one, closing(opened(file)) as other:
        for n in range(MANY):
            writer, reader = (one, other) if n % 2 else (other, one)
            before, log = homes(reader), Disk(file).image().log
            writer.execute("INSERT INTO home VALUES ('钱模拟', ?)", ("模" * 500,))
            assert len(homes(reader)) == len(before) + 1
            whole = Disk(file).image().log
            Disk(file).crash(whole[: len(log) + (len(whole) - len(log)) * n // MANY])
            assert homes(one) == homes(other) == before
            Disk(file).crash(whole)
            assert len(homes(one)) == len(homes(other)) == len(before) + 1
        assert one.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_who_dies_inside_a_transaction_leaves_none(file):
    with closing(opened(file)) as dying, closing(opened(file)) as other:
        fuse = Fuse(Disk(file))
        with suppress(Died), fuse.lit(0):
            dying.execute("BEGIN IMMEDIATE")
            fuse.guard(dying)
            dying.execute("INSERT INTO home VALUES ('钱模拟', '')")
        assert not dying.in_transaction
        other.execute("BEGIN IMMEDIATE")
        assert homes(dying) == ["赵模拟"]


def test_who_dies_with_a_connection_that_was_given_up_is_dead_all_the_same(file):
    """A pool closes a connection whose ROLLBACK was stopped too."""
    dying, fuse = opened(file), Fuse(Disk(file))
    with pytest.raises(Died), closing(dying), fuse.lit(0):
        dying.execute("BEGIN IMMEDIATE")
        fuse.guard(dying)
        with closing(dying):
            dying.execute("INSERT INTO home VALUES ('钱模拟', '')")


def test_when_a_process_dies_does_not_depend_on_what_its_connection_did_before(file):
    with closing(opened(file)) as fresh:
        lived = [_dies(file, fresh, ticks) for ticks in range(8)]
    with closing(opened(file)) as used:
        for _ in range(MANY):
            homes(used)
        assert [_dies(file, used, ticks) for ticks in range(8)] == lived
    assert len(set(lived)) > 1


def _dies(file, connection, ticks):
    """How many times such a process still reads the homes."""
    fuse, read = Fuse(Disk(file)), []
    with suppress(Died), fuse.lit(ticks):
        fuse.guard(connection)
        while len(read) < MANY:
            read.append(homes(connection))
    fuse.guard(connection)
    return len(read)
