"""Whoever holds every role of money in one township reaches nothing of another's, whatever address they type."""

from datetime import date

import pytest
from sqlmodel import select

from server import database
from server.access.roles import ROLES
from server.subsidies.tables import EntitlementRow, ReturnFileRow, ReviewLineRow

COUNTY, OWN, OTHER = "140525", "140525100", "140525200"
FIRST, THIRD = "140525100201", "140525200201"
STEPS = ("approve", "close", "discard", "lock", "reconcile", "reject", "send")


@pytest.fixture
def theirs(served, said) -> dict[str, str]:
    """Another township's money: a batch at the bank with a return file, an open one, a decision, a payment, a home."""
    home = served.homes(1, THIRD)[0]
    batch = served.sent(area=OTHER)
    payment = served.payments(batch)[0]
    served.take_in(batch, [said(payment, amount_fen=1)])
    served.homes(1, THIRD)
    opened = served.prepare(area=OTHER)
    line = ReviewLineRow(
        county=COUNTY, household=home, kind="due", conversion="c", component="operating", season="2021-2022",
        code="", village=THIRD, amount_fen=1, before_fen=0, after_fen=1, due_on=date(2020, 12, 1),
        outcome="granted", reason={"zh": "因", "en": "as"}, changes=[], schedule="s@1", digest="d",
    )  # fmt: skip
    with database.write(served.engine) as session:
        decision = session.exec(select(EntitlementRow.id).where(EntitlementRow.household == home)).one()
        file = session.exec(select(ReturnFileRow.id)).one()
        session.add(line)
    return {
        "home": home, "batch": batch, "open": opened, "payment": payment.id, "decision": decision, "file": file,
    }  # fmt: skip


def looks(theirs: dict[str, str]) -> list[str]:
    lists = ("", "/batches", "/batches/new", "/decisions", "/payees", "/payments")
    sheets = (
        ".xlsx",
        "/batches.xlsx",
        "/batches/new.xlsx",
        "/decisions.xlsx",
        "/payees.xlsx",
        "/payments.xlsx",
    )
    found = [f"/finance{path}?area={area}" for path in (*lists, *sheets) for area in (OTHER, THIRD, COUNTY)]
    found += [f"/finance/payees/template.xlsx?area={OTHER}", "/finance/schedules", "/finance/schedules.xlsx"]
    for path in ("/finance/returns", "/finance/returns.xlsx"):
        found += [path, f"{path}?batch={theirs['batch']}"]
    batch = f"/finance/batches/{COUNTY}/{theirs['batch']}"
    found += [
        batch,
        f"{batch}/payments.xlsx",
        f"{batch}/print",
        f"/finance/batches/{COUNTY}/{theirs['open']}",
    ]
    for room, what in (("payments", "payment"), ("decisions", "decision"), ("payees", "home")):
        found.append(f"/finance/{room}/{COUNTY}/{theirs[what]}")
    return found


def acts(theirs: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for name in ("batch", "open"):
        batch = f"/finance/batches/{COUNTY}/{theirs[name]}"
        found += [(f"{batch}/{step}", {"reason": "x", "revision": "1"}) for step in STEPS]
        found += [(f"{batch}/{act}", {}) for act in ("take-out", "settle", "bank-file.xlsx", "return-file")]
        found.append((f"{batch}/return-file/{theirs['file']}", {}))
    payee, pick = f"/finance/payees/{COUNTY}/{theirs['home']}", f"{theirs['home']} operating/2021-2022/d"
    found += [(f"{payee}/{act}", {"reason": "x", "seen": "1"}) for act in ("change", "adopt", "dismiss")]
    return [
        *found,
        (f"/finance/payments/{COUNTY}/{theirs['payment']}/correct", {"outcome": "returned", "reason": "x"}),
        ("/finance/batches/prepare", {"area": OTHER, "title": "x"}),
        ("/finance/batches/prepare", {"area": OWN, "title": "x", "into": theirs["open"]}),
        ("/finance/decisions/decide", {"scope": "all", "back": f"/finance/decisions?area={OTHER}"}),
        ("/finance/decisions/decide", {"pick": pick, "back": f"/finance/decisions?area={OWN}"}),
    ]


def test_no_address_of_money_opens_another_township(served, clerk, somebody_of, theirs) -> None:
    served.homes(1, FIRST)
    for role in ROLES:
        somebody_of("p-surveyor", role, OWN)
    client = clerk("p-surveyor")
    assert client.get("/finance").status_code == 200
    before = (served.payments(), served.batch(theirs["batch"]), served.batch(theirs["open"]))
    came = {path: client.get(path).status_code for path in looks(theirs)}
    assert came == dict.fromkeys(came, 403)
    for path, form in acts(theirs):
        answer = client.post(path, data=form)
        assert (answer.status_code, path, form) == (403, path, form)
    assert (served.payments(), served.batch(theirs["batch"]), served.batch(theirs["open"])) == before
