"""A hub and a tablet at the two ends of a bad line, and what one thing they do costs there."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server.lab.bench import floor
from server.lab.bench.processes import free_port, serving
from server.lab.bench.talker import Talker, talker
from server.lab.link.link import Carried, Link
from server.settings import Settings

# Where nothing is counted there is nothing to repeat either.
_ANYTHING_BYTES: Final = 1_000
# After the last byte there is still a good-bye on the line: twice the round trip and what may wait for it.
_QUIET_AFTER_S: Final = 1.0


@dataclass(frozen=True)
class Cost:
    """``seconds`` as the tablet's surveyor waits; ``ip_bytes`` both ways, headers and what was sent again included."""

    seconds: float
    ip_bytes: int
    requests: int
    told: dict[str, Any]
    carried: Carried | None


@dataclass(frozen=True)
class Stand:
    """``link`` None: both ends on this machine's loopback, for a look without root. Nothing is counted then."""

    server: str
    floor_at: tuple[str, int]
    folder: Path
    link: Link | None
    tablet: Talker

    def contact(self, replica: Path, seed: int, *, mean_life_s: float = 0.0, **how: Any) -> Cost:
        """The tablet syncs until nothing is left. ``seed``: of the line's luck. Raises BenchProblem."""
        return self.cost("contact", seed, mean_life_s, replica=str(replica), server=self.server, **how)

    def floor(self, like: Cost, seed: int, *, mean_life_s: float = 0.0) -> Cost:
        """Plain HTTP that moves what ``like`` moved, with the same luck."""
        if like.carried is None:
            return self.plain(_ANYTHING_BYTES, seed)
        up, down = like.carried.up.payload_bytes, like.carried.down.payload_bytes
        return self._floor(up, down, seed, mean_life_s)

    def plain(self, down: int, seed: int) -> Cost:
        """Plain HTTP that brings so many bytes."""
        return self._floor(0, down, seed, 0.0)

    def _floor(self, up: int, down: int, seed: int, mean_life_s: float) -> Cost:
        host, port = self.floor_at
        return self.cost("floor", seed, mean_life_s, host=host, port=port, up=up, down=down)

    def cost(self, do: str, seed: int, mean_life_s: float, **what: Any) -> Cost:
        """What it costs that the tablet does something, which says how many ``seconds`` it took."""
        if self.link:
            self.link.begin(seed, mean_life_s=mean_life_s)
        told = self.tablet.order(do, **what)
        carried = None
        if self.link:
            time.sleep(_QUIET_AFTER_S)
            carried = self.link.carried()
        return Cost(
            told["seconds"], carried.ip_bytes if carried else 0, told.get("requests", 1), told, carried
        )

    def copy(self, replica: Path, name: str) -> Path:
        """The same tablet once more, as it stands now."""
        target = self.folder / f"{name}.sqlite3"
        for old in self.folder.glob(f"{name}.sqlite3*"):
            old.unlink()
        with closing(sqlite3.connect(replica)) as source, closing(sqlite3.connect(target)) as copied:
            source.backup(copied)
        return target


@contextmanager
def stand(settings: Settings, link: Link | None) -> Iterator[Stand]:
    """The server, the floor's server and a tablet, each at its end, until the block ends. Raises BenchProblem."""
    host = link.hub_address if link else "127.0.0.1"
    at_hub, at_tablet = (link.at_hub, link.at_tablet) if link else ((), ())
    with ExitStack() as running:
        server = running.enter_context(serving(settings, host=host, port=free_port(), within=at_hub))
        floor_port = free_port()
        command = [*at_hub, sys.executable, "-m", floor.__name__, host, str(floor_port)]
        running.enter_context(talker("floor", command)).heard()
        command = [*at_tablet, sys.executable, "-m", "server.lab.bench.tablet"]
        tablet = running.enter_context(talker("tablet", command))
        yield Stand(server.address, (host, floor_port), settings.data, link, tablet)
