"""A record arrives while its home is being decided, over PostgreSQL: it must not pass unseen."""

from datetime import date

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from server.database import is_busy, write
from server.registry.tables import Conversion
from server.subsidies import review
from server.subsidies.decisions import Act, decide
from server.subsidies.tables import ReviewRow

COUNTY = "140427"


@pytest.fixture
def engine(postgres_engine):
    """SQLite lets one write at a time: nothing arrives meanwhile."""
    return postgres_engine


def test_what_arrives_while_a_home_is_decided_is_worked_out_afterwards(office) -> None:
    office.accepted_home("h1")
    seen, arrived = office.picks(), []

    def arrive() -> str:
        """What a tablet's record does: the register changes, and the home is marked in the queue."""
        try:
            with write(office.engine) as session:
                session.exec(select(ReviewRow).with_for_update(nowait=True)).all()
                session.get_one(Conversion, (COUNTY, "c-h1")).connected_on = date(2017, 1, 5)
                review.mark(session, COUNTY, {"h1"})
        except OperationalError as error:
            assert is_busy(error)
            return "waits"
        return "passed"

    def new_id() -> str:
        """Called when the home was read, and before anything is written."""
        if not arrived:
            arrived.append(arrive())
        return office.new_id()

    decide(office.engine, COUNTY, seen, Act("due", "clerk", office.now), new_id)
    if arrived == ["waits"]:
        arrived.append(arrive())
    assert arrived[-1] == "passed"
    assert {row.household for row in office.queue("correction")} == {"h1"}
