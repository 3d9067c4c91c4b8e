"""A batch goes only where a transition is declared, and no person does two duties for the same payments."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from server.subsidies import batch as batches
from server.subsidies.batch import Act, Batch, duties, refusals, steps_from, take
from server.subsidies.payments import Payee, Payment

AT = datetime(2020, 12, 1, 8, tzinfo=UTC)


def payment(number: int, **changes: Any) -> Payment:
    made = Payment(
        f"P{number:04}", "140525", f"户-{number}", f"e{number}", 240_000, {"city": 120_000, "county": 120_000},
        Payee("张三", f"622848000000{number:04}"),
        surveyed_by=frozenset({"surveyor"}), accepted_by=frozenset({"official"}),
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def opened() -> Batch:
    return Batch("b1", "140525", "open", (payment(1), payment(2)), (Act(batches.PREPARE, "preparer", AT),))


def walk(batch: Batch, *steps: tuple[str, str]) -> Batch:
    for verb, person in steps:
        batch = take(batch, f"payment_batch.{verb}", person, AT, reason="因为", seen=batch.digest)
    return batch


LOCK, APPROVE, SEND = ("lock", "preparer"), ("approve", "approver"), ("send", "sender")


@pytest.fixture
def sent(opened: Batch) -> Batch:
    return walk(opened, LOCK, APPROVE, SEND)


def answered(batch: Batch, *states: str) -> Batch:
    pairs = zip(batch.payments, states, strict=True)
    return replace(batch, payments=tuple(replace(each, state=state) for each, state in pairs))


def codes(batch: Batch, verb: str, person: str, **more: str) -> list[str]:
    return [refusal.code for refusal in refusals(batch, f"payment_batch.{verb}", person, **more)]


def test_from_open_to_closed(sent: Batch) -> None:
    assert {each.state for each in sent.payments} == {"sent"}
    done = walk(answered(sent, "credited", "returned"), ("reconcile", "checker"), ("close", "checker"))
    assert done.state == "closed"
    assert [act.verb.partition(".")[2] for act in done.acts] == [
        "prepare", "lock", "approve", "send", "reconcile", "close",
    ]  # fmt: skip
    assert [each.state for each in done.payments] == ["credited", "returned"]
    assert steps_from("closed") == ()


def test_only_declared_transitions(opened: Batch) -> None:
    declared = {(step.source, step.verb) for step in batches.STEPS}
    assert {state for state, _ in declared} | {step.target for step in batches.STEPS} == set(batches.STATES)
    for state in batches.STATES:
        for verb in batches.VERBS:
            found = refusals(
                replace(opened, state=state), verb, "somebody", reason="因为", seen=opened.digest
            )
            undeclared = any(refusal.code == "not_declared" for refusal in found)
            assert undeclared == (
                (state, verb) not in declared and (state, verb) != ("open", batches.PREPARE)
            )


def test_a_verb_is_named_like_a_permission() -> None:
    assert all(re.fullmatch(r"payment_batch\.[a-z]+", verb) for verb in batches.VERBS)


@pytest.mark.parametrize("verb", ["lock", "discard", "prepare"])
@pytest.mark.parametrize("person", ["surveyor", "official"])
def test_whoever_surveyed_or_accepted_prepares_nothing(opened: Batch, verb: str, person: str) -> None:
    assert codes(opened, verb, person, reason="因为") == ["other_duty"]


@pytest.mark.parametrize("person", ["surveyor", "official", "preparer"])
def test_nobody_approves_what_is_their_own(opened: Batch, person: str) -> None:
    locked = walk(opened, LOCK)
    assert codes(locked, "approve", person, seen=locked.digest) == ["other_duty"]
    assert codes(locked, "approve", "approver", seen=locked.digest) == []


@pytest.mark.parametrize("person", ["surveyor", "official", "preparer", "approver"])
def test_nobody_reconciles_what_is_their_own(sent: Batch, person: str) -> None:
    assert codes(answered(sent, "credited", "credited"), "reconcile", person) == ["other_duty"]


def test_a_payment_added_later_may_not_mix_duties(opened: Batch) -> None:
    theirs = payment(3, accepted_by=frozenset({"preparer"}))
    mixed = replace(opened, payments=(*opened.payments, theirs))
    assert codes(mixed, "prepare", "second") == ["mixed_duties"]
    assert codes(mixed, "lock", "second") == ["mixed_duties"]
    found = refusals(mixed, "payment_batch.lock", "second")[0]
    assert found.message() == "preparer 为这个批次里的付款做过验收，又做过编制。"


def test_whoever_prepared_before_a_rejection_still_prepared(opened: Batch) -> None:
    again = walk(opened, LOCK, ("reject", "approver"), ("prepare", "second"), ("lock", "second"))
    assert (again.state, duties(again, "preparer"), duties(again, "second")) == (
        "locked", {"preparation"}, {"preparation"},
    )  # fmt: skip
    assert codes(again, "approve", "preparer", seen=again.digest) == ["other_duty"]


def test_an_approval_can_be_taken_back_until_the_bank_has_it(opened: Batch, sent: Batch) -> None:
    assert walk(opened, LOCK, APPROVE, ("reject", "preparer")).state == "open"
    assert codes(sent, "reject", "approver", reason="因为") == ["not_declared"]


def test_a_refusal_tells_every_reason_at_once_with_what_to_do(opened: Batch) -> None:
    bad = replace(
        opened,
        payments=(
            payment(1, payee=Payee("", "")), payment(2, amount_fen=0, shares_fen={}), payment(2, county="140427"),
            payment(4, state="sent"),
        ),
    )  # fmt: skip
    found = refusals(bad, "payment_batch.lock", "official")
    assert [refusal.code for refusal in found] == [
        "no_payee", "amount", "not_planned", "not_planned", "same_id", "same_entitlement", "other_duty",
    ]  # fmt: skip
    assert found[-1].message() == "您已经为这个批次里的付款做过验收，不能再做编制。"
    assert all(refusal.message() and refusal.remedy() for refusal in found)


def test_a_refusal_can_be_translated_with_its_words(opened: Batch) -> None:
    english = {
        "您已经为这个批次里的付款做过{held}，不能再做{duty}。": "{held}, not {duty}",
        "验收": "A",
        "编制": "P",
    }
    (found,) = refusals(opened, "payment_batch.lock", "official")
    assert found.message(lambda text: english.get(text, text)) == "A, not P"


def test_an_empty_batch_is_not_locked(opened: Batch) -> None:
    assert codes(replace(opened, payments=()), "lock", "preparer") == ["empty"]


@pytest.mark.parametrize("verb", ["discard", "reject"])
def test_going_back_needs_a_reason(opened: Batch, verb: str) -> None:
    batch = opened if verb == "discard" else walk(opened, LOCK)
    assert codes(batch, verb, "preparer", reason="  ") == ["no_reason"]
    assert codes(batch, verb, "preparer", reason="金额要改") == []


def test_what_is_approved_is_what_was_looked_at(opened: Batch) -> None:
    looked_at = walk(opened, LOCK).digest
    swapped = replace(opened, payments=(payment(1), payment(2, payee=Payee("李四", "6228480000009999"))))
    locked_again = walk(swapped, LOCK)
    assert codes(locked_again, "approve", "approver", seen=looked_at) == ["changed"]
    assert codes(walk(locked_again, APPROVE), "send", "sender", seen=looked_at) == ["changed"]


def test_nothing_is_reconciled_while_an_answer_is_missing_or_a_row_waits(sent: Batch) -> None:
    assert codes(answered(sent, "credited", "sent"), "reconcile", "checker") == ["unanswered"]
    waiting = replace(answered(sent, "credited", "credited"), waiting_n=2)
    assert codes(waiting, "reconcile", "checker") == ["waiting"]


def test_a_discarded_batch_frees_its_payments(opened: Batch) -> None:
    gone = walk(opened, ("discard", "preparer"))
    assert (gone.state, {each.live for each in gone.payments}) == ("discarded", {False})


def test_a_step_that_is_refused_can_not_be_taken(opened: Batch) -> None:
    with pytest.raises(AssertionError):
        take(opened, "payment_batch.approve", "approver", AT, seen=opened.digest)


def test_the_digest_is_of_what_is_paid_to_whom(opened: Batch) -> None:
    turned = replace(opened, payments=opened.payments[::-1])
    assert turned.digest == opened.digest
    for change in ({"amount_fen": 1}, {"payee": Payee("张三", "1")}, {"entitlement": "x"}, {"id": "x"}):
        assert replace(opened, payments=(payment(1, **change), payment(2))).digest != opened.digest


def test_everything_a_batch_says_has_a_name() -> None:
    named = {**batches.STATES, **batches.DUTIES}
    used = {step.target for step in batches.STEPS} | {step.duty for step in batches.STEPS if step.duty}
    assert used <= named.keys()
