"""A list asks the database as often for fifty rows as for one: what its lines show is looked up for the page."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server import database
from server.inspections import sighting_views
from server.inspections.tables import Sighting
from server.registry import aliases
from server.registry.duplicate_tables import Alias
from server.registry.tables import Household
from server.web import Sorting
from server.zones import views as zones
from server.zones.tables import Zone, ZoneLeftOut, ZoneVersion, ZoneVillage

COUNTY, VILLAGE, NOW, TODAY = "140525", "140525100201", datetime(2020, 12, 1, tzinfo=UTC), date(2020, 12, 1)


def household(id: str) -> Household:
    return Household(
        county=COUNTY, id=id, village=VILLAGE, version=1, head_name=f"户主{id}", door_number=id, extra={},
        updated_at=NOW,
    )  # fmt: skip


@pytest.fixture
def seen(engine: Engine) -> Callable[[int], None]:
    """Makes so many more homes, each with a sighting and left out of a zone of its own."""
    made: list[str] = []

    def make(count: int) -> None:
        with database.write(engine) as session:
            for id in [f"h{len(made) + number}" for number in range(count)]:
                made.append(id)
                session.add(household(id))
                session.add(
                    Sighting(
                        county=COUNTY, id=f"s-{id}", village=VILLAGE, version=1, household=id, seen_on=TODAY,
                        extra={}, updated_at=NOW,
                    )
                )  # fmt: skip
                session.add_all(_zone(id))

    return make


def _zone(id: str) -> list[object]:
    at = {"county": COUNTY, "zone": id, "number": 1}
    return [
        Zone(county=COUNTY, id=id, kind="coal_free", name=id, versions_n=1, made_at=NOW),
        ZoneVersion(
            **at, change="establish", decision="proposed", name=id, reason="", bans="", responsible=id,
            due_days=30, proposed_by="p", proposed_at=NOW, edited_by=[], checklist=[],
        ),
        ZoneVillage(**at, village=VILLAGE, latest=False),
        ZoneLeftOut(**at, household=id, village=VILLAGE, reason="", note="", entered_by="p", entered_at=NOW),
    ]  # fmt: skip


def sightings(session: Session) -> object:
    return sighting_views.page(session, COUNTY, "", Sorting("seen_on", True), number=1, size=50)


def all_zones(session: Session) -> object:
    return zones.zones(session, COUNTY, TODAY)


@pytest.mark.parametrize("read", [sightings, all_zones])
def test_more_rows_ask_no_more_questions(
    engine: Engine, seen: Callable[[int], None], read: Callable, asked: Callable
) -> None:
    def questions() -> int:
        with asked(engine) as sent, database.read(engine) as session:
            read(session)
        return len(sent)

    seen(1)
    one = questions()
    seen(20)
    assert questions() == one > 0


def test_homes_are_found_under_every_id_that_leads_to_them(engine: Engine) -> None:
    with database.write(engine) as session:
        session.add_all([household("a"), household("b")])
        session.add(
            Alias(county=COUNTY, dataset="household", id="c", same_as="b", survivor="b", village=VILLAGE)
        )
    with database.read(engine) as session:
        found = aliases.homes(session, COUNTY, ["a", "b", "c", "nobody"])
        assert {id: home.id for id, home in found.items()} == {"a": "a", "b": "b", "c": "b"}
        home = aliases.home(session, COUNTY, "c")
    assert home is not None and home.id == "b"
