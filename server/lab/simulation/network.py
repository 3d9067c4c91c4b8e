"""A contact over a bad network: the real client, real bytes both ways, and everything that befalls them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from server.lab.simulation import wire
from server.lab.simulation.disk import Died, ticks
from server.lab.simulation.hub import DiskFull, Hub
from server.lab.simulation.seams import Seams
from server.lab.simulation.tablet import Tablet
from sync.client import Account, Refusal, contact
from sync.codec import decode, encode
from sync.messages import Reply

APP_VERSION: Final = "simulated"
REMEMBERED: Final = 12
CUT: Final = Refusal("cut", "模拟断网。", "")
BUSY: Final = Refusal("busy", "模拟服务器繁忙。", "", retry_after_s=5)
BROKEN: Final = Refusal("server_error", "模拟服务器磁盘已满。", "")
LONG: Final = 1_000_000
# What comes over the tablet while it stores a reply, and not over the way there.
APPLYING: Final = ("tablet_dies_applying", "tablet_loses_power_applying", "tablet_disk_full_applying")


@dataclass(frozen=True)
class Contacted:
    """How a contact ended: in the client's own words, or ``account`` None if it was cut off."""

    line: str
    account: Account | None = None


@dataclass
class Network:
    """``requests``: some that travelled, and may arrive once more. ``seen``: hash over all bytes that did."""

    hub: Hub
    seams: Seams
    note: Callable[[str], None]
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    seen: Any = field(default_factory=hashlib.sha256)

    def contact(self, tablet: Tablet, faults: Sequence[str], rng: Random) -> Contacted:
        """One contact, from beginning to end or to whatever ends it; ``faults`` befall its requests in turn."""
        conversation = contact(tablet.replica, clock=tablet.clock, app_version=APP_VERSION)
        request, left = next(conversation), list(faults)
        self.note("contacts")
        while True:
            self.note("requests")
            met = left.pop(0) if left else ""
            if met:
                self.note(met)
            answer = self._ask(tablet, encode(request), met, rng)
            if met == "left_in_the_middle":
                conversation.close()
                return Contacted("left in the middle")
            try:
                with tablet.befallen(met if met in APPLYING else "", rng):
                    request = conversation.send(answer)
            except StopIteration as end:
                account: Account = end.value
                return Contacted(f"{met or 'reaches the hub'}, {_told(account)}", account)
            except Died:
                return Contacted(met.replace("_", " "))

    def again(self, rng: Random) -> None:
        """A request that some network kept comes out of it late; nobody waits for its reply."""
        if self.requests:
            self._deliver(*rng.choice(self.requests))

    def _ask(self, tablet: Tablet, body: bytes, met: str, rng: Random) -> Reply | Refusal:
        """What comes back to the tablet for a request that this befalls."""
        if met == "busy":
            return BUSY
        self._remember(tablet, body)
        if met == "request_lost":
            return CUT
        if met in wire.ON_THE_WAY_THERE:
            assert wire.refused_there(body, met, rng), "a damaged request was read"
            return CUT
        try:
            reply = self._answered(tablet.secret, body, met, rng)
        except Died:
            return CUT
        except DiskFull:
            return BROKEN
        if met in wire.ON_THE_WAY_BACK:
            assert wire.refused_back(reply, met, rng), "a damaged reply was read"
            return CUT
        return CUT if met in ("reply_lost", "left_in_the_middle") else self._read(reply)

    def _answered(self, secret: str, body: bytes, met: str, rng: Random) -> bytes:
        """The hub's answer, if it lives to give one."""
        if met == "hub_dies_inside":
            return self.hub.answer_dying(secret, body, ticks(rng))
        if met == "hub_dies_writing":
            return self.hub.answer_dying(secret, body, LONG, ticks(rng))
        if met == "hub_disk_full":
            return self.hub.answer_on_a_full_disk(secret, body, rng)
        if met == "hub_dies_after_commit":
            self.hub.answer_and_die(secret, body)
            raise Died
        if met == "hub_loses_power":
            self.hub.answer_and_lose_power(secret, body, rng)
            raise Died
        if met == "duplicate_request":
            self._twice(secret, body)
        return self._deliver(secret, body)

    def _twice(self, secret: str, body: bytes) -> None:
        """Before itself – or, where two servers stand behind the database, at the other in the midst of itself."""
        if self.hub.servers_n == 1:
            self._deliver(secret, body)
            return

        def meanwhile() -> None:
            with self.hub.other_serving():
                self._deliver(secret, body)

        self.hub.plug.taken_n, self.hub.plug.interlude = 0, meanwhile

    def _deliver(self, secret: str, body: bytes) -> bytes:
        self.seen.update(body)
        reply = self.hub.answer(secret, body)
        self.seen.update(reply)
        return reply

    def _read(self, reply: bytes) -> Reply:
        return self.seams.on_the_way(decode(Reply, reply))

    def _remember(self, tablet: Tablet, body: bytes) -> None:
        self.requests.append((tablet.secret, body))
        del self.requests[:-REMEMBERED]


def _told(account: Account) -> str:
    problem = account.problem.code if account.problem else "to the end"
    return (
        f"{problem}: sent {account.sent_n}, conflict {account.conflict_n}, rejected {account.rejected_n},"
        f" received {account.received_n}" + (", another history" if account.history_met else "")
    )
