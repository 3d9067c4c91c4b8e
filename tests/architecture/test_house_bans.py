"""Calls no reviewer should have to look for: clocks, ids, chance in what decides, float money, shortcuts.

What decides (rules, sync, the form engine) is handed its clock and its ids; only so can a county be replayed
from one seed.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest

CLOCKS = {
    *(("datetime", "now"), ("datetime", "today"), ("date", "today")),
    *(("time", "time"), ("time", "time_ns"), ("time", "monotonic")),
    *(("uuid", "uuid1"), ("uuid", "uuid4")),
}
CHANCE = {"random", "secrets", "uuid1", "uuid4", "time_ns"}
MONEY = re.compile(r"(^|_)(fen|yuan|price|cost|amount|money|subsidy|payment|fee)(_|$|s\b)")
NAMELESS = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "manager",
    "managers",
    "service",
    "services",
    "misc",
}
MAY_PRINT = ("server/cli.py", "server/lab/", ".ci/")


def decides(path: PurePosixPath) -> bool:
    """Whether a module must be pure: every rules.py, all of sync, the form engine."""
    return path.parts[0] in {"sync", "survey_forms"} or (
        path.parts[0] == "server" and path.name == "rules.py"
    )


def faults(file: Any) -> list[str]:
    """Every banned thing of one Python file, as `path:line: what`."""
    checks = [_shortcuts, _nameless, _printing, _skipping]
    if decides(file.path):
        checks += [_clock_and_chance, _float_money]
    tree = ast.parse(file.text)
    found = {(line, what) for check in checks for line, what in check(file.path, tree)}
    return [f"{file.path}:{line}: {what}" for line, what in sorted(found)]


def _clock_and_chance(_path: PurePosixPath, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (_last_name(node.value), node.attr) in CLOCKS:
            yield (
                node.lineno,
                f"{_last_name(node.value)}.{node.attr}: take the clock or the id as an argument",
            )
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            for name in sorted(imported & CHANCE):
                yield node.lineno, f"import of {name}: chance, ids and clocks are handed in"


def _float_money(path: PurePosixPath, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """`float(…)` at all in rules and sync, on money in the form engine; no money annotated as float."""
    for node in ast.walk(tree):
        if _calls(node, "float") and (path.parts[0] != "survey_forms" or _speaks_of_money(node)):
            yield node.lineno, "float(): count in integers, Decimal or Fraction"
        if (
            isinstance(node, ast.arg | ast.AnnAssign)
            and node.annotation
            and "float" in _names(node.annotation)
        ):
            target = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            if MONEY.search(target):
                yield node.lineno, f"{target}: money is integer fen"


def _shortcuts(_path: PurePosixPath, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if _calls(node, "eval", "exec"):
            yield node.lineno, "eval() and exec(): text is not code"
        if isinstance(node, ast.Attribute) and node.attr == "utcnow":
            yield node.lineno, "utcnow: instants are aware"
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _does_nothing(node.body)):
            yield node.lineno, "an except that names nothing or does nothing hides a fault"


def _nameless(path: PurePosixPath, _tree: ast.AST) -> Iterator[tuple[int, str]]:
    for part in (*path.parts[:-1], path.stem):
        if NAMELESS & set(part.lower().split("_")):
            yield 1, f"{part}: name the module after what it is for"


def _printing(path: PurePosixPath, tree: ast.AST) -> Iterator[tuple[int, str]]:
    if str(path).startswith(MAY_PRINT):
        return
    for node in ast.walk(tree):
        if _calls(node, "print"):
            yield node.lineno, "print: only the command line talks to a terminal"


def _skipping(path: PurePosixPath, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """A test that does not run proves nothing, and a mock proves what its author believed."""
    if path.parts[0] != "tests":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}:
            yield node.lineno, f"{node.attr}: a test runs or is not there"
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            if imported & {"unittest.mock", "mock"}:
                yield node.lineno, "mock: hand in a small double instead"


def _calls(node: ast.AST, *names: str) -> bool:
    """Whether this is a call of one of these by its bare name (`session.exec` is another matter)."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _last_name(node: ast.AST) -> str:
    """`datetime` of `datetime`, `dt.datetime` and `datetime.datetime` alike."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _names(node: ast.AST) -> set[str]:
    return {_last_name(part) for part in ast.walk(node)} - {""}


def _speaks_of_money(node: ast.Call) -> bool:
    text = {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    return any(MONEY.search(word) for word in text | _names(node))


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and line.value.value is ...)
        for line in body
    )


def test_nothing_banned_is_called(modules: tuple[Any, ...], none_of: Callable[[Iterable[str]], None]) -> None:
    none_of(fault for file in modules for fault in faults(file))


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        ("sync/merge.py", "at = datetime.now(UTC)", "datetime.now"),
        ("sync/hub.py", "at = dt.datetime.utcnow()", "utcnow"),
        ("survey_forms/interview.py", "day = date.today()", "date.today"),
        ("sync/replica.py", "import uuid\nid = str(uuid.uuid4())", "uuid.uuid4"),
        ("sync/replica.py", "from uuid import uuid4", "uuid4"),
        ("server/programme/rules.py", "import random", "random"),
        ("sync/client.py", "began = time.time()", "time.time"),
        ("server/subsidies/rules.py", "due = float(text)", "float()"),
        ("survey_forms/functions.py", "paid = float(answers['price_yuan'])", "float()"),
        ("server/subsidies/rules.py", "def pay(amount_fen: float) -> int: ...", "amount_fen"),
        ("server/app.py", "eval('1')", "eval() and"),
        ("server/app.py", "try:\n    go()\nexcept KeyError:\n    pass", "hides a fault"),
        ("server/app.py", "try:\n    go()\nexcept:\n    stop()", "hides a fault"),
        ("mobile/app.py", "print('here')", "print"),
        ("server/web/date_utils.py", "", "date_utils"),
        ("server/helpers/text.py", "", "helpers"),
        ("tests/sync/test_a.py", "@pytest.mark.skip\ndef test_a(): ...", "skip"),
        ("tests/sync/test_a.py", "from unittest.mock import Mock", "mock"),
    ],
)
def test_each_ban_can_fail(source: Callable[[str, str], Any], path: str, text: str, word: str) -> None:
    found = faults(source(path, text))
    assert len(found) == 1, found
    assert word in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("server/cli.py", "print('http')\nnow = datetime.now(UTC)"),
        ("survey_forms/functions.py", "number = float(text)"),
        ("sync/merge.py", "def judge(now: datetime) -> int:\n    return now.year"),
        ("server/access/actions.py", "session.exec(statement)\nsession_id = uuid4()"),
    ],
)
def test_what_is_allowed_passes(source: Callable[[str, str], Any], path: str, text: str) -> None:
    assert faults(source(path, text)) == []
