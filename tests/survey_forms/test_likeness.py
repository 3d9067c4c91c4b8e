"""Who may have been registered twice: what counts as the same door, the same name, and how sure it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_forms.likeness import Home, compare, distance_m, like, number_of, pairs, plain_door, plain_name

VILLAGE, NEXT = "140525100001", "140525100002"
NUMBER = "14052519700101123X"
GATE = "35.4921 112.8511 760 5"
TWENTY_M_ON = "35.49228 112.8511 760 8"
KILOMETRE_ON = "35.5011 112.8511 760 8"


def home(id: str = "a", **values: str) -> Home:
    return Home(id, values.pop("village", VILLAGE), **values)


def codes(one: Home, other: Home) -> tuple[str, ...]:
    found = compare(one, other)
    return (found.grade, *(reason.code for reason in found.reasons)) if found else ()


@pytest.mark.parametrize(
    "written",
    [
        "3组12号",
        "三组十二号",
        "３组１２号",
        "3組12號",
        "3 组 12 号",
        "3-12",
        "03组012号",
        "第三组 12 号",
        "3/12",
        "3—12",
    ],
)
def test_a_door_is_one_however_it_is_written(written: str) -> None:
    assert plain_door(written) == "3-12"


@pytest.mark.parametrize("other", ["12号", "3组13号", "3组12号甲", "2组12号", "东街3组12号"])
def test_doors_that_are_not_the_same(other: str) -> None:
    assert plain_door(other) != plain_door("3组12号")


def test_chinese_numerals_in_every_way_of_saying_them() -> None:
    said = {
        "十": 10,
        "十二": 12,
        "二十": 20,
        "一百零三": 103,
        "二〇三": 203,
        "廿一": 21,
        "卅": 30,
        "两百": 200,
    }
    assert {text: number_of(text) for text in said} == said


def test_a_name_is_one_in_variant_characters_and_full_width() -> None:
    assert plain_name("張 國強") == plain_name("张国强") == "张国强"
    assert plain_name("闫峯") == plain_name("閻峰")
    assert plain_name("阿·不都") == plain_name("阿不都")


def test_one_identity_number_at_one_door_is_certain() -> None:
    one = home("a", id_number=NUMBER, door_number="3组12号", head_name="张三")
    other = home("b", id_number=NUMBER.lower(), door_number="三组十二號", head_name="张三丰")
    assert codes(one, other) == ("certain", "id_number", "name_close", "door")


def test_one_person_may_own_two_homes() -> None:
    one = home("a", id_number=NUMBER, door_number="3组12号", head_name="张三")
    assert codes(one, home("b", id_number=NUMBER, door_number="5号", head_name="张三")) == (
        "likely", "id_number", "name",
    )  # fmt: skip
    elsewhere = home("b", village=NEXT, id_number=NUMBER, door_number="3组12号", head_name="张三")
    assert codes(one, elsewhere) == ("likely", "id_number", "name")


def test_same_name_and_door_is_certain_in_one_village_only() -> None:
    one = home("a", head_name="李秀英", door_number="12号")
    assert codes(one, home("b", head_name="李秀英", door_number="十二号")) == ("certain", "name", "door")
    assert codes(one, home("b", village=NEXT, head_name="李秀英", door_number="十二号")) == ()


def test_what_speaks_against_it_makes_it_less_sure() -> None:
    one = home("a", head_name="李秀英", door_number="12号", id_number=NUMBER, location=GATE)
    other = home("b", head_name="李秀英", door_number="12号", id_number="140525196512120028")
    assert codes(one, other) == ("likely", "name", "door")
    far = home("b", head_name="李秀英", door_number="12号", location=KILOMETRE_ON)
    assert codes(one, far) == ("likely", "name", "door")


def test_a_character_written_otherwise_at_the_same_door_is_likely() -> None:
    one = home("a", head_name="李晓明", door_number="12号", sound="lixiaoming")
    assert codes(one, home("b", head_name="李小明", door_number="12", sound="lixiaoming")) == (
        "likely", "name_sound", "door",
    )  # fmt: skip
    assert codes(one, home("b", head_name="李晓朋", door_number="12")) == ("likely", "name_close", "door")
    assert codes(one, home("b", head_name="李明", door_number="12")) == ("likely", "name_close", "door")


def test_neighbours_and_brothers_are_not_taken_for_one() -> None:
    one = home("a", head_name="李建国", door_number="12号", location=GATE)
    assert codes(one, home("b", head_name="李建军", door_number="13号", location=TWENTY_M_ON)) == ()
    assert codes(one, home("b", head_name="王五", door_number="13号", location=TWENTY_M_ON)) == ()
    assert codes(one, home("b", head_name="王五", door_number="12号")) == ()


def test_a_namesake_next_door_with_a_number_of_his_own_is_another() -> None:
    one = home("a", head_name="李天军", door_number="9组4号", id_number=NUMBER, location=GATE)
    other = home(
        "b", head_name="李天军", door_number="17组16号", id_number="140525196512120028", location=GATE
    )
    assert codes(one, other) == ()


def test_a_fix_at_the_same_gate_speaks_for_it() -> None:
    one = home("a", head_name="李建国", door_number="12号", location=GATE)
    moved = home("b", head_name="李建国", door_number="3组12号", location=TWENTY_M_ON)
    assert codes(one, moved) == ("likely", "name", "near")
    wife = home("b", head_name="王秀兰", door_number="12号", location=TWENTY_M_ON)
    assert codes(one, wife) == ("likely", "door", "near")
    found = compare(one, wife)
    assert found and found.reasons[-1].metres == 20


def test_empty_answers_are_never_the_same_answer() -> None:
    assert codes(home("a"), home("b")) == ()
    assert codes(home("a", head_name="李四"), home("b", head_name="李四")) == ()


def test_certain_ones_come_first() -> None:
    homes = [
        home("a", head_name="李四", door_number="1"),
        home("b", head_name="李五", door_number="1"),
        home("c", head_name="李四", door_number="一号"),
    ]
    assert [(each.one, each.other, each.grade) for each in pairs(homes)] == [
        ("a", "c", "certain"), ("a", "b", "likely"), ("b", "c", "likely"),
    ]  # fmt: skip
    assert [each.grade for each in like(homes[0], homes)] == ["certain", "likely"]


names = st.sampled_from(["李四", "李五", "王秀英", "王秀兰", "王英", "張三", "张三", ""])
doors = st.sampled_from(["", "1", "一号", "2组1号", "2-1", "无"])
places = st.sampled_from(["", GATE, TWENTY_M_ON, KILOMETRE_ON, "x"])
numbers = st.sampled_from(["", "", NUMBER, "140525196512120028"])
anybody = st.builds(
    Home, st.uuids().map(str), st.sampled_from([VILLAGE, NEXT]), names, numbers, doors, st.just(""), places
)


@given(st.lists(anybody, max_size=20, unique_by=lambda each: each.id))
def test_keys_find_what_comparing_each_with_each_finds(homes: list[Home]) -> None:
    each = {(found.one, found.other) for one in homes for found in like(one, homes)}
    assert {(found.one, found.other) for found in pairs(homes)} == each


@given(anybody, anybody)
def test_it_does_not_matter_who_is_compared_with_whom(one: Home, other: Home) -> None:
    assert compare(one, other) == compare(other, one)


def test_a_door_that_a_whole_village_gives_costs_no_square() -> None:
    unnamed = [home(f"{n:05}", head_name="户主", door_number="无", sound=f"{n}") for n in range(500)]
    assert codes(unnamed[0], unnamed[1]) == ()
    shared = [home(f"{n:05}", head_name=chr(0x4E00 + n), door_number="99") for n in range(20_000)]
    assert len(pairs(shared)) < len(shared)


def test_the_distance_between_two_gates() -> None:
    assert round(distance_m((35.0, 112.0), (35.0, 112.0))) == 0
    assert round(distance_m((35.0, 112.0), (35.01, 112.0))) == 1112
