"""The office's half of tus: what is taken, what is refused, and that a receipt means durably stored and checked."""

import hashlib
import socket

import pytest
from sqlmodel import select

from server.access.tables import Tablet
from server.database import read, write
from server.exchange.tables import Photo, PhotoUpload
from sync.photos import PHOTO_BYTES_MAX

COUNTY = "140525"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def photo(picture, sending) -> bytes:
    """A photo that a record of the tablet names."""
    made = picture("the one")
    sending.name(made)
    return made


def row(running, sha256: str) -> Photo | None:
    with read(running.app.state.engine) as session:
        return session.get(Photo, (COUNTY, sha256))


def lying(running, sha256: str) -> bytes:
    return running.app.state.photo_files.path(COUNTY, sha256).read_bytes()


def waiting(running, *, said: int | None = None) -> set[int]:
    """What the board says of the tablet's photos; `said`: what it told at its last contact."""
    with write(running.app.state.engine) as session:
        tablets = session.exec(select(Tablet)).all()
        for tablet in tablets:
            tablet.photos_waiting = tablet.photos_waiting if said is None else said
        return {tablet.photos_waiting for tablet in tablets}


def test_what_has_arrived_is_no_longer_said_to_wait_on_the_tablet(running, sending, photo) -> None:
    waiting(running, said=1)
    sending.create(photo)
    sending.patch(sha(photo), 0, photo[:700])
    assert waiting(running) == {1}
    for _ in range(2):  # the answer to the last byte may be lost
        sending.patch(sha(photo), 700, photo[700:])
    assert waiting(running) == {0}


def uploads(running) -> int:
    with read(running.app.state.engine) as session:
        return len(session.exec(select(PhotoUpload)).all())


def test_a_photo_comes_in_pieces_and_its_last_byte_is_its_receipt(running, sending, photo) -> None:
    made = sending.create(photo)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "0")
    assert made.headers["Location"] == f"/sync/v1/photos/{sha(photo)}"
    assert sending.patch(sha(photo), 0, photo[:700]).headers["Upload-Offset"] == "700"
    assert row(running, sha(photo)) is None
    asked = sending.head(sha(photo))
    assert (asked.status_code, asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == (
        200, "700", str(len(photo)),
    )  # fmt: skip
    last = sending.patch(sha(photo), 700, photo[700:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(photo)))
    stored = row(running, sha(photo))
    assert (stored.kind, stored.width, stored.height, stored.bytes) == ("jpg", 64, 48, len(photo))
    assert lying(running, sha(photo)) == photo
    assert uploads(running) == 0


def test_a_photo_can_come_with_its_announcement(running, sending, photo) -> None:
    made = sending.create(photo, first=photo)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, str(len(photo)))
    assert lying(running, sha(photo)) == photo


def test_what_is_here_is_not_sent_again(sending, another, photo) -> None:
    sending.create(photo, first=photo)
    other = another()
    assert other.create(photo).headers["Upload-Offset"] == str(len(photo))
    assert other.standing(sha(photo)) == {"stored": [sha(photo)], "offsets": {}, "unnamed": []}


def test_two_tablets_send_the_same_photo_side_by_side(running, sending, another, photo) -> None:
    other = another()
    for each, end in ((sending, 500), (other, 900)):
        each.create(photo)
        assert each.patch(sha(photo), 0, photo[:end]).status_code == 204
    assert sending.patch(sha(photo), 500, photo[500:]).status_code == 204
    # The other meant to go on; it is told instead that all of it is here.
    overtaken = other.patch(sha(photo), 900, photo[900:])
    assert (overtaken.status_code, overtaken.headers["Upload-Offset"]) == (409, str(len(photo)))
    assert lying(running, sha(photo)) == photo


def test_a_photo_no_record_names_is_refused_and_taken_after_its_record(running, sending, picture) -> None:
    early = picture("before its record")
    refused = sending.create(early, first=early)
    assert (refused.status_code, refused.json()["error"]) == (409, "photo_unnamed")
    assert sending.standing(sha(early))["unnamed"] == [sha(early)]
    sending.name(early)
    assert sending.create(early, first=early).headers["Upload-Offset"] == str(len(early))


def test_other_bytes_than_named_are_thrown_away_and_begin_anew(running, sending, photo) -> None:
    wrong = photo[:-3] + b"xyz"
    refused = sending.create(photo, first=wrong)
    assert (refused.status_code, refused.json()["error"]) == (460, "photo_hash")
    assert row(running, sha(photo)) is None
    assert sending.head(sha(photo)).headers["Upload-Offset"] == "0"
    assert sending.patch(sha(photo), 0, photo).status_code == 204
    assert lying(running, sha(photo)) == photo


@pytest.mark.parametrize(
    "content",
    [b"<html><script>alert(1)</script></html>", b"\xff\xd8\xff\xe0\x00\x10JFIF, cut", b"GIF89a" + bytes(99)],
    ids=["a page named .jpg", "half a header", "a kind nobody asked for"],
)  # fmt: skip
def test_what_is_no_photo_is_refused_for_good(running, sending, content) -> None:
    sending.name(content)
    refused = sending.create(content, first=content)
    assert (refused.status_code, refused.json()["error"]) == (422, "photo_type")
    assert row(running, sha(content)) is None
    assert not running.app.state.photo_files.there(COUNTY, sha(content))
    assert uploads(running) == 0


def test_a_picture_that_unpacks_to_more_than_any_screen_is_refused(sending, picture) -> None:
    bomb = picture("bomb", width=40_000, height=40_000)
    sending.name(bomb)
    assert sending.create(bomb, first=bomb).json()["error"] == "photo_type"


def test_more_than_announced_or_allowed_is_refused(sending, picture, photo) -> None:
    sending.create(photo)
    assert sending.patch(sha(photo), 0, photo + b"!").status_code == 400
    large = picture("large", size=PHOTO_BYTES_MAX + 1)
    sending.name(large)
    refused = sending.create(large)
    assert (refused.status_code, refused.json()["error"]) == (413, "photo_too_large")


def test_a_thumbnail_is_small_and_of_a_photo_that_is_named(running, sending, picture, photo) -> None:
    small = picture("the one, small", size=900)
    assert sending.create(small, first=small, of=sha(photo)).status_code == 201
    assert row(running, sha(small)).of == sha(photo)
    large = picture("no thumbnail", size=70_000)
    assert sending.create(large, of=sha(photo)).status_code == 413
    assert sending.create(picture("of none"), of="0" * 64).status_code == 409


def test_the_wrong_place_is_told_with_the_right_one(sending, photo) -> None:
    sending.create(photo, first=photo[:300])
    for offset in (0, 299, 301, 5_000):
        refused = sending.patch(sha(photo), offset, photo[offset:] or b"x")
        assert (refused.status_code, refused.headers["Upload-Offset"]) == (409, "300")
    assert sending.standing(sha(photo))["offsets"] == {sha(photo): 300}


def test_a_revoked_or_unknown_tablet_sends_nothing(running, sending, photo) -> None:
    assert sending.create(photo, first=photo[:300]).status_code == 201
    with write(running.app.state.engine) as session:
        session.get_one(Tablet, (COUNTY, sending.tablet.device)).revoked_at = running.clock()
    assert sending.patch(sha(photo), 300, photo[300:]).status_code == 403
    assert sending.create(photo).status_code == 403
    sending.tablet.secret = "guessed"
    assert sending.patch(sha(photo), 300, photo[300:]).status_code == 401
    assert row(running, sha(photo)) is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "x" * 64, "A" * 64, "0" * 63])
def test_a_name_that_is_no_hash_reaches_no_file(running, sending, name) -> None:
    assert sending.patch(name, 0, b"x").status_code in (400, 404, 405)
    assert sending.head(name).status_code in (400, 404, 405)
    assert sending.create(b"x", sha256=name).status_code == 400
    folder = running.app.state.photo_files.root
    assert not folder.exists() or not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "many"}, 400),
        ({"Upload-Metadata": "sha256 ***"}, 400),
        ({"Upload-Metadata": ""}, 400),
    ],
)
def test_an_unreadable_announcement_is_told_so(running, sending, client, headers, status) -> None:
    asked = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": "sha256 MA=="}
    answer = client.post(
        f"{running.address}/sync/v1/photos", headers=asked | sending.tablet.headers() | headers
    )
    assert answer.status_code == status


def test_what_the_server_can_do_is_told(running, sending, client) -> None:
    told = client.options(f"{running.address}/sync/v1/photos", headers=sending.tablet.headers()).headers
    assert (told["Tus-Version"], told["Tus-Max-Size"]) == ("1.0.0", str(PHOTO_BYTES_MAX))
    assert told["Tus-Extension"] == "creation,creation-with-upload"


def test_a_photo_whose_row_or_file_was_lost_is_made_whole_again(running, sending, photo) -> None:
    sending.create(photo, first=photo)
    with write(running.app.state.engine) as session:
        session.delete(session.get_one(Photo, (COUNTY, sha(photo))))
    assert sending.standing(sha(photo))["stored"] == [sha(photo)], "the file is there, checked once more"
    assert row(running, sha(photo)) is not None
    running.app.state.photo_files.path(COUNTY, sha(photo)).unlink()
    assert sending.standing(sha(photo))["stored"] == []
    assert sending.create(photo, first=photo).headers["Upload-Offset"] == str(len(photo))
    assert lying(running, sha(photo)) == photo


def test_only_so_many_uploads_of_a_tablet_stay_open(running, sending, picture) -> None:
    made = [picture(f"open {n}") for n in range(25)]
    sending.name(*made)
    for each in made:
        running.clock.forward(seconds=1)
        assert sending.create(each, first=each[:100]).status_code == 201
    assert uploads(running) == 20
    arriving = list(running.app.state.photo_files.root.glob(f"{COUNTY}/arriving/*"))
    assert len(arriving) == 20


def begun(running, sending, photo: bytes, come: int) -> socket.socket:
    """A connection on which a photo's only piece is announced, and its first bytes have been sent."""
    host, port = running.address.removeprefix("http://").split(":")
    head = (
        f"PATCH /sync/v1/photos/{sha(photo)} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: Bearer {sending.tablet.secret}\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(photo)}\r\n\r\n"
    )
    line = socket.create_connection((host, int(port)))
    line.sendall(head.encode() + photo[:come])
    return line


@pytest.mark.parametrize("come", [1, 1_234, 150_000])
def test_a_line_that_is_cut_inside_a_body_leaves_every_byte_that_came(
    running, sending, picture, come
) -> None:
    photo = picture("cut", size=200_000)
    sending.name(photo)
    sending.create(photo)
    with begun(running, sending, photo, come):
        while int(sending.head(sha(photo)).headers["Upload-Offset"]) < come:
            pass  # the server reads what came in its own time
    assert int(sending.head(sha(photo)).headers["Upload-Offset"]) == come
    assert sending.patch(sha(photo), come, photo[come:]).status_code == 204
    assert lying(running, sha(photo)) == photo


def test_a_request_that_lingers_after_a_cut_spoils_nothing(running, sending, picture) -> None:
    """The tablet has gone on already; what the old connection still brings comes to the wrong place."""
    photo = picture("lingering", size=300_000)
    sending.name(photo)
    sending.create(photo)
    with begun(running, sending, photo, 100_000) as old:
        offset = 0
        while not offset:
            offset = int(sending.head(sha(photo)).headers["Upload-Offset"])
        said = sending.patch(sha(photo), offset, photo[offset : offset + 50_000])
        old.sendall(photo[100_000:200_000])
        old.shutdown(socket.SHUT_WR)
        assert said.status_code in (204, 409)
    while (at := int(sending.head(sha(photo)).headers["Upload-Offset"])) < len(photo):
        sending.patch(sha(photo), at, photo[at:])
    assert lying(running, sha(photo)) == photo
