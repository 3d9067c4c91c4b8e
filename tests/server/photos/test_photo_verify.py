"""`cleanheat verify` looks at photos: rows whose file is gone, short or another, and files that no row speaks of."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from server import database
from server.exchange import verify, verify_photos
from server.exchange.photo_files import PhotoFiles
from server.exchange.tables import Photo

COUNTY = "140525"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def files(tmp_path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "photos")


@pytest.fixture
def stored(engine, files) -> list[str]:
    """More photos than are read at a time."""
    contents = [f"模拟 {number}".encode() for number in range(verify.ROWS_AT_A_TIME + 20)]
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    with database.write(engine) as session:
        for sha256, content in zip(names, contents, strict=True):
            session.add(Photo(county=COUNTY, sha256=sha256, kind="jpg", bytes=len(content), width=1, height=1,
                              of="", device="d", received_at=NOW))  # fmt: skip
            files.path(COUNTY, sha256).parent.mkdir(parents=True, exist_ok=True)
            files.path(COUNTY, sha256).write_bytes(content)
    return names


@pytest.fixture
def checked(engine, files) -> Callable[..., tuple[list[str], list[str]]]:
    def run(*, whole: bool = False) -> tuple[list[str], list[str]]:
        with database.read(engine) as session:
            [done] = verify.run(session, COUNTY, [verify_photos.check(files, whole=whole)])
        return tuple([f"{each.id} {each.message}" for each in some] for some in (done.findings, done.notes))

    return run


def test_photos_that_nobody_touched_hold(stored, checked) -> None:
    assert checked() == checked(whole=True) == ([], [])


def test_a_photo_without_its_file_is_named(stored, checked, files) -> None:
    files.path(COUNTY, stored[3]).unlink()
    [said], _ = checked()
    assert stored[3] in said and "没有文件" in said


def test_a_photo_that_is_too_short_is_named(stored, checked, files) -> None:
    files.path(COUNTY, stored[3]).write_bytes(b"x")
    [said], _ = checked()
    assert stored[3] in said and "1 字节" in said


def test_a_photo_with_other_content_is_named_where_every_file_is_read(stored, checked, files) -> None:
    path = files.path(COUNTY, stored[3])
    path.write_bytes(b"x" * path.stat().st_size)
    assert checked() == ([], [])
    [said], _ = checked(whole=True)
    assert stored[3] in said and "损坏" in said


def test_files_without_a_row_are_noted_but_not_what_is_still_coming(stored, checked, files) -> None:
    other = "5a" * 32
    files.path(COUNTY, other).parent.mkdir(exist_ok=True)
    files.path(COUNTY, other).write_bytes(b"x")
    files.append(COUNTY, "5b" * 32, "d", 0, b"x")
    findings, [note] = checked()
    assert not findings and other in note and "没有登记" in note


def test_a_row_whose_name_is_no_hash_opens_nothing(engine, checked) -> None:
    with database.write(engine) as session:
        session.add(Photo(county=COUNTY, sha256="../../x", kind="jpg", bytes=1, width=1, height=1, of="",
                          device="d", received_at=NOW))  # fmt: skip
    [said], _ = checked(whole=True)
    assert "不是照片的校验值" in said
