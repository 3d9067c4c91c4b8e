"""Two surveyors, one household, and a line that is cut at the worst moment: nothing lost, nothing doubled."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlmodel import col, select

from server.database import read
from server.exchange.tables import SubmissionRow
from server.lab.headless import tasks


def _converted(homes):
    """A home whose conversion is installed and connected at the end of its year, and the last recording of it."""
    for home in homes:
        connected = home.conversion and home.conversion.stages.connected_on
        if home.registered_on and connected and home.conversion.kind != "clean_coal":
            return home, tasks([home])[-1].recording
    raise AssertionError("a synthetic county without conversions")


def _journal(county):
    with read(county.engine) as session:
        return session.exec(select(SubmissionRow).order_by(col(SubmissionRow.received_at))).all()


def test_a_reply_lost_after_the_commit_and_a_household_edited_twice(county, surveyor, cut):
    li, wang = surveyor("li"), surveyor("wang")
    home, connected = _converted(county.homes)
    others = [each for each in county.homes if each.registered_on and each.number != home.number]

    # One household both know.
    household = li.registers(home)
    assert li.reports(county.address).problem is None
    assert wang.reports(county.address).received_n >= 1
    assert li.reports(county.address).problem is None

    # Both work offline; both change the same telephone number, each to another one.
    mine = li.changes(household, {"/data/basics/phone": "15400000001"})
    li.converts(home, connected)
    li.registers(others[0])
    theirs = wang.changes(household, {"/data/basics/phone": "15400000002"})
    wang.registers(others[1])
    wang.registers(others[2])

    # Li's reply is cut off after the server has committed.
    account = li.reports(cut.address)
    assert account.problem is not None
    assert account.problem.code == "cut"
    assert cut.answered >= 1  # a lost request is tried again within the contact
    assert li.states()[mine.id] == "waiting", "no receipt, so not safe yet"
    assert {row.id for row in _journal(county)} >= {each.id for each in li.made}

    # Wang reports next and meets Li's number; then Li reports again over a good line.
    assert wang.reports(county.address).conflict_n == 1
    again = li.reports(county.address)
    assert again.problem is None
    assert li.states()[mine.id] in ("sent_safe", "merged")
    assert wang.states()[theirs.id] == "conflict"

    # Nothing lost, nothing doubled.
    rows = _journal(county)
    assert sorted(row.id for row in rows) == sorted(each.id for each in [*li.made, *wang.made])
    counted = county.api("/api/v1/coverage/140525")
    assert counted["households"] == 4
    assert counted["converted"] == 1
    kind = home.conversion.kind
    assert counted["converted_by_kind"][kind] == {"installed": 1, "connected": 1}
    known = [home, *others[:3]]
    heated = [each for each in known if each.house.not_heated_reason is None]
    clean = [each for each in heated if each is home or each.house.clean_before]
    assert home in clean
    assert (counted["heated"], counted["not_heated"]) == (len(heated), len(known) - len(heated))
    rate = float(round(Decimal(100 * len(clean)) / len(heated), 2))
    assert counted["clean"]["households"] == {"clean": len(clean), "heated": len(heated), "rate": rate}
    listed = county.page("/households?area=140525&situation=clean")
    assert {each.number for each in known if each.house.head_name in listed} == {
        each.number for each in clean
    }

    # The conflict is seen on both tablets and in the office, with all three values.
    assert wang.reports(county.address).problem is None
    for one in (li, wang):
        shown = one.tablet.replica.entity("household", household)
        (conflict,) = shown.conflicts
        assert (conflict.property, conflict.mine, conflict.theirs) == ("phone", "15400000002", "15400000001")
        assert conflict.base == home.house.phone
        assert shown.props["phone"] == "15400000001"
    page = county.page("/conflicts")
    assert all(value in page for value in ("15400000001", "15400000002", home.house.phone))
    assert "模拟数据" in page


def test_a_rejected_record_is_kept_explained_and_corrected(county, surveyor):
    li = surveyor("li")
    home = next(each for each in county.homes if each.registered_on)
    household = li.registers(home)
    li.reports(county.address)
    wrong = li.changes(household, {"/data/house/rooms_n": "5"})
    assert li.reports(county.address).problem is None
    assert li.states()[wrong.id] == "sent_safe"

    # A tablet whose form let something through that the released form does not allow.
    draft = li.tablet.replica.begin_correction(wrong.id)
    answers = dict(draft.answers) | {"house": dict(draft.answers["house"]) | {"rooms_n": "5000"}}
    refused = li.tablet.replica.submit(
        draft.id, answers, {"household": {"rooms_n": "5000"}}, datetime.now(UTC)
    )
    assert li.reports(county.address).rejected_n == 1
    record = li.tablet.replica.record(refused.id)
    assert record.state == "rejected"
    assert record.verdict.code == "constraint"
    assert record.verdict.faults == (("/data/house/rooms_n", "房间数应在1至50之间"),)
    status = li.tablet.replica.status()
    assert (status.rejected_n, status.safe_to_hand_in) == (1, True), (
        "it is safe at the office, and asks for a person"
    )

    # Corrected, it arrives; the household never held the wrong number.
    draft = li.tablet.replica.begin_correction(refused.id)
    answers = dict(draft.answers) | {"house": dict(draft.answers["house"]) | {"rooms_n": "6"}}
    li.tablet.replica.submit(draft.id, answers, {"household": {"rooms_n": "6"}}, datetime.now(UTC))
    assert li.reports(county.address).problem is None
    assert li.tablet.replica.entity("household", household).props["rooms_n"] == "6"
    assert li.tablet.replica.status().rejected_n == 0
    assert refused.id in {row.id for row in _journal(county)}, "kept for ever, with its verdict"
