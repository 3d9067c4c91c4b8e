"""Photos in a backup: all of them beside the database's copy, and back again without touching what is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.exchange import photo_copies
from server.exchange.backup import BackupProblem

COUNTY = "140525"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two photos in their places, and one on its way."""
    root = tmp_path / "data" / "photos"
    for name, content in (("ab" * 32, b"one"), ("cd" * 32, b"three")):
        path = root / COUNTY / name[:2] / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (root / COUNTY / "arriving").mkdir()
    (root / COUNTY / "arriving" / f"{'ef' * 32}.x").write_bytes(b"half")
    return root


def _names(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_copy_has_every_whole_photo_and_takes_no_room_on_the_same_disk(folder, tmp_path) -> None:
    copied = photo_copies.back_up(folder.parent, tmp_path / "copy.sqlite3")
    assert (copied.photos_n, copied.new_n, copied.linked_n, copied.bytes_n) == (2, 2, 2, 8)
    beside = tmp_path / "copy.sqlite3.photos"
    assert len(_names(beside)) == 2
    again = photo_copies.back_up(folder.parent, tmp_path / "copy.sqlite3")
    assert (again.photos_n, again.new_n) == (2, 0)


def test_going_back_brings_what_is_missing_and_touches_nothing_else(folder, tmp_path) -> None:
    copy = tmp_path / "copy.sqlite3"
    photo_copies.back_up(folder.parent, copy)
    before = _names(folder)
    (folder / COUNTY / "ab" / ("ab" * 32)).unlink()
    later = folder / COUNTY / "99" / ("99" * 32)
    later.parent.mkdir()
    later.write_bytes(b"came after the copy")
    brought = photo_copies.restore(copy, folder.parent)
    assert (brought.photos_n, brought.new_n) == (2, 1)
    assert _names(folder) == before | {f"{COUNTY}/99/{'99' * 32}": b"came after the copy"}


def test_without_photos_there_is_nothing_to_do(tmp_path) -> None:
    assert photo_copies.back_up(tmp_path / "none", tmp_path / "copy.sqlite3").photos_n == 0
    assert photo_copies.restore(tmp_path / "copy.sqlite3", tmp_path / "new").photos_n == 0
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_written_is_told(folder, tmp_path) -> None:
    (tmp_path / "copy.sqlite3.photos").write_text("in the way")
    with pytest.raises(BackupProblem, match="照片没有复制完"):
        photo_copies.back_up(folder.parent, tmp_path / "copy.sqlite3")


def test_the_commands_count_them(folder, settings, running, tmp_path) -> None:
    """`backup` says how many photos went along."""
    lying = settings.data / "photos" / COUNTY / "ab" / ("ab" * 32)
    lying.parent.mkdir(parents=True)
    lying.write_bytes(b"photo")
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", "backup", str(tmp_path / "b.sqlite3"), "--data", str(settings.data)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "照片 1 张" in done.stdout.replace("\n", "")
    assert (tmp_path / "b.sqlite3.photos" / COUNTY / "ab" / ("ab" * 32)).read_bytes() == b"photo"
