"""A contact over a bad network: the real client, real bytes both ways, and everything that befalls them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from server.lab.simulation.disk import Died, ticks
from server.lab.simulation.hub import DiskFull, Hub, Revoked, Unknown
from server.lab.simulation.seams import Seams
from server.lab.simulation.tablet import Tablet
from server.lab.simulation.wire import (
    ON_THE_WAY_BACK,
    ON_THE_WAY_THERE,
    Answer,
    Letter,
    at_hub,
    damaged,
    pieces,
)
from sync import revocation, wire
from sync.client import Account, More, Piece, Refusal, contact
from sync.messages import Reply, Request
from sync.strict import MessageFault

APP_VERSION: Final = "simulated"
REMEMBERED: Final = 12
CUT: Final = Refusal("cut", "模拟断网。", "")
BUSY: Final = Refusal("busy", "模拟服务器繁忙。", "", retry_after_s=5)
DAMAGED: Final = Refusal("damaged", "模拟损坏。", "")
UNKNOWN: Final = Refusal("unauthorised", "模拟服务器不认识这台平板。", "")
IN_THE_PART: Final = 0.7
BROKEN: Final = Refusal("server_error", "模拟服务器磁盘已满。", "")
# What comes over the tablet while it stores a reply, and not over the way there.
APPLYING: Final = ("tablet_dies_applying", "tablet_loses_power_applying", "tablet_disk_full_applying")


@dataclass(frozen=True)
class Contacted:
    """How a contact ended: in the client's own words, or ``account`` None if it was cut off."""

    line: str
    account: Account | None = None


@dataclass
class Arriving:
    """A part of a snapshot on its way: the pieces that still come; after them the line is cut."""

    pieces: list[bytes] = field(default_factory=list)

    def next(self) -> Piece | Refusal:
        return Piece(self.pieces.pop(0)) if self.pieces else CUT


@dataclass
class Network:
    """``older``: whoever speaks plainly has an app that does not tell what stood on its screens. ``letters``: some that
    travelled, and may arrive once more. ``seen``: hash over all bytes that did."""

    hub: Hub
    seams: Seams
    note: Callable[[str], None]
    older: bool = False
    letters: list[Letter] = field(default_factory=list)
    seen: Any = field(default_factory=hashlib.sha256)

    def contact(self, tablet: Tablet, faults: Sequence[str], rng: Random) -> Contacted:
        """One contact, from beginning to end or to whatever ends it; ``faults`` befall its requests in turn."""
        conversation = contact(tablet.replica, clock=tablet.clock, app_version=APP_VERSION, line=tablet.line)
        asked, left, arriving = next(conversation), list(faults), Arriving()
        takes, met = tablet.replica.takes(), ""
        self.note("contacts")
        while True:
            answer: Reply | Refusal | Piece
            if isinstance(asked, More):
                answer = arriving.next()
            else:
                met = left.pop(0) if left else ""
                self.note("requests")
                self.note(met or "no_fault")
                answer, arriving = self._ask(tablet, asked, takes, met, rng)
                if met == "left_in_the_middle":
                    conversation.close()
                    return Contacted("left in the middle")
            if isinstance(answer, Reply):
                takes = answer.takes or takes
            try:
                with tablet.befallen(met if met in APPLYING else "", rng):
                    asked = conversation.send(answer)
            except StopIteration as end:
                account: Account = end.value
                tablet.reread.extend(account.villages_reread)
                return Contacted(f"{met or 'reaches the hub'}, {_told(account)}", account)
            except Died:
                return Contacted(met.replace("_", " "))

    def again(self, rng: Random) -> None:
        """A request that some network kept comes out of it late; nobody waits for its reply."""
        if self.letters:
            with suppress(Unknown, Revoked):
                self._deliver(rng.choice(self.letters))

    def _ask(
        self, tablet: Tablet, request: Request, takes: tuple[str, ...], met: str, rng: Random
    ) -> tuple[Reply | Refusal, Arriving]:
        """What comes back to the tablet for a request that this befalls."""
        nothing = Arriving()
        if met == "busy":
            return BUSY, nothing
        if self.older and not request.can:
            request = replace(request, screens=None)
        packed = wire.pack_request(request, takes)
        letter = Letter(tablet.secret, request.device, packed.body, packed.encoding)
        self._remember(letter)
        if met == "request_lost":
            return CUT, nothing
        try:
            if met in ON_THE_WAY_THERE:
                self._deliver_damaged(letter, met, rng)
                return CUT, nothing
            answer = self._answered(letter, met, rng)
        except Died:
            return CUT, nothing
        except DiskFull:
            return BROKEN, nothing
        except Unknown:
            return UNKNOWN, nothing
        except Revoked:
            return Refusal(revocation.CODE, "模拟停用。", "", history=self.hub.history()), nothing
        if met in ("reply_lost", "left_in_the_middle"):
            return CUT, nothing
        return self._read(answer, request, met, rng)

    def _deliver_damaged(self, letter: Letter, met: str, rng: Random) -> None:
        """The hub sees that a request is damaged, or it is not: a bit that means nothing may be another."""
        body = damaged(letter.body, letter.encoding, met, rng)
        if body is not None:
            with suppress(MessageFault):
                self._deliver(at_hub(letter, body))

    def _answered(self, letter: Letter, met: str, rng: Random) -> Answer:
        """The hub's answer, if it lives to give one."""
        if met == "hub_dies_inside":
            return self.hub.answer_dying(letter, ticks(rng))
        if met == "hub_dies_writing":
            return self.hub.answer_dying(letter, None, ticks(rng))
        if met == "hub_disk_full":
            return self.hub.answer_on_a_full_disk(letter, rng)
        if met == "hub_dies_after_commit":
            self.hub.answer_and_die(letter)
            raise Died
        if met == "hub_loses_power":
            self.hub.answer_and_lose_power(letter, rng)
            raise Died
        if met == "duplicate_request":
            self._twice(letter)
        try:
            return self._deliver(letter)
        finally:
            self.hub.plug.interlude = None

    def _twice(self, letter: Letter) -> None:
        """Before itself – or, where two servers stand behind the database, at the other in the midst of itself."""
        if self.hub.servers_n == 1:
            self._deliver(letter)
            return

        def meanwhile() -> None:
            with self.hub.other_serving():
                self._deliver(letter)

        self.hub.plug.taken_n, self.hub.plug.interlude = 0, meanwhile

    def _deliver(self, letter: Letter) -> Answer:
        self.seen.update(letter.body)
        answer = self.hub.answer(letter)
        self.seen.update(answer.body + answer.part)
        return answer

    def _read(
        self, answer: Answer, request: Request, met: str, rng: Random
    ) -> tuple[Reply | Refusal, Arriving]:
        body: bytes | None = answer.body
        in_part = met in ON_THE_WAY_BACK and answer.part and rng.random() < IN_THE_PART
        if met in ON_THE_WAY_BACK and not in_part:
            body = damaged(answer.body, answer.encoding, met, rng)
        if body is None:
            return CUT, Arriving()
        try:
            reply = wire.unpack_reply(body, answer.encoding, request)
        except MessageFault:
            return DAMAGED, Arriving()
        part = answer.part
        if in_part and met == "reply_flipped":
            part = damaged(part, "part", met, rng) or part
        return self.seams.on_the_way(reply), Arriving(pieces(part, met if in_part else "", rng))

    def _remember(self, letter: Letter) -> None:
        self.letters.append(letter)
        del self.letters[:-REMEMBERED]


def _told(account: Account) -> str:
    problem = account.problem.code if account.problem else "to the end"
    return (
        f"{problem}: sent {account.sent_n}, conflict {account.conflict_n}, rejected {account.rejected_n},"
        f" received {account.received_n}" + (", another history" if account.history_met else "")
    )
