"""Ruff, its formatting and mypy's strict reading among the tests: style is checked, not remarked upon."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = {
    "rules": ["ruff", "check", "--quiet"],
    "formatting": ["ruff", "format", "--check", "--quiet"],
}


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool of this environment at the top of the repository."""
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_ruff_is_content(root: Path, tool: str) -> None:
    result = run(root, *TOOLS[tool], ".")
    assert result.returncode == 0, result.stdout + result.stderr


def test_types_are_sound(root: Path) -> None:
    result = run(root, "mypy", "--no-error-summary")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("tool", "text"), [("rules", "import os\n"), ("formatting", "a  =  1\n")])
def test_ruff_can_fail(root: Path, tmp_path: Path, tool: str, text: str) -> None:
    (tmp_path / "sample.py").write_text(text)
    assert run(root, *TOOLS[tool], "--config", str(root / "pyproject.toml"), str(tmp_path)).returncode == 1


def test_mypy_can_fail(root: Path, tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text("def double(x):\n    return x * 2\n")
    assert (
        run(
            root, "mypy", "--config-file", str(root / "pyproject.toml"), str(tmp_path / "sample.py")
        ).returncode
        == 1
    )
