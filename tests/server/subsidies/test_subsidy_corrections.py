"""A decision stays; when facts change a difference is proposed, and what may be paid follows from both."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from server.subsidies.corrections import Decided, Difference, propose_corrections, undecided
from server.subsidies.entitlement import Line
from server.subsidies.facts import Spell
from server.subsidies.payments import Payable, Payee, Payment, excess, payable
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule

Make = Callable[..., Any]
COUNTY = "140427"
ON = date(2019, 12, 1)


def decide(lines: Iterable[Line], prefix: str = "e") -> list[Decided]:
    return [Decided(f"{prefix}{number}", line) for number, line in enumerate(lines)]


def decided_too(difference: Difference, id: str) -> Decided:
    return Decided(id, difference.line, difference.corrects[0])


def paid(id: str, what: Payable, state: str = "credited") -> Payment:
    return Payment(
        id, what.county, what.household, what.entitlement, what.amount_fen, what.shares_fen,
        Payee("张三", "6228480000004417"), state,
    )  # fmt: skip


@pytest.fixture
def before(home: Make, converted: Make, changzhi: Schedule) -> list[Decided]:
    """Decided for a home connected in December 2018: 5,000 once, 2,400 for each of two winters."""
    return decide(work_out(home(COUNTY, converted("2018-12-20")), [changzhi], ON).lines)


def test_nothing_differs_while_the_facts_stand(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    now = work_out(home(COUNTY, converted("2018-12-20")), [changzhi], ON)
    assert propose_corrections(before, now) == ()
    assert undecided(before, now) == ()
    assert [line.season for line in undecided(before[:1], now)] == ["2018-2019", "2019-2020"]


def test_another_day_of_connection_proposes_differences_with_their_reasons(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    now = work_out(home(COUNTY, converted("2019-01-05", id="electric-2018-12-20")), [changzhi], ON)
    construction, season = propose_corrections(before, now)
    assert (construction.before_fen, construction.after_fen, construction.line.amount_fen) == (
        500_000, 400_000, -100_000,
    )  # fmt: skip
    assert dict(construction.line.shares_fen) == {"unstated": -100_000}
    assert (construction.corrects, construction.line.outcome) == (("e0",), "correction")
    assert construction.line.reason["zh"] == (
        "原定 5,000.00 元，按现在的情况应为 4,000.00 元，差额 -1,000.00 元。"
        "验收日期由“2018-12-20”改为“2019-01-05”；接通日期由“2018-12-20”改为“2019-01-05”。"
    )
    assert ("connected_on", "2018-12-20", "2019-01-05") in construction.changes
    assert (season.line.season, season.line.amount_fen) == ("2018-2019", -240_000)
    assert season.line.reason["zh"] == "原定 2,400.00 元，按现在的情况没有这一项，差额 -2,400.00 元。"
    assert dict(season.line.shares_fen) == {"city": -120_000, "county": -120_000}


def test_a_correction_once_decided_is_not_proposed_again(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    now = work_out(home(COUNTY, converted("2019-01-05")), [changzhi], ON)
    with_corrections = before + [
        decided_too(each, f"c{number}") for number, each in enumerate(propose_corrections(before, now))
    ]
    assert propose_corrections(with_corrections, now) == ()
    back = propose_corrections(
        with_corrections, work_out(home(COUNTY, converted("2018-12-20")), [changzhi], ON)
    )
    assert [each.line.amount_fen for each in back] == [100_000, 240_000]


def test_an_open_question_proposes_nothing(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    lost = converted("2018-12-20", connected_on=None)
    assert propose_corrections(before, work_out(home(COUNTY, lost), [changzhi], ON)) == ()
    newer = home(COUNTY, converted("2018-12-20"), converted("2019-10-01", None, kind="gas"))
    assert propose_corrections(before, work_out(newer, [changzhi], ON)) == ()


def test_an_acceptance_taken_back_takes_everything_back(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    now = work_out(home(COUNTY, converted("2018-12-20", None)), [changzhi], ON)
    assert [each.line.amount_fen for each in propose_corrections(before, now)] == [
        -500_000,
        -240_000,
        -240_000,
    ]


def test_money_keeps_the_village_that_decided_it(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    moved = replace(home(COUNTY, converted("2019-01-05")), village="140427200202")
    assert {each.line.village for each in propose_corrections(before, work_out(moved, [changzhi], ON))} == {
        "140427100201"
    }


def test_shares_alone_may_differ(
    before: list[Decided], home: Make, converted: Make, changzhi_document: dict[str, Any], edited: Make
) -> None:
    other = edited(
        changzhi_document, {"version": "2", "operating.shares.of": {"city": "0.4", "county": "0.6"}}
    )
    found = propose_corrections(before, work_out(home(COUNTY, converted("2018-12-20")), [other], ON))
    assert [(each.line.amount_fen, dict(each.line.shares_fen)) for each in found] == [
        (0, {"city": -24_000, "county": 24_000})
    ] * 2
    assert found[0].changes == (("schedule", "changzhi-2018@1", "changzhi-2018@2"),)


def test_a_newly_proven_class_is_a_new_line_and_no_correction(
    home: Make, converted: Make, zezhou: Schedule
) -> None:
    on = date(2020, 12, 1)
    decided = decide(work_out(home("140525", converted("2020-10-10")), [zezhou], on).lines)
    now = work_out(
        home("140525", converted("2020-10-10"), hardship=(Spell("dibao", date(2020, 1, 1)),)), [zezhou], on
    )
    assert propose_corrections(decided, now) == ()
    assert [(line.component, line.amount_fen) for line in undecided(decided, now)] == [
        ("hardship", 50_000), ("hardship", 20_000),
    ]  # fmt: skip


# ---- two households that turn out to be one


def test_what_merged_households_were_both_granted_is_held_back_and_proposed_back(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    alias = {"户-2": "户-1"}
    house = home(COUNTY, converted("2018-12-20"))
    second = decide(work_out(replace(house, household="户-2"), [changzhi], ON).lines[:1], "f")
    both = [*before, *second]
    first_paid = [paid("p1", payable(before[:1], [])[0])]
    assert payable(both[:1] + second, first_paid, alias) == ()
    (back,) = propose_corrections(both, work_out(house, [changzhi], ON), alias)
    assert (back.corrects, back.before_fen, back.after_fen) == (("e0", "f0"), 1_000_000, 500_000)
    assert "定了 2 次" in back.line.reason["zh"]
    settled = [*both, decided_too(back, "c0")]
    assert propose_corrections(settled, work_out(house, [changzhi], ON), alias) == ()
    assert [each.entitlement for each in payable(settled, first_paid, alias)] == ["e1", "e2"]
    assert excess(settled, first_paid, alias) == ()
    both_paid = [*first_paid, paid("p2", payable(second, [])[0])]
    assert [(each.amount_fen, each.payments) for each in excess(settled, both_paid, alias)] == [
        (500_000, ("p1", "p2"))
    ]


# ---- what may be paid


def test_what_is_decided_is_payable_once(before: list[Decided]) -> None:
    due = payable(before, [])
    assert [(each.entitlement, each.amount_fen) for each in due] == [
        ("e0", 500_000),
        ("e1", 240_000),
        ("e2", 240_000),
    ]
    live = [paid("p1", due[0], "planned"), paid("p2", due[1], "sent")]
    assert [each.entitlement for each in payable(before, live)] == ["e2"]


def test_returned_money_is_payable_again(before: list[Decided]) -> None:
    due = payable(before, [])
    payments = [paid("p1", due[0], "returned"), paid("p2", due[1], "dropped"), paid("p3", due[2], "reversed")]
    assert payable(before, payments) == due


def test_a_correction_before_the_payment_is_in_it(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    now = work_out(home(COUNTY, converted("2019-01-05")), [changzhi], ON)
    corrections = [decided_too(each, f"c{n}") for n, each in enumerate(propose_corrections(before, now))]
    due = payable([*before, *corrections], [])
    assert [(each.entitlement, each.amount_fen, each.settles) for each in due] == [
        ("e0", 400_000, ("e0", "c0")), ("e2", 240_000, ("e2",)),
    ]  # fmt: skip


def test_more_after_the_payment_is_paid_by_itself_and_less_is_an_excess(
    before: list[Decided], home: Make, converted: Make, changzhi: Schedule
) -> None:
    payments = [paid(f"p{n}", each) for n, each in enumerate(payable(before, []))]
    now = work_out(home(COUNTY, converted("2019-01-05")), [changzhi], ON)
    less = [decided_too(each, f"c{n}") for n, each in enumerate(propose_corrections(before, now))]
    assert payable([*before, *less], payments) == ()
    assert [(each.entitlement, each.amount_fen) for each in excess([*before, *less], payments)] == [
        ("e0", 100_000), ("e1", 240_000),
    ]  # fmt: skip
    again = work_out(home(COUNTY, converted("2018-12-20")), [changzhi], ON)
    more = [decided_too(each, f"d{n}") for n, each in enumerate(propose_corrections([*before, *less], again))]
    assert payable([*before, *less, *more], payments) == ()
    assert excess([*before, *less, *more], payments) == ()


def test_an_account_is_shown_by_its_last_four_digits() -> None:
    assert Payee("张三", "6228480000004417").masked == "************4417"
    assert Payee("张三", "17").masked == "17"
