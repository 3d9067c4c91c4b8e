"""The finance office's pages over HTTP: the queue with its sums, deciding after seeing them, and the schedules."""

import io
import json
import re
import uuid
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from sqlmodel import col, select

from server.access.people import grant
from server.access.tables import Person
from server.database import read, write
from server.exchange.tables import SubmissionRow, SubmissionTarget
from server.registry import acceptance
from server.registry.acceptance import Paper
from server.registry.tables import Conversion, Household
from server.subsidies import schedules
from server.subsidies.schedule import bundled
from server.subsidies.tables import EntitlementRow, ReviewRow, ScheduleRow

COUNTY = "140525"
VILLAGES = ("140525100201", "140525100202", "140525200201")
AT = datetime(2020, 9, 1, tzinfo=UTC)
PASSWORD = "a password of this test"


class Clerk:
    """A signed-in person; `post` sends a form with the token its page carries."""

    def __init__(self, running, identity: str, role: str, area: str = COUNTY) -> None:
        self.running = running
        with write(running.app.state.engine) as session:
            session.add(
                Person(
                    id=identity, name=identity, made_at=AT, login=identity,
                    password_hash=running.hashed(PASSWORD),
                )
            )  # fmt: skip
            session.flush()
            grant(session, identity, role, area, now=AT)
        self.browser = running.browser()
        assert running.sign_in(self.browser, identity, PASSWORD).status_code == 303

    def get(self, path: str) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, seen_on: str = "/finance/decisions", files=None, **fields):
        token = self.running.form_token(self.browser.get(seen_on))
        return self.browser.post(path, data={"csrf": token, **fields}, files=files)

    def decide(self, **fields):
        """Sees the confirmation and confirms it."""
        fields = {"scope": "all", "back": "/finance/decisions", **fields}
        shown = self.post("/finance/decisions/decide", **fields)
        assert shown.status_code == 200, shown.text
        seen = re.search(r'name="seen" value="([^"]+)"', shown.text)
        assert seen
        return self.post("/finance/decisions/decide", seen=seen[1], **fields)


@pytest.fixture
def clerk_of(running):
    """`clerk_of("clerk", "finance_preparer")`: a person of a role, signed in until the test ends."""
    made: list[Clerk] = []

    def make(identity: str, role: str, area: str = COUNTY) -> Clerk:
        made.append(Clerk(running, identity, role, area))
        return made[-1]

    yield make
    for each in made:
        each.browser.close()


@pytest.fixture
def clerk(clerk_of) -> Clerk:
    return clerk_of("clerk", "finance_preparer")


@pytest.fixture
def town(running):
    """Three homes accepted in three villages: heat pump, gas, and waste heat; the example rates."""
    with write(running.app.state.engine) as session:
        schedules.release_bundled(session, COUNTY, AT)
        for number, (village, kind) in enumerate(
            zip(VILLAGES, ("electric", "gas", "waste_heat"), strict=True)
        ):
            session.add(
                Household(
                    county=COUNTY, id=f"h{number}", village=village, version=1, door_number=f"{number}号",
                    head_name=f"户主{number}", heating_status="heated", extra={}, updated_at=AT,
                )
            )  # fmt: skip
            session.add(
                Conversion(
                    county=COUNTY, id=f"c{number}", village=village, version=1, household=f"h{number}", kind=kind,
                    device_code="10" if kind == "electric" else "", batch="2", connected_on=date(2020, 8, 1),
                    extra={}, updated_at=AT,
                )
            )  # fmt: skip
            _recorded(session, f"c{number}", village)
        session.flush()
        paper = Paper(date(2020, 8, 20), "验字1号", "档案室")
        acceptance.accept(
            session, person="official", county=COUNTY, conversions=["c0", "c1", "c2"], paper=paper, now=AT,
            watchers=running.app.state.acceptance_watchers,
        )  # fmt: skip
    return running


def _recorded(session, conversion: str, village: str) -> None:
    id = str(uuid.uuid4())
    session.add(
        SubmissionRow(
            county=COUNTY, id=id, kind="submission", device="d", device_seq=1, village=village, person="surveyor",
            form="conversion", form_version="2020.1", observed_at="2020-08-01T00:00:00.000Z", received_at=AT,
            position=0, clock_offset_s=0, outcome="applied", policy_version="", hash="", sent="{}", verdict="{}",
            traces="{}",
        )
    )  # fmt: skip
    session.add(SubmissionTarget(county=COUNTY, dataset="conversion", entity=conversion, submission=id))


def decided(running) -> list[EntitlementRow]:
    with read(running.app.state.engine) as session:
        return list(session.exec(select(EntitlementRow).order_by(col(EntitlementRow.number))))


def test_the_queue_shows_homes_sums_and_questions(town, clerk) -> None:
    page = clerk.get("/finance/decisions")
    assert "2 项，2 户，9,000.00 元" in page and "户主0" in page and "户主2" not in page
    assert "空气源热风机、热泵" in page and "zezhou-example@1" in page
    assert "示例标准：数字为演示而编，不是泽州县的补贴标准" in page
    asked = clerk.get("/finance/decisions?show=open")
    assert "户主2" in asked and "补贴按采暖面积计，面积没有填，请先补上" in asked
    township = clerk.get("/finance/decisions?area=140525100202")
    assert "1 项，1 户，3,000.00 元" in township and "户主0" not in township


def test_a_list_is_decided_after_its_number_and_sum_were_seen(town, clerk) -> None:
    done = clerk.decide(back="/finance/decisions?component=construction")
    assert done.status_code == 303 and "lines=2" in done.headers["location"]
    page = clerk.get(done.headers["location"])
    assert "已核定 2 项，2 户，9,000.00 元，同时记账" in page and "没有待核定的补贴" in page
    assert [row.amount_fen for row in decided(town)] == [600_000, 300_000]
    (row, _) = decided(town)
    detail = clerk.get(f"/finance/decisions/{COUNTY}/{row.id}")
    for text in (
        "construction.rates[0].amounts.2020",
        "验字1号",
        "1,800.00",
        "surveyor",
        "official",
        "clerk",
    ):
        assert text in detail, text


def test_ticked_homes_only_are_decided(town, clerk) -> None:
    picks = re.findall(r'name="pick" value="([^"]+)"', clerk.get("/finance/decisions"))
    assert len(picks) == 2
    assert clerk.decide(scope="picked", pick=picks[:1]).status_code == 303
    assert len(decided(town)) == 1
    assert "没有选中任何一项" in clerk.post("/finance/decisions/decide", scope="picked").text
    assert "没有选中任何一项" in clerk.post("/finance/decisions/decide", scope="picked", pick="h0").text


def test_what_changed_since_it_was_seen_is_shown_again(town, clerk) -> None:
    clerk.get("/finance/decisions")
    refused = clerk.post("/finance/decisions/decide", scope="all", seen="3/900000")
    assert refused.status_code == 422 and "清单在您看过之后有变化" in refused.text
    assert decided(town) == []


def test_corrections_need_a_reason_and_show_before_and_after(town, clerk) -> None:
    clerk.get("/finance/decisions")
    clerk.decide()
    with write(town.app.state.engine) as session:
        acceptance.withdraw(
            session, person="official", county=COUNTY, conversion="c0", reason="设备不符", now=AT,
            watchers=town.app.state.acceptance_watchers,
        )  # fmt: skip
    page = clerk.get("/finance/decisions?show=correction")
    assert "按现在的情况没有这一项，差额 -6,000.00 元。还没有验收，不计补贴。" in page
    back = "/finance/decisions?show=correction"
    assert "没有写明更正的理由" in clerk.decide(back=back, reason=" ").text
    assert clerk.decide(back=back, reason="验收已撤销").status_code == 303
    first, _, correction = decided(town)
    assert (correction.corrects, correction.amount_fen) == (first.id, -600_000)
    detail = clerk.get(f"/finance/decisions/{COUNTY}/{first.id}")
    assert "同一项的其他决定" in detail and "验收已撤销" in detail


def test_a_township_sees_its_own_and_decides_nothing(town, clerk_of) -> None:
    wang = clerk_of("wang", "township_official", "140525100")
    page = wang.get("/finance/decisions")
    assert "户主0" in page and 'name="pick"' not in page
    assert wang.browser.get("/finance/decisions?area=140525200").status_code == 403
    assert wang.post("/finance/decisions/decide", seen_on="/finance/decisions").status_code == 403


def test_the_lists_download_with_rule_facts_and_reason(town, clerk) -> None:
    clerk.get("/finance/decisions")
    clerk.decide()
    for show, text in (
        ("decided", "construction.rates[2].amounts.2020"),
        ("open", "户主2"),
        ("due", "户主姓名"),
    ):
        answer = clerk.browser.get(f"/finance/decisions.xlsx?show={show}")
        sheet = load_workbook(io.BytesIO(answer.content)).active
        cells = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell]
        assert text in cells, (show, cells)
    assert clerk.browser.get("/finance/decisions.xlsx?show=correction").status_code == 200


def test_the_schedule_is_read_in_plain_words_and_marked_as_an_example(town, clerk) -> None:
    listed = clerk.get("/finance/schedules")
    assert "泽州县清洁取暖补贴（示例）" in listed and "示例" in listed and 'name="document"' not in listed
    page = clerk.get("/finance/schedules/zezhou-example/1")
    for text in (
        "不是泽州县的补贴标准", "煤改电（空气源热风机、空气源热泵）", "6,000.00", "元/平方米采暖面积，最多 100 平方米",
        "示例没有写这种改造方式的建设补贴", "文件未规定，金额为 0", "低保户、脱贫户、孤寡老人",
        "随建设补贴另补 500.00 元",
        "省级财政 30 %、市级财政 30 %、县级财政 40 %", "最多 90,000,000.00 元", "1 年内列入拆迁", "11-15 至次年 03-15",
    ):  # fmt: skip
        assert text in page, text
    document = clerk.browser.get("/finance/schedules/zezhou-example/1/document").json()
    assert document == json.loads(bundled()["zezhou-example-1.json"])
    assert clerk.browser.get("/finance/schedules/nothing/1").status_code == 404


def test_the_real_schedule_of_changzhi_is_read_in_plain_words(running, clerk) -> None:
    with write(running.app.state.engine) as session:
        data = bundled()["changzhi-2018-1.json"]
        made = schedules.release(session, county="140427", document=data, person="", now=AT)
        session.get_one(ScheduleRow, ("140427", made.id, "1")).county = COUNTY
    page = clerk.get("/finance/schedules/changzhi-2018/1")
    for text in (
        "壶关县、平顺县、黎城县、武乡县、沁县", "5,000.00", "2017 年：", "2,400.00", "补 3 个采暖季",
        "市级财政 50 %、县级财政 50 %",
        "未写明由谁负担", "未见原件",
    ):  # fmt: skip
        assert text in page, text
    assert 'role="note"><strong>示例' not in page


def test_a_schedule_is_released_from_the_page_or_refused_with_every_fault(town, clerk_of) -> None:
    boss = clerk_of("boss", "finance_approver")
    document = json.loads(bundled()["zezhou-example-1.json"])

    def send(changes: dict[str, object]):
        data = json.dumps(document | changes).encode()
        files = {"document": ("标准.json", data, "application/json")}
        return boss.post("/finance/schedules/release", "/finance/schedules", files=files)

    refused = send({"version": 2, "effective": {"from": "2020-13-01", "to": "x"}})
    assert refused.status_code == 422 and "共 3 处问题" in refused.text and "effective.from" in refused.text
    changed = send({"title": {"zh": "别的", "en": "other"}})
    assert changed.status_code == 422 and "已发布的不能改" in changed.text
    done = send({"version": "2", "replaces": "1"})
    assert done.status_code == 303
    page = boss.get(done.headers["location"])
    assert "已发布 zezhou-example@2" in page and "已被取代" in page


def test_what_was_not_worked_out_yet_is_told_and_worked_out_by_parts(town, clerk) -> None:
    with write(town.app.state.engine) as session:
        session.execute(update(ReviewRow).values(stale=True))
    token = town.form_token(clerk.browser.get("/finance/schedules"))
    asked = {"csrf": token}
    by_script = clerk.browser.post("/finance/decisions/refresh", data=asked, headers={"HX-Request": "true"})
    assert by_script.headers["HX-Refresh"] == "true"
    assert clerk.browser.post("/finance/decisions/refresh", data=asked).status_code == 303
    with read(town.app.state.engine) as session:
        assert len(session.exec(select(ReviewRow).where(~col(ReviewRow.stale))).all()) == 3


def test_a_schedule_changed_by_hand_stops_deciding_and_says_so(town, clerk) -> None:
    with write(town.app.state.engine) as session:
        session.execute(update(ScheduleRow).values(sha256="0" * 64))
    answer = clerk.browser.get("/finance/decisions")
    assert answer.status_code == 409 and "与发布时的校验值不符" in answer.text
    assert "内容与发布时不同" in clerk.get("/finance/schedules")
    assert "不能据此计算" in clerk.get("/finance/schedules/zezhou-example/1")


@pytest.mark.parametrize("path", ["decisions", "decisions?show=open", "decisions?show=decided", "schedules"])
def test_the_pages_speak_english_too(town, clerk, path: str) -> None:
    page = clerk.get(f"/finance/{path}{'&' if '?' in path else '?'}lang=en")
    main = re.search(r"<main.*</main>", page, re.DOTALL)
    assert main
    left = re.sub(r"泽州县|\d号镇|\d+村|\d号|户主\d", "", main[0])
    assert re.findall(r"[\u4e00-\u9fff]+", left) == []
