"""Two people at one zone over PostgreSQL, where a page reads a zone's versions before it holds the zone."""

import pytest

from server import database
from server.web import Problem
from server.zones import actions

COUNTY, FIRST, CLERK = "140525", "140525100201", "p-clerk"


@pytest.fixture
def engine(postgres_engine):
    """SQLite lets one write at a time: there is nothing to overtake."""
    return postgres_engine


def refuse(session, place, zone: str) -> None:
    actions.refuse(session, county=COUNTY, zone=zone, reason="再议", person=CLERK, now=place.now)


def leave_out(session, place, zone: str) -> None:
    homes = [home for home, held in place.held.items() if held.dataset == "household"]
    actions.leave_out(
        session, county=COUNTY, zone=zone, households=homes, reason="other", note="外出", person=CLERK,
        now=place.now,
    )  # fmt: skip


@pytest.mark.parametrize("act", [refuse, leave_out])
def test_what_was_designated_meanwhile_is_neither_refused_nor_changed(place, act) -> None:
    place.home()
    zone = place.propose(FIRST).zone
    with database.write(place.engine) as session:
        # As a page does, to ask whether the person may; the other one is quicker from here on.
        versions = place.versions(session, zone)
        place.designate(zone)
        with pytest.raises(Problem) as refusal:
            act(session, place, zone)
    assert (refusal.value.code, len(versions)) == ("zone_step", 1)
    with database.read(place.engine) as session:
        version = place.versions(session, zone)[0]
    assert (version.decision, version.edited_by) == ("designated", [CLERK])
