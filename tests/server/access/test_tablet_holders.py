"""What the office calls a tablet, and that two tablets hold one village only where an official says so."""

import io
import re
import uuid
from collections.abc import Callable

import httpx
import openpyxl
import pytest
from sqlmodel import select

from server.access.tables import Assignment, Audit, Tablet
from server.database import read, write

VILLAGES = ("140525100201", "140525100202", "140525100203")
PAGE = "/tablets/enrol?township=140525100"


@pytest.fixture
def made(running, submit, official) -> Callable[..., str]:
    """Makes a code on the page and enrols a tablet with it; gives its device id."""

    def enrolled(*villages: str, name: str = "王五", says: str = "", **fields: str) -> str:
        answer = submit("/tablets/enrol", PAGE, villages=list(villages), name=name, **fields)
        assert answer.status_code == 303, answer.text
        code = re.search(r'class="code">([^<]+)<', official.get("/tablets").text)
        assert code
        asked = {
            "protocol": 1, "code": code[1], "device": str(uuid.uuid4()), "secret": uuid.uuid4().hex,
            "device_name": says, "app_version": "1",
        }  # fmt: skip
        with running.browser() as tablet:
            assert tablet.post("/sync/v1/enrol", json=asked).status_code == 200
        return asked["device"]

    return enrolled


def called(running, device: str) -> str:
    with read(running.app.state.engine) as session:
        return session.get_one(Tablet, ("140525", device)).called


def test_a_tablet_is_called_what_the_office_wrote_else_what_it_says_else_by_its_surveyor(
    running, made
) -> None:
    assert called(running, made(VILLAGES[0], tablet="川底1号", says="localhost")) == "川底1号"
    assert called(running, made(VILLAGES[1], says="二号平板")) == "二号平板"
    device = made(VILLAGES[2], name="赵六")
    assert called(running, device) == f"赵六 {device[:6]}"


def test_a_tablet_is_renamed_and_the_log_says_so(running, made, submit, official) -> None:
    device = made(VILLAGES[0], says="a7f6c2d91e")
    page = f"/tablets/{device}"
    assert submit(f"{page}/rename", page, name="  川底2号 ").status_code == 303
    for address in (page, "/tablets", "/audit", f"/submissions?device={device}"):
        assert "川底2号" in official.get(address).text, address
    with read(running.app.state.engine) as session:
        act = session.exec(select(Audit).where(Audit.verb == "tablet.rename")).one()
    assert act.detail == {"原名称": "a7f6c2d91e", "平板": "川底2号"} and act.subject == f"tablet/{device}"
    for wrong in ("", " ", "长" * 41):
        assert submit(f"{page}/rename", page, name=wrong).status_code == 400
    assert called(running, device) == "川底2号"


def test_sheets_name_the_tablet_beside_its_id(running, made, tablet, official) -> None:
    tablet.sync(running.address, tablet.visit(VILLAGES[0]))
    with write(running.app.state.engine) as session:
        session.get_one(Tablet, ("140525", tablet.device)).name = ""
    for sheet in ("/submissions.xlsx", "/audit.xlsx?verb=tablet.assign"):
        rows = list(openpyxl.load_workbook(io.BytesIO(official.get(sheet).content)).active.values)
        heading = next(row for row in rows if "平板" in row)
        assert rows[-1][heading.index("平板")] == tablet.device[:6], sheet
    found = re.search(r'href="(/submissions/[^"]+)"', official.get("/submissions").text)
    assert found
    assert f">{tablet.device[:6]}</a>" in official.get(found[1]).text


def boxes(page: httpx.Response) -> dict[str, tuple[bool, str]]:
    """Village → whether its box is ticked, and what stands beside it."""
    found = re.findall(r'name="villages" value="(\d+)"( checked)?><span>(.*?)</span>', page.text, re.S)
    return {
        code: (bool(ticked), " ".join(re.sub("<[^>]+>", " ", text).split())) for code, ticked, text in found
    }


def test_each_village_says_who_holds_it_and_none_is_ticked(made, submit, official) -> None:
    device = made(VILLAGES[0], tablet="川底1号")
    submit("/tablets/enrol", PAGE, villages=[VILLAGES[1]], name="李四")
    shown = boxes(official.get(PAGE))
    assert [ticked for ticked, _ in shown.values()] == [False] * 3
    assert shown[VILLAGES[0]][1] == "201村 王五 · 川底1号"
    assert (
        shown[VILLAGES[1]][1] == "202村 李四 的登记码未用" and shown[VILLAGES[2]][1] == "203村 没有平板负责"
    )
    on_demand = boxes(official.get(f"{PAGE}&tick=free"))
    assert [ticked for ticked, _ in on_demand.values()] == [False, False, True]
    # Neither a lost tablet nor a closed id is in anybody's way.
    submit(f"/tablets/{device}/revoke", f"/tablets/{device}", sure="yes")
    assert boxes(official.get(PAGE))[VILLAGES[0]][1] == "201村 王五 · 川底1号（已停用或作废）"
    assert submit("/tablets/enrol", PAGE, villages=[VILLAGES[0]], name="赵六").status_code == 303


def test_a_held_village_is_given_to_another_only_where_that_is_said(running, made, submit, official) -> None:
    made(*VILLAGES[:2], tablet="川底1号")
    other = made(VILLAGES[2], name="李四")

    def hold(device: str) -> set[str]:
        with read(running.app.state.engine) as session:
            rows = session.exec(select(Assignment.village).where(Assignment.device == device))
            return set(rows)

    page = f"/tablets/{other}?township=140525100"
    for path, seen_on, fields in (
        ("/tablets/enrol", PAGE, {"name": "赵六"}), (f"/tablets/{other}/assign", page, {}),
    ):  # fmt: skip
        form = {"villages": [VILLAGES[0]], **fields}
        refused = submit(path, seen_on, **form)
        assert refused.status_code == 409 and "201村（王五 · 川底1号）" in refused.text
        assert hold(other) == {VILLAGES[2]}
        assert submit(path, seen_on, **form, shared="yes").status_code == 303
    assert hold(other) == {VILLAGES[2], VILLAGES[0]}
