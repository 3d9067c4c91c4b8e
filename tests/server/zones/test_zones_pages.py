"""Zones and problems over HTTP: two people, every number with its list, sheets, refusals that say what to do."""

import io
import re
from collections.abc import Callable, Iterator

import httpx
import openpyxl
import pytest
from sqlmodel import select

from server import database
from server.access.people import grant
from server.access.tables import Audit, Person
from server.programme.actions import release_bundled

COUNTY = "140525"
FIRST, SECOND = "140525100201", "140525100202"
COAL = {"device": "coal_stove", "fuel": "bulk_coal", "old_stove": "present", "old_stove_on": "2020-08-30"}
PASSWORD = "a long enough password"
ROLES = {
    "clerk": "township_official",
    "chief": "environment_officer",
    "warden": "environment_officer",
    "payer": "finance_preparer",
}


class Browser:
    """Somebody signed in; `post` sends a form as the page it was seen on would."""

    def __init__(self, running, client: httpx.Client) -> None:
        self.running, self.client = running, client

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, seen_on: str, **fields: object) -> httpx.Response:
        page = self.client.get(seen_on)
        token = self.running.form_token(page)
        hidden = dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', page.text))
        return self.client.post(path, data={"csrf": token, **hidden, **fields})


@pytest.fixture
def people(running) -> Iterator[Callable[[str], Browser]]:
    """Signs in an official of the township, of the environment or of the money."""
    hashed = running.hashed(PASSWORD)
    with database.write(running.app.state.engine) as session:
        for login, role in ROLES.items():
            session.add(
                Person(
                    id=f"p-{login}", login=login, name=f"{login}某", password_hash=hashed, made_at=running.clock()
                )
            )  # fmt: skip
            session.flush()
            grant(session, f"p-{login}", role, COUNTY, now=running.clock())
        release_bundled(session, COUNTY, running.clock())
    opened: list[httpx.Client] = []

    def sign_in(login: str) -> Browser:
        client = running.browser()
        opened.append(client)
        assert running.sign_in(client, login, PASSWORD).status_code == 303
        return Browser(running, client)

    yield sign_in
    for client in opened:
        client.close()


@pytest.fixture
def told(running, place_of):
    """The recorder of this folder, over the running server's database and clock."""
    return place_of(running.app.state.engine, running.clock)


def proposal(**changes: object) -> dict[str, object]:
    return {
        "name": "一号镇禁煤区", "reason": "整村改造完成", "bans": "禁止散煤", "responsible": "p-warden",
        "due_days": "10", "village": [FIRST], **changes,
    }  # fmt: skip


def paper(**changes: str) -> dict[str, str]:
    return {
        "document_number": "泽政发〔2020〕9号", "document_on": "2020-09-01", "in_force_on": "2020-09-01",
        "unmet_reason": "期限已到", **changes,
    }  # fmt: skip


def propose(browser: Browser, **changes: object) -> str:
    done = browser.post("/zones/propose", "/zones/propose", **proposal(**changes))
    assert done.status_code == 303, done.text
    return done.headers["location"].split("?")[0]


def test_a_zone_from_proposal_to_a_violation_closed_by_another(running, people, told) -> None:
    clerk, chief, warden = people("clerk"), people("chief"), people("warden")
    home = told.converted(connected="2020-08-10", used="2020-08-20", old_stove_on="2020-08-20")
    zone = propose(clerk)
    assert clerk.post(f"{zone}/designate", zone, **paper()).status_code == 403
    paid = re.search(r"补贴已发放到位.*?未达到", chief.get(zone).text, re.S)
    assert paid, "a conversion nobody accepted is not one that was paid"
    assert chief.post(f"{zone}/designate", zone, **paper()).status_code == 303
    assert "施行中" in chief.get(zone).text

    told.record(
        "sighting", FIRST, household=home, what="coal_burned", seen_on="2020-09-01", remark="炉膛有火"
    )
    listed = chief.get("/problems").text
    problem = re.search(r'href="(/problems/140525/[^"]+)"', listed)
    assert problem
    address = problem[1]
    assert "2020-09-11" in listed
    assert warden.post(f"{address}/report", address, text="已清走").status_code == 303
    refused = warden.post(f"{address}/close", address, text="已核查", outcome="put_right")
    assert (refused.status_code, "不能自己核查" in refused.text) == (422, True)
    assert chief.post(f"{address}/close", address, text="到场核查", outcome="put_right").status_code == 303
    assert "已销号" in chief.get(address).text
    assert "炉膛有火" in chief.get(f"/households/140525/{home}").text


def test_whoever_may_designate_still_cannot_designate_their_own(people, told) -> None:
    chief, clerk = people("chief"), people("clerk")
    told.home()
    zone = propose(chief)
    assert "不能自己批准" in chief.get(zone).text
    own = chief.post(f"{zone}/designate", zone, **paper())
    assert own.status_code == 422
    assert "不能自己批准" in own.text
    assert clerk.post(f"{zone}/drop", zone, reason="不是我的").status_code == 422
    assert chief.post(f"{zone}/drop", zone, reason="范围有误").status_code == 303
    assert "未获批准" in chief.get(zone).text


def test_a_withdrawn_zone_still_shows_what_it_was(people, told) -> None:
    clerk, chief = people("clerk"), people("chief")
    told.home()
    zone = propose(clerk)
    chief.post(f"{zone}/designate", zone, **paper())
    form = proposal(zone=zone.rsplit("/", 1)[1], change="withdraw", reason="并入新区")
    assert clerk.post("/zones/propose", "/zones/propose", **form).status_code == 303
    assert "批准撤销" in chief.get(zone).text
    lifted = paper(document_number="泽政发〔2020〕12号", in_force_on="2020-10-01", unmet_reason="")
    assert chief.post(f"{zone}/designate", zone, **lifted).status_code == 303
    assert "201村" in chief.get(f"{zone}?version=1").text
    assert "由新版代替" in chief.get(zone).text


def test_every_act_stands_in_the_log_with_its_person(running, people, told) -> None:
    clerk, chief = people("clerk"), people("chief")
    home = told.home(**COAL)
    zone = propose(clerk)
    clerk.post(f"{zone}/leave-out", zone, household=[home], reason="mountain")
    clerk.post(f"{zone}/take-back", zone, household=home)
    chief.post(f"{zone}/designate", zone, **paper())
    clerk.post(f"{zone}/open-problems", zone)
    address = re.search(r'href="(/problems/140525/[^"]+)"', chief.get("/problems").text)
    assert address
    chief.post(f"{address[1]}/close", address[1], text="到场核查", outcome="unfounded")
    with database.read(running.app.state.engine) as session:
        rows = session.exec(select(Audit).where(Audit.person != "").order_by(Audit.at, Audit.verb)).all()
    said = [(row.person, row.verb, row.area) for row in rows if row.subject.startswith(("zone/", "problem/"))]
    assert sorted(said) == sorted([
        ("p-clerk", "zone.propose", FIRST), ("p-clerk", "zone.propose", FIRST), ("p-clerk", "zone.propose", FIRST),
        ("p-chief", "zone.designate", FIRST), ("p-clerk", "problem.open", FIRST), ("p-chief", "problem.close", FIRST),
    ])  # fmt: skip


def test_a_person_who_cannot_answer_for_the_place_is_not_made_responsible(people, told) -> None:
    clerk = people("clerk")
    told.home()
    refused = clerk.post("/zones/propose", "/zones/propose", **proposal(responsible="p-payer"))
    assert refused.status_code == 422
    assert "没有指定责任人" in refused.text


def test_every_number_of_a_zone_opens_exactly_that_many(people, told) -> None:
    clerk = people("clerk")
    told.converted(used="")
    told.home(**COAL)
    told.home(heating_status="not_heated", not_heated_reason="empty")
    told.home(SECOND, **COAL)
    told.record("household", FIRST, head_name="没见着")
    zone = propose(clerk)
    found = re.findall(r'href="([^"]+)" data-n="(\d+)"', clerk.get(zone).text)
    assert sum(int(n) for _, n in found) > 5
    for address, n in found:
        page = clerk.get(address.replace("&amp;", "&"))
        assert page.status_code == 200
        assert f"共 {n} 户" in page.text, address
    stoves = re.search(r'href="([^"]+show=violation)">(\d+)<', clerk.get(zone).text)
    assert stoves
    assert stoves[2] == "1"
    assert "共 1 户" in clerk.get(stoves[1].replace("&amp;", "&")).text


def test_the_problem_line_counts_only_the_zone_s_own_villages(people, told) -> None:
    clerk = people("clerk")
    told.home()
    told.home(SECOND)
    for village in (FIRST, SECOND):
        done = clerk.post(
            "/problems/open", f"/problems/new?village={village}", kind="coal_sold", village=village, place="村口",
            text="路边卖煤", responsible="p-warden", due_on="2020-09-20", found_on="2020-09-01",
        )  # fmt: skip
        assert done.status_code == 303, done.text
    zone = propose(clerk)
    line = re.search(r'href="([^"]+/problems\?version=1)">(\d+)<', clerk.get(zone).text)
    assert line
    assert line[2] == "1"
    assert "共 1 个问题" in clerk.get(line[1]).text
    assert "共 2 个问题" in clerk.get("/problems?area=140525100").text


def test_leaving_out_and_putting_back(people, told) -> None:
    clerk = people("clerk")
    home = told.home(**COAL)
    zone = propose(clerk)
    done = clerk.post(f"{zone}/leave-out", zone, household=[home], reason="no_network", note="沟里")
    assert done.status_code == 303
    assert "气、热、电网都未通达：沟里" in clerk.get(zone).text
    assert "划出 1 户" in clerk.get(zone).text
    assert clerk.post(f"{zone}/take-back", zone, household=home).status_code == 303
    assert "整村" in clerk.get(zone).text
    nothing = clerk.post(f"{zone}/leave-out", zone, household=[home], reason="other")
    assert nothing.status_code == 422


def test_a_refused_form_keeps_what_was_entered_and_says_what_to_do(people, told) -> None:
    clerk = people("clerk")
    told.home()
    done = clerk.post("/zones/propose", "/zones/propose", **proposal(due_days="0", name="写了很久的名称"))
    assert done.status_code == 422
    assert "整改天数不对" in done.text
    assert "写了很久的名称" in done.text
    assert 'value="140525100201" checked' in done.text


def test_who_lacks_the_verb_is_refused_everywhere(people, told) -> None:
    clerk, payer = people("clerk"), people("payer")
    told.home()
    zone = propose(clerk)
    own = [zone, f"{zone}/stoves", f"{zone}/stoves.xlsx", f"{zone}/problems"]
    ledger = ["/problems", "/problems.xlsx", "/problems/new", "/sightings", "/sightings.xlsx"]
    for path in ("/zones", "/zones.xlsx", "/zones/unzoned.xlsx", "/zones/propose", *own, *ledger):
        assert payer.get(path).status_code == 403, path
    token = {"csrf": running_token(payer)}
    for path in (
        f"{zone}/designate",
        f"{zone}/refuse",
        f"{zone}/leave-out",
        f"{zone}/take-back",
        f"{zone}/open-problems",
    ):
        assert payer.client.post(path, data=token).status_code == 403, path
    assert "拟划定" in clerk.get(zone).text


def running_token(browser: Browser) -> str:
    return browser.running.form_token(browser.get("/account"))


@pytest.mark.parametrize(
    "path", ["/zones/140525/none", "/problems/140525/none", "/zones/140525/none/stoves", "/zones?area=9"]
)
def test_what_is_not_there_is_not_found(people, path: str) -> None:
    assert people("clerk").get(path).status_code == 404


def test_empty_lists_say_what_fills_them(people) -> None:
    clerk = people("clerk")
    assert "还没有禁煤区" in clerk.get("/zones").text
    assert "自动立案" in clerk.get("/problems").text
    assert "散煤发现" in clerk.get("/sightings").text


def test_lists_come_as_sheets_with_all_rows(people, told) -> None:
    clerk, chief = people("clerk"), people("chief")
    home = told.home(**COAL)
    zone = propose(clerk)
    chief.post(f"{zone}/designate", zone, **paper())
    assert clerk.post(f"{zone}/open-problems", zone).status_code == 303
    told.record("sighting", FIRST, household=home, what="coal_burned", seen_on="2020-09-01")
    rows = {
        "/zones.xlsx": 1, "/zones/unzoned.xlsx": 0, "/problems.xlsx?queue=all": 2, "/sightings.xlsx": 1,
        f"{zone}/stoves.xlsx": 1, f"{zone}/problems.xlsx": 2, f"{zone}/left-out.xlsx": 0,
        f"{zone}/checklist.xlsx": 8,
    }  # fmt: skip
    for path, expected in rows.items():
        answer = clerk.get(path)
        assert answer.status_code == 200, path
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        # A title, the as-of line and the headings stand above the rows.
        assert sheet.max_row == 3 + expected, path


def test_coverage_names_each_villages_zone_to_whoever_may_see_it(people, told) -> None:
    clerk, chief, payer = people("clerk"), people("chief"), people("payer")
    told.home()
    zone = propose(clerk)
    assert f'<a href="{zone}" class="mark strive">拟划定</a>' in clerk.get("/coverage/140525100").text
    assert chief.post(f"{zone}/designate", zone, **paper()).status_code == 303
    assert f'<a href="{zone}" class="mark good">施行中</a>' in clerk.get("/coverage/140525100").text
    assert '<a href="/zones?area=140525100">1 / 3 村</a>' in clerk.get("/coverage/140525").text
    assert '<a href="/zones?area=140525200">0 / 3 村</a>' in clerk.get("/coverage/140525").text
    assert "村</a>" not in payer.get("/coverage/140525").text, "money's people have no zones"


def test_the_log_names_people_and_ends_no_sentence_twice(running, people, told) -> None:
    clerk = people("clerk")
    opened = clerk.post(
        "/problems/open", f"/problems/new?village={FIRST}", kind="coal_sold", village=FIRST, place="村口",
        found_on="2020-09-01", responsible="p-chief", due_on="2020-09-15", text="后院堆放散煤约三吨。",
    )  # fmt: skip
    assert opened.status_code == 303, opened.text
    with database.write(running.app.state.engine) as session:
        grant(session, "p-payer", "auditor", COUNTY, now=running.clock())
    page = people("payer").get("/audit?verb=problem.open").text
    assert "chief某" in page and "p-chief" not in page.split("<tbody>")[1]
    assert "约三吨；" in page
