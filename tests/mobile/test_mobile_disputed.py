"""Whoever answers a question that people differ on sees it there: the values, of which one is taken with a touch, and
what the answer decides."""

from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.interview import InterviewPresenter
from sync.messages import Conflict

FUEL, AREA = "/data/heating/fuel", "/data/house/house_area_m2"


def disputed(tablet, name, base, mine, theirs):
    """A household in the register, with a difference between two others."""
    household = tablet.household(heating_status="heated", **{name: theirs})
    conflict = Conflict(
        tablet.desk.new_id(),
        name,
        tablet.desk.new_id(),
        base,
        mine,
        theirs,
        "",
        "2020-09-12T01:00:00Z",
        "p-2",
    )
    props = dict(tablet.replica.entity("household", household).props)
    tablet.receive(tablet.state("household", household, props, (conflict,)))
    tablet.reply(people={"p-2": "欧阳㛃"})
    return household


def open_at_difference(tablet, household):
    page = HouseholdPresenter(tablet.desk, household)
    [difference] = page.state().conflicts
    return InterviewPresenter(tablet.desk, page.settle(difference), lambda _state: None)


def asked(presenter, path):
    return next(asked for asked in presenter.state.asked if asked.shown.path == path)


def test_settling_opens_the_page_of_the_question_with_both_values(tablet):
    household = disputed(tablet, "house_area_m2", "80", "95", "90")
    presenter = open_at_difference(tablet, household)
    question = asked(presenter, AREA)
    assert presenter.state.page_n > 1
    assert [(side.words, side.raw) for side in question.disputed.sides] == [("90", "90"), ("95", "95")]
    assert question.disputed.sides[0].said == "名册现在的值"
    assert question.disputed.said.endswith("冲突仍留着，由乡镇了结。")
    assert question.disputed.sides[1].said.startswith("由欧阳㛃提交")
    assert [each.shown.path for each in presenter.state.asked if each.disputed] == [AREA]


def test_any_form_that_asks_it_says_so_even_if_it_was_opened_for_something_else(tablet):
    household = disputed(tablet, "house_area_m2", "80", "95", "90")
    draft = HouseholdPresenter(tablet.desk, household).update()
    presenter = InterviewPresenter(tablet.desk, draft, lambda _state: None)
    assert presenter.state.page_n == 1
    presenter.look_over()
    assert [(line.label, line.value) for line in presenter.state.review.disputed] == [
        ("房屋面积（平方米）", "90")
    ]


def test_what_the_register_says_now_is_told_though_it_was_changed_since(tablet):
    """A third person's value goes in beside an open conflict, which goes on saying what it began with."""
    household = disputed(tablet, "house_area_m2", "80", "95", "90")
    shown = tablet.replica.entity("household", household)
    tablet.receive(
        tablet.state("household", household, {**shown.props, "house_area_m2": "97"}, shown.conflicts)
    )
    [difference] = HouseholdPresenter(tablet.desk, household).state().conflicts
    assert (difference.theirs, difference.mine) == ("97", "95")
    question = asked(open_at_difference(tablet, household), AREA)
    assert [(side.raw, side.said.split("·")[0]) for side in question.disputed.sides] == [
        ("97", "名册现在的值"),
        ("95", "由欧阳㛃提交 "),
    ]


def test_a_choice_is_offered_in_words_and_nothing_as_unanswered(tablet):
    household = disputed(tablet, "fuel", None, "briquette", "bulk_coal")
    presenter = open_at_difference(tablet, household)
    path = next(each.shown.path for each in presenter.state.asked if each.disputed)
    assert [side.words for side in asked(presenter, path).disputed.sides] == ["散煤", "型煤、蜂窝煤"]
    presenter.answer(path, "briquette")
    assert asked(presenter, path).shown.value == "briquette"


def test_no_end_of_an_account_is_offered_as_the_account(tablet):
    household = tablet.household()
    payee = tablet.desk.new_id()
    props = {"household": household, "account": "*********1234", "holder": "王秀英"}
    conflict = Conflict(
        tablet.desk.new_id(), "account", tablet.desk.new_id(), "", "*********5678", "*********1234", "",
        "2020-09-12T01:00:00Z", "p-2",
    )  # fmt: skip
    tablet.receive(tablet.state("payee", payee, props, (conflict,)))
    presenter = open_at_difference(tablet, household)
    assert not any(each.disputed for each in presenter.state.asked)


def test_a_touch_takes_a_value_and_the_look_over_names_it(tablet, open_window):
    disputed(tablet, "phone", "15400000001", "15400000003", "15400000002")
    window = open_window(tablet.desk)
    window.touch("东常村")
    window.touch_widget(window.find("王秀英", "Row"))
    window.touch("核对并更正")
    window.see("这一项有人填得不一样")
    offered = window.find("15400000003", "ChoiceButton")
    scroller = window.app.root.manager.get_screen("interview").ids.scroller
    bottom = scroller.to_window(*scroller.pos)[1]
    window.until(lambda: bottom < offered.to_window(*offered.pos)[1] < bottom + scroller.height)
    window.touch("15400000003")
    assert offered.chosen and window.field("联系电话").text == "15400000003"
    window.touch("检查并提交")
    window.see("1 项有人填得不一样")


def test_a_page_that_fits_stays_at_its_top_when_its_question_is_brought_into_sight(tablet, open_window):
    household = disputed(tablet, "visit_outcome", None, "refused", "not_at_home")
    draft = HouseholdPresenter(tablet.desk, household).visit()
    window = open_window(tablet.desk)
    window.turn(800, 1800)
    window.app.journey.go("interview", draft=draft)
    window.frames()
    window.see("这一项有人填得不一样")
    scroller = window.app.root.manager.get_screen("interview").ids.scroller
    assert scroller.children[0].height < scroller.height
    assert scroller.scroll_y == 1
