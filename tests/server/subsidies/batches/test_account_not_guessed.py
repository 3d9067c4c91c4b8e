"""A search shows four digits of an account: whoever may search must not find out the others one by one."""

import pytest

from server import database
from server.subsidies import payee_views, payment_views
from server.subsidies.payee_views import PayeeFilter
from server.subsidies.payment_views import PaymentFilter

COUNTY, FIRST = "140525", "140525100201"


@pytest.mark.parametrize(("chars", "found"), [(4, 1), (5, 0), (18, 0), (19, 1)])
def test_an_account_is_found_by_what_is_shown_of_it_or_whole(small_office, chars: int, found: int) -> None:
    small_office.homes(2, FIRST)
    account = small_office.payments(small_office.prepare())[0].payee.account
    assert len(account) == 19
    q = account[-chars:]
    with database.read(small_office.engine) as session:
        assert payment_views.summed(session, PaymentFilter(COUNTY, q=q)).n == found
        assert payee_views.counts(session, PayeeFilter(COUNTY, q=q))["known"] == found
        spaced = f"{q[:2]} {q[2:]}"
        assert payee_views.counts(session, PayeeFilter(COUNTY, q=spaced))["known"] == found
