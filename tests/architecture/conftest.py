"""What every test of the house looks at: the files of this repository as git sees them."""

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SourceFile:
    """A text file of the repository: its path from the top, and what it says."""

    path: PurePosixPath
    text: str


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def files(root: Path) -> tuple[SourceFile, ...]:
    """Every text file that is in git or would be, so that a new file is judged before it is committed."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    paths = sorted(set(listing.stdout.decode().split("\0")) - {""})
    found = ((PurePosixPath(path), _text(root / path)) for path in paths if (root / path).is_file())
    return tuple(SourceFile(path, text) for path, text in found if text is not None)


@pytest.fixture(scope="session")
def modules(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The Python files among them."""
    return tuple(file for file in files if file.path.suffix == ".py")


@pytest.fixture
def source() -> Callable[[str, str], SourceFile]:
    """Makes a small sample that a check is shown, to see it fail."""
    return lambda path, text: SourceFile(PurePosixPath(path), text)


@pytest.fixture
def none_of() -> Callable[[Iterable[str]], None]:
    """Asserts that a check found nothing, and shows all it found, a line each."""

    def check(found: Iterable[str]) -> None:
        listed = list(found)
        assert not listed, f"{len(listed)} found:\n" + "\n".join(listed)

    return check


def _text(path: Path) -> str | None:
    """The file's text; None for what is not text (pictures, archives)."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None
