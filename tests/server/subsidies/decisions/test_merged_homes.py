"""Homes that were registered twice and merged: one entitlement for the real home, and what was paid twice is found."""

from sqlalchemy import select, update
from sqlmodel import col

from server.database import read, write
from server.registry import aliases
from server.registry.duplicate_tables import Alias, HouseholdMerge
from server.registry.tables import Conversion, Household
from server.subsidies import balances, books, payees, review
from server.subsidies.known import known
from server.subsidies.payees import Statement
from server.subsidies.payment_views import TWICE, PaymentFilter, summed
from server.subsidies.payments import Payee, excess, paid_twice, payable
from server.subsidies.tables import PayeeRow, PaymentRow
from server.subsidies.verify import verify as prove

COUNTY, VILLAGE = "140427", "140427100201"


def merged(office, survivor: str = "h1", loser: str = "h2") -> None:
    """What a merge leaves in the register: an alias, and what belonged to the other under the one that lives on."""
    with write(office.engine) as session:
        session.add(
            HouseholdMerge(
                county=COUNTY, id="m1", survivor=survivor, loser=loser, village=VILLAGE, loser_village=VILLAGE,
                chosen={}, reason="同一户", merged_by="official", merged_at=office.now,
            )
        )  # fmt: skip
        session.add(
            Alias(
                county=COUNTY,
                dataset="household",
                id=loser,
                same_as=survivor,
                survivor=survivor,
                village=VILLAGE,
            )
        )
        session.delete(session.get_one(Household, (COUNTY, loser)))
        session.execute(
            update(Conversion).where(col(Conversion.household) == loser).values(household=survivor)
        )
        session.flush()
        payees.follow(session, COUNTY, (survivor, loser))
        review.accepted(session, COUNTY, (survivor, loser))


def separated(office, survivor: str = "h1", loser: str = "h2") -> None:
    with write(office.engine) as session:
        session.get_one(HouseholdMerge, (COUNTY, "m1")).undone_at = office.now
        session.delete(session.get_one(Alias, (COUNTY, "household", loser)))
        session.add(
            Household(county=COUNTY, id=loser, village=VILLAGE, version=9, extra={}, updated_at=office.now)
        )
        session.execute(update(Conversion).where(col(Conversion.id) == f"c-{loser}").values(household=loser))
        session.flush()
        payees.follow(session, COUNTY, (survivor, loser))
        review.accepted(session, COUNTY, (survivor, loser))


def pay(office, *, state: str = "credited") -> None:
    """Whatever was decided first for each home is paid to it."""
    with write(office.engine) as session:
        for row in office.decided():
            session.add(
                PaymentRow(
                    county=COUNTY, id=f"P{row.id}", batch="B1", village=row.village, household=row.household,
                    entitlement=row.id, settles=[row.id], amount_fen=row.amount_fen, shares=row.shares,
                    holder="户主", account="6228", bank="农行", relation="本人", state=state,
                    surveyed_by=["surveyor"], accepted_by=["official"], reason="", sent_on=None, booked_on=None,
                )
            )  # fmt: skip


def both(office):
    """Two registrations of one home, each with an accepted conversion."""
    office.accepted_home("h1")
    office.accepted_home("h2")


def money(office):
    with read(office.engine) as session:
        return (
            books.decided(session, COUNTY),
            books.payments(session, COUNTY),
            aliases.same_as(session, COUNTY),
        )


def test_one_entitlement_for_what_was_registered_twice(office) -> None:
    both(office)
    alone = {(row.component, row.season) for row in office.queue() if row.household == "h1"}
    merged(office)
    assert {(row.household, row.component, row.season) for row in office.queue()} == {
        ("h1", *each) for each in alone
    }
    office.decide()
    assert {row.household for row in office.decided()} == {"h1"}
    assert office.queue() == office.queue("correction") == []


def test_what_was_granted_to_both_is_not_granted_again_and_one_is_proposed_back(office) -> None:
    both(office)
    office.decide()
    granted = len(office.decided())
    merged(office)
    assert office.queue() == []
    back = office.queue("correction")
    assert {row.household for row in back} == {"h1"} and len(back) == granted // 2
    assert all("定了 2 次" in row.reason["zh"] for row in back)
    decided, _, same_as = money(office)
    assert payable(decided, (), same_as) == (), "held back until somebody has decided"
    office.decide("correction")
    decided, _, same_as = money(office)
    assert len(payable(decided, (), same_as)) == granted // 2


def test_paid_twice_is_a_finding_and_stays_two_payments(office) -> None:
    both(office)
    office.decide()
    pay(office)
    with read(office.engine) as session:
        assert summed(session, PaymentFilter(COUNTY, TWICE)).n == 0
    merged(office)
    decided, payments, same_as = money(office)
    twice = paid_twice(decided, payments, same_as)
    assert sum(each.amount_fen for each in twice) == sum(each.amount_fen for each in payments) // 2
    assert {each.household for each in twice} == {"h1"}
    with read(office.engine) as session:
        found = summed(session, PaymentFilter(COUNTY, TWICE))
        assert (found.n, found.fen) == (len(payments), sum(each.amount_fen for each in payments))
        assert len(known(session, COUNTY, ["h1"])["h1"].granted) == len(decided)
    assert {each.household for each in payments} == {"h1", "h2"}, "payments keep the id they were decided for"
    office.decide("correction")
    decided, payments, same_as = money(office)
    assert sum(each.amount_fen for each in excess(decided, payments, same_as)) == sum(
        each.amount_fen for each in twice
    )


def test_what_is_on_its_way_for_the_other_id_stops_a_batch(office) -> None:
    both(office)
    office.decide()
    pay(office, state="planned")
    with read(office.engine) as session:
        assert balances.overpaid(session, COUNTY, "B1") == {}
    merged(office)
    with read(office.engine) as session:
        assert set(balances.overpaid(session, COUNTY, "B1")) == {f"P{row.id}" for row in office.decided()}


def test_decisions_are_worked_out_again_as_homes_were_merged_then(office) -> None:
    both(office)
    office.decide()
    merged(office)
    office.now = office.now.replace(hour=office.now.hour + 1)
    office.decide("correction")
    with read(office.engine) as session:
        assert [
            each for each in prove(session, COUNTY, office.now).findings if each.check != "payments_booked"
        ] == []
    office.now = office.now.replace(hour=office.now.hour + 1)
    separated(office)
    with read(office.engine) as session:
        assert [each.check for each in prove(session, COUNTY, office.now).findings] == []
    assert {row.amount_fen > 0 for row in office.queue("correction")} == {True}, (
        "what was taken back is due again"
    )
    office.decide("correction")
    with read(office.engine) as session:
        assert [each.check for each in prove(session, COUNTY, office.now).findings] == []


def test_a_payee_comes_along_and_goes_back(office) -> None:
    both(office)
    with write(office.engine) as session:
        payees.state(
            session, COUNTY,
            [Statement("h2", Payee("张三", "62281234"), payees.LIST, "list/1", office.now, "clerk")],
        )  # fmt: skip
    merged(office)
    with read(office.engine) as session:
        assert payees.in_force(session, COUNTY, ["h1"])["h1"].holder == "张三"
        assert balances.payees_of(session, COUNTY, ["h1", "h2"]).keys() == {"h1", "h2"}
    separated(office)
    with read(office.engine) as session:
        assert payees.in_force(session, COUNTY, ["h1", "h2"]).keys() == {"h2"}
        assert {row.state for row in session.execute(select(PayeeRow)).scalars()} == {"in_force", "dismissed"}
