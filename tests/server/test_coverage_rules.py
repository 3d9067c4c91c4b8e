"""Shares out of counts: exact until the last rounding, and nothing out of nothing."""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.programme.plan import Target
from server.programme.rules import Cell, Counts, by, counts, percent, reached

HOME = Cell("140525100", "rural", "heated", "other", None, None, 1, Decimal("80.00"), 0)
MUST = Target("built_up", "=", 100, "must", date(2020, 10, 31), {})
STRIVE = Target("rural", ">=", 60, "strive", date(2020, 10, 31), {})


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, None), (0, 3, "0.00"), (1, 3, "33.33"), (2, 3, "66.67"), (3, 3, "100.00"), (1, 8, "12.50"),
     (1, 16, "6.25"), (1, 32, "3.13"), (1, 20_000, "0.01"), (1, 20_001, "0.00"), (17_360, 17_360, "100.00")],
)  # fmt: skip
def test_a_rate_is_a_percentage_with_two_decimals_half_up(
    part: int, whole: int, expected: str | None
) -> None:
    assert percent(part, whole) == (None if expected is None else Decimal(expected))


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_rate_is_what_exact_arithmetic_says(part: int, whole: int) -> None:
    exact = (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert percent(part, whole) == exact


def test_all_but_one_of_many_is_not_all() -> None:
    assert percent(29_999, 30_000) == Decimal("100.00")
    assert reached(MUST, 29_999, 30_000) is False
    assert reached(MUST, 30_000, 30_000) is True
    assert reached(MUST, 0, 0) is None


def test_sixty_percent_is_reached_at_sixty_and_not_before() -> None:
    assert reached(STRIVE, 60, 100) is True
    assert reached(STRIVE, 5_999, 10_000) is False
    assert reached(STRIVE, Decimal("60.00"), Decimal("100.00")) is True


def test_a_home_not_heated_leaves_the_base_only_with_its_reason() -> None:
    found = counts(
        [
            HOME,
            replace(HOME, heating="excluded"),
            replace(HOME, heating="no_reason"),
            replace(HOME, heating="unknown"),
        ]
    )
    assert (found.households, found.heated, found.excluded) == (4, 3, 1)
    assert (found.no_reason, found.unknown) == (1, 1)
    assert found.heated_m2 == Decimal("240.00")


def test_a_converted_home_outside_the_base_counts_for_the_task_but_not_for_the_rate() -> None:
    away = replace(HOME, heating="excluded", situation="clean", task_kind="gas", coverage_kind="gas")
    found = counts([HOME, away])
    assert (found.converted, found.connected_all) == (1, 1)
    assert (found.clean, found.heated, found.rate) == (0, 1, Decimal("0.00"))


def test_both_bases_speak_of_the_same_homes() -> None:
    clean = replace(HOME, situation="clean", area_m2=Decimal("120.00"))
    without = replace(HOME, situation="clean", area_m2=Decimal(0), without_area=1)
    found = counts([HOME, clean, without])
    assert (found.clean, found.heated) == (2, 3)
    assert (found.clean_m2, found.heated_m2, found.without_area) == (Decimal("120.00"), Decimal("200.00"), 1)
    assert (found.rate, found.rate_m2) == (Decimal("66.67"), Decimal("60.00"))


def test_nothing_has_no_rate() -> None:
    assert Counts().rate is None and Counts().rate_m2 is None
    assert counts([]) == Counts()


CELLS = st.builds(
    Cell,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["built_up", "rural", "unclassified"]),
    st.sampled_from(["heated", "excluded", "no_reason", "unknown"]),
    st.sampled_from(["clean", "clean_coal", "other"]),
    st.sampled_from([None, "gas", "electric"]),
    st.sampled_from([None, "gas", "electric"]),
    st.integers(0, 1000),
    st.decimals(0, 100_000, places=2),
    st.integers(0, 5),
)


@given(st.lists(CELLS, max_size=30))
def test_parts_add_up_and_a_rate_is_never_above_all(cells: list[Cell]) -> None:
    whole, parts = counts(cells), by(cells, lambda cell: cell.part).values()
    for name in (
        "households",
        "heated",
        "excluded",
        "clean",
        "clean_coal",
        "converted",
        "heated_m2",
        "clean_m2",
    ):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    assert whole.heated + whole.excluded == whole.households
    assert 0 <= whole.clean + whole.clean_coal <= whole.heated
    assert whole.rate is None or whole.rate <= 100
    assert whole.rate_m2 is None or whole.rate_m2 <= 100
