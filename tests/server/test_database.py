"""Migrations and transactions, on both databases the server runs on."""

import importlib
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Engine

from server import database, statements
from server.database import table_of
from server.exchange.tables import FormRow, SubmissionRow

SERVER = Path(database.__file__).parent


def _import_tables() -> None:
    for path in SERVER.glob("*/tables.py"):
        importlib.import_module(f"server.{path.parent.name}.tables")


def _snapshot(engine: Engine) -> list[str]:
    inspector = sa.inspect(engine)
    return sorted(inspector.get_table_names())


def test_a_fresh_database_gets_every_table_and_differs_in_nothing_from_the_models(
    empty_engine: Engine,
) -> None:
    _import_tables()
    database.migrate(empty_engine)
    with empty_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, database.metadata) == []


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    before = _snapshot(engine)
    database.migrate(engine)
    assert _snapshot(engine) == before


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty_engine: Engine) -> None:
    with database.write(empty_engine) as session:
        session.connection().execute(
            sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        )
        session.connection().execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))
    with pytest.raises(database.DatabaseProblem) as caught:
        database.migrate(empty_engine)
    assert caught.value.code == "newer"
    assert "9999" in caught.value.message
    assert caught.value.remedy
    assert _snapshot(empty_engine) == ["alembic_version"]


def test_a_failing_migration_leaves_the_database_as_it_was(empty_engine: Engine) -> None:
    with database.write(empty_engine) as session:
        # In the way of a later table of the first revision: everything before it must disappear again.
        session.connection().execute(sa.text("CREATE TABLE hub_meta (other INTEGER)"))
    with pytest.raises(database.DatabaseProblem):
        database.migrate(empty_engine)
    assert _snapshot(empty_engine) == ["hub_meta"]


def test_a_file_that_is_no_database_is_refused_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "cleanheat.sqlite3"
    path.write_bytes(b"this is not a database, not at all" * 50)
    engine = database.engine(f"sqlite:///{path}")
    with pytest.raises(database.DatabaseProblem) as caught:
        database.migrate(engine)
    engine.dispose()
    assert caught.value.code == "unreadable"
    assert str(path) in caught.value.message


def test_an_unreachable_server_is_refused_without_its_password(tmp_path: Path) -> None:
    engine = database.engine(f"postgresql://someone:geheim@/nothing?host={tmp_path}")
    with pytest.raises(database.DatabaseProblem) as caught:
        database.migrate(engine)
    engine.dispose()
    assert "geheim" not in str(caught.value)


def test_connections_that_ended_while_nobody_used_them_are_not_used_again(
    postgres_engine: Engine, empty_postgres: Engine
) -> None:
    with database.read(postgres_engine), database.read(postgres_engine), database.read(postgres_engine):
        pass  # three in the pool
    ended = sa.text("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :name")
    with database.read(empty_postgres) as session:
        found = session.connection().execute(ended, {"name": postgres_engine.url.database})
        assert found.scalars().all() == [True] * 3
    with database.read(postgres_engine) as one, database.write(postgres_engine) as other:
        for session in (one, other):
            assert session.connection().execute(sa.text("SELECT 1")).scalar_one() == 1


def test_what_a_failing_block_wrote_is_gone(engine: Engine) -> None:
    class OurMistakeError(Exception):
        pass

    with pytest.raises(OurMistakeError), database.write(engine) as session:
        session.connection().execute(sa.text("INSERT INTO hub_meta VALUES ('a', 'b')"))
        raise OurMistakeError
    with database.read(engine) as session:
        assert session.connection().execute(sa.text("SELECT count(*) FROM hub_meta")).scalar() == 0


def test_a_reader_sees_one_moment_while_others_write(engine: Engine) -> None:
    counting = sa.text("SELECT count(*) FROM hub_meta")
    with database.read(engine) as reader:
        assert reader.connection().execute(counting).scalar() == 0
        with database.write(engine) as writer:
            writer.connection().execute(sa.text("INSERT INTO hub_meta VALUES ('a', 'b')"))
        assert reader.connection().execute(counting).scalar() == 0
    with database.read(engine) as reader:
        assert reader.connection().execute(counting).scalar() == 1


_OF_VERSION = sa.select(table_of(FormRow).c.xml).where(table_of(FormRow).c.version == sa.bindparam("version"))
_OF_IDS = sa.select(table_of(FormRow).c.sha256).where(database.among(table_of(FormRow).c.id, "ids"))


def test_what_every_contact_asks_stays_prepared_but_no_look_up_of_a_long_list(
    postgres_engine: Engine,
) -> None:
    for _ in range(3):
        with database.read(postgres_engine) as session:
            statements.rows(session, _OF_VERSION, {"version": "1"})
            statements.rows(session, _OF_IDS, {"ids": ["one", "other"]})
    with database.read(postgres_engine) as session:
        prepared = session.execute(sa.text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("form.xml" in each for each in prepared)
    assert not any("form.sha256" in each for each in prepared)


def test_what_a_page_asks_is_planned_for_what_it_asks(postgres_engine: Engine) -> None:
    for _ in range(20):
        with database.write(postgres_engine) as session:
            session.execute(_OF_VERSION, {"version": "1"})
    with database.read(postgres_engine) as session:
        prepared = session.execute(sa.text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert not any("form.xml" in each for each in prepared)


def test_writers_that_read_first_wait_for_each_other(sqlite_engine: Engine) -> None:
    """With a deferred BEGIN, of two that read and then write one fails at once, whatever the timeout."""
    with database.write(sqlite_engine) as session:
        session.connection().execute(sa.text("INSERT INTO feed_head VALUES ('140525', '1', 0)"))
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(25):
                with database.write(sqlite_engine) as session:
                    connection = session.connection()
                    seq = connection.execute(sa.text("SELECT seq FROM feed_head")).scalar_one()
                    connection.execute(sa.text("UPDATE feed_head SET seq = :seq"), {"seq": seq + 1})
        except sa.exc.DBAPIError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read(sqlite_engine) as session:
        assert session.connection().execute(sa.text("SELECT seq FROM feed_head")).scalar_one() == 100


def test_instants_come_back_aware_and_in_utc(engine: Engine) -> None:
    beijing = datetime(2020, 10, 31, 8, 0, tzinfo=timezone(timedelta(hours=8)))
    _import_tables()
    tables = database.metadata.tables
    with database.write(engine) as session:
        session.connection().execute(
            tables["form"].insert(),
            {"id": "household", "version": "1", "sha256": "", "xml": "", "released_at": beijing},
        )
    with database.read(engine) as session:
        stored = session.connection().execute(sa.select(tables["form"].c.released_at)).scalar_one()
    assert stored == beijing
    assert stored.tzinfo is UTC


def test_a_list_given_as_one_parameter_may_hold_any_text(engine: Engine) -> None:
    odd = ["", "NULL", "a,b", "{}", '"', "\\", "\\n", "\n", "'", "村 ", " 村", "1"]
    forms = table_of(FormRow)
    row = {"version": "1", "sha256": "", "xml": "", "released_at": datetime(2020, 9, 1, tzinfo=UTC)}
    with database.write(engine) as session:
        database.insert_rows(session, FormRow, [{"id": each, **row} for each in odd])
    asked = sa.select(forms.c.id).where(database.among(forms.c.id, "ids"))
    with database.read(engine) as session:
        for some in (odd, *([each] for each in odd), []):
            found = session.execute(asked, {"ids": some}).scalars().all()
            assert sorted(found) == sorted(some)


def test_a_list_given_as_one_parameter_may_hold_numbers(engine: Engine) -> None:
    asked = sa.select(sa.literal(1)).where(database.among(sa.literal(2**40), "numbers"))
    with database.read(engine) as session:
        assert session.execute(asked, {"numbers": [7, 2**40]}).scalars().all() == [1]
        assert session.execute(asked, {"numbers": [7]}).scalars().all() == []


def test_a_list_given_as_one_parameter_is_looked_up_by_the_index(sqlite_engine) -> None:
    columns = database.table_of(SubmissionRow).c
    query = sa.select(columns.verdict).where(columns.county == "140525", database.among(columns.id, "ids"))
    with database.read(sqlite_engine) as session:
        connection = session.connection()
        sql = str(query.compile(dialect=sqlite_engine.dialect))
        steps = [step[-1] for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("x", '["a"]'))]
    assert any("county=? AND id=?" in step for step in steps), steps
