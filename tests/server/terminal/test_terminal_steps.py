"""What long work says of itself, with a clock that is handed in: nothing here waits."""

import io
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from server.app import create_app, fill
from server.exchange import backup
from server.terminal.bars import FIRST_LINE_AFTER_S, LINE_EVERY_S, Bars
from server.terminal.steps import counted


class Heard:
    """Everything that was said of each step. Fits `Steps`."""

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def __call__(self, name):
        said = self.said.setdefault(name, [])
        yield lambda done_n, total_n: said.append((done_n, total_n))


class Seconds:
    """A clock that is wound by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)


def test_without_a_terminal_a_line_comes_only_now_and_then() -> None:
    console, clock = _console(terminal=False), Seconds()
    with Bars(console, clock)("导入（行）") as told:
        for done_n in range(1, 11):
            clock.now += 1
            told(done_n, 10)
    assert (FIRST_LINE_AFTER_S, LINE_EVERY_S) == (2.0, 5.0)
    assert console.file.getvalue().splitlines() == ["导入（行） 2/10", "导入（行） 7/10"]


def test_a_quick_step_says_nothing_in_a_log() -> None:
    console = _console(terminal=False)
    with Bars(console, Seconds())("导入（行）") as told:
        told(100, 100)
    assert console.file.getvalue() == ""


def test_on_a_terminal_a_bar_counts_and_goes_away() -> None:
    console = _console(terminal=True)
    bars = Bars(console)
    for name in ("导入（行）", "检查"):
        with bars(name) as told:
            told(23, 23380)
    said = console.file.getvalue()
    assert "导入（行）" in said and "检查" in said
    assert "23/23380" in said
    assert said.endswith("\x1b[2K")


def test_what_goes_wrong_in_a_step_comes_out_of_it() -> None:
    for terminal in (False, True):
        with pytest.raises(ValueError, match="wrong"), Bars(_console(terminal=terminal))("导入（行）"):
            raise ValueError("wrong")


def test_counted_tells_each_when_the_next_is_asked_for() -> None:
    said = []
    assert list(counted("abc", 3, lambda *so_far: said.append(so_far))) == ["a", "b", "c"]
    assert said == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_first_start_counts_its_revisions_and_the_rows_of_the_divisions(settings) -> None:
    heard = Heard()
    app = create_app(settings, steps=heard)
    fill(app, heard)
    app.state.engine.dispose()
    revisions, rows = heard.said["准备数据库（版本）"], heard.said["导入行政区划（行）"]
    assert revisions == [(n, len(revisions)) for n in range(1, len(revisions) + 1)]
    assert rows[0] == (500, 23380) and rows[-1] == (23380, 23380)
    again = Heard()
    app = create_app(settings, steps=again)
    fill(app, again)
    app.state.engine.dispose()
    assert not any(again.said.values())


def test_a_copy_and_the_way_back_count_their_pages(settings, tmp_path: Path) -> None:
    app = create_app(settings)
    fill(app)
    app.state.engine.dispose()
    heard, copy = Heard(), tmp_path / "copy.sqlite3"
    size = backup.back_up(settings.database_url, copy, heard)
    pages = heard.said["备份（页）"]
    assert len(pages) > 1 and pages[-1] == (size // 4096, size // 4096)
    backup.restore(settings.database_url, copy, new_id=lambda: "h", now=app.state.clock(), steps=heard)
    assert list(heard.said) == [
        "备份（页）", "检查备份", "读取备份（页）", "准备数据库（版本）", "保留原来的数据库（字节）",
    ]  # fmt: skip
    assert heard.said["读取备份（页）"] == pages
    assert heard.said["保留原来的数据库（字节）"][-1] == (size, size)


def test_a_server_that_writes_meanwhile_does_not_begin_the_copy_again(settings, tmp_path: Path) -> None:
    app = create_app(settings)
    fill(app)
    app.state.engine.dispose()
    source, copy, seen = backup.database_file(settings.database_url), tmp_path / "copy.sqlite3", []
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:

        @contextmanager
        def steps(_name):
            def told(done_n: int, _total_n: int) -> None:
                assert done_n > max(seen, default=0), "begun again"
                seen.append(done_n)
                writer.execute("INSERT INTO hub_meta VALUES (?, 'word')", (f"late {len(seen)}",))

            yield told

        backup.back_up(settings.database_url, copy, steps)
    assert len(seen) > 1
    late = "SELECT count(*) FROM hub_meta WHERE name LIKE 'late %'"
    for path, count in ((source, len(seen)), (copy, 0)):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute(late).fetchone() == (count,), path


def test_whether_anybody_sees_a_bar_is_known() -> None:
    assert [Bars(Console(file=io.StringIO(), force_terminal=there)).seen for there in (True, False)] == [
        True,
        False,
    ]
