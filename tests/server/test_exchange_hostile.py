"""Requests of a tablet that lies, or has gone mad, on both databases: one bad record never holds back the rest, and
what the hub accepted every tablet can read.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import col, select

from server.app import create_app
from server.database import read, write
from server.inspections.tables import Sighting
from server.registry.tables import Household
from server.settings import Settings
from server.subsidies.tables import PayeeRow
from server.web.figures import CHINA
from survey_forms import interview, released
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.codec import decode, encode, to_text
from sync.messages import VALUE_CHARS_MAX, Answers, Reply, Request, Submission, Target

COUNTY = "140525"
VILLAGE = "140525100201"
NEWEST = {form: xml for form, _, xml in released()}
# Characters that hardly repeat: what packs well would fit into an index all the same.
LONG = "".join(chr(each) for each in random.Random(1).choices(range(0x4E00, 0x9F00), k=VALUE_CHARS_MAX))


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: datetime(2020, 9, 1, 8, 0, tzinfo=UTC)


@dataclass
class Hub:
    app: FastAPI
    address: str

    def answers(self, tablet, request: Request) -> httpx.Response:
        return httpx.post(
            f"{self.address}/sync/v1", content=encode(request), headers=tablet.headers(), timeout=60,
            trust_env=False, verify=False,
        )  # fmt: skip

    def takes(self, tablet, *submissions: Submission) -> dict[str, str]:
        """Submission → outcome; the reply is one that a tablet can read."""
        answer = self.answers(tablet, tablet.request(*submissions, held={VILLAGE: None}))
        assert answer.status_code == 200, answer.text
        return {each.submission: each.outcome for each in decode(Reply, answer.content).verdicts}


@pytest.fixture
def hub(engine, tmp_path, clock, serving: Callable[[FastAPI], str]) -> Iterator[Hub]:
    """The application over either database, with one village."""
    url = engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(tmp_path, url, COUNTY, "a secret of this test"), clock=clock)
    with write(app.state.engine) as session:
        session.connection().execute(
            text("INSERT INTO division (code, name, level, parent, urban_rural_code, edition)"
                 " VALUES (:code, '甲村', 'village', '140525100000', '220', '2016')"), {"code": VILLAGE},
        )  # fmt: skip
    with ExitStack() as stack:
        stack.callback(app.state.engine.dispose)
        yield Hub(app, serving(app))


@pytest.fixture
def tablet(hub, clock, enrol):
    return enrol(hub.app.state.engine, clock, VILLAGE)


def _rows(hub: Hub, table):
    with read(hub.app.state.engine) as session:
        return list(session.exec(select(table).where(col(table.county) == COUNTY)))


def _recorded(tablet, form: str, target: str, given: dict[str, str], answers: Answers) -> Submission:
    """A record of a form whose hidden fields say what a tablet likes."""
    asked = parse(NEWEST[form])
    local = tablet.clock().astimezone(CHINA)
    id = str(uuid.uuid4())
    known = {f"{target}_id": id, "village": VILLAGE, "person": tablet.person, **given}
    filled = interview.begin(asked, Context(today=local.date(), now=local, given=known), answers)
    assert interview.faults(filled, "zh") == ()
    tablet.seq += 1
    return Submission(
        id=str(uuid.uuid4()), device=tablet.device, device_seq=tablet.seq, previous_hash="", history=tablet.history,
        county=COUNTY, village=VILLAGE, person=tablet.person, form=form, form_version=asked.version,
        observed_at=to_text(tablet.clock()), corrects=None, answers=interview.answers(filled),
        targets=(Target(target, id, 0, {}, None),),
    )  # fmt: skip


@pytest.mark.parametrize("named", ["head_name", "door_number"])
def test_a_name_longer_than_any_index_takes_is_kept_and_read(hub, tablet, named) -> None:
    good = tablet.visit(VILLAGE)
    seen = {"head_name": "张三", "door_number": "1号", named: LONG}
    odd = tablet.visit(VILLAGE, str(uuid.uuid4()), base_version=1, base=seen)
    assert hub.takes(tablet, good, odd) == {good.id: "applied", odd.id: "applied"}
    row = next(each for each in _rows(hub, Household) if each.id == odd.targets[0].id)
    assert getattr(row, named) == "" and row.extra[named] == LONG


def test_a_sighting_at_a_home_with_an_impossible_id_is_kept_and_read(hub, tablet) -> None:
    seen = {"what": "coal_burned", "seen_on": "2020-09-01"}
    odd = _recorded(tablet, "sighting", "sighting", {"household_id": LONG}, seen)
    assert hub.takes(tablet, odd) == {odd.id: "applied"}
    (row,) = _rows(hub, Sighting)
    assert (row.household, row.extra["household"]) == ("", LONG)


def test_a_payee_of_a_home_with_an_impossible_id_is_paid_nothing(hub, tablet) -> None:
    account = "6228480402564890018"
    passbook = {"bank": "农行", "account": account, "account_again": account, "on_day": "2020-09-01"}
    stated = {"owner": {"relation": "self", "holder": "张三"}, "bank_account": passbook}
    odd = _recorded(tablet, "payee", "payee", {"household_id": LONG}, stated)
    assert hub.takes(tablet, odd) == {odd.id: "applied"}
    assert _rows(hub, PayeeRow) == []


def test_a_record_made_at_the_end_of_the_calendar_holds_back_no_other(hub, tablet) -> None:
    """No clock of this county can show that instant: not even the form's own check can be asked."""
    good, odd = tablet.visit(VILLAGE), replace(tablet.visit(VILLAGE), observed_at="9999-12-31T20:00:00.000Z")
    assert hub.takes(tablet, odd, good) == {odd.id: "rejected", good.id: "applied"}
