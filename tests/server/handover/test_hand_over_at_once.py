"""Two officials hand one village over at the same moment, or give away one that is free, to two tablets: one of them
does, the other is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from server import database
from server.access import enrolment
from server.access.holders import refuse_held
from server.web import Problem

COUNTY, VILLAGE = "140525", "140525100201"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def three(postgres_engine, enrol) -> list[str]:
    """Who has the village, and two who are to have it."""
    return [enrol(postgres_engine, lambda: NOW, *([VILLAGE] if n == 0 else [])).device for n in range(3)]


def _hand_over(session, device: str, to: str) -> None:
    enrolment.hand_over(session, county=COUNTY, device=device, to=to, villages=[VILLAGE], now=NOW, by="x")


def _give(session, to: str) -> None:
    refuse_held(session, COUNTY, {VILLAGE: "东常村"}, shared=False, apart_from=to)
    enrolment.assign(session, county=COUNTY, device=to, villages=[VILLAGE], now=NOW, by="x")


def _told(engine, act, *to: str) -> str:
    try:
        with database.write(engine) as session:
            act(session, *to)
    except Problem as problem:
        return problem.code
    return "done"


def test_a_village_goes_to_one_of_two_tablets(postgres_engine, three) -> None:
    holder, first, second = three
    with ThreadPoolExecutor(1) as pool, database.write(postgres_engine) as session:
        _hand_over(session, holder, first)
        other = pool.submit(_told, postgres_engine, _hand_over, holder, second)
        _until_it_waits(postgres_engine)
        session.commit()
        assert other.result(30) == "no_village"
    with database.read(postgres_engine) as session:
        holding = [each for each in three if enrolment.held(session, county=COUNTY, device=each)]
    assert holding == [first]


def test_a_free_village_is_given_to_one_of_two_tablets(postgres_engine, enrol) -> None:
    first, second = (enrol(postgres_engine, lambda: NOW).device for _ in range(2))
    with ThreadPoolExecutor(1) as pool, database.write(postgres_engine) as session:
        _give(session, first)
        other = pool.submit(_told, postgres_engine, _give, second)
        _until_it_waits(postgres_engine)
        session.commit()
        assert other.result(30) == "village_held"


def _until_it_waits(engine) -> None:
    """Until another transaction stands before a lock of ours."""
    with engine.connect() as connection:
        for _ in range(10_000):
            asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            if connection.exec_driver_sql(asked).scalar_one():
                return
            connection.rollback()
    raise AssertionError("nobody waits")
