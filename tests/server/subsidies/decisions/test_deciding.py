"""From accepted conversions to decided lines: once each, with rule, facts and reason, booked in the same breath."""

import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from server.access.tables import Audit
from server.database import read, table_of, write
from server.exchange import journal
from server.registry.tables import Conversion, Household
from server.subsidies import facts
from server.subsidies.decisions import Act, Outcome, decide
from server.subsidies.ledger import totals
from server.subsidies.ledger_checks import verify
from server.subsidies.tables import EntitlementRow
from server.web import Problem

COUNTY = "140427"


def test_an_accepted_conversion_becomes_lines_and_a_claimed_one_nothing(office) -> None:
    office.accepted_home("h1")
    office.home("h2")
    office.conversion("c-h2", "h2", accepted_on=date(2018, 11, 1))
    rows = office.queue()
    assert [(row.household, row.component, row.season, row.amount_fen) for row in rows] == [
        ("h1", "operating", "2018-2019", 240_000), ("h1", "construction", "once", 500_000),
    ]  # fmt: skip
    head = office.heads()["h1"]
    assert (head.undecided_n, head.undecided_fen, head.village) == (2, 740_000, "140427100201")


def test_decided_lines_say_by_what_and_by_whom_and_are_booked(office) -> None:
    office.accepted_home("h1")
    assert office.decide() == Outcome(lines_n=2, homes_n=1, fen=740_000)
    construction, operating = office.decided()
    assert [construction.number, operating.number] == [1, 2]
    assert construction.line["rules"] == ["construction.rates[0].amounts.2018"]
    assert construction.line["facts"]["acceptance"] == "验字1号"
    assert construction.line["reason"]["zh"].startswith("2018年接通的煤改电，第一档")
    assert construction.shares == {"unstated": 500_000} and operating.shares == {
        "city": 120_000,
        "county": 120_000,
    }
    assert (construction.surveyed_by, construction.accepted_by, construction.decided_by) == (
        ["surveyor"], ["official"], "clerk",
    )  # fmt: skip
    assert facts.from_json(construction.home).conversions[0].accepted_on == date(2018, 11, 1)
    found = office.books()
    assert verify(found) == [] and totals(found.entries).obligated_fen == 740_000
    with read(office.engine) as session:
        line = session.exec(select(Audit).where(Audit.verb == "entitlement.decide")).one()
    assert (line.subject, line.area, line.detail["项数"]) == ("household/140427/h1", "140427100201", "2")


def test_what_was_decided_leaves_the_queue_and_the_next_season_comes_when_it_is_due(office) -> None:
    office.accepted_home("h1")
    office.decide()
    assert office.queue() == [] and office.heads()["h1"].undecided_fen == 0
    office.now = datetime(2019, 11, 16, tzinfo=UTC)
    assert [row.season for row in office.queue()] == ["2019-2020"]
    office.decide()
    assert [row.season for row in office.decided()] == ["once", "2018-2019", "2019-2020"]


def test_zero_is_decided_too_where_the_document_is_silent(office) -> None:
    office.home("h1")
    office.conversion("c", "h1", "2017-10-20")
    office.accept("c", on="2017-11-01")
    assert office.decide().lines_n == 3
    construction = office.decided()[0]
    assert (construction.outcome, construction.amount_fen, construction.shares) == ("silent", 0, {})
    assert verify(office.books()) == []


def test_deciding_twice_decides_once(office) -> None:
    office.accepted_home("h1")
    seen = office.picks()
    assert office.decide(picks=seen).lines_n == 2
    again = office.decide(picks=seen, person="second clerk")
    assert again == Outcome(changed_n=1)
    assert len(office.decided()) == 2 and verify(office.books()) == []


def test_two_clerks_at_once_decide_each_line_once(office) -> None:
    for number in range(6):
        office.accepted_home(f"h{number}")
    seen, outcomes = office.picks(), []

    def work(person: str) -> None:
        act = Act("due", person, office.now)
        outcomes.append(decide(office.engine, COUNTY, seen, act, office.new_id))

    threads = [threading.Thread(target=work, args=(f"clerk {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.lines_n for each in outcomes) == [0, 0, 12]
    assert sorted(each.changed_n for each in outcomes) == [0, 6, 6]
    assert len(office.decided()) == 12 and verify(office.books()) == []


def test_the_database_itself_lets_there_be_one_decision_of_each(office) -> None:
    office.accepted_home("h1")
    office.decide()
    row = office.decided()[0].model_dump() | {"id": "another", "number": 99}
    with pytest.raises(IntegrityError), write(office.engine) as session:
        session.execute(insert(table_of(EntitlementRow)), [row])
    with write(office.engine) as session:
        session.execute(insert(table_of(EntitlementRow)), [row | {"corrects": office.decided()[0].id}])


def test_a_line_that_changed_since_it_was_seen_is_not_decided(office) -> None:
    office.accepted_home("h1")
    office.accepted_home("h2")
    seen = office.picks()
    office.change(Conversion, "c-h1", connected_on=date(2019, 1, 5))
    assert office.decide(picks=seen) == Outcome(lines_n=2, homes_n=1, fen=740_000, changed_n=1)
    # It stands in the queue as it now is: another year, another rate.
    assert [row.amount_fen for row in office.queue()] == [400_000]


def test_money_stays_with_the_village_it_was_decided_for(office) -> None:
    office.accepted_home("h1")
    office.decide()
    office.change(Household, "h1", village="140427200201")
    office.now = datetime(2019, 11, 16, tzinfo=UTC)
    office.change(Conversion, "c-h1", kind="gas")
    (correction, *_) = office.queue("correction")
    assert correction.village == "140427100201"
    assert {row.village for row in office.queue()} == {"140427200201"}
    office.decide("correction")
    assert {row.village for row in office.decided()} == {"140427100201"}


def test_nobody_decides_about_what_they_recorded_or_accepted(office) -> None:
    office.accepted_home("h1")
    for person in ("surveyor", "official"):
        assert office.decide(person=person) == Outcome(own_n=1)
    assert office.decided() == [] and len(office.queue()) == 2


def test_a_broken_off_decision_is_whole_as_far_as_it_went_and_goes_on(office) -> None:
    office.accepted_homes(260)
    seen = office.picks()

    def stop(homes_n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decide(office.engine, COUNTY, seen, Act("due", "clerk", office.now), office.new_id, stop)
    assert len(office.decided()) == 500 and verify(office.books()) == []
    assert office.decide() == Outcome(lines_n=20, homes_n=10, fen=7_400_000)
    assert [row.number for row in office.decided()] == list(range(1, 521))


def test_deciding_begins_again_where_a_tablet_was_in_the_way(office) -> None:
    office.accepted_homes(2)
    seen, told = office.picks(), []

    def tell(session, homes) -> None:
        told.append(list(homes))
        if len(told) < 3:
            raise journal.Stale

    act = Act("due", "clerk", office.now)
    assert decide(office.engine, COUNTY, seen, act, office.new_id, tell=tell).lines_n == 4
    assert told == [["h000", "h001"]] * 3
    assert [row.number for row in office.decided()] == [1, 2, 3, 4] and verify(office.books()) == []


@pytest.mark.parametrize(("kind", "reason", "said"), [("due", "", "没有选中"), ("correction", " ", "理由")])
def test_a_lacking_decision_is_refused_in_words(small_office, kind: str, reason: str, said: str) -> None:
    small_office.accepted_home("h1")
    picks = [] if kind == "due" else small_office.picks()
    with pytest.raises(Problem, match=said):
        decide(
            small_office.engine,
            COUNTY,
            picks,
            Act(kind, "clerk", small_office.now, reason),
            small_office.new_id,
        )
