"""How long a county's coverage takes to count: it is the page that is open all day, in every office at once.

Measured in processor time on SQLite, so that a busy machine does not decide the result.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time
from typing import Any

from sqlalchemy import insert

from server import database
from server.access.views import Reporting
from server.database import table_of
from server.programme import views
from server.programme.actions import release_bundled
from server.registry.filters import HouseholdFilter
from server.registry.tables import Conversion, Household
from server.registry.views import page
from server.web import Sorting

COUNTY = "140525"
NOW = datetime(2020, 11, 1, tzinfo=UTC)
VILLAGES = [f"140525{100 + n // 30}{201 + n % 30}" for n in range(450)]
HOMES_N, CONVERTED_N = 20_000, 6_000
AT_MOST_S = 1.0


def _homes() -> Iterator[dict[str, Any]]:
    for n in range(HOMES_N):
        converted = n < CONVERTED_N
        yield Household(
            county=COUNTY, id=f"h{n}", village=VILLAGES[n % 450], version=1, heating_status="heated", extra={},
            device="10" if converted else "coal_stove", device_by=f"c{n}" if converted else "",
            device_surveyed="coal_stove", updated_at=NOW,
        ).model_dump()  # fmt: skip


def _conversions() -> Iterator[dict[str, Any]]:
    for n in range(CONVERTED_N):
        # Every fourth was corrected since: not connected after all, though its device is still in the household.
        yield Conversion(
            county=COUNTY, id=f"c{n}", village=VILLAGES[n % 450], version=1, household=f"h{n}", kind="electric",
            device_code="10", installed_on=date(2020, 6, 1), connected_on=date(2020, 7, 1) if n % 4 else None,
            extra={}, updated_at=NOW,
        ).model_dump()  # fmt: skip


def _took(what: str, started: float) -> float:
    took = process_time() - started
    sys.stdout.write(f"{what} {took * 1000:,.0f} ms of processor time\n")
    return took


def test_a_countys_coverage_is_counted_at_once(tmp_path: Path) -> None:
    engine = database.engine(f"sqlite:///{tmp_path / 'county.sqlite3'}")
    database.migrate(engine)
    with database.write(engine) as session:
        session.execute(insert(table_of(Household)), list(_homes()))
        session.execute(insert(table_of(Conversion)), list(_conversions()))
        release_bundled(session, COUNTY, NOW)
    with database.read(engine) as session:
        started = process_time()
        counts = views.coverage(session, COUNTY, NOW, lambda *_: Reporting(0, ())).counts
        counted = _took(f"coverage of {HOMES_N:,} homes", started)
        wanted, started = HouseholdFilter(area=COUNTY, situation="clean"), process_time()
        listed = page(session, wanted, Sorting("village", descending=False), number=1, size=50)
        paged = _took(f"a page of the {listed.total:,} clean ones", started)
    engine.dispose()
    assert counts.clean == listed.total == CONVERTED_N * 3 // 4
    assert counted < AT_MOST_S and paged < AT_MOST_S
