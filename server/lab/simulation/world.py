"""One county from one seed: who does what, in which order, until everything is healed and quiet.

Four things are drawn, each from its own stream so that a change in one leaves the others alone: ids, the order
of events, what people do, what befalls the network. Time goes by a few hours a step; each tablet has a clock
of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from server.lab.simulation import surveyor
from server.lab.simulation.faults import CALM, Faults
from server.lab.simulation.hub import Hub
from server.lab.simulation.network import Network, as_sent
from server.lab.simulation.stage import BEGINS, VILLAGES, Stage, ids
from server.lab.simulation.surveyor import Surveyor
from server.lab.simulation.tablet import Tablet
from sync.messages import Reply

STEPS: Final = (40, 80)
TABLETS: Final = (2, 4)
ROUNDS_MAX: Final = 12
OFFSETS_S: Final = (0, 0, -45, 130, 3_600, -5_400)
ZONE_STATES: Final = ("proposed", "in_force", "withdrawn")
JUMPS_DAYS: Final = (-300, -40, 365, 1_500, 4_000)


@dataclass
class World:
    """``story``: a line for each thing that happened. ``rounds``: how many it took to be quiet, None: too many.

    ``on_the_way`` and ``after_save`` are for tests that plant a fault.
    """

    stage: Stage
    seed: int
    faults: Faults = field(default_factory=Faults)
    on_the_way: Callable[[Reply], Reply] = as_sent
    now: datetime = BEGINS
    steps_n: int = 0
    rounds: int | None = None
    story: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    hub: Hub = field(init=False)
    network: Network = field(init=False)
    tablets: list[Tablet] = field(init=False)

    def __post_init__(self) -> None:
        self.events, self.people = self._stream("events"), self._stream("people")
        fresh = ids(self._stream("ids"))
        self.hub = Hub(self.stage, self.stage.set(), lambda: self.now, lambda: next(fresh))
        self.network = Network(self.hub, self._stream("network"), self.faults, self.on_the_way)
        self.tablets = [
            Tablet(
                number, known.device, known.secret, self.stage.world / known.file.name,
                lambda: self.now, lambda: next(fresh), self.stage.parsed,
                timedelta(seconds=self.events.choice(OFFSETS_S)),
            )
            for number, known in enumerate(self.stage.tablets[: self.events.randint(*TABLETS)])
        ]  # fmt: skip
        for tablet in self.tablets:
            # One village is everybody's: where two come to the same door it gets difficult.
            others = self.events.sample(sorted(VILLAGES)[1:], self.events.randint(0, 2))
            self._give(tablet, {min(VILLAGES), *others})
            self.network.contact(tablet, calm=True)

    def _stream(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")

    def close(self) -> None:
        for tablet in self.tablets:
            tablet.close()
        self.hub.begin_again()

    # --- events ---

    def play(self) -> None:
        """Everything up to the healing."""
        events, weights = [each for each, _ in EVENTS], [weight for _, weight in EVENTS]
        for _ in range(self.events.randint(*STEPS)):
            self.steps_n += 1
            self._pass(minutes=self.events.choice((1, 7, 90, 600)))
            if self.events.random() < self.faults.clock_jumps:
                self._clock_jumps(self.events.choice(self.tablets))
            self.events.choices(events, weights)[0](self, self.events.choice(self.tablets))

    def _pass(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def tell(self, line: str) -> None:
        self.story.append(f"{self.steps_n:3} {line}")

    def _note(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _clock_jumps(self, tablet: Tablet) -> None:
        tablet.offset = timedelta(days=self.events.choice(JUMPS_DAYS))
        self._note("clock_jumps")
        self.tell(f"{tablet.name}: its clock is now {tablet.offset.days} days off")

    def _work(self, tablet: Tablet) -> None:
        line = surveyor.act(Surveyor(tablet, self.people, self.faults, dict(self.stage.homes)), self.people)
        self.tell(f"{tablet.name}: {line or 'finds nothing to do'}")

    def _contact(self, tablet: Tablet) -> None:
        self.tell(f"{tablet.name}: contact, {self.network.contact(tablet).line}")

    def _office(self, tablet: Tablet) -> None:
        """A village is given, or taken away."""
        rest = sorted(set(VILLAGES) - tablet.intended)
        if rest and (not tablet.intended or self.events.random() < 0.5):
            self._give(tablet, {self.events.choice(rest)})
        elif len(tablet.intended) > 1:
            village = self.events.choice(sorted(tablet.intended))
            tablet.intended -= {village}
            self.hub.unassign(tablet.device, {village})
            self._note("villages_taken")
            self.tell(f"office: takes {village} from {tablet.name}")

    def _zone(self, _tablet: Tablet) -> None:
        """A village's zone goes a step on, or is told again as it was."""
        village, status = self.events.choice(sorted(VILLAGES)), self.events.choice(ZONE_STATES)
        self._pass(minutes=1)
        self.hub.state_zone(village, {"name": "模拟禁煤区", "status": status})
        self._note("zones_stated")
        self.tell(f"office: the zone of {village} is {status}")

    def _give(self, tablet: Tablet, villages: set[str]) -> None:
        tablet.intended |= villages
        tablet.ever |= villages
        self._pass(minutes=1)
        self.hub.assign(tablet.device, villages)
        self.tell(f"office: gives {', '.join(sorted(villages))} to {tablet.name}")

    def _back_up(self, _tablet: Tablet) -> None:
        copy = self.hub.back_up()
        self._note("backups")
        self.tell(f"hub: copied to {copy.stem}")

    def _restore(self, _tablet: Tablet) -> None:
        if self.hub.copies:
            copy = self.events.choice(self.hub.copies[-3:])
            self.hub.restore(copy)
            self._note("restores")
            self.tell(f"hub: restored from {copy.stem}; history {self.hub.history()[:8]}")

    def _put_back(self, _tablet: Tablet) -> None:
        """A copy is put back unannounced, and the next to call is a tablet that has read further."""
        for copy in reversed(self.hub.copies[-3:]):
            ahead = next((tablet for tablet in self.tablets if self._ahead(tablet, copy)), None)
            if ahead:
                self.hub.put_back(copy)
                self._note("restores_unannounced")
                met = self.network.contact(ahead, calm=True).line
                self.tell(f"hub: {copy.stem} put back unannounced; {ahead.name}: contact, {met}")
                return

    def _ahead(self, tablet: Tablet, copy: Path) -> bool:
        history, heads = _of_copy(copy)
        stated = tablet.replica.stated()
        return history == stated.history == self.hub.history() and any(
            cursor is not None and max(cursor.seq or 0, cursor.head or 0) > heads.get(village, 0)
            for village, cursor in stated.held.items()
        )

    # --- healing ---

    def heal(self) -> None:
        """The network is good, drafts are thrown away, the office puts right what a restore undid, and all
        tablets call until nobody has anything new to say."""
        self.network.faults = CALM
        for tablet in self.tablets:
            for draft in tablet.replica.drafts():
                tablet.replica.discard_draft(draft.id)
        for number in range(1, ROUNDS_MAX + 1):
            self._pass(minutes=60)
            for tablet in self.tablets:
                self._put_right(tablet, again=number > 1)
            moved = sum(self._calls(tablet) for tablet in self.tablets)
            if not moved:
                self.rounds = number
                return

    def _put_right(self, tablet: Tablet, *, again: bool) -> None:
        """The office gives the villages it meant to, and those it hears that a tablet waits for."""
        delayed = {
            record.submission.village
            for record in tablet.replica.outbox()
            if record.not_yet and record.not_yet.code == "village_unknown"
        }
        if again and not delayed:
            return
        forgotten = (tablet.ever | delayed) - self.hub.ever_held(tablet.device)
        self._pass(minutes=1)
        self.hub.assign(tablet.device, tablet.intended | forgotten)
        surplus = self.hub.held(tablet.device) - tablet.intended
        self._pass(minutes=1)
        self.hub.unassign(tablet.device, surplus)

    def _calls(self, tablet: Tablet) -> bool:
        """Whether the contact brought anything new to either side."""
        account = self.network.contact(tablet, calm=True).account
        assert account is not None, "a calm contact ends by itself"
        moved = bool(account.sent_n or account.received_n or account.requests_n > 1 or account.problem)
        if moved:
            sent, received = account.sent_n, account.received_n
            self.tell(
                f"healing: {tablet.name} sends {sent}, receives {received}, {account.problem or 'well'}"
            )
        return moved


def _of_copy(copy: Path) -> tuple[str, Mapping[str, int]]:
    """History and feed heads of a copied database."""
    with closing(sqlite3.connect(copy)) as database:
        history = database.execute("SELECT value FROM hub_meta WHERE name = 'history'").fetchone()[0]
        return history, dict(database.execute("SELECT village, seq FROM feed_head"))


Event = Callable[[World, Tablet], None]
EVENTS: Final[tuple[tuple[Event, float], ...]] = (
    (World._work, 58),
    (World._contact, 32),
    (World._office, 3),
    (World._zone, 3),
    (World._back_up, 3),
    (World._restore, 1),
    (World._put_back, 1.5),
)
