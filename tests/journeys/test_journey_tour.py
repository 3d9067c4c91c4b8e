"""The tour the README gives through the demo: every click leads where it says, as official and as clerk."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Page, expect

from server.app import create_app
from server.database import read
from server.lab import entering, telling
from server.lab.county import synthetic_county
from server.lab.prepared import places, prepare
from server.lab.serving import Serving
from server.lab.showcase import showcase
from server.settings import from_environment
from server.terminal.steps import unseen
from server.web.figures import CHINA

SEED, HOMES_N = 140525, 1200


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, signed_in) -> Iterator[tuple[Path, Callable[[str], Page]]]:
    """A demo whose story is told, at an hour when no tablet works; its folder, and a browser for each account."""
    settings = from_environment({}, data=tmp_path_factory.mktemp("demo"), synthetic=True)
    app = create_app(settings)
    file = prepare(app, seed=SEED, households=HOMES_N, address="", steps=unseen)
    with read(app.state.engine) as session:
        villages = places(session, file.county)
    told = showcase(SEED, file.township, list(synthetic_county(Random(SEED), HOMES_N, villages)))
    ready, stop = threading.Event(), threading.Event()
    entering.enter(app, file, entering.Work(told.homes, [], lambda more: None), stop, ready)
    telling.tell(app, file, told, telling.Events(ready, stop), lambda done, total, note: None)
    with Serving(settings, 0) as serving:

        def sit_down(login: str) -> Page:
            account = next(each for each in file.accounts if each.login == login)
            return signed_in(serving.address, account.login, account.password)

        yield settings.data, sit_down
    app.state.engine.dispose()


def _go(page: Page, *links: str) -> None:
    for name in links:
        page.get_by_role("link", name=name, exact=True).first.click()


def test_the_tour_as_official(demo) -> None:
    folder, sit_down = demo
    official = sit_down("xiangzhen")
    expect(official.locator("main")).to_contain_text("拟划定")
    expect(official.locator("#money-area")).to_contain_text("未到账")

    _go(official, "验收")
    official.locator("input[name=conversion]").first.check()
    official.get_by_label("验收日期").fill("2020-12-31")
    official.get_by_label("验收文号").fill("试验收1号")
    official.get_by_label("依据（验收表、照片存放在哪里）").fill("试用")
    official.get_by_role("button", name="验收", exact=True).click()
    expect(official.locator("main")).to_contain_text("已验收 1 项改造")

    _go(official, "补贴", "收款人", "导入名单")
    [missing] = folder.glob("收款人补录-*.csv")
    official.locator("input[name=file]").set_input_files(missing)
    official.get_by_role("button", name="上传并核对").click()
    official.get_by_role("button", name="确认导入").click()
    expect(official.locator("main")).to_contain_text("名单已导入")

    _go(official, "禁煤区")
    official.get_by_role("link", name="禁煤区（第一批）").first.click()
    zone = official.url
    expect(official.locator("#decide")).to_contain_text("不能自己批准")
    line = official.locator("tr", has_text="补贴已发放到位").locator("td.number a")
    unpaid = line.inner_text()
    line.click()
    expect(official.locator("main")).to_contain_text(f"共 {unpaid} 户")

    officer, today = sit_down("huanbao"), datetime.now(UTC).astimezone(CHINA).date().isoformat()
    officer.goto(zone)
    officer.get_by_label("文件号").fill("试发〔2020〕1号")
    officer.get_by_label("文件日期").fill(today)
    officer.get_by_label("施行日期").fill(today)
    officer.get_by_label("仍要划定的理由").fill("期限已到")
    officer.get_by_role("button", name="批准划定").click()
    expect(officer.locator("h1 + p")).to_contain_text("施行中")


def test_the_tour_as_clerk(demo) -> None:
    _, sit_down = demo
    clerk = sit_down("jingban")
    _go(clerk, "补贴")
    expect(clerk.locator("main")).to_contain_text("待审批的批次")
    _go(clerk, "核定")
    clerk.get_by_label("范围").select_option("all")
    clerk.get_by_role("button", name="看项数和金额，再确认").click()
    clerk.get_by_role("button", name="确认核定").click()
    expect(clerk.locator("main")).to_contain_text("同时记账")

    _go(clerk, "批次", "编新批次")
    clerk.get_by_role("button", name="预览").click()
    clerk.get_by_label("批次名称").fill("试编一批")
    clerk.get_by_role("button", name="编成批次").click()
    clerk.get_by_role("button", name="提交审批").click()
    expect(clerk.locator("main")).to_contain_text("待审批")

    approver = sit_down("shenpi")
    _go(approver, "补贴", "批次")
    approver.get_by_role("link", name="第 3 批").first.click()
    approver.get_by_role("button", name="批准", exact=True).click()
    expect(approver.locator("main")).to_contain_text("已审批")


def test_the_tour_of_reconciling(demo) -> None:
    folder, sit_down = demo
    person = sit_down("duizhang")
    _go(person, "补贴", "批次")
    person.get_by_role("link", name="第 2 批").first.click()
    file = folder / "回盘-第2批.xlsx"
    _import(person, file)
    expect(person.locator("#returns")).to_contain_text("差 0.01 元")
    expect(person.locator("#returns")).to_contain_text("没有这个付款编号")
    _import(person, file.with_suffix(".csv"))
    expect(person.locator("main")).to_contain_text("什么也没有改变")

    for box in person.locator("#returns input[type=checkbox]").all():
        box.check()
    person.get_by_label("理由（向谁核实、结果如何）").fill("已向银行查询，银行重发回盘")
    person.get_by_role("button", name="处理勾选的行").click()
    _import(person, file.with_name(f"{file.stem}-更正.xlsx"))
    person.get_by_role("button", name="对账完成").click()
    expect(person.locator("main")).to_contain_text("已对账")

    auditor = sit_down("shenji")
    _go(auditor, "日志")
    expect(auditor.locator("main")).to_contain_text("模拟对账员")


def _import(page: Page, file: Path) -> None:
    page.locator("input[name=file]").set_input_files(file)
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator(".note").first).to_be_visible()
