"""Enrolment and synchronising as the surveyor is told of them, and what a full disk does."""

import time
from functools import partial

import pytest

from mobile.device.contact import ThreadedContact, ThreadedOffice
from mobile.device.hub import Office, read_demo
from mobile.locale import speak
from mobile.presenters.enrol import EnrolPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter
from mobile.presenters.sync import SyncPresenter
from sync.client import Account, Progress, Refusal
from sync.messages import Village
from sync.replica import Replica

SAY = speak("zh")
OTHER_VILLAGE = Village("140525100203", "西郜村", "南村镇", None)


class Scripted:
    """A contact or an office that says what it was told to say, at once."""

    def __init__(self, *, account=None, steps=(), why=""):
        self.account, self.steps, self.why, self.asked = account, steps, why, []

    def start(self, progress, done):
        for step in self.steps:
            progress(step)
        done(self.account)

    def enrol(self, address, code, done):
        self.asked.append((address, code))
        done(self.why)


def told(tablet, account):
    presenter = SyncPresenter(tablet.desk, Scripted(account=account), lambda state: None)
    presenter.start()
    return [line.text for line in presenter.state.account]


def test_everything_safe_is_said_in_one_sentence(tablet):
    assert told(tablet, Account(sent_n=12, applied_n=12, received_n=45)) == [
        "已上传 12 条，全部安全。",
        "下载了 45 条名册更新。",
    ]


def test_what_needs_a_person_is_said_apart(tablet):
    account = Account(sent_n=6, applied_n=2, merged_n=1, conflict_n=1, rejected_n=1, not_yet_n=1)
    assert told(tablet, account)[:5] == [
        "已上传 6 条，5 条有回执，3 条已入册。",
        "1 条与他人的修改合并。",
        "1 条与他人的修改不一致，两个值都已保留，请到“我的记录”核对。",
        "1 条未被采用，请到“我的记录”更正。",
        "1 条服务器暂时不能处理，会自动再试。",
    ]


def test_a_broken_contact_says_that_nothing_is_lost(tablet):
    account = Account(problem=Refusal("no_network", "没有网络，或找不到服务器。", "有网络后请再同步。"))
    lines = told(tablet, account)
    assert lines[0] == "同步没有完成：没有网络，或找不到服务器。有网络后请再同步。"
    assert "没有丢失" in lines[-1]


def test_a_village_that_was_read_anew_is_named(tablet):
    row = tablet.replica.villages()[0]
    lines = told(tablet, Account(received_n=3, villages_reread=(row.code,)))
    assert lines[-1] == f"本机的数据与服务器不一致，已重新读取：{row.name}。本机的记录都在。"


def test_a_village_that_is_handed_over_is_named_when_it_has_left_the_tablet(tablet):
    class Removing(Scripted):
        def start(self, progress, done):
            tablet.reply(villages=(OTHER_VILLAGE,))
            super().start(progress, done)

    lost = next(row for row in tablet.replica.villages() if row.code != OTHER_VILLAGE.code)
    contact = Removing(account=Account(villages_lost=(lost.code,)))
    presenter = SyncPresenter(tablet.desk, contact, lambda state: None)
    presenter.start()
    assert [row.code for row in tablet.replica.villages()] == [OTHER_VILLAGE.code]
    assert presenter.state.account[-1].text == f"已移交的村庄：{lost.name}。"


def test_an_account_says_of_which_contact_it_is_and_does_not_look_safe_beside_what_waits(tablet):
    presenter = SyncPresenter(tablet.desk, Scripted(account=Account()), lambda state: None)
    assert presenter.state.told == ""
    presenter.start()
    assert (presenter.state.told, presenter.state.account[0].tone) == ("上次同步（刚刚）：", "safe")
    tablet.clock.wait(minutes=12)
    presenter.refresh()
    assert (presenter.state.told, presenter.state.account[0].tone) == ("上次同步（12 分钟前）：", "safe")
    draft = HouseholdsPresenter(tablet.desk, "140525100201", lambda state: None).sight()
    interview = InterviewPresenter(tablet.desk, draft, lambda state: None)
    for path, value in (("what", "coal_stored"), ("place", "村东头")):
        interview.answer(f"/data/{path}", value)
    interview.submit()
    assert interview.state.submitted
    presenter.refresh()
    assert presenter.state.standing.text == "请不要交回平板：还有 1 条没有回执。"
    assert [line.tone for line in presenter.state.account] == ["plain", "plain"]


def test_a_tablet_the_hub_no_longer_knows_may_enrol_again(tablet):
    account = Account(problem=Refusal("unauthorised", "服务器不再接受本机的登记。", "请重新登记。"))
    presenter = SyncPresenter(tablet.desk, Scripted(account=account), lambda state: None)
    presenter.start()
    assert presenter.state.refused


def test_progress_moves_while_it_runs(tablet):
    states = []
    steps = (Progress("send", 4, 8), Progress("receive", 1, 2))
    SyncPresenter(tablet.desk, Scripted(account=Account(), steps=steps), states.append).start()
    assert [state.phase for state in states[:3]] == [
        "正在联系服务器…",
        "正在上传记录 4/8",
        "正在下载名册 1/2 村",
    ]
    assert [state.fraction for state in states[:3]] == [None, 0.5, 0.5]
    assert [state.running for state in states] == [True, True, True, False]


@pytest.mark.parametrize(
    ("address", "code", "fault"),
    [("", "K7QP-2MXX", "服务器地址"), ("192.168.1.20:8140", " ", "一次性登记码")],
)
def test_an_empty_field_is_told_before_anything_is_sent(address, code, fault):
    office = Scripted()
    presenter = EnrolPresenter(SAY, office, lambda state: None)
    presenter.enrol(address, code)
    assert fault in presenter.state.fault
    assert not office.asked


def test_a_refused_code_is_told_and_may_be_tried_again():
    office = Scripted(why="登记码不对。")
    presenter = EnrolPresenter(SAY, office, lambda state: None)
    presenter.enrol("http://hub.example/ ", " K7QP-2MXX")
    assert office.asked == [("http://hub.example", "K7QP-2MXX")]
    assert presenter.state.fault == "登记没有成功：登记码不对。"
    assert not presenter.state.busy


def test_a_server_that_is_not_there_is_told_by_contact_and_office(tablet):
    reopen = partial(Replica.open, tablet.path, clock=tablet.clock, new_id=tablet.desk.new_id)
    office = Office(reopen, tablet.clock, SAY, "http://127.0.0.1:9")
    account = office.exchange(lambda progress: None)
    assert account.problem.code == "refused"
    assert "服务器没有开启" in office.ask("http://127.0.0.1:9", "K7QP-2MXX")


def test_threads_bring_their_answers_back_by_post(tablet):
    posted = []
    account = Account(sent_n=1)

    def exchange(progress):
        progress(Progress("send", 1, 1))
        return account

    done, steps = [], []
    ThreadedContact(exchange, posted.append).start(steps.append, done.append)
    ThreadedOffice(lambda address, code: f"{address} {code}", posted.append).enrol("a", "b", done.append)
    end = time.monotonic() + 10
    while len(posted) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    for call in posted:
        call()
    assert steps == [Progress("send", 1, 1)]
    assert set(map(str, done)) == {str(account), "a b"}


def test_a_full_disk_is_told_and_the_answer_stays_on_screen(tablet):
    draft = HouseholdsPresenter(tablet.desk, "140525100201", lambda state: None).register()
    presenter = InterviewPresenter(tablet.desk, draft, lambda state: None)
    connection = tablet.replica.db.conn
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    presenter.answer("/data/remark", "长" * 9000)
    assert "存储空间已满" in presenter.state.problem
    assert presenter.state.saved == ""
    connection.execute("PRAGMA max_page_count = 100000")
    presenter.answer("/data/basics/door_number", "1号")
    assert presenter.state.problem == ""
    assert tablet.replica.draft(draft).answers["remark"] == "长" * 9000


def test_a_demo_that_does_not_serve_yet_is_told(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text('{"address": "", "enrolment_code": "K7QP-2MXX"}')
    with pytest.raises(ValueError, match="还没有启动"):
        read_demo(path)


def test_a_demo_description_is_read(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text('{"address": "http://127.0.0.1:8140", "enrolment_code": "K7QP-2MXX", "token": "t"}')
    demo = read_demo(path)
    assert (demo.address, demo.code, demo.data) == ("http://127.0.0.1:8140", "K7QP-2MXX", tmp_path)
