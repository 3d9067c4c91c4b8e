"""Sums kept up as entries come are the ledger's own, also after what was read was taken back."""

import pytest

from server import database
from server.subsidies import books, ledger, ledger_sums

COUNTY, FIRST, THIRD = "140525", "140525100201", "140525200201"


def added_up(engine) -> dict[tuple[str, str], int]:
    with database.read(engine) as session:
        found: dict[tuple[str, str], int] = {}
        for (_, level, kind), fen in ledger_sums.sums(session, COUNTY).items():
            found[level, kind] = found.get((level, kind), 0) + fen
        return found


def expected(engine) -> dict[tuple[str, str], int]:
    with database.read(engine) as session:
        entries = books.entries(session, COUNTY)
    kinds, found = {entry.id: entry.kind for entry in entries}, {}
    for entry in entries:
        kind = kinds.get(entry.reverses, entry.kind)
        for posting in entry.postings:
            if posting.account.purpose == ledger.KINDS[kind][0]:
                key = posting.account.level, kind
                found[key] = found.get(key, 0) + posting.amount_fen
    return found


def test_sums_follow_the_ledger_entry_by_entry(office, said) -> None:
    assert added_up(office.engine) == {}
    homes = office.homes(3)
    assert added_up(office.engine) == expected(office.engine) != {}
    office.correct(homes[0], -40_000)
    id = office.sent()
    assert added_up(office.engine) == expected(office.engine)
    office.take_in(id, [said(each) for each in office.payments(id)])
    office.correct_answer(office.payments(id)[0].id, "returned")
    assert added_up(office.engine) == expected(office.engine)
    with database.read(office.engine) as session:
        assert {village for village, _, _ in ledger_sums.sums(session, COUNTY)} == {FIRST}


def test_what_was_summed_of_a_transaction_that_failed_is_forgotten(small_office) -> None:
    small_office.homes(1)
    before = added_up(small_office.engine)
    with pytest.raises(RuntimeError), database.write(small_office.engine) as session:
        small_office._decide(session, ["H"], THIRD, 100, small_office.today, "operating", "2020-2021")
        assert len(ledger_sums.sums(session, COUNTY)) == 4
        raise RuntimeError
    assert added_up(small_office.engine) == before
    small_office.homes(1, THIRD)
    assert added_up(small_office.engine) == expected(small_office.engine)
