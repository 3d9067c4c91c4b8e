"""The real window, driven by touches and typing, on the real replica."""

import pytest

from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter


def open_village(window):
    window.touch("东常村")
    return window


def test_the_list_is_searched_after_a_pause_in_typing(tablet, open_window):
    tablet.household(head_name="王秀英", door_number="3组12号")
    tablet.household(head_name="刘㛃", door_number="1组2号")
    window = open_village(open_window(tablet.desk))
    window.see("2 / 2 户")
    window.type("搜索户主姓名或门牌号", "㛃")
    window.until(lambda: "1 / 2 户" in window.words())
    assert not any("王秀英" in words for words in window.words())


def test_an_interview_left_goes_on_where_it_was(tablet, open_window):
    window = open_village(open_window(tablet.desk))
    window.touch("+ 登记新户")
    window.type("门牌号", "1组7号")
    window.touch("下一页")
    window.choose("冬季居住情况", "部分时间居住")
    window.app.journey.back()
    window.frames()
    window.touch_widget(window.find("我的记录", "NavigationButton"))
    window.touch("继续填写")
    window.see("第 2 页，共")
    assert window.find("部分时间居住").chosen


def test_what_is_being_typed_is_saved_when_the_screen_goes(tablet, open_window):
    window = open_village(open_window(tablet.desk))
    window.touch("+ 登记新户")
    field = window.field("门牌号")
    window.touch_widget(field)
    for sign in "5组":
        window.window.dispatch("on_textinput", sign)
    window.app.journey.back()
    [draft] = tablet.replica.drafts()
    assert draft.answers["basics"]["door_number"] == "5组"


def test_a_conversion_and_its_states_on_the_household_page(tablet, open_window):
    household = tablet.household()
    HouseholdPresenter(tablet.desk, household).visit()
    window = open_village(open_window(tablet.desk))
    window.see("王秀英")
    window.touch_widget(window.find("王秀英", "Row"))
    window.see("门牌 3组12号")
    window.see("燃煤炉")
    window.see("只在本机，尚未提交")


def test_a_home_with_a_conversion_is_asked_whether_its_progress_is_meant(tablet, open_window):
    household = tablet.household()
    conversion = tablet.desk.new_id()
    props = {"household": household, "kind": "electric", "signed_on": "2020-05-06"}
    tablet.receive(tablet.state("conversion", conversion, props))
    window = open_window(tablet.desk)
    for answer, continued in (("登记进展", True), ("另一项改造", False)):
        window.app.journey.home("household", household=household)
        window.frames()
        window.touch("登记改造")
        window.see("这户已登记：煤改电。要登记的是它的进展，还是另一项改造？")
        assert tablet.replica.drafts() == []
        window.touch(answer)
        [draft] = tablet.replica.drafts()
        assert (draft.target_ids["conversion"] == conversion) == continued
        tablet.replica.discard_draft(draft.id)


@pytest.mark.parametrize("size", [(1280, 800), (800, 1280)])
def test_everything_to_touch_is_twelve_millimetres(tablet, open_window, size):
    from mobile.widgets.theme import target

    household = tablet.household()
    draft = HouseholdPresenter(tablet.desk, household).update()
    window = open_window(tablet.desk)
    window.turn(*size)
    for name, values in [
        ("villages", {}), ("households", {"village": "140525100201"}), ("household", {"household": household}),
        ("outbox", {}), ("sync", {}), ("interview", {"draft": draft}),
    ]:  # fmt: skip
        window.app.journey.go(name, **values)
        window.frames(6)
        small = [
            (name, words, widget.size)
            for widget, words in window.touchable()
            if min(widget.width, widget.height) < target() - 0.6 and not widget.disabled
        ]
        assert small == []


def test_a_calendar_gives_the_date_touched(tablet, open_window):
    household = tablet.household()
    draft = HouseholdPresenter(tablet.desk, household).visit()
    window = open_window(tablet.desk)
    window.app.journey.go("interview", draft=draft)
    window.frames(6)
    window.touch("选择日期")
    window.see("2020年9月")
    window.touch_widget(window.find("7", "Pressable"))
    assert window.field("走访日期").text == "2020-09-07"


def test_a_full_disk_is_told_where_an_interview_would_begin(tablet, open_window):
    window = open_village(open_window(tablet.desk))
    connection = tablet.replica.db.conn
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    before = 0
    while len(tablet.replica.drafts()) > before or not before:  # until not one more fits
        before = len(tablet.replica.drafts())
        window.touch("+ 登记新户")
        for _ in range(20):
            window.app.journey.begin(HouseholdsPresenter(tablet.desk, "140525100201", print).register)
        window.app.journey.home("households", village="140525100201")
        window.frames()
    window.touch("+ 登记新户")
    window.see("存储空间已满")
    window.see("东常村")


def test_a_long_outbox_comes_by_sixty_and_what_is_in_sight_stays(tablet, open_window):
    household = tablet.household()
    for _ in range(70):
        draft = HouseholdPresenter(tablet.desk, household).visit()
        presenter = InterviewPresenter(tablet.desk, draft, lambda _state: None)
        presenter.answer("/data/visit_outcome", "not_at_home")
        presenter.submit()
    window = open_window(tablet.desk)
    window.touch("我的记录")
    screen = window.app.root.manager.get_screen("outbox")
    window.touch("再显示 10 条")
    assert len(screen.ids.records.children) == 70
    assert 0.05 < screen.ids.scroller.scroll_y < 0.3  # where the sixtieth was, not at the top or the end
