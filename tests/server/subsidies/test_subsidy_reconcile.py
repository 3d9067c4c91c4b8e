"""Reconciliation: rows are multisets, matched by id and account; nothing is lost, invented or taken twice."""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.subsidies.payments import Payee, Payment
from server.subsidies.reconcile import UNMATCHED, Known, Reconciled, Row, Said, disagreements, reconcile

DAY = date(2020, 12, 3)


def payment(number: int, amount_fen: int = 240_000, state: str = "sent") -> Payment:
    payee = Payee("张三", f"622848000000{number:04}")
    shares_fen = {"county": amount_fen}
    return Payment(
        f"P{number:04}", "140525", f"户-{number}", f"e{number}", amount_fen, shares_fen, payee, state
    )


def said(number: int, amount_fen: int = 240_000, outcome: str = "credited", **changes: Any) -> Said:
    reason = "户名不符" if outcome == "returned" else ""
    return Said(f"P{number:04}", f"622848000000{number:04}", amount_fen, outcome, reason, DAY)._replace(
        **changes
    )


def rows(*what: Said) -> list[Row]:
    return [Row(number, each) for number, each in enumerate(what, start=2)]


def known(*payments: Payment, **more: Any) -> Known:
    given_too = {"answered": {}, "elsewhere": {"P7777": "b7"}, **more}
    return Known({each.id: each for each in payments}, **given_too)


def after(before: Known, what: list[Row], result: Reconciled) -> Known:
    """What is known once a file was taken in, as the tables would hold it."""
    by_number = {row.number: row.said for row in what}
    states = {each.payment: each.outcome for each in result.answers}
    payments = {
        id: payment(int(id[1:]), each.amount_fen, states.get(id, each.state))
        for id, each in before.payments.items()
    }
    answered = {**before.answered, **{each.payment: by_number[each.row] for each in result.answers}}
    waited = [*before.waited, *(each.row.said for each in result.waiting)]
    return Known(payments, answered, before.elsewhere, waited)


def reasons(result: Reconciled) -> list[tuple[int, str]]:
    return [(each.row.number, each.reason) for each in result.waiting]


def test_credited_and_returned_with_the_banks_reason() -> None:
    result = reconcile(rows(said(1), said(2, outcome="returned")), known(payment(1), payment(2)))
    assert [(each.payment, each.outcome, each.reason, each.booked_on) for each in result.answers] == [
        ("P0001", "credited", "", DAY), ("P0002", "returned", "户名不符", DAY),
    ]  # fmt: skip
    assert (result.waiting, result.repeated_n) == ((), 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (said(9), "unknown_id"),
        (said(1, end_to_end_id=""), "unknown_id"),
        (said(1, end_to_end_id="P7777"), "other_batch"),
        (said(1, account="6228480000009999"), "wrong_account"),
        (said(1, amount_fen=240_001), "amount_off"),
        (said(2), "not_sent"),
    ],
)
def test_a_row_that_does_not_match_waits_with_its_reason(row: Said, reason: str) -> None:
    result = reconcile(rows(row), known(payment(1), payment(2, state="dropped")))
    assert (result.answers, reasons(result)) == ((), [(2, reason)])


def test_a_waiting_row_tells_what_is_known_about_it() -> None:
    result = reconcile(rows(said(1, 240_001), said(1, end_to_end_id="P7777")), known(payment(1)))
    assert [each.words for each in result.waiting] == [
        "金额与送出的不同，差 0.01 元",
        "是别的批次的付款（b7）",
    ]


def test_an_account_may_be_written_in_groups() -> None:
    result = reconcile(rows(said(1, account="6228 4800-0000 ０００１")), known(payment(1)))
    assert len(result.answers) == 1


def test_the_same_row_twice_is_one_answer_and_one_row_too_many() -> None:
    result = reconcile(rows(said(1), said(1), said(1)), known(payment(1)))
    assert [each.row for each in result.answers] == [2]
    assert reasons(result) == [(3, "duplicate_row"), (4, "duplicate_row")]


def test_rows_that_contradict_each_other_answer_nothing_then_or_later() -> None:
    file = rows(said(1), said(1, outcome="returned"))
    before = known(payment(1))
    result = reconcile(file, before)
    assert (result.answers, reasons(result)) == ((), [(2, "contradicting"), (3, "contradicting")])
    assert reconcile(rows(said(1)), after(before, file, result)).changes_nothing


def test_an_answer_given_before_is_not_changed_by_a_later_file() -> None:
    before = known(payment(1, state="credited"), answered={"P0001": said(1)})
    result = reconcile(rows(said(1, outcome="returned")), before)
    assert (result.answers, reasons(result)) == ((), [(2, "answered_otherwise")])
    again = reconcile(rows(said(1, booked_on=date(2020, 12, 9))), before)
    assert (again.changes_nothing, again.repeated_n) == (True, 1)


def test_a_second_file_with_one_row_more_brings_that_row() -> None:
    before = known(payment(1))
    first = rows(said(9))
    held = after(before, first, reconcile(first, before))
    assert reasons(reconcile(rows(said(9), said(9)), held)) == [(3, "unknown_id")]


def test_a_thousand_equal_amounts_imported_twice() -> None:
    payments = [payment(number) for number in range(1_000)]
    file = rows(
        *(said(number, outcome="returned" if number % 50 == 0 else "credited") for number in range(1_000))
    )
    before = known(*payments)
    result = reconcile(file, before)
    assert Counter(each.outcome for each in result.answers) == {"credited": 980, "returned": 20}
    assert {each.payment for each in result.answers} == {each.id for each in payments}
    again = reconcile(file, after(before, file, result))
    assert (again.changes_nothing, again.repeated_n) == (True, 1_000)


def test_totals_that_disagree_are_told() -> None:
    file = rows(said(1), said(2))
    assert disagreements(file, 2, 480_000) == disagreements(file, None, None) == []
    assert disagreements(file, 3, 480_001) == [
        "文件写共 3 笔，实有 2 笔。", "文件写合计 4,800.01 元，各行相加是 4,800.00 元。",
    ]  # fmt: skip


# ---- whatever the bank sends

SAYINGS = st.builds(
    said,
    st.integers(0, 5),
    st.sampled_from([240_000, 240_001]),
    st.sampled_from(["credited", "returned"]),
    booked_on=st.sampled_from([DAY, None]),
    account=st.sampled_from([f"622848000000{number:04}" for number in range(6)]),
)
FITTING = st.builds(said, st.integers(0, 5), outcome=st.sampled_from(["credited", "returned"]))
FILES = st.lists(SAYINGS | FITTING, max_size=12)
PAYMENTS = [payment(number, state="planned" if number == 4 else "sent") for number in range(5)]


@given(FILES, st.randoms())
def test_every_row_ends_once_and_their_order_does_not_matter(file: list[Said], rng: Any) -> None:
    before = known(*PAYMENTS)
    result = reconcile(rows(*file), before)
    assert len(result.answers) + len(result.waiting) + result.repeated_n == len(file)
    assert len({each.payment for each in result.answers}) == len(result.answers)
    assert {each.reason for each in result.waiting} <= UNMATCHED.keys()
    for answer in result.answers:
        row = file[answer.row - 2]
        sent = before.payments[answer.payment]
        assert (row.end_to_end_id, row.account, row.amount_fen) == (
            sent.id,
            sent.payee.account,
            sent.amount_fen,
        )
    shuffled = list(file)
    rng.shuffle(shuffled)
    other = reconcile(rows(*shuffled), before)
    assert {(each.payment, each.outcome, each.booked_on) for each in result.answers} == {
        (each.payment, each.outcome, each.booked_on) for each in other.answers
    }
    assert Counter((each.row.said, each.reason) for each in result.waiting) == Counter(
        (each.row.said, each.reason) for each in other.waiting
    )


@given(FILES)
def test_the_same_file_again_changes_nothing(file: list[Said]) -> None:
    before = known(*PAYMENTS)
    result = reconcile(rows(*file), before)
    again = reconcile(rows(*file), after(before, rows(*file), result))
    assert again.changes_nothing
    assert again.repeated_n == len(file)


@given(FILES, FILES)
def test_answers_only_grow_and_never_turn(first: list[Said], second: list[Said]) -> None:
    before = known(*PAYMENTS)
    middle = after(before, rows(*first), reconcile(rows(*first), before))
    end = after(middle, rows(*second), reconcile(rows(*second), middle))
    assert middle.answered.items() <= end.answered.items()
    assert Counter(middle.waited) <= Counter(end.waited)
