"""A file of divisions over HTTP: every fault at once, what would change before it does, one line in the log."""

import html
import re

import httpx
import pytest
from sqlmodel import select

from server.access.tables import Audit
from server.database import read, write
from server.registry.tables import Division

HEADER = "code,name,level,parent,urban_rural_code"
ABOVE = [
    "140000000000,山西省,province,,",
    "140500000000,晋城市,city,140000000000,",
]
COUNTY = ["140525000000,泽州县,county,140500000000,", "140525100000,1号镇,township,140525000000,"]
RENAMED = "140525100201,新南村,village,140525100000,121"
ADDED = "140525100204,北新村,village,140525100000,220"


@pytest.fixture
def register(running) -> None:
    """The units above the county too, as a register of a whole province has them."""
    with write(running.app.state.engine) as session:
        session.add(Division(code="140000000000", name="山西省", level="province", edition="2016"))
        session.add(
            Division(code="140500000000", name="晋城市", level="city", parent="140000000000", edition="2016")
        )


@pytest.fixture
def check(running, official, register):
    """Uploads rows as the administrator's browser would."""

    def send(
        *rows: str, encoding: str = "utf-8", edition: str = "2023", header: str = HEADER
    ) -> httpx.Response:
        token = running.form_token(official.get("/divisions/import"))
        data = "\n".join([header, *rows, ""]).encode(encoding)
        return official.post(
            "/divisions/check", data={"csrf": token, "edition": edition},
            files={"file": ("区划.csv", data, "text/csv")},
        )  # fmt: skip

    return send


def _confirm(official, running, preview: httpx.Response, **others: str) -> httpx.Response:
    """Sends the form of a preview, as it stands there."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', preview.text))
    asked = {name: html.unescape(value) for name, value in fields.items()}
    return official.post("/divisions/import", data=asked | others)


def _names(running) -> dict[str, tuple[str, str, str]]:
    with read(running.app.state.engine) as session:
        return {
            row.code: (row.name, row.urban_rural_code, row.edition) for row in session.exec(select(Division))
        }


def test_every_fault_is_shown_with_its_row_and_column_and_nothing_is_written(check, running) -> None:
    before = _names(running)
    page = check(
        "140525100201,新南村,village,140525100000,121", "14052510020,短村,village,140525100000,121",
        "140525100203,,village,140525100000,999", "140525900201,孤村,village,140525900000,220",
    )  # fmt: skip
    assert page.status_code == 422
    rows = re.findall(r'<td class="number">(\d+)</td><td><code>(\w*)</code></td>', page.text)
    assert rows == [("3", "code"), ("4", "name"), ("4", "urban_rural_code"), ("5", "parent")]
    assert "文件有 4 处错误" in page.text and "确认导入" not in page.text
    assert _names(running) == before


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_shows_what_it_would_change_and_changes_that(check, official, running, encoding: str) -> None:
    before = _names(running)
    page = check(*ABOVE, *COUNTY, RENAMED, ADDED, encoding=encoding)
    assert page.status_code == 200
    facts = dict(re.findall(r"<dt>(\w+)[^<]*</dt><dd>([\d,]+)</dd>", page.text))
    assert facts["新增"] == "1" and facts["改动"] == "1" and facts["没有变化"] == "4"
    assert "<del>201村</del> → <strong>新南村</strong>" in page.text
    assert _names(running) == before
    done = _confirm(official, running, page)
    assert done.headers["location"] == "/divisions?imported=1-1"
    assert "新增 1 个，改动 1 个" in official.get(done.headers["location"]).text
    now = _names(running)
    assert now["140525100201"] == ("新南村", "121", "2023") and now["140525100204"][0] == "北新村"
    assert now["140525100202"] == before["140525100202"]


def test_an_import_stands_in_the_log(check, official, running) -> None:
    _confirm(official, running, check(*COUNTY, ADDED))
    with read(running.app.state.engine) as session:
        line = session.exec(select(Audit).where(Audit.verb == "division.import")).one()
    assert line.detail == {
        "文件名": "区划.csv", "区划版本": "2023", "新增": "1", "没有变化": "2", "改动": "0",
    }  # fmt: skip


def test_what_lies_outside_ones_area_is_refused(check, running) -> None:
    before = _names(running)
    page = check("140581000000,高平市,county,140500000000,", "140500000000,晋城新市,city,140000000000,")
    assert page.status_code == 422 and page.text.count("不在您负责的区域") == 2
    assert _names(running) == before


def test_a_register_changed_since_the_preview_is_looked_at_again(check, official, running) -> None:
    page = check(*COUNTY, RENAMED)
    with write(running.app.state.engine) as session:
        session.get_one(Division, "140525100201").name = "别的名字"
    again = _confirm(official, running, page)
    assert again.status_code == 409 and "预览之后" in again.text and "<del>别的名字</del>" in again.text
    assert _names(running)["140525100201"][0] == "别的名字"
    assert _confirm(official, running, again).status_code == 303


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"edition": "去年"}, "没有写明版本"),
        ({"header": "代码,名称"}, "表头缺少这一列"),
        ({"encoding": "utf-16"}, "UTF-16"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(check, sent: dict[str, str], said: str) -> None:
    page = check(ADDED, **sent)
    assert page.status_code == 422 and said in page.text


@pytest.mark.parametrize("content", ["", "no base64", "aGVsbG8="])
def test_a_confirmation_without_its_file_changes_nothing(check, official, running, content: str) -> None:
    page = check(*COUNTY, RENAMED)
    refused = _confirm(official, running, page, content=content)
    assert refused.status_code == 422 and "没有选择文件" in refused.text
