"""The office's pages of the journal and its conflicts, over HTTP on a real server."""

import io
import re
import uuid
from dataclasses import replace

import openpyxl
import pytest

from server.web.figures import moment, told
from sync.codec import to_instant

NORTH, OTHER = "140525100201", "140525100202"


@pytest.fixture
def disputed(running, tablet, enrol):
    """A home that two tablets recorded differently: (first visit, the one applied, the one in conflict)."""
    other = enrol(running.app.state.engine, running.clock, NORTH)
    first = tablet.visit(NORTH, new_head="张三", remark="原来如此")
    seen = tablet.sync(running.address, first, held={NORTH: None}).changes[0]
    home = {"household": seen.id, "base_version": seen.version, "base": seen.props}
    running.clock.forward(minutes=5)
    mine = tablet.visit(NORTH, **home, remark="院里有狗")
    theirs = other.visit(NORTH, **home, remark="门口有车", visit_outcome="refused")
    tablet.sync(running.address, mine)
    running.clock.forward(minutes=5)
    other.sync(running.address, theirs)
    return first, mine, theirs


def _main(answer) -> str:
    assert answer.status_code == 200, answer.text
    return re.search(r"<main.*</main>", answer.text, re.DOTALL)[0]


def test_the_journal_lists_what_came_latest_first(official, disputed) -> None:
    text = _main(official.get("/submissions"))
    positions = [text.index(f"/submissions/140525/{visit.id}") for visit in reversed(disputed)]
    assert positions == sorted(positions)
    assert "有冲突" in text
    assert "1号镇 201村" in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("outcome=conflict", {2}),
        ("outcome=applied", {0, 1}),
        ("outcome=rejected", set()),
        ("area=140525100", {0, 1, 2}),
        ("area=140525200", set()),
        ("form=visit", {0, 1, 2}),
        ("form=household", set()),
        ("device=nothing", set()),
    ],
)
def test_the_journal_is_filtered(official, disputed, query: str, shown: set[int]) -> None:
    text = official.get(f"/submissions?{query}").text
    assert {n for n, visit in enumerate(disputed) if visit.id in text} == shown


def test_another_countys_records_are_not_shown(official, disputed) -> None:
    assert official.get(f"/submissions/140526/{disputed[0].id}").status_code == 403
    assert official.get(f"/submissions/140525/{uuid.uuid4()}").status_code == 404


def test_the_list_downloads_with_all_its_rows(official, disputed, running, tablet) -> None:
    tablet.sync(running.address, *[tablet.visit(OTHER) for _ in range(60)])
    sheet = official.get("/submissions.xlsx?page=2")
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet.content)).active.iter_rows(values_only=True))
    assert len([row for row in rows if row[-1] and len(str(row[-1])) == 36]) == 63
    assert any("1号镇 201村" in row for row in rows)
    page = _main(official.get("/submissions?page=2"))
    assert "共 63 行" in page


def test_a_submission_is_shown_as_recorded_in_the_forms_words(official, disputed) -> None:
    text = _main(official.get(f"/submissions/140525/{disputed[2].id}"))
    for words in ("走访结果", "拒绝登记", "备注", "门口有车", "王五", "时钟偏差", "原来如此", "院里有狗"):
        assert words in text
    assert f"/submissions/140525/{disputed[1].id}" in text  # whose value stands
    assert f"/households/140525/{disputed[0].targets[0].id}" in text
    english = _main(official.get(f"/submissions/140525/{disputed[2].id}?lang=en"))
    for words in ("Outcome of the visit", "Refused", "Remark", "Conflict", "Surveyor had seen"):
        assert words in english


def test_a_home_shows_who_differs_and_when_as_a_person_reads_it(official, disputed) -> None:
    text = _main(official.get(f"/households/140525/{disputed[0].targets[0].id}"))
    _, _, conflicts = text.partition("未决冲突")
    conflicts, _, _ = conflicts.partition("</section>")
    assert "王五" in conflicts and told(disputed[2].observed_at) in conflicts
    assert disputed[2].observed_at not in conflicts


def test_a_rejected_submission_says_why(running, tablet, official) -> None:
    wrong = tablet.visit(NORTH)
    wrong = replace(wrong, answers={**wrong.answers, "visited_on": "2031-01-01"})
    tablet.sync(running.address, wrong)
    text = _main(official.get(f"/submissions/140525/{wrong.id}"))
    assert "已退回" in text
    assert "走访日期：" in text
    assert "走访日期不能晚于今天" in text


def test_a_record_that_cannot_be_read_is_shown_as_text(running, tablet, official) -> None:
    import json

    from sync.codec import to_json

    request = to_json(tablet.request(tablet.visit(NORTH)))
    request["submissions"][0]["answers"] = "<script>alert(1)</script>"
    with running.browser() as browser:
        browser.post("/sync/v1", content=json.dumps(request), headers=tablet.headers())
    text = _main(official.get(f"/submissions/140525/{request['submissions'][0]['id']}"))
    assert "无法读取的记录" in text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


def test_open_conflicts_show_both_values_and_lead_to_their_records(official, disputed) -> None:
    text = _main(official.get("/conflicts"))
    for words in ("张三", "住户 · 备注", "原来如此", "院里有狗", "门口有车"):
        assert words in text
    assert f"/submissions/140525/{disputed[2].id}" in text
    # Each value with whoever said it and when, in the row itself: the one in force is its setter's, not the first's.
    row = re.search(r'<tr class="conflict">.*?</tr>', text, re.DOTALL)[0]
    for cell, said in (("theirs", disputed[1]), ("mine", disputed[2])):
        told = re.search(rf'<td class="{cell}">.*?</td>', row, re.DOTALL)[0]
        assert "王五" in told and moment(to_instant(said.observed_at)) in told
        assert f"/submissions/140525/{said.id}" in told
    assert re.search(r'<a class="button" href="/conflicts/140525/household/[^"]+"[^>]*>处理</a>', row)
    assert "没有未决的冲突" in official.get("/conflicts?area=140525200").text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/conflicts.xlsx", ("原来如此", "院里有狗", "门口有车")),
        ("/submissions.xlsx", ("张三", "王五")),
        ("/tablets.xlsx?area=140525", ("王五", "表单不是最新")),
    ],
)
def test_a_sheet_holds_what_its_page_shows(official, disputed, address: str, words: tuple[str, ...]) -> None:
    answer = official.get(address)
    assert answer.status_code == 200
    rows = openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    text = " ".join(str(cell) for row in rows for cell in row if cell is not None)
    for word in words:
        assert word in text


def test_a_correction_closes_the_conflict(running, tablet, disputed, official) -> None:
    theirs = disputed[2]
    seen = tablet.sync(running.address, held={NORTH: None}).changes[0]
    running.clock.forward(minutes=5)
    decided = tablet.visit(
        NORTH,
        seen.id,
        base_version=seen.version,
        base=seen.props,
        remark="有狗也有车",
        visit_outcome="refused",
    )
    reply = tablet.sync(running.address, replace(decided, corrects=theirs.id))
    assert reply.verdicts[0].outcome in ("applied", "merged")
    assert "没有未决的冲突" in official.get("/conflicts").text
    text = _main(official.get(f"/submissions/140525/{decided.id}"))
    assert f"/submissions/140525/{theirs.id}" in text


@pytest.mark.parametrize("page", ["/submissions", "/conflicts", "/submissions?outcome=rejected"])
def test_the_pages_speak_english_too(official, disputed, page: str) -> None:
    text = _main(official.get(f"{page}{'&' if '?' in page else '?'}lang=en"))
    known = r"\d+号镇|\d+村|王五|泽州县|张三|\d+号|原来如此|院里有狗|门口有车|管理员"
    assert re.findall(r"[一-鿿]+", re.sub(known, "", text)) == []
