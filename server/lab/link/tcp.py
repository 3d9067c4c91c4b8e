"""TCP connections as a link sees them: what of their bytes is new, and how both ends are told that one is over.

A reset is believed by an end only at the very number it waits for. The link knows that number from what the end
acknowledged and from what was delivered to it; where it guessed too far ahead, the end answers with a challenge,
and the answer to that is exact.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10
_TCP: Final = 6
_HALF: Final = 1 << 31
_WRAP: Final = (1 << 32) - 1

End = tuple[bytes, int]
"""An address as four bytes, and a port."""


@dataclass(frozen=True)
class Segment:
    """``next_seq``: the number after its last byte, a SYN or FIN counted as one. ``payload_n``: bytes of data."""

    source: End
    target: End
    seq: int
    ack: int
    flags: int
    payload_n: int

    @property
    def next_seq(self) -> int:
        return (self.seq + self.payload_n + bool(self.flags & SYN) + bool(self.flags & FIN)) & _WRAP

    @property
    def opens(self) -> bool:
        """Whether it begins a connection."""
        return self.flags & (SYN | ACK) == SYN

    @property
    def resets(self) -> bool:
        return bool(self.flags & RST)

    @property
    def flow(self) -> frozenset[End]:
        return frozenset((self.source, self.target))


def segment(packet: bytes) -> Segment | None:
    """The TCP segment in an IPv4 packet; None where there is none."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != _TCP:
        return None
    start = (packet[0] & 15) * 4
    total = int.from_bytes(packet[2:4], "big")
    source_port, target_port, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", packet, start)
    payload_n = total - start - (offset >> 4) * 4
    return Segment((packet[12:16], source_port), (packet[16:20], target_port), seq, ack, flags, payload_n)


def reset(source: End, target: End, seq: int, ack: int) -> bytes:
    """An IPv4 packet that ends the connection for ``target`` in the name of ``source``."""
    tcp = struct.pack("!HHIIBBHHH", source[1], target[1], seq, ack, 5 << 4, RST | ACK, 0, 0, 0)
    pseudo = source[0] + target[0] + struct.pack("!BBH", 0, _TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, _TCP, 0, source[0], target[0])
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def checksum(data: bytes) -> int:
    """The Internet checksum of RFC 1071."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass
class _Half:
    """What one end has sent (highest number after it), acknowledged, and been given."""

    sent: int | None = None
    acknowledged: int = 0
    delivered: int = 0


@dataclass
class _Connection:
    dies_at: float
    halves: dict[End, _Half]
    dead: bool = False


@dataclass
class Connections:
    """Every connection on a link. ``mean_life_s`` 0: none is ever reset; else each lives for a random time from its
    first packet on, exponentially distributed.
    """

    rng: Random
    mean_life_s: float = 0.0
    resets: int = 0
    _known: dict[frozenset[End], _Connection] = field(default_factory=dict)

    def begin(self, rng: Random, mean_life_s: float) -> None:
        """Another course of luck; connections that stand keep their lives."""
        self.rng, self.mean_life_s, self.resets = rng, mean_life_s, 0
        self._known = {flow: known for flow, known in self._known.items() if not known.dead}

    def enter(self, sent: Segment, now: float) -> int:
        """A segment is given to the link; how many bytes of its data were never given to it before."""
        if sent.opens:
            self._begun(sent, now)
        known = self._known.get(sent.flow)
        if known is None:
            return 0
        half = known.halves[sent.source]
        if sent.flags & ACK:
            half.acknowledged = sent.ack
        before = half.sent if half.sent is not None else sent.seq
        grown = (sent.next_seq - before) & _WRAP
        if grown >= _HALF:
            return 0
        half.sent = sent.next_seq
        new_n: int = min(grown, sent.payload_n)
        return new_n

    def _begun(self, sent: Segment, now: float) -> None:
        known = self._known.get(sent.flow)
        # A SYN sent again is the same connection, unless that one is over.
        if known is None or known.dead:
            life_s = self.rng.expovariate(1 / self.mean_life_s) if self.mean_life_s else float("inf")
            self._known[sent.flow] = _Connection(now + life_s, {sent.source: _Half(), sent.target: _Half()})

    def delivered(self, arrived: Segment) -> None:
        """A segment reaches its target."""
        known = self._known.get(arrived.flow)
        if known is not None:
            known.halves[arrived.target].delivered = arrived.next_seq

    def is_dead(self, seen: Segment) -> bool:
        known = self._known.get(seen.flow)
        return known is not None and known.dead

    def answer(self, sent: Segment) -> bytes:
        """What an end gets that still speaks on a dead connection."""
        return reset(sent.target, sent.source, sent.ack, sent.next_seq)

    def dying(self, now: float) -> Iterator[tuple[End, bytes]]:
        """(end, the packet that tells it) for both ends of each connection whose time has come."""
        for known in self._known.values():
            if known.dead or known.dies_at > now:
                continue
            known.dead = True
            self.resets += 1
            for (end, half), (other, far) in zip(
                known.halves.items(), reversed(known.halves.items()), strict=True
            ):
                yield end, reset(other, end, _later(half.acknowledged, half.delivered), far.acknowledged)

    @property
    def next_at(self) -> float | None:
        """When the next connection dies; None if none will."""
        alive = (known.dies_at for known in self._known.values() if not known.dead)
        soonest = min(alive, default=float("inf"))
        return None if soonest == float("inf") else soonest


def _later(one: int, other: int) -> int:
    return one if (one - other) & _WRAP < _HALF else other
