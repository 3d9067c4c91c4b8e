"""What a home's rows of other rooms say of it: found in an index, under its own id and those merged into it."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from server import database
from server.inspections import sighting_views
from server.inspections import views as problems
from server.inspections.views import has_open_problem
from server.registry.duplicate_tables import Alias
from server.registry.tables import Household
from server.subsidies import decision_views, owed, payment_views
from server.web import Sorting
from server.zones import lines
from server.zones.tables import ZoneLeftOut

COUNTY, VILLAGE = "140525", "140525100201"
NOW = datetime(2020, 9, 12, tzinfo=UTC)
KEY = lines.Key("zone", "z-1", 1, "members")


def test_a_row_of_a_merged_home_speaks_of_the_one_that_lives_on(engine: Engine) -> None:
    with database.write(engine) as session:
        for county, id in ((COUNTY, "own"), (COUNTY, "lives"), (COUNTY, "none"), ("140581", "lives")):
            village = county + VILLAGE[6:]
            session.add(Household(county=county, id=id, village=village, version=1, extra={}, updated_at=NOW))
        session.add(
            Alias(
                county=COUNTY,
                dataset="household",
                id="gone",
                same_as="lives",
                survivor="lives",
                village=VILLAGE,
            )
        )
        for id in ("own", "gone"):
            session.add(
                ZoneLeftOut(
                    county=COUNTY, zone=KEY.zone, number=KEY.number, household=id, village=VILLAGE,
                    reason="no_network", entered_by="p-1", entered_at=NOW,
                )
            )  # fmt: skip
    with database.read(engine) as session:
        found = session.execute(
            select(col(Household.county), col(Household.id)).where(lines.is_left_out(KEY))
        )
        assert set(map(tuple, found)) == {(COUNTY, "own"), (COUNTY, "lives")}


@pytest.mark.parametrize(
    "condition",
    [owed.owed(), has_open_problem(), lines.is_left_out(KEY)],
    ids=["owed", "open problem", "left out"],
)
def test_no_home_is_held_against_every_row_of_its_county(sqlite_engine: Engine, condition) -> None:
    query = select(col(Household.id)).where(col(Household.county) == COUNTY, condition)
    sql = str(query.compile(dialect=sqlite_engine.dialect, compile_kwargs={"literal_binds": True}))
    with database.read(sqlite_engine) as session:
        steps = [step[-1] for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert [step for step in steps[1:] if step.endswith("(county=?)")] == []


BY_KIND, BY_WHAT = Sorting("kind", False), Sorting("what", False)
LISTS: dict[str, Callable[[Session], object]] = {
    "problems": lambda session: problems.page(
        session,
        problems.ProblemFilter(COUNTY),
        BY_KIND,
        today=date(2020, 9, 12),
        person="p-1",
        number=1,
        size=50,
    ),
    "sightings": lambda session: sighting_views.page(session, COUNTY, "", BY_WHAT, number=1, size=50),
    "decisions": lambda session: decision_views.queue(
        session, decision_views.DecisionFilter(COUNTY), 1, number=1, size=50
    ),
    "payments": lambda session: payment_views.page(
        session, payment_views.PaymentFilter(COUNTY), 1, number=1, size=50
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_no_list_asks_row_by_row_where_its_home_leads(
    sqlite_engine: Engine, steps: Callable, name: str
) -> None:
    taken = steps(sqlite_engine, LISTS[name])
    assert any("alias" in step for step in taken), "merged homes are looked up"
    assert [step for step in taken if step.startswith("CORRELATED")] == []
