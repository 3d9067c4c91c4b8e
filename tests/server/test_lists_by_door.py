"""Lists of homes along the lane: the same on both databases, whatever language they were made for, page after page."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server import database
from server.lab.bench.cluster import Cluster
from server.registry import acceptance_views, views
from server.registry.acceptance_views import AcceptanceFilter
from server.registry.filters import HouseholdFilter
from server.registry.likenesses import Likenesses
from server.registry.projection import projection
from server.registry.tables import Household
from server.subsidies import payee_views
from server.subsidies.payee_views import PayeeFilter
from server.web import Sorting
from sync.facts import Held, PropertyState

COUNTY, VILLAGE = "140525", "140525100201"
AT = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
LANE = [
    "1",
    "2",
    "2-1",
    "2-10",
    "3",
    "3组2号",
    "3组12号",
    "10",
    "11",
    "12号",
    "a1",
    "B2",
    "东1",
    "甲3",
    "乙1",
    "",
]
BY_VILLAGE = Sorting("village", False)


@pytest.fixture
def chinese_postgres(postgres: Cluster) -> Iterator[Engine]:
    """A database that sorts text by the rules of Chinese, as a county's own server may."""
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE chinese TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh-u-kn-true' LOCALE 'C.UTF-8'"
        )
    engine = database.engine(postgres.url("chinese"))
    database.migrate(engine)
    yield engine
    engine.dispose()


def _held(dataset: str, number: int, **props: str) -> Held:
    states = {name: PropertyState(value, 1, "s") for name, value in props.items()}
    id = f"{dataset[:4]}-{number:03}"
    return Held(dataset, id, VILLAGE, 1, states, updated_at="2020-09-01T08:00:00.000000Z")


def _fill(session: Session) -> None:
    """Homes along the lane, their ids in another order; each with a conversion that waits for acceptance."""
    numbers = list(range(len(LANE)))
    Random(5).shuffle(numbers)
    known = []
    for number, door in zip(numbers, LANE, strict=True):
        known.append(_held("household", number, door_number=door, head_name="张三", id_number=f"n-{number}"))
        known.append(_held("conversion", number, household=f"hous-{number:03}", connected_on="2020-08-01"))
    projection(session, COUNTY, known, AT)
    session.flush()


def _pages(read_page: Callable[[int], list[str]]) -> list[str]:
    return [door for number in range(1, 5) for door in read_page(number)]


def _compare(engine: Engine) -> None:
    with database.write(engine) as session:
        _fill(session)
    homes, accepted, paid = HouseholdFilter(COUNTY), AcceptanceFilter(COUNTY), PayeeFilter(COUNTY, "none")
    with database.read(engine) as session:
        for order in (BY_VILLAGE, Sorting("door", False)):

            def registered(number: int, order: Sorting = order) -> list[str]:
                page = views.page(session, homes, order, number=number, size=4)
                return [line.door_number for line in page.rows]

            assert _pages(registered) == LANE
            assert [line.door_number for line in views.every(session, homes, order)] == LANE
        backwards = views.every(session, homes, Sorting("door", True))
        assert [line.door_number for line in backwards] == LANE[::-1]
        assert [line.household.door_number for line in acceptance_views.every(session, accepted)] == LANE
        assert [line.household.door_number for line in payee_views.every(session, paid)] == LANE


def test_every_list_follows_the_lane(engine: Engine) -> None:
    _compare(engine)


def test_a_database_with_a_language_of_its_own_lists_the_same(chinese_postgres: Engine) -> None:
    _compare(chinese_postgres)


def test_homes_registered_twice_are_listed_along_the_lane(engine: Engine) -> None:
    doors = ["2", "10", "11", "甲1"]
    known = [
        _held("household", 20 * (side + 1) - place, door_number=door, head_name=f"李{place}")
        for place, door in enumerate(doors)
        for side in (0, 1)
    ]
    with database.write(engine) as session:
        projection(session, COUNTY, known, AT)
    with database.read(engine) as session:
        found = Likenesses().find(session, COUNTY)
        assert [session.get_one(Household, (COUNTY, each.one)).door_number for each in found] == doors


def test_a_page_of_a_village_is_read_in_the_order_of_an_index(sqlite_engine: Engine) -> None:
    query = (
        "SELECT id FROM household WHERE county = 'c' AND village BETWEEN 'a' AND 'b'"
        " ORDER BY village, door_order, id LIMIT 50"
    )
    with database.read(sqlite_engine) as session:
        plan = [step[-1] for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert len(plan) == 1 and "ix_household_door" in plan[0]


def test_an_older_database_learns_the_order(empty_engine: Engine) -> None:
    with empty_engine.execution_options(writing=True).connect() as connection, connection.begin():
        command.upgrade(database.alembic_config(connection), "0012")
        table = sa.Table("household", sa.MetaData(), autoload_with=connection)
        blank = {
            each.name: None if each.nullable else 0 if each.type.python_type is int else ""
            for each in table.columns
        }
        for number, door in enumerate(["10", "2", ""]):
            row = blank | {
                "county": COUNTY,
                "id": f"h-{number}",
                "village": VILLAGE,
                "door_number": door,
                "extra": {},
                "updated_at": AT,
            }
            connection.execute(table.insert().values(row))
    database.migrate(empty_engine)
    with database.read(empty_engine) as session:
        found = views.every(session, HouseholdFilter(COUNTY), Sorting("door", False))
        assert [line.door_number for line in found] == ["2", "10", ""]
