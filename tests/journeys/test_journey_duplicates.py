"""One home registered by two surveyors without a network: found, merged, seen as one by everybody, and apart again."""

from io import BytesIO

import httpx
import openpyxl
import pytest

from server.database import read
from server.registry.aliases import same_as
from server.registry.tables import Conversion

OFFICIAL = {"xiang": ("杨乡长", "township_official")}


@pytest.fixture
def twice(county, surveyor):
    """Li and Wang register the same home; Wang records its conversion. Both have reported."""
    li, wang = surveyor("li"), surveyor("wang")
    home = next(each for each in county.homes if each.registered_on and each.conversion)
    one, other = li.registers(home), wang.registers_anew(home)
    for each in (li, wang, li):
        assert each.reports(county.address).problem is None
    return li, wang, home, one, other


def converted(county):
    with read(county.engine) as session:
        return {row.id: row.household for row in session.query(Conversion).all()}


def test_found_merged_seen_as_one_and_apart_again(county, twice, hire):
    li, wang, home, one, other = twice
    assert county.api("/api/v1/coverage/140525")["households"] == 2

    page = hire(OFFICIAL)("xiang")
    page.get_by_role("link", name="待核实 1").click()
    page.wait_for_url("**/duplicates?**")
    assert "很可能" in page.inner_text("main") and "门牌号相同" in page.inner_text("main")
    sheet = page.request.get(f"{county.address}/duplicates.xlsx").body()
    assert any(one in map(str, row) for row in openpyxl.load_workbook(BytesIO(sheet)).active.values)
    page.get_by_role("link", name="核对", exact=True).click()

    # Meanwhile Wang, offline, goes on under the id he made.
    edit = wang.changes(other, {"/data/basics/phone": "15400000009"})

    survivor = page.locator("input[name=keep]").get_attribute("value")
    loser = other if survivor == one else one
    page.get_by_label("怎样核实的").fill("村干部现场核对，同一院落")
    page.get_by_label("已核实是同一户").check()
    page.get_by_role("button", name="合并这两户").click()
    page.wait_for_url(f"**/households/140525/{survivor}**")
    assert "已合并" in page.inner_text("[role=status]")
    assert loser in page.inner_text("#merges")
    assert home.house.head_name in page.inner_text("#merges tbody")
    with read(county.engine) as session:
        assert same_as(session, "140525") == {loser: survivor}

    # One home in every count and list, on every page.
    assert county.api("/api/v1/coverage/140525")["households"] == 1
    assert county.page("/households?area=140525").count(f">{home.house.head_name}<") <= 1
    page.goto(f"{county.address}/households/140525/{loser}")
    assert page.url.endswith(survivor)
    page.goto(f"{county.address}/duplicates")
    assert "没有待核实的疑似重复" in page.inner_text("main")

    # Both tablets see one, whichever id they open; what Wang had not sent still travelled.
    for surveyor in (li, wang, li):
        assert surveyor.reports(county.address).problem is None
    for surveyor in (li, wang):
        (row,) = surveyor.tablet.replica.households(home.village)
        assert row.id == survivor
        assert surveyor.tablet.replica.entity("household", loser).id == survivor
    assert wang.states()[edit.id] in ("sent_safe", "merged", "conflict")

    # Undone: two again, and what Wang recorded since stands under his own id.
    page.goto(f"{county.address}/households/140525/{survivor}")
    page.get_by_role("link", name="查看或撤销").click()
    page.get_by_label("依据").fill("是父子两户，同院不同灶")
    page.get_by_role("button", name="撤销合并").click()
    page.wait_for_url("**/duplicates/140525/**")
    assert "又是两户了" in page.inner_text("main")
    assert county.api("/api/v1/coverage/140525")["households"] == 2
    for surveyor in (li, wang, li):
        assert surveyor.reports(county.address).problem is None
        assert len(surveyor.tablet.replica.households(home.village)) == 2
    assert wang.tablet.replica.entity("household", other).props["phone"] == "15400000009"
    assert li.tablet.replica.entity("household", other).props["phone"] == "15400000009"
    assert li.tablet.replica.entity("household", one).props["phone"] != "15400000009"

    # Two homes after all: remembered, and taken back.
    page.get_by_label("依据", exact=False).last.fill("父子两户")
    page.get_by_role("button", name="认定不是重复").click()
    page.wait_for_url("**/duplicates?done=apart")
    assert "没有待核实的疑似重复" in page.inner_text("main")


def test_a_surveyor_and_an_auditor_cannot_merge(county, twice, hire):
    _, _, _, one, other = twice
    page = hire({"shen": ("沈审计", "auditor")})("shen")
    page.goto(f"{county.address}/duplicates/140525/{one}/{other}")
    assert page.get_by_role("button", name="合并这两户").count() == 0
    answer = httpx.post(f"{county.address}/duplicates/140525/{one}/{other}/merge", follow_redirects=False)
    assert answer.status_code in (303, 401, 403)
