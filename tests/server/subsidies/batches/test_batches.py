"""Batches in the database: what is put in, who may take which step, and what never happens twice."""

import threading
from datetime import date

import pytest
from sqlmodel import select

from server import database
from server.access.tables import Audit
from server.subsidies import batches
from server.subsidies.batch_rows import StepRefused
from server.subsidies.batches import Asked
from server.subsidies.tables import BatchActRow

CLERK, SECOND_CLERK, CHIEF, CHECKER, SURVEYOR, OFFICIAL = (
    "p-clerk", "p-second", "p-chief", "p-checker", "p-surveyor", "p-official",
)  # fmt: skip
FIRST, SECOND, THIRD = "140525100201", "140525100202", "140525200201"


def codes(refusal: pytest.ExceptionInfo[StepRefused]) -> list[str]:
    return [each.code for each in refusal.value.reasons]


def test_the_way_of_a_batch_leaves_acts_log_lines_and_entries(office) -> None:
    homes = office.homes(3)
    id = office.sent()
    assert [each.state for each in office.payments(id)] == ["sent"] * 3
    row = office.batch(id)
    assert (row.number, row.state, row.area, row.revision) == (1, "sent", FIRST, 4)
    with database.read(office.engine) as session:
        acts = list(session.exec(select(BatchActRow).order_by(BatchActRow.number)))
        lines = list(session.exec(select(Audit).where(Audit.subject == f"payment_batch/140525/{id}")))
    assert [(act.verb.partition(".")[2], act.person) for act in acts] == [
        ("prepare", CLERK), ("lock", CLERK), ("approve", CHIEF), ("send", SECOND_CLERK),
    ]  # fmt: skip
    assert sorted(line.verb for line in lines) == sorted(act.verb for act in acts)
    assert all(line.detail["批次号"] == "1" and line.detail["笔数"] == "3" for line in lines)
    assert {each.household for each in office.payments()} == set(homes)
    office.check()


def test_a_question_is_held_to_area_component_season_and_day(small_office) -> None:
    office = small_office
    office.homes(2, FIRST)
    office.homes(1, SECOND, component="construction", season="once")
    office.homes(1, THIRD, due_on=date(2021, 3, 1))
    assert [len(office.preview(**q).items) for q in (
        {}, {"area": "140525100"}, {"area": SECOND}, {"component": "operating"}, {"season": "once"},
        {"until": date(2021, 3, 1)}, {"until": date(2020, 10, 31)},
    )] == [3, 3, 1, 2, 1, 4, 0]  # fmt: skip


def test_who_is_left_out_and_why(small_office, said) -> None:
    office = small_office
    office.homes(1)
    office.homes(2, payee=False)
    disputed = office.homes(1)[0]
    office.payee(disputed, "6228999", state="proposed")
    assert office.preview().left_by_reason == {"no_payee": (2, 480_000), "disputed": (1, 240_000)}
    assert office.preview(person=SURVEYOR).left_by_reason["own"] == (1, 240_000)
    assert len(office.preview().items) == 1
    id = office.sent()
    office.take_in(id, [said(each, "returned") for each in office.payments(id)])
    assert office.preview().left_by_reason["returned"] == (1, 240_000)


def test_what_changed_since_the_preview_is_not_written(small_office) -> None:
    small_office.homes(2)
    seen = small_office.preview()
    small_office.homes(1)
    with pytest.raises(StepRefused) as refusal:
        small_office.prepare(seen=(len(seen.items), seen.total_fen))
    assert codes(refusal) == ["other_than_seen"]
    assert small_office.payments() == ()


def test_nothing_owed_is_told_with_the_batch_that_holds_it(small_office) -> None:
    small_office.homes(2)
    small_office.prepare(title="第一次")
    with pytest.raises(StepRefused) as refusal:
        small_office.prepare()
    assert codes(refusal) == ["nothing_owed", "held_elsewhere"]
    assert "第 1 批（第一次）里已有其中 2 笔" in refusal.value.message


@pytest.mark.parametrize("person", [CLERK, OFFICIAL, SURVEYOR])
def test_nobody_approves_what_they_had_a_hand_in(small_office, person: str) -> None:
    small_office.homes(2)
    id = small_office.prepare()
    small_office.step(id, "lock", CLERK)
    with pytest.raises(StepRefused) as refusal:
        small_office.step(id, "approve", person)
    assert codes(refusal) == ["other_duty"]
    assert small_office.batch(id).state == "locked"
    small_office.check()


def test_two_who_look_at_the_same_batch_the_second_is_told(small_office) -> None:
    small_office.homes(2)
    id = small_office.prepare()
    seen = small_office.batch(id).revision
    small_office.step(id, "lock", CLERK)
    with pytest.raises(StepRefused) as refusal:
        small_office.step(id, "discard", SECOND_CLERK, reason="重编", revision=seen)
    assert codes(refusal) == ["changed"]


def test_two_clerks_at_once_pay_nobody_twice(office) -> None:
    """Both look, then both submit at the same moment, each into a batch of their own."""
    office.homes(40)
    seen = office.preview()
    came: list[str] = []
    ready = threading.Barrier(2)

    def submit(person: str) -> None:
        asked = Asked(office.wanted(), len(seen.items), seen.total_fen, f"{person} 的批次")
        by = office.by(person)
        ready.wait()
        try:
            with database.write(office.engine) as session:
                batches.prepare(session, asked, by)
            came.append("done")
        except StepRefused as refusal:
            came.append(refusal.reasons[-1].code)

    threads = [threading.Thread(target=submit, args=(person,)) for person in (CLERK, SECOND_CLERK)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["done", "held_elsewhere"]
    assert len(office.payments()) == 40 and len({each.household for each in office.payments()}) == 40
    office.check()


def test_the_database_refuses_a_second_live_payment_and_names_the_batch(office) -> None:
    """Two open batches take in the same money at once: neither holds the other up, the index decides."""
    kept = office.homes(1, THIRD)
    office.prepare(title="甲")
    office.homes(1, THIRD)
    second = office.prepare(SECOND_CLERK, title="乙")
    office.homes(3, FIRST)
    first, revisions = office.payments()[0].id, {}
    assert first and kept
    ids = [_id_by_title(office, title) for title in ("甲", "乙")]
    assert ids[1] == second
    revisions = {id: office.batch(id).revision for id in ids}
    came, ready = [], threading.Barrier(2)

    def add(id: str, person: str) -> None:
        asked = Asked(office.wanted(area=FIRST), 3, 720_000, into=id)
        by = office.by(person, revisions[id])
        ready.wait()
        try:
            with database.write(office.engine) as session:
                batches.prepare(session, asked, by)
            came.append("done")
        except StepRefused as refusal:
            came.append(refusal.message)

    threads = [
        threading.Thread(target=add, args=each) for each in zip(ids, (CLERK, SECOND_CLERK), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [each for each in came if each != "done"]
    assert len(told) == 1 and "里已有其中 3 笔" in told[0]
    assert len(office.payments()) == 5
    office.check()


def _id_by_title(office, title: str) -> str:
    from server.subsidies.tables import BatchRow

    with database.read(office.engine) as session:
        return session.exec(select(BatchRow.id).where(BatchRow.title == title)).one()


def test_a_locked_batch_keeps_its_payee(small_office) -> None:
    home = small_office.homes(1)[0]
    id = small_office.prepare()
    small_office.payee(home, "62280002")
    small_office.step(id, "lock", CLERK)
    assert small_office.payments(id)[0].payee.account == "62280002"
    small_office.payee(home, "62280003")
    small_office.step(id, "approve", CHIEF)
    small_office.step(id, "send", CLERK)
    assert small_office.payments(id)[0].payee.account == "62280002"


def test_locking_tells_every_reason_at_once_and_what_blocks_can_be_taken_out(small_office) -> None:
    office = small_office
    corrected, lost, disputed, fine = office.homes(4)
    id = office.prepare()
    office.correct(corrected, -40_000)
    with database.write(office.engine) as session:
        from server.subsidies.tables import PayeeRow

        session.exec(select(PayeeRow).where(PayeeRow.household == lost)).one().state = "replaced"
    office.payee(disputed, "62280002", state="proposed")
    with pytest.raises(StepRefused) as refusal:
        office.step(id, "lock", CLERK)
    assert codes(refusal) == ["no_payee", "too_much", "in_dispute"]
    assert office.take_out(id, None) == 3
    assert [each.household for each in office.payments(id) if each.state == "planned"] == [fine]
    office.step(id, "lock", CLERK)
    # What was taken out is owed as it is now.
    again = office.preview()
    assert [(item.owed.household, item.owed.amount_fen) for item in again.items] == [(corrected, 200_000)]
    office.check()


def test_a_correction_after_approval_keeps_the_batch_from_the_bank(small_office) -> None:
    home = small_office.homes(2)[0]
    id = small_office.prepare()
    small_office.step(id, "lock", CLERK)
    small_office.step(id, "approve", CHIEF)
    small_office.correct(home, -240_000)
    with pytest.raises(StepRefused) as refusal:
        small_office.step(id, "send", SECOND_CLERK)
    assert codes(refusal) == ["too_much"]
    small_office.step(id, "reject", CHIEF, reason="有更正")
    assert small_office.take_out(id, None) == 1
    assert small_office.batch(id).state == "open"
    small_office.check()


def test_a_discarded_batch_pays_nothing_and_what_it_held_is_owed_again(small_office) -> None:
    small_office.homes(2)
    id = small_office.prepare()
    with pytest.raises(StepRefused) as refusal:
        small_office.step(id, "discard", CLERK)
    assert codes(refusal) == ["no_reason"]
    small_office.step(id, "discard", CLERK, reason="编错了")
    assert {each.state for each in small_office.payments(id)} == {"dropped"}
    with database.read(small_office.engine) as session:
        line = session.exec(select(Audit).where(Audit.verb == "payment_batch.discard")).one()
    assert line.detail["笔数"] == "2"
    assert len(small_office.preview().items) == 2
    small_office.check()


def test_payments_are_taken_out_and_others_added_while_a_batch_is_open(small_office) -> None:
    office = small_office
    office.homes(3)
    id = office.prepare()
    assert office.take_out(id, [office.payments(id)[0].id]) == 1
    with pytest.raises(StepRefused) as refusal:
        office.take_out(id, ["nobody"])
    assert codes(refusal) == ["none_chosen"]
    office.prepare(into=id)
    live = [each for each in office.payments(id) if each.state == "planned"]
    assert len(live) == 3 and len({each.id for each in office.payments(id)}) == 4
    office.step(id, "lock", CLERK)
    with pytest.raises(StepRefused):
        office.take_out(id, [live[0].id])
    office.check()
