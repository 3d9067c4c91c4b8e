"""Each function a form may call, on its own."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as stdnum_luhn
from stdnum.cn import ric

from survey_forms.functions import FUNCTIONS, cn_ric, luhn
from survey_forms.scope import Value
from survey_forms.values import number_text, to_number, to_text


def call(name: str, *arguments: Value) -> Value:
    return FUNCTIONS[name].run(*arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("concat", ("a", Decimal("1.50"), ("x", "y")), "a1.5xy"),
        ("join", ("、", ("甲", "乙"), "丙"), "甲、乙、丙"),
        ("substr", ("山西省泽州县", Decimal(3), Decimal(6)), "泽州县"),
        ("substr", ("山西省泽州县", Decimal(3)), "泽州县"),
        ("substr", ("abc", ""), ""),
        ("substring-before", ("2019-2020", "-"), "2019"),
        ("substring-before", ("2019", "-"), ""),
        ("substring-after", ("2019-2020", "-"), "2020"),
        ("translate", ("１2-3", "-", ""), "１23"),
        ("translate", ("abc", "abc", "12"), "12"),
        ("normalize-space", ("  a  b ",), "a b"),
        ("contains", ("煤改电", "改"), True),
        ("starts-with", ("140525101201", "140525"), True),
        ("ends-with", ("a.jpg", ".jpg"), True),
        ("regex", ("13912345678", "1[3-9][0-9]{9}"), True),
        ("regex", ("139123456789", "1[3-9][0-9]{9}"), False),
        ("regex", ("a", "("), False),
        ("boolean-from-string", ("false",), False),
        ("boolean", ("false",), True),
        ("not", ("",), True),
        ("selected", ("a bc", "b"), False),
        ("selected", ("a bc", "bc"), True),
        ("selected-at", ("a b", Decimal(1)), "b"),
        ("selected-at", ("a b", Decimal(2)), ""),
        ("selected-at", ("a b", Decimal(-1)), ""),
        ("date", (Decimal(0),), "1970-01-01"),
        ("date", ("2020-02-29",), "2020-02-29"),
        ("date", ("2020-10-31T23:59:00.000+08:00",), "2020-10-31"),
        ("date", ("2020-02-30",), ""),
        ("date", ("nonsense",), ""),
        ("format-date", ("2020-03-05", "%Y/%n/%e %y%m%d %b %a"), "2020/3/5 200305 Mar Thu"),
        ("format-date", ("", "%Y"), ""),
        ("format-date-time", ("2020-03-05T07:08:09.123+08:00", "%H:%M:%S.%3 %h"), "07:08:09.123 7"),
    ],
)
def test_text_choice_and_date_functions(name: str, arguments: tuple[Value, ...], expected: Value) -> None:
    assert call(name, *arguments) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("string-length", ("泽州",), "2"),
        ("number", ("12.10",), "12.1"),
        ("number", ("",), "NaN"),
        ("number", ("1e5",), "NaN"),
        ("number", ("2020-01-01",), "18262"),
        ("number", (True,), "1"),
        ("number", ("1234567890123456789012345678901.5",), "1234567890123456789012345678902"),
        ("number", ("-0.0",), "0"),
        ("int", ("-2.7",), "-2"),
        ("round", ("2.5",), "3"),
        ("round", ("-2.5",), "-2"),
        ("round", ("2.345", Decimal(2)), "2.35"),
        ("round", ("1250", Decimal(-2)), "1300"),
        ("round", ("",), "NaN"),
        ("abs", ("-3.10",), "3.1"),
        ("pow", ("1.1", Decimal(2)), "1.21"),
        ("pow", ("9", Decimal(10**9)), "NaN"),
        ("sum", (("0.1", "0.2"),), "0.3"),
        ("sum", ((),), "0"),
        ("sum", (("1", ""),), "NaN"),
        ("max", (("3", "10"),), "10"),
        ("max", ((),), "NaN"),
        ("min", ("3", ("2", "10")), "2"),
        ("min", (("3", ""),), "NaN"),
        ("count", (("", "a"),), "2"),
        ("count-non-empty", (("", "a"),), "1"),
        ("count-selected", (" a  b ",), "2"),
        ("decimal-date-time", ("1970-01-02T12:00:00.000+08:00",), "1.5"),
        ("decimal-time", ("18:00",), "0.75"),
    ],
)
def test_number_functions_write_canonical_decimals(
    name: str, arguments: tuple[Value, ...], expected: str
) -> None:
    assert to_text(call(name, *arguments)) == expected


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        (" 440524188001010014 ", True),
        ("110105194912310021", False),
        ("11010519491331002X", False),
        ("110105490230002", False),
        ("1101051949123１002X", False),
        ("", False),
        ("not a number", False),
    ],
)
def test_an_identity_number_needs_18_characters_a_birthday_and_its_check_character(
    text: str, valid: bool
) -> None:
    assert cn_ric(text) is valid


def test_an_identity_number_of_a_day_that_never_was_is_invalid() -> None:
    body = "14052520190229001"
    assert not any(cn_ric(body + check) for check in "0123456789X")


@st.composite
def identity_bodies(draw: st.DrawFn) -> str:
    birthday = date(1900, 1, 1) + timedelta(days=draw(st.integers(0, 44_000)))
    return f"{draw(st.integers(110000, 659999))}{birthday:%Y%m%d}{draw(st.integers(0, 999)):03}"


@given(identity_bodies())
def test_exactly_one_check_character_fits_and_it_is_the_standards(body: str) -> None:
    assert [check for check in "0123456789X" if cn_ric(body + check)] == [ric.calc_check_digit(body + "0")]


@given(identity_bodies(), st.integers(14, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes(body: str, place: int, shift: int) -> None:
    wrong = body[:place] + str((int(body[place]) + shift) % 10) + body[place + 1 :]
    assert not cn_ric(wrong + ric.calc_check_digit(body + "0"))


@given(st.from_regex(r"[0-9]{15,18}", fullmatch=True))
def test_exactly_one_check_digit_fits_a_card_and_it_is_the_standards(body: str) -> None:
    assert [digit for digit in "0123456789" if luhn(body + digit)] == [stdnum_luhn.calc_check_digit(body)]


@pytest.mark.parametrize("text", ["", "0", "62220202o", "6222 0202", "６２２２０２０２"])
def test_what_is_no_row_of_digits_has_no_check_digit(text: str) -> None:
    assert not luhn(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_a_number_written_and_read_is_the_same_number_to_15_digits(number: Decimal) -> None:
    text = number_text(number)
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith("0"))
    assert abs(to_number(text) - number) <= max(abs(number) * Decimal("1e-14"), Decimal("1e-14"))


@given(st.integers(-(10**25), 10**25))
def test_a_whole_number_keeps_all_its_digits(number: int) -> None:
    assert number_text(Decimal(number)) == str(number)
