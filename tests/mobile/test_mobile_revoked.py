"""What a tablet says whose id is closed, or that was reported lost; in the presenters and in the real window."""

from pathlib import Path

import pytest

from mobile.device.sealing import seal
from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.revoked import is_revoked, revoked
from mobile.presenters.strip import StripPresenter
from mobile.presenters.sync import SyncPresenter
from server.exchange.keyring import opened
from sync import rescue
from sync.client import Account


class Told:
    """A contact that ends at once."""

    def __init__(self, account):
        self.account = account

    def start(self, progress, done):
        done(self.account)


def record(tablet, count=2):
    for n in range(count):
        household = tablet.household(head_name=f"王{n}")
        draft = HouseholdPresenter(tablet.desk, household).visit()
        answers = {"visit_outcome": "not_at_home"}
        changes = {"household": {"visit_outcome": "not_at_home"}}
        tablet.replica.submit(draft, answers, changes, tablet.clock())


def give_key(tablet, folder: Path) -> None:
    tablet.reply(county_key=opened(folder).public)


# --- a closed id ---


@pytest.mark.parametrize("why", ["restored", "cloned"])
def test_a_closed_id_is_told_plainly_and_recording_goes_on(tablet, why):
    tablet.reply(enrol_again=why)
    presenter = SyncPresenter(tablet.desk, Told(Account()), lambda state: None)
    assert "重新登记" in presenter.state.enrol_again
    assert "可以继续录入" in presenter.state.enrol_again
    assert "本机须重新登记" in StripPresenter(tablet.desk).state().warning
    record(tablet, 1)
    assert tablet.replica.status().waiting_n == 1
    tablet.reply()
    presenter.refresh()
    assert presenter.state.enrol_again == ""


def test_the_sync_page_offers_to_enrol_again(tablet, open_window):
    tablet.reply(enrol_again="cloned")
    window = open_window(tablet.desk)
    window.touch("同步")
    window.see("有两台平板在用同一个编号")
    window.touch("重新登记")
    window.see("登记码")


# --- revoked ---


def test_what_was_kept_is_told_with_its_place(tablet, tmp_path):
    give_key(tablet, tmp_path)
    record(tablet)
    HouseholdPresenter(tablet.desk, tablet.household()).visit()
    tablet.replica.note_revoked()
    assert is_revoked(tablet.desk)
    before = revoked(tablet.desk)
    assert (before.undone, before.file) == (True, "")
    assert "还有 3 条没有送出" in before.kept
    done = rescue.carry_out(tablet.replica, tmp_path / "rescue", seal)
    after = revoked(tablet.desk)
    assert (after.undone, after.file) == (False, done.file)
    assert "记录 2 条、草稿 1 份" in after.kept
    assert "张晓敏" in after.kept
    assert Path(after.file).is_file()
    assert "请留着这个文件" in after.steps[-1] and "可以删除" not in after.steps[-1]


def test_a_file_without_drafts_may_go_once_it_is_imported(tablet, tmp_path):
    give_key(tablet, tmp_path)
    record(tablet)
    tablet.replica.note_revoked()
    rescue.carry_out(tablet.replica, tmp_path / "rescue", seal)
    assert "可以删除" in revoked(tablet.desk).steps[-1]


def test_without_a_key_it_says_to_hand_the_tablet_in(tablet, tmp_path):
    record(tablet, 1)
    tablet.replica.note_revoked()
    rescue.carry_out(tablet.replica, tmp_path / "rescue", seal)
    state = revoked(tablet.desk)
    assert state.undone
    assert "没有收到过县里的密钥" in state.steps[0]


def test_nothing_unsent_is_said_as_well(tablet, tmp_path):
    tablet.replica.note_revoked()
    rescue.carry_out(tablet.replica, tmp_path / "rescue", seal)
    state = revoked(tablet.desk)
    assert (state.undone, state.file) == (False, "")
    assert "什么也没有丢失" in state.kept


def test_the_window_turns_to_it_after_the_contact_and_opens_on_it(tablet, open_window, tmp_path):
    give_key(tablet, tmp_path)
    record(tablet)

    window = open_window(tablet.desk)
    window.app.journey.go("sync")
    tablet.replica.note_revoked()
    rescue.carry_out(tablet.replica, tmp_path / "rescue", seal)
    window.app.root.manager.get_screen("sync").show()
    window.frames(6)
    window.see("这台平板已被停用")
    window.see("cleanheat-140525-")
    assert not any("东常村" in words for words in window.words())
    again = open_window(tablet.desk)
    again.see("这台平板已被停用")
    again.touch("重新登记")
    again.see("登记码")
