"""Every page of money over PostgreSQL: its types and its sums are stricter than SQLite's."""

from dataclasses import replace

import pytest

CLERK, CHIEF, CHECKER = "p-clerk", "p-chief", "p-checker"
FIRST, THIRD = "140525100201", "140525200201"


@pytest.fixture
def settings(settings, new_postgres):
    """As every test's, over PostgreSQL."""
    return replace(settings, database_url=new_postgres())


def test_every_page_of_money_opens_over_postgresql(served, clerk, at_the_bank, said) -> None:
    served.homes(3, FIRST)
    served.homes(1, THIRD)
    served.homes(1, THIRD, payee=False)
    address = at_the_bank("140525100")
    id = address.rpartition("/")[2]
    first, second, third = served.payments(id)
    served.take_in(id, [said(first), said(second, "returned"), said(third, amount_fen=1)])
    open_batch = served.prepare(title="二号镇")
    pages = (
        "/finance", "/finance?area=140525100", "/finance.xlsx", "/finance/payments?state=to_repay&q=zhang",
        "/finance/payments?state=at_the_bank&component=operating&season=2020-2021", "/finance/payments.xlsx",
        f"/finance/payments/140525/{second.id}", "/finance/batches", "/finance/batches?state=locked&mine=1",
        "/finance/batches.xlsx", address, f"{address}?q=5&state=sent&village={FIRST}", f"{address}/print",
        f"{address}/payments.xlsx", f"/finance/batches/140525/{open_batch}", "/finance/returns",
        f"/finance/returns?batch={id}&show=settled", "/finance/returns.xlsx",
    )  # fmt: skip
    for person in (CHIEF, CHECKER):
        assert {page: clerk(person).get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
    for page in (
        "/finance/batches/new?area=140525",
        f"/finance/batches/new?follows={id}",
        "/finance/batches/new.xlsx",
    ):
        assert clerk(CLERK).get(page).status_code == 200
    served.check()
