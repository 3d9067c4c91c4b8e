"""Words that must not stand in a file others will clone: where packages came from, one machine's folders,
promises, and pages that only the people who planned this could open.

The words are put together from pieces here, so that this file does not find itself.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

HOSTS = ["pypi" + ".org", "python" + "hosted", "npm" + "js.", "registry" + ".npm", "deb." + "debian"]
FOLDERS = ["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "tm" + "p"]
PROMISES = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
ELSEWHERE = ["DES" + "IGN", "STY" + "LE", "DOM" + "AIN", "CON" + "TRACT"]

FORBIDDEN: dict[str, re.Pattern[str]] = {
    "a package registry's address": re.compile("|".join(map(re.escape, HOSTS))),
    "a folder of one machine": re.compile(rf"(?<![\w.\-/}}$)*])/(?:{'|'.join(FOLDERS)})/(?=[\w.])"),
    "a promise instead of work": re.compile(rf"\b(?:{'|'.join(PROMISES)})\b"),
    "a page that is not in the clone": re.compile(rf"\b(?:{'|'.join(ELSEWHERE)})\.md\b"),
}


def faults(file: Any) -> list[str]:
    """`path:line: what stands there` for every forbidden word."""
    return [
        f"{file.path}:{number}: {what}: {match.group()}"
        for number, line in enumerate(file.text.splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if (match := pattern.search(line))
    ]


def test_no_file_holds_a_forbidden_word(
    files: tuple[Any, ...], none_of: Callable[[Iterable[str]], None]
) -> None:
    none_of(fault for file in files for fault in faults(file))


@pytest.mark.parametrize(
    "line",
    [
        "pip install --index-url https://" + HOSTS[0] + "/simple",
        '"resolved": "https://' + HOSTS[3] + 'js.org/htmx.org/-/htmx.org-2.0.11.tgz"',
        'DATA = "/' + FOLDERS[0] + '/main/data"',
        "see /" + FOLDERS[1] + "/notes.txt",
        "# " + PROMISES[0] + ": count them",
        "the classes of " + ELSEWHERE[2] + ".md, c.1",
    ],
)
def test_each_word_is_found(source: Callable[[str, str], Any], line: str) -> None:
    assert len(faults(source("sync/a.py", f"one\n{line}\n"))) == 1


@pytest.mark.parametrize(
    "line",
    ["#!/usr/bin/env bash", "/usr/share/fonts/opentype", "GET /households/{county}/{id}", "tmp_path / 'a'"],
)
def test_ordinary_lines_pass(source: Callable[[str, str], Any], line: str) -> None:
    assert faults(source("sync/a.py", line)) == []
