"""The set-up's own sums: how many packages of how many, read from what the package tools say."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

APT = """\
Get:1 the lists
Reading package lists...
0 upgraded, 3 newly installed, 0 to remove and 129 not upgraded.
Get:1 libegl1
Get:2 libgl1
Get:3 libgles2
Unpacking libegl1 (1.6)
Unpacking libgl1 (1.6)
Setting up libegl1 (1.6)
"""
PIP = """\
Collecting hatchling
  Downloading hatchling.whl
Installing collected packages: pluggy, hatchling
Successfully installed hatchling-1.33.0 pluggy-1.7.0
Collecting httpx
Requirement already satisfied: hatchling
Collecting kivy==2.3.1
Installing collected packages: kivy, httpx, h11
"""

Bash = Callable[..., str]


@pytest.fixture
def bash(root: Path) -> Bash:
    """Runs a line with the set-up's functions at hand; gives what it says."""

    def run(line: str, *, told: str = "", **environment: str) -> str:
        done = subprocess.run(
            ["bash", "-c", f"source .ci/setup\n{line}"],
            input=told, cwd=root, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"} | environment,
            check=False,
        )  # fmt: skip
        return done.stdout.strip() if done.returncode == 0 else f"status {done.returncode}: {done.stderr}"

    return run


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (1, ""),
        (3, "0 3 packages fetched"),
        (5, "2 3 packages fetched"),
        (8, "2 3 packages unpacked"),
        (9, "1 3 packages set up"),
    ],
)
def test_system_packages_are_counted(bash: Bash, lines: int, said: str) -> None:
    assert bash("apt_count", told="\n".join(APT.splitlines()[:lines]) + "\n") == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (0, ""),
        (1, "1 85 packages found"),
        (3, "2 2 packages installed"),
        (7, "3 85 packages found"),
        (8, "4 5 packages installed"),
    ],
)
def test_python_packages_are_counted(bash: Bash, tmp_path: Path, lines: int, said: str) -> None:
    """First against the pinned ones, then what stands in the environment, newer than the step, of what is to come."""
    installed = tmp_path / "lib" / "python3.12" / "site-packages"
    for name in ("pip", "pluggy", "hatchling", "kivy", "h11"):
        (installed / f"{name}.dist-info").mkdir(parents=True)
    begun = tmp_path / "begun"
    mark = (
        f'BEGUN="{begun}"; touch -d "2020-01-02" "$BEGUN"; touch -d "2020-01-01" "{installed}/pip.dist-info"'
    )
    told = "".join(PIP.splitlines(keepends=True)[:lines])
    assert bash(f'{mark}; pip_count 85 "{tmp_path}"', told=told) == said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", ""),
        ("12 0 packages found", "12 packages found"),
        ("12 30 packages found", "[########            ] 12/30 packages found"),
        ("30 30 packages set up", "[####################] 30/30 packages set up"),
    ],
)
def test_progress_is_a_bar_where_the_end_is_known(bash: Bash, told: str, said: str) -> None:
    assert bash(f"progress {told}") == said


def test_an_environment_of_another_python_than_the_named_one_is_not_kept(bash: Bash, tmp_path: Path) -> None:
    named = f'as_named "{sys.executable}" && echo kept'
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho '(3, 9)'\n")
    other.chmod(0o755)
    assert bash(named) == "kept"
    assert bash(named, PYTHON=sys.executable) == "kept"
    assert bash(named, PYTHON=str(other)).startswith("status 1")
    assert bash(named, PYTHON="no-such-python").startswith("status 1")
