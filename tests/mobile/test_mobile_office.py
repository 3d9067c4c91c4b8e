"""What the office tells, and what is recorded of money and coal: zones, subsidies, payees, sightings."""

from dataclasses import replace

import pytest

from mobile.locale import speak
from mobile.presenters import drafting
from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter
from mobile.presenters.outbox import OutboxPresenter, begin_correction
from mobile.presenters.record import RecordPresenter
from mobile.presenters.villages import VillagesPresenter
from sync.codec import derived_id
from sync.messages import Conflict

EAST, WEST = "140525100201", "140525100203"
RULE = "禁止使用、存放、售卖散煤；在用的燃煤炉具一律违规。"
ACCOUNT = "6222020200112233417"
OWNER = {"/data/owner/relation": "spouse", "/data/owner/holder": "李大山"}


def ignore(_state):
    """A screen that is not looking."""


def zone(tablet, status="in_force", village=EAST, **props):
    told = {
        "name": "南村镇禁煤区",
        "status": status,
        "in_force_on": "2020-09-01",
        "rule": RULE,
        "document_number": "9号",
    }
    state = tablet.state("zone", derived_id("zone", "z", village), {"village": village, **told, **props})
    tablet.receive(replace(state, village=village))


def answered(tablet, draft, answers):
    presenter = InterviewPresenter(tablet.desk, draft, ignore)
    for path, value in answers.items():
        presenter.answer(path, value)
    return presenter


def account(number=ACCOUNT):
    return {
        "/data/bank_account/bank": "泽州农商银行", "/data/bank_account/account": number,
        "/data/bank_account/account_again": number,
    }  # fmt: skip


def record_payee(tablet, household, number=ACCOUNT):
    presenter = answered(tablet, HouseholdPresenter(tablet.desk, household).payee(), OWNER | account(number))
    presenter.submit()
    assert presenter.state.submitted, presenter.state.review
    return presenter.state.submitted


def facts(pairs):
    return {fact.label: fact.value for fact in pairs}


# --- payees ----------------------------------------------------------------------------------------------------


def test_a_payee_has_the_id_that_every_tablet_gives_it(tablet):
    household = tablet.household()
    record_payee(tablet, household)
    [target] = tablet.replica.outbox()[0].submission.targets
    assert (target.dataset, target.id) == ("payee", derived_id("payee", household))
    assert tablet.replica.outbox()[0].submission.answers["household_id"] == household


def test_the_account_is_never_shown_whole_once_it_is_submitted(tablet):
    household = tablet.household()
    submission = record_payee(tablet, household, "6222 0202 0011 2233 417")
    page = HouseholdPresenter(tablet.desk, household).state()
    assert facts(page.payee)["账号"] == "…3417"
    answers = RecordPresenter(tablet.desk, submission).state().answers
    shown = {label: value for _, listed in answers for label, value in facts(listed).items()}
    assert (shown["账号"], shown["再填一遍账号"]) == ("…3417", "…3417")
    assert (
        tablet.replica.record(submission).submission.answers["bank_account"]["account"]
        == "6222 0202 0011 2233 417"
    )


@pytest.mark.parametrize("sent", [False, True])
def test_who_corrects_a_payee_types_the_account_anew(tablet, sent):
    household = tablet.household()
    submission = record_payee(tablet, household)
    if sent:
        tablet.settle()
    draft = begin_correction(tablet.desk, submission)
    assert tablet.replica.draft(draft).answers["bank_account"] == {
        "bank": "泽州农商银行",
        "on_day": "2020-09-12",
    }
    presenter = answered(tablet, draft, account("14050012345"))
    assert begin_correction(tablet.desk, submission) == draft  # taken up again, nothing is forgotten
    assert tablet.replica.draft(draft).answers["bank_account"]["account"] == "14050012345"
    presenter.submit()
    assert presenter.state.submitted


def test_a_known_payee_is_filled_in_but_for_its_account_and_day(tablet):
    household = tablet.household()
    payee = derived_id("payee", household)
    known = {
        "household": household,
        "holder": "李大山",
        "account": "…4417",
        "bank": "农商行",
        "relation": "spouse",
    }
    tablet.receive(tablet.state("payee", payee, known | {"on_day": "2020-08-01"}))
    draft = HouseholdPresenter(tablet.desk, household).payee()
    assert HouseholdPresenter(tablet.desk, household).payee() == draft
    answers = tablet.replica.draft(draft).answers
    assert answers == {
        "owner": {"relation": "spouse", "holder": "李大山"},
        "bank_account": {"bank": "农商行"},
    }
    presenter = answered(
        tablet, draft, {path: v for path, v in account().items() if "account/account" in path}
    )
    presenter.submit()
    [target] = tablet.replica.outbox()[0].submission.targets
    assert target.base["account"] == "…4417"
    assert tablet.replica.outbox()[0].submission.answers["bank_account"]["on_day"] == "2020-09-12"


def test_a_conflict_over_an_account_shows_ends_and_is_settled_by_a_record(tablet):
    household = tablet.household()
    payee, other = derived_id("payee", household), tablet.desk.new_id()
    conflict = Conflict(
        tablet.desk.new_id(),
        "account",
        other,
        "…4417",
        "…0001",
        "…9999",
        other,
        "2020-09-10T02:00:00Z",
        "p-9",
    )
    known = {
        "household": household,
        "holder": "李大山",
        "account": "…9999",
        "bank": "农商行",
        "relation": "spouse",
    }
    tablet.receive(tablet.state("payee", payee, known, (conflict,)))
    presenter = HouseholdPresenter(tablet.desk, household)
    [difference] = presenter.state().conflicts
    assert (difference.label, difference.mine, difference.theirs) == ("账号", "…0001", "…9999")
    assert tablet.replica.draft(presenter.settle(difference)).form == "payee"


def test_a_tablet_without_the_form_says_so_and_goes_on(tablet):
    household = tablet.household()
    tablet.replica.db.conn.execute("DELETE FROM form WHERE id IN ('payee', 'sighting')")
    presenter = HouseholdPresenter(tablet.desk, household)
    for start in (presenter.payee, presenter.sight):
        with pytest.raises(LookupError, match="请先联网同步"):
            start()
    tablet.receive(
        tablet.state("payee", derived_id("payee", household), {"household": household, "holder": "李大山"})
    )
    assert facts(presenter.state().payee) == {"holder": "李大山"}
    assert [line.name for line in HouseholdsPresenter(tablet.desk, EAST, ignore).state.lines] == ["王秀英"]


# --- sightings -------------------------------------------------------------------------------------------------


def test_coal_seen_at_a_home_stands_on_its_page(tablet):
    household = tablet.household()
    presenter = answered(
        tablet,
        HouseholdPresenter(tablet.desk, household).sight(),
        {"/data/what": "coal_stored", "/data/amount_t": "0.5"},
    )
    presenter.submit()
    [event] = HouseholdPresenter(tablet.desk, household).state().sightings
    assert (event.title, facts(event.facts), event.pending) == (
        "存有散煤 · 2020-09-12", {"大约多少吨": "0.5"}, True,
    )  # fmt: skip
    [target] = tablet.replica.outbox()[0].submission.targets
    assert target.dataset == "sighting"


def test_coal_seen_where_nobody_lives_goes_under_its_place(tablet):
    draft = HouseholdsPresenter(tablet.desk, EAST, ignore).sight()
    presenter = answered(tablet, draft, {"/data/what": "coal_sold", "/data/place": "村东头煤场"})
    presenter.submit()
    line = OutboxPresenter(tablet.desk, ignore, "waiting").state.lines[0]
    assert (line.title, line.detail) == ("村东头煤场", "发现散煤 · 东常村 · 刚刚")


def test_two_sightings_are_two_but_an_empty_draft_is_not_doubled(tablet):
    first = drafting.start_sighting(tablet.desk, EAST)
    assert drafting.start_sighting(tablet.desk, EAST) == first
    assert drafting.start_sighting(tablet.desk, WEST) != first
    answered(tablet, first, {"/data/what": "coal_burned"})
    second = drafting.start_sighting(tablet.desk, EAST)
    assert second != first
    assert drafting.start_sighting(tablet.desk, EAST, tablet.household()) not in (first, second)


# --- what the office tells ---------------------------------------------------------------------------------------


def test_the_list_of_villages_says_where_coal_is_banned(tablet):
    zone(tablet)
    zone(tablet, "withdrawn", WEST)
    lines = VillagesPresenter(tablet.desk).state().lines
    assert [[chip.text for chip in line.chips] for line in lines] == [["禁煤区 施行中"], []]


@pytest.mark.parametrize(
    ("status", "day", "state", "line"),
    [
        ("in_force", "2020-09-01", "in_force", "南村镇禁煤区 · 施行中 · 2020-09-01 起"),
        ("designated", "2020-11-01", "designated", "南村镇禁煤区 · 已划定，未施行 · 将于 2020-11-01 起施行"),
        ("designated", "2020-09-12", "in_force", "南村镇禁煤区 · 施行中 · 2020-09-12 起"),  # its day has come
        ("proposed", "", "proposed", "南村镇禁煤区 · 拟划定"),
        ("withdrawn", "2020-09-01", "withdrawn", "南村镇禁煤区 · 已撤销"),
    ],
)
def test_a_village_says_in_whose_zone_it_stands(tablet, status, day, state, line):
    zone(tablet, status, in_force_on=day)
    told = HouseholdsPresenter(tablet.desk, EAST, ignore).state.zone
    assert (told.state, told.line) == (state, line)
    assert bool(told.rule) == (state in ("in_force", "designated"))
    assert told.means


def test_a_refused_zone_is_nobodys_and_the_one_in_force_comes_first(tablet):
    zone(tablet, "refused")
    assert HouseholdsPresenter(tablet.desk, EAST, ignore).state.zone is None
    state = tablet.state(
        "zone",
        derived_id("zone", "y", EAST),
        {"name": "新禁煤区", "status": "in_force", "in_force_on": "2020-08-01"},
    )
    tablet.receive(state)
    zone(tablet, "proposed")
    assert HouseholdsPresenter(tablet.desk, EAST, ignore).state.zone.name == "新禁煤区"


def test_a_home_reads_the_rule_beside_what_is_registered_of_its_stove(tablet):
    household = tablet.household(old_stove="present", old_stove_on="2020-08-20")
    before = HouseholdPresenter(tablet.desk, household).state()
    assert (before.zone, before.zone_words) == ((), ("本村不在禁煤区内。",))
    zone(tablet)
    page = HouseholdPresenter(tablet.desk, household).state()
    assert page.zone_words == ("本村是禁煤区，已经施行。", RULE)
    assert facts(page.zone) == {
        "名称": "南村镇禁煤区", "状态": "施行中 · 2020-09-01 起", "文号": "9号",
        "登记的燃煤炉具": "有，在用 · 2020-08-20",
    }  # fmt: skip


def test_a_home_left_out_of_the_zone_is_told_no_rule(tablet):
    out, inside = tablet.household(), tablet.household()
    zone(tablet, left_out=out, left_out_n="1")
    assert "除外" in HouseholdPresenter(tablet.desk, out).state().zone_words[0]
    assert RULE not in HouseholdPresenter(tablet.desk, out).state().zone_words
    assert HouseholdPresenter(tablet.desk, inside).state().zone_words[1:] == (
        RULE,
        "部分住户除外（1 户），以办公室名单为准。",
    )


def test_a_homes_money_is_told_in_the_offices_sentences(tablet):
    household = tablet.household()
    assert HouseholdPresenter(tablet.desk, household).state().money.lines == ()
    said = "运行补贴 2,400.00 元：已于 2020年12月3日 付至尾号 4417 的账户\n购置补贴 5,000.00 元：银行退回，户名不符"
    props = {"household": household, "lines": said, "lines_en": "2,400.00 yuan paid", "as_of": "2020-12-05"}
    tablet.receive(tablet.state("subsidy", derived_id("subsidy", household), props))
    money = HouseholdPresenter(tablet.desk, household).state().money
    assert (money.lines, money.as_of) == (tuple(said.split("\n")), "截至 2020-12-05")
    english = replace(tablet.desk, say=speak("en"), language="en")
    assert HouseholdPresenter(english, household).state().money.lines == ("2,400.00 yuan paid",)


def test_where_money_was_paid_nobody_is_told_that_there_is_no_account(tablet, open_window):
    household = tablet.household()
    window = open_window(tablet.desk)
    window.app.journey.go("household", household=household)
    window.frames()
    window.see("尚未登记收款账户。")
    props = {"household": household, "lines": "建设补贴 1,624.50 元：已到账，账号尾号 4273。"}
    tablet.receive(tablet.state("subsidy", derived_id("subsidy", household), props))
    window.app.journey.again()
    window.frames()
    window.see("发放账户以办公室的为准")
    assert "尚未登记收款账户。" not in window.words()


def test_a_visit_at_a_door_that_is_not_registered_asks_for_the_door(tablet):
    village = HouseholdsPresenter(tablet.desk, EAST, ignore)
    draft = village.visit()
    assert village.visit() == draft
    presenter = answered(tablet, draft, {"/data/new_door": "9组1号", "/data/visit_outcome": "not_at_home"})
    presenter.submit()
    [line] = HouseholdsPresenter(tablet.desk, EAST, ignore).state.lines
    assert "9组1号" in line.detail
    assert village.visit() != draft


def test_whoever_a_reply_names_is_called_by_name(tablet):
    household = tablet.household()
    conflict = Conflict(
        tablet.desk.new_id(), "phone", tablet.desk.new_id(), "1", "2", "3", "", "2020-09-10T02:00:00Z", "p-9"
    )
    tablet.receive(tablet.state("household", household, {"head_name": "王秀英", "phone": "3"}, (conflict,)))
    [before] = HouseholdPresenter(tablet.desk, household).state().conflicts
    tablet.reply(people={"p-9": "李四"})
    [after] = HouseholdPresenter(tablet.desk, household).state().conflicts
    assert ("其他人员" in before.by, "李四" in after.by) == (True, True)
