"""A county in a database, with homes, conversions, acceptances and the real schedule of 长治市, and a clerk."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from server.database import read, write
from server.exchange.tables import SubmissionRow, SubmissionTarget
from server.registry import acceptance
from server.registry.acceptance import Paper, Proof
from server.registry.tables import Conversion, Household
from server.subsidies import books, decisions, review, schedules
from server.subsidies.decisions import Act, Outcome, Pick
from server.subsidies.ledger_checks import Books
from server.subsidies.tables import EntitlementRow, ReviewLineRow, ReviewRow

COUNTY = "140427"
VILLAGE, ELSEWHERE = "140427100201", "140427200201"


class Office:
    """A finance office at work; everything it does goes through the real actions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = datetime(2019, 1, 10, 2, tzinfo=UTC)
        self.ids = count(1)

    def new_id(self) -> str:
        return f"{next(self.ids):05}-{uuid.uuid4().hex[:6]}"

    def home(self, id: str, village: str = VILLAGE, **others: Any) -> None:
        with write(self.engine) as session:
            self._home(session, id, village, **others)

    def _home(self, session: Any, id: str, village: str = VILLAGE, **others: Any) -> None:
        session.add(
            Household(
                county=COUNTY, id=id, village=village, version=1, door_number=f"{id}号", head_name=f"户主{id}",
                extra={}, updated_at=self.now, **{"heating_status": "heated", **others},
            )
        )  # fmt: skip

    def conversion(self, id: str, household: str, connected: str = "2018-10-20", **others: Any) -> None:
        """Recorded by the person "surveyor"."""
        with write(self.engine) as session:
            self._conversion(session, id, household, connected, **others)

    def _conversion(self, session: Any, id: str, household: str, connected: str, **others: Any) -> None:
        day = date.fromisoformat(connected)
        session.add(
            Conversion(
                county=COUNTY, id=id, village=VILLAGE, version=1, household=household, installed_on=day,
                connected_on=day, extra={}, updated_at=self.now,
                **{"kind": "electric", "device_code": "10", "batch": "2", **others},
            )
        )  # fmt: skip
        self.record(session, "conversion", id)

    def accepted_homes(self, homes_n: int) -> None:
        """So many homes h000, h001, … with an accepted conversion each."""
        with write(self.engine) as session:
            for number in range(homes_n):
                self._home(session, f"h{number:03}")
                self._conversion(session, f"c-h{number:03}", f"h{number:03}", "2018-10-20")
        self.accept(*(f"c-h{number:03}" for number in range(homes_n)))

    def record(
        self, session: Any, dataset: str, entity: str, *, person: str = "surveyor", observed: str = "2018-10-20",
        sent: str = "{}", traces: str = "{}",
    ) -> str:  # fmt: skip
        id = str(uuid.uuid4())
        session.add(
            SubmissionRow(
                county=COUNTY, id=id, kind="submission", device="d", device_seq=1, village=VILLAGE,
                person=person, form=dataset, form_version="2020.1", observed_at=f"{observed}T00:00:00.000Z",
                received_at=self.now, position=next(self.ids), clock_offset_s=0, outcome="applied",
                policy_version="", hash="", sent=sent, verdict="{}", traces=traces,
            )
        )  # fmt: skip
        session.add(SubmissionTarget(county=COUNTY, dataset=dataset, entity=entity, submission=id))
        return id

    def accept(
        self, *conversions: str, on: str = "2018-11-01", person: str = "official", **proof: Any
    ) -> None:
        paper = Paper(date.fromisoformat(on), "验字1号", "档案室", Proof(**proof))
        with write(self.engine) as session:
            acceptance.accept(
                session, person=person, county=COUNTY, conversions=conversions, paper=paper, now=self.now,
                watchers=[review.accepted],
            )  # fmt: skip

    def withdraw(self, conversion: str) -> None:
        with write(self.engine) as session:
            acceptance.withdraw(
                session,
                person="official",
                county=COUNTY,
                conversion=conversion,
                reason="设备不符",
                now=self.now,
                watchers=[review.accepted],
            )

    def accepted_home(self, id: str, **others: Any) -> None:
        """A home with one accepted conversion of its id."""
        self.home(id, village=others.pop("village", VILLAGE))
        self.conversion(f"c-{id}", id, **others)
        self.accept(f"c-{id}")

    def change(self, model: type[Any], id: str, **values: Any) -> None:
        """The register changes, as a record from a tablet would change it, and the queue is told."""
        with write(self.engine) as session:
            row = session.get_one(model, (COUNTY, id))
            row.sqlmodel_update(values)
            session.flush()
            household = id if model is Household else row.household
            review.mark(session, COUNTY, {household})

    def refresh(self, homes_max: int = 10_000) -> review.Progress:
        return review.refresh(self.engine, COUNTY, self.now, homes_max=homes_max)

    def heads(self) -> dict[str, ReviewRow]:
        self.refresh()
        with read(self.engine) as session:
            return {row.household: row for row in session.exec(select(ReviewRow))}

    def queue(self, kind: str = "due") -> list[ReviewLineRow]:
        self.refresh()
        with read(self.engine) as session:
            rows = session.exec(select(ReviewLineRow).where(ReviewLineRow.kind == kind))
            return sorted(rows, key=lambda row: (row.household, row.season, row.component))

    def picks(self, kind: str = "due", *homes: str) -> list[Pick]:
        return [
            Pick(row.household, row.component, row.season, row.digest)
            for row in self.queue(kind)
            if not homes or row.household in homes
        ]

    def decide(
        self, kind: str = "due", *homes: str, person: str = "clerk", picks: list[Pick] | None = None
    ) -> Outcome:
        act = Act(kind, person, self.now, "按核实的情况" if kind == "correction" else "")
        wanted = self.picks(kind, *homes) if picks is None else picks
        return decisions.decide(self.engine, COUNTY, wanted, act, self.new_id)

    def decided(self) -> list[EntitlementRow]:
        with read(self.engine) as session:
            return list(session.exec(select(EntitlementRow).order_by(col(EntitlementRow.number))))

    def books(self) -> Books:
        with read(self.engine) as session:
            return books.load(session, COUNTY)


@pytest.fixture
def an_office() -> Callable[[Engine], Office]:
    """Opens an office over a database: the schedule released, the queue told of acceptances."""

    def make(engine: Engine) -> Office:
        office = Office(engine)
        with write(engine) as session:
            schedules.release_bundled(session, COUNTY, office.now)
        return office

    return make


@pytest.fixture
def office(engine: Engine, an_office: Callable[[Engine], Office]) -> Office:
    """The test runs on both databases."""
    return an_office(engine)


@pytest.fixture
def small_office(sqlite_engine: Engine, an_office: Callable[[Engine], Office]) -> Office:
    """For tests in which the kind of database decides nothing."""
    return an_office(sqlite_engine)
