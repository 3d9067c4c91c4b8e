"""The link itself where this machine can make one, and the words of the refusal where it cannot."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.lab.bench import floor
from server.lab.bench.processes import free_port
from server.lab.link.link import link
from server.lab.link.namespaces import LinkProblem, possible, stale
from server.lab.link.way import Quality

AT_ONCE = Quality(rate_bit_s=0, delay_s=0.0, loss=0.0, queue_bytes=0)


@pytest.fixture(scope="module")
def refused() -> str:
    """Why there can be no link here; empty where there can."""
    try:
        possible()
    except LinkProblem as problem:
        return str(problem)
    return ""


def namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE, text=True, check=True).stdout


def test_without_root_it_says_what_to_do() -> None:
    with pytest.raises(LinkProblem, match=r"root.*sudo make bench.*--only ingest_per_s"):
        possible(user=1_000)


def test_without_a_tun_device_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LinkProblem, match="modprobe tun"):
        possible(user=0, tun=tmp_path / "tun")


def test_only_namespaces_of_ours_whose_process_is_no_more_are_stale() -> None:
    listed = "cleanheat-7-tablet (id: 3)\ncleanheat-7-hub\ncleanheat-8-hub\nother-7\ncleanheat-7-hub-old\n"
    assert stale(listed, lambda pid: pid == 8) == ["cleanheat-7-tablet", "cleanheat-7-hub"]


def test_it_carries_counts_and_goes(refused: str) -> None:
    if refused:
        with pytest.raises(LinkProblem), link(AT_ONCE):
            raise AssertionError(refused)
        return
    with link(AT_ONCE) as line:
        port = free_port()
        fetch = f"from server.lab.bench.floor import fetch_s; fetch_s('{line.hub_address}', {port}, 1_000, 20_000)"
        command = [*line.at_hub, sys.executable, "-m", floor.__name__, line.hub_address, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as serving:
            assert serving.stdout is not None and serving.stdout.readline()
            line.begin(1)
            subprocess.run([*line.at_tablet, sys.executable, "-c", fetch], check=True)
            carried = line.carried()
            serving.terminate()
        assert (carried.up.payload_bytes, carried.down.payload_bytes, carried.resets) == (1_000, 20_000, 0)
        assert carried.ip_bytes > 21_000 + 40 * (carried.up.packets + carried.down.packets - 4)
        ours = line.at_hub[-1]
        assert ours in namespaces()
    assert ours not in namespaces()


def test_what_a_killed_one_left_is_removed_by_the_next(refused: str) -> None:
    if refused:
        assert "请" in refused
        return
    with pytest.raises((LinkProblem, BrokenPipeError)), link(AT_ONCE) as line:
        left = line.at_hub[-1]
        command = [*line.at_hub, "sh", "-c", "echo inside; exec cat"]
        running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert running.stdout is not None and running.stdout.readline() == b"inside\n"
        os.kill(int(left.split("-")[1]), signal.SIGKILL)
        line.begin(1)
    with link(AT_ONCE), running:
        assert left not in namespaces()
        assert running.wait() == -signal.SIGTERM, "nothing goes on where nobody can reach it"
