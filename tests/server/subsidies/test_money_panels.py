"""Money on other rooms' pages: a household's in plain words, an area's with a list behind every sum."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from server.access.people import grant
from server.access.tables import Person
from server.database import write
from server.registry.acceptance import Paper, accept
from server.registry.tables import Conversion, Household
from server.subsidies.tables import BatchRow, EntitlementRow, PaymentRow

COUNTY, VILLAGE = "140525", "140525100201"
NOW = datetime(2020, 9, 1, tzinfo=UTC)
PASSWORD = "a long enough password"
HOME = f"/households/{COUNTY}/h1"

Open = Callable[[str, str], str]


def decided(
    id: str, number: int, component: str, season: str, amount_fen: int, **others: Any
) -> EntitlementRow:
    reason = {
        "zh": f"示例标准：{amount_fen // 100} 元。",
        "en": f"example schedule: {amount_fen // 100} yuan.",
    }
    return EntitlementRow(
        county=COUNTY, id=id, number=number, village=VILLAGE, household="h1", conversion="c1", component=component,
        season=season, amount_fen=amount_fen, shares={}, due_on=date(2020, 8, 1), outcome="granted", schedule_id="s",
        schedule_version="1", schedule_sha256="", line={"reason": reason}, home={}, corrects="", surveyed_by=[],
        accepted_by=[], decided_at=NOW, decided_by="p", decided_reason="", spent=[], **others,
    )  # fmt: skip


def paid(id: str, entitlement: str, amount_fen: int, state: str, **others: Any) -> PaymentRow:
    return PaymentRow(
        county=COUNTY, id=id, batch="b1", village=VILLAGE, household="h1", entitlement=entitlement,
        settles=[entitlement], amount_fen=amount_fen, shares={}, holder="张三", account="622848004417", bank="农行",
        relation="self", state=state, surveyed_by=[], accepted_by=[], sent_on=date(2020, 8, 20),
        **{"reason": "", "booked_on": None, **others},
    )  # fmt: skip


@pytest.fixture
def page(running) -> Open:
    """page(role, path): what somebody of a role reads there."""
    hashed = running.hashed(PASSWORD)

    def read_as(role: str, path: str) -> str:
        with write(running.app.state.engine) as session:
            if session.get(Person, role) is None:
                session.add(Person(id=role, login=role, name=role, password_hash=hashed, made_at=NOW))
                session.flush()
                grant(session, role, role, COUNTY, now=NOW)
        browser: httpx.Client = running.browser()
        assert running.sign_in(browser, role, PASSWORD).status_code == 303
        answer = browser.get(path)
        assert answer.status_code == 200
        return answer.text

    return read_as


@pytest.fixture
def home(running) -> None:
    with write(running.app.state.engine) as session:
        session.add(Household(county=COUNTY, id="h1", village=VILLAGE, version=1, extra={}, updated_at=NOW))
        session.add(
            Conversion(
                county=COUNTY, id="c1", village=VILLAGE, version=1, household="h1", kind="electric", extra={},
                connected_on=date(2020, 7, 1), updated_at=NOW,
            )
        )  # fmt: skip


@pytest.fixture
def money(running, home: None) -> None:
    with write(running.app.state.engine) as session:
        paper = Paper(date(2020, 7, 20), "验1号", "照片")
        accept(
            session, person="o", county=COUNTY, conversions=["c1"], paper=paper, now=running.clock(),
            watchers=running.app.state.acceptance_watchers,
        )  # fmt: skip
        session.add_all(
            [
                decided("e1", 1, "construction", "once", 600_000),
                decided("e2", 2, "operating", "2020-2021", 120_000),
                paid("p1", "e1", 600_000, "credited", booked_on=date(2020, 8, 22)),
                paid("p2", "e2", 120_000, "returned", reason="户名不符"),
                BatchRow(
                    county=COUNTY, id="b1", number=3, title="t", state="sent", follows="", revision=1, opened_at=NOW,
                    area=COUNTY,
                ),
            ]
        )  # fmt: skip


def _section(text: str, id: str) -> str:
    found = re.search(rf'<section[^>]*id="{id}".*?</section>', text, re.S)
    assert found, text
    return found[0]


def test_a_household_reads_in_plain_words_what_was_paid_and_what_came_back(page: Open, money: None) -> None:
    shown = _section(page("environment_officer", HOME), "money")
    assert "建设补贴 6,000.00 元，2020年8月22日已到账，账号尾号 4417。" in shown
    assert "被退回：户名不符。" in shown
    assert "缺收款人" in shown
    assert "/finance/" not in shown, "no links where the reader may not follow"
    assert "622848004417" not in shown


def test_whoever_handles_money_finds_decision_and_batch_from_there(page: Open, money: None) -> None:
    shown = _section(page("finance_preparer", HOME), "money")
    assert 'href="/finance/decisions/140525/e1"' in shown
    assert 'href="/finance/batches/140525/b1"' in shown
    assert 'href="/finance/payees/140525/h1"' in shown


def test_it_is_said_in_english_too(page: Open, money: None) -> None:
    shown = _section(page("auditor", f"{HOME}?lang=en"), "money")
    assert "6,000.00 yuan of construction subsidy paid on 22 August 2020 to the account ending 4417." in shown


def test_before_acceptance_the_page_says_that_it_waits(page: Open, home: None) -> None:
    assert "改造还没有验收，验收以后才核定补贴。" in _section(page("township_official", HOME), "money")


def test_an_areas_money_stands_beside_its_coverage(page: Open, money: None) -> None:
    shown = _section(page("finance_preparer", "/coverage/140525"), "money-area")
    assert 'href="/finance/decisions?area=140525100&amp;show=decided" data-fen="720000">7,200.00</a>' in shown
    assert 'href="/finance/payments?area=140525&amp;state=credited" data-fen="600000">6,000.00</a>' in shown
    owed = re.search(r'href="(/households\?area=140525100&amp;of=subsidy%3Aowed)" data-n="1"', shown)
    assert owed
    assert "共 1 户" in page("finance_preparer", owed[1].replace("&amp;", "&"))
    assert 'id="money-area"' not in page("environment_officer", "/coverage/140525")


def test_a_county_that_decided_nothing_says_so(page: Open, home: None) -> None:
    assert "还没有核定任何补贴" in _section(page("auditor", "/coverage/140525"), "money-area")
