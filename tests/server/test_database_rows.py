"""Rows in bulk, on both databases: added, added where absent, written over, written over where unchanged."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from server.database import insert_absent, insert_rows, read, update_unchanged, upsert, write
from server.exchange.tables import EntityRow, FeedRow
from server.registry.tables import Household

AT = datetime(2020, 9, 1, 8, 0, 0, 123_000, tzinfo=UTC)
AWKWARD = '张三 "x" \\ \t|\n{}\'%s :rows €'


def entity(id: str, *, version: int = 1, held: str = "{}") -> dict:
    return {
        "county": "140525", "dataset": "household", "id": id, "village": "140525100201", "version": version,
        "conflicts_n": 0, "updated_at": AT, "held": held,
    }  # fmt: skip


def home(id: str, **others: object) -> dict:
    blank = Household(county="140525", id=id, village="140525100201", version=1, updated_at=AT, extra={})
    return blank.model_dump() | others


def entities(engine: Engine) -> dict[str, tuple[int, str]]:
    with read(engine) as session:
        return {row.id: (row.version, row.held) for row in session.exec(select(EntityRow))}


def test_rows_are_added_as_they_are(engine: Engine) -> None:
    with write(engine) as session:
        insert_rows(session, EntityRow, [entity("a", held=AWKWARD), entity("b", held="")])
        insert_rows(session, EntityRow, [])
    assert entities(engine) == {"a": (1, AWKWARD), "b": (1, "")}
    with read(engine) as session:
        assert session.get_one(EntityRow, ("140525", "household", "a")).updated_at == AT


def test_a_row_that_is_there_already_refuses_all(engine: Engine) -> None:
    with write(engine) as session:
        insert_rows(session, EntityRow, [entity("a")])
    with pytest.raises(IntegrityError), write(engine) as session:
        insert_rows(session, EntityRow, [entity("b"), entity("a")])
    assert entities(engine) == {"a": (1, "{}")}


def test_rows_are_added_where_they_are_absent(engine: Engine) -> None:
    with write(engine) as session:
        insert_rows(session, EntityRow, [entity("a")])
        insert_absent(session, EntityRow, [entity("a", held="other"), entity("b", held=AWKWARD)])
        insert_absent(session, FeedRow, [])
    assert entities(engine) == {"a": (1, "{}"), "b": (1, AWKWARD)}


def test_rows_are_written_over_where_nobody_was_faster(engine: Engine) -> None:
    with write(engine) as session:
        insert_rows(session, EntityRow, [entity("a"), entity("b", version=4)])
        found = update_unchanged(
            session,
            EntityRow,
            [entity("a", version=2, held=AWKWARD) | {"was": 1}, entity("b", version=4) | {"was": 3}],
        )
        assert found == 1
        assert update_unchanged(session, EntityRow, []) == 0
    assert entities(engine) == {"a": (2, AWKWARD), "b": (4, "{}")}


def test_a_row_of_every_kind_of_value_is_written_over(engine: Engine) -> None:
    first = home("a", head_name=AWKWARD, heated_area_m2=Decimal("80.50"), visited_on=date(2020, 9, 1))
    later = home("a", head_name="李四", residents_n=3, extra={"walls": AWKWARD}, location="")
    with write(engine) as session:
        upsert(session, Household, [first])
        session.flush()
        read_back = session.get_one(Household, ("140525", "a")).model_dump()
    assert read_back == first
    with write(engine) as session:
        upsert(session, Household, [home("b"), home("a"), later])
    with read(engine) as session:
        assert session.get_one(Household, ("140525", "a")).model_dump() == later
        assert session.get_one(Household, ("140525", "b")).model_dump() == home("b")
