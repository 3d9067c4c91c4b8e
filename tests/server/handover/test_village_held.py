"""Giving away villages that working tablets hold is refused, each village named once."""

from datetime import UTC, datetime

import pytest

from server import database
from server.access.holders import refuse_held
from server.web import Problem

COUNTY, NORTH, SOUTH, THIRD = "140525", "140525100201", "140525100202", "140525100203"
NAMES = {NORTH: "川底村", SOUTH: "焦河村", THIRD: "和村"}


def test_a_village_that_two_tablets_hold_is_named_once(sqlite_engine, enrol) -> None:
    def clock() -> datetime:
        return datetime(2020, 9, 1, 8, tzinfo=UTC)

    for villages in ((NORTH, SOUTH, THIRD), (NORTH,)):
        enrol(sqlite_engine, clock, *villages)
    with database.write(sqlite_engine) as session, pytest.raises(Problem) as refused:
        refuse_held(session, COUNTY, NAMES, shared=False)
    said = refused.value.message
    assert (said.count("川底村"), said.count("焦河村"), said.count("和村")) == (1, 1, 1)
    assert "焦河村、和村（" in said
