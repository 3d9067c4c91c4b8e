"""PouchDB on the same link with the same households, beside our own figures: what the usual way costs.

Its packages are fetched by npm when they are first wanted, at the versions of the lock file beside the two scripts;
nothing of them is part of this repository or of the product.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from server.lab.bench.county import County
from server.lab.bench.figures import Figure, figure
from server.lab.bench.homes import two_fields
from server.lab.bench.problem import BenchProblem
from server.lab.bench.processes import free_port
from server.lab.bench.stand import Cost, Stand
from server.lab.bench.talker import Talker, talker

PREFIX: Final = "pouchdb_"
_SOURCE: Final = Path(__file__).parent / "pouchdb"
_FILES: Final = ("package.json", "package-lock.json", ".npmrc", "hub.js", "tablet.js")
_EDITS_N: Final = 100
_SEED: Final = 1


def installed(folder: Path) -> Path:
    """Puts PouchDB into ``folder``, unless it is there. Raises BenchProblem where it cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise BenchProblem("没有 Node 和 npm，不测 PouchDB。安装后（apt install nodejs npm）再测即可。")
    lock, known = _SOURCE / "package-lock.json", folder / "installed.json"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copy(_SOURCE / name, folder)
    if not known.exists() or known.read_bytes() != lock.read_bytes():
        done = subprocess.run(
            ["npm", "ci"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BenchProblem(f"npm 没有装好 PouchDB，不测它：{done.stdout.strip()[-300:]}")
        shutil.copy(lock, known)
    return folder


@dataclass(frozen=True)
class Peer:
    """PouchDB at both ends of the stand's link. ``replicas``: numbers for fresh tablets."""

    at: Stand
    county: County
    hub: Talker
    address: str
    folder: Path
    runs_n: int
    replicas: Iterator[int]

    def figures(self) -> Iterator[Figure]:
        yield from self._measured("first_sync", lambda number: self._first(number, 0.0))
        read = self._fresh()
        self._contact(read, 0)
        yield from self._measured("nothing_new", lambda number: self._contact(read, number))
        yield from self._measured("one_down", lambda number: self._one_down(read, number))
        yield from self._measured("hundred_up", lambda number: self._hundred_up(read, number))
        for name, life_s in (("first_sync_reset10", 10.0), ("first_sync_reset3", 3.0)):
            costs = [self._first(number, life_s) for number in range(self.runs_n)]
            yield figure(f"{PREFIX}{name}_s", "s", [each.seconds for each in costs])

    def _measured(self, name: str, once: Callable[[int], Cost]) -> Iterator[Figure]:
        costs = [once(number) for number in range(self.runs_n)]
        yield figure(f"{PREFIX}{name}_s", "s", [each.seconds for each in costs])
        yield figure(f"{PREFIX}{name}_bytes", "B", [each.ip_bytes for each in costs])

    def _first(self, number: int, mean_life_s: float) -> Cost:
        cost = self._contact(self._fresh(), number, mean_life_s)
        if cost.told["documents"] < len(self.county.homes):
            raise BenchProblem(f"PouchDB 没有收齐 {len(self.county.homes)} 户：{cost.told}。")
        return cost

    def _one_down(self, replica: str, number: int) -> Cost:
        self.hub.say(self.county.homes[-1 - number].id)
        return self._contact(replica, number)

    def _hundred_up(self, replica: str, number: int) -> Cost:
        homes = self.county.homes[number * _EDITS_N : (number + 1) * _EDITS_N]
        rng = Random(f"{_SEED}/{number}")
        edits = [{"id": home.id, "answers": two_fields(home.props, rng)} for home in homes]
        self.at.tablet.order("edit", replica=replica, homes=edits)
        return self._contact(replica, number, up=True)

    def _contact(self, replica: str, number: int, mean_life_s: float = 0.0, *, up: bool = False) -> Cost:
        return self.at.cost(
            "contact", _SEED + number, mean_life_s, replica=replica, server=self.address, up=up
        )

    def _fresh(self) -> str:
        return str(self.folder / f"tablet{next(self.replicas)}")


@contextmanager
def peer(at: Stand, county: County, packages: Path, runs_n: int) -> Iterator[Peer]:
    """PouchDB with the county's households in it, and a tablet that has read nothing."""
    folder = at.folder / "pouchdb"
    (folder / "hub").mkdir(parents=True)
    homes = folder / "homes.json"
    homes.write_text(json.dumps([{"_id": home.id, **home.props} for home in county.homes]), encoding="utf-8")
    host, port = at.floor_at[0], free_port()
    at_hub, at_tablet = (at.link.at_hub, at.link.at_tablet) if at.link else ((), ())
    with ExitStack() as running:
        command = [*at_hub, "node", "hub.js", host, str(port), str(folder / "hub"), str(homes)]
        hub = running.enter_context(talker("PouchDB", command, packages))
        hub.heard()
        tablet = running.enter_context(talker("PouchDB", [*at_tablet, "node", "tablet.js"], packages))
        yield Peer(
            replace(at, tablet=tablet), county, hub, f"http://{host}:{port}/homes", folder, runs_n, count()
        )
