"""The pages in a real browser: by keyboard, without script, on paper, and never wider than the screen."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from server import database

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PAGES = (
    "/coverage/140525", "/coverage/140525100", "/coverage/140525100201", "/households", "/plan",
    "/households?device=kang&heating=heated", "/divisions?area=140525", "/divisions/140525100201", "/nowhere",
    "/divisions/import", "/acceptance", "/zones", "/problems", "/sightings", "/submissions", "/conflicts",
    "/tablets", "/tablets/enrol?township=140525100", "/people", "/people/new", "/audit", "/account",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        yield browser
        browser.close()


def _context(chromium: Browser, site: Any, **how: Any) -> BrowserContext:
    context = chromium.new_context(base_url=site.address, **how)
    cookies = [{"name": c.name, "value": c.value, "url": site.address} for c in site.browser.cookies.jar]
    context.add_cookies(cookies)
    return context


@pytest.fixture
def page(chromium: Browser, site: Any) -> Iterator[Page]:
    context = _context(chromium, site)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (800, 1280)], ids=str)
def test_no_page_is_wider_than_its_screen_or_complains(
    chromium: Browser, site: Any, size: tuple[int, int]
) -> None:
    context = _context(chromium, site, viewport={"width": size[0], "height": size[1]})
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda request: complaints.append(request.url) if site.address not in request.url else None
    )
    for address in PAGES:
        for language in ("zh", "en"):
            page.goto(address + ("&" if "?" in address else "?") + f"lang={language}")
            beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert beyond <= 0, f"{address} {language} is {beyond} px too wide at {size[0]}"
    context.close()
    assert not [text for text in complaints if "404" not in text]


def test_slash_goes_to_the_search_field(page: Page) -> None:
    page.goto("/households")
    page.keyboard.press("/")
    page.keyboard.type("zs/")
    assert page.input_value("input[type=search]") == "zs/"
    with page.expect_navigation(url="**/households?*q=zs*"):
        page.keyboard.press("Enter")


def test_the_first_tab_offers_to_skip_to_the_content_and_shows_where_it_is(page: Page) -> None:
    page.goto("/coverage/140525")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    box = focused.bounding_box()
    assert focused.inner_text() == "跳到正文" and box and box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_from_the_countys_rate_down_to_a_household_without_script(chromium: Browser, site: Any) -> None:
    context = _context(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/coverage/140525")
    page.click("th.first a >> nth=0")
    page.click("th.first a >> nth=0")
    number = page.locator("dl.figures a[data-n]").first
    expected = number.get_attribute("data-n")
    number.click()
    assert f"共 {expected} 户" in page.inner_text(".head")
    page.locator("tbody th a").first.click()
    assert "改造经过" in page.inner_text("main")
    context.close()


def test_on_paper_there_is_no_navigation_but_the_banner_and_all_columns(page: Page) -> None:
    page.goto("/coverage/140525")
    page.emulate_media(media="print")
    assert not page.is_visible(".top nav") and not page.is_visible(".who") and page.is_visible("h1")
    assert page.evaluate("getComputedStyle(document.querySelector('.table')).overflowX") == "visible"


def test_what_a_narrow_screen_has_no_room_for_stands_under_its_row(page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 1280})
    page.goto("/households")
    table = page.locator(".table")
    assert table.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    heads, first = table.locator("thead th"), table.locator("tbody tr").first
    gone = [head.inner_text() for head in heads.all() if not head.is_visible()] or ["none is folded"]
    assert "更新时间" in table.locator("thead th.folded").last.text_content() and len(gone) < heads.count()
    assert "更新时间 20" in table.locator("tr.beneath").first.inner_text()
    page.emulate_media(media="print")
    assert all(cell.is_visible() for cell in first.locator("td, th").all())
    assert not table.locator("tr.beneath").first.is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("tr.beneath").first.wait_for(state="detached")
    assert all(head.is_visible() for head in heads.all())


def test_a_heading_of_two_rows_keeps_both_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 1280})
    page.goto("/coverage/140525")
    assert page.locator("thead tr.under th").first.is_visible()


def test_headings_stay_in_sight_while_a_long_list_scrolls(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/households")
    page.evaluate("scrollTo(0, 1500)")
    box = page.locator("thead th").first.bounding_box()
    assert box and 0 <= box["y"] < 5


def test_the_figures_follow_the_register_while_one_watches(page: Page, site: Any, recorder_for: Any) -> None:
    """With htmx; a checkout without it serves the same page, which then waits to be reloaded."""
    page.goto("/coverage/140525")
    shown = page.locator("dl.figures a[data-n]").first
    before = int(shown.get_attribute("data-n") or "")
    page.evaluate("window.stayed = true")
    with database.write(site.app.state.engine) as session:
        recorder = recorder_for(session, first_id=900_000)
        recorder.household("140525100201", heating_status="heated")
        recorder.settle()
    if not site.app.state.shell.has_htmx:
        page.reload()
    expect(shown).to_have_attribute("data-n", str(before + 1), timeout=15_000)
    assert page.evaluate("window.stayed") is (True if site.app.state.shell.has_htmx else None)


def test_one_box_ticks_all_of_its_page_and_is_not_there_without_script(chromium: Browser, site: Any) -> None:
    context = _context(chromium, site)
    page = context.new_page()
    page.goto("/divisions?area=140525&level=village")
    page.check("[data-all]")
    boxes = page.locator("tbody input[type=checkbox]")
    assert boxes.count() == 6 == page.locator("tbody input[type=checkbox]:checked").count()
    page.uncheck("[data-all]")
    assert page.locator("tbody input[type=checkbox]:checked").count() == 0
    context.close()
    plain = _context(chromium, site, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/divisions?area=140525&level=village")
    expect(page.locator("[data-all]")).to_be_hidden()
    plain.close()


@pytest.mark.parametrize(
    "address", ["/audit", "/people", "/conflicts", "/tablets", "/acceptance", "/divisions/import"]
)
def test_every_stop_of_the_tab_key_shows_where_it_is(page: Page, address: str) -> None:
    page.goto(address)
    hidden = []
    for _ in range(30):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
            return { name: e.tagName + " " + (e.name || e.innerText || ""), outline: s.outlineStyle !== "none",
                     seen: r.width > 1 && r.height > 1, inside: e.matches("input[type=date]") } }"""
        )
        # The parts of a date field draw their own focus.
        if not here["inside"] and not (here["outline"] and here["seen"]):
            hidden.append(here["name"])
    assert not [name for name in hidden if not name.startswith("BODY")]
