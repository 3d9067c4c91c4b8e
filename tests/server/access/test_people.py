"""Making people, their roles and passwords over HTTP, and the log that every act writes."""

import io
import re

from openpyxl import load_workbook
from sqlmodel import select

from server.access.audit import audit
from server.access.tables import Audit, Person
from server.database import read, write

COUNTY, NORTH = "140525", "140525100"


def _make(submit, official, **others) -> tuple[str, str]:
    """(address of the new person's page, the one-time password)."""
    fields = {"name": "王芳", "login": "wangfang", "role": "township_official", "area": NORTH} | others
    made = submit("/people/add", "/people/new", **fields)
    assert made.status_code == 303, made.text
    page = made.headers["location"]
    shown = re.search(r'class="code">([^<]+)<', official.get(page).text)
    return page, shown[1] if shown else ""


def _log(running, verb: str) -> list[Audit]:
    with read(running.app.state.engine) as session:
        return list(session.exec(select(Audit).where(Audit.verb == verb).order_by(Audit.at)))


def test_a_new_person_changes_the_one_time_password_before_any_work(running, official, submit) -> None:
    page, once = _make(submit, official)
    assert once and once not in official.get(page).text
    with running.browser() as browser:
        assert running.sign_in(browser, "wangfang", once, "/coverage").headers["location"] == "/account"
        assert "一次性密码" in browser.get("/households").text
        token = running.form_token(browser.get("/account"))
        fields = {"csrf": token, "old": once, "new": "my own password", "again": "my own password"}
        assert browser.post("/account/password", data=fields).status_code == 303
        assert browser.get("/households").status_code == 200
        assert browser.get("/people").status_code == 403


def test_roles_are_given_and_ended_and_stay_on_record(running, official, submit) -> None:
    page, _ = _make(submit, official)
    assert submit(f"{page}/assign", page, role="auditor", area=COUNTY).status_code == 303
    running.clock.forward(days=1)
    assert submit(f"{page}/unassign", page, role="township_official", area=NORTH).status_code == 303
    text = official.get(page).text
    assert "以前的职务" in text and "审计" in text
    acts = [line.detail["办理"] for line in _log(running, "person.manage")]
    assert acts == ["新建人员", "任职", "任职", "免去职务"]


def test_a_closed_person_is_out_and_may_come_back_without_roles(running, official, submit) -> None:
    page, once = _make(submit, official)
    assert submit(f"{page}/close", page, reason="").status_code == 422
    assert submit(f"{page}/close", page, reason="调离").status_code == 303
    with running.browser() as browser:
        assert running.sign_in(browser, "wangfang", once).status_code == 403
    assert "王芳" not in official.get("/people").text
    assert "王芳" in official.get("/people?state=closed").text
    submit(f"{page}/reopen", page)
    with read(running.app.state.engine) as session:
        person = session.exec(select(Person).where(Person.login == "wangfang")).one()
    assert person.closed_at is None and person.grants == []


def test_a_new_one_time_password_ends_the_old_one(running, official, submit) -> None:
    page, once = _make(submit, official)
    submit(f"{page}/password", page)
    again = re.search(r'class="code">([^<]+)<', official.get(page).text)[1]
    with running.browser() as browser:
        assert running.sign_in(browser, "wangfang", once).status_code == 403
        assert running.sign_in(browser, "wangfang", again).status_code == 303


def test_nobody_changes_their_own_rights(running, official, submit) -> None:
    with read(running.app.state.engine) as session:
        me = session.exec(select(Person).where(Person.login == "admin")).one().id
    page = f"/people/{me}"
    acts = {
        "assign": {"role": "finance_approver", "area": COUNTY}, "unassign": {"role": "administrator", "area": COUNTY},
        "close": {"reason": "x"}, "password": {},
    }  # fmt: skip
    for act, fields in acts.items():
        refused = submit(f"{page}/{act}", "/account", **fields)
        assert refused.status_code == 422 and "不能改动自己的职务和账号" in refused.text


def test_what_is_entered_wrongly_is_said_and_kept_in_the_form(running, official, submit) -> None:
    _make(submit, official)
    for change, said in (
        ({"login": "Wang Fang"}, "账号应为"), ({"login": "wangfang"}, "已经有人用"), ({"name": " "}, "没有填写姓名"),
        ({"role": "king"}, "没有选择职务"), ({"area": ""}, "没有选择区域"), ({"area": "140526"}, "没有选择区域"),
        ({"login": ""}, "没有账号的人员不能担任办公室职务"),
    ):  # fmt: skip
        fields = {"name": "李四", "login": "lisi", "role": "auditor", "area": COUNTY} | change
        refused = submit("/people/add", "/people/new", **fields)
        assert refused.status_code == 422 and said in refused.text, change
    assert [line.detail["姓名"] for line in _log(running, "person.manage")] == ["王芳", "王芳"]


def test_every_act_leaves_its_line(running, official, submit) -> None:
    fields = {"area_class": "rural", "source": "会议纪要", "decided_on": "2020-08-31", "approver": "赵县长"}
    submit("/divisions/classify", "/divisions", village=["140525100201"], **fields)
    submit("/tablets/enrol", "/tablets/enrol?township=140525100", villages=["140525100201"], name="王五")
    submit("/account/tokens", "/account", label="报表")
    lines = {
        verb: _log(running, verb)[0]
        for verb in ("village.classify", "tablet.enrol", "account.token", "account.sign_in")
    }
    assert lines["village.classify"].area == "140525100201"
    assert lines["village.classify"].detail["批准人"] == "赵县长"
    assert lines["tablet.enrol"].detail["使用人"] == "王五"
    assert len({line.person for line in lines.values()}) == 1


def test_an_act_refused_half_way_leaves_no_line(running, official, submit) -> None:
    fields = {"area_class": "rural", "source": "", "decided_on": "2020-08-31", "approver": "赵县长"}
    assert submit("/divisions/classify", "/divisions", village=["140525100201"], **fields).status_code == 422
    assert _log(running, "village.classify") == []


def test_the_log_is_filtered_and_downloads(running, official, submit) -> None:
    _make(submit, official)
    text = official.get("/audit?verb=person.manage").text
    assert "新建人员" in text and "乡镇干部" in text and "从未" not in text
    assert "没有符合筛选条件的操作" in official.get("/audit?verb=person.manage&until=2020-08-01").text
    book = load_workbook(io.BytesIO(official.get("/audit.xlsx?verb=person.manage").content))
    cells = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row if cell]
    assert any("王芳" in cell for cell in cells)
    book = load_workbook(io.BytesIO(official.get("/people.xlsx").content))
    assert any(
        "乡镇干部（1号镇）" in str(cell) for row in book.active.iter_rows(values_only=True) for cell in row
    )


def test_the_pages_speak_english_too(running, official, submit) -> None:
    page, _ = _make(submit, official, name="Wang")
    for address in ("/people", "/people/new", page, "/audit"):
        main = re.search(r"<main.*</main>", official.get(f"{address}?lang=en").text, re.DOTALL)[0]
        # What was recorded stays as it was recorded.
        said = re.sub(r"(?s)<tbody>.*?</tbody>", "", re.sub(r"泽州县|\d号镇|管理员", "", main))
        assert re.findall(r"[\u4e00-\u9fff]+", said) == [], address


def test_somebody_with_a_tablet_alone_gets_a_login_later(running, official, submit) -> None:
    page, _ = _make(submit, official, login="", role="surveyor")
    refused = submit(f"{page}/assign", page, role="auditor", area=COUNTY)
    assert refused.status_code == 422 and "请先在这一页给一个账号" in refused.text
    assert submit(f"{page}/login", page, login="Wang Fang").status_code == 422
    assert submit(f"{page}/login", page, login="admin").status_code == 422
    assert submit(f"{page}/login", page, login="WangFang").status_code == 303
    once = re.search(r'class="code">([^<]+)<', official.get(page).text)[1]
    assert submit(f"{page}/assign", page, role="auditor", area=COUNTY).status_code == 303
    with running.browser() as browser:
        assert running.sign_in(browser, "wangfang", once).headers["location"] == "/account"
    again = submit(f"{page}/login", page, login="another")
    assert again.status_code == 422 and "已经有账号" in again.text
    line = next(line for line in _log(running, "person.manage") if line.detail["办理"] == "给账号")
    assert line.detail["账号"] == "wangfang" and line.subject == page.replace("/people", "person")
    assert not any(once in str(line.detail) for line in _log(running, "person.manage"))


def test_an_administrator_reads_why_the_own_page_gives_nothing(running, official) -> None:
    own = re.search(r'href="(/people/[^"?]+)">管理员', official.get("/people").text)[1]
    assert "管理员的职务不含验收和资金" in official.get(own).text


def test_the_account_names_its_areas(running, official) -> None:
    text = official.get("/account").text
    assert "泽州县" in text[text.index("职务") : text.index("开通时间")] and ">140525<" not in text


def test_the_log_reads_villages_by_name_and_opens_what_its_reader_may(
    running, official, somebody, tablet
) -> None:
    page = official.get("/audit?verb=tablet.enrol").text.split("<tbody>")[1]
    assert "201村、202村、203村" in page and "140525100201" not in page
    rows = load_workbook(io.BytesIO(official.get("/audit.xlsx?verb=tablet.enrol").content)).active.iter_rows(
        values_only=True
    )
    assert any("201村、202村、203村" in str(cell) for row in rows for cell in row)
    with write(running.app.state.engine) as session:
        audit(
            session, person="", verb="payment_batch.lock", county=COUNTY, area=COUNTY,
            subject=f"payment_batch/{COUNTY}/b1", detail={"批次号": "1"}, now=running.clock(),
        )  # fmt: skip
    address = f'href="/finance/batches/{COUNTY}/b1"'
    assert address not in official.get("/audit?verb=payment_batch.lock").text
    with somebody("auditor", COUNTY) as auditor:
        assert address in auditor.get("/audit?verb=payment_batch.lock").text
