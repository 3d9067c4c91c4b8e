"""That the four packages are ours, that what they import is declared, and that the tree keeps its shape.

`mobile`, `server`, `sync` and `survey_forms` are plain names, easily taken by another distribution; whatever
is imported under them must lie in this repository.
"""

import ast
import importlib
import importlib.metadata
import itertools
import re
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("mobile", "server", "sync", "survey_forms")
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "Makefile",
    ".ci",
    ".gitignore",
    "tests",
    *PACKAGES,
}
TEST_FOLDERS = {"architecture", "benchmarks", "journeys", "simulation", *PACKAGES}

# What a package may import besides the standard library and its neighbours: module prefix → outside names.
OUTSIDE_ALLOWED = {
    "survey_forms/publish.py": {"pyxform"},
    "survey_forms/": set(),
    "sync/replica": {"sqlite_utils"},
    "sync/driver.py": {"httpx"},
    "sync/answers.py": {"httpx"},
    "sync/upload_driver.py": {"httpx"},
    "sync/": set(),
    "mobile/device/fonts.py": {"fontTools"},
    "mobile/device/pictures.py": {"PIL"},
    "mobile/device/sealing.py": {"cryptography"},
    "mobile/device/": set(),
    "mobile/presenters/": set(),
    "mobile/": {"kivy", "httpx"},
}


def outside_names(file: Any) -> set[str]:
    """Top-level names a module imports that are neither the standard library's nor ours."""
    found = set()
    for node in ast.walk(ast.parse(file.text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - set(PACKAGES)


def stray_imports(files: Iterable[Any]) -> list[str]:
    """Imports that a module's room does not allow; the first matching prefix of OUTSIDE_ALLOWED decides."""
    return [
        f"{file.path} imports {name}"
        for file in files
        for prefix in [
            next((prefix for prefix in OUTSIDE_ALLOWED if str(file.path).startswith(prefix)), None)
        ]
        if prefix is not None
        for name in sorted(outside_names(file) - OUTSIDE_ALLOWED[prefix])
    ]


def declared(project: dict[str, Any], *extras: str) -> set[str]:
    """Names of the distributions that pyproject.toml asks for, in the form package indexes compare them."""
    asked = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    return {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in asked}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_lies_in_this_repository(root: Path, name: str) -> None:
    package = importlib.import_module(name)
    assert Path(str(package.__file__)) == root / name / "__init__.py"


def test_the_distribution_can_not_be_uploaded() -> None:
    assert "Private :: Do Not Upload" in importlib.metadata.metadata("cleanheat").get_all("Classifier", [])


def test_what_is_imported_is_declared(
    root: Path, modules: tuple[Any, ...], none_of: Callable[[Iterable[str]], None]
) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = declared(project, "server", "tablet")
    brought = importlib.metadata.packages_distributions()
    ours = [file for file in modules if file.path.parts[0] in PACKAGES]
    none_of(
        f"{file.path} imports {name}: put its distribution into pyproject.toml"
        for file in ours
        for name in sorted(outside_names(file))
        if not {each.lower().replace("_", "-") for each in brought.get(name, [])} & asked
    )


def test_what_is_asked_for_is_pinned(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = (root / ".ci" / "constraints.txt").read_text().lower().replace("_", "-").splitlines()
    pinned = {line.partition("==")[0] for line in lines if "==" in line}
    assert declared(project, *project["optional-dependencies"]) - {"cleanheat"} - pinned == set()


def test_the_lock_file_says_what_and_not_where(root: Path) -> None:
    locked = (root / "server" / "web" / "package-lock.json").read_text()
    assert '"integrity"' in locked
    assert '"resolved"' not in locked


def test_the_tablets_packages_stand_on_little(
    modules: tuple[Any, ...], none_of: Callable[[Iterable[str]], None]
) -> None:
    none_of(stray_imports(modules))


def test_a_stray_import_is_seen(source: Any) -> None:
    samples = [
        source("survey_forms/answers.py", "import pyxform.xls2json"),
        source("sync/hub.py", "from httpx import Client"),
    ]
    assert stray_imports(samples) == ["survey_forms/answers.py imports pyxform", "sync/hub.py imports httpx"]
    assert stray_imports([source("survey_forms/publish.py", "import pyxform")]) == []


def test_the_top_level_is_fixed(files: tuple[Any, ...]) -> None:
    assert {file.path.parts[0] for file in files} <= TOP_LEVEL


def test_the_tests_mirror_the_rooms(files: tuple[Any, ...]) -> None:
    found = {
        file.path.parts[1] for file in files if file.path.parts[0] == "tests" and len(file.path.parts) > 2
    }
    assert found <= TEST_FOLDERS


def test_every_package_is_one_and_no_test_folder_is(files: tuple[Any, ...]) -> None:
    folders = {file.path.parent for file in files if file.path.suffix == ".py"}
    inits = {file.path.parent for file in files if file.path.name == "__init__.py"}
    assert sorted(str(folder) for folder in folders - inits if folder.parts[0] in PACKAGES) == []
    assert sorted(str(folder) for folder in inits if folder.parts[0] == "tests") == []


def test_no_two_test_files_share_a_name(modules: tuple[Any, ...]) -> None:
    names = sorted(file.path.name for file in modules if file.path.name.startswith("test_"))
    assert [name for name, after in itertools.pairwise(names) if name == after] == []
