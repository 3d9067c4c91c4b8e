"""What pages and tablets are told of homes' money is what the tables hold, and who is owed is found by it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from server.database import read, write
from server.registry.acceptance_tables import Acceptance
from server.registry.tables import Conversion, Household
from server.subsidies import owed, tablets
from server.subsidies.known import known
from server.subsidies.room import Room
from server.subsidies.tables import BatchRow, EntitlementRow, PayeeRow, PaymentRow, ReviewRow
from server.subsidies.words import tell

COUNTY, VILLAGE, OTHER = "140525", "140525100201", "140525200201"
NOW = datetime(2020, 12, 3, 18, 0, tzinfo=UTC)
REASON = {"zh": "示例：运行补贴 1,200.00 元。", "en": "example."}

Put = Callable[..., None]


def home(id: str, village: str = VILLAGE) -> Household:
    return Household(county=COUNTY, id=id, village=village, version=1, extra={}, updated_at=NOW)


def conversion(household: str, village: str = VILLAGE, **others: Any) -> Conversion:
    given = {"kind": "electric", "connected_on": date(2020, 9, 1), **others}
    return Conversion(
        county=COUNTY, id=f"c-{household}", village=village, version=1, household=household, extra={}, updated_at=NOW,
        **given,
    )  # fmt: skip


def acceptance(household: str, **others: Any) -> Acceptance:
    return Acceptance(
        county=COUNTY, conversion=f"c-{household}", number=1, village=VILLAGE, household=household,
        conversion_version=1, accepted_on=date(2020, 11, 20), document_number="验1号", evidence="照片",
        accepted_by="o", entered_at=NOW, **others,
    )  # fmt: skip


def entitlement(
    id: str, household: str, number: int, amount_fen: int = 120_000, **others: Any
) -> EntitlementRow:
    given = {
        "village": VILLAGE, "component": "operating", "season": "2020-2021", "corrects": "", "spent": [], **others
    }  # fmt: skip
    return EntitlementRow(
        county=COUNTY, id=id, number=number, household=household, conversion=f"c-{household}", amount_fen=amount_fen,
        shares={"county": amount_fen}, due_on=date(2020, 11, 20), outcome="granted", schedule_id="s",
        schedule_version="1", schedule_sha256="", line={"reason": REASON}, home={}, surveyed_by=[], accepted_by=[],
        decided_at=NOW, decided_by="p", decided_reason="", **given,
    )  # fmt: skip


def payment(
    id: str, household: str, entitlement: str, state: str, amount_fen: int = 120_000, **others: Any
) -> Any:
    given = {"village": VILLAGE, "reason": "", "booked_on": None, **others}
    return PaymentRow(
        county=COUNTY, id=id, batch="B1", household=household, entitlement=entitlement, settles=[entitlement],
        amount_fen=amount_fen, shares={"county": amount_fen}, holder="张三", account="622848004417", bank="农行",
        relation="self", state=state, surveyed_by=[], accepted_by=[], sent_on=date(2020, 12, 1), **given,
    )  # fmt: skip


def batch() -> BatchRow:
    return BatchRow(
        county=COUNTY,
        id="B1",
        number=7,
        title="t",
        state="sent",
        follows="",
        revision=1,
        opened_at=NOW,
        area=COUNTY,
    )


def payee(household: str, **others: Any) -> PayeeRow:
    given = {"number": 1, "state": "in_force", **others}
    return PayeeRow(
        county=COUNTY, household=household, holder="张三", account="622848004417", bank="农行", relation="self",
        source="office", source_ref="", stated_at=NOW, stated_by="p", reason="", **given,
    )  # fmt: skip


def review(household: str, **others: Any) -> ReviewRow:
    given = {
        "undecided_n": 0,
        "undecided_fen": 0,
        "corrections_n": 0,
        "corrections_fen": 0,
        "open_codes": "",
        "open_n": 0,
        **others,
    }
    return ReviewRow(
        county=COUNTY,
        household=household,
        village=VILLAGE,
        stale=False,
        worked_on=date(2020, 12, 1),
        **given,
    )


@pytest.fixture
def put(engine: Engine) -> Put:
    """Writes rows in one transaction."""

    def add(*rows: Any) -> None:
        with write(engine) as session:
            session.add_all(rows)

    return add


def standings(session: Session, *households: str) -> dict[str, str]:
    found = known(session, COUNTY, households)
    return {household: told.standing for household in households if (told := tell(found[household]))}


def owing(session: Session, condition: Any) -> list[str]:
    statement = select(col(Household.id)).where(condition).order_by(col(Household.id))
    return list(session.execute(statement).scalars())


def test_every_table_a_home_stands_in_is_told_of(engine: Engine, put: Put) -> None:
    put(*[home(id) for id in ("never", "new", "ready", "open", "short", "sent", "back", "done")], batch())
    put(*[conversion(id) for id in ("new", "ready", "open", "short", "sent", "back", "done")])
    put(*[acceptance(id) for id in ("ready", "open", "short", "sent", "back", "done")])
    put(review("ready", undecided_n=1, undecided_fen=600_000), review("open", open_codes="no_area", open_n=1))
    put(*[entitlement(f"E-{id}", id, n) for n, id in enumerate(("short", "sent", "back", "done"), start=1)])
    put(*[payee(id) for id in ("sent", "back", "done")], payee("short", state="proposed"))
    put(
        payment("P1", "sent", "E-sent", "sent"),
        payment("P2", "back", "E-back", "returned", reason="户名不符"),
    )
    put(payment("P3", "done", "E-done", "credited"))
    with read(engine) as session:
        assert standings(session, "never", "new", "ready", "open", "short", "sent", "back", "done") == {
            "new": "not_accepted", "ready": "undecided", "open": "undecided", "short": "no_payee", "sent": "sent",
            "back": "returned", "done": "credited",
        }  # fmt: skip
        told = tell(known(session, COUNTY, ["sent"])["sent"])
        assert told is not None
        assert "第 7 批" in told.every[0].texts["zh"]
        assert owing(session, owed.owed()) == ["back", "ready", "sent", "short"]
        assert owing(session, owed.unsettled()) == ["back", "new", "open", "ready", "sent", "short"]


def test_an_acceptance_taken_back_counts_for_nothing(engine: Engine, put: Put) -> None:
    put(
        home("a"), conversion("a"), acceptance("a", withdrawn_at=NOW, withdrawn_by="o", withdrawn_reason="错")
    )
    with read(engine) as session:
        assert standings(session, "a") == {"a": "not_accepted"}


def test_clean_coal_is_no_conversion_that_waits_for_money(engine: Engine, put: Put) -> None:
    put(home("a"), conversion("a", kind="clean_coal"))
    with read(engine) as session:
        assert standings(session, "a") == {}
        assert owing(session, owed.unsettled()) == []


def test_who_is_owed_is_told_by_item_and_with_corrections(engine: Engine, put: Put) -> None:
    put(home("less"), home("more"), home("two"), batch())
    # Corrected to what was paid: nothing owed. Corrected upwards: owed. One item overpaid does not pay another.
    put(entitlement("E1", "less", 1), entitlement("E2", "less", 2, -20_000, corrects="E1"))
    put(payment("P1", "less", "E1", "credited", 100_000))
    put(entitlement("E3", "more", 3), entitlement("E4", "more", 4, 30_000, corrects="E3"))
    put(payment("P2", "more", "E3", "credited"))
    put(entitlement("E5", "two", 5), entitlement("E6", "two", 6, component="construction", season="once"))
    put(payment("P3", "two", "E5", "credited", 500_000))
    with read(engine) as session:
        assert owing(session, owed.owed()) == ["more", "two"]


def test_an_areas_money_adds_up_to_its_lists(engine: Engine, put: Put) -> None:
    put(home("a"), home("b", OTHER), batch())
    put(entitlement("E1", "a", 1), entitlement("E2", "b", 2, 50_000, village=OTHER))
    put(entitlement("E3", "a", 3, 600_000, component="construction", season="once"))
    put(payment("P1", "a", "E1", "credited"), payment("P2", "b", "E2", "returned", 50_000, village=OTHER))
    put(payment("P3", "a", "E3", "sent", 600_000))
    with read(engine) as session:
        total, parts = owed.totals(session, COUNTY)
        assert [part.area for part in parts] == ["140525100", "140525200"]
        assert (total.decided.fen, total.decided.n, total.owed_fen, total.owed_n) == (770_000, 3, 650_000, 2)
        assert {state: each.fen for state, each in parts[0].paid.items()} == {
            "credited": 120_000, "sent": 600_000, "planned": 0, "returned": 0,
        }  # fmt: skip
        assert total.paid["returned"].address == "/finance/payments?area=140525&state=returned"
        assert parts[1].decided.address == "/finance/decisions?area=140525200&show=decided"
        assert parts[0].owed_address == "/households?area=140525100&of=subsidy%3Aowed"
        village, inside = owed.totals(session, VILLAGE)
        assert (village.decided.fen, inside) == (720_000, [])


def test_tablets_hear_of_a_home_in_the_village_where_it_lives_now(engine: Engine, put: Put) -> None:
    put(home("a", OTHER), home("b"), conversion("a"), acceptance("a"), entitlement("E1", "a", 1), batch())
    put(payment("P1", "a", "E1", "credited", booked_on=date(2020, 12, 3)), payee("a"))
    heard: list[Any] = []
    with write(engine) as session:
        Room(lambda _, county, states, now: heard.extend(states)).tell(
            session, COUNTY, ["a", "b", "gone"], NOW
        )
    [(dataset, _, village, props)] = heard
    assert (dataset, village, props["household"], props["standing"]) == ("subsidy", OTHER, "a", "credited")
    assert props["lines"] == "运行补贴（2020—2021年采暖季）1,200.00 元，2020年12月3日已到账，账号尾号 4417。"
    assert props["as_of"] == "2020-12-04", "the county's day"
    assert all("622848004417" not in value for value in props.values())


def test_a_home_is_one_record_on_tablets_however_often_it_is_told(engine: Engine, put: Put) -> None:
    put(home("a"), conversion("a"))
    with read(engine) as session:
        first = next(iter(tablets.states(session, COUNTY, ["a"], NOW)))
        assert first[1] == next(iter(tablets.states(session, COUNTY, ["a", "a"], NOW)))[1]
