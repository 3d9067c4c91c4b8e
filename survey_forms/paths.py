"""Paths: resolved against the form when it is compiled, read from the live answers when they run.

Two rules come from the ODK XForms specification, section Repeats. A relative path that climbs out of a
repeat and comes down again means every instance. An absolute path, used inside a repeat, means the instance
it is used in ("a big deviation with XForms", as the specification says itself), except for the repeat as
such: `count(/data/r)` inside `r` still counts them all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from survey_forms.scope import At, Frame, Item, Scope, Shape, Surroundings, Value
from survey_forms.values import to_boolean, to_number
from survey_forms.xpath_parser import Ast, Call, ExpressionFault, Literal, Path, Step

Run = Callable[[Scope, At, Frame | None], Value]
Rows = Callable[[Scope, At, Frame | None], list[Item]]
OneRow = Callable[[Scope, At, Item], bool]


@dataclass(frozen=True, slots=True)
class Focus:
    """Where a relative path begins: the node of the expression, or what a predicate is looking at
    (`framed`).
    """

    path: str
    framed: bool
    list_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Hop:
    """One step over the form. `keep`: how many repeat positions remain; `way`: up, stay, bound or each."""

    path: str
    way: str
    keep: int
    predicates: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class _Route:
    shape: Shape
    hops: tuple[_Hop, ...]
    framed: bool
    absolute: bool

    @property
    def single(self) -> bool:
        return all(hop.way != "each" and not hop.predicates for hop in self.hops)


class Paths:
    """Path compiler of one expression. `reads` gathers the form paths it depends on."""

    def __init__(
        self, here: str, surroundings: Surroundings, compile_tree: Callable[[Ast, Focus], Run]
    ) -> None:
        self.here = here
        self.reads: set[str] = set()
        self._surroundings = surroundings
        self._compile = compile_tree

    def value(self, tree: Path, focus: Focus) -> Run:
        """A single answer as its text, anything else as a node-set."""
        if self._is_list(tree):
            return self._list_value(tree, focus)
        if focus.list_id is not None and not tree.absolute and tree.start is None:
            return self._item_field(tree, focus.list_id)
        route = self._route(tree, focus)
        return self._text(route) if route.single else self._nodes(route)

    def nodes(self, tree: Path, focus: Focus) -> Run:
        """Always a node-set: nodes that are not relevant are not in it, empty ones are."""
        if self._is_list(tree) or (focus.list_id is not None and not tree.absolute and tree.start is None):
            return self.value(tree, focus)
        return self._nodes(self._route(tree, focus))

    def rows(self, tree: Path, focus: Focus) -> tuple[str, Rows, OneRow]:
        """`instance('x')/root/item[…]` → the list's id, the rows that remain, and whether a single row does (where
        no condition looks at positions).
        """
        list_id = self._list_id(tree)
        steps = tree.steps
        if [step.name for step in steps[:2]] != ["root", "item"] or steps[0].predicates or len(steps) > 3:
            raise ExpressionFault("选项表的路径不合规", "请写成 instance('表名')/root/item[条件]")
        items = self._surroundings.lists[list_id]
        tests = [self._compile(test, Focus(focus.path, True, list_id)) for test in steps[1].predicates]

        def run(s: Scope, at: At, f: Frame | None) -> list[Item]:
            remaining = list(items)
            for test in tests:
                remaining = [
                    row
                    for place, row in enumerate(remaining, 1)
                    if _holds(test, s, at, Frame(row, at, place))
                ]
            return remaining

        def one(s: Scope, at: At, row: Item) -> bool:
            frame = Frame(row, at, 1)
            return all(_holds(test, s, at, frame) for test in tests)

        return list_id, run, one

    def target(self, tree: Path, focus: Focus) -> str:
        path = self._route(tree, focus).shape.path
        self.reads.add(path)
        return path

    def position(self, argument: Ast | None, focus: Focus) -> Run:
        if argument is None:
            if not focus.framed:
                raise ExpressionFault("position() 只能用在 [] 条件里", "在循环组里请写 position(..)")
            return lambda s, at, f: Decimal(f.position if f else 1)
        if not isinstance(argument, Path):
            raise ExpressionFault("position 的参数不是路径", "请写成 position(..)")
        route = self._route(argument, focus)
        shape, framed = route.shape, route.framed
        if shape.kind != "repeat" or any(hop.way == "each" for hop in route.hops[:-1]):
            return lambda s, at, f: Decimal(1)
        depth = len(shape.repeats) - 1
        outside = Decimal(1)

        def run(s: Scope, at: At, f: Frame | None) -> Value:
            place = _start(at, f, framed)
            return Decimal(place[depth]) if depth < len(place) else outside

        return run

    def indexed(self, arguments: tuple[Ast, ...], focus: Focus) -> Run:
        """`indexed-repeat(node, repeat, index, …)`: repeats that are not named keep the position of the
        context.
        """
        if not all(isinstance(argument, Path) for argument in (arguments[0], *arguments[1::2])):
            raise ExpressionFault(
                "indexed-repeat 的参数不是路径", "请写成 indexed-repeat(${题}, ${循环组}, 序号)"
            )
        trees = [argument for argument in (arguments[0], *arguments[1::2]) if isinstance(argument, Path)]
        shape, *named = [self._route(tree, focus).shape for tree in trees]
        chosen = {
            repeat.path: self._compile(index, focus)
            for repeat, index in zip(named, arguments[2::2], strict=True)
        }
        if any(path not in shape.repeats for path in chosen):
            raise ExpressionFault("indexed-repeat 的题目不在所写的循环组里", "请核对题目和循环组")
        own = self._surroundings.shapes[self.here].repeats
        self.reads.update((shape.path, *shape.repeats))
        path, repeats = shape.path, shape.repeats

        def run(s: Scope, at: At, f: Frame | None) -> Value:
            place: At = ()
            for depth, repeat in enumerate(repeats):
                if repeat in chosen:
                    index = to_number(chosen[repeat](s, at, f))
                    place += (int(index) if index.is_finite() else 0,)
                else:
                    place += (at[depth] if depth < len(own) and own[depth] == repeat else 1,)
            return s.live[path].get(place, "")

        return run

    def _is_list(self, tree: Path) -> bool:
        return tree.start is not None and tree.start.name == "instance"

    def _list_id(self, tree: Path) -> str:
        start = tree.start
        if (
            not isinstance(start, Call)
            or len(start.arguments) != 1
            or not isinstance(start.arguments[0], Literal)
        ):
            raise ExpressionFault("选项表的写法不合规", "请写成 instance('表名')/root/item[条件]")
        list_id = start.arguments[0].text
        if list_id not in self._surroundings.lists:
            raise ExpressionFault(f"没有选项表“{list_id}”", "请在 choices 表里补上，或改正表名")
        return list_id

    def _list_value(self, tree: Path, focus: Focus) -> Run:
        list_id, rows, _ = self.rows(tree, focus)
        if len(tree.steps) < 3:
            return lambda s, at, f: ("",) * len(rows(s, at, f))
        field = self._known_field(tree.steps[2], list_id)
        return lambda s, at, f: tuple(row.get(field, "") for row in rows(s, at, f))

    def _item_field(self, tree: Path, list_id: str) -> Run:
        steps = tree.steps[1:] if tree.steps[0].name == "." and len(tree.steps) > 1 else tree.steps
        if len(steps) != 1:
            raise ExpressionFault("选项条件里的路径太长", "条件里请写选项的列名，题目请用 ${题目名}")
        field = self._known_field(steps[0], list_id)
        return lambda s, at, f: f.item.get(field, "") if f is not None and f.item is not None else ""

    def _known_field(self, step: Step, list_id: str) -> str:
        items = self._surroundings.lists[list_id]
        if (items and not any(step.name in item for item in items)) or step.predicates:
            raise ExpressionFault(
                f"选项表“{list_id}”没有列“{step.name}”",
                "请在 choices 表里补上这一列，或用 ${题目名} 引用题目",
            )
        return step.name

    def _route(self, tree: Path, focus: Focus) -> _Route:
        if tree.start is not None and (tree.start.name != "current" or tree.start.arguments):
            raise ExpressionFault(f"路径不能从“{tree.start.name}”开始", "请用 ${题目名}")
        if self._is_list(tree):
            raise ExpressionFault("这里要的是题目，不是选项表", "请用 ${题目名}")
        start = Focus(self.here, False) if tree.start is not None else focus
        path = "" if tree.absolute else start.path
        hops: list[_Hop] = []
        bound = tree.absolute
        for position, step in enumerate(tree.steps):
            last = position == len(tree.steps) - 1
            path, way = self._next(path, step.name)
            if way == "each" and bound and not last and not step.predicates and self._encloses(path):
                way = "bound"
            elif way == "each":
                bound = False
            shape = self._surroundings.shapes[path]
            predicates = tuple(self._compile(test, Focus(path, True)) for test in step.predicates)
            hops.append(_Hop(path, way, len(shape.repeats), predicates))
            if way == "each":
                self.reads.add(path)
        return _Route(
            self._surroundings.shapes[path], tuple(hops), start.framed and not tree.absolute, tree.absolute
        )

    def _next(self, path: str, name: str) -> tuple[str, str]:
        shapes = self._surroundings.shapes
        if name == ".":
            return path, "stay"
        if name == "..":
            parent = path.rpartition("/")[0]
            if parent not in shapes:
                raise ExpressionFault("路径里的 .. 超出了表的根", "请减少 ..，或用 ${题目名}")
            return parent, "up"
        child = f"{path}/{name}"
        if child not in shapes:
            raise ExpressionFault(f"没有题目“{child}”", "请核对题目名")
        return child, "each" if shapes[child].kind == "repeat" else "stay"

    def _encloses(self, repeat: str) -> bool:
        return repeat in self._surroundings.shapes[self.here].repeats

    def _text(self, route: _Route) -> Run:
        path, depth = route.shape.path, len(route.shape.repeats)
        self.reads.add(path)
        if route.framed:
            return lambda s, at, f: s.live[path].get(_start(at, f, True)[:depth], "")
        if depth == 0:
            return lambda s, at, f: s.live[path].get((), "")
        return lambda s, at, f: s.live[path].get(at[:depth], "")

    def _nodes(self, route: _Route) -> Run:
        path, hops, framed, absolute = route.shape.path, route.hops, route.framed, route.absolute
        self.reads.add(path)

        def run(s: Scope, at: At, f: Frame | None) -> Value:
            places: list[At] = [() if absolute else _start(at, f, framed)]
            for hop in hops:
                places = _stepped(hop, places, s, at)
            cells = s.live[path]
            return tuple(cells[place] for place in places if place in cells)

        return run


def _start(at: At, frame: Frame | None, framed: bool) -> At:
    return frame.at if framed and frame is not None else at


def _stepped(hop: _Hop, places: list[At], scope: Scope, at: At) -> list[At]:
    if hop.way == "up":
        return list(dict.fromkeys(place[: hop.keep] for place in places))
    found: list[At] = []
    for place in places:
        if hop.way == "each":
            reached = [key for key in scope.live[hop.path] if key[: len(place)] == place]
        elif hop.way == "bound":
            reached = [(*place, at[len(place)])]
        else:
            reached = [place]
        for test in hop.predicates:
            reached = [
                key for rank, key in enumerate(reached, 1) if _holds(test, scope, at, Frame(None, key, rank))
            ]
        found += reached
    return found


def _holds(test: Run, scope: Scope, at: At, frame: Frame) -> bool:
    """A number in a predicate means that position (XPath 1.0, 2.4)."""
    result = test(scope, at, frame)
    if isinstance(result, Decimal):
        return result == frame.position
    return to_boolean(result)
