"""Statements run on the driver itself, as every contact of a tablet does with some dozens of them.

To hand a statement to SQLAlchemy takes several times as long as the database takes to run it. Here SQLAlchemy spells
each out once for a kind of database, and says how that keeps values; what is left for a run is to put the parameters in
their order. Rows are plain tuples. Values and errors are those of `session.connection().execute`, in the same
transaction, and nothing is flushed for it either.

A statement is built once, as a module's constant, its parameters told apart by name: each is kept as spelt for as long
as the process runs. PostgreSQL keeps it read and planned too: to do that anew would cost it a fifth of what a contact
costs it. Not so where a list of any length is looked up, as `database.among` does: for tables that have just begun to
grow, a plan made for lists in general reads them from end to end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Session

Values = Mapping[str, Any]
Row = tuple[Any, ...]
Ways = Mapping[str, Any]
"""The same asked of each kind of database in its own way: a statement by the name of its dialect."""
_Convert = Callable[[Any], Any]


class Line(NamedTuple):
    """An open transaction: as SQLAlchemy has it, and as the driver has it."""

    connection: Connection
    driver: Any
    dialect: Dialect


_LINE: Final = "line"
KEPT: Final = {"prepare": True}
"""How PostgreSQL's driver is told that the database is to keep a statement."""


def line_on(connection: Connection) -> Line:
    return Line(connection, connection.connection.driver_connection, connection.dialect)


def told(line: Line) -> dict[str, Line]:
    """What a session is told (its ``info``) of the transaction it stands in."""
    return {_LINE: line}


def line_of(session: Session) -> Line:
    if session.in_nested_transaction():
        session.connection()  # says its SAVEPOINT, which SQLAlchemy puts off until somebody asks for the connection
    line: Line = session.info[_LINE]
    return line


# --- run ------------------------------------------------------------------------------------------------------


def rows(session: Session, statement: Any, given: Values) -> list[Row]:
    """What a statement finds, or that of `Ways` which is this database's. Raises DBAPIError, as all here do."""
    line = line_of(session)
    if isinstance(statement, Mapping):
        statement = statement[line.dialect.name]
    spelt = _spelt(statement, line.dialect)
    try:
        cursor = line.driver.execute(spelt.text, spelt.values(given), **spelt.kept)
        found: list[Row] = cursor.fetchall()
    except line.dialect.loaded_dbapi.Error as error:
        raise _refused(line, spelt.text, given, error) from error
    return spelt.read(found, cursor) if found else found


def run(session: Session, statement: Any, given: Values) -> int:
    """How many rows a statement changed."""
    line = line_of(session)
    spelt = _spelt(statement, line.dialect)
    return say(line, spelt.text, spelt.values(given), **spelt.kept)


def run_each(line: Line, statement: Any, rows: Iterable[Values]) -> int:
    """The same, a statement for each of these."""
    spelt = _spelt(statement, line.dialect)
    given = [spelt.values(row) for row in rows]
    try:
        cursor = line.driver.cursor()
        cursor.executemany(spelt.text, given)
    except line.dialect.loaded_dbapi.Error as error:
        raise _refused(line, spelt.text, given, error) from error
    return int(cursor.rowcount)


def say(line: Line, text: str, given: Any = (), **kept: bool) -> int:
    """A statement in the database's own words, its parameters as the driver takes them. ``kept``: as `KEPT` says it."""
    try:
        return int(line.driver.execute(text, given, **kept).rowcount)
    except line.dialect.loaded_dbapi.Error as error:
        raise _refused(line, text, given, error) from error


def stream(line: Line, text: str, rows: Iterable[Sequence[Any]]) -> None:
    """Rows to a PostgreSQL that was told to COPY them from here."""
    try:
        with line.driver.cursor() as cursor, cursor.copy(text) as into:
            for row in rows:
                into.write_row(row)
    except line.dialect.loaded_dbapi.Error as error:
        raise _refused(line, text, None, error) from error


def commit(line: Line) -> None:
    """What was done on the driver is done for good; nothing where that is so already."""
    try:
        line.driver.commit()
    except line.dialect.loaded_dbapi.Error as error:
        raise _refused(line, "COMMIT", None, error) from error


def roll_back(line: Line) -> None:
    """Nothing stays of what was done, and nothing locked. A connection that cannot even do this is given up."""
    try:
        line.driver.rollback()
    except line.dialect.loaded_dbapi.Error as error:
        line.connection.invalidate(error)


def leave(line: Line) -> None:
    """Ends a transaction that was only to read. What it wrote on SQLite is thrown away; PostgreSQL lets it write none,
    and there it is committed: at a rollback the driver forgets what it has prepared, so that the database would read
    and plan every statement of every contact anew.
    """
    if line.dialect.name == "sqlite":
        roll_back(line)
        return
    try:
        line.driver.commit()
    except line.dialect.loaded_dbapi.Error as error:
        line.connection.invalidate(error)


def _refused(line: Line, text: str, given: Any, error: Any) -> Exception:
    """The driver's own error, in the clothes in which every other statement's comes."""
    lost = line.dialect.is_disconnect(error, line.driver, None)
    if lost:
        line.connection.invalidate(error)
    base = line.dialect.loaded_dbapi.Error
    refused: Exception = DBAPIError.instance(
        text, given, error, base, connection_invalidated=lost, dialect=line.dialect
    )
    return refused


# --- spelt out ------------------------------------------------------------------------------------------------


@dataclass
class _Spelt:
    """A statement in one database's words. ``order``: names of its parameters, where the driver takes them by place.
    ``always``: those that are part of the statement. ``kept``: how the driver is told whether the database keeps it.
    ``writers``, ``readers``: what turns values into the driver's, and the driver's into values, column by column; the
    latter are known when there is a row.
    """

    text: str
    order: tuple[str, ...] | None
    always: dict[str, Any]
    kept: Mapping[str, bool]
    writers: Sequence[tuple[str, _Convert]]
    columns: Sequence[tuple[Any, Dialect]]
    readers: Sequence[_Convert | None] | None = field(default=None)

    def values(self, given: Values) -> Any:
        if self.always or self.writers:
            given = {**self.always, **given}
            for name, write in self.writers:
                given[name] = write(given[name])
        return given if self.order is None else tuple([given[name] for name in self.order])

    def read(self, found: list[Row], cursor: Any) -> list[Row]:
        if self.readers is None:
            self.readers = _readers(self.columns, cursor.description)
        if not self.readers:
            return found
        return [
            tuple([read(value) if read else value for value, read in zip(row, self.readers, strict=True)])
            for row in found
        ]


# As many as there are such statements, for either of two servers in one process; a test starts some hundred of those.
@lru_cache(maxsize=512)
def _spelt(statement: Any, dialect: Dialect) -> _Spelt:
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
    assert not compiled.escaped_bind_names, "names that every driver takes"
    given = {name: None for bind, name in compiled.bind_names.items() if bind.required}
    # With lists that are part of the statement spelt out; one that is given is one parameter (`database.among`).
    whole = compiled.construct_expanded_state(given)
    writers = cast("dict[str, _Convert]", {**compiled._bind_processors, **whole.processors})
    always = {
        name: writers[name](value) if name in writers else value
        for name, value in whole.parameters.items()
        if name not in given
    }
    return _Spelt(
        whole.statement,
        tuple(whole.positiontup or ()) if compiled.positional else None,
        always,
        KEPT if dialect.name == "postgresql" and not _looks_up_a_list(compiled) else {},
        [(name, write) for name, write in writers.items() if name in given],
        [(column.type, dialect) for column in compiled._result_columns],
    )


def _looks_up_a_list(compiled: SQLCompiler) -> bool:
    return any(getattr(bind.type, "of_any_length", False) for bind in compiled.bind_names)


def _readers(columns: Sequence[tuple[Any, Dialect]], description: Sequence[Any]) -> list[_Convert | None]:
    found = [
        kind._cached_result_processor(dialect, column[1])
        for (kind, dialect), column in zip(columns, description, strict=bool(columns))
    ]
    return found if any(found) else []
