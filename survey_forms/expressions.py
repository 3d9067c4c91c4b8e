"""XPath text → closures, each with the nodes it depends on.

A form is compiled once, when it is read. Paths are resolved then: a path to one answer becomes a dictionary
look-up with a known key, so that a keystroke costs microseconds. What an expression `reads` is what must
change before it needs to run again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid5

from survey_forms import operators
from survey_forms.functions import FUNCTIONS, pattern_of
from survey_forms.paths import Focus, OneRow, Paths, Rows, Run
from survey_forms.scope import At, Frame, Scope, Surroundings, Value
from survey_forms.values import NAN, to_boolean, to_number, to_text
from survey_forms.xpath_parser import (
    Ast,
    Binary,
    Call,
    ExpressionFault,
    Literal,
    Negative,
    Number,
    Path,
    parse,
)

_NO_UUID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression ready to run at a place of one node.

    `reads` are paths of the form. `volatile`: the result may differ between two runs over the same answers
    (clock, fresh ids, `once`). `own`: it looks at the value of its own node.
    """

    text: str
    run: Run
    reads: frozenset[str]
    volatile: bool
    own: bool

    @property
    def always(self) -> bool:
        """Whether it is written as plainly true, as what is always required or always saved is."""
        return self.text == "true()"

    def truth(self, scope: Scope, at: At) -> bool:
        result = self.run(scope, at, None)
        return result if isinstance(result, bool) else to_boolean(result)

    def string(self, scope: Scope, at: At) -> str:
        return to_text(self.run(scope, at, None))


def compile_expression(text: str, here: str, surroundings: Surroundings) -> Compiled:
    """Compile `text` as it stands at the node `here`. Raises ExpressionFault."""
    compiler = _Compiler(here, surroundings)
    run = compiler.value(parse(text), Focus(here, framed=False))
    reads = frozenset(compiler.paths.reads)
    return Compiled(text.strip(), run, reads - {here}, compiler.volatile, here in reads)


@dataclass(frozen=True, slots=True)
class CompiledRows:
    """The rows of a choice list that a question offers; `filtered` if a choice_filter decides. `one` says of a
    single row whether it is offered, None if that depends on its position.
    """

    list_id: str
    run: Rows
    reads: frozenset[str]
    filtered: bool
    one: OneRow | None


def compile_rows(text: str, here: str, surroundings: Surroundings) -> CompiledRows:
    """Compile the nodeset of an itemset: `instance('x')/root/item[…]`. Raises ExpressionFault."""
    tree = parse(text)
    if not isinstance(tree, Path) or tree.start is None or tree.start.name != "instance":
        raise ExpressionFault("选项的来源不支持", "选项须来自 choices 表，不能打乱次序，也不能来自循环组")
    compiler = _Compiler(here, surroundings)
    list_id, rows, one = compiler.paths.rows(tree, Focus(here, framed=False))
    tests = [test for step in tree.steps for test in step.predicates]
    apart = "position" not in text and all(_is_truth(test) for test in tests)
    return CompiledRows(list_id, rows, frozenset(compiler.paths.reads), bool(tests), one if apart else None)


def _is_truth(tree: Ast) -> bool:
    """Whether an expression can only be true or false: a number would mean a position."""
    if isinstance(tree, Binary):
        return operators.gives_truth(tree.operator)
    return isinstance(tree, Call) and tree.name in _TRUTHS


class _Compiler:
    """One compilation: walks the tree, gathers what is read."""

    def __init__(self, here: str, surroundings: Surroundings) -> None:
        self.here = here
        self.paths = Paths(here, surroundings, self.value)
        self.volatile = False

    def value(self, tree: Ast, focus: Focus) -> Run:
        if isinstance(tree, Literal):
            return _constant(tree.text)
        if isinstance(tree, Number):
            return _constant(tree.value)
        if isinstance(tree, Path):
            return self.paths.value(tree, focus)
        if isinstance(tree, Negative):
            return operators.negative(self.value(tree.operand, focus))
        if isinstance(tree, Binary):
            return self._binary(tree, focus)
        return self._call(tree, focus)

    def _binary(self, tree: Binary, focus: Focus) -> Run:
        left = self.value(tree.left, focus)
        if isinstance(tree.right, Literal) and tree.operator in ("=", "!="):
            return operators.equals_text(tree.operator, left, tree.right.text)
        right, number = self.value(tree.right, focus), _written(tree.right)
        if number.is_nan():
            return operators.binary(tree.operator, left, right)
        return operators.with_number(tree.operator, left, right, number)

    def _call(self, call: Call, focus: Focus) -> Run:
        special = _SPECIAL.get(call.name)
        if special is not None:
            least, most, build = special
            _check_count(call, least, most)
            return build(self, call, focus)
        function = FUNCTIONS.get(call.name)
        if function is None:
            raise ExpressionFault(
                f"没有函数“{call.name}”", _REMEDIES.get(call.name, "请改用说明中列出的函数")
            )
        _check_count(call, function.least, function.most)
        build_argument = self.paths.nodes if function.nodes else self.paths.value
        arguments = [
            build_argument(argument, focus) if isinstance(argument, Path) else self.value(argument, focus)
            for argument in call.arguments
        ]
        if pattern := _pattern_in(call):
            return operators.matches(arguments[0], pattern)
        return operators.apply(function.run, arguments)

    def choose(self, call: Call, focus: Focus) -> Run:
        condition, then, otherwise = (self.value(argument, focus) for argument in call.arguments)
        return lambda s, at, f: then(s, at, f) if to_boolean(condition(s, at, f)) else otherwise(s, at, f)

    def coalesce(self, call: Call, focus: Focus) -> Run:
        options = [self.value(argument, focus) for argument in call.arguments]
        return lambda s, at, f: next((text for option in options if (text := to_text(option(s, at, f)))), "")

    def once(self, call: Call, focus: Focus) -> Run:
        here, fresh = self.here, self.value(call.arguments[0], focus)
        self.volatile = True
        return lambda s, at, f: s.typed.get(here, {}).get(at) or fresh(s, at, f)

    def today(self, _call: Call, _focus: Focus) -> Run:
        self.volatile = True
        return lambda s, at, f: s.context.today.isoformat()

    def now(self, _call: Call, _focus: Focus) -> Run:
        self.volatile = True
        return lambda s, at, f: s.context.now.isoformat(timespec="milliseconds")

    def uuid(self, _call: Call, _focus: Focus) -> Run:
        """Drawn from the given `uuid` and the place, so that the same record gives the same id again."""
        self.volatile = True
        here = self.here

        def run(s: Scope, at: At, _frame: Frame | None) -> Value:
            seed = s.context.given.get("uuid", "")
            return str(uuid5(_NO_UUID, f"{seed} {here} {at}")) if seed else ""

        return run

    def position(self, call: Call, focus: Focus) -> Run:
        return self.paths.position(call.arguments[0] if call.arguments else None, focus)

    def indexed_repeat(self, call: Call, focus: Focus) -> Run:
        if len(call.arguments) % 2 == 0:
            raise ExpressionFault(
                "indexed-repeat 的参数不成对", "请写成 indexed-repeat(${题}, ${循环组}, 序号)"
            )
        return self.paths.indexed(call.arguments, focus)

    def choice_name(self, call: Call, focus: Focus) -> Run:
        """`jr:choice-name(${x}, '${x}')`: the second argument is a path in quotes."""
        value, named = self.value(call.arguments[0], focus), call.arguments[1]
        tree = parse(named.text) if isinstance(named, Literal) else named
        if not isinstance(tree, Path):
            raise ExpressionFault(
                "jr:choice-name 的第二个参数不是题目", "请写成 jr:choice-name(${题}, '${题}')"
            )
        question = self.paths.target(tree, focus)
        return lambda s, at, f: s.texts.choice_name(question, to_text(value(s, at, f)), s, at)

    def itext(self, call: Call, focus: Focus) -> Run:
        name = self.value(call.arguments[0], focus)
        return lambda s, at, f: s.texts.itext(to_text(name(s, at, f)), s, at)


def _written(tree: Ast) -> Decimal:
    """The number that an expression comes to whatever is answered: `10`, `date('2019-01-01')`; else NaN."""
    if isinstance(tree, Number):
        return tree.value
    function = FUNCTIONS.get(tree.name) if isinstance(tree, Call) else None
    if function is None or not isinstance(tree, Call):
        return NAN
    values = [each.text if isinstance(each, Literal) else each.value
              for each in tree.arguments if isinstance(each, Literal | Number)]  # fmt: skip
    return to_number(function.run(*values)) if len(values) == len(tree.arguments) else NAN


def _constant(value: Value) -> Run:
    return lambda s, at, f: value


def _true(_compiler: _Compiler, _call: Call, _focus: Focus) -> Run:
    return _constant(True)


def _false(_compiler: _Compiler, _call: Call, _focus: Focus) -> Run:
    return _constant(False)


def _check_count(call: Call, least: int, most: int | None) -> None:
    given = len(call.arguments)
    if given < least or (most is not None and given > most):
        wanted = f"{least}" if most == least else f"{least} 到 {most}" if most else f"至少 {least}"
        raise ExpressionFault(f"函数 {call.name} 要 {wanted} 个参数，写了 {given} 个", "请补足或删去参数")


def _pattern_in(call: Call) -> re.Pattern[str] | None:
    """The pattern that a call of `regex` is written with. Raises ExpressionFault if it is none."""
    if call.name != "regex" or not isinstance(call.arguments[1], Literal):
        return None
    pattern = pattern_of(call.arguments[1].text)
    if pattern is None:
        raise ExpressionFault(f"正则表达式“{call.arguments[1].text}”有误", "请检查括号和方括号")
    return pattern


_Build = Callable[[_Compiler, Call, Focus], Run]
_SPECIAL: dict[str, tuple[int, int | None, _Build]] = {
    "true": (0, 0, _true),
    "false": (0, 0, _false),
    "if": (3, 3, _Compiler.choose),
    "coalesce": (1, None, _Compiler.coalesce),
    "once": (1, 1, _Compiler.once),
    "today": (0, 0, _Compiler.today),
    "now": (0, 0, _Compiler.now),
    "uuid": (0, 0, _Compiler.uuid),
    "position": (0, 1, _Compiler.position),
    "indexed-repeat": (3, 7, _Compiler.indexed_repeat),
    "jr:choice-name": (2, 2, _Compiler.choice_name),
    "jr:itext": (1, 1, _Compiler.itext),
}
_TRUTHS = {"selected", "not", "contains", "starts-with", "ends-with", "regex", "true", "false"}
_REMEDIES = {
    "pulldata": "平板上没有附带的数据表，请把选项写进 choices 表并用 choice_filter",
    "random": "同样的答案要算出同样的结果，不能用随机数",
    "randomize": "选项不能打乱次序，请去掉 randomize 参数",
}

__all__ = ["Compiled", "CompiledRows", "ExpressionFault", "compile_expression", "compile_rows"]
