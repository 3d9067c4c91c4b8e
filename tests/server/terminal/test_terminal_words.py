"""A command line that is wrong gets an answer like every other: what, where, what to write, in Chinese."""

import errno
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from server.cli import app, main
from server.terminal.words import why

SILENT = str.maketrans("", "", " \n│╭╮╰╯─")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("demo --port abc", "选项 --port 的值“abc”不是整数。请写整数，例如 --port 8140。"),
        ("demo --port 1.5", "选项 --port 的值“1.5”不是整数。"),
        ("serve --port 99999", "选项 --port 的值“99999”太大。请写 65535 或更小的数，例如 --port 8140。"),
        ("demo --households 0", "选项 --households 的值“0”太小。请写 1 或更大的数。"),
        ("demo --prot 1", "没有选项 --prot。是不是 --port？"),
        ("demo -x", "没有选项 -x。"),
        ("demo --port", "选项 --port 后面要写一个值。"),
        ("demo --fresh=1", "选项 --fresh 后面不写值。请只写 --fresh。"),
        ("dmeo", "没有命令 dmeo。是不是 demo？"),
        ("frobnicate", "没有命令 frobnicate。"),
        ("verify --only geld", "的值“geld”不在可选的之中。请写其中一个：“money”、“sync”。"),
        ("demo more", "多写了 more。请去掉，或在它前面写明选项。"),
        ("plan release", "缺少参数 SOURCE：文件。"),
        ("divisions import a.csv", "缺少选项 --edition：版本，例如 2020。"),
    ],
)
def test_what_is_wrong_is_said_and_what_to_write(
    capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    answer = capsys.readouterr().err.translate(SILENT)
    assert ended.value.code == 2
    assert said.translate(SILENT) in answer
    assert "--help。" in answer
    english = re.sub(r"--[a-z]+|cleanheat\w*|SOURCE|“.*?”|frobnicate|dmeo|demo|more|-x", "", answer)
    assert not re.search("[A-Za-z]", english), english


def test_no_command_at_all_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    for line in ([], ["plan"]):
        with pytest.raises(SystemExit) as ended:
            main(line)
        said = capsys.readouterr()
        assert ended.value.code == 2
        assert "cleanheat" in said.out and said.err == ""


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--help"])
    assert ended.value.code == 0
    assert "模拟户数" in capsys.readouterr().out


def _paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from _paths(each, (*path, name))


@pytest.mark.parametrize("path", _paths(get_command(app)), ids=" ".join)
def test_help_speaks_one_language(capsys: pytest.CaptureFixture[str], path: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*path, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and len(re.findall(r"--help +显示这些说明。", said)) == 1
    assert "用法：cleanheat" in said and all(name in said for name in path)
    assert not re.search(r"(?i)usage|options|arguments|commands|default|required|show this|\bargs\b", said), (
        said
    )


def test_help_says_what_is_optional_and_what_stands_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    for line, told in (
        (["serve", "--help"], ("--port …", "（默认 8140）")),
        (["plan", "release", "--help"], ("plan release SOURCE [选项]",)),
        (["restore", "--help"], ("[SOURCE]", "--history-only ")),
        (["divisions", "import", "--help"], ("（必填）",)),
    ):
        with pytest.raises(SystemExit):
            main(line)
        said = capsys.readouterr().out
        assert all(each in said for each in told), said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "没有这个文件或目录"),
        (PermissionError(errno.EACCES, "Permission denied"), "没有权限"),
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘已满"),
        (OSError(errno.EPROTO, "Protocol error"), "Protocol error"),
        (socket.gaierror(-2, "Name or service not known"), "找不到这个名字的地址"),
    ],
)
def test_the_systems_reasons_are_told_in_chinese(error: OSError, said: str) -> None:
    assert why(error) == said
