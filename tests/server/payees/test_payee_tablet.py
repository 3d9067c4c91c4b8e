"""From a tablet's real form to the payee in force: recorded once, another tablet's record waits for the office."""

import re
import uuid

import pytest
from sqlmodel import select

from server.database import read
from server.subsidies.tables import PayeeRow
from survey_forms import interview, released
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.codec import derived_id, to_text
from sync.messages import Submission, Target

VILLAGE = "140525100201"
CARD, OTHER = "6228480402564890018", "6217001234567890122"


@pytest.fixture(scope="module")
def form():
    return parse(next(xml for name, _, xml in released() if name == "payee"))


def _record(
    form,
    tablet,
    household: str,
    account: str,
    *,
    base_version: int = 0,
    base: dict | None = None,
    **others: str,
) -> Submission:
    """The payee form as a surveyor fills it in."""
    tablet.seq += 1
    payee = derived_id("payee", household)
    given = {
        "household_id": household,
        "payee_id": payee,
        "village": VILLAGE,
        "person": tablet.person,
        "head_name": "张三",
        "door_number": "1号",
    }
    local = tablet.clock()
    said = {"relation": "self", "holder": "张三", "bank": "农行泽州支行", "on_day": "2020-08-30", **others}
    said |= {"account": account, "account_again": account}
    owner = {name: said.pop(name) for name in ("relation", "holder", "relation_other") if name in said}
    answers = {"owner": owner, "bank_account": said}
    filled = interview.begin(form, Context(today=local.date(), now=local, given=given), answers)
    assert interview.faults(filled, "zh") == ()
    return Submission(
        id=str(uuid.uuid4()),
        device=tablet.device,
        device_seq=tablet.seq,
        previous_hash="",
        history=tablet.history,
        county="140525",
        village=VILLAGE,
        person=tablet.person,
        form="payee",
        form_version=form.version,
        observed_at=to_text(tablet.clock()),
        corrects=None,
        answers=interview.answers(filled),
        targets=(Target("payee", payee, base_version, base or {}, None),),
    )


def _rows(running) -> list[tuple[str, str, str, str]]:
    with read(running.app.state.engine) as session:
        found = session.exec(select(PayeeRow).order_by(PayeeRow.number)).all()
    return [(row.state, row.holder, row.account, row.stated_by) for row in found]


def test_a_record_is_in_force_and_what_another_tablet_says_waits(running, tablet, enrol, form) -> None:
    home = tablet.visit(VILLAGE, new_head="张三")
    household = home.targets[0].id
    first = _record(form, tablet, household, "6228 4804 0256 4890 018")
    reply = tablet.sync(running.address, home, first, held={VILLAGE: None})
    assert [verdict.outcome for verdict in reply.verdicts] == ["applied", "applied"]
    assert _rows(running) == [("in_force", "张三", CARD, tablet.person)]
    told = next(change.props["account"] for change in reply.changes if change.dataset == "payee")
    assert told == "…0018", "the whole account never travels back"
    # The same submission again, as after a lost reply.
    tablet.sync(running.address, first)
    assert len(_rows(running)) == 1

    other = enrol(running.app.state.engine, running.clock, VILLAGE)
    unaware = _record(form, other, household, OTHER)
    assert other.sync(running.address, unaware).verdicts[0].outcome == "conflict"
    assert _rows(running)[1:] == [("proposed", "张三", OTHER, other.person)]


def test_a_record_that_knew_of_the_first_waits_as_well(running, tablet, form) -> None:
    home = tablet.visit(VILLAGE, new_head="张三")
    household = home.targets[0].id
    tablet.sync(running.address, home, _record(form, tablet, household, CARD))
    seen = next(c for c in tablet.sync(running.address, held={VILLAGE: None}).changes if c.dataset == "payee")
    later = _record(
        form,
        tablet,
        household,
        OTHER,
        base_version=seen.version,
        base=dict(seen.props),
        relation="other",
        relation_other="受托的村干部",
        holder="李村长",
    )
    assert tablet.sync(running.address, later).verdicts[0].outcome == "applied"
    assert [row[:3] for row in _rows(running)] == [("in_force", "张三", CARD), ("proposed", "李村长", OTHER)]


def test_the_office_sees_where_a_payee_came_from(running, official, tablet, form, submit) -> None:
    home = tablet.visit(VILLAGE, new_head="张三")
    tablet.sync(running.address, home, _record(form, tablet, home.targets[0].id, CARD))
    submit("/people/add", "/people/new", name="审计", login="shenji", role="auditor", area="140525")
    # The administrator holds no right over money; whoever may look sees the end of the account alone.
    assert official.get("/finance/payees").status_code == 403
    record = next(
        row for row in re.findall(r"/submissions/140525/([\w-]+)", official.get("/submissions").text)
    )
    assert CARD not in official.get(f"/submissions/140525/{record}").text
