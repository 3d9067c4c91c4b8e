"""Operators over compiled operands, as XPath 1.0 section 3.4 and 3.5 define them.

Apart from the compiler because these are the hot closures: each does one thing and carries no more than it
needs.
"""

import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from survey_forms.paths import Run
from survey_forms.scope import At, Frame, Scope, Value
from survey_forms.values import ARITHMETIC, to_boolean, to_number, to_text


def negative(operand: Run) -> Run:
    return lambda s, at, f: ARITHMETIC.minus(to_number(operand(s, at, f)))


def binary(sign: str, left: Run, right: Run) -> Run:
    if sign == "and":
        return lambda s, at, f: to_boolean(left(s, at, f)) and to_boolean(right(s, at, f))
    if sign == "or":
        return lambda s, at, f: to_boolean(left(s, at, f)) or to_boolean(right(s, at, f))
    if sign in _ARITHMETIC:
        calculate = _ARITHMETIC[sign]
        return lambda s, at, f: calculate(to_number(left(s, at, f)), to_number(right(s, at, f)))
    if sign in _TESTS:
        return _before_or_after(sign, left, right)
    compare = _COMPARISONS[sign]
    return lambda s, at, f: _compared(compare, left(s, at, f), right(s, at, f))


def equals_text(sign: str, left: Run, text: str) -> Run:
    """`= 'text'` and `!= 'text'`: nearly every condition of a form compares an answer with a choice."""
    wanted, compare = sign == "=", _COMPARISONS[sign]

    def run(s: Scope, at: At, f: Frame | None) -> Value:
        value = left(s, at, f)
        return (value == text) is wanted if isinstance(value, str) else _compared(compare, value, text)

    return run


def with_number(sign: str, left: Run, right: Run, number: Decimal) -> Run:
    """An operator before what always is this number: `. >= 10`, `. >= date('2019-01-01')`."""
    test = _TESTS.get(sign)
    if test is None:
        return binary(sign, left, right)

    def run(s: Scope, at: At, f: Frame | None) -> Value:
        value = left(s, at, f)
        if isinstance(value, tuple):
            return _compared(_COMPARISONS[sign], value, number)
        told = to_number(value)
        return not told.is_nan() and test(told, number)

    return run


def _before_or_after(sign: str, left: Run, right: Run) -> Run:
    compare, test = _COMPARISONS[sign], _TESTS[sign]

    def run(s: Scope, at: At, f: Frame | None) -> Value:
        first, second = left(s, at, f), right(s, at, f)
        if isinstance(first, tuple) or isinstance(second, tuple):
            return _compared(compare, first, second)
        one, other = to_number(first), to_number(second)
        return not (one.is_nan() or other.is_nan()) and test(one, other)

    return run


def matches(text: Run, pattern: re.Pattern[str]) -> Run:
    """`regex(…, 'pattern')`: the pattern is nearly always written out, and then compiled once."""
    match = pattern.fullmatch
    return lambda s, at, f: match(to_text(text(s, at, f))) is not None


def gives_truth(sign: str) -> bool:
    return sign in _COMPARISONS or sign in ("and", "or")


def apply(function: Callable[..., Value], arguments: Sequence[Run]) -> Run:
    """One and two arguments are nearly all calls; they get closures without a loop."""
    if len(arguments) == 1:
        only = arguments[0]
        return lambda s, at, f: function(only(s, at, f))
    if len(arguments) == 2:
        first, second = arguments
        return lambda s, at, f: function(first(s, at, f), second(s, at, f))
    return lambda s, at, f: function(*[argument(s, at, f) for argument in arguments])


def _compared(compare: Callable[[Value, Value], bool], left: Value, right: Value) -> bool:
    """A node-set compares true if any of its nodes does (XPath 1.0, 3.4)."""
    if isinstance(left, tuple) and not isinstance(right, bool):
        return any(_compared(compare, text, right) for text in left)
    if isinstance(right, tuple) and not isinstance(left, bool):
        return any(compare(left, text) for text in right)
    return compare(left, right)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return to_number(left) == to_number(right)
    return to_text(left) == to_text(right)


def _unequal(left: Value, right: Value) -> bool:
    return not _equal(left, right)


def _ordered(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        first, second = to_number(left), to_number(right)
        return not (first.is_nan() or second.is_nan()) and test(first, second)

    return compare


_TESTS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": _equal,
    "!=": _unequal,
    **{sign: _ordered(test) for sign, test in _TESTS.items()},
}
_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "div": ARITHMETIC.divide,
    "mod": ARITHMETIC.remainder,
}
