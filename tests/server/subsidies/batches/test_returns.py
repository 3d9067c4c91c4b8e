"""Return files in the database: booked once, waiting with a reason, and never by half."""

from datetime import date

import pytest
from sqlmodel import select

from server import database
from server.subsidies.batch_rows import StepRefused
from server.subsidies.reconcile import Said
from server.subsidies.returns import FileRefused
from server.subsidies.tables import EntryRow, ReturnFileRow, ReturnRowRow

CLERK, SECOND_CLERK, CHIEF, CHECKER, SURVEYOR, OFFICIAL = (
    "p-clerk", "p-second", "p-chief", "p-checker", "p-surveyor", "p-official",
)  # fmt: skip
FIRST = "140525100201"


def codes(refusal: pytest.ExceptionInfo[StepRefused]) -> list[str]:
    return [each.code for each in refusal.value.reasons]


def rows(office, table) -> list:
    with database.read(office.engine) as session:
        return list(session.exec(select(table)))


def test_a_file_is_booked_and_kept_whole_and_the_same_file_changes_nothing(office, said) -> None:
    office.homes(3)
    id = office.sent()
    first, second, third = office.payments(id)
    file = [said(first), said(second, "returned"), said(third, amount_fen=240_001)]
    taken = office.take_in(id, file)
    assert (taken.credited_n, taken.returned_n, taken.waiting_n, taken.repeated_n) == (1, 1, 1, 0)
    assert [each.state for each in office.payments(id)] == ["credited", "returned", "sent"]
    assert office.payments(id)[1].reason == "户名不符"
    assert [(each.why, each.gap_fen) for each in office.waiting(id)] == [("amount_off", 1)]
    before = [rows(office, table) for table in (ReturnFileRow, ReturnRowRow, EntryRow)]
    again = office.take_in(id, file)
    assert again.changed_nothing and again.same_file
    # Other bytes, the same rows in another order: nothing new either.
    assert office.take_in(id, file[::-1]).changed_nothing
    assert [rows(office, table) for table in (ReturnFileRow, ReturnRowRow, EntryRow)] == before
    assert before[0][0].content and len(before[0][0].sha256) == 64
    office.check()


def test_a_second_file_brings_what_the_first_lacked(small_office, said) -> None:
    office = small_office
    office.homes(3)
    id = office.sent()
    first, second, third = office.payments(id)
    office.take_in(id, [said(first)])
    taken = office.take_in(id, [said(first), said(second), said(third, "returned")])
    assert (taken.credited_n, taken.returned_n, taken.waiting_n, taken.repeated_n) == (1, 1, 0, 1)
    office.step(id, "reconcile", CHECKER)
    office.step(id, "close", CHIEF)
    office.check()


def test_another_batchs_file_and_a_strangers_are_refused_whole(small_office, said) -> None:
    office = small_office
    office.homes(2)
    first = office.sent(title="甲")
    office.homes(2)
    second = office.sent(title="乙")
    with pytest.raises(FileRefused) as refusal:
        office.take_in(second, [said(each) for each in office.payments(first)])
    assert refusal.value.faults == ("这是第 1 批（甲）的回盘，不是本批次的。",)
    with pytest.raises(FileRefused) as refusal:
        office.take_in(second, [Said("x", "6228", 1, "credited", "", date(2030, 1, 1))])
    assert len(refusal.value.faults) == 2
    assert rows(office, ReturnFileRow) == []
    # One stray row of it waits, and does not hold back the rest.
    mine, stray = office.payments(second)[0], office.payments(first)[0]
    assert office.take_in(second, [said(mine), said(stray)]).credited_n == 1
    assert [(each.why, each.other_batch) for each in office.waiting(second)] == [("other_batch", first)]


def test_a_batch_that_is_not_at_the_bank_takes_no_file(small_office, said) -> None:
    small_office.homes(1)
    id = small_office.prepare()
    with pytest.raises(StepRefused) as refusal:
        small_office.take_in(id, [said(small_office.payments(id)[0])])
    assert codes(refusal) == ["no_return_yet"]


def test_waiting_rows_are_settled_with_a_reason_by_somebody_of_no_other_duty(small_office, said) -> None:
    office = small_office
    office.homes(2)
    id = office.sent()
    first, second = office.payments(id)
    office.take_in(id, [said(first), said(second), Said("x", "6228", 1, "credited", "", None)])
    row = office.waiting(id)[0]
    place = [(row.file, row.number)]
    with pytest.raises(StepRefused) as refusal:
        office.step(id, "reconcile", CHECKER)
    assert codes(refusal) == ["waiting"]
    with pytest.raises(StepRefused) as refusal:
        office.settle(id, place, "keep", CHIEF, reason="")
    assert codes(refusal) == ["other_duty", "no_reason"]
    with pytest.raises(StepRefused) as refusal:
        office.settle(id, place, "take")
    assert codes(refusal) == ["row_not_bookable"]
    assert office.settle(id, place, "keep") == 1
    with pytest.raises(StepRefused) as refusal:
        office.settle(id, place, "keep")
    assert codes(refusal) == ["settled_already"]
    office.step(id, "reconcile", CHECKER)
    office.check()


def test_of_contradicting_rows_a_person_takes_one(small_office, said) -> None:
    office = small_office
    office.homes(1)
    id = office.sent()
    payment = office.payments(id)[0]
    file = [said(payment), said(payment, "returned")]
    assert office.take_in(id, file).waiting_n == 2
    good, bad = office.waiting(id)
    with pytest.raises(StepRefused) as refusal:
        office.settle(id, [(good.file, good.number), (bad.file, bad.number)], "take")
    assert codes(refusal) == ["chosen_twice"]
    office.settle(id, [(bad.file, bad.number)], "take")
    office.settle(id, [(good.file, good.number)], "keep")
    assert office.payments(id)[0].state == "returned"
    assert office.take_in(id, [*file, file[0]][:2][::-1]).changed_nothing
    office.check()


def test_the_books_are_read_once_however_many_rows_are_settled(small_office, said, asked) -> None:
    office = small_office
    office.homes(3)
    id = office.sent()
    office.take_in(id, [said(each) for each in office.payments(id)])
    office.take_in(id, [said(each, "returned") for each in office.payments(id)])
    waiting = office.waiting(id)
    with asked(office.engine) as sent:
        assert office.settle(id, [(row.file, row.number) for row in waiting], "take") == 3
    assert {payment.state for payment in office.payments(id)} == {"returned"}
    assert len([each for each in sent if each.startswith("SELECT") and "FROM ledger_entry" in each]) == 1
    office.check()


def test_a_credit_the_bank_takes_back_is_reversed_and_owed_again(small_office, said) -> None:
    office = small_office
    home = office.homes(1)[0]
    id = office.sent()
    payment = office.payments(id)[0]
    office.take_in(id, [said(payment)])
    office.step(id, "reconcile", CHECKER)
    assert office.take_in(id, [said(payment, "returned")]).waiting_n == 1
    row = office.waiting(id)[0]
    assert row.why == "answered_otherwise"
    with pytest.raises(StepRefused):
        office.step(id, "close", CHIEF)
    office.settle(id, [(row.file, row.number)], "take")
    assert office.payments(id)[0].state == "returned"
    office.check()
    office.payee(home, "62280009")
    again = office.prepare(follows=id)
    assert office.payments(again)[0].payee.account == "62280009"
    with pytest.raises(StepRefused) as refusal:
        office.correct_answer(payment.id, "credited")
    assert codes(refusal) == ["paid_again"]
    office.check()


def test_an_answer_booked_wrongly_is_corrected_for_a_reason(small_office, said) -> None:
    office = small_office
    office.homes(1)
    id = office.sent()
    payment = office.payments(id)[0]
    office.take_in(id, [said(payment)])
    with pytest.raises(StepRefused) as refusal:
        office.correct_answer(payment.id, "returned", CLERK, reason=" ")
    assert codes(refusal) == ["other_duty", "no_reason"]
    office.correct_answer(payment.id, "returned")
    # The file that was wrong comes again, and another one like it: neither is an answer any more.
    assert office.take_in(id, [said(payment)]).changed_nothing
    assert office.take_in(id, [said(payment, booked_on=date(2020, 11, 30))]).waiting_n == 1
    office.check()
    office.correct_answer(payment.id, "credited")
    kinds = [entry.kind for entry in sorted(rows(office, EntryRow), key=lambda each: each.number)]
    assert kinds == [
        "obligation", "payment_sent", "credited", "reversal", "returned", "reversal", "credited",
    ]  # fmt: skip
    office.check()


def test_returned_money_goes_on_in_a_follow_up_once_the_payee_was_seen_to(office, said) -> None:
    changed, confirmed, untouched = office.homes(3)
    id = office.sent()
    with pytest.raises(StepRefused) as refusal:
        office.prepare(follows=id, seen=(3, 720_000))
    assert codes(refusal) == ["not_settled"]
    office.take_in(id, [said(each, "returned") for each in office.payments(id)])
    office.step(id, "reconcile", CHECKER)
    assert office.preview(follows=id).left_by_reason == {"unchanged": (3, 720_000)}
    same = {each.household: each.payee.account for each in office.payments(id)}
    office.payee(changed, "62280001")
    office.payee(confirmed, same[confirmed])
    again = office.prepare(follows=id)
    assert office.batch(again).follows == id
    assert {each.household for each in office.payments(again)} == {changed, confirmed}
    assert not {each.id for each in office.payments(again)} & {each.id for each in office.payments(id)}
    office.payee(untouched, "62280003")
    assert [item.owed.household for item in office.preview(follows=id).items] == [untouched]
    with pytest.raises(StepRefused) as refusal:
        office.prepare(into=again, seen=(0, 0))
    assert codes(refusal) == ["not_apart"]
    office.check()
