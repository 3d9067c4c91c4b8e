"""The office's pages of payees over HTTP: masked everywhere, acts with their reasons, lists from upload to log."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import openpyxl
import pytest
from sqlmodel import select

from server.access.people import grant
from server.access.tables import Audit, Person
from server.database import read, write
from server.registry.tables import Division
from server.subsidies import payees
from server.subsidies.payees import Statement
from server.subsidies.payments import Payee
from server.subsidies.tables import PayeeListRow, PayeeRow, ReviewRow

PASSWORD = "a password of this test"


@dataclass(frozen=True)
class Clerk:
    """Somebody signed in; `post` sends a form with the token of the page it stands on."""

    browser: httpx.Client

    def get(self, path: str) -> httpx.Response:
        return self.browser.get(path)

    def post(self, path: str, seen_on: str, files: Any = None, **fields: Any) -> httpx.Response:
        token = re.search(r'name="csrf" value="([^"]+)"', self.browser.get(seen_on).text)
        assert token, seen_on
        return self.browser.post(path, data={"csrf": token[1], **fields}, files=files)


@pytest.fixture
def office(running, town):
    """The running server with the town's homes; `office("finance_preparer", area)` signs somebody in."""
    with write(running.app.state.engine) as session:
        for each in town.divisions():
            session.merge(each)
        session.add_all(town.homes())

    browsers = []

    def sign_in(role: str, area: str = town.county) -> Clerk:
        login = f"{role.replace('_', '-')}-{area}"
        with write(running.app.state.engine) as session:
            session.add(
                Person(
                    id=login,
                    name=f"{role} 某",
                    made_at=town.at,
                    login=login,
                    password_hash=running.hashed(PASSWORD),
                )
            )
            session.flush()
            grant(session, login, role, area, now=town.at)
        browsers.append(running.browser())
        assert running.sign_in(browsers[-1], login, PASSWORD).status_code == 303
        return Clerk(browsers[-1])

    yield sign_in
    for browser in browsers:
        browser.close()


@pytest.fixture
def say(running, town) -> Callable[..., None]:
    """States a payee of a home: `say("h1", account, holder="张三")`."""

    def state(
        household: str, account: str, *, holder: str = "张三", relation: str = "self", ref: str = "s1"
    ) -> None:
        with write(running.app.state.engine) as session:
            payee = Payee(holder, account, "农行泽州支行", relation)
            payees.state(session, town.county, [Statement(household, payee, "tablet", ref, town.at, "")])

    return state


def rows(running) -> list[tuple[Any, ...]]:
    with read(running.app.state.engine) as session:
        found = session.exec(select(PayeeRow).order_by(PayeeRow.household, PayeeRow.number)).all()
    return [(row.household, row.state, row.account[-4:]) for row in found]


def file_of(town, household: str) -> str:
    return f"/finance/payees/{town.county}/{household}"


def test_the_list_opens_what_is_known_missing_proposed_and_shared(running, office, town, say) -> None:
    first, second, _ = town.cards
    say("h1", first)
    say("h1", second, ref="s2")
    say("h2", first, holder="李四")
    with write(running.app.state.engine) as session:
        session.add(
            ReviewRow(
                county=town.county,
                household="h3",
                village=town.south,
                stale=False,
                worked_on=None,
                undecided_n=1,
                undecided_fen=240_000,
                corrections_n=0,
                corrections_fen=0,
                open_n=0,
                open_codes="",
            )
        )
    clerk = office("finance_preparer")
    shown = {
        show: clerk.get(f"/finance/payees?show={show}").text
        for show in ("known", "missing", "proposed", "shared", "other_holder")
    }
    homes = {
        show: set(re.findall(r"/finance/payees/140525/([\w-]+)\"", text)) for show, text in shown.items()
    }
    assert homes == {
        "known": {"h1", "h2"},
        "missing": {"h3"},
        "proposed": {"h1"},
        "shared": {"h1", "h2"},
        "other_holder": set(),
    }
    assert "待确认：张三 …0122" in shown["known"] and "同一账号收几户的钱 · 2" in shown["known"]
    assert first not in "".join(shown.values())
    for q in ("0018", first, "李四", "2号"):
        assert "h2" in clerk.get(f"/finance/payees?q={q}").text, q
    assert "没有符合" not in clerk.get("/finance/payees?show=none&q=zz").text


def test_the_sheet_is_masked_too(office, town, say) -> None:
    say("h1", town.cards[0])
    answer = office("auditor").get("/finance/payees.xlsx")
    text = str(
        [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(answer.content)).active]
    )
    assert "…0018" in text and town.cards[0] not in text


def test_a_change_needs_a_reason_twice_the_account_and_what_was_seen(running, office, town, say) -> None:
    say("h1", town.cards[0])
    clerk, page = office("finance_preparer"), file_of(town, "h1")
    form = {
        "holder": "张三",
        "bank": "建行",
        "relation": "self",
        "account": "6217 0012 3456 7890 122",
        "account_again": "6217001234567890122",
        "reason": "户主持新存折来办",
        "seen": "1",
    }
    for wrong in (
        {"reason": " "},
        {"account_again": "6217"},
        {"seen": "0"},
        {"account": "12", "account_again": "12"},
        {"relation": ""},
    ):
        answer = clerk.post(f"{page}/change", page, **{**form, **wrong})
        assert answer.status_code == 422 and 'role="alert"' in answer.text, wrong
        assert "建行" in answer.text, "what was entered stays"
    assert len(rows(running)) == 1
    assert clerk.post(f"{page}/change", page, **form).status_code == 303
    assert rows(running) == [("h1", "replaced", "0018"), ("h1", "in_force", "0122")]
    # What was checked and is right is confirmed with the account left empty.
    again = {**form, "account": "", "account_again": "", "seen": "2", "reason": "电话核实无误"}
    assert clerk.post(f"{page}/change", page, **again).status_code == 303
    assert rows(running)[-1] == ("h1", "in_force", "0122")
    shown = clerk.get(page).text
    assert "电话核实无误" in shown and town.cards[1] not in shown and "…0122" in shown


def test_a_proposal_is_adopted_or_dismissed_by_finance_alone(running, office, town, say) -> None:
    say("h1", town.cards[0])
    say("h1", town.cards[1], ref="s2")
    say("h1", town.cards[2], ref="s3")
    page = file_of(town, "h1")
    official, clerk = office("township_official", "140525100"), office("finance_preparer")
    assert "改用这个" not in official.get(page).text and "改用这个" in clerk.get(page).text
    assert (
        official.post(f"{page}/adopt", "/finance/payees/import", number="2", reason="x", seen="1").status_code
        == 403
    )
    assert clerk.post(f"{page}/adopt", page, number="2", reason="已核实", seen="1").status_code == 303
    assert clerk.post(f"{page}/dismiss", page, number="3", reason="记错", seen="1").status_code == 422
    assert clerk.post(f"{page}/dismiss", page, number="3", reason="记错", seen="4").status_code == 303
    assert [state for _, state, _ in rows(running)] == ["replaced", "adopted", "dismissed", "in_force"]


def test_an_area_is_all_an_official_sees(office, town, say) -> None:
    say("h4", town.cards[0], holder="赵六")
    official = office("township_official", "140525100")
    assert official.get(file_of(town, "h4")).status_code == 403
    assert official.get("/finance/payees?area=140525200").status_code == 403
    assert "赵六" not in official.get("/finance/payees").text
    assert official.get(file_of(town, "nobody")).status_code == 404


def _upload(clerk: Clerk, data: bytes, name: str = "名单.xlsx") -> httpx.Response:
    return clerk.post("/finance/payees/import", "/finance/payees/import", files={"file": (name, data)})


def test_a_list_goes_from_upload_to_the_log(running, office, town, list_file) -> None:
    official = office("township_official", "140525100")
    data = list_file(town.row(town.id_number(1)), town.row(town.id_number(2), "李四", town.cards[0]))
    sent = _upload(official, data)
    page = sent.headers["location"]
    shown = official.get(page).text
    assert "确认导入 2 户" in shown and "同一账号收几户的钱" in shown and town.cards[0] not in shown
    rows_new = shown.split("<h2>新登记</h2>")[1].split("</section>")[0]
    assert rows_new.count("<tr>") == 3 and "李四" in rows_new
    seen = re.search(r'name="seen" value="(\w+)"', shown)
    assert official.post(page, page, seen="0" * 64).status_code == 409 and rows(running) == []
    done = official.post(page, page, seen=seen[1])
    assert "first=2&proposed=0&same=0" in done.headers["location"]
    assert "新登记 2 户" in official.get(done.headers["location"]).text
    assert [state for _, state, _ in rows(running)] == ["in_force", "in_force"]
    assert "这份名单已在" in official.get(page).text and "确认导入" not in official.get(page).text
    with read(running.app.state.engine) as session:
        lines = session.exec(select(Audit).where(Audit.verb == "payee.import")).all()
    assert len(lines) == 3 and town.cards[0] not in str([line.detail for line in lines])
    # The same list once more: everything is there.
    again = official.get(_upload(official, data).headers["location"]).text
    assert "没有要导入的" in again and "确认导入" not in again


def test_faults_are_shown_by_their_cells_and_nothing_is_imported(running, office, town, list_file) -> None:
    official = office("township_official", "140525100")
    data = list_file(
        town.row(town.id_number(1)),
        town.row(town.id_number(4)),
        town.row(town.id_number(2), account=6228480402564890018),
    )
    answer = official.get(_upload(official, data).headers["location"])
    cells = re.findall(r'<th scope="row" class="nowrap">([^<]+)</th>', answer.text)
    assert answer.status_code == 422 and cells == ["E3", "G4"] and "确认导入" not in answer.text
    assert "赵六" not in answer.text
    english = official.get(str(answer.url.path) + "?lang=en").text
    assert "It is stored as a number; the digits after the first 15 are lost." in english
    assert rows(running) == []


def test_only_whoever_brought_a_list_confirms_it_and_old_ones_go(running, office, town, list_file) -> None:
    one, other = office("township_official", "140525100"), office("finance_preparer")
    page = _upload(one, list_file(town.row(town.id_number(1)))).headers["location"]
    assert other.get(page).status_code == 404
    assert other.post(page, "/finance/payees/import", seen="x").status_code == 404
    with write(running.app.state.engine) as session:
        session.exec(select(PayeeListRow)).one().read_at -= timedelta(days=2)
    _upload(one, list_file(town.row(town.id_number(2))))
    assert one.get(page).status_code == 404
    with read(running.app.state.engine) as session:
        assert len(session.exec(select(PayeeListRow)).all()) == 1


@pytest.mark.parametrize(
    ("name", "data"), [("", b""), ("x.xlsx", b""), ("x.xlsx", b"PK\x03\x04"), ("x.csv", b"\xff\xfe\x00")]
)
def test_a_file_that_is_none_is_said_to_be_none(office, town, name: str, data: bytes) -> None:
    clerk = office("finance_preparer")
    answer = (
        _upload(clerk, data, name) if name else clerk.post("/finance/payees/import", "/finance/payees/import")
    )
    if answer.status_code == 303:
        answer = clerk.get(answer.headers["location"])
    assert answer.status_code == 422 and "什么也没有导入" in answer.text


def test_the_template_names_the_homes_that_lack_a_payee_and_reads_as_a_list(running, office, town) -> None:
    with write(running.app.state.engine) as session:
        session.add(
            Division(code="140525100209", name="空村", level="village", parent="140525100000", edition="2016")
        )
        session.add(
            ReviewRow(
                county=town.county,
                household="h1",
                village=town.north,
                stale=False,
                worked_on=None,
                undecided_n=1,
                undecided_fen=1,
                corrections_n=0,
                corrections_fen=0,
                open_n=0,
                open_codes="",
            )
        )
    official = office("township_official", "140525100")
    answer = official.get("/finance/payees/template.xlsx?area=140525100")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    page = book.active
    assert [cell.value for cell in page[4]][:4] == ["南村镇", "北石店村民委员会", "1号", "张三"]
    for column, value in enumerate(("张三", town.cards[0], "农行", "本人"), start=6):
        page.cell(4, column).value = value
    filled = io.BytesIO()
    book.save(filled)
    assert "确认导入 1 户" in official.get(_upload(official, filled.getvalue()).headers["location"]).text
    assert official.get("/finance/payees/template.xlsx?area=140525200").status_code == 403
