"""Who may import whom, as pyproject.toml says under [tool.importlinter], and proof that each can break.

The proof lays out a small tree with the same package names and the same contracts, then adds one forbidden
import to it.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SOUND = {
    "mobile/main.py": "import mobile.app",
    "mobile/app.py": "import kivy, mobile.screens, mobile.device",
    "mobile/screens/__init__.py": "import kivy, mobile.widgets",
    "mobile/widgets/__init__.py": "import kivy, mobile.presenters",
    "mobile/presenters/__init__.py": "import sync.replica, survey_forms.interview",
    "mobile/device/__init__.py": "",
    "server/cli.py": "import server.app",
    "server/app.py": "import server.lab, server.programme.pages",
    "server/settings.py": "",
    "server/database.py": "import sqlmodel, server.settings",
    "server/web/__init__.py": "import fastapi",
    "server/lab/tablets.py": "import sync.replica, mobile.presenters, server.programme",
    "server/programme/__init__.py": "",
    "server/programme/pages.py": "import fastapi, server.programme.views",
    "server/programme/views.py": "import server.programme.rules, server.programme.tables, server.registry",
    "server/programme/rules.py": "import survey_forms.interview",
    "server/programme/tables.py": "import sqlmodel",
    "server/registry/__init__.py": "import server.web, server.database",
    "sync/replica.py": "import sqlite3",
    "survey_forms/interview.py": "",
    "survey_forms/publish.py": "import pyxform",
}

# contract's id → a module and the import that breaks it
BREAKS = [
    ("packages", "sync/replica.py", "import survey_forms.interview"),
    ("packages", "mobile/presenters/__init__.py", "import server.settings"),
    ("packages", "server/registry/__init__.py", "import mobile.presenters"),
    ("capabilities", "server/registry/__init__.py", "import server.programme.views"),
    ("capabilities", "server/lab/tablets.py", "import server.app"),
    ("capabilities", "server/web/__init__.py", "import server.database"),
    ("capabilities", "server/odds/__init__.py", ""),
    ("inside-a-capability", "server/programme/views.py", "import server.programme.pages"),
    ("inside-a-capability", "server/programme/tables.py", "import server.programme.rules"),
    ("pure-rules", "server/programme/rules.py", "import sqlmodel"),
    ("pure-rules", "server/programme/rules.py", "import server.database"),
    ("nothing-compiled-on-a-tablet", "sync/replica.py", "import pydantic"),
    ("publishing-stays-home", "sync/replica.py", "import survey_forms.publish"),
    ("screens", "mobile/widgets/__init__.py", "import mobile.screens"),
    ("kivy", "mobile/presenters/__init__.py", "import kivy"),
    ("device-is-handed-in", "mobile/screens/__init__.py", "import mobile.device"),
]


def contracts(root: Path) -> dict[str, str]:
    """The contracts of pyproject.toml: id → name."""
    written = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract["name"] for contract in written}


def lint(folder: Path, config: Path, *contract_ids: str) -> subprocess.CompletedProcess[str]:
    """Checks the packages of `folder` against the contracts of `config`."""
    chosen = [part for contract_id in contract_ids for part in ("--contract", contract_id)]
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(
        [*command, "--config", str(config), "--no-cache", *chosen],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A tree of the four packages in which every contract holds."""
    for path, text in SOUND.items():
        add(tmp_path, path, text)
    return tmp_path


def add(folder: Path, path: str, text: str) -> None:
    """Adds lines to a module of the sample, and makes its folders packages."""
    module = folder / path
    module.parent.mkdir(parents=True, exist_ok=True)
    for parent in module.relative_to(folder).parents[:-1]:
        (folder / parent / "__init__.py").touch()
    with module.open("a") as lines:
        lines.write(f"{text}\n")


def test_every_contract_holds(root: Path) -> None:
    result = lint(root, root / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_is_proven(root: Path) -> None:
    assert {contract_id for contract_id, _, _ in BREAKS} == set(contracts(root))


def test_the_sample_is_sound(root: Path, sample: Path) -> None:
    result = lint(sample, root / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("contract_id", "path", "text"), BREAKS)
def test_a_contract_breaks(root: Path, sample: Path, contract_id: str, path: str, text: str) -> None:
    add(sample, path, text)
    result = lint(sample, root / "pyproject.toml", contract_id)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 broken" in result.stdout, result.stdout + result.stderr
