"""The interview's presenter on the real forms and the real replica."""

import pytest

from mobile.presenters import drafting
from mobile.presenters.household import HouseholdPresenter
from mobile.presenters.households import HouseholdsPresenter
from mobile.presenters.interview import InterviewPresenter

HOUSEHOLD = {
    "/data/basics/door_number": "3组12号",
    "/data/basics/head_name": "刘㛃䶮",
    "/data/house/house_area_m2": "120",
    "/data/house/occupancy": "all_winter",
    "/data/house/residents_n": "3",
    "/data/house/hardship": "none",
    "/data/heating/heating_status": "heated",
    "/data/heating/fuel": "bulk_coal",
    "/data/heating/device": "coal_stove",
    "/data/heating/heated_area_m2": "60",
    "/data/heating/old_stove": "present",
    "/data/coal/coal_answer": "burned",
    "/data/coal/purchase[1]/tonnes": "2.5",
    "/data/coal/purchase[1]/price": "800",
    "/data/coal/coal_source": "depot hawker",
}
CONVERSION = {
    "/data/subject/kind": "electric",
    "/data/subject/device_code": "10",
    "/data/subject/batch": "1",
    "/data/contract/contract_number": "ZZ-2020-0417",
    "/data/contract/signed_on": "2020-05-06",
    "/data/works/installed_on": "2020-08-20",
}


def seen(states):
    """A place for the presenter's states, and the function that fills it."""
    return states.append


def fill(presenter, answers):
    for path, value in answers.items():
        presenter.answer(path, value)


def open_new(tablet, village="140525100201"):
    draft = HouseholdsPresenter(tablet.desk, village, lambda state: None).register()
    return draft, InterviewPresenter(tablet.desk, draft, lambda state: None)


def test_a_new_household_becomes_a_record_that_waits(tablet):
    _, presenter = open_new(tablet)
    fill(presenter, HOUSEHOLD)
    presenter.submit()
    assert presenter.state.review is None, presenter.state.review and presenter.state.review.faults
    record = tablet.replica.record(presenter.state.submitted)
    assert record.state == "waiting"
    assert {target.dataset for target in record.submission.targets} == {"household", "coal_use"}
    row = tablet.replica.households("140525100201", "刘㛃")[0]
    assert (row.head_name, row.marks) == ("刘㛃䶮", ("new", "waiting"))
    assert tablet.replica.related("coal_use", row.id)[0].props["coal_t"] == "2.5"


def test_every_answer_is_saved_and_the_interview_goes_on_where_it_was_left(tablet):
    draft, presenter = open_new(tablet)
    presenter.answer("/data/basics/door_number", "1组7号")
    presenter.next()
    presenter.answer("/data/house/house_area_m2", "80", settled=False)
    again = InterviewPresenter(tablet.desk, draft, lambda state: None)
    assert again.state.page_n == 2
    values = {asked.shown.path: asked.shown.value for asked in again.state.asked}
    assert values["/data/house/house_area_m2"] == "80"
    again.previous()
    assert again.state.asked[0].shown.value == "1组7号"


def test_a_page_turns_in_spite_of_faults_which_are_told_once_the_question_was_settled(tablet):
    _, presenter = open_new(tablet)
    assert not any(asked.fault for asked in presenter.state.asked)
    presenter.answer("/data/basics/id_number", "140525", settled=False)
    assert not any(asked.fault for asked in presenter.state.asked)
    presenter.answer("/data/basics/id_number", "140525")
    told = {asked.shown.path: asked.fault for asked in presenter.state.asked if asked.fault}
    assert list(told) == ["/data/basics/id_number"]
    assert "18位" in told["/data/basics/id_number"]
    presenter.next()
    assert presenter.state.page_n == 2
    presenter.previous()
    assert [asked.shown.path for asked in presenter.state.asked if asked.fault] == [
        "/data/basics/door_number",
        "/data/basics/head_name",
        "/data/basics/id_number",
    ]


def test_what_is_wrong_on_the_page_just_turned_is_told_with_a_way_back(tablet):
    _, presenter = open_new(tablet)
    fill(presenter, HOUSEHOLD)
    presenter.next()
    assert presenter.state.behind == ""
    presenter.previous()
    presenter.answer("/data/basics/phone", "12345")
    presenter.next()
    assert presenter.state.page_n == 2
    assert presenter.state.behind == "上一页有 1 处需要修改，点这里回去"
    presenter.answer("/data/house/house_area_m2", "110")
    assert presenter.state.behind
    presenter.mend()
    assert presenter.state.behind == ""
    assert [asked.shown.path for asked in presenter.state.asked if asked.fault] == ["/data/basics/phone"]
    presenter.answer("/data/basics/phone", "13800000000")
    presenter.next()
    assert presenter.state.behind == ""


def test_a_place_is_looked_over_in_words(tablet):
    _, presenter = open_new(tablet)
    fill(presenter, HOUSEHOLD | {"/data/basics/location": "35.554548 112.73844 0 10"})
    presenter.look_over()
    shown = {line.path: line.value for _, lines in presenter.state.review.groups for line in lines}
    assert shown["/data/basics/location"] == "纬度 35.554548，经度 112.73844，误差 10 米"


@pytest.mark.parametrize(
    ("answer", "known", "said"),
    [
        ("35.49 112.85 700 4.2", "", "已定位，误差约 4 米"),
        ("35.49 112.85", "", "已填位置，误差不明"),
        ("35.49 112.85 700 120", "", "已定位，误差约 120 米，偏大，请到空旷处再取一次"),
        ("35.49 112.85 700 5", "35.49 112.85 700 5", "已定位，误差约 5 米；就是名册上的位置"),
        ("35.4904 112.85 700 5", "35.49 112.85 700 5", "已定位，误差约 5 米；离名册上这一户约 44 米"),
        (
            "35.51 112.85 700 5",
            "35.49 112.85",
            "已定位，误差约 5 米；离名册上这一户约 2.2 公里，请核对是不是这一户",
        ),
        ("35.49", "35.49 112.85", ""),
    ],
)
def test_a_place_is_told_by_how_good_it_is_and_how_far_from_the_home(
    tablet, answer: str, known: str, said: str
):
    draft = drafting.start_update(tablet.desk, "140525100201", tablet.household(location=known))
    presenter = InterviewPresenter(tablet.desk, draft, lambda state: None)
    presenter.answer("/data/basics/location", answer)
    assert {asked.told for asked in presenter.state.asked if asked.shown.type == "geopoint"} == {said}


def test_the_last_look_lists_every_fault_and_leads_back_to_it(tablet):
    _, presenter = open_new(tablet)
    fill(presenter, HOUSEHOLD | {"/data/heating/heated_area_m2": "500"})
    presenter.submit()
    assert presenter.state.submitted is None
    assert [line.path for line in presenter.state.review.faults] == ["/data/heating/heated_area_m2"]
    presenter.go_to("/data/heating/heated_area_m2")
    assert presenter.state.page_title == "取暖"
    presenter.answer("/data/heating/heated_area_m2", "100")
    presenter.look_over()
    assert presenter.state.review.ready
    shown = {line.path: line.value for _, lines in presenter.state.review.groups for line in lines}
    assert shown["/data/heating/device"] == "燃煤炉"
    assert shown["/data/coal/coal_source"] == "煤场、供应网点、走村商贩"


def test_repeats_grow_and_shrink(tablet):
    _, presenter = open_new(tablet)
    fill(presenter, HOUSEHOLD)
    while presenter.state.page_title != "2019-2020 采暖季用煤":
        presenter.next()
    adding = next(asked.shown for asked in presenter.state.asked if asked.shown.type == "add_repeat")
    presenter.add(adding.repeat.path)
    presenter.answer("/data/coal/purchase[2]/tonnes", "1")
    presenter.answer("/data/coal/purchase[2]/price", "900")
    note = next(asked.shown for asked in presenter.state.asked if asked.shown.type == "note")
    assert "3.5 吨" in note.label
    presenter.remove(adding.repeat.path, 1)
    note = next(asked.shown for asked in presenter.state.asked if asked.shown.type == "note")
    assert "1 吨" in note.label


def test_a_discarded_draft_leaves_nothing(tablet):
    draft, presenter = open_new(tablet)
    presenter.discard()
    assert presenter.state.discarded
    assert tablet.replica.draft(draft) is None


def test_a_conversion_advances_in_a_second_interview_that_knows_the_first(tablet):
    household = tablet.household()
    page = HouseholdPresenter(tablet.desk, household)
    first = InterviewPresenter(tablet.desk, page.convert(), lambda state: None)
    fill(first, CONVERSION)
    first.submit()
    assert first.state.submitted, first.state.review
    [event] = page.state().conversions
    assert (event.title, event.pending) == ("煤改电", True)
    tablet.clock.wait(days=30)
    second = InterviewPresenter(tablet.desk, page.progress(event.id), lambda state: None)
    kind = next(asked.shown for asked in second.state.asked if asked.shown.path == "/data/subject/kind")
    assert kind.value == "electric"
    done = {
        "/data/works/connected_on": "2020-10-01",
        "/data/works/account_number": "9900417",
        "/data/stove/old_stove": "kept",
    }
    fill(second, done)
    second.submit()
    assert second.state.submitted, second.state.review
    state = page.state()
    assert len(state.conversions) == 1
    facts = {fact.label: fact.value for fact in state.heating}
    assert (facts["现用取暖设备"], facts["现用取暖能源"]) == ("空气源热泵", "电")


def test_the_same_interview_is_continued_never_doubled(tablet):
    household = tablet.household()
    page = HouseholdPresenter(tablet.desk, household)
    assert page.convert() == page.convert()
    assert page.visit() == page.visit()
    assert page.update() == page.update()
    assert len(tablet.replica.drafts()) == 3


@pytest.mark.parametrize(
    ("visited_on", "outcome", "dated"),
    [
        ("2020-09-01", "surveyed", "2020-09-01"),
        ("2020-09-01", "not_at_home", "2020-09-12"),
        ("2020-03-01", "surveyed", "2020-09-12"),  # of then the form would ask about another winter
        ("", "", "2020-09-12"),
    ],
)
def test_an_update_knows_the_household_and_is_no_visit_where_there_was_one(
    tablet, visited_on: str, outcome: str, dated: str
):
    household = tablet.household(tenure="owner", visited_on=visited_on, visit_outcome=outcome)
    draft = drafting.start_update(tablet.desk, "140525100201", household)
    presenter = InterviewPresenter(tablet.desk, draft, lambda state: None)
    values = {line.path: line.value for line in _look(presenter)}
    assert values["/data/basics/head_name"] == "王秀英"
    assert values["/data/visited_on"] == dated


def test_whoever_corrects_a_telephone_is_not_asked_for_coal_that_is_registered(tablet):
    known = {"heating_status": "heated", "residents_n": "2", "tenure": "owner", "phone": "15400000001"}
    household = tablet.household(**known)

    def asked():
        draft = HouseholdPresenter(tablet.desk, household).update()
        presenter = InterviewPresenter(tablet.desk, draft, lambda state: None)
        presenter.look_over()
        missing = {line.path for line in presenter.state.review.faults}
        presenter.discard()
        return "/data/coal/coal_answer" in missing

    assert asked(), "what nobody has said yet"
    coal = {"household": household, "season": "2019-2020", "coal_t": "2.5", "coal_source": "depot"}
    tablet.receive(tablet.state("coal_use", tablet.desk.new_id(), coal))
    assert not asked()


def test_a_visit_wrongly_recorded_as_not_heated_is_taken_back_by_its_correction(tablet):
    """Else the home would stay outside the base of the coverage, although nobody says so any more."""
    household = tablet.household(heating_status="heated", remark="院里有狗")
    first = InterviewPresenter(
        tablet.desk, HouseholdPresenter(tablet.desk, household).visit(), lambda state: None
    )
    fill(first, {"/data/visit_outcome": "not_heated", "/data/reason": "away_winter"})
    first.submit()
    assert tablet.replica.entity("household", household).props["heating_status"] == "not_heated"
    draft = tablet.replica.begin_correction(first.state.submitted)
    correction = InterviewPresenter(tablet.desk, draft.id, lambda state: None)
    correction.answer("/data/visit_outcome", "not_at_home")
    correction.submit()
    props = tablet.replica.entity("household", household).props
    assert (props["heating_status"], props["not_heated_reason"]) == ("heated", "")
    assert (props["visit_outcome"], props["remark"], props["head_name"]) == (
        "not_at_home",
        "院里有狗",
        "王秀英",
    )


def _look(presenter):
    presenter.look_over()
    return [line for _, lines in presenter.state.review.groups for line in lines]


def test_a_late_word_from_a_field_does_not_bring_a_submitted_draft_back(tablet):
    household = tablet.household()
    draft = HouseholdPresenter(tablet.desk, household).visit()
    presenter = InterviewPresenter(tablet.desk, draft, lambda state: None)
    presenter.answer("/data/visit_outcome", "refused")
    presenter.submit()
    presenter.answer("/data/remark", "晚到的字")
    assert tablet.replica.drafts() == []
