"""From a conversion on a tablet to money credited: a surveyor and four officials, each with a part of their own."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from server.database import read
from server.lab import bank
from server.lab.headless import tasks
from server.subsidies import bank_file, books
from server.subsidies.ledger_checks import verify
from server.web.figures import CHINA

# Who accepts, who decides and prepares, who approves, who reconciles.
PEOPLE = {
    "niu": ("牛乡镇", "township_official"),
    "jin": ("金经办", "finance_preparer"),
    "shen": ("申审批", "finance_approver"),
    "dui": ("对账员", "finance_preparer"),
}
ACCOUNT = "9905140525000044172"


@pytest.fixture
def office(hire) -> Callable[[str], Page]:
    """A browser of its own for each official, signed in."""
    return hire(PEOPLE)


def _paid_by_season(homes):
    """A home that the example pays for its device and for three winters, and the last recording of its works."""
    for home in homes:
        done = home.conversion
        subsidised = (
            done and done.kind in ("electric", "gas") and done.batch != "4" and done.stages.connected_on
        )
        if home.registered_on and subsidised and home.house.hardship == "none":
            return home, tasks([home])[-1].recording
    raise AssertionError("a synthetic county without such a home")


@pytest.fixture
def converted(county, surveyor):
    """A surveyor has recorded a home, its conversion and its payee, and the server has it all."""
    li = surveyor("li")
    home, recording = _paid_by_season(county.homes)
    household = li.registers(home)
    assert li.reports(county.address).problem is None
    li.converts(home, recording)
    li.states_payee(household, ACCOUNT)
    assert li.reports(county.address).problem is None
    assert set(li.states().values()) == {"sent_safe"}
    return li, household


def _bank_answers(file: Path, returned_n: int) -> bytes:
    """What a bank would make of the file: everything credited but the first lines."""
    lines, faults = bank_file.read(file.read_bytes())
    assert not faults
    today = datetime.now(CHINA).date()
    answers = [
        bank.Answer(line.id, line.holder, line.account, line.amount_fen, *_outcome(place < returned_n), today)
        for place, line in enumerate(sorted(lines, key=lambda line: line.amount_fen))
    ]
    return bank.sheet("模拟回盘", answers)


def _outcome(returned: bool) -> tuple[str, str]:
    return (bank.FAILED, "户名与账号不符") if returned else (bank.PAID, "")


def _steps(page: Page) -> list[str]:
    return page.locator(".acts button").all_inner_texts()


def test_money_arrives_by_five_peoples_hands(county, office, converted, tmp_path: Path) -> None:
    li, household = converted
    file = f"{county.address}/households/140525/{household}"
    niu, jin = office("niu"), office("jin")

    # The township accepts, the clerk decides; the tablet hears of it.
    niu.goto(file)
    expect(niu.locator("#money")).to_contain_text("改造还没有验收")
    _accept(niu)
    _decide(jin)
    jin.goto(file)
    expect(jin.locator("#money")).to_contain_text("已核定，等待发放")
    assert li.reports(county.address).problem is None
    assert any("已核定，等待发放" in line for line in li.reads(household).money.lines)

    # The clerk prepares a batch, and cannot approve it; another person does, and the clerk sends the file.
    batch = _prepare(jin, county.address)
    assert "批准" not in _steps(jin)
    shen = office("shen")
    shen.goto(batch)
    shen.get_by_role("button", name="批准", exact=True).click()
    ordered = _send(jin, batch, tmp_path)

    # The bank pays, but for one; a third person takes its answer in and reconciles.
    answer = tmp_path / "回盘.csv"
    answer.write_bytes(_bank_answers(ordered, returned_n=1))
    dui = office("dui")
    _take_in(dui, batch, answer)
    jin.goto(batch)
    assert "对账完成" not in _steps(jin), "whoever prepared a batch does not reconcile it"
    dui.get_by_role("button", name="对账完成").click()
    expect(dui.locator("main")).to_contain_text("已对账")
    shen.goto(batch)
    shen.get_by_role("button", name="办结", exact=True).click()
    expect(shen.locator("main")).to_contain_text("已办结")

    # Office and tablet say the same, in plain words.
    niu.goto(file)
    money = niu.locator("#money")
    expect(money).to_contain_text(re.compile("建设补贴 [0-9,.]+ 元，.+已到账，账号尾号 4172。"))
    expect(money).to_contain_text("被退回：户名与账号不符。")
    expect(money).to_contain_text("等待重新发放，请先核对收款账户")
    assert li.reports(county.address).problem is None
    assert money.locator("li").all_inner_texts() == list(li.reads(household).money.lines)
    assert ACCOUNT not in niu.content()
    _sums_open_their_lists(jin, county.address)
    with read(county.engine) as session:
        found = books.load(session, "140525")
    assert list(verify(found)) == []
    assert sorted(payment.state for payment in found.payments) == ["credited"] * 3 + ["returned"]


def _accept(niu: Page) -> None:
    niu.get_by_role("link", name="验收", exact=True).click()
    niu.locator("input[name=conversion]").check()
    # The example schedule is for what was accepted in 2020 and 2021.
    niu.get_by_label("验收日期").fill("2020-12-31")
    niu.get_by_label("验收文号").fill("泽清验〔2020〕7号")
    niu.get_by_label("依据（验收表、照片存放在哪里）").fill("乡政府档案室 2020-7 卷")
    niu.get_by_role("button", name="验收", exact=True).click()
    expect(niu.locator("main")).to_contain_text("已验收 1 项改造")


def _decide(jin: Page) -> None:
    jin.get_by_role("link", name="补贴", exact=True).click()
    jin.get_by_role("link", name="核定", exact=True).click()
    jin.locator("input[name=pick]").check()
    jin.get_by_role("button", name="看项数和金额，再确认").click()
    jin.get_by_role("button", name="确认核定").click()
    expect(jin.locator("main")).to_contain_text("同时记账")


def _prepare(jin: Page, address: str) -> str:
    """A batch of all that can be paid, handed in for approval; its address."""
    jin.goto(f"{address}/finance/batches/new")
    jin.get_by_role("button", name="预览").click()
    jin.get_by_label("批次名称").fill("第一次发放")
    jin.get_by_role("button", name="编成批次").click()
    jin.get_by_role("button", name="提交审批").click()
    expect(jin.locator("main")).to_contain_text("待审批")
    return jin.url.split("?")[0]


def _send(jin: Page, batch: str, folder: Path) -> Path:
    """The batch noted as sent, and the bank's file fetched."""
    jin.goto(batch)
    jin.get_by_role("button", name="送银行并记账").click()
    expect(jin.locator("main")).to_contain_text("已送银行")
    with jin.expect_download() as fetched:
        jin.get_by_role("button", name="银行文件 XLSX").click()
    ordered = folder / "bank.xlsx"
    fetched.value.save_as(ordered)
    return ordered


def _take_in(dui: Page, batch: str, answer: Path) -> None:
    dui.goto(batch)
    dui.locator("input[name=file]").set_input_files(answer)
    dui.get_by_role("button", name="导入", exact=True).click()
    expect(dui.locator("main")).to_contain_text("退回 1 笔，对不上 0 行")


def _sums_open_their_lists(jin: Page, address: str) -> None:
    jin.goto(f"{address}/coverage/140525")
    credited = jin.locator("#money-area tr.total a[href*='state=credited']")
    sum_text = credited.inner_text()
    credited.click()
    expect(jin.locator("main")).to_contain_text(sum_text)
