"""Money is whole fen: read exactly, written back the same, divided without losing any."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.subsidies.money import FEN_MAX, MoneyFault, fen, half_up, split, yuan

AMOUNTS = st.integers(-FEN_MAX, FEN_MAX)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2400", 240_000), ("2,400.00", 240_000), ("2400.1", 240_010), ("0.05", 5), ("-0.05", -5), ("+3", 300),
        ("１，２００．５", 120_050), (" 12.340 ", 1_234), ("0000000000000000000000001", 100), ("−7.00", -700),
    ],
)  # fmt: skip
def test_an_amount_is_read_digit_by_digit(text: str, expected: int) -> None:
    assert fen(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2.4E+3", "科学计数法"), ("1e5", "科学计数法"), ("0.30000000000000004", "不是金额"), ("12.345", "不是金额"),
        ("1,00.00", "不是金额"), ("", "不是金额"), ("元", "不是金额"), (".5", "不是金额"), ("1.", "不是金额"),
        ("NaN", "不是金额"), ("٣", "不是金额"), ("9" * 10_000, "金额太大"), ("100000000000.01", "金额太大"),
    ],
)  # fmt: skip
def test_what_is_no_amount_says_what_to_do(text: str, said: str) -> None:
    with pytest.raises(MoneyFault, match=said) as raised:
        fen(text)
    assert raised.value.remedy


@given(AMOUNTS)
def test_what_is_written_is_read_back(amount_fen: int) -> None:
    assert fen(yuan(amount_fen)) == amount_fen


@given(st.text())
def test_any_text_is_an_amount_or_a_fault(text: str) -> None:
    try:
        assert abs(fen(text)) <= FEN_MAX
    except MoneyFault as fault:
        assert fault.message


def test_a_half_goes_up_and_away_from_zero() -> None:
    assert [half_up(Fraction(n, 2)) for n in (1, 3, 5, -1, -3)] == [1, 2, 3, -1, -2]
    assert half_up(Fraction(2_849, 100)) == 28


@given(st.fractions(-(10**9), 10**9))
def test_rounding_is_to_the_nearest_fen(exact: Fraction) -> None:
    assert abs(half_up(exact) - exact) <= Fraction(1, 2)
    assert half_up(-exact) == -half_up(exact)


@given(AMOUNTS, st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 99), min_size=1), st.data())
def test_shares_add_up_and_miss_their_ratio_by_less_than_the_fen_that_do_not_divide(
    amount_fen: int, parts: dict[str, int], data: st.DataObject
) -> None:
    ratios = {level: Fraction(part, sum(parts.values())) for level, part in parts.items()}
    remainder = data.draw(st.sampled_from(sorted(ratios)))
    shares = split(amount_fen, ratios, remainder)
    assert sum(shares.values()) == amount_fen
    assert shares.keys() == ratios.keys()
    for level, part in shares.items():
        gap = abs(part) - abs(amount_fen) * ratios[level]
        assert 0 <= gap < len(ratios) if level == remainder else -1 < gap <= 0
        assert part * amount_fen >= 0
    assert split(-amount_fen, ratios, remainder) == {level: -part for level, part in shares.items()}


def test_the_fen_that_do_not_divide_go_to_the_named_level() -> None:
    thirds = dict.fromkeys(("province", "city", "county"), Fraction(1, 3))
    assert split(100_000, thirds, "county") == {"province": 33_333, "city": 33_333, "county": 33_334}
    assert split(2, thirds, "city") == {"province": 0, "city": 2, "county": 0}
