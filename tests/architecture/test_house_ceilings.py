"""No file over 400 lines, no function over 70: what spoils a codebase is one file that nobody stopped.

An exception is listed here with its present size and may only shrink: the list must be lowered with it.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
WRITTEN_BY_HAND = {".py", ".kv", ".html", ".css", ".js", ".sh", ""}

# path, or path::function → lines it has today
EXCEPTIONS: dict[str, int] = {}


def lengths_of_files(files: Iterable[Any]) -> dict[str, int]:
    """Lines per file that people write; documents, data and forms are as long as they are."""
    written = (file for file in files if file.path.suffix in WRITTEN_BY_HAND)
    return {str(file.path): len(file.text.splitlines()) for file in written}


def lengths_of_functions(files: Iterable[Any]) -> dict[str, int]:
    """Lines per function, from its `def` to its end, named path::function."""
    return {
        f"{file.path}::{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file in files
        for node in ast.walk(ast.parse(file.text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def faults(lengths: Mapping[str, int], ceiling: int, exceptions: Mapping[str, int]) -> list[str]:
    """What is over the ceiling and not excepted; exceptions that have shrunk or become needless."""
    found = [
        f"{name} has {lines} lines, {ceiling} are allowed"
        for name, lines in lengths.items()
        if lines > max(ceiling, exceptions.get(name, 0))
    ]
    for name, listed in exceptions.items():
        now = lengths.get(name, 0)
        if now <= ceiling:
            found.append(f"{name} needs no exception any more: take it off the list")
        elif now < listed:
            found.append(f"{name} has shrunk to {now} lines: lower its exception from {listed}")
    return found


def _of_kind(*, functions: bool) -> dict[str, int]:
    return {name: lines for name, lines in EXCEPTIONS.items() if ("::" in name) == functions}


def test_no_file_is_over_the_ceiling(
    files: tuple[Any, ...], none_of: Callable[[Iterable[str]], None]
) -> None:
    none_of(faults(lengths_of_files(files), FILE_LINES_MAX, _of_kind(functions=False)))


def test_no_function_is_over_the_ceiling(
    modules: tuple[Any, ...], none_of: Callable[[Iterable[str]], None]
) -> None:
    none_of(faults(lengths_of_functions(modules), FUNCTION_LINES_MAX, _of_kind(functions=True)))


def test_the_check_sees_a_long_file_and_a_long_function(source: Callable[[str, str], Any]) -> None:
    long_function = source("sync/long.py", "def read():\n" + "    x = 1\n" * 70)
    long_file = source("mobile/long.kv", "a\n" * 401)
    assert faults(lengths_of_functions([long_function]), FUNCTION_LINES_MAX, {}) == [
        "sync/long.py::read has 71 lines, 70 are allowed"
    ]
    assert faults(lengths_of_files([long_file, long_function]), FILE_LINES_MAX, {}) == [
        "mobile/long.kv has 401 lines, 400 are allowed"
    ]


def test_an_exception_may_only_shrink() -> None:
    assert faults({"a.py": 500}, 400, {"a.py": 500}) == []
    assert faults({"a.py": 501}, 400, {"a.py": 500}) == ["a.py has 501 lines, 400 are allowed"]
    assert faults({"a.py": 450}, 400, {"a.py": 500}) == [
        "a.py has shrunk to 450 lines: lower its exception from 500"
    ]
    assert faults({"a.py": 300}, 400, {"a.py": 500}) == [
        "a.py needs no exception any more: take it off the list"
    ]
