"""Whatever is stated and decided in whatever order: one payee in force at most, moved by a person's decision alone."""

import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from server.database import read, write
from server.registry.tables import Household
from server.subsidies import payee_changes, payees
from server.subsidies.payee_changes import Decision
from server.subsidies.payees import Statement
from server.subsidies.payments import Payee
from server.subsidies.tables import PayeeRow

PAYEES = tuple(
    Payee("张三", f"6228480{number:05}", "农行", relation)
    for number in range(3)
    for relation in ("self", "child")
)
STATED = st.tuples(st.just("state"), st.sampled_from(PAYEES), st.sampled_from(["s1", "s2", "list/1"]))
DECIDED = st.tuples(st.sampled_from(["change", "adopt", "dismiss"]), st.sampled_from(PAYEES), st.just(""))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STATED | DECIDED, max_size=10))
def test_only_a_decision_moves_the_money(registered, town, steps) -> None:
    home, before = uuid.uuid4().hex, []
    with write(registered) as session:
        session.add(
            Household(
                county=town.county, id=home, village=town.north, version=1, extra={}, updated_at=town.at
            )
        )
    for hour, (act, payee, ref) in enumerate(steps):
        with write(registered) as session:
            decided = _take(session, town, home, act, payee, ref, hour)
        after = _rows(registered, town.county, home)
        standing, stood = _in_force(after), _in_force(before)
        assert len([row for row in after if row.state == "in_force"]) <= 1
        assert stood is None or decided or standing == stood, (
            "money goes where it went until somebody decides"
        )
        assert standing is not None or not after
        said = [(row.number, row.holder, row.account, row.stated_at, row.stated_by) for row in before]
        assert [(row.number, row.holder, row.account, row.stated_at, row.stated_by) for row in after][
            : len(said)
        ] == said
        assert all(row.reason for row in after if row.state in ("adopted", "dismissed"))
        before = after


def _take(session, town, home: str, act: str, payee: Payee, ref: str, hour: int) -> bool:
    """Takes a step that is possible; answers whether it was a decision."""
    if act == "state":
        payees.state(
            session, town.county, [Statement(home, payee, "tablet", ref, town.later(hour), "surveyor")]
        )
        return False
    rows = session.exec(select(PayeeRow).where(PayeeRow.household == home)).all()
    seen = next((row.number for row in rows if row.state == "in_force"), 0)
    decision = Decision("clerk", town.later(hour), "已核实", seen)
    if act == "change":
        payee_changes.change(session, town.county, home, payee, decision)
        return True
    waiting = next((row.number for row in rows if row.state == "proposed"), None)
    if waiting is None:
        return False
    {"adopt": payee_changes.adopt, "dismiss": payee_changes.dismiss}[act](
        session, town.county, home, waiting, decision
    )
    return act == "adopt"


def _rows(engine, county: str, home: str) -> list[PayeeRow]:
    with read(engine) as session:
        found = select(PayeeRow).where(PayeeRow.county == county, PayeeRow.household == home)
        return list(session.exec(found.order_by(PayeeRow.number)).all())


def _in_force(rows: list[PayeeRow]) -> Payee | None:
    return next((payees.payee_of(row) for row in rows if row.state == "in_force"), None)
