"""Photos on the tablet: taken, shown, kept durably, told with their record, and never half an answer."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from mobile.device.pictures import SIDE_MAX_PX, develop
from mobile.presenters.interview import InterviewPresenter
from mobile.presenters.outbox import OutboxPresenter
from mobile.presenters.photos import Shot, photo_told
from mobile.presenters.record import RecordPresenter
from mobile.presenters.strip import StripPresenter
from mobile.presenters.sync import SyncPresenter
from sync import replica_photos
from sync.album import Album
from sync.client import Account, Progress, Refusal
from sync.photos import look
from sync.replica import Replica, ReplicaProblem
from sync.replica_rows import Draft
from sync.replica_schema import writing

VILLAGE = "140525100201"
PATH = "/data/photo"


def photograph(colour: str = "navy", size: tuple[int, int] = (640, 480), **how: object) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, "JPEG", **how)
    return written.getvalue()


@pytest.fixture
def sighting(tablet) -> Draft:
    """A sighting begun at a place without a home."""
    desk = tablet.desk
    draft = Draft(desk.new_id(), "sighting", "2020.2", VILLAGE, None, {"sighting": desk.new_id()})
    answers = {"place": "村东头煤场", "what": "coal_sold", "seen_on": "2020-09-12"}
    return tablet.replica.save_draft(Draft(**{**vars(draft), "answers": answers}))


@pytest.fixture
def asking(tablet, sighting) -> InterviewPresenter:
    return InterviewPresenter(tablet.desk, sighting.id, lambda state: None)


def answered(asking: InterviewPresenter) -> str:
    return next(each.shown.value for each in asking.state.asked if each.shown.path == PATH)


def act(tablet, change, *arguments: object) -> None:
    with writing(tablet.replica.db) as connection:
        change(connection, *arguments)


# --- taking one -------------------------------------------------------------------------------------------------


def test_a_camera_s_file_is_turned_upright_scaled_down_and_stripped(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "A maker who would rather not be named"
    taken = tmp_path / "DCIM0001.dat"
    taken.write_bytes(photograph(size=(4_000, 3_000), exif=exif))
    shot = develop(taken)
    found, small = look(shot.content), look(shot.small)
    assert (found.kind, found.width, found.height) == ("jpg", SIDE_MAX_PX * 3 // 4, SIDE_MAX_PX)
    assert (small.width, small.height) == (240, 320)
    assert b"rather not" not in shot.content


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xd8\xff\xe0 cut", photograph()[:300]])
def test_what_is_no_photo_is_none(tmp_path, content) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    shot = develop(tmp_path / "photo.jpg")
    assert shot.content == b""


def test_the_answer_names_the_photo_by_its_content(tablet, asking) -> None:
    content, small = photograph(), photograph(size=(64, 48))
    asking.photo(PATH, Shot(content, small))
    name = f"{hashlib.sha256(content).hexdigest()}.jpg"
    assert answered(asking) == name
    told = photo_told(tablet.desk, name)
    assert Path(told.file).read_bytes() == content
    assert Path(told.small).read_bytes() == small
    assert (told.words, told.tone) == ("已存在本机", "plain")


def test_what_is_no_photo_is_no_answer_and_the_words_say_so(asking) -> None:
    asking.photo(PATH, Shot(b""))
    assert answered(asking) == ""
    assert asking.state.problem.startswith("这个文件不是能打开的照片")


def test_a_photo_of_another_tablet_is_said_to_be_elsewhere(tablet) -> None:
    told = photo_told(tablet.desk, f"{'0' * 64}.jpg")
    assert (told.file, told.words) == ("", "照片不在本机（由另一台平板拍摄，或已交服务器）")
    assert photo_told(tablet.desk, "IMG_0001.jpg") is None


def test_on_a_full_disk_there_are_words_and_no_answer(tablet, asking) -> None:
    """The limit on a file's length stands for the disk's end: both are an error of the write itself."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    taught = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    album = Album(tablet.replica)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
        with pytest.raises(ReplicaProblem) as told:
            album.keep(os.urandom(0) + photograph(size=(2_000, 1_500), quality=100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, taught)
    assert told.value.code in ("photo_disk_full", "photo_disk_fault")
    assert list(album.folder.rglob("*.part")) == []
    assert answered(asking) == ""


# --- keeping it -------------------------------------------------------------------------------------------------


def test_what_nothing_names_is_swept_and_nothing_else(tablet, asking) -> None:
    album = Album(tablet.replica)
    kept = album.keep(photograph("red"))
    asking.photo(PATH, Shot(photograph("green"), photograph("green", (32, 24))))
    stray = album.folder / "ab" / f"{'ab' * 32}.jpg"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"half")
    assert album.sweep() == 2
    assert not album.path(kept.sha256, "jpg").exists()
    assert not stray.exists()
    assert photo_told(tablet.desk, answered(asking)).file
    asking.submit()
    assert album.sweep() == 0
    act(tablet, replica_photos.stored, answered(asking)[:64])
    assert album.sweep() == 0, "an office restored from yesterday may ask for it until the season's close"


def test_a_tablet_killed_at_any_moment_has_the_photo_whole_or_not_at_all(tablet, tmp_path) -> None:
    code = (
        "import sys, uuid\nfrom pathlib import Path\nfrom datetime import UTC, datetime\n"
        "from sync.album import Album\nfrom sync.replica import Replica\n"
        "r = Replica.open(Path(sys.argv[1]), clock=lambda: datetime.now(UTC), new_id=lambda: str(uuid.uuid4()))\n"
        "body = sys.stdin.buffer.read()\nn = 0\n"
        "while True:\n    n += 1\n    Album(r).keep(body + str(n).encode())\n    print(n, flush=True)\n"
    )
    for turn in range(4):
        path = tmp_path / f"killed{turn}" / "t.db"
        path.parent.mkdir()
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            child.stdin.write(photograph())
            child.stdin.close()
            kept = [child.stdout.readline() for _ in range(2 + turn)]
            child.kill()
        with Replica.open(path, clock=tablet.clock, new_id=tablet.desk.new_id) as replica:
            album = Album(replica)
            rows = replica_photos.every(replica.db.conn)
            assert len(rows) >= len(kept)
            for row in rows:
                content = album.path(row.sha256, row.kind).read_bytes()
                assert hashlib.sha256(content).hexdigest() == row.sha256


# --- telling ----------------------------------------------------------------------------------------------------


def test_a_record_is_safe_only_with_its_photos(tablet, asking) -> None:
    asking.photo(PATH, Shot(photograph()))
    sha256 = answered(asking)[:64]
    asking.submit()
    record = tablet.settle()
    status = tablet.replica.status()
    assert (status.waiting_n, status.photos_waiting_n, status.safe_to_hand_in) == (0, 1, False)
    assert StripPresenter(tablet.desk).state().text == "1 张照片尚未安全"
    outbox = OutboxPresenter(tablet.desk, lambda state: None, "waiting").state
    assert [(line.chip.text, line.detail.split(" · ")[-1]) for line in outbox.lines] == [
        ("照片待传", "照片 0/1 已安全")
    ]
    act(tablet, replica_photos.arrived, sha256, 1_000)
    assert "已上传" in RecordPresenter(tablet.desk, record).state().photos[0].words
    act(tablet, replica_photos.stored, sha256)
    assert tablet.replica.status().safe_to_hand_in
    safe = OutboxPresenter(tablet.desk, lambda state: None, "safe").state
    assert [line.chip.text for line in safe.lines] == ["已安全"]


def test_a_photo_that_was_not_taken_asks_for_a_correction(tablet, asking) -> None:
    asking.photo(PATH, Shot(photograph()))
    sha256 = answered(asking)[:64]
    asking.submit()
    tablet.settle()
    act(tablet, replica_photos.refused, sha256, "refused", "照片太大")
    todo = OutboxPresenter(tablet.desk, lambda state: None, "todo").state
    assert [line.chip.text for line in todo.lines] == ["照片未收"]
    assert tablet.replica.status().safe_to_hand_in, "nothing more will come of it here"


def test_another_history_asks_for_photos_again(tablet, asking) -> None:
    asking.photo(PATH, Shot(photograph()))
    sha256 = answered(asking)[:64]
    asking.submit()
    tablet.settle()
    act(tablet, replica_photos.stored, sha256)
    tablet.history = tablet.desk.new_id()
    tablet.reply()
    assert tablet.replica.photos_waiting() == 1
    assert Album(tablet.replica).due() == [], "after its record, which is offered again first"
    tablet.settle()
    assert [photo.sha256 for photo, _ in Album(tablet.replica).due()] == [sha256]


def test_a_contact_tells_of_its_photos_in_bytes_and_words(tablet, asking) -> None:
    asking.photo(PATH, Shot(photograph()))
    asking.submit()
    tablet.settle()
    seen = []

    class Contact:
        def start(self, progress, done) -> None:
            progress(Progress("photos", 1_200_000, 3_400_000))
            cut = Refusal("cut", "传输途中网络断开。", "请再同步一次。")
            done(Account(photos_n=2, photos_left_n=1, photos_refused_n=1, photo_problem=cut))

    presenter = SyncPresenter(tablet.desk, Contact(), seen.append)
    presenter.start()
    assert any(state.phase == "正在上传照片 1.2 MB / 3.4 MB" for state in seen)
    told = [line.text for line in presenter.state.account]
    assert "2 张照片已上传并核对，全部安全。" in told
    assert any(line.startswith("1 张照片没有收下") for line in told)
    assert any(line.startswith("还有 1 张照片没有上传") and "网络断开" in line for line in told)
    assert presenter.state.standing.text.startswith("请不要交回平板：还有 1 张照片没有上传（")


# --- at the window ----------------------------------------------------------------------------------------------


def test_a_surveyor_takes_looks_at_retakes_and_removes_a_photo(
    tablet, sighting, open_window, tmp_path
) -> None:
    files = iter([tmp_path / "a.jpg", tmp_path / "b.jpg", None])
    for name, colour in (("a.jpg", "navy"), ("b.jpg", "olive")):
        (tmp_path / name).write_bytes(photograph(colour, (2_000, 1_500)))

    class Camera:
        def take(self, done) -> None:
            done(next(files))

    window = open_window(tablet.desk, camera=Camera())

    def photo() -> str:
        return tablet.replica.draft(sighting.id).answers.get("photo", "")

    window.app.journey.go("interview", draft=sighting.id)
    window.frames()
    window.touch("拍照")
    window.until(lambda: photo() != "")
    first = photo()
    window.see("已存在本机")
    window.touch("重拍")
    window.until(lambda: photo() not in ("", first))
    window.until(lambda: "已存在本机" in " ".join(window.words()))
    second = photo()
    window.touch("重拍")  # and thinks better of it
    window.frames()
    assert photo() == second
    window.touch("删除照片")
    window.until(lambda: photo() == "")
    window.see("拍照")


def test_a_photo_that_comes_after_the_screen_was_left_is_still_the_answer(
    tablet, sighting, open_window, tmp_path
) -> None:
    (tmp_path / "a.jpg").write_bytes(photograph())
    waiting: list = []

    class Camera:
        def take(self, done) -> None:
            waiting.append(done)

    window = open_window(tablet.desk, camera=Camera())
    window.app.journey.go("interview", draft=sighting.id)
    window.frames()
    window.touch("拍照")
    window.app.on_pause()
    waiting[0](tmp_path / "a.jpg")
    window.until(lambda: tablet.replica.draft(sighting.id).answers.get("photo", "") != "")
    window.app.on_resume()
    window.frames()
    window.see("已存在本机")


def test_without_a_camera_a_file_is_chosen(tablet, sighting, open_window, tmp_path) -> None:
    (tmp_path / "照片").mkdir()
    (tmp_path / "照片" / "铭牌.jpg").write_bytes(photograph())
    (tmp_path / "照片" / "notes.txt").write_text("x")
    window = open_window(tablet.desk)
    window.app.journey.go("interview", draft=sighting.id)
    window.frames()
    window.touch("选择照片文件")
    window.touch("取消")
    window.until(lambda: "取消" not in window.words())
    assert "photo" not in tablet.replica.draft(sighting.id).answers

    from mobile.widgets.file_picker import FilePicker

    chosen: list[Path | None] = []
    FilePicker(tablet.desk.say, chosen.append, tmp_path).open()
    window.frames(10)
    window.see("没有照片")
    window.touch("▷  照片")
    window.frames()
    assert "notes" not in " ".join(window.words())
    window.touch("铭牌.jpg")
    window.until(lambda: chosen != [])
    assert chosen == [tmp_path / "照片" / "铭牌.jpg"]


def test_the_next_photo_is_chosen_in_the_folder_of_the_last(tablet, sighting, open_window, tmp_path) -> None:
    from mobile.widgets.file_picker import FilePicker

    (tmp_path / "灶台.jpg").write_bytes(photograph())
    window = open_window(tablet.desk)
    window.app.journey.go("interview", draft=sighting.id)
    window.frames()
    window.touch("选择照片文件")
    window.frames(10)
    next(view for view in window.window.children if isinstance(view, FilePicker)).look(tmp_path)
    window.frames()
    window.touch("灶台.jpg")
    window.until(lambda: any("已存在本机" in words for words in window.words()))
    window.touch("换一张")
    window.frames(10)
    window.see("灶台.jpg")
