"""Who is paid: the first statement is in force, another one waits, and only a reasoned act changes it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from server.database import read, write
from server.exchange.tables import SubmissionRow
from server.subsidies import payee_changes, payees
from server.subsidies.payee_changes import Decision
from server.subsidies.payees import Statement
from server.subsidies.payments import Payee
from server.subsidies.tables import PayeeRow
from server.web import Problem
from sync.facts import Held, PropertyState
from sync.messages import Conflict

PAYEE = Payee("张三", "6228480402564890018", "农行泽州支行", "self")
OTHER = Payee("张三", "6217001234567890122", "建行泽州支行", "self")


@pytest.fixture
def say(registered, town):
    """`say("h1", payee, ref="list/2")`: a statement; answers the state it comes to."""

    def state(household: str, payee: Payee, source: str = "tablet", ref: str = "s1") -> str:
        with write(registered) as session:
            said = Statement(household, payee, source, ref, town.at, "surveyor")
            return payees.state(session, town.county, [said])[0].state

    return state


@pytest.fixture
def decide(registered, town):
    """`decide("change", "h1", OTHER, seen=1)` with a reason, at a later hour."""

    def act(
        name: str, household: str, what, *, seen: int, reason: str = "户主持存折来办", hours: int = 1
    ) -> None:
        with write(registered) as session:
            decision = Decision("clerk", town.later(hours), reason, seen)
            getattr(payee_changes, name)(session, town.county, household, what, decision)

    return act


def test_the_first_statement_is_in_force_and_another_one_waits(say, stated) -> None:
    assert say("h1", PAYEE) == "in_force"
    assert say("h1", OTHER, ref="s2") == "proposed"
    assert stated() == [
        ("h1", 1, "in_force", "张三", "0018", "tablet"),
        ("h1", 2, "proposed", "张三", "0122", "tablet"),
    ]


def test_the_same_again_is_nothing_and_what_is_left_unsaid_is_no_difference(say, stated) -> None:
    say("h1", PAYEE)
    assert say("h1", PAYEE, ref="s9") == say("h1", replace(PAYEE, bank="", relation=""), ref="s10") == ""
    assert say("h1", OTHER, ref="s2") == "proposed"
    assert say("h1", OTHER, ref="s3") == ""
    assert say("h1", replace(PAYEE, relation="child"), ref="s4") == "proposed"
    assert len(stated()) == 3


def test_what_was_dismissed_comes_back_only_from_somewhere_else(say, decide, stated) -> None:
    say("h1", PAYEE)
    say("h1", OTHER, ref="s2")
    decide("dismiss", "h1", 2, seen=1)
    assert say("h1", OTHER, ref="s2") == ""
    assert say("h1", OTHER, "list", "file/7") == "proposed"
    assert [row[2] for row in stated()] == ["in_force", "dismissed", "proposed"]


def test_adopting_a_proposal_is_a_new_statement_of_that_moment(
    registered, town, say, decide, stated, logged
) -> None:
    say("h1", PAYEE)
    say("h1", OTHER, ref="s2")
    decide("adopt", "h1", 2, seen=1, hours=5)
    assert [row[:3] for row in stated()] == [
        ("h1", 1, "replaced"),
        ("h1", 2, "adopted"),
        ("h1", 3, "in_force"),
    ]
    with read(registered) as session:
        row = session.get_one(PayeeRow, (town.county, "h1", 3))
        assert payees.in_force(session, town.county, ["h1", "h2"]) == {"h1": OTHER}
    assert (row.stated_at, row.stated_by, row.reason, row.source) == (
        town.later(5),
        "clerk",
        "户主持存折来办",
        "tablet",
    )
    assert logged()[-1].detail == {
        "原收款人": "张三 …0018 农行泽州支行 户主本人",
        "收款人": "张三 …0122 建行泽州支行 户主本人",
        "原因": "户主持存折来办",
    }
    assert "6217" not in str([line.detail for line in logged()])


def test_the_office_changes_for_a_reason_and_may_confirm_the_same(say, decide, stated) -> None:
    say("h1", PAYEE)
    decide("change", "h1", replace(OTHER, account="6217 0012 3456 7890 122"), seen=1)
    decide("change", "h1", OTHER, seen=2)
    assert [row[2:5] for row in stated()] == [
        ("replaced", "张三", "0018"),
        ("replaced", "张三", "0122"),
        ("in_force", "张三", "0122"),
    ]
    decide("change", "h2", PAYEE, seen=0)
    assert stated()[-1] == ("h2", 1, "in_force", "张三", "0018", "office")


@pytest.mark.parametrize(
    ("what", "seen", "reason", "said"),
    [
        (OTHER, 1, " ", "没有写明原因"),
        (OTHER, 1, "x" * 501, "没有写明原因"),
        (OTHER, 0, "x", "刚刚被别人改过"),
        (OTHER, 2, "x", "刚刚被别人改过"),
        (replace(OTHER, account="6.2E+18"), 1, "x", "科学计数法"),
        (replace(OTHER, holder="", account="12"), 1, "x", "没有填户名。不是账号"),
        (replace(OTHER, bank=""), 1, "x", "没有填开户银行"),
    ],
)
def test_a_change_that_is_not_whole_changes_nothing(
    say, decide, stated, what, seen: int, reason: str, said: str
) -> None:
    say("h1", PAYEE)
    with pytest.raises(Problem) as wrong:
        decide("change", "h1", what, seen=seen, reason=reason)
    assert said in wrong.value.message and len(stated()) == 1


def test_a_decided_proposal_is_not_decided_again(say, decide) -> None:
    say("h1", PAYEE)
    say("h1", OTHER, ref="s2")
    decide("dismiss", "h1", 2, seen=1)
    for act in ("adopt", "dismiss"):
        with pytest.raises(Problem, match="刚刚被别人改过"):
            decide(act, "h1", 2, seen=1)
    with pytest.raises(Problem, match="没有这一户"):
        decide("change", "nobody", PAYEE, seen=0)


def test_the_database_holds_one_payee_in_force(registered_anywhere, town) -> None:
    row = {
        "county": town.county,
        "household": "h1",
        "holder": "x",
        "account": "1",
        "bank": "",
        "relation": "",
        "state": "in_force",
        "source": "office",
        "source_ref": "",
        "stated_at": town.at,
        "stated_by": "",
        "reason": "",
    }
    with pytest.raises(IntegrityError), write(registered_anywhere) as session:
        session.add_all([PayeeRow(number=1, **row), PayeeRow(number=2, **row)])


def test_of_two_clerks_at_once_the_second_is_told(registered_anywhere, town) -> None:
    def change(payee: Payee, seen: int) -> str:
        try:
            with write(registered_anywhere) as session:
                decision = Decision("clerk", town.later(1), "x", seen)
                payee_changes.change(session, town.county, "h1", payee, decision)
        except Problem as wrong:
            return wrong.message
        return "done"

    assert change(PAYEE, 0) == "done"
    for round in range(1, 4):
        with ThreadPoolExecutor(2) as clerks:
            said = list(clerks.map(change, (OTHER, PAYEE), (round, round)))
        assert sorted(said) == ["done", "这一户的收款人刚刚被别人改过。"]
    with read(registered_anywhere) as session:
        rows = session.exec(select(PayeeRow).order_by(PayeeRow.number)).all()
    assert [row.state for row in rows] == ["replaced"] * 3 + ["in_force"]


def test_a_change_to_what_was_proposed_settles_the_proposal(say, decide, stated) -> None:
    say("h1", PAYEE)
    say("h1", OTHER, ref="s2")
    say("h1", replace(OTHER, relation="child"), ref="s3")
    decide("change", "h1", OTHER, seen=1)
    assert [row[2] for row in stated()] == ["replaced", "adopted", "proposed", "in_force"]


# ---- from tablets


def held(
    town: SimpleNamespace, conflicts: tuple[Conflict, ...] = (), submission: str = "s1", **values: str
) -> Held:
    said = {
        "household": "h1",
        "holder": "张三",
        "account": PAYEE.account,
        "bank": PAYEE.bank,
        "relation": "self",
        **values,
    }
    props = {name: PropertyState(value, 1, submission) for name, value in said.items()}
    return Held("payee", "p1", town.north, 1, props, conflicts, "2020-12-01T08:00:00.000Z")


def derive(engine, town: SimpleNamespace, *entities: Held) -> None:
    with write(engine) as session:
        payees.projection(session, town.county, entities, town.later(1))


def test_a_tablets_record_states_a_payee_once_with_its_surveyor(registered, town, stated) -> None:
    with write(registered) as session:
        session.add(
            SubmissionRow(
                county=town.county,
                id="s1",
                kind="submission",
                device="d",
                device_seq=1,
                village=town.north,
                person="王调查",
                form="payee",
                form_version="2020.1",
                observed_at="2020-11-30T09:00:00.000Z",
                received_at=town.at,
                position=0,
                clock_offset_s=0,
                outcome="applied",
                policy_version="",
                hash="",
                sent="{}",
                verdict="{}",
                traces="{}",
            )
        )
    derive(registered, town, held(town, account="6228 4804 0256 4890 018"))
    derive(registered, town, held(town))
    assert stated() == [("h1", 1, "in_force", "张三", "0018", "tablet")]
    with read(registered) as session:
        row = session.get_one(PayeeRow, (town.county, "h1", 1))
    assert (row.stated_by, row.stated_at.isoformat(), row.source_ref) == (
        "王调查",
        "2020-11-30T09:00:00+00:00",
        "s1",
    )


def test_a_later_record_that_differs_waits_for_the_office(registered, town, stated) -> None:
    derive(registered, town, held(town))
    derive(
        registered,
        town,
        held(town, submission="s2", account=OTHER.account, relation="other", relation_other="村干部"),
    )
    assert [row[2] for row in stated()] == ["in_force", "proposed"]
    with read(registered) as session:
        assert session.get_one(PayeeRow, (town.county, "h1", 2)).relation == "村干部"


def test_what_stands_in_conflict_is_proposed_too_and_once(registered, town, stated) -> None:
    mine = [
        Conflict(f"c{n}", name, "s2", None, value, "", "s1", "2020-12-01T09:00:00.000Z", "李调查")
        for n, (name, value) in enumerate({"account": OTHER.account, "bank": OTHER.bank}.items())
    ]
    for _ in range(2):
        derive(registered, town, held(town, tuple(mine)))
    assert [row[2:5] for row in stated()] == [("in_force", "张三", "0018"), ("proposed", "张三", "0122")]


def test_a_record_without_account_or_holder_states_nothing(registered, town, stated) -> None:
    derive(registered, town, held(town, account=" - "), replace(held(town), dataset="household"))
    assert stated() == []
