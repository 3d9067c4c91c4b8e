"""A township of two villages, told as tablets tell it: entities with the submissions that set them.

The recorder hands changes to the same derivations in the same order as the application does.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from server import database
from server.access.people import grant
from server.access.tables import Person
from server.app import DERIVATIONS
from server.exchange.tables import SubmissionRow
from server.inspections.tables import Problem, ProblemEvent
from server.programme.actions import release_bundled
from server.registry.tables import Division
from server.zones import actions
from server.zones.actions import Paper, Range
from server.zones.tables import ZoneVersion
from server.zones.views import versions_of
from sync.codec import to_text
from sync.facts import Held, PropertyState

COUNTY = "140525"
FIRST, SECOND, THIRD = "140525100201", "140525100202", "140525200201"
CLERK, CHIEF, OFFICIAL, SURVEYOR = "p-clerk", "p-chief", "p-official", "p-surveyor"
NAMES = {CLERK: "张提议", CHIEF: "李批准", OFFICIAL: "赵负责", SURVEYOR: "王调查"}
CLEAN = {"device": "10", "fuel": "electricity", "old_stove": "kept", "old_stove_on": "2020-10-20"}


@dataclass
class Place:
    """The county over one database. Each call is one transaction, as the exchange or a page makes it."""

    engine: Engine
    now: datetime = datetime(2020, 12, 10, 2, 0, tzinfo=UTC)
    held: dict[str, Held] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.date()

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def record(
        self,
        dataset: str,
        village: str,
        *,
        identity: str = "",
        observed: datetime | None = None,
        **props: str,
    ) -> str:
        """One submission about one entity, taken by the hub now. Gives the entity's id."""
        identity, submission = identity or self.new_id(), self.new_id()
        before = self.held.get(identity)
        version = before.version + 1 if before else 1
        states = dict(before.props) if before else {}
        for name, value in props.items():
            if name not in states or states[name].value != value:
                states[name] = PropertyState(value, version, submission)
        held = Held(dataset, identity, village, version, states, updated_at=to_text(self.now))
        self.held[identity] = held
        with database.write(self.engine) as session:
            session.add(_journal(submission, village, observed or self.now, self.now))
            session.flush()
            for derive in DERIVATIONS:
                derive(session, COUNTY, [held], self.now)
        return identity

    def replay(self, identity: str) -> None:
        """The derivations run once more over what is there, as after a restore."""
        with database.write(self.engine) as session:
            for derive in DERIVATIONS:
                derive(session, COUNTY, [self.held[identity]], self.now)

    def home(self, village: str = FIRST, **props: str) -> str:
        given = {"head_name": "户主", "heating_status": "heated", "visit_outcome": "surveyed"}
        return self.record("household", village, **(given | props))

    def converted(
        self, village: str = FIRST, connected: str = "2020-10-10", used: str = "2020-10-20", **props: str
    ) -> str:
        """A home with a heat pump of 2020, in use before the season, its old stove kept cold."""
        home = self.home(village, **(CLEAN | props))
        dates = {"installed_on": "2020-09-20", "connected_on": connected, "first_used_on": used}
        self.record(
            "conversion", village, household=home, kind="electric", device_code="10",
            **{name: day for name, day in dates.items() if day},
        )  # fmt: skip
        return home

    def propose(
        self, *villages: str, zone: str | None = None, change: str = "new", person: str = CLERK
    ) -> ZoneVersion:
        wanted = Range(change, "一号镇禁煤区", "整村改造完成", "禁止散煤", OFFICIAL, 15, frozenset(villages))
        with database.write(self.engine) as session:
            return actions.propose(
                session,
                county=COUNTY,
                zone=zone,
                wanted=wanted,
                person=person,
                now=self.now,
                new_id=self.new_id,
            )

    def designate(
        self, zone: str, *, person: str = CHIEF, in_force_on: date | None = None, unmet_reason: str = "期限已到",
        number: str = "泽政发〔2020〕9号",
    ) -> ZoneVersion:  # fmt: skip
        with database.write(self.engine) as session:
            waiting = next(v for v in self.versions(session, zone) if v.decision == "proposed")
            paper = Paper(
                number, min(self.today, in_force_on or self.today), in_force_on or self.today, unmet_reason,
                actions.digest(session, waiting),
            )  # fmt: skip
            return actions.designate(
                session, county=COUNTY, zone=zone, paper=paper, person=person, now=self.now, unpaid=None
            )

    def zone(self, *villages: str, **how: Any) -> str:
        """A zone proposed and designated."""
        version = self.propose(*(villages or (FIRST,)))
        self.designate(version.zone, **how)
        return version.zone

    def versions(self, session: Session, zone: str) -> list[ZoneVersion]:
        return versions_of(session, COUNTY, zone)

    def problems(self) -> list[Problem]:
        with database.read(self.engine) as session:
            return list(session.exec(select(Problem).order_by(Problem.opened_at, Problem.kind)))

    def events(self, problem: str) -> list[str]:
        with database.read(self.engine) as session:
            wanted = select(ProblemEvent).where(ProblemEvent.problem == problem).order_by(ProblemEvent.number)
            return [event.act for event in session.exec(wanted)]


def _journal(submission: str, village: str, observed: datetime, now: datetime) -> SubmissionRow:
    return SubmissionRow(
        county=COUNTY, id=submission, kind="submission", device="d", device_seq=1, village=village,
        person=SURVEYOR, form="sighting", form_version="2020.1", observed_at=to_text(observed), received_at=now,
        position=0, clock_offset_s=0, outcome="applied", policy_version="", hash="", sent="{}", verdict="{}",
        traces="{}",
    )  # fmt: skip


def fill(session: Session, now: datetime) -> None:
    """Divisions, people and the county's plan."""
    codes = {"140525000000": ("泽州县", "county", ""), "140525100000": ("一号镇", "township", "140525000000")}
    codes["140525200000"] = ("二号镇", "township", "140525000000")
    codes |= {code: (f"{code[-3:]}村", "village", f"{code[:9]}000") for code in (FIRST, SECOND, THIRD)}
    for code, (name, level, parent) in codes.items():
        if session.get(Division, code) is None:
            session.add(Division(code=code, name=name, level=level, parent=parent, edition="2016"))
    for identity, name in NAMES.items():
        session.add(Person(id=identity, login=identity, name=name, made_at=now))
        session.flush()
        grant(
            session, identity, "surveyor" if identity == SURVEYOR else "environment_officer", COUNTY, now=now
        )
    release_bundled(session, COUNTY, now)


@pytest.fixture
def place(engine: Engine) -> Iterator[Place]:
    """The county on SQLite and on PostgreSQL."""
    made = Place(engine)
    with database.write(engine) as session:
        fill(session, made.now)
    return made


@pytest.fixture
def place_of():
    """The recorder over another database, at that database's clock: `place_of(engine, clock)`."""
    return lambda engine, clock: Place(engine, clock())
