"""The tablet's file: how it is opened, its tables, the one way to write to it, and what can go wrong with it.

Apart from the functions that use the tables because these few lines carry the promise that nothing saved is
ever lost: write-ahead log with a full sync at every commit, one transaction for whatever belongs together,
and the world's faults (full disk, newer file, damaged file) told as `ReplicaProblem`s, never as half a save.

sqlite-utils' own rule is that each of its writing methods commits, unless a transaction is open, which it then
joins. `writing` opens that transaction (BEGIN IMMEDIATE: a second connection waits for its turn instead of
failing in the middle), so both its methods and plain statements on its connection may be used inside.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeAlias

from sqlite_utils import Database

from sync.doors import door_order

BUSY_TIMEOUT_S = 20
STATEMENTS_KEPT = 512  # prepared once for as long as the file is open: the tablet has about 200
Migrations: TypeAlias = "tuple[Callable[[Database], None], ...]"

_FIRST = """
CREATE TABLE identity (
    stage TEXT PRIMARY KEY CHECK (stage IN ('current', 'pending')),
    device TEXT NOT NULL, secret TEXT NOT NULL, server TEXT NOT NULL,
    county TEXT NOT NULL DEFAULT '', county_name TEXT NOT NULL DEFAULT '',
    person TEXT NOT NULL DEFAULT '', person_name TEXT NOT NULL DEFAULT '', history TEXT,
    chain_seq INTEGER NOT NULL DEFAULT 0, chain_hash TEXT NOT NULL DEFAULT '');
CREATE TABLE contact (
    only INTEGER PRIMARY KEY CHECK (only = 1), last_contact_at TEXT, clock_offset_s INTEGER);
INSERT INTO contact (only) VALUES (1);
CREATE TABLE village (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, township_name TEXT NOT NULL, area_class TEXT,
    assigned INTEGER NOT NULL, loaded INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0,
    seq INTEGER, head INTEGER, after TEXT);
CREATE TABLE form (
    id TEXT, version TEXT, sha256 TEXT NOT NULL, xml TEXT NOT NULL, PRIMARY KEY (id, version));
CREATE TABLE entity (
    dataset TEXT, id TEXT, village TEXT NOT NULL, at_hub INTEGER NOT NULL, version INTEGER NOT NULL,
    history TEXT, generation INTEGER NOT NULL, props TEXT NOT NULL, conflicts TEXT NOT NULL,
    updated_at TEXT NOT NULL, effective TEXT NOT NULL, household TEXT, marks TEXT NOT NULL,
    PRIMARY KEY (dataset, id));
CREATE INDEX entity_village ON entity (village, generation);
CREATE INDEX entity_household ON entity (household, dataset);
CREATE TABLE household_row (
    id TEXT PRIMARY KEY, village TEXT NOT NULL, sort_key TEXT NOT NULL, head_name TEXT NOT NULL,
    door_number TEXT NOT NULL, device TEXT NOT NULL, fuel TEXT NOT NULL, visit_outcome TEXT NOT NULL,
    conversion_kind TEXT, conversion_step TEXT, marks TEXT NOT NULL, search TEXT NOT NULL);
CREATE INDEX household_row_order ON household_row (village, sort_key, id);
CREATE TABLE draft (
    id TEXT PRIMARY KEY, form TEXT NOT NULL, form_version TEXT NOT NULL, village TEXT NOT NULL,
    household TEXT, target_ids TEXT NOT NULL, corrects TEXT, answers TEXT NOT NULL, position TEXT NOT NULL,
    updated_at TEXT NOT NULL);
CREATE INDEX draft_village ON draft (village);
CREATE INDEX draft_household ON draft (household);
CREATE TABLE draft_seen (
    draft TEXT REFERENCES draft (id) ON DELETE CASCADE, dataset TEXT, id TEXT, base_version INTEGER NOT NULL,
    base TEXT NOT NULL, seen TEXT NOT NULL, follows TEXT, history TEXT, PRIMARY KEY (draft, dataset));
CREATE TABLE submission (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, village TEXT NOT NULL, household TEXT,
    label TEXT NOT NULL, corrects TEXT, body BLOB NOT NULL, state TEXT NOT NULL CHECK
        (state IN ('waiting', 'sent_safe', 'merged', 'conflict', 'rejected')),
    outcome TEXT, verdict BLOB, verdict_history TEXT, not_yet TEXT);
CREATE INDEX submission_state ON submission (state, seq);
CREATE INDEX submission_village ON submission (village, state);
CREATE INDEX submission_household ON submission (household, seq);
CREATE INDEX submission_corrects ON submission (corrects);
CREATE TABLE target (
    submission TEXT REFERENCES submission (id), dataset TEXT, id TEXT, changes TEXT NOT NULL,
    seen TEXT NOT NULL, changed TEXT NOT NULL, result_version INTEGER, contained INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submission, dataset));
CREATE INDEX target_entity ON target (dataset, id);
"""


def _create(db: Database) -> None:
    db.executescript(_FIRST)


def _people(db: Database) -> None:
    db.conn.execute("CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL)")


def _digests(db: Database) -> None:
    for column in (
        "entity ADD COLUMN term TEXT",
        "village ADD COLUMN digest TEXT",
        "village ADD COLUMN added_up INTEGER NOT NULL DEFAULT 0",
        "contact ADD COLUMN recounted INTEGER NOT NULL DEFAULT 0",
        "contact ADD COLUMN whole INTEGER NOT NULL DEFAULT 0",
    ):
        db.conn.execute(f"ALTER TABLE {column}")
    # A village's terms are added up without reading its rows.
    db.conn.execute("CREATE INDEX entity_term ON entity (village, term) WHERE at_hub")


def _end_of_service(db: Database) -> None:
    for column in (
        "enrol_again TEXT",
        "challenge TEXT",
        "county_key TEXT NOT NULL DEFAULT ''",
        "revoked_at TEXT",
    ):
        db.conn.execute(f"ALTER TABLE identity ADD COLUMN {column}")
    db.conn.execute(
        "CREATE TABLE rescue (only INTEGER PRIMARY KEY CHECK (only = 1), device TEXT NOT NULL,"
        " person_name TEXT NOT NULL, county_name TEXT NOT NULL, made_at TEXT NOT NULL, file TEXT NOT NULL,"
        " submissions INTEGER NOT NULL, drafts INTEGER NOT NULL, photos INTEGER NOT NULL,"
        " wiped INTEGER NOT NULL DEFAULT 0)"
    )


def _photos(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE photo (sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, bytes INTEGER NOT NULL,"
        " small TEXT NOT NULL, small_bytes INTEGER NOT NULL, small_stored INTEGER NOT NULL DEFAULT 0,"
        " taken_at TEXT NOT NULL, state TEXT NOT NULL CHECK"
        "  (state IN ('kept', 'waiting', 'stored', 'refused', 'damaged')),"
        " sent INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '')"
    )
    db.conn.execute("CREATE INDEX photo_state ON photo (state, taken_at)")
    db.conn.execute(
        "CREATE TABLE submission_photo (submission TEXT, photo TEXT REFERENCES photo (sha256),"
        " path TEXT NOT NULL, PRIMARY KEY (submission, photo))"
    )
    db.conn.execute("CREATE INDEX submission_photo_photo ON submission_photo (photo)")


def _aliases(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE alias (dataset TEXT, id TEXT, village TEXT NOT NULL, version INTEGER NOT NULL,"
        " history TEXT NOT NULL, same_as TEXT, survivor TEXT, PRIMARY KEY (dataset, id))"
    )
    db.conn.execute("CREATE INDEX alias_survivor ON alias (dataset, survivor)")


def _parts(db: Database) -> None:
    """A snapshot part on its way (``replica_parts``), and what the hub says it reads."""
    db.conn.execute("ALTER TABLE contact ADD COLUMN takes TEXT NOT NULL DEFAULT ''")
    db.conn.execute(
        "CREATE TABLE part (only INTEGER PRIMARY KEY CHECK (only = 1), name TEXT NOT NULL, encoding TEXT NOT NULL)"
    )
    db.conn.execute("CREATE TABLE part_piece (since INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")


def _doors(db: Database) -> None:
    """Doors in the order that the office lists them in."""
    db.conn.create_function("door_order", 1, door_order, deterministic=True)
    db.conn.execute("UPDATE household_row SET sort_key = door_order(door_number)")


# Migration n takes a file from user_version n to n + 1; one that has been on a tablet never changes.
MIGRATIONS: Migrations = (_create, _people, _digests, _end_of_service, _photos, _aliases, _parts, _doors)


class ReplicaProblem(Exception):
    """``code``: newer, disk_full, disk_fault, damaged, locked, not_enrolled, unreadable, unknown_draft,
    unknown_record; ``message`` says what is wrong and ``remedy`` what to do, in Chinese."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}{remedy}")
        self.code, self.message, self.remedy = code, message, remedy


def connect(path: Path, migrations: Migrations = MIGRATIONS) -> Database:
    """The file at ``path``, made or migrated as needed. Raises `ReplicaProblem`; a newer file is not touched."""
    try:
        _refuse_newer_unopened(path, len(migrations))
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, cached_statements=STATEMENTS_KEPT
        )
        try:
            return _prepared(connection, migrations)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as fault:
        _tell(fault)


def _refuse_newer_unopened(path: Path, known: int) -> None:
    """Asked through a connection that cannot write: even closing another one would rewrite a crashed file."""
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            _refuse_newer(connection, known)
        except sqlite3.OperationalError as fault:
            # A process died while it made the file: its journal must first be rolled back by one who can write.
            if _primary_code(fault) != sqlite3.SQLITE_READONLY:
                raise


def _refuse_newer(connection: sqlite3.Connection, known: int) -> None:
    if (version := _user_version(connection)) > known:
        raise ReplicaProblem(
            "newer",
            f"本机数据由更新版本的应用保存（{version}，本应用只认识到 {known}）。",
            "请安装最新版本的应用；数据没有改动。",
        )


def _prepared(connection: sqlite3.Connection, migrations: Migrations) -> Database:
    _refuse_newer(connection, len(migrations))
    db = Database(connection, recursive_triggers=False, execute_plugins=False)
    db.enable_wal()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if _user_version(connection) < len(migrations):
        _migrate(db, migrations)
    return db


def _migrate(db: Database, migrations: Migrations) -> None:
    with writing(db) as connection:
        # Asked again inside: another process may have migrated while this one waited for its turn.
        for step in range(_user_version(connection), len(migrations)):
            migrations[step](db)
            connection.execute(f"PRAGMA user_version = {step + 1}")


def _user_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def writing(db: Database) -> _Transaction:
    """One transaction: all of it is on disk when the block has ended, or nothing of it. Never nested."""
    return _Transaction(db.conn, "BEGIN IMMEDIATE", "COMMIT")


def reading(db: Database) -> _Transaction:
    """One moment of the file: a sync that commits meanwhile does not show halfway. Never nested."""
    return _Transaction(db.conn, "BEGIN", "ROLLBACK")


class _Transaction(NamedTuple):
    """A ``with`` that gives the connection. No generator: that costs as much as most of what is read."""

    connection: sqlite3.Connection
    begin: str
    end: str

    def __enter__(self) -> sqlite3.Connection:
        try:
            self.connection.execute(self.begin)
        except sqlite3.DatabaseError as fault:
            _tell(fault)
        return self.connection

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            try:
                if error is None:
                    self.connection.execute(self.end)
            finally:
                if self.connection.in_transaction:  # a full disk may have ended it already
                    self.connection.execute("ROLLBACK")
        except sqlite3.DatabaseError as fault:
            _tell(fault)
        if isinstance(error, sqlite3.DatabaseError):
            _tell(error)


def _tell(fault: sqlite3.DatabaseError) -> NoReturn:
    """What SQLite says about the world, as a `ReplicaProblem`; our own mistakes pass through."""
    problem = _problem(_primary_code(fault))
    if problem is None:
        raise fault
    raise problem from fault


def _primary_code(fault: sqlite3.Error) -> int:
    """SQLite's extended code says where; its low byte what. 0: the driver's own complaint, not SQLite's."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF


def _problem(code: int) -> ReplicaProblem | None:
    if code == sqlite3.SQLITE_FULL:
        remedy = "请删除平板上不用的照片或应用，再保存一次；以前保存的内容都在。"
        return ReplicaProblem("disk_full", "平板存储空间已满，刚才的内容没有保存。", remedy)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        remedy = "请确认存储空间未满、存储卡在位，然后重启平板再试；以前保存的内容都在。"
        return ReplicaProblem("disk_fault", "平板存储读写失败，刚才的内容没有保存。", remedy)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        remedy = "请不要卸载应用，把平板交给县里的管理员处理。"
        return ReplicaProblem("damaged", "本机数据文件已损坏，无法读取。", remedy)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ReplicaProblem("locked", "本机数据正被另一个程序占用。", "请关闭重复打开的应用，再试一次。")
    return None
