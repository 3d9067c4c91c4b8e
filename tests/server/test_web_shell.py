"""The shell: errors a person can read, languages, lists, numbers, bars and spreadsheets."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Annotated
from urllib.parse import quote

import httpx
import openpyxl
import pytest
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from server.web import (
    NavItem,
    Page,
    Problem,
    ShellFacts,
    Sorting,
    charts,
    download,
    figures,
    install,
    labelled,
    page_number,
    problem,
    render,
    with_query,
)
from server.web.language import located
from server.web.sheets import Kind, SheetColumn, write_book


@pytest.fixture
def address(serving: Callable[[FastAPI], str]) -> str:
    """An application that is nothing but the shell, with one page for each kind of trouble."""
    app = FastAPI()

    class Engine:
        def dispose(self) -> None: ...

    app.state.engine = Engine()
    install(app, lambda: ShellFacts("140525", "泽州县", True), (NavItem("/a", "进度"), NavItem("/b", "计划")))

    @app.get("/page")
    def number(request: Request) -> int:
        return page_number(request)

    app.state.clock = lambda: datetime(2020, 10, 31, 20, 0, tzinfo=UTC)

    @app.get("/list.xlsx")
    def held(request: Request) -> Response:
        area = labelled("zh", "区划", "金村镇")
        return download(
            request, [SheetColumn("n", lambda row: row)], iter(["甲"]), title="住户清单",
            held_to=[area, "", "未清洁"], notes=["另有一台平板未上报"],
        )  # fmt: skip

    @app.get("/a/{what}")
    @app.get("/api/{what}")
    def page(request: Request, what: str, n: Annotated[int, Query()] = 0) -> Response:
        if what == "broken":
            raise ValueError("不该让人看到的内部细节")
        if what == "private":
            raise problem("sign_in_needed")
        if what == "own":
            raise Problem("own", 409, "<b>已有人处理</b>", "请刷新。", headers={"Retry-After": "5"})
        return render(request, "web/problem.html", code="ok", message="好", remedy="")

    return serving(app)


@pytest.fixture
def browser(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False, verify=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/nowhere", 404, "not_found"), ("/a/broken", 500, "failed"), ("/a/x?n=many", 400, "malformed"),
     ("/a/own", 409, "own"), ("/static/none.css", 404, "not_found")],
)  # fmt: skip
def test_what_goes_wrong_is_said_on_a_page(browser: httpx.Client, path: str, status: int, code: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == status
    assert f"<code>{code}</code>" in answer.text and 'role="alert"' in answer.text and "回首页" in answer.text
    assert "内部细节" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/x/y", 404, "not_found"), ("/api/broken", 500, "failed"), ("/api/x?n=many", 400, "malformed"),
     ("/api/private", 401, "sign_in_needed"), ("/sync/v1", 404, "not_found")],
)  # fmt: skip
def test_programs_are_answered_in_json(browser: httpx.Client, path: str, status: int, code: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "message", "remedy"} and answer.json()["error"] == code


def test_a_method_that_does_not_fit_is_refused(browser: httpx.Client) -> None:
    answer = browser.post("/a/x")
    assert answer.status_code == 405 and "not_allowed" in answer.text and answer.headers["allow"] == "GET"


def test_whoever_is_not_signed_in_is_led_there_and_back(browser: httpx.Client) -> None:
    answer = browser.get("/a/private?area=140525&page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/a/private%3Farea%3D140525%26page%3D2"


def test_a_problems_text_is_text_and_its_headers_travel(browser: httpx.Client) -> None:
    answer = browser.get("/a/own")
    assert "&lt;b&gt;已有人处理&lt;/b&gt;" in answer.text and answer.headers["retry-after"] == "5"


def test_every_page_says_county_navigation_and_that_data_are_synthetic(browser: httpx.Client) -> None:
    page = browser.get("/a/x").text
    assert page.count("模拟数据") == 2 and "<strong>泽州县</strong>" in page
    assert '<a href="/a" aria-current="page">' in page and '<a href="/b">' in page
    assert page.index('class="skip"') < page.index("<header")


def test_language_follows_the_link_and_then_the_cookie(browser: httpx.Client) -> None:
    assert '<html lang="zh-CN">' in browser.get("/a/x", headers={"Accept-Language": "en"}).text
    assert "Back to the start page" in browser.get("/a/x?lang=en").text
    assert "Back to the start page" in browser.get("/a/x").text
    assert "Back to the start page" in browser.get("/a/x?lang=xx").text
    assert "回首页" in browser.get("/a/x?lang=zh").text
    assert "Synthetic data" in browser.get("/nowhere?lang=en").text


def test_the_link_to_the_other_language_keeps_the_page(browser: httpx.Client) -> None:
    assert 'href="/a/x?n=3&amp;lang=en"' in browser.get("/a/x?n=3").text


def test_a_page_can_load_and_run_nothing_from_elsewhere(browser: httpx.Client) -> None:
    answer = browser.get("/a/x")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "style=" not in answer.text and "onclick" not in answer.text and "https://" not in answer.text


def test_addresses_change_in_one_thing_only() -> None:
    here = "/households?area=140525&q=%E5%BC%A0&page=3"
    assert with_query(here, page=None) == "/households?area=140525&q=%E5%BC%A0"
    assert with_query(here, page=4, area="") == "/households?q=%E5%BC%A0&page=4"
    assert with_query("/x", page=None) == "/x"


@pytest.mark.parametrize(
    ("number", "total", "near"),
    [(1, 0, [1]), (1, 50, [1]), (2, 500, [1, 2, 3, 4, None, 9, 10]), (5, 500, [1, 2, 3, 4, 5, 6, 7, None, 9, 10]),
     (50, 5000, [1, 2, None, 48, 49, 50, 51, 52, None, 99, 100])],
)  # fmt: skip
def test_a_pager_links_the_ends_and_the_neighbours(number: int, total: int, near: list[int | None]) -> None:
    assert Page([], total, number, 50).near == near


def test_a_click_on_a_heading_turns_the_order_round() -> None:
    order = Sorting("name", False)
    assert (order.opposite("name"), order.opposite("door"), order.state("name")) == (
        "-name",
        "door",
        "ascending",
    )
    assert Sorting("name", True).opposite("name") == "name"


def test_missing_and_zero_are_different_findings() -> None:
    assert (figures.count(None), figures.count(0), figures.count(17_360)) == ("—", "0", "17,360")
    assert (figures.rate(None), figures.rate(Decimal("60"))) == ("—", "60.00 %")
    assert figures.amount(Decimal("1234.565"), 2) == "1,234.57" and figures.yuan(64_001) == "640.01"


def test_instants_are_told_on_the_countys_clock() -> None:
    assert figures.moment(datetime(2020, 10, 31, 20, 5, tzinfo=UTC)) == "2020-11-01 04:05"
    assert figures.told("2020-10-31T20:05:00.123Z") == "2020-11-01 04:05"
    assert figures.told("yesterday") == "yesterday" and figures.told("2020-10-31") == "2020-10-31"
    assert figures.day(date(2020, 10, 31)) == "2020-10-31"


def test_a_bar_says_in_words_what_it_shows() -> None:
    drawn = charts.bar(Decimal("63.2"), '按户 "63.20 %"', target=100, binding="must", reached=False)
    assert 'aria-label="按户 &#34;63.20 %&#34;"' in drawn and 'width="63.20%"' in drawn
    assert 'class="fill must"' in drawn and 'class="target must"' in drawn
    assert 'class="fill reached"' in charts.bar(Decimal(60), "", target=60, binding="strive", reached=True)
    assert "fill" not in charts.bar(None, "") and 'width="100%"' in charts.bar(Decimal(180), "")


def test_parts_of_a_bar_never_fill_more_than_the_whole() -> None:
    drawn = charts.stacked(
        [charts.Segment("煤改电", 3, "electric"), charts.Segment("煤改气", 1, "gas")], "", 8
    )
    assert 'x="0.00%" width="37.50%"' in drawn and 'x="37.50%" width="12.50%"' in drawn
    assert charts.stacked([], "")


def _book(columns: list[SheetColumn], rows: list[object], per_sheet: int = 1_000_000) -> openpyxl.Workbook:
    file = io.BytesIO()
    write_book(file, columns, rows, ["标题", "截至"], per_sheet, name="住户/清单")
    file.seek(0)
    return openpyxl.load_workbook(file)


def test_a_sheet_keeps_text_as_text_and_numbers_as_numbers() -> None:
    cells = [
        "140525100001",
        "=1+1",
        "0012",
        "+86 139",
        "@x",
        "https://x.cn",
        "𬍛\x0b",
        "x" * 40_000,
        "",
        None,
    ]
    book = _book([SheetColumn("代码", lambda row: row)], list(cells))
    found = [row[0] for row in book.active.iter_rows(min_row=4, values_only=True)]
    assert found[:6] == cells[:6] and found[6].startswith("𬍛")
    assert len(found[7]) == 32_767 and found[7].endswith("cut, too long for a cell）")
    assert all(cell.hyperlink is None for row in book.active.iter_rows() for cell in row)


def test_a_sheet_writes_dates_and_decimals_as_such() -> None:
    at = datetime(2020, 10, 31, 20, 0, tzinfo=UTC)
    rows = [(date(2020, 10, 31), at, Decimal("80.50"), 3)]
    kinds: tuple[Kind, ...] = ("date", "moment", "decimal", "integer")
    columns = [SheetColumn(kind, itemgetter(at), kind=kind) for at, kind in enumerate(kinds)]
    found = next(_book(columns, rows).active.iter_rows(min_row=4, values_only=True))
    assert found == (datetime(2020, 10, 31), datetime(2020, 11, 1, 4, 0), 80.5, 3)  # noqa: DTZ001 - XLSX knows no zones


def test_rows_beyond_one_sheet_go_on_in_the_next() -> None:
    book = _book([SheetColumn("n", lambda row: row, kind="integer")], list(range(25)), per_sheet=10)
    found = [row[0] for page in book for row in page.iter_rows(min_row=4, values_only=True)]
    assert len(book.sheetnames) == 3 and found == list(range(25))
    assert all(page["A3"].value == "n" and page.freeze_panes == "B4" for page in book)
    assert book.sheetnames == ["住户清单", "住户清单 2", "住户清单 3"]
    assert [page.auto_filter.ref for page in book] == ["A3:A13", "A3:A13", "A3:A8"]


def test_a_download_says_whose_as_of_when_and_what_it_was_held_to(browser: httpx.Client) -> None:
    answer = browser.get("/list.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows = list(book.active.iter_rows(values_only=True))
    assert rows[0][0] == "泽州县 住户清单 模拟数据"
    assert rows[1][0] == "截至 2020-11-01 04:00（UTC+8） · 筛选：区划：金村镇；未清洁"
    assert rows[2][0] == "另有一台平板未上报" and rows[3:] == [("n",), ("甲",)]
    assert book.sheetnames == ["住户清单"] and book.active.auto_filter.ref == "A4:A5"
    assert quote("泽州县-住户清单-20201101.xlsx") in answer.headers["content-disposition"]
    english = browser.get("/list.xlsx?lang=en")
    rows = list(openpyxl.load_workbook(io.BytesIO(english.content)).active.iter_rows(values_only=True))
    assert rows[1][0].startswith("As of 2020-11-01 04:00 (UTC+8)")


def test_an_empty_list_is_a_sheet_with_its_headings() -> None:
    book = _book([SheetColumn("n", lambda row: row)], [])
    assert [row[0] for row in book.active.iter_rows(values_only=True)] == ["标题", "截至", "n"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("0", 1), ("-1", 1), ("x", 1), ("", 1), ("007", 7), ("9" * 5000, 1_000_000), ("0" * 5000, 1)],
)
def test_whatever_an_address_says_of_the_page_is_a_page(
    browser: httpx.Client, text: str, number: int
) -> None:
    assert browser.get("/page", params={"page": text}).json() == number


def test_the_day_in_a_files_name_is_the_countys() -> None:
    assert figures.stamp(datetime(2020, 10, 31, 17, 0, tzinfo=UTC)) == "20201101"


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("35.490123 112.851236 700.1 8.4", "纬度 35.49012°，经度 112.85124°，误差约 8 米"),
        ("35.5 112.85 0 0", "纬度 35.50000°，经度 112.85000°"),
        ("35.5 112.85", "纬度 35.50000°，经度 112.85000°"),
        ("村口", "村口"),
        ("1 NaN 3 4", "1 NaN 3 4"),
        ("", ""),
    ],
)
def test_a_position_is_said_in_words(recorded: str, said: str) -> None:
    assert located("zh", recorded) == said
