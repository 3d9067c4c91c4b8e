"""Leaving an interview: what was said in it is kept whatever happens, and one in which nothing was said leaves nothing
behind; a submitted one says that it was."""

import pytest

from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter
from mobile.presenters.outbox import OutboxPresenter, begin_correction
from mobile.presenters.photos import Shot
from sync.messages import Conflict

EAST = "140525100201"
PHONE = "/data/basics/phone"


def ignore(_state):
    """A screen that is not looking."""


def opened(tablet, draft):
    return InterviewPresenter(tablet.desk, draft, ignore)


@pytest.fixture
def update(tablet):
    """A household's correction, begun."""
    household = tablet.household(phone="15400000001")
    return HouseholdPresenter(tablet.desk, household).update()


def test_an_interview_in_which_nothing_was_said_is_not_kept(tablet, update):
    presenter = opened(tablet, update)
    presenter.next()
    presenter.look_over()
    presenter.put_away()
    assert tablet.replica.drafts() == []


@pytest.mark.parametrize("settled", [True, False])
def test_what_was_said_is_kept_and_what_was_taken_back_is_not(tablet, update, settled):
    presenter = opened(tablet, update)
    presenter.answer(PHONE, "15400000002", settled=settled)
    presenter.put_away()
    assert [draft.id for draft in tablet.replica.drafts()] == [update]
    presenter.answer(PHONE, "15400000001", settled=settled)
    presenter.put_away()
    assert tablet.replica.drafts() == []


def test_taking_an_answer_away_is_saying_something(tablet, update):
    presenter = opened(tablet, update)
    presenter.answer(PHONE, None)
    presenter.put_away()
    assert [draft.id for draft in tablet.replica.drafts()] == [update]


def test_an_interview_that_was_opened_before_is_kept_whatever_it_holds(tablet, update):
    opened(tablet, update).next()
    opened(tablet, update).put_away()
    assert [draft.id for draft in tablet.replica.drafts()] == [update]


def test_a_correction_of_a_record_that_changes_nothing_is_not_kept(tablet):
    draft = HouseholdPresenter(tablet.desk, tablet.household()).visit()
    presenter = opened(tablet, draft)
    presenter.answer("/data/visit_outcome", "not_at_home")
    presenter.submit()
    correction = begin_correction(tablet.desk, presenter.state.submitted)
    again = opened(tablet, correction)
    again.next()
    again.put_away()
    assert tablet.replica.drafts() == []


def test_looking_at_a_difference_and_going_back_decides_nothing_and_leaves_nothing(tablet):
    household = tablet.household(house_area_m2="90")
    conflict = Conflict(
        tablet.desk.new_id(), "house_area_m2", tablet.desk.new_id(), "80", "95", "90", "",
        "2020-09-12T01:00:00Z", "p-2",
    )  # fmt: skip
    props = dict(tablet.replica.entity("household", household).props)
    tablet.receive(tablet.state("household", household, props, (conflict,)))
    page = HouseholdPresenter(tablet.desk, household)
    [difference] = page.state().conflicts
    presenter = opened(tablet, page.settle(difference))
    assert presenter.state.page_n == 2
    presenter.put_away()
    assert tablet.replica.drafts() == []
    presenter = opened(tablet, page.settle(difference))
    presenter.answer("/data/house/house_area_m2", "95")
    presenter.put_away()
    assert opened(tablet, page.settle(difference)).state.page_n == 2
    assert len(tablet.replica.drafts()) == 1


def test_a_photo_is_something_said(tablet):
    draft = HouseholdsPresenter(tablet.desk, EAST, ignore).sight()
    presenter = opened(tablet, draft)
    presenter.photo("/data/photo", Shot(b"\xff\xd8\xff photo"))
    kept = presenter.state.asked
    presenter.put_away()
    assert bool(tablet.replica.drafts()) == any(
        each.shown.path == "/data/photo" and each.shown.value for each in kept
    )


def test_a_draft_is_deleted_from_its_card(tablet, update):
    presenter = OutboxPresenter(tablet.desk, ignore)
    assert presenter.discard(update) == ""
    assert (tablet.replica.drafts(), presenter.state.lines) == ([], ())


def test_a_draft_is_deleted_by_a_second_touch_in_the_list_and_with_its_household(tablet, update, open_window):
    window = open_window(tablet.desk)
    window.touch("我的记录")
    window.touch("删除草稿")
    window.see("确定删除?再点一次")
    assert tablet.replica.drafts()
    window.touch("确定删除?再点一次")
    window.see("没有草稿，也没有需要处理的记录。")
    window.touch_widget(window.find("村庄", "NavigationButton"))
    window.touch("东常村")
    window.touch_widget(window.find("王秀英", "Row"))
    window.app.journey.begin(HouseholdPresenter(tablet.desk, tablet.replica.households(EAST)[0].id).visit)
    window.frames()
    window.choose("走访结果", "家中无人")
    window.touch_widget(_back(window))
    window.touch("删除草稿")
    window.touch("确定删除?再点一次")
    window.see("这台平板上还没有这一户的记录。")
    assert tablet.replica.drafts() == []


def _back(window):
    """The arrow in the bar of the title."""
    kinds = ((widget, type(widget).__name__) for widget in window.widgets())
    return next(widget for widget, kind in kinds if kind == "IconButton" and not widget.disabled)


@pytest.mark.parametrize("way", ["arrow", "escape"])
def test_looking_at_a_household_leaves_the_tablet_safe(tablet, open_window, way):
    tablet.household()
    window = open_window(tablet.desk)
    window.touch("东常村")
    window.touch_widget(window.find("王秀英", "Row"))
    window.touch("更正住户")
    window.touch("下一页")
    if way == "arrow":
        window.touch_widget(_back(window))
    else:
        window.window.dispatch("on_keyboard", 27, 0, None, [])
        window.frames()
    window.see("登记改造")
    window.see("全部安全 · 可以交回平板")
    assert tablet.replica.drafts() == []


def test_a_pause_keeps_an_interview_in_which_nothing_was_said_yet(tablet, update, open_window):
    window = open_window(tablet.desk)
    window.app.journey.go("interview", draft=update)
    window.frames()
    window.app.on_pause()
    window.app.on_resume()
    window.frames()
    window.see("第 1 页")
    assert [draft.id for draft in tablet.replica.drafts()] == [update]


def test_what_is_submitted_from_the_records_is_shown_where_it_went(tablet, open_window):
    draft = HouseholdPresenter(tablet.desk, tablet.household()).visit()
    opened(tablet, draft).answer("/data/visit_outcome", "not_at_home")
    window = open_window(tablet.desk)
    window.touch("我的记录")
    window.touch("继续填写")
    window.touch("检查并提交")
    window.touch("提交")
    window.see("已提交，等待同步")
    window.see("已提交，等同步时上传")
