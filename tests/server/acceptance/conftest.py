"""A running server with three conversions, one of them recorded by somebody who is also an official."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from server.access.people import grant
from server.access.tables import Person
from server.database import write
from server.exchange.tables import SubmissionRow, SubmissionTarget
from server.registry.tables import Conversion, Household

COUNTY = "140525"
VILLAGES = ("140525100201", "140525100202", "140525200201")
AT = datetime(2020, 9, 1, tzinfo=UTC)
PASSWORD = "a password of this test"


@dataclass(frozen=True)
class Official:
    """A signed-in official; `post` sends a form with the token its page carries."""

    id: str
    browser: httpx.Client

    def post(self, path: str, seen_on: str = "/acceptance", **fields: Any) -> httpx.Response:
        token = re.search(r'name="csrf" value="([^"]+)"', self.browser.get(seen_on).text)
        assert token
        return self.browser.post(path, data={"csrf": token[1], **fields})

    def accept(self, *conversions: str, **others: Any) -> httpx.Response:
        given = {
            "conversion": list(conversions), "accepted_on": "2020-08-20", "document_number": "泽清验〔2020〕7号",
            "evidence": "乡政府档案室 2020-7 卷", **others,
        }  # fmt: skip
        return self.post("/acceptance/accept", **given)


@pytest.fixture
def official(running) -> Callable[..., Official]:
    """`official("c1-surveyor", "140525100")`: an official of an area under this id."""

    def make(identity: str, area: str = COUNTY, role: str = "township_official") -> Official:
        with write(running.app.state.engine) as session:
            if session.get(Person, identity) is None:
                session.add(Person(id=identity, name=identity, made_at=AT))
                session.flush()
            person = session.get_one(Person, identity)
            person.login, person.password_hash = identity, running.hashed(PASSWORD)
            grant(session, identity, role, area, now=AT)
        browser = running.browser()
        assert running.sign_in(browser, identity, PASSWORD).status_code == 303
        return Official(identity, browser)

    return make


@pytest.fixture
def conversions(running) -> tuple[str, ...]:
    """c0 and c1 in the first township, c2 in the second; c1's second record is by `both`."""
    with write(running.app.state.engine) as session:
        for identity in ("surveyor", "both"):
            session.add(Person(id=identity, name=identity, made_at=AT))
        session.flush()
        for number, village in enumerate(VILLAGES):
            session.add(_home(f"h{number}", village, f"{number}号", f"户主{number}"))
            session.add(_conversion(f"c{number}", f"h{number}", village))
            _record(session, f"c{number}", village, "surveyor")
        _record(session, "c1", VILLAGES[1], "both")
    return ("c0", "c1", "c2")


def _home(identity: str, village: str, door: str, name: str) -> Household:
    return Household(
        county=COUNTY, id=identity, village=village, version=1, door_number=door, head_name=name, extra={},
        updated_at=AT,
    )  # fmt: skip


def _conversion(identity: str, household: str, village: str) -> Conversion:
    return Conversion(
        county=COUNTY, id=identity, village=village, version=1, household=household, kind="electric",
        connected_on=date(2020, 8, 1), accepted_on=date(2020, 8, 2), extra={}, updated_at=AT,
    )  # fmt: skip


def _record(session, conversion: str, village: str, person: str) -> None:
    submission = str(uuid.uuid4())
    session.add(
        SubmissionRow(
            county=COUNTY, id=submission, kind="submission", device="d", device_seq=1, village=village,
            person=person, form="conversion", form_version="2020.1", observed_at="2020-08-01T00:00:00.000Z",
            received_at=AT, position=0, clock_offset_s=0, outcome="applied", policy_version="", hash="",
            sent="{}", verdict="{}", traces="{}",
        )
    )  # fmt: skip
    session.add(
        SubmissionTarget(county=COUNTY, dataset="conversion", entity=conversion, submission=submission)
    )
