"""The engine, its two kinds of transaction, and the way a database reaches today's tables.

Apart from everything else because SQLite and PostgreSQL differ in six things only, and they differ here: how a
writing transaction begins, what a reading one sees, how an instant is stored, whose INSERT knows ON CONFLICT,
how many rows travel best, and who may migrate.
Above this module the same code runs on both.

Tables are SQLModel classes in each capability's `tables.py`; `server.migrations` creates them. A unique
constraint needs an explicit name there, otherwise the two databases name it differently and the comparison
test finds a gap.
"""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, SQLModel

from server import row_statements, statements
from server.terminal.steps import Told, unheard

metadata = SQLModel.metadata

# How long a writer waits for another before the caller is told to come back (HTTP 503 with Retry-After).
BUSY_TIMEOUT_MS = 15_000
# Enough for every thread of the server's pool plus a writer; SQLite connections are cheap.
POOL_SIZE, POOL_OVERFLOW = 10, 40
# How many statements an SQLite connection keeps ready: a contact and a page or two run more than its own 128.
STATEMENTS_KEPT: Final = 512
# What stands between us and a database may forget a connection without a word; none gets old enough to meet that.
CONNECTION_LIFETIME_S = 300
# A transaction that reads first and writes later can fail half way when another wrote in between; one that takes the
# lock at once only waits.
_BEGIN_WRITING, _BEGIN_READING = "BEGIN IMMEDIATE", "BEGIN DEFERRED"
_READING: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
# Any constant will do: it names "migrating cleanheat" among PostgreSQL's advisory locks.
MIGRATION_LOCK = 140_525

T = TypeVar("T")
# SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535; parsing a long list is what costs.
ITEMS_PER_STATEMENT: Final = 500

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseProblem(Exception):
    """The database cannot be used as it is: `code` (newer|unreadable), what is wrong, and what to do."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}{remedy}")
        self.code, self.message, self.remedy = code, message, remedy


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC instant. SQLite forgets the zone of what it stores: checked going in, put back coming out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "an instant without its zone"
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


class ByCodePoint(sa.types.TypeDecorator[str]):
    """Text that sorts by code point, whatever language the database was made for; SQLite's always does."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(collation="C" if dialect.name == "postgresql" else None))


class _Listed(sa.types.TypeDecorator[Sequence[Any]]):
    """Texts or whole numbers as one parameter: an array as PostgreSQL spells it (its driver takes ten times as long to
    spell a list out), or a JSON list."""

    # What an array is of, the statement says: to cast a text would hide it from the planner.
    impl = sa.types.NullType
    cache_ok = True

    def __init__(self, of_any_length: bool) -> None:
        super().__init__()
        self.of_any_length = of_any_length

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> str:
        assert value is not None, "a list, if an empty one"
        return _array(value) if dialect.name == "postgresql" else json.dumps(value)


def _array(items: Sequence[Any]) -> str:
    quoted = (str(each).replace("\\", "\\\\").replace('"', '\\"') for each in items)
    return '{"' + '","'.join(quoted) + '"}' if items else "{}"


class _Among(FunctionElement[bool]):
    type = sa.Boolean()
    inherit_cache = True

    @property
    def kind(self) -> str:
        """Of what the list is."""
        column, _ = self.clauses
        return "bigint" if isinstance(column.type, sa.Integer) else "text"

    def self_group(self, against: Any = None) -> Any:
        """As it is: SQLite has no truth values, and would be asked `… IN (…) = 1`, for which no index serves."""
        return self


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: Any, **told: Any) -> str:
    column, items = (compiler.process(each, **told) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({items}))"


@compiles(_Among)
def _in_array(element: _Among, compiler: Any, **told: Any) -> str:
    column, items = (compiler.process(each, **told) for each in element.clauses)
    return f"{column} = ANY (CAST({items} AS {element.kind}[]))"


def among(column: Any, name: str, *, few: bool = False) -> sa.ColumnElement[bool]:
    """`column IN …` over a list of texts or whole numbers that the statement is given as its parameter `name`. With
    `in_` every length of the list is a statement of its own, which takes longer to spell out and to read than to run.
    `few`: it is short, as that of a tablet's villages, in a table that grows little: a plan made once will do.
    """
    return _Among(column, sa.bindparam(name, type_=_Listed(not few)))


def each_of(statement: sa.Select[Any], column: Any, name: str) -> statements.Ways:
    """A statement, its rows looked up one after the other: those whose column, a text, is in the list that is given as
    the parameter `name`, in the order of that list if it is sorted.

    With `among`, PostgreSQL reads through what the other conditions leave of a table, and sorts out, where it takes
    that for a row or two: all of a county, when it has not counted it since it began to grow.
    """
    given = sa.cast(sa.bindparam(name, type_=_Listed(of_any_length=True)), postgresql.ARRAY(sa.Text))
    wanted = sa.func.unnest(given).table_valued("item", name="wanted").render_derived()
    # What says where it begins is not folded into the statement around it.
    found = statement.where(column == wanted.c.item).offset(sa.literal_column("0")).lateral("found")
    return {
        "sqlite": statement.where(among(column, name)).order_by(column),
        "postgresql": sa.select(*found.c).select_from(wanted).join(found, sa.true()),
    }


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind a model, for statements about rows instead of objects.

    SQLModel declares `__table__` on no class, so a type checker cannot know it: said once, here.
    """
    table: sa.Table = model.__table__  # type: ignore[attr-defined]
    return table


def parts(items: Iterable[T], size: int = ITEMS_PER_STATEMENT) -> Iterator[list[T]]:
    """Keys or rows in parts that one statement takes, in their order."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def insert_into(session: Session, model: type[SQLModel]) -> Any:
    """An INSERT that knows ON CONFLICT, in this database's dialect."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table_of(model))


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows that are not there yet, each with all its columns. Raises IntegrityError where one is."""
    if rows:
        row_statements.insert(statements.line_of(session), table_of(model), rows)


def insert_absent(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds those of the rows, each with all its columns, whose key is not there yet."""
    if rows:
        row_statements.insert_absent(statements.line_of(session), table_of(model), rows)


def update_unchanged(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> int:
    """Writes rows, each with all its columns, over those of the same key whose `version` still is the row's `was`;
    how many were."""
    return row_statements.update_unchanged(statements.line_of(session), table_of(model), rows) if rows else 0


def upsert(
    session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]], told: Told = unheard
) -> None:
    """Writes rows, each with all its columns, over those of the same primary key; of two rows of one key the
    later counts.
    """
    done = 0
    for part in parts(rows):
        row_statements.upsert(statements.line_of(session), table_of(model), part)
        done += len(part)
        told(done, len(rows))


def engine(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine for `sqlite:///file` or `postgresql+psycopg://…`; the file is made at the first migration."""
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    sqlite_only = parsed.get_backend_name() == "sqlite"
    made = sa.create_engine(
        parsed,
        connect_args={"cached_statements": STATEMENTS_KEPT} if sqlite_only else {},
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_recycle=CONNECTION_LIFETIME_S,
        json_serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
    )
    if made.dialect.name == "sqlite":
        sa.event.listen(made, "connect", partial(_prepare_sqlite, busy_timeout_ms))
        sa.event.listen(made, "begin", _begin_sqlite)
    else:
        sa.event.listen(made, "connect", _prepare_postgres)
        sa.event.listen(made, "checkout", _refuse_ended)
    return made


def _prepare_sqlite(busy_timeout_ms: int, connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own accord: BEGIN IMMEDIATE is ours to say.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        # A receipt is given after commit; it must survive a power cut, not only a crash.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={busy_timeout_ms}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgres(connection: Any, _record: Any) -> None:
    # Compiling a statement for one run costs several times that run, wherever it asks of many homes at once.
    connection.execute("SET jit = off")
    connection.commit()
    # Of itself it would keep what it ran five times, be it a page's that wants another plan for every area.
    connection.prepare_threshold = sys.maxsize


def _refuse_ended(connection: Any, _record: Any, _proxy: Any) -> None:
    # A database server that was restarted leaves dead connections in the pool. Between transactions it says nothing
    # but good-bye, so whether it said something tells as much as asking it before each, which is a way there and back.
    if select.select([connection], [], [], 0)[0]:
        raise InvalidatePoolError


def _begin_sqlite(connection: Connection) -> None:
    # Where a session joins what `write` or `read` began, there is nothing to begin.
    line = statements.line_on(connection)
    if not line.driver.in_transaction:
        writing = connection.get_execution_options().get("writing", False)
        statements.say(line, _BEGIN_WRITING if writing else _BEGIN_READING)


@contextmanager
def write(engine: Engine) -> Iterator[Session]:
    """One writing transaction: committed when the block ends, rolled back when it raises."""
    with engine.connect() as connection:
        line = statements.line_on(connection)
        if line.dialect.name == "sqlite":
            statements.say(line, _BEGIN_WRITING)
        try:
            with Session(connection, expire_on_commit=False, info=statements.told(line)) as session:
                yield session
                # Most have spoken to the driver only; to SQLAlchemy nothing has begun then.
                if session.in_transaction():
                    session.commit()
            statements.commit(line)
        except BaseException:
            # Where the end itself fails (a full disk), SQLAlchemy takes the transaction for ended all the same.
            statements.roll_back(line)
            raise


@contextmanager
def read(engine: Engine) -> Iterator[Session]:
    """One reading transaction: all is seen as of the same moment; whatever it wrote is thrown away."""
    with engine.connect() as connection:
        line = statements.line_on(connection)
        if line.dialect.name == "sqlite":
            statements.say(line, _BEGIN_READING)
        else:
            connection.execution_options(**_READING)
        with Session(connection, expire_on_commit=False, info=statements.told(line)) as session:
            try:
                yield session
            finally:
                # On the driver: a session's own rollback would leave the rows that were read unreadable.
                statements.leave(line)


def is_busy(error: Exception) -> bool:
    """Whether it only means that another writer was in the way, so that trying again will help."""
    if not isinstance(error, OperationalError):
        return False
    text = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", None)
    return "database is locked" in text or state in {"40001", "40P01", "55P03"}


def migrate(engine: Engine, told: Told = unheard) -> None:
    """Bring the database to today's tables, in one transaction; a fresh one is made. ``told`` counts revisions.

    Raises DatabaseProblem `newer` when the database was written by a later version, `unreadable` when it is
    no database of ours; it is untouched then.
    """
    try:
        with engine.execution_options(writing=True).connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            if not _is_todays(connection):
                command.upgrade(alembic_config(connection, told), "head")
    except DBAPIError as error:
        if is_busy(error):
            raise
        raise DatabaseProblem(
            "unreadable",
            f"打不开数据库 {engine.url.render_as_string()}：{error.orig}。",
            "请检查地址、账号和文件权限；文件若已损坏，请用 cleanheat restore 从备份恢复。",
        ) from error


def _is_todays(connection: Connection) -> bool:
    """Whether it has today's tables already. Raises DatabaseProblem `newer`."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    known = {revision.revision for revision in scripts.walk_revisions()}
    found = set(MigrationContext.configure(connection).get_current_heads())
    if found - known:
        raise DatabaseProblem(
            "newer",
            f"数据库由更新版本的 cleanheat 写成（版本号 {'、'.join(sorted(found - known))}，"
            f"本程序只认到 {max(known)}）。",
            "数据库没有改动。请升级 cleanheat 后再启动，或用本版本的备份另行恢复。",
        )
    return found == set(scripts.get_heads())


def alembic_config(connection: Connection, told: Told = unheard) -> Config:
    """Alembic's configuration without an ini file: the package's own scripts over a given connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["applied"] = _applied(told)
    return config


def _applied(told: Told) -> Callable[..., None]:
    """What Alembic calls after each revision; the count is by the revision's place among all of them."""
    order = [each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]

    def applied(*, step: MigrationInfo, **_: Any) -> None:
        told(order.index(str(step.up_revision_id)) + 1, len(order))

    return applied
