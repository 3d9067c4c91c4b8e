"""In shifted columns an account stands where something else should: its fault does not show it whole."""

import pytest

from server.subsidies import cells
from server.web.sheet_cells import Cell, Fault, fault

ACCOUNT = "6228480402564890018"


@pytest.mark.parametrize("read", [cells.amount, cells.day, cells.whole])
@pytest.mark.parametrize("written", [ACCOUNT, "6228 4804 0256 4890 018", f"\t{ACCOUNT} 农行"])
def test_an_account_in_another_column_keeps_four_digits(read, written: str) -> None:
    found = read(Cell("E2", written))
    assert isinstance(found, Fault)
    assert "6228" not in str(found).replace(" ", "") and "4804" not in str(found)


def test_a_days_a_villages_and_an_amounts_digits_stay() -> None:
    for value in ("2020-12-01 12:00:00", "140525100201", "1,234,567.005", "6.22848E+18"):
        assert fault("A1", "x", "y", value).value == value
