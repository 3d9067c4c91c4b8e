"""The office's board of tablets: what each said of itself, what somebody should look after, and where each number
leads.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest

from server.access.tables import Tablet
from server.access.tablet_state import SPACE_NEEDED_BYTES, concerns, outdated
from server.web.figures import size

NOW = datetime(2020, 11, 1, 8, tzinfo=UTC)
NEWEST = {"visit": "2020.2", "household": "2020.1"}
ALL_FORMS = ["household@2020.1", "visit@2020.1", "visit@2020.2"]


def _tablet(**said: object) -> Tablet:
    well = {"last_contact_at": NOW - timedelta(hours=1), "forms": ALL_FORMS, "free_bytes": 10**10}
    return Tablet(
        county="140525", device="d", secret_sha256="", name="平板", person="p", enrolled_at=NOW, **well | said
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, ()),
        ({"free_bytes": None}, ()),
        ({"last_contact_at": None, "forms": []}, ("never", "silent")),
        ({"last_contact_at": NOW - timedelta(days=3, seconds=1)}, ("silent",)),
        ({"last_contact_at": NOW - timedelta(days=3)}, ()),
        ({"waiting": 1}, ("waiting",)),
        ({"photos_waiting": 1}, ("waiting",)),
        ({"clock_offset_s": -301}, ("clock",)),
        ({"clock_offset_s": 300}, ()),
        ({"free_bytes": SPACE_NEEDED_BYTES - 1}, ("space",)),
        ({"forms": ["household@2020.1", "visit@2020.1"]}, ("forms",)),
        ({"revoked_at": NOW, "waiting": 3, "free_bytes": 0}, ("revoked",)),
    ],
)
def test_each_concern_has_its_own_cause(said, expected) -> None:
    assert concerns(_tablet(**said), NEWEST, NOW) == expected


def test_a_form_is_outdated_until_its_newest_version_is_there() -> None:
    assert outdated(["visit@2020.1"], NEWEST) == ("visit", "household")
    assert outdated(ALL_FORMS, NEWEST) == ()


@pytest.mark.parametrize(
    ("bytes_n", "text"),
    [
        (None, "—"),
        (0, "0 B"),
        (999, "999 B"),
        (64_000, "64 KB"),
        (5 * 10**8, "500 MB"),
        (12_340_000_000, "12.3 GB"),
    ],
)
def test_sizes_read_as_storage_is_sold(bytes_n, text) -> None:
    assert size(bytes_n) == text


def test_the_board_counts_what_tablets_said_and_opens_them(running, official, tablet) -> None:
    tablet.sync(
        running.address, waiting=12, photos_waiting=3, free_bytes=100_000_000, forms=("visit@2020.1",),
        sent_at="2020-08-30T08:00:00.000Z",
    )  # fmt: skip
    page = official.get("/tablets").text
    assert re.search(r"还在平板上的记录</dt><dd><a href=\"[^\"]*show=waiting\">12</a>", page)
    assert re.search(r"还在平板上的照片</dt><dd><a href=\"[^\"]*show=waiting\">3</a>", page)
    for words in ("有待上传", "时钟不准", "存储不足", "表单不是最新", "100 MB", "慢 2 天"):
        assert words in page
    for concern in ("waiting", "clock", "space", "forms"):
        assert f"/tablets/{tablet.device}" in official.get(f"/tablets?show={concern}").text
    assert "没有符合筛选条件" in official.get("/tablets?show=revoked").text
    own = official.get(f"/tablets/{tablet.device}").text
    assert "走访结果 2020.1" in own and re.search(r"缺最新版：[^@a-z]+<", own)
