"""Photos come after the records: where those did not come through, no photo takes the line from them."""

from sync import driver
from sync.account import Account
from sync.album import Album
from sync.driver import refusal
from sync.upload_driver import HttpPhotos, send_photos

NORTH = "140525100201"


def test_no_photo_is_tried_where_the_records_did_not_come_through(running, tablet) -> None:
    tablet.photographed(NORTH)
    assert tablet.sync().problem is None
    album, secret = Album(tablet.replica), tablet.replica.identity().secret
    with driver.http_client() as client:
        photos = HttpPhotos(client, running.address, secret)
        cut = send_photos(album, photos, Account(problem=refusal("cut")), clock=running.clock)
        assert (cut.photos_n, cut.photos_left_n, cut.problem.code) == (0, 1, "cut")
        assert tablet.replica.photos_waiting() == 1
        whole = send_photos(album, photos, Account(), clock=running.clock)
    assert (whole.photos_n, whole.photos_left_n, tablet.replica.photos_waiting()) == (1, 0, 0)
