"""Must 8 with real tablets: restored from a backup, copied, and everything that only looks like it."""

import re

import httpx
import pytest
from sqlalchemy import text

from server import database
from server.exchange import backup
from sync.client import contact
from sync.codec import encode

NORTH, OTHER, SOUTH = "140525100201", "140525100202", "140525200201"


def records(tablet, count: int) -> list[str]:
    return [tablet.visit(NORTH) for _ in range(count)]


def closed(desk, tablet) -> str | None:
    return desk.tablet(tablet.device).closed_as


def test_a_tablet_restored_from_a_backup_is_told_and_loses_nothing(tablet, tablets, desk, code) -> None:
    records(tablet, 2)
    tablet.sync()
    restored = tablets("restored", of=tablet)
    lost = records(tablet, 2)
    tablet.sync()
    account = restored.sync()
    assert account.enrol_again == "restored"
    assert restored.replica.identity().enrol_again == "restored"
    assert (account.requests_n, account.problem) == (2, None)
    # What it had lost is on the hub, and comes back with the register.
    assert all(restored.props(tablet.home_of(each)) for each in lost)
    again = records(restored, 1)[0]
    assert restored.sync().applied_n == 1
    former = restored.device
    restored.enrol(code(NORTH, OTHER))
    assert restored.replica.identity().enrol_again is None
    assert restored.device != former
    after = restored.sync()
    assert (after.enrol_again, after.problem) == (None, None)
    (told,) = desk.tablet(restored.device).formers
    assert re.fullmatch(former + "@3:[0-9a-f]{64}", told)
    assert desk.row(again).outcome == "applied"


def test_a_tablet_that_enrolled_anew_is_no_stranger_to_what_it_recorded_before(
    tablet, tablets, desk, code
) -> None:
    home = tablet.home_of(tablet.visit(NORTH, new_head="张三", remark="原来"))
    tablet.sync()
    begun = tablet.draft(NORTH, home)
    tablet.visit(NORTH, home, remark="后来")
    tablet.sync()
    copy = tablets("copy", of=tablet)
    tablet.enrol(code(NORTH)), copy.enrol(code(NORTH))
    # As fresh as the draft was begun: by its version it cannot have seen its own later record.
    last = tablet.visit(NORTH, home, begun=begun, remark="最后")
    assert tablet.sync().conflict_n == 0
    assert [each.outcome for each in desk.verdict(last).fields if each.property == "remark"] == ["applied"]
    # To its copy it is one, from where they parted on.
    copy.visit(NORTH, home, remark="另一台")
    assert copy.sync().conflict_n == 1


def test_two_copies_at_work_are_found_out_and_both_are_kept(tablet, tablets, desk, code) -> None:
    records(tablet, 1)
    tablet.sync()
    copy = tablets("copy", of=tablet)
    mine, theirs = records(tablet, 2), records(copy, 3)
    assert tablet.sync().enrol_again is None
    account = copy.sync()
    assert (account.enrol_again, account.applied_n) == ("cloned", 3)
    # The other holder learns it as well, and both go on recording and sending.
    mine += records(tablet, 1)
    assert tablet.sync().enrol_again == "cloned"
    assert {desk.row(each).outcome for each in mine + theirs} == {"applied"}
    former, left = tablet.device, [*records(copy, 1), tablet.visit(OTHER)]
    copy.enrol(code(NORTH, OTHER, name="甲"))
    tablet.enrol(code(NORTH, OTHER, name="乙"))
    assert tablet.sync().applied_n == copy.sync().applied_n == 1
    assert {desk.verdict(each).marks for each in left} == {("other_device",)}
    assert {desk.sent(each).device for each in left} == {former}


def test_copies_are_strangers_to_each_other_from_where_they_parted(tablet, tablets, desk) -> None:
    home = tablet.home_of(tablet.visit(NORTH, new_head="张三", remark="原来"))
    tablet.sync()
    copy = tablets("copy", of=tablet)
    tablet.visit(NORTH, home, remark="甲")
    tablet.sync()
    theirs, followed = copy.visit(NORTH, home, remark="乙"), copy.visit(NORTH, home, remark="乙二")
    # The same device id and a later place in the chain: without the lines it would pass for its own later word.
    assert copy.sync().conflict_n == 2
    for mine, submission in (("乙", theirs), ("乙二", followed)):
        fields = [each for each in desk.verdict(submission).fields if each.outcome == "conflict"]
        assert [(each.property, each.mine, each.theirs) for each in fields] == [("remark", mine, "甲")]
    tablet.sync()
    shown = tablet.replica.entity("household", home)
    assert shown.props["remark"] == "甲"
    # On its own side of the parting it is no stranger to itself: one conflict, which its second record joined.
    assert [(each.base, each.mine) for each in shown.conflicts] == [("原来", "乙二")]


def test_a_copy_that_only_lies_there_is_asked_once_more_and_found(tablet, tablets, desk) -> None:
    idle = tablets("idle", of=tablet)
    records(tablet, 2)
    tablet.sync()
    assert idle.sync().enrol_again == "restored"
    assert closed(desk, tablet) == "restored"


def test_a_late_request_closes_nothing(running, tablet, desk) -> None:
    """Overtaken on the way: the reply that would ask again reaches nobody, and the tablet's next word ends it."""
    identity = tablet.replica.identity()
    late = _request(running, tablet)
    records(tablet, 3)
    tablet.sync()
    for _ in range(2):
        answer = httpx.post(
            f"{running.address}/sync/v1", content=late, trust_env=False, verify=False,
            headers={"Authorization": f"Bearer {identity.secret}"},
        )  # fmt: skip
        assert answer.status_code == 200
    assert closed(desk, tablet) is None
    assert desk.tablet(tablet.device).challenge
    assert tablet.sync().enrol_again is None
    assert desk.tablet(tablet.device).challenge is None
    assert closed(desk, tablet) is None


def _request(running, tablet) -> bytes:
    return encode(next(contact(tablet.replica, clock=running.clock, app_version="0.1.0")))


def test_a_lost_reply_raises_no_alarm(running, tablet, desk) -> None:
    """The hub has the records and the head; the tablet sends both again."""
    records(tablet, 2)
    identity = tablet.replica.identity()
    for _ in range(2):
        httpx.post(
            f"{running.address}/sync/v1", content=_request(running, tablet), trust_env=False, verify=False,
            headers={"Authorization": f"Bearer {identity.secret}"},
        )  # fmt: skip
    assert tablet.sync().enrol_again is None
    records(tablet, 1)
    assert tablet.sync().enrol_again is None


def test_a_restored_hub_is_behind_and_raises_no_alarm(running, tablet, desk, tmp_path) -> None:
    records(tablet, 2)
    tablet.sync()
    settings = running.app.state.settings
    copy = tmp_path / "yesterday.sqlite3"
    backup.back_up(settings.database_url, copy)
    records(tablet, 3)
    tablet.sync()
    _put_back(running, copy)
    assert desk.tablet(tablet.device).chain_seq == 2
    account = tablet.sync()
    assert (account.history_met, account.enrol_again) == (True, None)
    records(tablet, 1)
    assert tablet.sync().enrol_again is None
    assert desk.records_n() == 6
    assert desk.tablet(tablet.device).chain_seq == 6


def _put_back(running, copy) -> None:
    """Yesterday's tables under a new history, while the server runs."""
    with database.write(running.app.state.engine) as session:
        connection = session.connection()
        connection.execute(text("COMMIT"))
        connection.execute(text("ATTACH :copy AS old"), {"copy": str(copy)})
        connection.execute(text("PRAGMA foreign_keys = OFF"))
        connection.execute(text("BEGIN IMMEDIATE"))
        names = connection.execute(text("SELECT name FROM old.sqlite_master WHERE type = 'table'")).fetchall()
        for (name,) in names:
            if not name.startswith("sqlite_"):
                connection.execute(text(f'DELETE FROM main."{name}"'))
                connection.execute(text(f'INSERT INTO main."{name}" SELECT * FROM old."{name}"'))
        connection.execute(text("COMMIT"))
        connection.execute(text("DETACH old"))
        connection.execute(text("PRAGMA foreign_keys = ON"))
        connection.execute(text("BEGIN IMMEDIATE"))
    backup.begin_new_history(running.app.state.engine, lambda: "6a0f5f1e-0000-4000-8000-000000000001")


def test_more_waits_than_one_request_holds(tablet, desk) -> None:
    """The head is far ahead of what has been sent: the rest comes in later requests and fits in."""
    made = records(tablet, 130)
    account = tablet.sync()
    assert (account.sent_n, account.enrol_again) == (130, None)
    assert {desk.row(each).outcome for each in made[-5:]} == {"applied"}


def test_the_office_sees_it_and_what_is_to_be_done(tablet, tablets, desk, official, code, submit) -> None:
    idle = tablets("idle", of=tablet)
    records(tablet, 1)
    tablet.sync()
    idle.sync()
    page = f"/tablets/{tablet.device}"
    shown = official.get(page).text
    assert "作废：数据被恢复成较早的样子" in shown
    assert "还没有平板从这个编号重新登记" in shown
    listed = official.get("/tablets?show=closed").text
    assert "须重新登记" in listed
    assert page in listed
    assert desk.log("tablet.close") == [{"平板": "one", "原因": "数据被恢复成较早的样子"}]
    idle.enrol(code(NORTH))
    assert f"/tablets/{idle.device}" in official.get(page).text
    submit(f"{page}/revoke", page, sure="yes")
    assert page not in re.findall(r'href="([^"]+)"', official.get("/tablets?show=closed").text)


@pytest.mark.parametrize("contacts", [1, 3])
def test_it_is_said_again_at_each_contact_until_it_has_enrolled_anew(tablet, tablets, contacts: int) -> None:
    idle = tablets("idle", of=tablet)
    records(tablet, 1)
    tablet.sync()
    assert [idle.sync().enrol_again for _ in range(contacts)] == ["restored"] * contacts
