"""Door numbers in the order of the lane."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.doors import CHARS_MAX, LAST, door_order

LANE = (
    "1", "2", "2-1", "2-9", "2-10", "3", "3组2号", "三组四号", "3组12号", "10", "10组1号", "11", "12号", "13",
    "廿一", "一百一十", "二百零三", "99999999", "13800000000", "A3", "a12", "东院", "无", "甲3", "甲10", "乙1", "丙2",
)  # fmt: skip


def test_doors_follow_the_lane_and_homes_without_one_come_last() -> None:
    assert sorted(("", *LANE[::-1]), key=door_order) == [*LANE, ""]
    assert all(door_order(one) < door_order(other) for one, other in pairwise((*LANE, "")))


@pytest.mark.parametrize(
    "same",
    [("12", "012", "１２", "十二", "一二", "12号", "12 號"), ("2", "二", "两", "两号"), ("", " ", "号")],
)
def test_one_door_is_one_place_however_it_is_written(same: tuple[str, ...]) -> None:
    assert len({door_order(each) for each in same}) == 1


@given(st.text() | st.text("〇零一二两三四五六七八九十廿卅百千甲癸0９号-"))
def test_any_text_has_a_place_that_an_index_can_hold(text: str) -> None:
    found = door_order(text)
    assert (0 < len(found) <= CHARS_MAX and found <= LAST) or found[0] > LAST


@given(st.integers(0, 10**40), st.integers(0, 10**40))
def test_numbers_count_by_their_value(one: int, other: int) -> None:
    assert (door_order(str(one)) < door_order(str(other))) == (one < other)
