"""A household that may be registered already: said while the surveyor stands at the door, never in the way."""

from dataclasses import replace

from mobile.presenters import drafting
from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter

DOOR, NAME = "/data/basics/door_number", "/data/basics/head_name"
NUMBER, WHERE = "/data/basics/id_number", "/data/basics/location"


def open_new(tablet, village="140525100201"):
    draft = HouseholdsPresenter(tablet.desk, village, lambda state: None).register()
    return draft, InterviewPresenter(tablet.desk, draft, lambda state: None)


def test_the_same_door_and_name_are_said_as_soon_as_they_are_answered(tablet):
    other = tablet.household(head_name="张国强", door_number="3组12号", visited_on="2020-09-01")
    _, presenter = open_new(tablet)
    presenter.answer(DOOR, "三组十二號")
    assert presenter.state.twins == ()
    presenter.answer(NAME, "張国強", settled=False)
    assert presenter.state.twins == (), "nothing is asked while a name is being typed"
    presenter.answer(NAME, "張国強")
    (twin,) = presenter.state.twins
    assert twin.household == other
    assert twin.headline == "这一户很可能已经登记过"
    assert twin.title == "张国强 · 门牌 3组12号 · 东常村"
    assert twin.reasons == "户主姓名相同、门牌号相同"
    assert twin.recorded == "另一台平板登记，入户日期 2020-09-01"


def test_one_identity_number_is_found_in_another_village_too(tablet):
    tablet.household(head_name="张国强", door_number="1号", id_number="14052519700101123X")
    _, presenter = open_new(tablet, "140525100203")
    presenter.answer(DOOR, "7号")
    presenter.answer(NUMBER, "14052519700101123x")
    assert [twin.reasons for twin in presenter.state.twins] == ["身份证号相同"]


def test_a_name_that_sounds_the_same_at_the_same_gate(tablet):
    tablet.household(head_name="李晓明", door_number="", location="35.5 112.85 700 5", _pinyin="li xiao ming")
    _, presenter = open_new(tablet)
    presenter.answer(DOOR, "12号")
    presenter.answer(NAME, "李小明")
    presenter.answer(WHERE, "35.5001 112.85 700 5")
    assert presenter.state.twins == (), "a neighbour's name may be near to it"
    presenter.answer(NAME, "李晓明")
    assert [twin.reasons for twin in presenter.state.twins] == ["户主姓名相同、位置相距 11 米"]


def test_it_is_another_home_and_nothing_is_in_the_way(tablet):
    tablet.household(head_name="张国强", door_number="3组12号")
    draft, presenter = open_new(tablet)
    presenter.answer(DOOR, "3组12号")
    presenter.answer(NAME, "张国强")
    presenter.another(presenter.state.twins[0].household)
    assert presenter.state.twins == ()
    presenter.look_over()
    assert presenter.state.twins == ()
    again = InterviewPresenter(tablet.desk, draft, lambda state: None)
    assert len(again.state.twins) == 1, "who opens the draft another time is asked again"


def test_the_other_is_opened_instead_and_the_draft_kept_or_thrown_away(tablet):
    other = tablet.household(head_name="张国强", door_number="3组12号")
    for keep in (True, False):
        draft, presenter = open_new(tablet)
        presenter.answer(DOOR, "3组12号")
        presenter.answer(NAME, "张国强")
        presenter.open_instead(other, keep=keep)
        assert presenter.state.opened == other
        assert (tablet.replica.draft(draft) is not None) is keep
        presenter.answer(NAME, "张国")
        assert (tablet.replica.draft(draft) is not None) is keep, "a late word brings nothing back"


def test_my_own_earlier_record_says_who_and_when(tablet):
    _, first = open_new(tablet)
    for path, value in HOUSEHOLD.items():
        first.answer(path, value)
    first.submit()
    assert first.state.submitted, first.state.review
    tablet.clock.wait(minutes=5)
    _, second = open_new(tablet)
    second.answer(DOOR, "3-12")
    second.answer(NAME, HOUSEHOLD[NAME])
    (twin,) = second.state.twins
    assert twin.recorded.endswith("在这台平板上登记，5 分钟前")


def test_a_household_known_to_the_register_is_not_compared_when_it_is_corrected(tablet):
    one = tablet.household(head_name="张国强", door_number="3组12号")
    tablet.household(head_name="张国强", door_number="3组12号")
    draft = drafting.start_update(tablet.desk, "140525100201", one)
    assert InterviewPresenter(tablet.desk, draft, lambda state: None).state.twins == ()


HOUSEHOLD = {
    DOOR: "3组12号", NAME: "刘㛃䶮", "/data/house/house_area_m2": "120", "/data/house/occupancy": "empty",
    "/data/house/hardship": "none", "/data/heating/heating_status": "not_heated",
    "/data/heating/not_heated_reason": "empty", "/data/heating/old_stove": "none", "/data/house/mountain": "no",
}  # fmt: skip


def test_the_card_on_screen_leads_to_the_other_household(tablet, open_window):
    tablet.household(head_name="张国强", door_number="3组12号", visited_on="2020-09-01")
    window = open_window(tablet.desk)
    window.touch("东常村")
    window.touch("+ 登记新户")
    window.type("门牌号", "3组12号")
    window.type("户主姓名", "张国强")
    window.see("这一户很可能已经登记过")
    window.touch("打开那一户")
    window.see("门牌 3组12号")
    window.see("登记改造")
    assert len(tablet.replica.drafts()) == 1


def test_a_home_that_was_merged_opens_the_one_it_was_merged_into(tablet):
    one = tablet.household(head_name="张国强", door_number="3组12号")
    other = tablet.household(head_name="张国强", door_number="三组12号")
    gone = tablet.state("household", other, {})
    tablet.receive(replace(gone, gone=True, same_as=one))
    assert [row.id for row in tablet.replica.households("140525100201")] == [one]
    page = HouseholdPresenter(tablet.desk, other)
    assert page.state().title == "张国强" and not page.state().gone
    assert tablet.replica.draft(page.visit()).target_ids["household"] == one
