"""A tablet's file of an earlier app is taken over with all that is in it."""

import sqlite3
import uuid
from datetime import UTC, datetime

from sqlite_utils import Database

from sync.messages import FormXml
from sync.replica import Replica
from sync.replica_schema import MIGRATIONS


def test_a_file_of_the_first_app_keeps_its_rows_and_learns_names(tmp_path):
    file = tmp_path / "tablet.db"
    with sqlite3.connect(file) as connection:
        MIGRATIONS[0](Database(connection))
        connection.execute("INSERT INTO form VALUES ('visit', '2020.1', 'x', '<xml/>')")
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    def clock():
        return datetime(2020, 9, 1, tzinfo=UTC)

    with Replica.open(file, clock=clock, new_id=lambda: str(uuid.uuid4())) as replica:
        assert replica.form("visit") == FormXml("visit", "2020.1", "x", "<xml/>")
        assert replica.person("p-9") is None
