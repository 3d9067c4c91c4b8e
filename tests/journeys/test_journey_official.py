"""The township official, the evening before the monthly return: every number opens the households behind it."""

import re
from io import BytesIO

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, Page

from server.lab.headless import tasks


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_page(locale="zh-CN", viewport={"width": 1440, "height": 900})


@pytest.fixture
def surveyed(county, surveyor):
    """A county with a few weeks of work in it: registered homes, some of them converted."""
    li = surveyor("li")
    registered = [home for home in county.homes if home.registered_on]
    for home in registered:
        li.registers(home)
    li.reports(county.address)
    for task in tasks(registered):
        if task.recording.form == "conversion":
            li.converts(task.home, task.recording)
    assert li.reports(county.address).problem is None
    assert set(li.states().values()) == {"sent_safe"}
    return county, len(registered)


def _sign_in(page: Page, county) -> None:
    page.goto(county.address)
    account = county.file.accounts[0]
    page.get_by_label("账号").fill(account.login)
    page.get_by_label("密码").fill(account.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/coverage/140525")


def test_from_the_countys_rate_down_to_one_submission(surveyed, page):
    county, registered_n = surveyed
    _sign_in(page, county)
    assert "模拟数据" in page.inner_text("body")
    rate = page.locator("dl.figures a").filter(has_text="%").first
    told = county.api("/api/v1/coverage/140525")["clean"]["households"]
    assert rate.inner_text().replace(" ", "") == f"{told['rate']:.2f}%"

    # Down through township and village; each says the same number as its list.
    page.locator("table.parts").get_by_role("link", name=re.compile("镇$")).first.click()
    page.locator("table.parts").get_by_role("link", name="杨洼社区居民委员会").click()
    number = page.locator("dl.figures a[data-n]").first
    households_n = int(number.get_attribute("data-n"))
    assert 0 < households_n <= registered_n
    number.click()
    assert f"{households_n} 户" in page.inner_text("main")
    assert page.locator("main table tbody tr").count() == households_n

    # A converted household, and what was recorded of it.
    page.goto(f"{county.address}/households?area=140525")
    page.locator("main table tbody a").first.click()
    page.wait_for_url(re.compile(r"/households/140525/"))
    page.locator("main a[href*='/submissions/140525/']").first.click()
    text = page.inner_text("main")
    assert "门牌号" in text or "改造类型" in text
    assert "li" in text


def test_every_number_of_the_county_page_counts_what_its_list_shows(surveyed, page):
    county, _ = surveyed
    _sign_in(page, county)
    links = page.eval_on_selector_all(
        "main a[data-n]", "all => all.map(a => [a.getAttribute('href'), +a.dataset.n])"
    )
    assert len(links) > 50
    headers = {"Authorization": f"Bearer {county.file.token}"}
    with httpx.Client(
        base_url=county.address, headers=headers, trust_env=False, verify=False, timeout=30
    ) as office:
        for address, counted in dict(map(tuple, links)).items():
            told = re.search(r"共 ([\d,]+) 户", office.get(address).text)
            assert told, address
            assert int(told[1].replace(",", "")) == counted, address
        address = max(links, key=lambda link: link[1])[0]
        sheet = office.get(address.replace("/households", "/households.xlsx", 1))
    rows = openpyxl.load_workbook(BytesIO(sheet.content), read_only=True).active.iter_rows(values_only=True)
    ids = [row for row in rows if row and sum(cell is not None for cell in row) > 5]
    assert len(ids) - 1 == max(counted for _, counted in links), "a heading, and every row of the list"
