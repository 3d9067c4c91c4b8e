"""The books out of the database are the books that went in, on both databases; numbers have no gap."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from server.database import read, write
from server.subsidies import books, ledger, lines
from server.subsidies.facts import Conversion, Home
from server.subsidies.ledger import About
from server.subsidies.ledger_checks import verify
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule
from server.subsidies.tables import PaymentRow

COUNTY, VILLAGE = "140427", "140427100201"
NOW = datetime(2020, 12, 1, tzinfo=UTC)
SHARES = {"city": 120_000, "county": 120_000}


def about(id: str, entitlement: str = "E1", payment: str = "") -> About:
    return About(id, COUNTY, date(2020, 12, 1), entitlement, payment)


def payment_row(id: str, state: str, entitlement: str = "E1") -> PaymentRow:
    return PaymentRow(
        county=COUNTY, id=id, batch="B1", village=VILLAGE, household="H1", entitlement=entitlement,
        settles=[entitlement], amount_fen=240_000, shares=SHARES, holder="张三", account="62284417", bank="农行",
        relation="本人", state=state, surveyed_by=["s"], accepted_by=["o"], reason="", sent_on=None, booked_on=None,
    )  # fmt: skip


def test_entries_come_back_as_they_were_posted_and_in_their_order(engine: Engine) -> None:
    made = (
        ledger.obligation(about("L9"), SHARES),
        ledger.payment_sent(about("L1", payment="P1"), SHARES),
        ledger.credited(about("L5", payment="P1"), SHARES),
    )
    other = ledger.obligation(about("L2", "E2"), {"county": 5})
    with write(engine) as session:
        books.post(session, COUNTY, made, village_of={"E1": VILLAGE}, person="p", now=NOW)
    with write(engine) as session:
        books.post(session, COUNTY, [other], village_of={"E2": VILLAGE}, person="p", now=NOW)
        books.post(session, COUNTY, [], village_of={}, person="p", now=NOW)
    with read(engine) as session:
        assert books.entries(session, COUNTY) == (*made, other)
        assert books.entries(session, COUNTY, entitlements=["E2", "E3"]) == (other,)
        assert books.entries(session, "140525") == ()


def test_payments_are_read_by_household_and_by_batch(engine: Engine) -> None:
    with write(engine) as session:
        session.add_all([payment_row("P2", "returned"), payment_row("P1", "credited")])
    with read(engine) as session:
        found = books.payments(session, COUNTY)
        assert [(each.id, each.state, each.live) for each in found] == [
            ("P1", "credited", True), ("P2", "returned", False),
        ]  # fmt: skip
        assert found[0].payee.masked == "****4417" and found[0].surveyed_by == {"s"}
        assert books.payments(session, COUNTY, households=["H1"], batch="B1") == found
        assert books.payments(session, COUNTY, households=["H2"]) == ()
        assert books.payments(session, COUNTY, batch="B2") == ()


def test_the_database_lets_no_decision_have_two_live_payments(engine: Engine) -> None:
    with pytest.raises(IntegrityError), write(engine) as session:
        session.add_all([payment_row("P1", "credited"), payment_row("P2", "planned")])


def test_numbers_are_given_once_and_taken_back_with_what_failed(engine: Engine) -> None:
    with write(engine) as session:
        assert list(books.take_numbers(session, COUNTY, "x", 2)) == [1, 2]
    with pytest.raises(RuntimeError), write(engine) as session:
        assert list(books.take_numbers(session, COUNTY, "x", 3)) == [3, 4, 5]
        raise RuntimeError
    with write(engine) as session:
        assert list(books.take_numbers(session, COUNTY, "x", 0)) == []
        assert list(books.take_numbers(session, COUNTY, "x", 1)) == [3]
        assert list(books.take_numbers(session, "140525", "x", 1)) == [1]


def test_many_who_post_at_once_leave_one_row_of_numbers(engine: Engine) -> None:
    def work(worker: int) -> None:
        for number in range(5):
            entry = ledger.obligation(about(f"L{worker}-{number}", f"E{worker}-{number}"), {"county": 1})
            with write(engine) as session:
                village_of = {entry.entitlement: VILLAGE}
                books.post(session, COUNTY, [entry], village_of=village_of, person="p", now=NOW)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(engine) as session:
        assert len(books.entries(session, COUNTY)) == 20
    with write(engine) as session:
        assert list(books.take_numbers(session, COUNTY, books.ENTRIES, 1)) == [21]


def test_an_empty_county_has_empty_books_that_hold(engine: Engine) -> None:
    with read(engine) as session:
        found = books.load(session, COUNTY)
    assert (found.entries, found.decided, found.payments) == ((), (), ()) and verify(found) == []


def test_a_line_comes_back_from_json_as_it_was(
    changzhi: Schedule, home: Callable[..., Home], converted: Callable[..., Conversion]
) -> None:
    worked = work_out(home("140427", converted("2018-10-20")), [changzhi], date(2020, 12, 1))
    assert len(worked.lines) == 4
    assert [lines.from_json(lines.to_json(line)) for line in worked.lines] == list(worked.lines)
