"""An account number is whole in the journal and nowhere else: not on a page, in a sheet, in the API or on a tablet."""

import io
import json
import re
import uuid
from dataclasses import replace

import httpx
import openpyxl
import pytest
from fastapi.routing import iter_route_contexts

from server import database
from server.exchange.tables import SubmissionRow
from server.web.figures import CHINA
from survey_forms import interview, released
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.codec import decode, derived_id, encode, to_json, to_text
from sync.messages import Reply, Submission, Target

NORTH = "140525100201"
ACCOUNT, FIXED = "6222020200112233417", "6217000000005559999"
PAYEE_FORM = parse(next(xml for form, _, xml in released() if form == "payee"))


def payee(tablet, household: str, account: str = ACCOUNT, **target) -> Submission:
    tablet.seq += 1
    local = tablet.clock().astimezone(CHINA)
    given = {
        "household_id": household,
        "village": NORTH,
        "person": tablet.person,
        "payee_id": derived_id("payee", household),
    }
    filled = interview.begin(PAYEE_FORM, Context(local.date(), local, given))
    typed = {
        "owner/holder": "张三", "bank_account/bank": "农商行", "bank_account/account": f"{account[:4]} {account[4:]}",
        "bank_account/account_again": account,
    }  # fmt: skip
    for path, value in typed.items():
        filled = interview.answer(filled, f"/data/{path}", value)
    assert interview.faults(filled, "zh") == ()
    seen = {"base_version": 0, "base": {}, "follows": None} | target
    return Submission(
        id=str(uuid.uuid4()), device=tablet.device, device_seq=tablet.seq, previous_hash="", history=tablet.history,
        county="140525", village=NORTH, person=tablet.person, form="payee", form_version="2020.1",
        observed_at=to_text(tablet.clock()), corrects=None, answers=interview.answers(filled),
        targets=(Target("payee", given["payee_id"], **seen),),
    )  # fmt: skip


def whole(text: str) -> list[str]:
    plain = re.sub(r"[\s-]", "", text)
    return [account for account in (ACCOUNT, FIXED) if account in plain]


@pytest.fixture
def home(running, tablet) -> str:
    visit = tablet.visit(NORTH, new_head="张三")
    tablet.sync(running.address, visit)
    return visit.targets[0].id


@pytest.fixture
def recorded(running, tablet, enrol, home):
    """A payee, one in conflict with it, a rejected one, one that differs, and one nobody can read."""
    other = enrol(running.app.state.engine, running.clock, NORTH)
    first = payee(tablet, home)
    tablet.sync(running.address, first)
    disputed = payee(other, home, FIXED)
    other.sync(running.address, disputed)
    refused = payee(tablet, home)
    refused = replace(refused, answers={**refused.answers, "account_now": FIXED})
    differs = replace(
        first, observed_at=to_text(running.clock()), answers={**first.answers, "account_now": FIXED}
    )
    tablet.sync(running.address, refused, replace(differs, person="x"))
    broken = {**to_json(payee(tablet, home)), "device_seq": "?"}
    body = {**to_json(tablet.request()), "submissions": [broken]}
    answer = httpx.post(
        f"{running.address}/sync/v1",
        content=json.dumps(body),
        headers=tablet.headers(),
        trust_env=False,
        verify=False,
    )
    assert answer.status_code == 200
    return first, disputed, refused


def test_the_journal_keeps_it_whole(running, recorded) -> None:
    with database.read(running.app.state.engine) as session:
        row = session.get(SubmissionRow, ("140525", recorded[0].id))
        assert decode(Submission, row.sent.encode()) == recorded[0]
        assert whole(row.sent) == [ACCOUNT]


def test_no_page_sheet_or_answer_shows_it_whole(running, official, recorded, home) -> None:
    with database.read(running.app.state.engine) as session:
        lines = session.connection().exec_driver_sql("SELECT id, kind, outcome FROM submission").all()
    assert {"submission", "malformed", "differs"} <= {kind for _, kind, _ in lines}
    assert {"applied", "conflict", "rejected"} <= {outcome for _, _, outcome in lines}
    pages = {f"/submissions/140525/{identity}" for identity, _, _ in lines}
    pages |= {f"/households/140525/{home}", "/conflicts?lang=en", "/submissions?form=payee"}
    routes = [
        context for context in iter_route_contexts(running.app.routes) if "GET" in (context.methods or ())
    ]
    places = {"county": "140525", "code": NORTH, "area": "140525"}
    # Whatever else an address asks for is tried with the home: what it does not lead to is answered 404.
    pages |= {
        re.sub(r"{(\w+)(:\w+)?}", lambda at: places.get(at[1], home), context.path or "/")
        for context in routes
    }
    assert {"/submissions.xlsx", "/conflicts.xlsx", "/api/openapi.json"} <= pages
    for path in sorted(pages):
        answer = official.get(path, follow_redirects=True)
        text = answer.text
        if answer.headers.get("content-type", "").startswith("application/vnd.openxml"):
            book = openpyxl.load_workbook(io.BytesIO(answer.content))
            text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
        assert not whole(text), path


def test_the_end_of_it_is_shown_where_it_is_spoken_of(running, official, recorded, home) -> None:
    page = official.get(f"/submissions/140525/{recorded[0].id}").text
    assert "收款账户" in page
    assert page.count("…3417") >= 3  # both entries, and the text as received
    conflict = official.get("/conflicts").text
    assert "…9999" in conflict and "…3417" in conflict
    own = official.get(f"/households/140525/{home}").text
    assert "…9999" in own and "收款账户" in own
    assert f"/submissions/140525/{recorded[0].id}" in own
    assert "张三" in official.get("/submissions?form=payee").text  # named by the home it is of


def test_no_tablet_gets_it_whole(running, tablet, enrol, recorded, home) -> None:
    other = enrol(running.app.state.engine, running.clock, NORTH)
    body = encode(other.request(recorded[1], held={NORTH: None}))
    answer = httpx.post(
        f"{running.address}/sync/v1", content=body, headers=other.headers(), trust_env=False, verify=False
    )
    reply = decode(Reply, answer.content)
    [told] = [state for state in reply.changes if state.dataset == "payee"]
    assert (told.props["account"], told.props["holder"]) == ("…3417", "张三")
    assert [conflict.mine for conflict in told.conflicts if conflict.property == "account"] == ["…9999"]
    assert [field.mine for field in reply.verdicts[0].fields if field.property == "account"] == ["…9999"]
    assert not whole(answer.text)


def test_what_the_office_stated_is_listed_only_where_it_is_asked_for(running, official) -> None:
    from server.exchange import office

    states = [("zone", derived_id("zone", "z", NORTH), NORTH, {"name": "一号镇禁煤区", "status": "in_force"})]
    with database.write(running.app.state.engine) as session:
        office.publish(session, "140525", states, running.clock())
    assert "办公室" not in re.search(r"<tbody>.*</tbody>|$", official.get("/submissions").text, re.DOTALL)[0]
    listed = official.get("/submissions?form=zone").text
    link = re.search(r"/submissions/140525/[0-9a-f-]{36}", listed)[0]
    page = official.get(link).text
    for words in ("禁煤区（办公室告知平板）", "一号镇禁煤区", "办公室"):
        assert words in page


def test_a_reply_names_whom_it_speaks_of(running, tablet, recorded) -> None:
    told = tablet.sync(running.address, held={NORTH: None})
    assert set(told.people.values()) == {"王五"}
    without = {
        name: value for name, value in to_json(told).items() if name != "people"
    }  # an older hub's reply
    assert decode(Reply, json.dumps(without).encode()).people == {}
