"""The process that carries packets between a link's two ends; told what to do on its standard input.

Run as `python -m server.lab.link.carrier`, with the line's quality as JSON. Each line it reads is a JSON object
with `do`: `begin` (count anew, with `seed` and the mean life of connections), `counts` (what was carried since).
It answers each with one line. When its input ends, the link is taken down: so it goes when its maker goes, however
that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from random import Random
from typing import Any, Final

from server.lab.link.namespaces import HUB_ADDRESS, Ends, LinkProblem, ends
from server.lab.link.tcp import Connections, segment
from server.lab.link.way import Quality, Way

_PACKET_BYTES_MAX: Final = 65_536
_LOOK_EVERY_S: Final = 1.0
_HURRY: Final = -15


class Carrier:
    """Both ways of a link between the devices of `ends`."""

    def __init__(self, ends: Ends, quality: Quality) -> None:
        self._devices = (ends.tablet_device, ends.hub_device)
        self._ways = (Way(quality, Random(0)), Way(quality, Random(1)))
        self._connections = Connections(Random(2))

    def begin(self, seed: int, mean_life_s: float) -> None:
        for number, way in enumerate(self._ways):
            way.begin(Random(f"{seed}/{number}"))
        self._connections.begin(Random(f"{seed}/lives"), mean_life_s)

    def counts(self) -> dict[str, Any]:
        up, down = (way.counts.as_json() for way in self._ways)
        return {"up": up, "down": down, "resets": self._connections.resets}

    def carry(self, readable: list[int], now: float) -> None:
        """Takes in what the ends have sent, gives out what has arrived, ends what dies."""
        for number, device in enumerate(self._devices):
            if device in readable:
                self._take(number, now)
        for end, packet in self._connections.dying(now):
            self._give(int(end[0] == _HUB), packet)
        for number, way in enumerate(self._ways):
            for packet in way.leaving(now):
                self._arrive(1 - number, packet)

    def waits_s(self, now: float) -> float:
        """How long nothing will happen unless an end sends something."""
        known = (*(way.next_at for way in self._ways), self._connections.next_at)
        return max(0.0, min((at - now for at in known if at is not None), default=_LOOK_EVERY_S))

    def _take(self, number: int, now: float) -> None:
        way = self._ways[number]
        while True:
            try:
                packet = os.read(self._devices[number], _PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4:
                continue  # what IPv6 says to itself on a new device
            sent = segment(packet)
            if sent is not None and self._connections.is_dead(sent) and not sent.opens:
                if not sent.resets:
                    self._give(number, self._connections.answer(sent))
                continue
            way.enter(packet, now)
            if sent is not None:
                way.counts.payload_bytes += self._connections.enter(sent, now)

    def _arrive(self, number: int, packet: bytes) -> None:
        arrived = segment(packet)
        if arrived is not None:
            if self._connections.is_dead(arrived):
                return
            self._connections.delivered(arrived)
        self._give(number, packet)

    def _give(self, number: int, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # an end that is being taken down takes nothing
            os.write(self._devices[number], packet)


_HUB: Final = bytes(map(int, HUB_ADDRESS.split(".")))


def main() -> None:
    quality = Quality(**json.loads(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the bench, which closes our input
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with ends() as made:
            # Late packets would be a slower line than was asked for.
            os.nice(_HURRY)
            _say({"tablet": made.tablet, "hub": made.hub})
            _run(Carrier(made, quality), made)
    except LinkProblem as problem:
        _say({"problem": str(problem)})


def _run(carrier: Carrier, made: Ends) -> None:
    told = b""
    devices = [made.tablet_device, made.hub_device]
    while True:
        readable, _, _ = select.select([0, *devices], [], [], carrier.waits_s(time.monotonic()))
        carrier.carry(readable, time.monotonic())
        if 0 in readable:
            more = os.read(0, _PACKET_BYTES_MAX)
            if not more:
                return
            *lines, told = (told + more).split(b"\n")
            for line in lines:
                _obey(carrier, json.loads(line))


def _obey(carrier: Carrier, order: dict[str, Any]) -> None:
    if order["do"] == "begin":
        carrier.begin(order["seed"], order["mean_life_s"])
        _say({})
    else:
        _say(carrier.counts())


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
