"""The whole way on the real window: enrolment at a real server in another process, a household and its conversion
recorded without a network, and both safe at the server after a sync; then whose account its money goes to, and coal
seen where the office has banned it meanwhile."""

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from mobile.device.hub import Office
from mobile.locale import speak
from server import database
from server.access.people import grant
from server.access.tables import Person
from server.exchange import office
from server.web.figures import CHINA
from server.zones import actions
from server.zones.actions import Paper, Range
from server.zones.room import Room
from sync.replica import Replica

VILLAGES = ("140525100201", "140525100203")


@dataclass(frozen=True)
class Server:
    """`cleanheat serve` in its own process, with an administrator signed in over HTTP."""

    address: str
    office: httpx.Client
    data: Path

    def code(self, surveyor: str) -> str:
        """A one-time code for a surveyor's tablet, as the office makes it."""
        page = self.office.get("/tablets/enrol", params={"township": VILLAGES[0][:9]})
        form = {
            "csrf": _csrf(page.text),
            "villages": list(VILLAGES),
            "surveyor": "",
            "name": surveyor,
            "shared": "yes",
        }
        made = self.office.post("/tablets/enrol", data=form)
        found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", made.text)
        assert found, made.text
        return found[0]

    def household(self, name: str) -> str:
        """The page of the household of this name, "" if the register has none."""
        found = self.office.get("/households", params={"area": VILLAGES[0], "q": name}).text
        link = re.search(r'href="(/households/140525/[0-9a-f-]{36})', found)
        return self.office.get(link[1]).text if link else ""

    def ban_coal(self, village: str, now: datetime) -> None:
        """Two of the office propose and designate a zone, each in a transaction, and tablets are told."""
        engine = database.engine(f"sqlite:///{self.data / 'cleanheat.sqlite3'}")
        room, today = Room(publish=office.publish), now.astimezone(CHINA).date()
        wanted = Range(
            "new", "南村镇禁煤区", "整村改造完成", "禁止燃用散煤。", "p-2", 15, frozenset({village})
        )
        with database.write(engine) as session:
            for number in (1, 2):
                session.add(Person(id=f"p-{number}", login=f"p{number}", name=f"干部{number}", made_at=now))
                session.flush()
                grant(session, f"p-{number}", "environment_officer", village[:6], now=now)
            version = actions.propose(
                session, county=village[:6], zone=None, wanted=wanted, person="p-1", now=now,
                new_id=lambda: str(uuid.uuid4()),
            )  # fmt: skip
        with database.write(engine) as session:
            paper = Paper("泽政发〔2020〕9号", today, today, "期限已到", actions.digest(session, version))
            actions.designate(
                session,
                county=village[:6],
                zone=version.zone,
                paper=paper,
                person="p-2",
                now=now,
                unpaid=None,
            )
            room.tell(session, village[:6], version.zone, now)
        engine.dispose()


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf"[^>]*value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each test's own: the tablets of two tests make the same ids."""
    data = tmp_path_factory.mktemp("server")
    said = data / "said.txt"
    command = [Path(sys.executable).with_name("cleanheat"), "serve", "--port", "0", "--data", data]
    with said.open("w") as told:
        environment = os.environ | {"CLEANHEAT_SYNTHETIC": "1", "COLUMNS": "200"}
        process = subprocess.Popen(command, stdout=told, stderr=told, env=environment)
    try:
        words = _until_said(said, "Ctrl-C", process)
        address = re.search(r"http://[\d.:]+", words)[0]
        with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as office:
            password = re.search(r"密码\s+(\S+)", words.split("账号", 1)[1])[1]
            _until_answers(office)
            page = office.get("/sign-in")
            office.post("/sign-in", data={"csrf": _csrf(page.text), "login": "admin", "password": password})
            yield Server(address, office, data)
    finally:
        process.terminate()
        process.wait(20)


def _until_said(said: Path, word: str, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + 60
    while word not in (words := said.read_text()):
        assert process.poll() is None and time.monotonic() < end, words
        time.sleep(0.05)
    return words


def _until_answers(office: httpx.Client) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            office.get("/sign-in")
            return
        except httpx.ConnectError:
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)


def enrol(window, server):
    """A wrong code first, told in plain words; then the right one, and the first sync begins by itself."""
    window.type("例如 https://qnqn.example.gov.cn", server.address)
    window.type("办公室给您的登记码", "WRON-GGGG")  # Enter in the last field enrols
    window.until(lambda: any("登记没有成功" in words for words in window.words()))
    window.type("办公室给您的登记码", server.code("张晓敏"))
    window.until(lambda: any("名册没有新的变化" in words for words in window.words()))


def register(window, name):
    """A household, page by page."""
    window.touch("+ 登记新户")
    window.type("门牌号", "3组12号")
    window.type("户主姓名", name)
    window.type("户主身份证号", "140525196203154520")
    window.touch("下一页")
    window.type("房屋面积（平方米）", "120.5")
    window.choose("冬季居住情况", "整个冬季居住")
    window.step("冬季常住人数", "+", 3)
    window.choose("困难类别", "不属于")
    window.touch("下一页")
    window.choose("冬季是否取暖", "取暖")
    window.choose("现用取暖能源", "散煤")
    window.choose("现用取暖设备", "燃煤炉")
    window.type("采暖面积（平方米）", "６０")
    window.choose("家中燃煤炉具", "有，在用")
    window.touch("下一页")
    window.choose("上个采暖季烧煤吗", "没有烧煤")
    window.touch("下一页")
    window.touch("检查并提交")
    window.see("身份证号有误")
    window.touch("身份证号有误")
    window.type("户主身份证号", "")
    while not any("提交前检查" in words for words in window.words()):
        window.touch_widget(window.next_button())
    window.see("填写完整，可以提交。")
    window.touch("提交")


def convert(window, name):
    """Its conversion, connected."""
    window.touch(name)
    window.touch("登记改造")
    window.choose("改造类型", "煤改电")
    window.choose("设备类型", "空气源热泵")
    window.choose("改造批次", "国家批次")
    window.touch("下一页")
    window.type("合同编号", "ZZ-2020-0417")
    window.type("签约日期", "2020.5.6")
    window.touch("下一页")
    window.type("安装完成日期", "20200820")
    window.type("通电、通气或通热日期", "2020年9月1日")
    window.type("表号或户号", "9900417")
    window.touch("下一页")
    window.choose("原有燃煤炉具现在怎样", "保留备用")
    window.touch("下一页")
    window.touch("下一页")
    window.touch("检查并提交")
    window.see("填写完整，可以提交。")
    window.touch("提交")


def test_from_enrolment_to_a_synced_conversion(server, blank, open_window):
    blank.clock.now = datetime.now(UTC)
    reopen = partial(Replica.open, blank.path, clock=blank.clock, new_id=blank.desk.new_id)
    office = Office(reopen, blank.clock, speak("zh"))
    window = open_window(blank.desk, exchange=office.exchange, ask=office.ask)
    enrol(window, server)
    window.see("可以交回平板")
    window.see("模拟数据")

    window.touch("村庄")
    window.touch(blank.replica.villages()[0].name)
    register(window, "陈𬍛䶮")
    window.see("1 条尚未安全")
    convert(window, "陈𬍛䶮")
    window.see("2 条尚未安全")
    assert not server.household("陈𬍛䶮")

    window.touch_widget(window.find("同步", "NavigationButton"))
    window.touch("开始同步")
    window.until(lambda: any("已上传 2 条，全部安全。" in words for words in window.words()))
    window.see("全部安全 · 可以交回平板")
    assert [record.state for record in blank.replica.outbox()] == ["sent_safe", "sent_safe"]
    page = server.household("陈𬍛䶮")
    assert "煤改电" in page and "2020-09-01" in page


def sync(window, words):
    window.touch_widget(window.find("同步", "NavigationButton"))
    window.touch("开始同步")
    window.until(lambda: any(words in text for text in window.words()))


def name_payee(window):
    """The account from the card, the second time wrong at first."""
    window.touch("收款账户")
    window.choose("与户主的关系", "配偶")
    window.type("户名", "李大山")
    window.touch("下一页")
    window.type("开户银行", "泽州农商银行南村支行")
    window.type("账号", "6222 0202 0011 2233 417")
    window.type("再填一遍账号", "6222020200112233471")
    window.see("两遍账号不一样")
    window.type("再填一遍账号", "6222020200112233417")
    window.touch("检查并提交")
    window.see("填写完整，可以提交。")
    window.touch("提交")


def test_money_and_coal_from_the_door_to_the_office(server, blank, open_window):
    blank.clock.now = datetime.now(UTC)
    reopen = partial(Replica.open, blank.path, clock=blank.clock, new_id=blank.desk.new_id)
    hub = Office(reopen, blank.clock, speak("zh"))
    window = open_window(blank.desk, exchange=hub.exchange, ask=hub.ask)
    enrol(window, server)
    window.touch("村庄")
    village = blank.replica.villages()[0]
    window.touch(village.name)
    register(window, "欧阳修远")
    window.touch("欧阳修远")
    window.see("尚无补贴记录。")
    window.see("尚未登记收款账户。")
    window.see("本村不在禁煤区内。")
    name_payee(window)
    window.see("…3417")
    sync(window, "已上传 2 条，全部安全。")

    # The journal has the account whole, the office reads its end.
    payee = next(each for each in blank.replica.outbox() if each.submission.form == "payee")
    page = server.office.get(f"/submissions/140525/{payee.submission.id}").text
    assert "…3417" in page and "李大山" in page
    assert "6222020200112233417" not in page.replace(" ", "")
    assert blank.replica.entity("payee", payee.submission.targets[0].id).props["account"] == "…3417"

    # Meanwhile the office has designated a zone; the tablet learns of it and what is seen there is a problem.
    server.ban_coal(village.code, datetime.now(UTC))
    sync(window, "下载了 1 条名册更新。")
    window.touch("村庄")
    rows = [widget for widget in window.widgets() if getattr(widget, "key", "") == village.code]
    assert ("禁煤区 施行中", "waiting") in rows[0].chips
    window.touch(village.name)
    window.see("南村镇禁煤区 · 施行中")
    window.touch("点一下看规定")
    window.see("在用的燃煤炉具一律违规")
    window.touch("欧阳修远")
    window.see("本村是禁煤区，已经施行。")
    window.touch("发现散煤")
    window.choose("看到什么", "正在烧煤")
    window.touch("检查并提交")
    window.touch("提交")
    window.see("正在烧煤")
    window.touch_widget(window.find("村庄", "NavigationButton"))
    window.touch(village.name)
    window.touch("发现散煤")
    window.type("地点", "村东头煤场")
    window.choose("看到什么", "售卖散煤")
    window.type("大约多少吨", "3.5")
    window.touch("检查并提交")
    window.see("填写完整，可以提交。")
    window.touch("提交")
    sync(window, "已上传 2 条，全部安全。")
    problems = server.office.get("/problems").text
    for words in ("烧煤", "售卖散煤", "干部2"):
        assert words in problems
    seen = server.office.get("/sightings").text
    assert "村东头煤场" in seen and "3.5" in seen
