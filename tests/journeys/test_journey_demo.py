"""The command behind `make demo`: a script starts it, reads demo.json, and watches the county convert."""

import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from server.lab import demo

PATIENCE_S = 120


@contextmanager
def _demo(data: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The demo as a script runs it: in the background, with its output in a file."""
    command = [sys.executable, "-m", "server.cli", "demo", "--data", str(data), "--port", "0", "--no-browser"]
    with (data.parent / "demo.log").open("ab") as log:
        process = subprocess.Popen([*command, *more], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0


def _converted(data: Path) -> int | None:
    """The county's converted households; None while nothing answers yet."""
    try:
        told = json.loads((data / "demo.json").read_text(encoding="utf-8"))
        answer = httpx.get(
            f"{told['address']}/api/v1/coverage/{told['county']}",
            headers={"Authorization": f"Bearer {told['token']}"},
            trust_env=False,
            verify=False,
        )
    except (FileNotFoundError, httpx.TransportError, httpx.UnsupportedProtocol):
        return None
    assert answer.status_code == 200
    counted = answer.json()
    assert counted["synthetic"] is True
    return int(counted["converted"])


def _until_more_than(data: Path, process: subprocess.Popen[bytes], least: int) -> int:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, "the demo ended by itself"
        found = _converted(data)
        if found is not None and found > least:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not more than {least} converted after {PATIENCE_S} s")


def test_coverage_rises_while_one_watches_and_goes_on_after_a_stop(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    with _demo(data, "--households", "160") as process:
        first = _until_more_than(data, process, 0)
        second = _until_more_than(data, process, first)
        enrolment = json.loads((data / "demo.json").read_text(encoding="utf-8"))
        assert len(enrolment["enrolment_code"]) == 8
        assert enrolment["accounts"][0]["login"] == "admin"

    with _demo(data) as process:
        assert _until_more_than(data, process, second) > second
        assert json.loads((data / "demo.json").read_text(encoding="utf-8"))["token"] == enrolment["token"]


def _refused(data: Path, *more: str) -> str:
    """What a demo that does not start says, on one line without its frame."""
    command = [sys.executable, "-m", "server.cli", "demo", "--data", str(data), "--port", "0", "--no-browser"]
    ended = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    return "".join((ended.stdout + ended.stderr).replace("│", "").split())


@pytest.mark.parametrize("more", [(), ("--fresh",)])
def test_a_countys_own_database_is_left_alone(tmp_path: Path, more: tuple[str, ...]) -> None:
    county = tmp_path / "cleanheat-data"
    county.mkdir()
    (county / "cleanheat.sqlite3").write_bytes(b"ten thousand real households")
    assert "不是演示数据" in _refused(county, *more)
    assert [each.name for each in county.iterdir()] == ["cleanheat.sqlite3"]
    assert (county / "cleanheat.sqlite3").read_bytes() == b"ten thousand real households"


def test_a_demo_stopped_while_it_was_made_ready_may_begin_again(tmp_path: Path) -> None:
    demo.claim(tmp_path / "demo")
    (tmp_path / "demo" / "cleanheat.sqlite3").write_bytes(b"half of it")
    demo.clear(tmp_path / "demo")
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_demo_that_runs_is_not_cleared_away(tmp_path: Path) -> None:
    demo.claim(tmp_path / "demo")
    with (tmp_path / "demo" / "serve.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert "正在使用" in _refused(tmp_path / "demo", "--fresh")
    assert (tmp_path / "demo" / "serve.lock").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "letter.txt").write_text("dear", encoding="utf-8")
    assert "没有删除任何东西" in _refused(letters, "--fresh")
    assert (letters / "letter.txt").read_text(encoding="utf-8") == "dear"
