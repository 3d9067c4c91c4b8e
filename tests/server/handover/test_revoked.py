"""A lost tablet: it learns that it is revoked and nothing else, and what it had not sent comes home by its file."""

import io
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete
from sqlmodel import col

from server.access import enrolment
from server.access.tables import Assignment
from server.database import write
from server.exchange import keyring, rescue_file, rescue_key
from server.exchange.tables import HubMeta
from server.web import Problem
from sync import driver, revocation
from sync.album import Album
from sync.client import contact
from sync.codec import encode
from sync.sealed import key_id

NORTH, OTHER, SOUTH = "140525100201", "140525100202", "140525200201"


def revoke(submit, tablet) -> None:
    page = f"/tablets/{tablet.device}"
    assert submit(f"{page}/revoke", page, sure="yes").status_code == 303


@pytest.fixture
def lost(tablet, submit, desk):
    """One record sent, two unsent and a draft; revoked, told, wiped. Its `made`: the unsent."""
    sent = tablet.visit(NORTH, new_head="张三", remark="已送达")
    tablet.sync()
    home = tablet.home_of(sent)
    made = [tablet.visit(NORTH, home, remark="没送出的改动"), tablet.visit(OTHER, new_head="李四")]
    tablet.draft(NORTH, home, {"remark": "没写完"})
    device = tablet.device
    revoke(submit, tablet)
    assert tablet.sync().problem.code == "device_revoked"
    done = tablet.carry_out()
    tablet.made, tablet.kept, tablet.was, tablet.home = made, done, device, home
    return tablet


def bring(running, official, content: bytes, name: str = "a.rescue") -> httpx.Response:
    token = running.form_token(official.get("/rescues"))
    return official.post("/rescues", data={"csrf": token}, files={"file": (name, content)})


def take(running, official, page: str) -> httpx.Response:
    return official.post(f"{page}/import", data={"csrf": running.form_token(official.get("/rescues"))})


# --- learning it ---


def test_revoking_must_be_confirmed(tablet, submit, desk) -> None:
    page = f"/tablets/{tablet.device}"
    assert submit(f"{page}/revoke", page).status_code == 400
    assert desk.tablet(tablet.device).revoked_at is None


def test_a_revoked_credential_may_learn_that_and_nothing_else(running, tablet, submit, desk) -> None:
    tablet.visit(NORTH)
    identity = tablet.replica.identity()
    body = encode(next(contact(tablet.replica, clock=running.clock, app_version="1")))
    revoke(submit, tablet)
    running.clock.forward(minutes=5)
    headers = {"Authorization": f"Bearer {identity.secret}"}
    answer = httpx.post(
        f"{running.address}/sync/v1", content=body, headers=headers, trust_env=False, verify=False
    )
    told = answer.json()
    assert (answer.status_code, told["error"]) == (403, "device_revoked")
    assert revocation.proven(identity.secret, body, told["proof"])
    assert set(told) == {"error", "message", "remedy", "proof", "history"}
    assert desk.records_n() == 0
    for path in ("/sync/v1/photos", "/sync/v1/photos/standing"):
        refused = httpx.post(
            f"{running.address}{path}", headers=headers, content=b"{}", trust_env=False, verify=False
        )
        assert (refused.status_code, refused.json()["error"]) == (403, "device_revoked")
    assert desk.tablet(tablet.device).last_contact_at == running.clock()
    assert desk.log("tablet.revoke") == [{"平板": "one", "自报待上传": "0"}]


class Portal:
    """Something on the way that answers as it pleases."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, content=self.body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":"device_revoked","message":"x","remedy":"y"}',
        b'{"error":"device_revoked","message":"x","remedy":"y","proof":"' + b"0" * 64 + b'"}',
    ],
)
def test_nobody_elses_word_wipes_anything(running, tablet, body: bytes) -> None:
    made = tablet.visit(NORTH)
    with httpx.Client(transport=httpx.MockTransport(Portal(body))) as client:
        hub = driver.HttpHub(client, running.address, tablet.replica.identity().secret)
        account = driver.run(tablet.replica, hub, clock=running.clock, app_version="1")
    assert account.problem.code == "revoked_unproven"
    assert tablet.replica.identity().revoked_at is None
    assert tablet.carry_out() is None
    assert tablet.replica.waiting_ids() == [made]


def test_an_answer_kept_from_an_earlier_request_proves_nothing(running, tablet, submit) -> None:
    secret = tablet.replica.identity().secret
    old = encode(next(contact(tablet.replica, clock=running.clock, app_version="1")))
    proof = revocation.proof(sha256(secret.encode()).hexdigest(), old)
    body = b'{"error":"device_revoked","message":"x","remedy":"y","proof":"' + proof.encode() + b'"}'
    tablet.visit(NORTH)
    with httpx.Client(transport=httpx.MockTransport(Portal(body))) as client:
        hub = driver.HttpHub(client, running.address, secret)
        account = driver.run(tablet.replica, hub, clock=running.clock, app_version="1")
    assert account.problem.code == "revoked_unproven"


# --- undoing it ---


def reinstate(submit, tablet, reason: str = "停用错了一台") -> httpx.Response:
    page = f"/tablets/{tablet.device}"
    return submit(f"{page}/reinstate", page, reason=reason)


def test_a_revocation_made_by_mistake_is_undone_before_the_tablet_learns_of_it(
    running, tablet, submit, official, desk
) -> None:
    made = tablet.visit(NORTH)
    running.clock.forward(minutes=5)
    revoke(submit, tablet)
    assert "撤回停用" in official.get(f"/tablets/{tablet.device}").text
    assert reinstate(submit, tablet).status_code == 303
    assert desk.tablet(tablet.device).revoked_at is None
    assert (tablet.sync().applied_n, desk.row(made).outcome) == (1, "applied")
    assert desk.log("tablet.reinstate") == [{"平板": "one", "理由": "停用错了一台"}]
    listed = official.get("/audit").text
    assert "撤回平板停用" in listed and "停用错了一台" in listed


def test_what_a_tablet_has_learnt_is_not_undone(running, lost, submit, official, desk) -> None:
    page = f"/tablets/{lost.was}"
    shown = official.get(page).text
    assert "停用不能再撤回" in shown and "撤回停用" not in shown
    assert "自报没有待送的记录" not in shown  # it had two, and says nothing of itself any more
    refused = submit(f"{page}/reinstate", page, reason="找回来了")
    assert (refused.status_code, "已经得知停用" in refused.text) == (409, True)
    assert desk.tablet(lost.was).revoked_at is not None
    assert desk.log("tablet.reinstate") == []


def test_undoing_wants_a_reason_and_something_to_undo(running, tablet, submit, desk) -> None:
    refused = reinstate(submit, tablet)
    assert (refused.status_code, "没有被停用" in refused.text) == (409, True)
    running.clock.forward(minutes=5)
    revoke(submit, tablet)
    for reason in (" ", "长" * 501):
        refused = reinstate(submit, tablet, reason)
        assert (refused.status_code, "没有写明理由" in refused.text) == (409, True)
    assert desk.tablet(tablet.device).revoked_at is not None


def test_none_is_told_that_has_just_been_taken_back(running, tablet, submit, desk) -> None:
    """The hub had read the row as revoked; before it says so, it looks again."""
    running.clock.forward(minutes=5)
    revoke(submit, tablet)
    reinstate(submit, tablet)
    with write(running.app.state.engine) as session:
        was = desk.tablet(tablet.device).last_contact_at
        of_tablet = {"county": "140525", "device": tablet.device, "now": running.clock()}
        assert enrolment.note_told(session, **of_tablet) is False
    assert desk.tablet(tablet.device).last_contact_at == was


# --- the file ---


def test_the_tablet_keeps_what_was_unsent_and_nothing_else(lost) -> None:
    assert (lost.kept.submissions_n, lost.kept.drafts_n, lost.kept.wiped) == (2, 1, True)
    assert lost.replica.identity() is None
    assert lost.replica.households(None) == []
    assert "张三".encode() not in Path(lost.kept.file).read_bytes()


def test_what_a_restored_server_may_have_lost_is_kept_as_well(
    running, tablet, submit, official, desk
) -> None:
    """The tablet had its receipt, and hears of the restore and that it is revoked at once."""
    made = tablet.visit(NORTH, new_head="张三")
    assert tablet.sync().applied_n == 1
    waiting = tablet.visit(OTHER, new_head="李四")
    with write(running.app.state.engine) as session:
        session.get_one(HubMeta, "history").value = "5f0c0f0e-0d2f-4a35-8a5c-6f2f6f1f7c11"
        # Nor does it know any more that it had given this village.
        session.execute(delete(Assignment).where(col(Assignment.village) == OTHER))
    revoke(submit, tablet)
    assert tablet.sync().problem.code == "device_revoked"
    kept = tablet.carry_out()
    assert (kept.submissions_n, kept.wiped) == (2, True)
    page = bring(running, official, Path(kept.file).read_bytes()).headers["location"]
    assert take(running, official, page).status_code == 303
    assert desk.records_n() == 2
    assert [desk.row(each).outcome for each in (made, waiting)] == ["applied", "applied"]


def test_the_office_looks_and_then_imports(running, lost, official, desk) -> None:
    before = desk.records_n()
    answer = bring(running, official, Path(lost.kept.file).read_bytes(), "cleanheat.rescue")
    page = answer.headers["location"]
    shown = official.get(page).text
    assert "201村" in shown
    assert "202村" in shown
    assert "王五" in shown
    assert "尚未导入" in shown
    assert "没有填完的草稿" in shown
    assert desk.records_n() == before
    assert take(running, official, page).status_code == 303
    assert "全部记录都有结果" in official.get(page).text
    assert {desk.row(each).outcome for each in lost.made} == {"applied"}
    assert {desk.sent(each).device for each in lost.made} == {lost.was}
    assert {desk.row(each).person for each in lost.made} == {desk.tablet(lost.was).person}
    (line,) = desk.log("rescue.import")
    assert (line["使用人"], line["记录数"], line["已采用"]) == ("王五", "2", "2")
    assert page in official.get(f"/tablets/{lost.was}").text


def test_unsent_photos_come_home_with_the_file(running, tablet, submit, official, desk) -> None:
    """One whose record is on the hub already, one whose record comes in the same file."""
    sent, first = tablet.photographed(NORTH)
    tablet.sync()
    second = tablet.photographed(OTHER, size=200_000)[1]
    folder, device = Album(tablet.replica).folder, tablet.device
    assert desk.row(sent)
    revoke(submit, tablet)
    tablet.sync()
    kept = tablet.carry_out()
    assert (kept.submissions_n, kept.photos_n, folder.exists()) == (1, 2, False)
    page = bring(running, official, Path(kept.file).read_bytes()).headers["location"]
    take(running, official, page)
    assert desk.log("rescue.import")[0]["照片"] == "2"
    files = running.app.state.photo_files
    assert all(files.there("140525", digest) for digest in (first, second))
    assert desk.tablet(device).revoked_at


def test_the_same_file_twice_changes_nothing(running, lost, official, desk) -> None:
    content = Path(lost.kept.file).read_bytes()
    page = bring(running, official, content).headers["location"]
    take(running, official, page)
    had = (desk.records_n(), desk.entities_n(), [desk.row(each).verdict for each in lost.made])
    assert bring(running, official, content).headers["location"] == page
    take(running, official, page)
    assert (desk.records_n(), desk.entities_n(), [desk.row(each).verdict for each in lost.made]) == had
    assert [line.get("再次导入", "") for line in desk.log("rescue.import")] == ["", "是"]


def test_what_was_handed_over_meanwhile_is_marked_and_may_conflict(
    running, lost, tablets, code, submit, official, desk
) -> None:
    taker = tablets("two")
    taker.enrol(code(SOUTH, name="赵六"))
    submit(f"/tablets/{lost.was}/hand-over", f"/tablets/{lost.was}", villages=[NORTH], to=taker.device)
    taker.sync()
    taker.visit(NORTH, lost.home, remark="接手后改的")
    taker.sync()
    page = bring(running, official, Path(lost.kept.file).read_bytes()).headers["location"]
    take(running, official, page)
    verdict = desk.verdict(lost.made[0])
    assert (verdict.outcome, verdict.marks) == ("conflict", ("after_handover",))
    taker.sync()
    (conflict,) = taker.replica.entity("household", lost.home).conflicts
    assert (conflict.mine, conflict.theirs) == ("没送出的改动", "接手后改的")


def test_a_found_tablet_enrols_anew_and_works(lost, code, desk) -> None:
    lost.enrol(code(NORTH))
    assert lost.sync().problem is None
    assert lost.props(lost.home)["remark"] == "已送达"
    assert lost.device != lost.was


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda content: b"", "没有选择文件"),
        (lambda content: b"PK\x03\x04 something else", "这不是救援文件"),
        (lambda content: content[:-5], "不完整或已损坏"),
        (lambda content: content[:400] + bytes([content[400] ^ 1]) + content[401:], "不完整或已损坏"),
        (lambda content: re.sub(rb'"key": "[0-9a-f]{16}"', b'"key": "0123456789abcdef"', content), "县密钥"),
    ],
)
def test_a_wrong_file_is_refused_in_words_and_nothing_happens(
    running, lost, official, desk, bend, words: str
) -> None:
    before = desk.records_n()
    answer = bring(running, official, bend(Path(lost.kept.file).read_bytes()))
    assert answer.status_code == 422
    assert words in answer.text
    assert (desk.records_n(), "还没有交来过" in official.get("/rescues").text) == (before, True)


def test_another_countys_file_is_refused(running, lost) -> None:
    content = Path(lost.kept.file).read_bytes()
    with pytest.raises(Problem) as told:
        rescue_file.look(content, running.app.state.keyring, "140500")
    assert told.value.code == "rescue_other_county"


def test_an_older_key_still_opens_after_another_has_taken_its_place(running, lost, tmp_path) -> None:
    folder = running.app.state.settings.data
    renewed = keyring.renew(folder)
    assert renewed.public != running.app.state.keyring.public
    assert rescue_file.look(Path(lost.kept.file).read_bytes(), renewed, "140525").device == lost.was
    assert keyring.opened(folder).public == renewed.public
    assert (folder / keyring.FILE).stat().st_mode & 0o077 == 0


def test_a_tablet_gets_the_key_and_a_new_one_later(running, tablet) -> None:
    first = running.app.state.keyring.public
    assert tablet.replica.identity().county_key == first
    # One enrolled before there was a key is sent it with the next reply.
    tablet.replica.db.conn.execute("UPDATE identity SET county_key = ''")
    tablet.sync()
    assert tablet.replica.identity().county_key == first


def test_the_county_gets_another_key_while_the_server_runs(
    running, lost, tablets, code, official, desk
) -> None:
    first = running.app.state.keyring
    other = tablets("two")
    other.enrol(code(SOUTH))
    assert other.replica.identity().county_key == first.public
    asked = {"csrf": running.form_token(official.get("/rescues"))}
    refused = official.post("/rescues/key/renew", data=asked)
    assert (refused.status_code, "没有确认换发" in refused.text) == (400, True)
    done = official.post("/rescues/key/renew", data={**asked, "sure": "yes"})
    shown = official.get(done.headers["location"]).text
    other.sync()
    now = other.replica.identity().county_key
    assert now != first.public and key_id(now) in shown and "已换发县密钥" in shown
    assert desk.log("rescue_key.renew") == [{"新密钥": key_id(now), "保留的旧密钥": "1"}]
    # What was sealed for the old one still opens.
    answer = bring(running, official, Path(lost.kept.file).read_bytes())
    assert "尚未导入" in official.get(answer.headers["location"]).text


def test_the_command_renews_the_key_of_a_running_server(running, tablet, tmp_path) -> None:
    settings, first = running.app.state.settings, running.app.state.keyring.public
    rescue_key.renew(settings, running.app.state.engine, by="", now=running.clock())
    tablet.sync()
    assert tablet.replica.identity().county_key not in ("", first)


def test_no_key_is_made_while_the_file_of_keys_is_away(running, tablet) -> None:
    file, first = running.app.state.settings.data / keyring.FILE, running.app.state.keyring.public
    kept = file.read_bytes()
    for content in (None, b"nonsense"):
        file.unlink(missing_ok=True) if content is None else file.write_bytes(content)
        tablet.sync()
        assert (tablet.replica.identity().county_key, file.exists()) == (first, content is not None)
    file.write_bytes(kept)
    tablet.sync()
    assert tablet.replica.identity().county_key == first


def test_keys_given_by_the_environment_are_renewed_there(running) -> None:
    given = replace(running.app.state.settings, county_keys="ab" * 32)
    with pytest.raises(Problem) as told:
        rescue_key.renew(given, running.app.state.engine, by="", now=running.clock())
    assert told.value.code == "keys_given"


def test_the_lists_are_sheets_too(running, lost, official) -> None:
    page = bring(running, official, Path(lost.kept.file).read_bytes()).headers["location"]
    for address in ("/rescues.xlsx", f"{page}/records.xlsx"):
        answer = official.get(address)
        assert answer.status_code == 200
        assert io.BytesIO(answer.content).read(2) == b"PK"
