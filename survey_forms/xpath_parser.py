"""Text of an XPath expression → a tree of frozen values.

The subset that the ODK XForms specification allows: paths over child, parent and self, predicates, the
operators, function calls. Nothing here knows a form; unknown paths and functions are found when the tree is
compiled.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

DEPTH_MAX = 40
LENGTH_MAX = 8_000


class ExpressionFault(Exception):
    """An expression that cannot be used: what is wrong, and what to do instead (both in Chinese)."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Negative:
    operand: "Ast"


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: "Ast"
    right: "Ast"


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple["Ast", ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: an element name, `.` or `..`, with its predicates."""

    name: str
    predicates: tuple["Ast", ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """`start` is `instance('x')` or `current()`; without it the path begins at the root or at the context
    node.
    """

    start: Call | None
    absolute: bool
    steps: tuple[Step, ...]


Ast = Literal | Number | Negative | Binary | Call | Path

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d*)?|\.\d+)
    | (?P<literal>"[^"]*"|'[^']*')
    | (?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    | (?P<sign>\.\.|//|::|!=|<=|>=|[()\[\],/.=<>+\-*|@$])
    )""",
    re.VERBOSE,
)
_WORD_OPERATORS = {"and", "or", "mod", "div"}
_BINDING = {
    "or": 1,
    "and": 2,
    "=": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "div": 6,
    "mod": 6,
}
_UNSUPPORTED = {
    "//": "请写出完整路径，不要用 //",
    "::": "只支持子节点、.. 和 .，请改写路径",
    "@": "不能引用属性，请引用题目",
    "$": "请用 ${题目名} 并重新发布",
    "|": "不支持并集 |，请分开写",
}


def parse(text: str) -> Ast:
    """Raises ExpressionFault. Whitespace around tokens, which pyxform adds freely, means nothing."""
    if len(text) > LENGTH_MAX:
        raise ExpressionFault(f"表达式超过 {LENGTH_MAX} 个字符", "请拆成几个计算题")
    reader = _Reader(_tokens(text))
    tree = reader.expression(0)
    if reader.peek() != _END:
        raise ExpressionFault(f"表达式在“{reader.peek()[1]}”处无法读懂", "请检查括号、逗号和运算符")
    return tree


_END = ("end", "")
_Token = tuple[str, str]


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExpressionFault(
                f"表达式里有读不懂的字符“{text[position:end].strip()[:1]}”",
                "请检查引号是否成对、符号是否为半角",
            )
        kind, token = match.lastgroup, match.group(match.lastgroup)
        if (kind == "name" and token in _WORD_OPERATORS and _ends_operand(tokens)) or (
            kind == "sign" and token in _BINDING
        ):
            kind = "operator"
        if token in _UNSUPPORTED and kind == "sign":
            raise ExpressionFault(f"不支持写法“{token}”", _UNSUPPORTED[token])
        tokens.append((kind, token))
        position = match.end()
    return tokens


def _ends_operand(tokens: list[_Token]) -> bool:
    """XPath 1.0, 3.7: a word is an operator only where an operand has just ended."""
    if not tokens:
        return False
    kind, token = tokens[-1]
    return kind in ("number", "literal", "name") or (kind == "sign" and token in (")", "]", ".", ".."))


class _Reader:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def peek(self, ahead: int = 0) -> _Token:
        position = self._next + ahead
        return self._tokens[position] if position < len(self._tokens) else _END

    def _take(self) -> _Token:
        token = self.peek()
        self._next += 1
        return token

    def _expect(self, sign: str) -> None:
        kind, token = self._take()
        if token != sign or kind == "literal":
            raise ExpressionFault(f"表达式缺少“{sign}”", "请检查括号是否成对")

    def expression(self, binding: int) -> Ast:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ExpressionFault("表达式嵌套太深", "请拆成几个计算题")
        left = self._operand()
        while True:
            kind, token = self.peek()
            if kind != "operator" or _BINDING[token] <= binding:
                break
            self._take()
            left = Binary(token, left, self.expression(_BINDING[token]))
        self._depth -= 1
        return left

    def _operand(self) -> Ast:
        kind, token = self.peek()
        if (kind, token) == ("operator", "-"):
            self._take()
            return Negative(self.expression(6))
        if kind == "number":
            self._take()
            return Number(Decimal(token))
        if kind == "literal":
            self._take()
            return Literal(token[1:-1])
        if (kind, token) == ("sign", "("):
            self._take()
            inner = self.expression(0)
            self._expect(")")
            return inner
        if kind == "name" and self.peek(1) == ("sign", "("):
            return self._call()
        if kind == "name" or token in (".", "..", "/"):
            return self._path()
        if kind == "end":
            raise ExpressionFault("表达式不完整", "请补上缺少的部分")
        raise ExpressionFault(f"表达式在“{token}”处无法读懂", "请检查运算符和括号")

    def _call(self) -> Ast:
        name = self._take()[1]
        self._expect("(")
        arguments: list[Ast] = []
        if self.peek() != ("sign", ")"):
            arguments.append(self.expression(0))
            while self.peek() == ("sign", ","):
                self._take()
                arguments.append(self.expression(0))
        self._expect(")")
        call = Call(name, tuple(arguments))
        if name in ("instance", "current"):
            if self.peek() == ("sign", "/"):
                self._take()
                return Path(call, False, self._steps())
            return Path(call, False, ())
        return call

    def _path(self) -> Path:
        absolute = self.peek() == ("sign", "/")
        if absolute:
            self._take()
        return Path(None, absolute, self._steps())

    def _steps(self) -> tuple[Step, ...]:
        steps = [self._step()]
        while self.peek() == ("sign", "/"):
            self._take()
            steps.append(self._step())
        return tuple(steps)

    def _step(self) -> Step:
        kind, token = self._take()
        if kind != "name" and token not in (".", ".."):
            raise ExpressionFault("路径不完整", "请写出题目名，或用 ${题目名}")
        predicates: list[Ast] = []
        while self.peek() == ("sign", "["):
            self._take()
            predicates.append(self.expression(0))
            self._expect("]")
        return Step(token, tuple(predicates))
