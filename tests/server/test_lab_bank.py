"""The demo's bank answers in files that the return reader takes, faults and all."""

from datetime import date
from itertools import pairwise

import pytest
from stdnum import luhn

from server.lab import bank
from server.subsidies import return_file
from server.subsidies.payments import Payee, Payment

DAY = date(2020, 12, 3)


def payments(n: int) -> list[Payment]:
    return [
        Payment(f"{place:032d}", "140525", f"h{place}", f"e{place}", 120_000, {"county": 120_000},
                Payee(f"户主{place}", bank.account(7, place), bank.BANK, "本人"))
        for place in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("write", [bank.workbook, bank.sheet])
def test_a_file_of_the_bank_reads_back_to_the_fen(write) -> None:
    lines = bank.with_faults(bank.answers(payments(40), DAY, 3))
    found = return_file.read("回盘", write("模拟数据", lines))
    assert not found.faults
    assert (found.stated_n, len(found.rows)) == (41, 41)
    assert [row.said.amount_fen for row in found.rows] == [line.amount_fen for line in lines]
    assert sum(row.said.outcome == "returned" for row in found.rows) == 3
    assert {row.said.booked_on for row in found.rows} == {DAY}


def test_the_faults_are_a_fen_and_a_stranger() -> None:
    clean = bank.answers(payments(40), DAY, 3)
    faulty = bank.with_faults(clean)
    assert [b.amount_fen - a.amount_fen for a, b in zip(clean, faulty, strict=False) if a != b] == [1]
    assert {line.id for line in faulty} - {line.id for line in clean} == {bank.STRANGE_ID}


def test_the_same_answers_in_both_formats_say_the_same() -> None:
    lines = bank.answers(payments(5), DAY, 1)
    book, text = (return_file.read("x", write("t", lines)).rows for write in (bank.workbook, bank.sheet))
    assert [row.said for row in book] == [row.said for row in text]


@pytest.mark.parametrize(("n", "returned_n"), [(1, 3), (2, 3), (3, 3), (40, 3)])
def test_a_small_batch_is_not_returned_whole(n: int, returned_n: int) -> None:
    lines = bank.answers(payments(n), DAY, returned_n)
    assert len(lines) == n
    assert lines[0].outcome == bank.PAID


def test_accounts_are_nobodys_and_each_is_its_own() -> None:
    accounts = [bank.account(140525, number) for number in range(50)]
    assert all(each.startswith("99") and luhn.is_valid(each) for each in accounts)
    assert all(a != b for a, b in pairwise(accounts))
