"""An app of an earlier release keeps sending: its very bytes are taken, and it can read what comes back."""

import json
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from server import database
from server.access import actions, enrolment
from server.exchange.tables import FeedHead, HubMeta, SubmissionRow

REQUEST = Path(__file__).parents[1] / "sync" / "tablet" / "older" / "request-0.1.0.json"
SECRET = "050cbc700df285aa82d4689d6a65a0d5d60824b6fb44859f8803e8bc0be099f2"
# What app 0.1.0 cannot do without, in its own strict reading (a field may be added, none may go).
REPLY = {
    "protocol", "history", "now", "county", "person", "verdicts", "not_yet", "villages", "forms", "changes",
    "cursors", "more",
}  # fmt: skip
VERDICT = {"submission", "outcome"}
ENTITY = {"dataset", "id", "village", "version", "props", "conflicts", "updated_at"}
FORM = {"id", "version", "sha256", "xml"}
VILLAGE = {"code", "name", "township_name", "area_class"}


@pytest.fixture
def sent() -> dict:
    return json.loads(REQUEST.read_bytes())


@pytest.fixture
def known(running, sent) -> None:
    """The hub that this tablet was enrolled at, with its village, its history, and a feed as long as it has read."""
    with database.write(running.app.state.engine) as session:
        now = running.clock()
        person = actions.surveyor(session, name="王五", county="140525", new_id=lambda: "p-1", now=now)
        villages = list(sent["held"])
        code = enrolment.make_code(
            session, county="140525", person=person.id, villages=villages, made_by="-", now=now
        )
        enrolment.enrol(
            session,
            code=code,
            device=sent["device"],
            secret=SECRET,
            name="旧平板",
            app_version="0.1.0",
            now=now,
        )
        session.get_one(HubMeta, "history").value = sent["history"]
        for village, cursor in sent["held"].items():
            session.add(FeedHead(county="140525", village=village, seq=cursor["seq"]))


def _post(running, body: bytes) -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {SECRET}", "Content-Type": "application/json", "Accept": "application/json",
    }  # fmt: skip
    return httpx.post(
        f"{running.address}/sync/v1", content=body, headers=headers, timeout=60, trust_env=False, verify=False
    )


def test_what_an_earlier_app_sends_is_taken_to_the_byte(running, known, sent) -> None:
    answer = _post(running, REQUEST.read_bytes())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert {verdict["submission"]: verdict["outcome"] for verdict in told["verdicts"]} == {
        each["id"]: "applied" for each in sent["submissions"]
    }
    with database.read(running.app.state.engine) as session:
        kept = {row.id: json.loads(row.sent) for row in session.exec(select(SubmissionRow))}
    assert [kept[each["id"]] for each in sent["submissions"]] == sent["submissions"]
    again = _post(running, REQUEST.read_bytes()).json()
    assert again["verdicts"] == told["verdicts"]


def test_what_comes_back_has_all_that_an_earlier_app_asks_for(running, known, sent) -> None:
    told = _post(running, REQUEST.read_bytes()).json()
    assert told.keys() >= REPLY
    assert told["protocol"] == 1
    for listed, needed in (
        ("verdicts", VERDICT),
        ("changes", ENTITY),
        ("forms", FORM),
        ("villages", VILLAGE),
    ):
        assert told[listed]
        assert all(each.keys() >= needed for each in told[listed])
    for cursor in told["cursors"].values():
        assert (cursor.get("seq") is None) != (cursor.get("head") is None)


def test_a_form_of_an_earlier_release_is_still_asked_by_its_own_rules(running, known, sent) -> None:
    assert {each["form_version"] for each in sent["submissions"]} == {"2020.1"}
    told = _post(running, REQUEST.read_bytes()).json()
    assert "rejected" not in {verdict["outcome"] for verdict in told["verdicts"]}


def test_an_earlier_app_whose_hub_was_restored_hears_of_it_first_and_loses_nothing(
    running, known, sent
) -> None:
    """It offers what the hub lost before what it made upon that: nothing is judged until it knows."""
    with database.write(running.app.state.engine) as session:
        session.get_one(HubMeta, "history").value = now = "5f0c0f0e-0d2f-4a35-8a5c-6f2f6f1f7c11"
    told = _post(running, REQUEST.read_bytes()).json()
    assert (told["history"], told["verdicts"], told["not_yet"]) == (now, [], [])
    told = _post(running, json.dumps({**sent, "history": now, "held": {}}).encode()).json()
    assert [verdict["outcome"] for verdict in told["verdicts"]] == ["applied"] * len(sent["submissions"])
