"""One direction of a link: a rate, a delay, a queue that drops what does not fit, and loss by a seed.

Nothing here knows a clock or a device: whoever carries packets says what time it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from random import Random


@dataclass(frozen=True)
class Quality:
    """``rate_bit_s`` 0: as fast as it comes. ``loss``: the share of packets lost after they were sent.
    ``queue_bytes``: how much may wait for the line; what comes on top is dropped (drop-tail).
    """

    rate_bit_s: float
    delay_s: float
    loss: float
    queue_bytes: int


@dataclass
class Counts:
    """IP packets and bytes that one end gave to the link, what became of them, and ``payload_bytes``: those of TCP
    without headers, each counted once however often it was sent.
    """

    packets: int = 0
    bytes: int = 0
    lost: int = 0
    dropped: int = 0
    payload_bytes: int = 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


class Way:
    """Packets on their way in one direction. Times are seconds of any clock that only grows."""

    def __init__(self, quality: Quality, rng: Random) -> None:
        self.counts = Counts()
        self._quality = quality
        self._rng = rng
        self._free_at = 0.0
        self._travelling: deque[tuple[float, bytes]] = deque()

    def begin(self, rng: Random) -> None:
        """Counts anew, with another course of luck; what is travelling goes on."""
        self.counts, self._rng = Counts(), rng

    def enter(self, packet: bytes, now: float) -> None:
        """A packet is given to the link. A lost one takes its time on the line like any other."""
        self.counts.packets += 1
        self.counts.bytes += len(packet)
        rate = self._quality.rate_bit_s / 8
        starts_at = max(now, self._free_at)
        if rate and (starts_at - now) * rate > self._quality.queue_bytes:
            self.counts.dropped += 1
            return
        self._free_at = starts_at + (len(packet) / rate if rate else 0.0)
        if self._rng.random() < self._quality.loss:
            self.counts.lost += 1
            return
        # The delay is the same for all, so the order stays.
        self._travelling.append((self._free_at + self._quality.delay_s, packet))

    def leaving(self, now: float) -> Iterator[bytes]:
        """Those that have arrived, in order; each is gone from the link once it is given."""
        while self._travelling and self._travelling[0][0] <= now:
            yield self._travelling.popleft()[1]

    @property
    def next_at(self) -> float | None:
        """When the next one arrives; None while nothing travels."""
        return self._travelling[0][0] if self._travelling else None
