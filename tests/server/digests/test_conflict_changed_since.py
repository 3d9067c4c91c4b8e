"""A home's page in the office says of a conflict what the register has now, not what it had when the conflict began."""

import pytest

from server import database
from server.registry import views

COUNTY, VILLAGE = "140525", "140525100201"


@pytest.fixture
def surveyor(hub, recorder, enrol):
    """One more tablet of the village: `surveyor()`."""
    return lambda: type(recorder)(hub, enrol(hub.exchange.engine, recorder.tablet.clock, VILLAGE))


def test_a_third_persons_value_is_the_registers(hub, recorder, surveyor) -> None:
    [home] = recorder.visits(VILLAGE, new_head="张三")
    recorder.again(VILLAGE, home, visit_outcome="refused")
    surveyor().again(VILLAGE, home, visit_outcome="surveyed", heating_status="heated")
    third = surveyor()
    [(version,)] = hub.sql("SELECT version FROM entity WHERE id = :id", id=home)
    base = {"head_name": "张三", "door_number": "1号", "visit_outcome": "refused"}
    third._push(
        [third.tablet.visit(VILLAGE, home, base_version=version, base=base, visit_outcome="not_at_home")]
    )
    with database.read(hub.exchange.engine) as session:
        file = views.household_file(session, COUNTY, home)
    [said] = [each.conflict for each in file.conflicts if each.conflict.property == "visit_outcome"]
    assert (said.theirs, said.mine, said.by) == ("not_at_home", "surveyed", third.made[0])
