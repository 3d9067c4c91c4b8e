"""A contact over a bad network: the real client, real bytes both ways, and everything that befalls them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from server.lab.simulation.faults import CALM, Died, Faults, ticks
from server.lab.simulation.hub import Hub
from server.lab.simulation.tablet import Tablet
from sync.client import Account, Refusal, contact
from sync.codec import decode, encode
from sync.messages import Reply

APP_VERSION: Final = "simulated"
REMEMBERED: Final = 12
CUT: Final = Refusal("cut", "模拟断网。", "")
BUSY: Final = Refusal("busy", "模拟服务器繁忙。", "", retry_after_s=5)


def as_sent(reply: Reply) -> Reply:
    return reply


@dataclass(frozen=True)
class Contacted:
    """How a contact ended: in the client's own words, or ``account`` None if it was cut off."""

    line: str
    account: Account | None = None


@dataclass
class Network:
    """``requests``: some that travelled, and may arrive once more. ``seen``: hash over all bytes that did.

    ``on_the_way`` may change a reply; only a test that plants a fault does.
    """

    hub: Hub
    rng: Random
    faults: Faults
    on_the_way: Callable[[Reply], Reply] = as_sent
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    seen: Any = field(default_factory=hashlib.sha256)
    counts: dict[str, int] = field(default_factory=dict)

    def contact(self, tablet: Tablet, *, calm: bool = False) -> Contacted:
        """One contact, from beginning to end or to whatever ends it."""
        faults = CALM if calm else self.faults
        conversation = contact(tablet.replica, clock=tablet.clock, app_version=APP_VERSION)
        request = next(conversation)
        self._note("contacts")
        while True:
            self._note("requests")
            met = self._met(faults)
            if met == "left_in_the_middle":
                conversation.close()
                return Contacted("left in the middle")
            answer = self._ask(tablet, encode(request), met)
            dies = ticks(self.rng) if met == "tablet_dies_applying" else None
            try:
                with tablet.dying(dies):
                    request = conversation.send(answer)
            except StopIteration as end:
                account: Account = end.value
                return Contacted(f"{met or 'reaches the hub'}, {_told(account)}", account)
            except Died:
                return Contacted("the tablet dies applying the reply")
            finally:
                self._arrive_again(faults)

    def _met(self, faults: Faults) -> str:
        """What befalls this request, "" for nothing; at most one thing."""
        drawn = self.rng.random()
        for name in (
            "request_lost", "left_in_the_middle", "duplicate_request", "hub_dies_inside",
            "hub_dies_after_commit", "reply_lost", "tablet_dies_applying", "busy",
        ):  # fmt: skip
            drawn -= getattr(faults, name)
            if drawn < 0:
                self._note(name)
                return name
        return ""

    def _ask(self, tablet: Tablet, body: bytes, met: str) -> Reply | Refusal:
        if met == "request_lost":
            self._remember(tablet, body)
            return CUT
        if met == "busy":
            return BUSY
        self._remember(tablet, body)
        try:
            if met == "hub_dies_after_commit":
                self.hub.answer_and_die(tablet.secret, body)
                return CUT
            if met == "duplicate_request":
                self._deliver(tablet.secret, body)
            dies = ticks(self.rng) if met == "hub_dies_inside" else None
            reply = self._deliver(tablet.secret, body, dies)
        except Died:
            return CUT
        return CUT if met == "reply_lost" else self.on_the_way(decode(Reply, reply))

    def _deliver(self, secret: str, body: bytes, dies: int | None = None) -> bytes:
        self.seen.update(body)
        reply = self.hub.answer(secret, body, dies_after=dies)
        self.seen.update(reply)
        return reply

    def _remember(self, tablet: Tablet, body: bytes) -> None:
        self.requests.append((tablet.secret, body))
        del self.requests[:-REMEMBERED]

    def _arrive_again(self, faults: Faults) -> None:
        """A request that some network kept comes out of it late; nobody waits for its reply."""
        if self.requests and self.rng.random() < faults.old_request_again:
            self._note("old_request_again")
            self._deliver(*self.rng.choice(self.requests))

    def _note(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def _told(account: Account) -> str:
    problem = account.problem.code if account.problem else "to the end"
    return (
        f"{problem}: sent {account.sent_n}, conflict {account.conflict_n}, rejected {account.rejected_n},"
        f" received {account.received_n}" + (", another history" if account.history_met else "")
    )
