"""A county's money in any order of events, in the database: what the pure machine holds of the rules, held of
their rows. After every event the ledger sums to zero, nobody is paid twice, paid = credited + returned + in
transit, and `verify` finds nothing.
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from server import database
from server.subsidies import books, finance_views, ledger
from server.subsidies.batch import VERBS
from server.subsidies.batch_rows import StepRefused
from server.subsidies.ledger_checks import verify
from server.subsidies.payments import LIVE
from server.subsidies.reconcile import Said
from server.subsidies.returns import FileRefused
from server.subsidies.tables import BatchRow, EntitlementRow

COUNTY = "140525"
FIRST, THIRD = "140525100201", "140525200201"
CLERK, SECOND_CLERK, CHIEF, CHECKER = "p-clerk", "p-second", "p-chief", "p-checker"
ONWARD = {"open": ("lock", CLERK), "locked": ("approve", CHIEF), "approved": ("send", SECOND_CLERK),
          "sent": ("reconcile", CHECKER), "reconciled": ("close", CHIEF)}  # fmt: skip
PEOPLE = st.sampled_from([CLERK, CLERK, SECOND_CLERK, CHIEF, CHECKER, "p-surveyor", "p-official"])
OUTCOMES = st.sampled_from(["credited", "credited", "returned"])


class MoneyInTables(RuleBasedStateMachine):
    """Any number of homes in two villages, of batches, and of the bank's files, over a SQLite file."""

    office_of: Callable

    @initialize()
    def an_office(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.engine = database.engine(f"sqlite:///{Path(self.folder.name) / 'money.sqlite3'}")
        database.migrate(self.engine)
        self.office = self.office_of(self.engine, ids=count(1))
        self.files: list[tuple[str, list[Said]]] = []
        self.office.homes(4, FIRST)
        self.office.sent(area=FIRST)
        self.office.homes(2, THIRD)

    def teardown(self) -> None:
        """What this run came to, for `--hypothesis-show-statistics`."""
        if hasattr(self, "engine"):
            for row in self.batches():
                event(f"a batch ended as {row.state}" + (", paying again" if row.follows else ""))
            for each in self.office.payments():
                event(f"a payment ended as {each.state}")
            with database.read(self.engine) as session:
                for kind in {each.kind for each in books.entries(session, COUNTY)}:
                    event(f"the ledger has {kind}")
            self.engine.dispose()
            self.folder.cleanup()

    def batches(self, *states: str) -> list[BatchRow]:
        with database.read(self.engine) as session:
            rows = session.exec(select(BatchRow).order_by(BatchRow.number))
            return [row for row in rows if not states or row.state in states]

    def homes(self) -> list[str]:
        with database.read(self.engine) as session:
            return sorted(set(session.exec(select(EntitlementRow.household))))

    def tried(self, act: Callable[[], object]) -> None:
        """An act that may be refused; refused, it has changed nothing, which the invariants see."""
        with suppress(StepRefused, FileRefused):
            act()

    # ---- what is owed

    @rule(n=st.integers(1, 3), village=st.sampled_from([FIRST, THIRD]), payee=st.booleans())
    def more_homes_are_decided(self, n: int, village: str, payee: bool) -> None:
        self.office.homes(n, village, payee=payee)

    @rule(data=st.data(), fen=st.sampled_from([-240_000, -40_000, -1, 1, 60_000]))
    def a_correction_is_decided(self, data: st.DataObject, fen: int) -> None:
        home = data.draw(st.sampled_from(self.homes()))
        if self.decided_fen(home) + fen >= 0:
            self.office.correct(home, fen)

    def decided_fen(self, home: str) -> int:
        with database.read(self.engine) as session:
            return sum(each.line.amount_fen for each in books.decided(session, COUNTY, [home]))

    @rule(data=st.data(), state=st.sampled_from(["in_force", "in_force", "proposed"]))
    def a_payee_is_stated(self, data: st.DataObject, state: str) -> None:
        home = data.draw(st.sampled_from(self.homes()))
        self.office.payee(home, f"62289{next(self.office.numbers):08}", state)

    # ---- batches

    @rule(person=PEOPLE, area=st.sampled_from([COUNTY, FIRST, THIRD]))
    def somebody_prepares(self, person: str, area: str) -> None:
        self.tried(lambda: self.office.prepare(person, area=area))

    @precondition(lambda self: self.batches("open"))
    @rule(data=st.data(), person=PEOPLE)
    def somebody_adds(self, data: st.DataObject, person: str) -> None:
        row = data.draw(st.sampled_from(self.batches("open")))
        self.tried(lambda: self.office.prepare(person, into=row.id, follows=row.follows))

    @precondition(lambda self: self.batches("open"))
    @rule(data=st.data(), blocking=st.booleans())
    def somebody_takes_out(self, data: st.DataObject, blocking: bool) -> None:
        row = data.draw(st.sampled_from(self.batches("open")))
        ids = [each.id for each in self.office.payments(row.id)][:1]
        self.tried(lambda: self.office.take_out(row.id, None if blocking else ids))

    @precondition(lambda self: self.batches("reconciled", "closed"))
    @rule(data=st.data(), person=st.just(SECOND_CLERK) | PEOPLE)
    def returned_money_is_paid_again(self, data: st.DataObject, person: str) -> None:
        row = data.draw(st.sampled_from(self.batches("reconciled", "closed")))
        for each in self.office.payments(row.id):
            if each.state == "returned":
                self.office.payee(each.household, f"62289{next(self.office.numbers):08}")
        self.tried(lambda: self.office.prepare(person, follows=row.id))

    @rule(area=st.sampled_from([COUNTY, FIRST, THIRD]))
    def a_batch_goes_to_the_bank(self, area: str) -> None:
        self.tried(lambda: self.office.sent(area=area))

    @precondition(lambda self: self.batches(*ONWARD))
    @rule()
    def every_batch_goes_a_step_on(self) -> None:
        for row in self.batches(*ONWARD):
            if row.state == "open":
                self.tried(lambda row=row: self.office.take_out(row.id, None))
            verb, person = ONWARD[self.office.batch(row.id).state]
            self.tried(lambda row=row, verb=verb, person=person: self.office.step(row.id, verb, person))

    @precondition(lambda self: self.batches())
    @rule(data=st.data(), person=PEOPLE, verb=st.sampled_from(VERBS[1:]), stale=st.booleans())
    def anybody_tries_anything(self, data: st.DataObject, person: str, verb: str, stale: bool) -> None:
        row = data.draw(st.sampled_from(self.batches()))
        seen = row.revision - 1 if stale else row.revision
        step = verb.partition(".")[2]
        self.tried(lambda: self.office.step(row.id, step, person, reason="因为", revision=seen))

    # ---- the bank

    @precondition(lambda self: self.batches("sent", "reconciled", "closed"))
    @rule(data=st.data())
    def the_bank_answers(self, data: st.DataObject) -> None:
        """About some payments, doubled, off by a fen, at another account, of another batch, or of nobody."""
        row = data.draw(st.sampled_from(self.batches("sent", "reconciled", "closed")))
        chosen = data.draw(st.lists(st.sampled_from(self.office.payments(row.id)), min_size=1, max_size=6))
        rows = [
            said_of(each, data.draw(OUTCOMES), data.draw(st.sampled_from([0, 0, 0, 1])), data.draw(ACCOUNTS))
            for each in chosen
        ]
        strangers = [*(each.id for each in self.office.payments()), "nobody"]
        for id in data.draw(st.lists(st.sampled_from(strangers), max_size=2)):
            rows.append(Said(id, "62280001", 240_000, "credited", "", None))
        self.files.append((row.id, rows))
        self.tried(lambda: self.office.take_in(row.id, rows))

    @precondition(lambda self: self.batches("sent"))
    @rule(outcome=OUTCOMES)
    def the_bank_answers_what_is_left(self, outcome: str) -> None:
        for row in self.batches("sent"):
            left = [each for each in self.office.payments(row.id) if each.state == "sent"]
            rows = [said_of(each, outcome) for each in left]
            self.files.append((row.id, rows))
            self.tried(lambda row=row, rows=rows: self.office.take_in(row.id, rows))
            waiting = [(each.file, each.number) for each in self.office.waiting(row.id)]
            if waiting:
                self.tried(lambda row=row, waiting=waiting: self.office.settle(row.id, waiting, "keep"))

    @precondition(lambda self: self.files)
    @rule(data=st.data(), mixed=st.booleans())
    def the_same_file_again(self, data: st.DataObject, mixed: bool) -> None:
        batch, rows = data.draw(st.sampled_from(self.files))
        before = self.everything(batch)
        self.tried(lambda: self.office.take_in(batch, rows))
        after = self.everything(batch)
        # A file that was refused before may be taken now; one that was taken changes nothing ever after.
        if self.taken(batch, rows):
            again = self.everything(batch)
            self.tried(lambda: self.office.take_in(batch, rows[::-1] if mixed else rows))
            assert self.everything(batch) == again
        else:
            assert before == after

    def everything(self, batch: str) -> tuple[object, ...]:
        with database.read(self.engine) as session:
            waiting = [(each.file, each.number) for each in self.office.waiting(batch)]
            return books.entries(session, COUNTY), books.payments(session, COUNTY), waiting

    def taken(self, batch: str, rows: list[Said]) -> bool:
        known = {each.id for each in self.office.payments(batch)}
        return bool(known & {row.end_to_end_id for row in rows})

    @precondition(lambda self: any(self.office.waiting(row.id) for row in self.batches()))
    @rule(data=st.data(), how=st.sampled_from(["keep", "take", "take"]), person=st.just(CHECKER) | PEOPLE)
    def somebody_settles_a_row(self, data: st.DataObject, how: str, person: str) -> None:
        waiting = [each for row in self.batches() for each in self.office.waiting(row.id)]
        row = data.draw(st.sampled_from(waiting))
        self.tried(lambda: self.office.settle(row.batch, [(row.file, row.number)], how, person))

    @precondition(lambda self: any(each.state in ("credited", "returned") for each in self.office.payments()))
    @rule(data=st.data(), outcome=st.sampled_from(["credited", "returned"]), person=st.just(CHECKER) | PEOPLE)
    def an_answer_was_booked_wrongly(self, data: st.DataObject, outcome: str, person: str) -> None:
        answered = [each for each in self.office.payments() if each.state in ("credited", "returned")]
        payment = data.draw(st.sampled_from(answered))
        self.tried(lambda: self.office.correct_answer(payment.id, outcome, person))

    # ---- what always holds

    @invariant()
    def the_books_hold(self) -> None:
        if not hasattr(self, "office"):
            return
        with database.read(self.engine) as session:
            found = books.load(session, COUNTY)
            shown = finance_views.ledger_of(session, COUNTY)
        assert verify(found) == []
        assert sum(ledger.trial_balance(found.entries).values()) == 0
        totals = ledger.totals(found.entries)
        assert shown.all == totals, "the page adds up what the ledger says"
        for part in shown.levels:
            assert part.totals == ledger.totals(found.entries, part.key)
        states = {"sent": 0, "credited": 0, "returned": 0}
        for payment in found.payments:
            if payment.state in states:
                states[payment.state] += payment.amount_fen
        assert (totals.in_transit_fen, totals.credited_fen, totals.returned_fen) == tuple(states.values())
        assert totals.sent_fen == sum(states.values())

    @invariant()
    def nobody_is_paid_twice(self) -> None:
        if not hasattr(self, "office"):
            return
        live = [each for each in self.office.payments() if each.state in LIVE]
        assert len({each.entitlement for each in live}) == len(live)
        granted: dict[str, int] = {}
        with database.read(self.engine) as session:
            for each in books.decided(session, COUNTY):
                granted[each.line.household] = granted.get(each.line.household, 0) + max(
                    0, each.line.amount_fen
                )
        for each in live:
            granted[each.household] -= each.amount_fen
        assert all(rest >= 0 for rest in granted.values())


ACCOUNTS = st.sampled_from(["", "", "", "62289999"])


def said_of(payment, outcome: str, off: int = 0, account: str = "") -> Said:
    return Said(
        payment.id, account or payment.payee.account, payment.amount_fen + off, outcome, "", date(2020, 12, 1)
    )


@pytest.mark.parametrize("steps", [30])
def test_the_books_hold_in_any_order_of_events(office_of, steps: int) -> None:
    MoneyInTables.office_of = staticmethod(office_of)
    run_state_machine_as_test(
        MoneyInTables,
        settings=settings(
            max_examples=20, stateful_step_count=steps, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
