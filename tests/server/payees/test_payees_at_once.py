"""Two clerks decide about one proposed payee at the same moment: one does, the other is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from server.database import read, write
from server.subsidies import payee_changes, payees
from server.subsidies.payee_changes import Decision
from server.subsidies.payees import Statement
from server.subsidies.payments import Payee
from server.subsidies.tables import PayeeRow
from server.web import Problem

PAYEE = Payee("张三", "6228480402564890018", "农行泽州支行", "self")
OTHER = Payee("张三", "6217001234567890122", "建行泽州支行", "self")


@pytest.mark.parametrize("home", ["h1", "h2", "h3", "h4"])
def test_a_proposal_is_adopted_or_dismissed_and_never_both(registered_anywhere, town, home: str) -> None:
    with write(registered_anywhere) as session:
        said = [
            Statement(home, payee, "tablet", ref, town.at, "surveyor")
            for payee, ref in ((PAYEE, "1"), (OTHER, "2"))
        ]
        for each in said:
            payees.state(session, town.county, [each])

    def decide(act: str) -> str:
        try:
            with write(registered_anywhere) as session:
                decision = Decision("clerk", town.later(1), "已核实", 1)
                getattr(payee_changes, act)(session, town.county, home, 2, decision)
        except Problem as wrong:
            return wrong.message
        return act

    with ThreadPoolExecutor(2) as clerks:
        came = set(clerks.map(decide, ("adopt", "dismiss")))
    assert "这一户的收款人刚刚被别人改过。" in came
    [done] = came & {"adopt", "dismiss"}
    with read(registered_anywhere) as session:
        rows = session.exec(select(PayeeRow.state).order_by(PayeeRow.number)).all()
    assert rows == (["replaced", "adopted", "in_force"] if done == "adopt" else ["in_force", "dismissed"])
