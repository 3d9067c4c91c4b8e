"""The register's pages over HTTP: lists by filter, a household's file, and deciding on area classes."""

import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import openpyxl
import pytest

from server import database
from server.exchange.tables import EntityRow
from sync.documents import held_text
from sync.facts import Held, PropertyState
from sync.messages import Conflict

Get = Callable[[str], httpx.Response]
Submit = Callable[..., httpx.Response]


def _count(page: httpx.Response) -> int:
    found = re.search(r"共 ([\d,]+) [户个]", page.text)
    assert found
    return int(found[1].replace(",", ""))


def _households(recorder: Any, **how: str) -> list[dict[str, str]]:
    homes = recorder.households.values()
    return [home for home in homes if all(home.get(name, "") == value for name, value in how.items())]


@pytest.mark.parametrize("text", ["张三", "zhangsan", "zs", "ZHANG", "Zhang San", "张"])
def test_households_are_found_by_name_pinyin_and_initials(filled: Any, get: Get, text: str) -> None:
    found = get(f"/households?q={text}")
    assert _count(found) == len(_households(filled, head_name="张三")) > 0


def test_a_surname_is_searched_as_it_is_spoken(filled: Any, get: Get) -> None:
    assert _count(get("/households?q=shan")) == len(_households(filled, head_name="单晋生"))


def test_households_are_found_by_door_number(filled: Any, get: Get) -> None:
    door = next(iter(filled.households.values()))["door_number"]
    assert door in get(f"/households?q={door}").text


@pytest.mark.parametrize("text", ["%", "_", "\\", "' OR 1=1 --", "<script>alert(1)</script>"])
def test_a_search_text_is_only_ever_a_text(filled: Any, get: Get, text: str) -> None:
    page = get(f"/households?q={httpx.QueryParams({'q': text})['q']}")
    assert _count(page) == 0 and "<script>alert" not in page.text


def test_filters_in_use_are_chips_that_take_themselves_away(filled: Any, get: Get) -> None:
    page = get("/households?device=kang&heating=heated&area=140525100").text
    chips = dict(re.findall(r'<li><a href="([^"]+)" title="去掉这个筛选">([^<]+)<', page))
    assert sorted(chips.values()) == ["区划：1号镇", "取暖情况：取暖", "现用取暖设备：火炕"]
    without = next(address for address, label in chips.items() if "火炕" in label).replace("&amp;", "&")
    assert "device" not in without and "heating=heated" in without
    assert _count(get(without)) > _count(get("/households?device=kang&heating=heated&area=140525100"))


@pytest.mark.parametrize(
    "query", ["device=stove", "area=1405", "area=abc", "since=yesterday", "heating=maybe", "kind=clean_coal"]
)
def test_a_filter_nobody_knows_is_refused_and_never_ignored(site: Any, query: str) -> None:
    answer = site.browser.get(f"/households?{query}")
    assert answer.status_code in {400, 403}
    if answer.status_code == 400:
        assert query.split("=")[0] in answer.text and "无法识别" in answer.text


def test_a_long_list_is_paged_and_sorted_by_links(filled: Any, get: Get) -> None:
    first, last = get("/households?sort=-heated_area"), get("/households?sort=-heated_area&page=5")
    assert "第 1–50 行，共 240 行" in first.text and "第 201–240 行，共 240 行" in last.text
    assert 'aria-sort="descending"' in first.text and 'aria-current="page">5<' in last.text
    areas = [float(text) for text in re.findall(r'<td class="number">([\d.]+)</td>', first.text)]
    assert areas == sorted(areas, reverse=True) and len(areas) > 40
    assert "第 201–240 行" in get("/households?page=999").text
    assert "第 1–50 行" in get("/households?page=-3").text


def test_all_rows_are_in_the_spreadsheet_as_text_where_they_are_text(filled: Any, get: Get) -> None:
    book = openpyxl.load_workbook(io.BytesIO(get("/households.xlsx").content))
    rows = list(book.active.iter_rows(values_only=True))
    header, body = rows[2], rows[3:]
    assert header[0] == "村代码" and len(body) == 240
    at = {name: place for place, name in enumerate(header)}
    names = sorted(row[at["户主姓名"]] for row in body)
    assert names == sorted(home["head_name"] for home in filled.households.values())
    # A name that looks like a formula is still the name.
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value == "=HYPERLINK(1)"]
    assert cells and all(cell.data_type in {"s", "inlineStr"} or cell.quotePrefix for cell in cells)
    assert all(isinstance(row[0], str) and len(row[0]) == 12 for row in body)
    assert "截至 2020-09-01 16:00" in rows[1][0]


def test_a_spreadsheet_holds_what_its_list_is_held_to(filled: Any, get: Get) -> None:
    query = "area=140525200&situation=clean&device=10"
    book = openpyxl.load_workbook(io.BytesIO(get(f"/households.xlsx?{query}").content))
    assert book.active.max_row - 3 == _count(get(f"/households?{query}"))
    assert "现用取暖设备：空气源热泵" in book.active["A2"].value


def _with_history(recorder: Any) -> str:
    owners = [conversion["household"] for conversion in recorder.conversions.values()]
    return next(identity for identity in owners if owners.count(identity) == 2)


def test_a_household_shows_its_history_of_conversions(filled: Any, get: Get) -> None:
    identity = _with_history(filled)
    page = get(f"/households/140525/{identity}").text
    own = [c for c in filled.conversions.values() if c["household"] == identity]
    for conversion in own:
        assert conversion["signed_on"] in page
    assert "改造经过" in page and "没有原始记录" in page


def test_an_open_conflict_shows_base_mine_and_theirs(changing: Any, running: Any, get_own: Get) -> None:
    identity = next(iter(changing.households))
    mine, theirs = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "ab")
    conflict = Conflict(mine, "device", mine, "kang", "10", "1", theirs, "2020-09-01T08:00:00Z", "p9")
    held = Held(
        "household", identity, changing.households[identity]["village"], 3,
        {"device": PropertyState("1", 3, theirs)}, (conflict,), "2020-09-01T08:00:00.000000Z",
    )  # fmt: skip
    with database.write(running.app.state.engine) as session:
        session.merge(
            EntityRow(
                county="140525", dataset="household", id=identity, village=held.village, version=3,
                conflicts_n=1, updated_at=running.clock(), held=held_text(held),
            )
        )  # fmt: skip
    page = get_own(f"/households/140525/{identity}").text
    section = page.split('id="conflicts"', 1)[1].split("</section>", 1)[0]
    assert re.search(r"火炕.*燃气壁挂炉.*空气源热泵", section, re.DOTALL)
    assert f"/submissions/140525/{mine}" in section and f"/submissions/140525/{theirs}" in section


@pytest.mark.parametrize(
    "address", ["/households/140525/nobody", "/households/999999/nobody", "/divisions/1"]
)
def test_what_is_not_there_is_not_found(site: Any, address: str) -> None:
    assert site.browser.get(address).status_code == 404


def test_villages_are_classified_from_the_list(changing: Any, submit: Submit, get_own: Get) -> None:
    unclassified = "/divisions?area=140525&area_class=unclassified"
    assert _count(get_own(unclassified)) == 2
    decision = {
        "area_class": "rural", "source": "县政府办公室通知", "decided_on": "2020-08-01", "approver": "赵六",
        "back": unclassified, "scope": "picked", "village": ["140525200202"],
    }  # fmt: skip
    done = submit("/divisions/classify", unclassified, **decision)
    assert done.status_code == 303 and "已为 1 个村登记区域类别" in get_own(done.headers["location"]).text
    assert _count(get_own(unclassified)) == 1
    page = get_own("/divisions/140525200202").text
    assert "县政府办公室通知" in page and "赵六" in page and "现行" in page and "管理员" in page
    submit("/divisions/classify", unclassified, **{**decision, "scope": "all", "village": []})
    assert _count(get_own(unclassified)) == 0


def test_a_decision_without_grounds_is_shown_again_with_what_was_entered(
    changing: Any, submit: Submit
) -> None:
    answer = submit(
        "/divisions/classify", "/divisions", area_class="rural", source="", decided_on="2020-08-01",
        approver="赵六", back="/divisions?area=140525", scope="picked", village=["140525200202"],
    )  # fmt: skip
    assert answer.status_code == 422
    assert "依据和批准人都要填写" in answer.text and 'value="赵六"' in answer.text
    assert re.search(r'value="140525200202"[^>]* checked', answer.text)


def test_a_decision_needs_its_form_token(changing: Any, official: httpx.Client) -> None:
    answer = official.post("/divisions/classify", data={"village": "140525200202", "area_class": "rural"})
    assert answer.status_code == 403


def test_the_divisions_download_as_a_sheet(filled: Any, get: Get) -> None:
    book = openpyxl.load_workbook(io.BytesIO(get("/divisions.xlsx?area=140525&level=village").content))
    rows = list(book.active.iter_rows(min_row=4, values_only=True))
    assert len(rows) == 6 and rows[0][0] == "140525100201"
    assert [row[6] for row in rows].count("未划定") == 2


@pytest.mark.parametrize("page", ["9" * 5000, "0", "x"])
def test_any_page_number_of_the_divisions_is_a_page(site: Any, page: str) -> None:
    assert site.browser.get(f"/divisions?page={page}").status_code == 200


def test_a_sheet_is_named_by_the_countys_day(changing: object, running: Any, get_own: Get) -> None:
    running.clock.forward(hours=9)  # 01:00 in China, the day before in UTC
    for address in ("/households.xlsx", "/divisions.xlsx", "/coverage/140525.xlsx"):
        assert "-20200902.xlsx" in get_own(address).headers["content-disposition"], address
