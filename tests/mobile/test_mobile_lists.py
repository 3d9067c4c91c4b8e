"""Villages, households, the outbox and the strip: what each shows, against the real replica."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter
from mobile.presenters.outbox import OutboxPresenter
from mobile.presenters.record import RecordPresenter
from mobile.presenters.strip import StripPresenter
from mobile.presenters.villages import VillagesPresenter
from sync.messages import Conflict, Cursor, FieldOutcome, NotYet, Village

EAST = "140525100201"


def ignore(_state):
    """A screen that is not looking."""


def visit(tablet, household, outcome="not_at_home"):
    draft = HouseholdPresenter(tablet.desk, household).visit()
    presenter = InterviewPresenter(tablet.desk, draft, ignore)
    presenter.answer("/data/visit_outcome", outcome)
    presenter.submit()
    assert presenter.state.submitted
    return presenter.state.submitted


def lines(tablet, text="", chosen="all"):
    presenter = HouseholdsPresenter(tablet.desk, EAST, ignore)
    presenter.search(text)
    presenter.choose(chosen)
    return {line.name: [chip.text for chip in line.chips] for line in presenter.state.lines}


def tabs(tablet):
    presenter = OutboxPresenter(tablet.desk, ignore)
    found = {}
    for tab in presenter.state.tabs:
        presenter.choose(tab.key)
        found[tab.key] = [line.chip.text for line in presenter.state.lines]
    return found


def test_villages_show_what_waits_and_which_were_handed_over(tablet):
    household = tablet.household()
    visit(tablet, household)
    HouseholdPresenter(tablet.desk, household).convert()
    tablet.reply(villages=(Village("140525100203", "西郜村", "南村镇", None),))
    state = VillagesPresenter(tablet.desk).state()
    assert [(line.name, line.held) for line in state.lines] == [("西郜村", True), ("东常村", False)]
    assert [chip.text for chip in state.lines[1].chips] == [
        "已移交 · 未传记录仍会上传",
        "1 份草稿",
        "1 条待同步",
    ]
    assert "未分类" in state.lines[0].detail
    assert state.greeting == "张晓敏，您好"


def test_households_are_found_by_name_and_door_number(tablet):
    tablet.household(head_name="王秀英", door_number="3组12号")
    tablet.household(head_name="刘㛃", door_number="1组2号")
    assert list(lines(tablet)) == ["刘㛃", "王秀英"]
    assert list(lines(tablet, "㛃")) == ["刘㛃"]
    assert list(lines(tablet, "3组")) == ["王秀英"]
    assert lines(tablet, "李") == {}


def test_filters_narrow_the_list(tablet):
    visited = tablet.household(head_name="甲", visit_outcome="surveyed")
    tablet.household(head_name="乙")
    visit(tablet, visited)
    assert lines(tablet, chosen="waiting") == {"甲": ["待同步", "未改造"]}
    assert list(lines(tablet, chosen="unvisited")) == ["乙"]
    assert set(lines(tablet, chosen="unconverted")) == {"甲", "乙"}
    assert lines(tablet, chosen="converted") == {}


def test_a_village_without_households_says_what_to_do(tablet):
    state = HouseholdsPresenter(tablet.desk, EAST, ignore).state
    assert "登记新户" in state.empty
    assert state.can_add


@pytest.mark.parametrize(
    ("outcome", "tab", "chip"),
    [
        ("applied", "safe", "已安全"),
        ("merged", "safe", "已合并"),
        ("rejected", "todo", "需更正"),
    ],
)
def test_a_verdict_puts_the_record_where_it_belongs(tablet, outcome, tab, chip):
    visit(tablet, tablet.household())
    assert tabs(tablet)["waiting"] == ["待同步"]
    tablet.settle(outcome, reason="走访日期有误，请更正。" if outcome == "rejected" else None)
    assert tabs(tablet)[tab] == [chip]


def test_not_yet_stays_waiting_and_says_why(tablet):
    submission = visit(tablet, tablet.household())
    tablet.reply(not_yet=(NotYet(submission, "form_unknown", "服务器还没有这一版表单。"),))
    presenter = OutboxPresenter(tablet.desk, ignore, "waiting")
    [line] = presenter.state.lines
    assert (line.chip.text, line.explain) == ("暂缓接收", "服务器还没有这一版表单。")


def test_a_rejected_record_is_corrected_and_then_asks_for_nothing(tablet):
    visit(tablet, tablet.household())
    rejected = tablet.settle("rejected", reason="走访日期有误，请更正。")
    presenter = OutboxPresenter(tablet.desk, ignore)
    assert presenter.state.lines[0].explain == "走访日期有误，请更正。"
    draft = presenter.correct(rejected)
    assert draft == presenter.correct(rejected)
    correction = InterviewPresenter(tablet.desk, draft, ignore)
    assert correction.state.title == "更正 · 走访结果"
    correction.answer("/data/visited_on", "2020-09-11")
    correction.submit()
    assert tablet.replica.record(correction.state.submitted).submission.corrects == rejected
    assert tabs(tablet) == {"todo": [], "waiting": ["待同步"], "safe": ["已有更正"]}


def test_a_conflict_shows_base_mine_and_theirs_and_is_settled_by_a_correction(tablet):
    household = tablet.household()
    submission = visit(tablet, household, "refused")
    outcome = FieldOutcome(
        "household",
        household,
        "visit_outcome",
        "conflict",
        None,
        "refused",
        "not_at_home",
        "",
        "p-2",
        "2020-09-12T00:10:00Z",
    )
    tablet.settle("conflict", fields=(outcome,))
    shown = tablet.replica.entity("household", household)
    conflict = Conflict(
        tablet.desk.new_id(),
        "visit_outcome",
        submission,
        None,
        "refused",
        "not_at_home",
        "",
        "2020-09-12T01:30:00Z",
        "p-1",
    )
    props = dict(shown.props) | {"visit_outcome": "not_at_home"}
    tablet.receive(tablet.state("household", household, props, (conflict,)))
    page = HouseholdPresenter(tablet.desk, household)
    [difference] = page.state().conflicts
    assert (difference.label, difference.base, difference.mine, difference.theirs) == (
        "走访结果", "未填", "拒绝登记", "家中无人",
    )  # fmt: skip
    assert difference.by.startswith("由张晓敏提交")
    assert "\n名册现在的值由其他人员登记" in difference.by
    tablet.reply(people={"p-2": "欧阳㛃"})
    assert "\n名册现在的值由欧阳㛃登记" in page.state().conflicts[0].by
    [told] = RecordPresenter(tablet.desk, submission).state().differences
    assert told.by.startswith("名册现在的值由欧阳㛃登记")
    draft = tablet.replica.draft(page.settle(difference))
    assert draft.corrects == submission
    assert tabs(tablet)["todo"] == ["草稿", "有冲突"]
    assert not page.state().conflicts[0].decided
    deciding = InterviewPresenter(tablet.desk, draft.id, ignore)
    deciding.answer("/data/visit_outcome", "not_at_home")
    deciding.submit()
    assert page.state().conflicts[0].decided


@pytest.mark.parametrize(("value", "decides"), [("95", True), ("100", False), ("90", False)])
def test_a_difference_of_others_is_decided_by_who_saw_it_and_takes_what_was_submitted(tablet, value, decides):
    household = tablet.household(house_area_m2="90", phone="15400000001")
    other = tablet.desk.new_id()
    conflict = Conflict(
        tablet.desk.new_id(), "house_area_m2", other, "80", "95", "90", "", "2020-09-12T01:30:00Z", "p-2"
    )
    props = dict(tablet.replica.entity("household", household).props)
    tablet.receive(tablet.state("household", household, props, (conflict,)))
    answers = {
        "house/house_area_m2": value, "house/occupancy": "all_winter", "house/residents_n": "3",
        "house/hardship": "none", "heating/heating_status": "heated", "heating/fuel": "bulk_coal",
        "heating/device": "coal_stove", "heating/heated_area_m2": "60", "heating/old_stove": "present",
        "coal/coal_answer": "none",
    }  # fmt: skip
    interview = InterviewPresenter(tablet.desk, HouseholdPresenter(tablet.desk, household).update(), ignore)
    for path, given in answers.items():
        interview.answer(f"/data/{path}", given)
    interview.submit()
    assert interview.state.submitted, interview.state.review
    [difference] = HouseholdPresenter(tablet.desk, household).state().conflicts
    assert difference.decided == decides


def test_whoevers_value_stands_sees_their_own_name_beside_the_other(tablet):
    household = tablet.household()
    mine = visit(tablet, household, "not_at_home")
    tablet.settle()
    other = Conflict(
        tablet.desk.new_id(), "visit_outcome", tablet.desk.new_id(), None, "refused", "not_at_home", mine,
        "2020-09-12T01:30:00Z", "p-2",
    )  # fmt: skip
    props = {"head_name": "王秀英", "visit_outcome": "not_at_home"}
    tablet.receive(tablet.state("household", household, props, (other,)))
    [difference] = HouseholdPresenter(tablet.desk, household).state().conflicts
    theirs, own = difference.by.split("\n")
    assert theirs.startswith("由其他人员提交") and own.startswith("名册现在的值由张晓敏登记")


def test_a_record_shows_its_answers_in_words(tablet):
    submission = visit(tablet, tablet.household())
    state = RecordPresenter(tablet.desk, submission).state()
    facts = {fact.label: fact.value for _, facts in state.answers for fact in facts}
    assert facts["走访结果"] == "家中无人"
    assert facts["走访日期"] == "2020-09-12"


def test_a_record_shows_what_was_answered_then_though_the_household_is_known_since(tablet):
    household = tablet.household(head_name="", door_number="")
    draft = HouseholdPresenter(tablet.desk, household).visit()
    presenter = InterviewPresenter(tablet.desk, draft, ignore)
    for path, value in (("visit_outcome", "not_at_home"), ("new_door", "5号"), ("new_head", "王梅")):
        presenter.answer(f"/data/{path}", value)
    presenter.submit()
    state = RecordPresenter(tablet.desk, presenter.state.submitted).state()
    facts = {fact.label: fact.value for _, facts in state.answers for fact in facts}
    assert (facts["门牌号"], facts["户主姓名"]) == ("5号", "王梅")


def test_what_needs_a_person_comes_first_whenever_the_records_are_visited(tablet):
    presenter = OutboxPresenter(tablet.desk, ignore)
    visit(tablet, tablet.household())
    presenter.choose("waiting")
    tablet.settle("rejected")
    presenter.choose("waiting")
    assert presenter.state.empty == "没有等待上传的记录。还有 1 条待处理。"
    presenter.visit()
    assert (presenter.state.chosen, len(presenter.state.lines)) == ("todo", 1)


def test_a_tab_that_was_emptied_gives_way_to_the_one_its_record_went_to(tablet):
    household = tablet.household()
    presenter = OutboxPresenter(tablet.desk, ignore)
    draft = HouseholdPresenter(tablet.desk, household).visit()
    presenter.refresh()
    assert (presenter.state.chosen, len(presenter.state.lines)) == ("todo", 1)
    interview = InterviewPresenter(tablet.desk, draft, ignore)
    interview.answer("/data/visit_outcome", "not_at_home")
    interview.submit()
    presenter.refresh()
    assert (presenter.state.chosen, len(presenter.state.lines)) == ("waiting", 1)


def test_a_draft_is_called_what_the_surveyor_set_out_to_do(tablet):
    presenter = HouseholdPresenter(tablet.desk, tablet.household())
    presenter.update()
    HouseholdsPresenter(tablet.desk, EAST, ignore).register()
    named = {(line.title, line.detail) for line in OutboxPresenter(tablet.desk, ignore).state.lines}
    assert named == {("王秀英", "更正住户 · 东常村 · 刚刚"), ("登记新户", "东常村 · 刚刚")}


def test_the_strip_says_a_thing_once(tablet):
    HouseholdPresenter(tablet.desk, tablet.household()).convert()
    state = StripPresenter(tablet.desk).state()
    assert state.text == "1 份草稿未完成"
    assert "草稿" not in state.detail


def test_identity_numbers_are_masked_at_the_door(tablet):
    household = tablet.household(id_number="140525196203154529")
    facts = {fact.label: fact.value for fact in HouseholdPresenter(tablet.desk, household).state().identity}
    assert facts["户主身份证号"] == "140525********4529"


def test_nobody_is_sent_away_with_a_register_that_is_still_coming(tablet):
    village = Village("140525100299", "模拟新村", "模拟镇", None)
    held = [replace(village, code=row.code, name=row.name) for row in tablet.replica.villages()]
    tablet.reply(villages=(*held, village), more=True)
    strip = StripPresenter(tablet.desk)
    assert (strip.state().text, strip.state().tone) == ("1 个村的名册未收完", "draft")
    tablet.reply(cursors={village.code: Cursor(seq=1)})
    assert strip.state().text == "全部安全 · 可以交回平板"


def test_the_strip_lets_the_tablet_go_only_when_everything_has_its_receipt(tablet):
    strip = StripPresenter(tablet.desk)
    assert (strip.state().text, strip.state().synthetic) == ("全部安全 · 可以交回平板", True)
    household = tablet.household()
    visit(tablet, household)
    assert strip.state().text == "1 条尚未安全"
    tablet.settle()
    assert strip.state().tone == "safe"
    HouseholdPresenter(tablet.desk, household).convert()
    assert (strip.state().text, strip.state().tone) == ("1 份草稿未完成", "draft")


def test_the_strip_tells_of_a_wrong_clock_and_of_the_last_contact(tablet):
    tablet.reply(now=(tablet.clock() + timedelta(hours=2)).isoformat().replace("+00:00", "Z"))
    tablet.clock.wait(minutes=5)
    state = StripPresenter(tablet.desk).state()
    assert "120 分钟" in state.warning
    assert "5 分钟前" in state.detail
