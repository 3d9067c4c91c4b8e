"""The ledger balances by construction, and its checks see whatever else a database may hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.subsidies import ledger
from server.subsidies.corrections import Decided
from server.subsidies.ledger import About, Account, Entry, Posting
from server.subsidies.ledger_checks import CHECKS, Books, names, verify
from server.subsidies.payments import Payee, Payment
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule
from server.subsidies.vocabulary import LEVELS

COUNTY, DAY = "140427", date(2019, 12, 3)
SHARES = {"city": 120_000, "county": 120_000}


def about(id: str, payment: str = "", entitlement: str = "e1") -> About:
    return About(id, COUNTY, DAY, entitlement, payment)


def test_a_payment_from_decision_to_account() -> None:
    entries = [ledger.obligation(about("1"), SHARES), ledger.payment_sent(about("2", "p1"), SHARES)]
    assert ledger.totals(entries).in_transit_fen == 240_000
    entries.append(ledger.credited(about("3", "p1"), SHARES))
    found = ledger.totals(entries)
    assert (found.obligated_fen, found.sent_fen, found.credited_fen, found.in_transit_fen, found.owed_fen) == (
        240_000, 240_000, 240_000, 0, 0,
    )  # fmt: skip
    assert {key[1:]: fen for key, fen in ledger.trial_balance(entries).items()} == {
        ("city", "expense"): 120_000, ("city", "payable"): 0, ("city", "in_transit"): 0, ("city", "treasury"): -120_000,
        ("county", "expense"): 120_000, ("county", "payable"): 0, ("county", "in_transit"): 0,
        ("county", "treasury"): -120_000,
    }  # fmt: skip
    assert ledger.totals(entries, "city").credited_fen == 120_000
    assert ledger.totals(entries, "province").credited_fen == 0


def test_returned_money_is_owed_as_before() -> None:
    entries = [
        ledger.obligation(about("1"), SHARES),
        ledger.payment_sent(about("2", "p1"), SHARES),
        ledger.returned(about("3", "p1"), SHARES),
    ]
    found = ledger.totals(entries)
    assert (found.sent_fen, found.returned_fen, found.in_transit_fen, found.owed_fen) == (
        240_000,
        240_000,
        0,
        240_000,
    )
    assert ledger.trial_balance(entries)[Account(COUNTY, "city", "payable")] == -120_000


def test_a_correction_after_the_payment_leaves_money_to_recover() -> None:
    entries = [
        ledger.obligation(about("1"), SHARES),
        ledger.payment_sent(about("2", "p1"), SHARES),
        ledger.credited(about("3", "p1"), SHARES),
        ledger.correction(about("4", entitlement="c1"), {"city": -20_000, "county": -20_000}),
    ]
    assert ledger.totals(entries).owed_fen == -40_000


def test_a_mistake_is_answered_by_its_reversal() -> None:
    sent = ledger.payment_sent(about("2", "p1"), SHARES)
    entries = [ledger.obligation(about("1"), SHARES), sent, ledger.reversal(sent, "3", DAY)]
    assert ledger.totals(entries).sent_fen == 0
    assert [entry.id for entry in ledger.standing(entries)] == ["1"]
    assert ledger.trial_balance(entries)[Account(COUNTY, "city", "treasury")] == 0


SHARE_MAPS = st.dictionaries(st.sampled_from(sorted(LEVELS)), st.integers(1, 10**12), min_size=1)


@given(st.lists(st.tuples(st.sampled_from(sorted(ledger.KINDS)), SHARE_MAPS), max_size=20), st.data())
def test_whatever_is_booked_every_level_sums_to_zero(
    booked: list[tuple[str, dict[str, int]]], data: st.DataObject
) -> None:
    entries: list[Entry] = []
    for number, (kind, shares) in enumerate(booked):
        made: Callable[..., Entry] = getattr(ledger, kind)
        entries.append(made(about(str(number), "p"), shares))
        assert ledger.moved(entries[-1]) == shares
    reversed_entries = data.draw(
        st.lists(st.sampled_from(entries), unique_by=lambda e: e.id) if entries else st.just([])
    )
    entries += [ledger.reversal(entry, f"r{entry.id}", DAY) for entry in reversed_entries]
    balances = ledger.trial_balance(entries)
    for level in LEVELS:
        assert sum(fen for account, fen in balances.items() if account.level == level) == 0
    found = ledger.totals(entries)
    assert found.sent_fen == found.credited_fen + found.returned_fen + found.in_transit_fen
    parts = [ledger.totals(entries, level) for level in LEVELS]
    assert sum(part.sent_fen for part in parts) == found.sent_fen


def test_a_ledger_entry_that_moves_nothing_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        ledger.obligation(about("1"), {"city": 0})
    with pytest.raises(AssertionError):
        ledger.credited(about("1"), SHARES)  # no payment named


# ---- the checks


@pytest.fixture
def books(home: Callable[..., Any], converted: Callable[..., Any], changzhi: Schedule) -> Books:
    """Sound books: a construction decided, a season decided and paid, and another one returned."""
    lines = work_out(home(COUNTY, converted("2018-09-30")), [changzhi], DAY).lines
    decided = tuple(Decided(f"e{number}", line) for number, line in enumerate(lines))
    entries = [
        ledger.obligation(about(f"o{each.id}", entitlement=each.id), each.line.shares_fen) for each in decided
    ]
    payments = []
    for each, outcome in zip(decided[1:], ("credited", "returned"), strict=True):
        payee = Payee("张三", "6228480000004417")
        id, shares = f"p{each.id}", each.line.shares_fen
        payments.append(Payment(id, COUNTY, "户-1", each.id, each.line.amount_fen, shares, payee, outcome))
        entries.append(ledger.payment_sent(about(f"s{each.id}", id, each.id), shares))
        made: Callable[..., Entry] = getattr(ledger, outcome)
        entries.append(made(about(f"a{each.id}", id, each.id), shares))
    return Books(tuple(entries), decided, tuple(payments))


def test_sound_books_have_no_findings(books: Books) -> None:
    assert verify(books) == []
    assert names() == [check.__name__ for check in CHECKS]


def _edit(books: Books, where: str, /, **changes: Any) -> Books:
    def edited(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(replace(each, **changes) if each.id == where else each for each in items)

    return Books(edited(books.entries), edited(books.decided), edited(books.payments))


def _without(books: Books, id: str) -> Books:
    def rest(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(each for each in items if each.id != id)

    return Books(rest(books.entries), rest(books.decided), rest(books.payments))


def _line(books: Books, **changes: Any) -> Books:
    return _edit(books, "e1", line=replace(books.decided[1].line, **changes))


def _with(books: Books, *entries: Entry) -> Books:
    return replace(books, entries=(*books.entries, *entries))


ONE_SIDED = (Posting(Account(COUNTY, "city", "payable"), 5),)
STRANGE = (Posting(Account("140525", "moon", "fun"), 5), Posting(Account("140525", "moon", "fun"), -5))
SPOILED: list[tuple[str, Callable[[Books], Books]]] = [
    ("balanced", lambda b: _edit(b, "oe0", postings=ONE_SIDED)),
    ("well_formed", lambda b: _edit(b, "oe0", id="oe1")),
    ("well_formed", lambda b: _edit(b, "oe0", kind="gift")),
    ("well_formed", lambda b: _edit(b, "oe0", postings=())),
    ("well_formed", lambda b: _edit(b, "oe0", postings=STRANGE)),
    ("reversals", lambda b: _edit(b, "oe0", reverses="oe1")),
    ("reversals", lambda b: _with(b, Entry("r", COUNTY, DAY, "reversal", "e0", "", STRANGE, "gone"))),
    ("reversals", lambda b: _with(b, replace(ledger.reversal(b.entries[0], "r", DAY), postings=STRANGE))),
    ("reversals", lambda b: _with(b, *(ledger.reversal(b.entries[0], id, DAY) for id in "rs"))),
    ("decisions_booked", lambda b: _without(b, "oe0")),
    ("decisions_booked", lambda b: _with(b, ledger.obligation(about("x", entitlement="e0"), {"unstated": 500_000}))),
    ("decisions_booked", lambda b: _with(b, ledger.obligation(about("x", entitlement="gone"), SHARES))),
    ("decisions_booked", lambda b: _line(b, shares_fen={"city": 240_000})),
    ("one_entitlement_each", lambda b: _line(b, season="2019-2020")),
    ("one_entitlement_each", lambda b: _line(b, season="")),
    ("decisions_explained", lambda b: _line(b, facts={})),
    ("decisions_explained", lambda b: _line(b, reason={})),
    ("decisions_explained", lambda b: _edit(b, "e1", corrects="gone")),
    ("payments_founded", lambda b: _without(b, "e1")),
    ("payments_founded", lambda b: _edit(b, "pe1", household="户-2")),
    ("payments_founded", lambda b: _edit(b, "pe1", amount_fen=1)),
    ("paid_once", lambda b: _edit(b, "pe2", entitlement="e1", state="credited")),
    ("paid_within_decided", lambda b: _edit(b, "pe1", amount_fen=240_001)),
    ("payments_booked", lambda b: _edit(b, "pe1", entitlement="e2")),
    ("paid_once", lambda b: replace(b, payments=b.payments * 2)),
    ("payments_booked", lambda b: _edit(b, "pe1", state="returned")),
    ("payments_booked", lambda b: _without(b, "ae1")),
    ("payments_booked", lambda b: _without(b, "pe1")),
    ("payments_booked", lambda b: _with(b, ledger.credited(about("x", "pe1", "e1"), SHARES))),
    ("sums_agree", lambda b: _without(b, "se1")),
    ("sums_agree", lambda b: _edit(b, "pe1", state="sent")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "spoil"), SPOILED)
def test_each_check_sees_what_it_is_for(books: Books, check: str, spoil: Callable[[Books], Books]) -> None:
    findings = verify(spoil(books))
    assert check in {finding.check for finding in findings}, list(map(str, findings))
    assert all(finding.message for finding in findings)


def test_every_check_is_shown_to_fail() -> None:
    assert {check for check, _ in SPOILED} == set(names())


def test_two_live_payments_of_one_decision_are_found(books: Books) -> None:
    twice = replace(books, payments=(*books.payments, replace(books.payments[0], id="p9")))
    assert ("paid_once", "e1") in {(finding.check, finding.id) for finding in verify(twice)}
