"""Tablets as they are – real replica, real driver, HTTP – against the whole server, and what its office does."""

import hashlib
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from mobile.device.sealing import seal
from server.access.tables import Audit
from server.access.tables import Tablet as TabletRow
from server.database import read
from server.exchange.tables import EntityRow, SubmissionRow
from server.web.figures import CHINA
from survey_forms import interview, released
from survey_forms.answers import entity_changes
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync import driver, rescue
from sync.album import Album
from sync.client import Account
from sync.codec import decode
from sync.messages import FormXml, Submission, Verdict
from sync.replica import Draft, Replica

COUNTY = "140525"
NORTH, OTHER, SOUTH = "140525100201", "140525100202", "140525200201"
VISIT = next((form, version, xml) for form, version, xml in released() if form == "visit")
FORM = parse(VISIT[2])


def new_id() -> str:
    return str(uuid.uuid4())


def jpeg(seed: str, size: int) -> bytes:
    """The header of a small JPEG, and after it noise that follows from `seed`."""
    frame = b"\xff\xc0\x00\x0b\x08\x00\x30\x00\x40\x01\x01\x11\x00"
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + frame
    return head + hashlib.shake_128(seed.encode()).digest(size) + b"\xff\xd9"


@dataclass
class Real:
    """One tablet with everything it has; `path` is its file."""

    running: object
    path: Path
    replica: Replica

    @property
    def device(self) -> str:
        return self.replica.identity().device

    @property
    def folder(self) -> Path:
        return self.path.parent / "rescue"

    def enrol(self, code: str) -> None:
        with driver.http_client() as client:
            driver.enrol(self.replica, client, self.running.address, code, device_name=self.path.parent.name,
                         app_version="0.1.0")  # fmt: skip

    def visit(
        self, village: str, household: str | None = None, photo: str = "", begun: str = "", **answers: str
    ) -> str:
        """A visit recorded as the interview does it; a new home without `household`. `begun`: its draft, if it was
        begun before. The submission's id."""
        home = household or new_id()
        draft = begun or self.draft(village, home)
        props = self.props(home)
        person = self.replica.identity().person
        given = {"household_id": home, "village": village, "person": person}
        given |= {name: props.get(name, "") for name in ("head_name", "door_number")}
        if household is None:
            answers = {"new_door": f"{home[:4]}号", **answers}
        now = self.running.clock()
        local = now.astimezone(CHINA)
        filled = interview.begin(
            FORM,
            Context(today=local.date(), now=local, given=given),
            {"visit_outcome": "not_at_home", **answers},
        )
        assert interview.faults(filled, "zh") == ()
        told = interview.answers(filled) | ({"photos": [{"photo": photo}]} if photo else {})
        return self.replica.submit(draft, told, entity_changes(FORM, told), now).id

    def photographed(self, village: str, size: int = 3_000) -> tuple[str, str]:
        """A visit with a photo on it: the submission's id and the photo's SHA-256."""
        photo = Album(self.replica).keep(jpeg(self.path.name, size))
        return self.visit(village, photo=photo.name), photo.sha256

    def draft(self, village: str, home: str, answers: Mapping[str, str] | None = None) -> str:
        return self.replica.save_draft(
            Draft(new_id(), "visit", VISIT[1], village, home, {"household": home}, answers=answers or {})
        ).id

    def home_of(self, submission: str) -> str:
        return self.replica.record(submission).submission.targets[0].id

    def props(self, home: str) -> Mapping[str, str]:
        shown = self.replica.entity("household", home)
        return shown.props if shown else {}

    def sync(self) -> Account:
        identity = self.replica.identity()
        with driver.http_client() as client:
            hub = driver.HttpHub(client, self.running.address, identity.secret)
            return driver.run(self.replica, hub, clock=self.running.clock, app_version="0.1.0")

    def carry_out(self) -> rescue.Rescue | None:
        return rescue.carry_out(self.replica, self.folder, seal)


@dataclass
class Desk:
    """What the office sees, straight from its database."""

    running: object

    def tablet(self, device: str) -> TabletRow:
        with read(self.running.app.state.engine) as session:
            return session.get(TabletRow, (COUNTY, device))

    def row(self, submission: str) -> SubmissionRow:
        with read(self.running.app.state.engine) as session:
            return session.get(SubmissionRow, (COUNTY, submission))

    def sent(self, submission: str) -> Submission:
        return decode(Submission, self.row(submission).sent.encode())

    def verdict(self, submission: str) -> Verdict:
        return decode(Verdict, self.row(submission).verdict.encode())

    def records_n(self) -> int:
        with read(self.running.app.state.engine) as session:
            return len(session.exec(select(SubmissionRow.id)).all())

    def entities_n(self) -> int:
        with read(self.running.app.state.engine) as session:
            return len(session.exec(select(EntityRow.id)).all())

    def log(self, verb: str) -> list[dict[str, str]]:
        with read(self.running.app.state.engine) as session:
            rows = session.exec(select(Audit).where(Audit.verb == verb).order_by(Audit.at)).all()
        return [row.detail for row in rows]


@pytest.fixture
def desk(running) -> Desk:
    return Desk(running)


@pytest.fixture
def tablets(running, tmp_path: Path) -> Iterator[Callable[..., Real]]:
    """`tablets(name)`: a new tablet; `tablets(name, of=other)`: a copy of another's file as it is now."""
    made: list[Replica] = []

    def make(name: str, of: Real | None = None) -> Real:
        path = tmp_path / "tablets" / name / "tablet.db"
        path.parent.mkdir(parents=True)
        if of is not None:
            copied(of, path)
        replica = Replica.open(path, clock=running.clock, new_id=new_id)
        made.append(replica)
        replica.store_form(FormXml(*VISIT[:2], parse_hash(VISIT[2]), VISIT[2]))
        return Real(running, path, replica)

    yield make
    for replica in made:
        replica.close()


def parse_hash(xml: str) -> str:
    return hashlib.sha256(xml.encode()).hexdigest()


def copied(of: Real, path: Path) -> None:
    """The file as a backup program takes it: everything that is on the disk."""
    of.replica.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(of.path, path)


@pytest.fixture
def code(submit, official) -> Callable[..., str]:
    """A one-time code for a surveyor and villages, made on the office's page."""

    def make(*villages: str, name: str = "王五") -> str:
        township = villages[0][:9]
        page = f"/tablets/enrol?township={township}"
        answer = submit("/tablets/enrol", page, villages=list(villages), name=name, shared="yes")
        assert answer.status_code == 303, answer.text
        return re.search(r'class="code">([^<]+)<', official.get("/tablets").text)[1]

    return make


@pytest.fixture
def tablet(tablets, code) -> Real:
    """A tablet of 王五 that holds two villages and has called once."""
    made = tablets("one")
    made.enrol(code(NORTH, OTHER))
    made.sync()
    return made
