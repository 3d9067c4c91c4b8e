"""The coverage pages over HTTP: every number opens exactly its list, and all ways of saying it agree."""

import html
import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import openpyxl
import pytest

Get = Callable[[str], httpx.Response]
LINK = re.compile(r'<a href="([^"]+)" data-n="(\d+)"')


def _links(text: str) -> dict[str, int]:
    return {html.unescape(address): int(n) for address, n in LINK.findall(text)}


def _list_count(get: Get, address: str) -> int:
    found = re.search(r"共 ([\d,]+) 户", get(address).text)
    assert found, address
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("area", ["140525", "140525100", "140525100202"])
def test_every_number_opens_a_list_with_exactly_so_many_households(
    filled: object, get: Get, area: str
) -> None:
    links = _links(get(f"/coverage/{area}").text)
    assert len(links) > 20
    wrong = {address: (n, found) for address, n in links.items() if (found := _list_count(get, address)) != n}
    assert not wrong


def test_the_fragment_is_what_the_page_includes(site: Any) -> None:
    page = site.browser.get("/coverage/140525").text
    fragment = site.browser.get("/coverage/140525", headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert fragment.strip().startswith('<div id="figures"')
    assert _links(fragment) == _links(page)


def test_targets_that_bind_and_targets_to_strive_for_are_shown_differently(filled: object, get: Get) -> None:
    page = get("/coverage/140525").text
    assert page.count('<span class="mark must">必须 100 %</span>') == 2
    assert page.count('<span class="mark strive">力争 ≥ 60 %</span>') == 1
    assert 'class="target must"' in page and 'class="target strive"' in page


def test_the_plan_and_its_deadline_stand_beside_what_was_done(filled: object, get: Get) -> None:
    county, township = get("/coverage/140525").text, get("/coverage/140525100").text
    assert "17,360" in county and "12,006" in county and "2020-10-31" in county and "还有 60 天" in county
    # The plan is the county's task; a township has no number of its own to be measured against.
    assert "计划数是全县的任务（17,360 户）" in township and "12,006" not in township


def test_the_total_against_the_plan_is_of_its_kinds_and_others_stand_beside(filled: object, get: Get) -> None:
    page = get("/coverage/140525").text
    task = page[page.index('id="task-title"') : page.index('id="class-title"')]
    rows = [[int(n) for n in re.findall(r'data-n="(\d+)"', row)] for row in task.split("<tr")]
    total = next(n for n, row in enumerate(task.split("<tr")) if 'class="total"' in row)
    kinds = [row[:1] for row in rows[:total] if len(row) == 2]
    assert rows[total][0] == sum(n for (n,) in kinds)
    beside = task.split("<tr")[total + 1]
    assert "计划外" in beside and "生物质" in beside and rows[total + 1][0] > 0
    planned = next(address for address in _links(task) if "%2C" in address)
    assert "煤改电、煤改气" in get(planned).text


def test_unclassified_villages_are_shown_as_such(filled: object, get: Get) -> None:
    page = get("/coverage/140525").text
    assert '<span class="mark unclassified">未划定</span>' in page
    assert "area_class=unclassified" in page


def test_an_area_without_households_says_so(get_own: Get) -> None:
    page = get_own("/coverage/140525").text
    assert "还没有登记任何住户" in page
    assert _links(page)["/households?area=140525"] == 0


@pytest.mark.parametrize("area", ["14052", "abc", "140525100999", "１４０５２５"])
def test_an_area_nobody_knows_is_not_found(site: Any, area: str) -> None:
    assert site.browser.get(f"/coverage/{area}").status_code == 404
    assert site.browser.get(f"/api/v1/coverage/{area}").status_code == 404


def test_the_start_page_is_the_countys_coverage(site: Any) -> None:
    assert site.browser.get("/").headers["location"] == "/coverage/140525"


def test_without_signing_in_there_is_nothing_to_see(site: Any) -> None:
    with httpx.Client(base_url=site.address, trust_env=False, verify=False) as stranger:
        assert stranger.get("/coverage/140525").headers["location"].startswith("/sign-in?next=")
        refused = stranger.get("/api/v1/coverage/140525")
        assert refused.status_code == 401 and refused.json()["error"] == "sign_in_needed"
        assert stranger.get("/households.xlsx").status_code == 303


def test_another_countys_figures_are_not_this_officials(site: Any) -> None:
    assert site.browser.get("/coverage/140581").status_code == 403
    assert site.browser.get("/api/v1/coverage/14").json()["error"] == "outside_area"


def test_the_spreadsheet_holds_the_total_the_classes_and_all_parts(filled: object, get: Get) -> None:
    answer = get("/coverage/140525.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert (
        "清洁取暖进度" in rows[0][0] and "截至 2020-09-01 16:00" in rows[1][0] and "17360" not in rows[2][0]
    )
    assert "多日未上报" in rows[2][0] and "SHA-256" in rows[3][0]
    header = rows[4]
    assert header[:4] == ("范围", "代码", "名称", "登记住户")
    assert sheet.freeze_panes == "B6"
    body = [row for row in rows[5:] if row[0]]
    assert [row[0] for row in body] == ["合计"] + ["区域类别"] * 4 + ["下级区划"] * 2
    at = header.index("登记住户")
    assert body[0][at] == 240 == sum(row[at] for row in body[1:5]) == sum(row[at] for row in body[5:])


def test_the_sheets_sums_say_what_they_sum(filled: object, get: Get) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(get("/coverage/140525.xlsx").content)).active
    header, total = ([cell.value for cell in row] for row in list(sheet.iter_rows(min_row=5, max_row=6)))
    said = dict(zip(header, total, strict=True))
    of_plan = ("煤改电", "煤改气", "工业余热")
    for what in ("任务", "接通"):
        assert said[f"{what}合计（计划内方式）"] == sum(said[f"{kind} {what}"] for kind in of_plan)
        every = said[f"{what}合计（计划内方式）"] + said[f"生物质 {what}"]
        assert said[f"{what}合计（各种清洁方式）"] == every
    page = _links(get("/coverage/140525").text)
    (shown,) = (
        n for address, n in page.items() if "area=140525&kind=any&" in address and "since=" in address
    )
    assert shown == said["任务合计（各种清洁方式）"]


def test_a_village_has_one_area_class_and_no_empty_rows(filled: object, get: Get) -> None:
    page = get("/coverage/140525100202").text
    classes = page[page.index('id="class-title"') :]
    shown = re.findall(r'<span class="mark (built_up|fringe|rural|unclassified)">', classes)
    assert shown == ["fringe"] and "必须 100 %" in classes
    sheet = openpyxl.load_workbook(io.BytesIO(get("/coverage/140525100202.xlsx").content)).active
    assert [row[0] for row in sheet.iter_rows(min_row=6, values_only=True)] == ["合计", "区域类别"]


def test_an_area_in_square_metres_reads_alike_everywhere(site: Any, get: Get) -> None:
    found = site.browser.get("/households?area=140525100201&sort=-heated_area").text
    area, home = (
        re.search(r"[0-9.]+\.[0-9]{2}(?=</td>)", found),
        re.search("/households/140525/[0-9a-f-]+", found),
    )
    assert area and home
    assert f"<dd>{area[0]}</dd>" in get(home[0]).text
    m2 = site.browser.get(
        "/api/v1/coverage/140525", headers={"Authorization": f"Bearer {site.token}"}
    ).json()["clean"]["area_m2"]
    assert f"{m2['heated']:,.2f}</a> m²" in get("/coverage/140525").text


def test_pages_speak_english_once_asked_to(site: Any) -> None:
    token = {"Authorization": f"Bearer {site.token}"}
    with httpx.Client(base_url=site.address, headers=token, trust_env=False, verify=False) as reader:
        assert "Clean heating progress" in reader.get("/coverage/140525?lang=en").text
        again = reader.get("/coverage/140525").text
        figures = reader.get("/coverage/140525", headers={"HX-Request": "true"}).text
    assert '<html lang="en">' in again and "Strive for" in again
    names = "泽州县|[12]号镇|泽政办发〔2020〕28号"
    assert not re.findall(r"[\u4e00-\u9fff]+", re.sub(names, "", re.sub(r"<[^>]+>", "", figures)))


def test_the_plan_page_shows_where_it_comes_from_and_its_hash(filled: object, get: Get) -> None:
    page = get("/plan").text
    assert "泽政办发〔2020〕28号" in page and "2680626b95c5" in page
    assert "文件日期 2020-11-09 晚于任务期限 2020-10-31" in page
    assert "只指晋城市城市建成区在泽州县辖区内的部分" in page


def test_the_plan_downloads_as_a_sheet(filled: object, get: Get) -> None:
    answer = get("/plan.xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert "清洁取暖计划" in rows[0][0] and "泽政办发〔2020〕28号" in rows[2][0] and "SHA-256" in rows[2][0]
    assert rows[3][:4] == ("任务或目标", "名称", "计划（户）", "目标")
    numbers = {row[1]: row[2] for row in rows[4:] if row[0] == "改造任务"}
    assert numbers == {"煤改电": 3004, "煤改气": 2350, "工业余热": 12006, "合计": 17360}
    assert [row[3] for row in rows[8:]] == ["必须 100 %", "必须 100 %", "力争 ≥ 60 %"]


def test_beside_synthetic_households_the_plans_number_is_explained(filled: object, get: Get) -> None:
    assert "模拟数据只有 240 户，与全县实际户数不同" in get("/coverage/140525").text
    assert "与全县实际户数不同" not in get("/coverage/140525100").text
    assert "与全县实际户数不同" in get("/plan").text


def test_the_plan_page_without_a_plan_says_what_to_do(get_own: Get) -> None:
    assert "本县还没有发布计划" in get_own("/plan").text


def test_without_a_plan_there_is_no_sheet_of_it(running: Any, official: httpx.Client) -> None:
    assert official.get("/plan.xlsx").status_code == 404
