"""A link for whoever measures: what it is made of, what went over it, and the command that runs something at an end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from server.lab.link.namespaces import HUB_ADDRESS, LinkProblem, possible
from server.lab.link.way import Counts, Quality

RURAL: Final = Quality(rate_bit_s=256_000, delay_s=0.150, loss=0.02, queue_bytes=60 * 1_500)


@dataclass(frozen=True)
class Carried:
    """What went over a link since it was last begun: from the tablet (``up``) and to it (``down``)."""

    up: Counts
    down: Counts
    resets: int

    @property
    def ip_bytes(self) -> int:
        return self.up.bytes + self.down.bytes


@dataclass(frozen=True)
class Link:
    """A link that stands. ``at_tablet``, ``at_hub``: what to put before a command to run it at that end."""

    at_tablet: tuple[str, ...]
    at_hub: tuple[str, ...]
    hub_address: str
    _carrier: subprocess.Popen[str]

    def begin(self, seed: int, *, mean_life_s: float = 0.0) -> None:
        """Counts anew. ``seed``: of the losses, and of how long connections live if ``mean_life_s`` is not 0."""
        self._ask({"do": "begin", "seed": seed, "mean_life_s": mean_life_s})

    def carried(self) -> Carried:
        said = self._ask({"do": "counts"})
        return Carried(Counts(**said["up"]), Counts(**said["down"]), said["resets"])

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._carrier.stdin is not None, "a carrier with an input"
        self._carrier.stdin.write(json.dumps(order) + "\n")
        self._carrier.stdin.flush()
        return _said(self._carrier)


@contextmanager
def link(quality: Quality = RURAL) -> Iterator[Link]:
    """A link until the block ends. Raises LinkProblem."""
    possible()
    carrier = subprocess.Popen(
        [sys.executable, "-m", "server.lab.link.carrier", json.dumps(asdict(quality))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with carrier:
        try:
            made = _said(carrier)
            if "problem" in made:
                raise LinkProblem(made["problem"])
            inside = [("ip", "netns", "exec", made[end]) for end in ("tablet", "hub")]
            yield Link(inside[0], inside[1], HUB_ADDRESS, carrier)
        finally:
            assert carrier.stdin is not None, "a carrier with an input"
            carrier.stdin.close()
            carrier.wait()


def _said(carrier: subprocess.Popen[str]) -> dict[str, Any]:
    assert carrier.stdout is not None, "a carrier that is listened to"
    line = carrier.stdout.readline()
    if not line:
        raise LinkProblem("模拟线路的进程意外结束，原因见上面的输出。请再试一次。")
    said: dict[str, Any] = json.loads(line)
    return said
