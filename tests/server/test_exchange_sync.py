"""POST /sync/v1 against a real server: what is taken, what is refused, and in which words."""

import gzip
import json
import uuid
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from server.access.tables import Tablet as TabletRow
from server.database import read, write
from server.exchange.tables import FeedRow, SubmissionRow
from sync.codec import encode, to_json
from sync.messages import MAX_BODY_BYTES, Cursor

NORTH = "140525100201"
OTHER = "140525100202"
SOUTH = "140525200201"


def _post(running, tablet, body: bytes, **headers: str) -> httpx.Response:
    with running.browser() as browser:
        return browser.post("/sync/v1", content=body, headers=tablet.headers() | headers)


def _count(running, table: str) -> int:
    with read(running.app.state.engine) as session:
        return session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_visit_is_applied_and_reaches_the_register(running, tablet) -> None:
    visit = tablet.visit(NORTH, new_head="张三")
    reply = tablet.sync(running.address, visit, held={NORTH: None})
    assert [(v.submission, v.outcome) for v in reply.verdicts] == [(visit.id, "applied")]
    assert [(e.key, e.props["head_name"]) for e in reply.changes] == [(visit.targets[0].key, "张三")]
    with read(running.app.state.engine) as session:
        row = session.connection().execute(text("SELECT head_name, village FROM household")).one()
    assert tuple(row) == ("张三", NORTH)


def test_a_first_contact_gets_villages_and_forms_and_a_second_does_not(running, tablet) -> None:
    from sync.codec import villages_hash

    first = tablet.sync(running.address)
    assert [village.code for village in first.villages] == [NORTH, OTHER, "140525100203"]
    assert {form.id for form in first.forms} == {"household", "conversion", "visit", "payee", "sighting"}
    known = tuple(f"{form.id}@{form.version}" for form in first.forms)
    second = tablet.sync(running.address, forms=known, villages_hash=villages_hash(first.villages))
    assert second.villages is None
    assert second.forms == ()


def test_a_resend_gets_its_verdict_again_and_has_no_other_effect(running, tablet) -> None:
    visit = tablet.visit(NORTH)
    first = tablet.sync(running.address, visit)
    running.clock.forward(days=1)
    again = tablet.sync(running.address, visit)
    assert again.verdicts == first.verdicts
    assert (_count(running, "submission"), _count(running, "feed"), _count(running, "entity")) == (1, 1, 1)


def test_one_bad_submission_never_holds_back_the_rest(running, tablet) -> None:
    good, wrong = tablet.visit(NORTH), tablet.visit(NORTH)
    wrong = replace(wrong, answers={**wrong.answers, "visit_outcome": "nonsense"})
    request = to_json(tablet.request(good, wrong))
    unreadable = {**to_json(tablet.visit(NORTH)), "device_seq": "three"}
    request["submissions"].append(unreadable)
    answer = _post(running, tablet, json.dumps(request).encode())
    told = {v["submission"]: v for v in answer.json()["verdicts"]}
    assert told[good.id]["outcome"] == "applied"
    assert (told[wrong.id]["outcome"], told[wrong.id]["code"]) == ("rejected", "constraint")
    assert told[wrong.id]["reason"]
    assert (told[unreadable["id"]]["outcome"], told[unreadable["id"]]["code"]) == ("rejected", "malformed")
    assert _count(running, "submission") == 3
    assert _count(running, "entity") == 1
    again = _post(running, tablet, json.dumps(request).encode()).json()["verdicts"]
    assert {v["submission"]: v for v in again} == told


def test_control_characters_are_rejected_and_kept_not_choked_on(running, tablet) -> None:
    visit = tablet.visit(NORTH)
    request = to_json(tablet.request(visit))
    request["submissions"][0]["answers"]["remark"] = "坏\x00字\ud800"
    answer = _post(running, tablet, json.dumps(request).encode())
    assert answer.json()["verdicts"][0]["code"] == "malformed"
    with read(running.app.state.engine) as session:
        assert session.exec(select(SubmissionRow.kind)).one() == "malformed"


def test_what_nobody_can_judge_yet_is_no_verdict(running, tablet) -> None:
    unknown_form = replace(tablet.visit(NORTH), form_version="2031.1")
    unknown_village = replace(tablet.visit(NORTH), village="140525100999")
    reply = tablet.sync(running.address, unknown_form, unknown_village)
    assert reply.verdicts == ()
    assert {n.submission: n.code for n in reply.not_yet} == {
        unknown_form.id: "form_unknown",
        unknown_village.id: "village_unknown",
    }
    assert _count(running, "submission") == 0


def test_a_village_never_held_is_rejected_and_one_formerly_held_is_marked(running, tablet) -> None:
    from server.access import enrolment

    never = tablet.visit(SOUTH)
    with write(running.app.state.engine) as session:
        enrolment.unassign(
            session, county="140525", device=tablet.device, villages=[OTHER], now=running.clock()
        )
    formerly = tablet.visit(OTHER)
    reply = tablet.sync(running.address, never, formerly)
    told = {v.submission: v for v in reply.verdicts}
    assert (told[never.id].outcome, told[never.id].code) == ("rejected", "village_never_held")
    assert (told[formerly.id].outcome, told[formerly.id].marks) == ("applied", ("after_handover",))
    assert OTHER not in {village.code for village in reply.villages}


def test_a_tablet_enrolled_anew_for_other_villages_hands_in_what_it_had_made(running, tablet, enrol) -> None:
    made, strange = tablet.visit(NORTH), tablet.visit(SOUTH)
    anew = enrol(running.app.state.engine, running.clock, SOUTH)
    reply = anew.sync(running.address, made, replace(anew.visit(NORTH), id=str(uuid.uuid4())), strange)
    told = {v.submission: (v.outcome, v.marks) for v in reply.verdicts}
    assert told.pop(made.id) == ("applied", ("after_handover", "other_device"))
    assert told.pop(strange.id) == ("applied", ("other_device",))
    assert list(told.values()) == [("rejected", ())]


def test_two_tablets_disagree_and_both_see_it(running, tablet, enrol) -> None:
    other = enrol(running.app.state.engine, running.clock, NORTH)
    first = tablet.visit(NORTH, new_head="张三", remark="原来")
    seen = tablet.sync(running.address, first, held={NORTH: None}).changes[0]
    home = {"household": seen.id, "base_version": seen.version, "base": seen.props}
    mine, theirs = tablet.visit(NORTH, **home, remark="甲"), other.visit(NORTH, **home, remark="乙")
    assert tablet.sync(running.address, mine).verdicts[0].outcome == "applied"
    reply = other.sync(running.address, theirs, held={NORTH: None})
    verdict = reply.verdicts[0]
    assert verdict.outcome == "conflict"
    disputed = next(field for field in verdict.fields if field.outcome == "conflict")
    assert (disputed.property, disputed.base, disputed.theirs, disputed.mine) == (
        "remark",
        "原来",
        "甲",
        "乙",
    )
    assert [conflict.property for conflict in reply.changes[0].conflicts] == ["remark"]
    assert reply.changes[0].props["remark"] == "甲"


def test_cursors_lead_on_from_where_the_tablet_is(running, tablet) -> None:
    tablet.sync(running.address, *[tablet.visit(NORTH) for _ in range(3)])
    first = tablet.sync(running.address, held={NORTH: None})
    assert len(first.changes) == 3
    assert first.cursors[NORTH] == Cursor(seq=3)
    fourth = tablet.visit(NORTH)
    second = tablet.sync(running.address, fourth, held=first.cursors)
    assert [entity.key for entity in second.changes] == [fourth.targets[0].key]
    assert second.cursors[NORTH] == Cursor(seq=4)


def test_a_cursor_ahead_of_the_feed_means_this_is_an_older_copy(running, tablet) -> None:
    reply = tablet.sync(running.address, held={NORTH: Cursor(seq=7)})
    assert reply.history != tablet.history
    assert tablet.sync(running.address, history=reply.history).history == reply.history


def test_the_contact_is_noted(running, tablet) -> None:
    running.clock.forward(minutes=10)
    tablet.sync(running.address, waiting=12, app_version="0.2.0", sent_at="2020-09-01T08:00:00.000Z")
    with read(running.app.state.engine) as session:
        row = session.get(TabletRow, ("140525", tablet.device))
    assert (row.waiting, row.app_version, row.clock_offset_s) == (12, "0.2.0", 600)
    assert row.last_contact_at == running.clock()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 400, "malformed"),
        (b"not json", 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"protocol": 1e999}', 400, "malformed"),
        (b'{"protocol": 99}', 400, "unknown_protocol"),
        (b'{"protocol": 1}', 400, "malformed"),
        (b"x" * (MAX_BODY_BYTES + 1), 413, "too_large"),
    ],
)
def test_an_unreadable_request_is_refused_in_words(running, tablet, body, status, error) -> None:
    refused = _post(running, tablet, body)
    assert (refused.status_code, refused.json()["error"]) == (status, error)
    assert refused.json()["message"]
    assert refused.json()["remedy"]
    assert _count(running, "submission") == 0


def test_a_packed_request_is_unpacked(running, tablet) -> None:
    visit = tablet.visit(NORTH)
    answer = _post(
        running, tablet, gzip.compress(encode(tablet.request(visit))), **{"Content-Encoding": "gzip"}
    )
    assert answer.json()["verdicts"][0]["outcome"] == "applied"


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b"\0" * 100_000_000), "gzip", 413),
        (gzip.compress(b'{"protocol": 1}')[:-6], "gzip", 400),
        (b"not packed at all", "gzip", 400),
        (b"{}", "br", 400),
    ],
    ids=["bomb", "torn", "not packed", "unknown packing"],  # packed bytes carry the time they were packed at
)
def test_a_packed_bomb_or_a_torn_package_is_refused(running, tablet, body, encoding, status) -> None:
    assert _post(running, tablet, body, **{"Content-Encoding": encoding}).status_code == status


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi"])
def test_a_stranger_is_refused(running, tablet, header: str) -> None:
    with running.browser() as browser:
        refused = browser.post(
            "/sync/v1", content=encode(tablet.request()), headers={"Authorization": header} if header else {}
        )
    assert (refused.status_code, refused.json()["error"]) == (401, "unauthorised")


def test_a_tablet_speaks_for_itself_only(running, tablet) -> None:
    refused = _post(running, tablet, encode(tablet.request(device=str(uuid.uuid4()))))
    assert refused.status_code == 401


def test_a_revoked_tablet_learns_only_that(running, tablet) -> None:
    with write(running.app.state.engine) as session:
        row = session.get(TabletRow, ("140525", tablet.device))
        row.revoked_at = running.clock()
        session.add(row)
    refused = _post(running, tablet, encode(tablet.request(tablet.visit(NORTH))))
    assert (refused.status_code, refused.json()["error"]) == (403, "device_revoked")
    assert _count(running, "submission") == 0


def test_a_locked_database_asks_the_tablet_to_come_back(settings, serving, enrol) -> None:
    """Another process holds the database; the tablet is told when to try again, not that it failed."""
    import sqlite3

    from server import app as composition
    from server.database import engine as new_engine

    app = composition.create_app(settings)
    impatient = new_engine(settings.database_url, busy_timeout_ms=200)
    app.state.engine.dispose()
    app.state.engine = impatient
    app.state.exchange = replace(app.state.exchange, engine=impatient)
    tablet = enrol(impatient, app.state.clock, NORTH)
    address = serving(app)
    holder = sqlite3.connect(settings.data / "cleanheat.sqlite3", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        refused = httpx.post(
            f"{address}/sync/v1",
            content=encode(tablet.request()),
            headers=tablet.headers(),
            trust_env=False,
            verify=False,
        )
    finally:
        holder.close()
    assert (refused.status_code, refused.json()["error"]) == (503, "busy")
    assert int(refused.headers["retry-after"]) > 0


def test_an_act_that_another_overtook_is_asked_for_again(settings, serving) -> None:
    """On PostgreSQL two of the office may write one entity at once; the second is told to try again."""
    from server import app as composition
    from server.exchange.journal import Stale

    app = composition.create_app(settings)

    @app.get("/overtaken")
    def overtaken() -> None:
        raise Stale

    refused = httpx.get(f"{serving(app)}/overtaken", trust_env=False, verify=False)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0


def test_feed_rows_name_what_happened(running, tablet) -> None:
    visit = tablet.visit(NORTH)
    tablet.sync(running.address, visit)
    with read(running.app.state.engine) as session:
        row = session.exec(select(FeedRow)).one()
    assert (row.village, row.seq, row.dataset, row.id, row.op) == (
        NORTH,
        1,
        "household",
        visit.targets[0].id,
        "put",
    )


def test_what_waits_is_what_got_no_verdict(running, tablet) -> None:
    not_yet = replace(tablet.visit(NORTH), form_version="2031.1")
    tablet.sync(running.address, tablet.visit(NORTH), not_yet, waiting=2)
    with read(running.app.state.engine) as session:
        assert session.get(TabletRow, ("140525", tablet.device)).waiting == 1


def test_a_household_travels_with_its_name_as_it_sounds(running, tablet) -> None:
    reply = tablet.sync(running.address, tablet.visit(NORTH, new_head="单秀英"), held={NORTH: None})
    assert reply.changes[0].props["_pinyin"] == "shan xiu ying"
    with read(running.app.state.engine) as session:
        assert "_pinyin" not in session.connection().execute(text("SELECT held FROM entity")).scalar_one()


def test_a_long_reply_is_packed_for_whoever_unpacks(running, tablet) -> None:
    body = encode(tablet.request())
    packed = _post(running, tablet, body)
    plain = _post(running, tablet, body, **{"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() | {"now": ""} == plain.json() | {"now": ""}
