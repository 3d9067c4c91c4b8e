"""Statements run on the driver find, change and refuse what SQLAlchemy's own way would, on both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from server import database, statements
from server.access.tables import ApiToken, Tablet
from server.database import among, each_of, insert_rows, read, table_of, upsert, write
from server.exchange.tables import EntityRow, HubMeta
from server.registry.tables import Household

COUNTY, AT = "140525", datetime(2020, 9, 1, 8, 0, 0, 123_000, tzinfo=UTC)
AWKWARD = '张三 "x" \\ \t|\n{}\'%s %(x)s :rows ? €'
HOME, META = table_of(Household), table_of(HubMeta)
ALL = select(HOME).where(HOME.c.county == bindparam("county"), among(HOME.c.id, "ids")).order_by(HOME.c.id)
SUMS = select(func.sum(HOME.c.heated_area_m2), func.count(), func.max(HOME.c.updated_at)).where(
    HOME.c.tenure.in_(("own", "rent")), HOME.c.version > bindparam("above")
)
EACH = each_of(select(HOME).where(HOME.c.county == bindparam("county")), HOME.c.id, "ids")
ADD = insert(META)
RENAME = update(META).where(META.c.name == bindparam("which")).values(value=bindparam("what"))


def home(id: str, **others: object) -> dict[str, Any]:
    blank = Household(county=COUNTY, id=id, village="140525100201", version=1, updated_at=AT, extra={})
    return blank.model_dump() | others


@pytest.fixture
def homes(engine: Engine) -> Engine:
    with write(engine) as session:
        rows = [
            home("a", head_name=AWKWARD, heated_area_m2=Decimal("80.50"), visited_on=date(2020, 9, 1)),
            home(
                "b",
                residents_n=3,
                tenure="own",
                heated_area_m2=Decimal("9.10"),
                extra={"墙": AWKWARD, "n": [1]},
            ),
            home("c", tenure="rent", heated_area_m2=Decimal("0.01"), version=7),
        ]
        upsert(session, Household, rows)
    return engine


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (ALL, {"county": COUNTY, "ids": ["a", "b", "c", "nobody"]}),
        (ALL, {"county": COUNTY, "ids": []}),
        (SUMS, {"above": 0}),
        (SUMS, {"above": 99}),
        (select(HOME.c.id).where(among(HOME.c.version, "versions")), {"versions": [1, 2]}),
    ],
)
def test_what_is_found_is_what_sqlalchemy_finds(homes: Engine, statement: Any, given: dict[str, Any]) -> None:
    with read(homes) as session:
        for _ in range(2):
            found = statements.rows(session, statement, given)
            assert found == [tuple(row) for row in session.connection().execute(statement, given)]


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b", "c", "nobody"], ['"', "\\", "c", "{}"]])
def test_each_of_a_list_is_found(homes: Engine, ids: list[str]) -> None:
    given = {"county": COUNTY, "ids": ids}
    with read(homes) as session:
        for _ in range(2):
            assert statements.rows(session, EACH, given) == statements.rows(session, ALL, given)


def test_each_of_a_list_is_found_by_its_key_in_a_table_nobody_has_counted(postgres_engine: Engine) -> None:
    """As a county's is in its first minutes. A list among the keys would have all of it read through."""
    row = {
        "county": COUNTY,
        "dataset": "household",
        "village": "",
        "version": 1,
        "conflicts_n": 0,
        "updated_at": AT,
    }
    with write(postgres_engine) as session:
        insert_rows(session, EntityRow, [{**row, "id": f"{n:036}", "held": "x" * 500} for n in range(1_000)])
    key = table_of(EntityRow).c
    sought = select(key.held).where(key.county == bindparam("county"), key.dataset == bindparam("dataset"))
    given = {"county": COUNTY, "dataset": "household", "ids": [f"{n:036}" for n in range(0, 1_000, 50)]}
    with read(postgres_engine) as session:
        spelt = each_of(sought, key.id, "ids")["postgresql"].compile(dialect=postgres_engine.dialect)
        told = session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {spelt}", given
        )
        plan = "\n".join(line for (line,) in told)
    assert "Index Scan using entity_pkey" in plan and "Rows Removed" not in plan, plan


def test_a_test_that_listens_hears_either_way(engine: Engine, asked: Callable) -> None:
    with asked(engine) as said:
        with read(engine) as session:
            statements.rows(session, select(META.c.name), {})
            session.connection().execute(select(META.c.value))
        with write(engine) as session:
            statements.run(session, ADD, {"name": "one", "value": ""})
    with read(engine) as session:
        statements.rows(session, select(META.c.name), {})
    assert [each.split()[0] for each in said if META.name in each] == ["SELECT", "SELECT", "INSERT"]


def test_what_is_changed_is_counted(engine: Engine) -> None:
    with write(engine) as session:
        assert statements.run(session, ADD, {"name": "one", "value": AWKWARD}) == 1
        assert statements.run(session, RENAME, {"which": "one", "what": "%"}) == 1
        assert statements.run(session, RENAME, {"which": "none", "what": "%"}) == 0
    with read(engine) as session:
        assert session.get_one(HubMeta, "one").value == "%"


def test_objects_and_statements_stand_in_one_transaction(engine: Engine) -> None:
    with write(engine) as session:
        session.add(HubMeta(name="held back", value="1"))
        assert statements.run(session, RENAME, {"which": "held back", "what": "2"}) == 0
        session.flush()
        assert statements.run(session, RENAME, {"which": "held back", "what": "2"}) == 1
        statements.run(session, ADD, {"name": "said", "value": "3"})
        assert session.get_one(HubMeta, "said").value == "3"
        session.add(HubMeta(name="last", value="4"))
    with read(engine) as session:
        found: dict[str, str] = dict(statements.rows(session, select(META.c.name, META.c.value), {}))
    assert {name: found[name] for name in ("held back", "said", "last")} == {
        "held back": "2", "said": "3", "last": "4",
    }  # fmt: skip


class Stop(Exception):
    pass


@pytest.mark.parametrize("objects", [False, True])
def test_nothing_stays_of_what_was_broken_off(engine: Engine, objects: bool) -> None:
    with pytest.raises(Stop), write(engine) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})
        if objects:
            session.add(HubMeta(name="two", value=""))
            session.flush()
        raise Stop
    with read(engine) as session:
        statements.run(
            session, ADD, {"name": "three", "value": ""}
        ) if engine.dialect.name == "sqlite" else None
    with read(engine) as session:
        names = {name for (name,) in statements.rows(session, select(META.c.name), {})}
    assert not names & {"one", "two", "three"}


@pytest.mark.parametrize("objects", [False, True])
def test_nothing_stays_open_where_the_end_itself_fails(sqlite_engine: Engine, objects: bool) -> None:
    unknown = {"token_sha256": "t", "person": "nobody", "label": "", "made_at": AT}
    with pytest.raises(IntegrityError), write(sqlite_engine) as session:
        statements.say(statements.line_of(session), "PRAGMA defer_foreign_keys = ON")
        statements.run(
            session, insert(table_of(ApiToken)), {**unknown, "last_used_at": None, "revoked_at": None}
        )
        if objects:
            session.add(HubMeta(name="one", value=""))
    with read(sqlite_engine) as session:
        assert session.get(HubMeta, "one") is None
    with write(sqlite_engine) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})


def test_a_key_that_is_taken_is_an_integrity_error(engine: Engine) -> None:
    with pytest.raises(IntegrityError), write(engine) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})
        statements.run(session, ADD, {"name": "one", "value": ""})
    with write(engine) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})


def test_a_part_may_be_taken_back(engine: Engine) -> None:
    with write(engine) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})
        with pytest.raises(IntegrityError), session.begin_nested():
            statements.run(session, ADD, {"name": "two", "value": ""})
            statements.run(session, ADD, {"name": "one", "value": ""})
        statements.run(session, ADD, {"name": "three", "value": ""})
    with read(engine) as session:
        names = {name for (name,) in statements.rows(session, select(META.c.name), {})}
    assert names & {"one", "two", "three"} == {"one", "three"}


def test_what_the_driver_cannot_read_is_told_as_by_sqlalchemy(engine: Engine) -> None:
    with pytest.raises((OperationalError, ProgrammingError)) as told, write(engine) as session:
        statements.say(statements.line_of(session), "SELEKT 1")
    assert told.value.statement == "SELEKT 1"


def test_a_writer_in_the_way_is_busy(sqlite_engine: Engine) -> None:
    other = database.engine(str(sqlite_engine.url), busy_timeout_ms=1)
    with write(sqlite_engine), pytest.raises(OperationalError) as told, write(other):
        pass
    assert database.is_busy(told.value)
    with write(other) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})


def test_a_connection_that_was_cut_is_not_used_again(postgres_engine: Engine) -> None:
    with pytest.raises(OperationalError) as told, write(postgres_engine) as session:
        (pid,) = statements.rows(session, select(func.pg_backend_pid()), {})[0]
        with postgres_engine.connect() as other:
            other.execute(select(func.pg_terminate_backend(pid)))
        statements.rows(session, select(META.c.name), {})
    assert told.value.connection_invalidated
    with write(postgres_engine) as session:
        statements.run(session, ADD, {"name": "one", "value": ""})


def test_an_instant_needs_its_zone(engine: Engine) -> None:
    late = select(table_of(Tablet).c.device).where(table_of(Tablet).c.enrolled_at > bindparam("since"))
    with read(engine) as session:
        assert statements.rows(session, late, {"since": AT}) == []
        with pytest.raises(AssertionError, match="zone"):
            statements.rows(session, late, {"since": AT.replace(tzinfo=None)})
