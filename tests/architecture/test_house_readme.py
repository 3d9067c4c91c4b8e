"""The README is the door: every file it names is there, and every command it gives is one the Makefile knows.

Documents that nothing checks go stale; this looks at all Markdown pages of the repository.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
LOOKS_LIKE_A_PATH = re.compile(r"^[\w.\-]+(?:/[\w.\-]*)*/?$")
TARGET = re.compile(r"\bmake ([a-z]+)")
KNOWN_ENDINGS = (
    ".py",
    ".md",
    ".toml",
    ".kv",
    ".html",
    ".css",
    ".json",
    ".xml",
    ".txt",
    ".csv",
    ".gz",
    ".png",
    "/",
)


def named_paths(text: str) -> set[str]:
    """Paths of this repository that a page names: links, and words in backticks with a room or an ending."""
    words = {word for word in IN_BACKTICKS.findall(text) if LOOKS_LIKE_A_PATH.match(word)}
    paths = {word for word in words if word.endswith(KNOWN_ENDINGS) or word.split("/")[0] in ROOMS}
    links = {link for link in LINK.findall(text) if "://" not in link}
    return paths | links


ROOMS = ("mobile", "server", "sync", "survey_forms", "tests", ".ci")


def missing_paths(page: Any, root: Path) -> list[str]:
    """What the page names and is neither beside it nor under the top, nor made by the commands."""
    beside = (root / str(page.path)).parent
    made = (".venv", ".build", "demo-data", "demo.json")
    return sorted(
        path
        for path in named_paths(page.text)
        if not path.startswith(made) and not (root / path).exists() and not (beside / path).exists()
    )


def test_every_page_names_only_files_that_exist(
    files: tuple[Any, ...], root: Path, none_of: Callable[[Iterable[str]], None]
) -> None:
    pages = [file for file in files if file.path.suffix == ".md" and "forms" not in file.path.parts]
    none_of(f"{page.path} names {path}" for page in pages for path in missing_paths(page, root))


def test_a_missing_file_is_seen(source: Callable[[str, str], Any], root: Path) -> None:
    page = source(
        "README.md", "open `server/nothing.py`, `sync/` or [this](tests/none.md); `make test`; `gone.py`"
    )
    assert missing_paths(page, root) == ["gone.py", "server/nothing.py", "tests/none.md"]


def test_every_command_is_one_of_the_makefile(files: tuple[Any, ...], root: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    readme = next(file for file in files if str(file.path) == "README.md")
    given = set(TARGET.findall("\n".join(IN_BACKTICKS.findall(readme.text))))
    assert {"demo", "test"} <= given <= known


def test_the_map_covers_every_room(files: tuple[Any, ...]) -> None:
    readme = next(file for file in files if str(file.path) == "README.md")
    assert [room for room in ROOMS if f"`{room}/" not in readme.text] == []
