"""A rescue file as people read it: which home each record is about, and a draft, which goes nowhere else, in words."""

import io
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from server.cli import main
from server.database import read
from server.exchange import rescue_file, rescue_words

NORTH, OTHER = "140525100201", "140525100202"


@pytest.fixture
def lost(tablet, submit):
    """A home that is known; then unsent: a new home, and two drafts, of a known home and of one still to be named.
    Revoked, told, wiped."""
    home = tablet.home_of(tablet.visit(NORTH, new_head="张三"))
    tablet.sync()
    tablet.visit(OTHER, new_head="李四")
    tablet.draft(NORTH, home, {"visit_remark": "没写完", "visit_outcome": "refused"})
    tablet.draft(NORTH, "", {"new_door": "新12号", "new_head": "赵六"})
    page = f"/tablets/{tablet.device}"
    submit(f"{page}/revoke", page, sure="yes")
    tablet.sync()
    tablet.file, tablet.home, tablet.door = tablet.carry_out().file, home, f"{home[:4]}号 张三"
    return tablet


@pytest.fixture
def page(running, lost, official) -> str:
    token = running.form_token(official.get("/rescues"))
    files = {"file": ("a.rescue", Path(lost.file).read_bytes())}
    return official.post("/rescues", data={"csrf": token}, files=files).headers["location"]


def test_a_draft_is_shown_in_words_with_its_home(lost, page, official) -> None:
    shown = re.sub(r"\s+", " ", official.get(page).text)
    assert f'href="/households/140525/{lost.home}">{lost.door}</a>' in shown
    assert '<th scope="row">备注</th><td>没写完</td>' in shown
    assert '<th scope="row">走访结果</th><td>拒绝登记</td>' in shown, (
        "as the form says it, not as it is coded"
    )
    assert "新12号 赵六" in shown and "登记里还没有这一户" in shown
    assert "草稿不会导入" in shown


def test_a_record_names_its_home_before_it_is_imported(lost, page, official) -> None:
    assert re.search(r"<td>\w+号 李四</td>", official.get(page).text)


def test_the_sheet_holds_both(lost, page, official) -> None:
    content = io.BytesIO(official.get(f"{page}/records.xlsx").content)
    found = openpyxl.load_workbook(content).active.iter_rows(values_only=True)
    rows = [[str(cell) for cell in row] for row in found]
    known, new = (row for row in rows if "草稿，不导入" in row)
    if lost.door not in known:
        known, new = new, known
    assert lost.door in known and any("备注：没写完" in cell for cell in known)
    assert "新12号 赵六" in new
    (record,) = (row for row in rows if any("李四" in cell for cell in row))
    assert any("走访结果：家中无人" in cell for cell in record)


def test_the_command_tells_them_as_well(running, lost, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["rescue", lost.file, "--look", "--data", str(running.app.state.settings.data)])
    said = capsys.readouterr().out.replace("\n", "")
    assert lost.door in said and "备注：没写完" in said and "李四" in said and "新12号 赵六" in said


def test_a_draft_of_a_form_nobody_has_is_shown_as_it_was_typed(running, lost) -> None:
    contents = rescue_file.look(Path(lost.file).read_bytes(), running.app.state.keyring, "140525")
    unknown = tuple(replace(draft, form_version="1999.1") for draft in contents.drafts)
    with read(running.app.state.engine) as session:
        exchange = running.app.state.exchange
        said = rescue_words.words(session, exchange, replace(contents, drafts=unknown), "zh")
    assert {each.answers for each in said.drafts} == {None}
    assert any("没写完" in each.raw for each in said.drafts)
