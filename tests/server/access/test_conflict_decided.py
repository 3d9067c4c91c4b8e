"""An official decides a conflict on the page: both sides shown, one chosen with a reason, everybody told."""

import pytest

from server.access.tables import Audit
from server.database import read
from server.exchange.tables import SubmissionRow
from server.web.figures import moment

NORTH = "140525100201"


@pytest.fixture
def dispute(running, tablet, enrol):
    """Two tablets that wrote another remark about one home; the first came first. (tablets, page, conflict)."""
    other = enrol(running.app.state.engine, running.clock, NORTH)
    first = tablet.visit(NORTH, new_head="张三", remark="原来")
    seen = tablet.sync(running.address, first, held={NORTH: None}).changes[0]
    home = {"household": seen.id, "base_version": seen.version, "base": seen.props}
    tablet.sync(running.address, tablet.visit(NORTH, **home, remark="甲"))
    reply = other.sync(running.address, other.visit(NORTH, **home, remark="乙"), held={NORTH: None})
    state = reply.changes[0]
    return tablet, f"/conflicts/140525/household/{seen.id}", state


def _home(running, tablet):
    return tablet.sync(running.address, held={NORTH: None}).changes[0]


@pytest.fixture
def decide(somebody):
    """Posts a decision as the township's official."""
    client = somebody("township_official", "140525100")

    def post(page: str, **fields: str):
        return client.post(page, data={f"side.{k}" if k == "remark" else k: v for k, v in fields.items()})

    return post


def test_the_value_that_was_not_taken_is_let_in(running, dispute, decide, official) -> None:
    tablet, page, state = dispute
    shown = official.get(page).text
    for words in ("甲", "乙", "原来", "登记中的值", "未采用的值"):
        assert words in shown
    # Both sides by name and time: the registry's value is not merely "there".
    assert shown.count(moment(running.clock())) == 2
    done = decide(page, remark=state.conflicts[0].id, reason="电话核实", version=str(state.version))
    assert (done.status_code, done.headers["location"]) == (303, "/conflicts?done=1")
    assert "没有未决的冲突" in official.get("/conflicts").text
    home = _home(running, tablet)
    assert (home.props["remark"], home.conflicts) == ("乙", ())
    assert "可能刚刚已由别人决定" in official.get(page).text


def test_the_decision_is_a_record_and_a_line_in_the_log(running, dispute, decide, official) -> None:
    tablet, page, state = dispute
    decide(page, remark="registry", reason="入户看过", version=str(state.version))
    assert _home(running, tablet).props["remark"] == "甲"
    with read(running.app.state.engine) as session:
        line = session.query(SubmissionRow).filter(SubmissionRow.form == "conflict").one()
        audited = session.query(Audit).filter(Audit.verb == "conflict.decide").one()
    assert (line.kind, line.person) == ("office", audited.person)
    assert audited.detail == {"字段数": "1", "理由": "入户看过"}
    record = official.get(f"/submissions/140525/{line.id}").text
    assert "对冲突的决定" in record and "入户看过" in record
    assert "对冲突的决定" in official.get(f"/households/140525/{state.id}").text


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"reason": "看过"}, 400, "一项也没有选"),
        ({"remark": "", "reason": "看过"}, 400, "一项也没有选"),
        ({"remark": "registry", "reason": "  "}, 400, "没有写明理由"),
        ({"remark": "registry", "reason": "长" * 501}, 400, "没有写明理由"),
        ({"remark": "registry", "reason": "看过", "version": "1"}, 409, "刚刚又有变化"),
        ({"remark": "nothing of the kind", "reason": "看过"}, 409, "刚刚又有变化"),
    ],
)
def test_what_cannot_be_decided_is_told_and_decides_nothing(
    running, dispute, decide, fields, status, message
) -> None:
    tablet, page, state = dispute
    refused = decide(page, **{"version": str(state.version), **fields})
    assert refused.status_code == status and message in refused.text
    assert _home(running, tablet).version == state.version


def test_two_officials_at_once_decide_once(running, dispute, decide) -> None:
    tablet, page, state = dispute
    first = decide(page, remark="registry", reason="一", version=str(state.version))
    second = decide(page, remark=state.conflicts[0].id, reason="二", version=str(state.version))
    assert (first.status_code, second.status_code) == (303, 409)
    assert _home(running, tablet).props["remark"] == "甲"


def test_only_the_townships_own_official_decides(dispute, somebody) -> None:
    _, page, state = dispute
    fields = {"side.remark": "registry", "reason": "看过", "version": str(state.version)}
    for role, area in (("township_official", "140525200"), ("auditor", "140525")):
        assert somebody(role, area).post(page, data=fields).status_code == 403
    assert "由乡镇干部决定" in somebody("auditor", "140525").get(page).text
    assert somebody("township_official", "140525100").get(page[:-1] + "x").status_code == 404
