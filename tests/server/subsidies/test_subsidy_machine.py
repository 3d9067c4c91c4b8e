"""A county's money in any order of events: decisions, corrections, batches, returns, repeats.

The tables are lists here; everything that decides is the real thing. After every event the books hold: the
ledger sums to zero, nobody is paid twice, and paid = credited + returned + in transit.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from server.subsidies import batch as batches
from server.subsidies import ledger
from server.subsidies.batch import Batch, refusals, take
from server.subsidies.corrections import Decided, propose_corrections, undecided
from server.subsidies.facts import Conversion, Home
from server.subsidies.ledger import About, Entry
from server.subsidies.ledger_checks import Books, verify
from server.subsidies.payments import Payee, Payment, excess, payable
from server.subsidies.reconcile import Known, Row, Said, reconcile
from server.subsidies.rules import work_out
from server.subsidies.schedule import bundled, read_document, schedule_of

COUNTY = "140427"
SCHEDULES = [schedule_of(read_document(bundled()["changzhi-2018-1.json"]))]
AT = datetime(2021, 1, 1, tzinfo=UTC)
PEOPLE = st.sampled_from(["surveyor", "official", "clerk", "second clerk", "approver", "checker"])
DAYS = st.dates(date(2017, 6, 1), date(2020, 12, 20))
HOMES = st.integers(0, 3)
# The way of a batch, and somebody who may take each step of it.
ONWARD = {
    "payment_batch.lock": "clerk", "payment_batch.approve": "approver", "payment_batch.send": "second clerk",
    "payment_batch.reconcile": "checker", "payment_batch.close": "checker",
}  # fmt: skip


class Money(RuleBasedStateMachine):
    """Four homes of one county, their decisions and payments, any number of batches and bank files."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = count(1)
        self.today = date(2018, 1, 1)
        self.homes = {number: Home(COUNTY, f"{COUNTY}100201", f"户-{number}", ()) for number in range(4)}
        self.decided: list[Decided] = []
        self.entries: list[Entry] = []
        self.payments: dict[str, Payment] = {}
        self.batches: dict[str, Batch] = {}
        self.files: list[tuple[str, list[Row]]] = []
        self.answered: dict[str, Said] = {}
        self.waited: dict[str, list[Said]] = {}

    def new(self, prefix: str) -> str:
        return f"{prefix}{next(self.ids)}"

    def book(self, kind: str, shares_fen: dict[str, int], entitlement: str, payment: str = "") -> None:
        about = About(self.new("L"), COUNTY, self.today, entitlement, payment)
        self.entries.append(getattr(ledger, kind)(about, shares_fen))

    @initialize(connected=st.lists(DAYS, min_size=4, max_size=4))
    def an_office_at_work(self, connected: list[date]) -> None:
        """Four homes converted and decided, and a first batch prepared."""
        for number, day in enumerate(connected):
            self.convert(number, day, "electric")
        self.today = date(2020, 1, 15)
        self.decide(range(4), False)
        self.open_a_batch("clerk", 6)

    # ---- facts

    @rule(number=HOMES, connected=DAYS, kind=st.sampled_from(["electric", "electric", "gas"]))
    def convert(self, number: int, connected: date, kind: str) -> None:
        home = self.homes[number]
        if len(home.conversions) < 2:
            accepted = connected + timedelta(days=7)
            made = Conversion(
                self.new("C"), kind, connected_on=connected, accepted_on=accepted, acceptance="验字1号"
            )
            self.homes[number] = replace(home, conversions=(*home.conversions, made))

    @rule(number=HOMES, connected=DAYS, decided=st.booleans())
    def correct_the_register(self, number: int, connected: date, decided: bool) -> None:
        home = self.homes[number]
        changed = tuple(
            replace(each, connected_on=connected, accepted_on=connected + timedelta(days=7))
            for each in home.conversions
        )
        self.homes[number] = replace(home, conversions=changed)
        if decided:
            self.decide([number], True)

    @rule(days=st.integers(30, 400))
    def time_passes(self, days: int) -> None:
        self.today = min(self.today + timedelta(days=days), date(2021, 6, 1))

    # ---- decisions

    @rule(numbers=st.sets(HOMES, min_size=1), corrections=st.booleans())
    def decide(self, numbers: Iterable[int], corrections: bool) -> None:
        for number in sorted(numbers):
            self.decide_for(self.homes[number], corrections)

    def decide_for(self, home: Home, corrections: bool) -> None:
        worked = work_out(home, SCHEDULES, self.today)
        mine = [each for each in self.decided if each.line.household == home.household]
        for line in undecided(mine, worked):
            self.decided.append(Decided(self.new("E"), line))
            if line.amount_fen:
                self.book("obligation", dict(line.shares_fen), self.decided[-1].id)
        if corrections:
            for each in propose_corrections(mine, worked):
                self.decided.append(Decided(self.new("K"), each.line, each.corrects[0]))
                self.book("correction", dict(each.line.shares_fen), self.decided[-1].id)

    # ---- batches

    @rule(person=st.just("clerk") | PEOPLE, most=st.integers(1, 6))
    def open_a_batch(self, person: str, most: int) -> None:
        """Puts what is due into a new batch, whatever other batches are open beside it."""
        id = self.new("B")
        due = payable(self.decided, self.payments.values())[:most]
        added = tuple(
            Payment(
                self.new("P"), COUNTY, each.household, each.entitlement, each.amount_fen, each.shares_fen,
                Payee("户主", f"6228{each.household[-1]}"),
                surveyed_by=frozenset({"surveyor"}), accepted_by=frozenset({"official"}),
            )
            for each in due
        )  # fmt: skip
        batch = Batch(id, COUNTY, batches.OPEN, added, ())
        if not refusals(batch, batches.PREPARE, person):
            self.keep(take(batch, batches.PREPARE, person, AT))

    def keep(self, batch: Batch) -> None:
        self.batches[batch.id] = batch
        self.payments |= {each.id: each for each in batch.payments}

    def drop_excess(self, batch: Batch) -> Batch:
        """What a correction made too much is taken out of an open batch, and is payable anew as it now is."""
        too_much = {id for each in excess(self.decided, self.payments.values()) for id in each.payments}
        dropped = [each for each in batch.payments if each.id in too_much]
        self.payments |= {each.id: replace(each, state="dropped") for each in dropped}
        return replace(batch, payments=tuple(each for each in batch.payments if each not in dropped))

    @precondition(lambda self: self.going())
    @rule(data=st.data())
    def the_next_step(self, data: st.DataObject) -> None:
        """Somebody whose duty it is takes a batch one step on, looking at it as it is."""
        id = data.draw(st.sampled_from(self.going()))
        verb = next(
            step.verb
            for step in batches.STEPS
            if step.verb in ONWARD and step.source == self.batches[id].state
        )
        self.take_a_step(id, verb, ONWARD[verb], seen=True)

    def going(self) -> list[str]:
        """Batches that have somewhere to go on to."""
        sources = {step.source for step in batches.STEPS if step.verb in ONWARD}
        return sorted(id for id, batch in self.batches.items() if batch.state in sources)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), person=PEOPLE, verb=st.sampled_from(batches.VERBS), seen=st.booleans())
    def anybody_tries_anything(self, data: st.DataObject, person: str, verb: str, seen: bool) -> None:
        self.take_a_step(data.draw(st.sampled_from(sorted(self.batches))), verb, person, seen)

    def take_a_step(self, id: str, verb: str, person: str, seen: bool) -> None:
        batch = self.batches[id]
        if batch.state == batches.OPEN:
            batch = self.drop_excess(batch)
            self.keep(batch)
        digest = batch.digest if seen else "of another day"
        if refusals(batch, verb, person, reason="因为", seen=digest):
            return
        self.keep(take(batch, verb, person, AT, reason="因为", seen=digest))
        if verb == "payment_batch.send":
            for each in batch.payments:
                self.book("payment_sent", dict(each.shares_fen), each.entitlement, each.id)

    # ---- the bank

    @precondition(lambda self: any(batch.state == "sent" for batch in self.batches.values()))
    @rule(data=st.data())
    def bank_answers(self, data: st.DataObject) -> None:
        """A file about some payments of a batch, with rows doubled, off by a fen, unknown, or of another batch."""
        sent = sorted(id for id, batch in self.batches.items() if batch.state == "sent")
        batch = self.batches[data.draw(st.sampled_from(sent))]
        rows = []
        for payment in data.draw(st.lists(st.sampled_from(batch.payments), max_size=8)):
            outcome = data.draw(st.sampled_from(["credited", "credited", "returned"]))
            off = data.draw(st.sampled_from([0, 0, 0, 0, 1]))
            rows.append(
                Said(payment.id, payment.payee.account, payment.amount_fen + off, outcome, "", self.today)
            )
        others = [*sorted(self.payments), "nobody"]
        rows += [
            Said(id, "62281", 240_000, "credited", "", None)
            for id in data.draw(st.lists(st.sampled_from(others), max_size=2))
        ]
        file = [Row(number, row) for number, row in enumerate(rows, start=2)]
        self.take_in(batch.id, file)
        self.files.append((batch.id, file))

    @precondition(lambda self: any(batch.state == "sent" for batch in self.batches.values()))
    @rule(returned=st.booleans())
    def bank_answers_what_is_left(self, returned: bool) -> None:
        """A clean file for every sent batch, and somebody deals with the rows of earlier ones."""
        outcome = "returned" if returned else "credited"
        for batch in [each for each in self.batches.values() if each.state == "sent"]:
            rows = [
                Row(number, Said(each.id, each.payee.account, each.amount_fen, outcome, "", self.today))
                for number, each in enumerate(batch.payments, start=2)
                if each.state == "sent"
            ]
            self.take_in(batch.id, rows)
            self.files.append((batch.id, rows))
            self.batches[batch.id] = replace(self.batches[batch.id], waiting_n=0)

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def the_same_file_again(self, data: st.DataObject) -> None:
        batch, file = data.draw(st.sampled_from(self.files))
        before = (list(self.entries), dict(self.payments), self.batches[batch].waiting_n)
        self.take_in(batch, file)
        assert before == (self.entries, self.payments, self.batches[batch].waiting_n)

    def take_in(self, id: str, file: list[Row]) -> None:
        batch = self.batches[id]
        payments = {each.id: self.payments[each.id] for each in batch.payments}
        elsewhere = {
            each.id: other for other, its in self.batches.items() if other != id for each in its.payments
        }
        known = Known(payments, self.answered, elsewhere, self.waited.get(id, []))
        result = reconcile(file, known)
        by_number = {row.number: row.said for row in file}
        for answer in result.answers:
            payment = payments[answer.payment]
            self.book(answer.outcome, dict(payment.shares_fen), payment.entitlement, payment.id)
            self.answered[payment.id] = by_number[answer.row]
            payments[payment.id] = replace(payment, state=answer.outcome)
        self.waited.setdefault(id, []).extend(each.row.said for each in result.waiting)
        waiting_n = batch.waiting_n + len(result.waiting)
        self.keep(replace(batch, payments=tuple(payments.values()), waiting_n=waiting_n))

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def somebody_deals_with_the_waiting_rows(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.batches)))
        self.batches[id] = replace(self.batches[id], waiting_n=0)

    # ---- what always holds

    @invariant()
    def the_books_hold(self) -> None:
        books = Books(tuple(self.entries), tuple(self.decided), tuple(self.payments.values()))
        assert verify(books) == []

    @invariant()
    def the_ledger_sums_to_zero_and_paid_is_credited_returned_or_in_transit(self) -> None:
        assert sum(ledger.trial_balance(self.entries).values()) == 0
        found = ledger.totals(self.entries)
        states = {"sent": 0, "credited": 0, "returned": 0}
        for payment in self.payments.values():
            if payment.state in states:
                states[payment.state] += payment.amount_fen
        assert (found.in_transit_fen, found.credited_fen, found.returned_fen) == tuple(states.values())
        assert found.sent_fen == sum(states.values())

    @invariant()
    def nobody_is_paid_twice(self) -> None:
        """For a household, component and season never more was under way or credited than was ever decided."""
        granted: dict[tuple[str, ...], int] = {}
        keys = {each.id: each.line.key for each in self.decided}
        for each in self.decided:
            granted[each.line.key] = granted.get(each.line.key, 0) + max(0, each.line.amount_fen)
        live = [payment for payment in self.payments.values() if payment.live]
        assert len({payment.entitlement for payment in live}) == len(live)
        for payment in live:
            granted[keys[payment.entitlement]] -= payment.amount_fen
        assert all(rest >= 0 for rest in granted.values())

    @invariant()
    def what_is_owed_is_payable_or_on_its_way(self) -> None:
        on_the_way = sum(p.amount_fen for p in self.payments.values() if p.state in ("planned", "sent"))
        due = sum(each.amount_fen for each in payable(self.decided, self.payments.values()))
        too_much = sum(each.amount_fen for each in excess(self.decided, self.payments.values()))
        assert ledger.totals(self.entries).owed_fen == due + on_the_way - too_much

    @invariant()
    def duties_are_apart(self) -> None:
        for batch in self.batches.values():
            for person in {act.person for act in batch.acts}:
                assert len(batches.duties(batch, person)) <= 1

    def teardown(self) -> None:
        """What this run came to, for `--hypothesis-show-statistics`."""
        for state in {batch.state for batch in self.batches.values()} | {
            p.state for p in self.payments.values()
        }:
            event(f"reached {state}")
        if any(each.corrects for each in self.decided):
            event("corrected")


Money.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMoney = Money.TestCase
