"""No list without its sheet: every page with a table offers one, and every sheet says what it is."""

import io
import re
from pathlib import Path

import openpyxl
import pytest

import server
from server.access.actions import make_token
from server.access.people import grant
from server.access.tables import Person
from server.app import fill
from server.database import write
from server.web.figures import moment

SERVER = Path(server.__file__).parent
COUNTY, NORTH = "140525", "140525100201"
# Pages whose table is one thing shown in full, not a list that goes on elsewhere; each with its reason.
NO_LIST = {
    "access/account.html": "one's own tokens, which are nobody else's business",
    "exchange/submission.html": "one record as it was recorded",
    "inspections/problem.html": "the steps of one problem; they stand in the log, which downloads",
    "subsidies/batch_print.html": "the approval form on paper; the batch's payments download from the batch",
    "subsidies/confirm.html": "the sums of what is about to be decided; its list downloads a page before",
    "subsidies/decision.html": "one decision with its lines",
    "subsidies/payment.html": "one payment with its steps",
    "subsidies/schedule.html": "one released document, which downloads as it was released",
    "registry/division_import.html": "what one file would change, before anything is written",
    "registry/duplicate.html": "two homes side by side; the list of pairs downloads",
    "exchange/conflict.html": "the sides of one conflict; the list of conflicts downloads",
    "subsidies/payee.html": "the statements of one household, shown whole",
}


def _tables() -> list[Path]:
    found = (path for path in SERVER.glob("*/templates/*.html") if "<table" in path.read_text())
    # Fragments are parts of pages that are looked at themselves.
    return sorted(path for path in found if not path.name.startswith("_"))


@pytest.mark.parametrize("path", _tables(), ids=lambda path: path.stem)
def test_every_page_with_a_table_offers_its_sheet(path: Path) -> None:
    name = f"{path.parent.parent.name}/{path.name}"
    text = path.read_text() + "".join(
        (SERVER / part[0] / "templates" / part[1]).read_text()
        for part in re.findall(r'{% include "(\w+)/(\w+\.html)"', path.read_text())
    )
    assert name in NO_LIST or re.search(r"\.xlsx|{{ export }}", text), name


def test_the_exceptions_are_pages_there_are() -> None:
    assert {
        f"{path.parent.parent.name}/{path.name}" for path in SERVER.glob("*/templates/*.html")
    } >= NO_LIST.keys()


def _cells(answer) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return [
        [str(cell) for cell in row if cell is not None] for row in book.active.iter_rows(values_only=True)
    ]


@pytest.fixture
def lists(running, official, submit, tablet) -> dict[str, str]:
    """Something in every list: address of the sheet → what one of its rows says."""
    visit = tablet.visit(NORTH, new_head="张三")
    home = tablet.sync(running.address, visit, held={NORTH: None}).changes[0].id
    submit("/people/add", "/people/new", name="王芳", login="wangfang", role="auditor", area=COUNTY)
    person = re.search(r'href="(/people/(?!new)[^".]+)">王芳', official.get("/people").text)[1]
    submit("/divisions/classify", "/divisions", village=NORTH, area_class="rural", source="县政府文件",
           decided_on="2020-08-01", approver="张县长", scope="picked", back="/divisions")  # fmt: skip
    return {
        "/households.xlsx": "张三",
        f"/households/{COUNTY}/{home}/submissions.xlsx": "走访结果",
        "/submissions.xlsx": "张三",
        "/conflicts.xlsx": "登记中的值",
        "/divisions.xlsx": NORTH,
        f"/divisions/{NORTH}/decisions.xlsx": "县政府文件",
        "/people.xlsx": "王芳",
        f"{person}/roles.xlsx": "审计",
        "/audit.xlsx": "新建人员",
        "/tablets.xlsx": tablet.device,
        "/tablets/codes.xlsx": "201村、202村、203村",
        f"/tablets/{tablet.device}/villages.xlsx": "现在负责",
        "/acceptance.xlsx": "验收人",
        "/zones.xlsx": "文件号",
        "/problems.xlsx": "问题类型",
        "/sightings.xlsx": "所见",
        f"/coverage/{COUNTY}.xlsx": "1号镇",
    }


def test_every_sheet_says_whose_it_is_as_of_when_and_holds_its_rows(official, running, lists) -> None:
    for address, words in lists.items():
        rows = _cells(official.get(address))
        assert rows[1][0].startswith(f"截至 {moment(running.clock())}（UTC+8）"), address
        assert any(words in cell for row in rows[2:] for cell in row), (address, rows)


def test_a_sheet_names_the_filter_its_page_was_held_to(official, lists) -> None:
    held_to = {
        "/people.xlsx?role=auditor&q=王": "搜索：王；职务：审计；状态：在用",
        "/audit.xlsx?verb=person.manage&since=2020-08-01": "操作：管理人员和职务；自：2020-08-01",
        "/submissions.xlsx?form=visit&outcome=applied": "处理结果：已采用；表单：走访结果",
        "/tablets.xlsx?show=silent": "多日未联系",
        "/divisions.xlsx?level=village&q=201": "搜索：201；级别：村",
        "/problems.xlsx?queue=all": "全部",
    }
    for address, words in held_to.items():
        assert f"筛选：{words}" in _cells(official.get(address))[1][0], address
    assert _cells(official.get("/conflicts.xlsx?area=140525100"))[0][0].startswith("1号镇 ")


def test_a_used_code_and_a_handed_over_village_stay_in_their_sheets(
    running, official, submit, tablet
) -> None:
    submit(f"/tablets/{tablet.device}/unassign", f"/tablets/{tablet.device}", villages=[NORTH])
    assert any("已使用" in cell for row in _cells(official.get("/tablets/codes.xlsx")) for cell in row)
    rows = _cells(official.get(f"/tablets/{tablet.device}/villages.xlsx"))
    assert [row[3] for row in rows if row[0].startswith(COUNTY)].count("以前负责") == 1


def test_the_released_schedules_are_a_sheet_too(running) -> None:
    fill(running.app)
    now = running.clock()
    with write(running.app.state.engine) as session:
        auditor = Person(id="p-auditor", login="auditor", name="申审计", made_at=now)
        session.add(auditor)
        session.flush()
        grant(session, auditor.id, "auditor", COUNTY, now=now)
        token = make_token(session, auditor, label="test", county=COUNTY, now=now)
    with running.browser() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        rows = _cells(client.get("/finance/schedules.xlsx"))
    assert rows[0][0].endswith("补贴标准") and rows[2][0] == "标准"
    assert len(rows) > 3 and all(len(row[-1]) == 64 for row in rows[3:])
