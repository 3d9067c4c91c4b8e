"""From coverage to a designated coal-free zone, and a violation arriving from a tablet: two officials, one surveyor."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from server.web.figures import CHINA

# Who proposes, who decides and verifies, and who puts right.
PEOPLE = {
    "niu": ("牛乡镇", "township_official"),
    "feng": ("冯环境", "environment_officer"),
    "tian": ("田责任", "township_official"),
}


@pytest.fixture
def office(hire) -> Callable[[str], Page]:
    """A browser of its own for each official, signed in."""
    return hire(PEOPLE)


@pytest.fixture
def at_the_stove(county, surveyor):
    """A surveyor with a registered home that burns coal, known to the server."""
    li = surveyor("li")
    home = next(home for home in county.homes if home.registered_on and _burns(li, home))
    assert li.reports(county.address).problem is None
    return li, home


def _burns(li, home) -> bool:
    identity = li.registers(home)
    shown = li.tablet.replica.entity("household", identity)
    return shown.props.get("device") == "coal_stove"


def test_a_zone_is_designated_by_two_and_holds_against_a_stove(county, office, at_the_stove) -> None:
    li, home = at_the_stove
    household = li.made[-1].targets[0].id
    today = datetime.now(CHINA).date().isoformat()

    # The township proposes, starting from the coverage page.
    niu = office("niu")
    niu.get_by_role("link", name=re.compile("已改造未划入")).click()
    niu.get_by_role("link", name="提议划定").first.click()
    niu.locator("details").filter(has=niu.locator(f"input[value='{home.village}']")).locator(
        "summary"
    ).click()
    niu.locator(f"input[value='{home.village}']").check()
    niu.get_by_label("名称").fill("杨洼禁煤区")
    niu.get_by_label("责任人").select_option("p-tian")
    niu.get_by_label("依据和理由").fill("覆盖到哪里，划定到哪里")
    niu.get_by_role("button", name="提交提议").click()
    expect(niu.locator("main")).to_contain_text("提议已提交")
    expect(niu.locator("#decide")).to_contain_text("不能自己批准")
    assert niu.get_by_role("button", name="批准划定").count() == 0

    # The line in the way opens exactly its homes.
    line = niu.locator("tr", has_text="登记的住户都已改造").locator("td.number a")
    in_the_way = line.inner_text()
    assert int(in_the_way) >= 1
    niu.goto(county.address + line.get_attribute("href"))
    expect(niu.locator("main")).to_contain_text(f"共 {in_the_way} 户")

    # Another person designates it by the published document, and writes down why with lines unmet.
    feng = office("feng")
    feng.get_by_role("link", name="杨洼禁煤区").click()
    expect(feng.locator("tr", has_text="补贴已发放到位")).to_be_visible()
    feng.get_by_label("文件号").fill("泽政发〔2020〕9号")
    feng.get_by_label("文件日期").fill(today)
    feng.get_by_label("施行日期").fill(today)
    feng.get_by_label(re.compile("仍要划定的理由")).fill("期限已到，逐户整改")
    feng.get_by_role("button", name="批准划定").click()
    expect(feng.locator("h1 + p")).to_contain_text("施行中")

    # The tablet knows at the door what holds there now; the coal seen there is a problem by itself.
    assert li.reports(county.address).problem is None
    told = li.reads(household)
    assert any("禁煤区" in fact.value for fact in told.zone), told.zone
    li.sights(household, "coal_burned")
    assert li.reports(county.address).problem is None
    assert set(li.states().values()) == {"sent_safe"}
    feng.goto(f"{county.address}/problems")
    feng.locator("main table tbody th a").first.click()
    expect(feng.locator("main")).to_contain_text("田责任")
    expect(feng.locator("main")).to_contain_text("烧煤")

    # Whoever is responsible reports it put right and cannot close it; another verifies.
    tian = office("tian")
    tian.goto(feng.url)
    tian.get_by_label("整改情况").fill("炉具已拆，煤已清走")
    tian.get_by_role("button", name="报告已整改").click()
    expect(tian.locator("main")).to_contain_text("待核查")
    assert tian.get_by_role("button", name="销号").count() == 0
    feng.reload()
    feng.get_by_label("已整改").check()
    feng.get_by_label("核查证据").fill("到场核查，照片 12")
    feng.get_by_role("button", name="销号").click()
    expect(feng.locator("h1 + p")).to_contain_text("已销号")
    feng.goto(f"{county.address}/households/140525/{household}")
    expect(feng.locator("#zone")).to_contain_text("违规")
    expect(feng.locator("#problems")).to_contain_text("已销号")
