"""What sync costs on a bad line: first sync, nothing new, one change down, a hundred up, and connections that break.

256 kbit/s, 300 ms round trip, 2 % of packets lost each way, plain HTTP, bytes at IP level in both directions. Forms
and divisions are on the tablet already. Beside each figure stands plain HTTP moving the same bytes with the same luck.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from server.exchange.current import exchange_now
from server.lab.bench.county import HOUSEHOLDS_N, County, county
from server.lab.bench.figures import Figure, figure
from server.lab.bench.forms import EDIT
from server.lab.bench.homes import two_fields
from server.lab.bench.made import Made
from server.lab.bench.problem import BenchProblem
from server.lab.bench.stand import Cost, Stand, stand
from server.lab.link.link import RURAL, link
from server.lab.link.namespaces import LinkProblem
from server.settings import DEFAULT_COUNTY, Settings
from server.terminal.steps import Steps, unseen

EDITS_N: Final = 100
_SEED: Final = 1


@dataclass(frozen=True)
class Bench:
    """``fresh``: a tablet that has its forms and villages and has read nothing; ``edit_form``: what it edits with."""

    at: Stand
    county: County
    fresh: Path
    edit_form: str
    runs_n: int

    def first_sync(self, name: str, **how: Any) -> Iterator[Figure]:
        """``how``: what the tablet can take."""

        def once(number: int) -> Cost:
            replica = self.at.copy(self.fresh, "first")
            cost = self.at.contact(replica, _SEED + number, **how)
            return _received(cost, len(self.county.homes))

        yield from self._measured(name, once)

    def first_sync_reset(self, name: str, mean_life_s: float) -> Iterator[Figure]:
        """Connections are reset at random; the tablet begins again until it has everything. The floor moves what an
        unbroken first sync moves, and goes on after a reset where it stopped.
        """
        costs, wholes, floors = [], [], []
        for number in range(self.runs_n):
            seed = _SEED + number
            wholes.append(self.at.contact(self.at.copy(self.fresh, "first"), seed))
            replica = self.at.copy(self.fresh, "first")
            costs.append(self.at.contact(replica, seed, mean_life_s=mean_life_s))
            if self.at.tablet.order("held", replica=str(replica))["households"] != len(self.county.homes):
                raise BenchProblem(f"平板没有收齐 {len(self.county.homes)} 户：{costs[-1].told}。")
            floors.append(self.at.floor(wholes[-1], seed, mean_life_s=mean_life_s))
        seconds = [each.seconds for each in costs]
        yield figure(f"{name}_s", "s", seconds, [each.seconds for each in floors])
        pairs = zip(costs, wholes, strict=True)
        yield figure(f"{name}_ratio", "×", [cost.seconds / whole.seconds for cost, whole in pairs])

    def plain(self) -> Iterator[Figure]:
        """What the households alone would cost, without ids or anything that makes them a protocol: as packed lines
        of JSON, and packed property by property.
        """
        for name, packed in (("plain_lines", _packed_lines), ("plain_columns", _packed_columns)):
            size = len(packed([home.props for home in self.county.homes]))
            costs = [self.at.plain(size, _SEED + number) for number in range(self.runs_n)]
            yield figure(f"{name}_s", "s", [each.seconds for each in costs])
            if self.at.link:
                yield figure(f"{name}_bytes", "B", [each.ip_bytes for each in costs])

    def nothing_new(self) -> Iterator[Figure]:
        replica = self._read("nothing")
        yield from self._measured(
            "nothing_new",
            lambda number: _received(self.at.contact(replica, _SEED + number), 0),
            requests=True,
        )

    def one_down(self) -> Iterator[Figure]:
        replica = self._read("down")

        def once(number: int) -> Cost:
            self.county.change_one(-1 - number % len(self.county.homes))
            return _received(self.at.contact(replica, _SEED + number), 1)

        yield from self._measured("one_down", once)

    def hundred_up(self) -> Iterator[Figure]:
        replica, rng = self._read("up"), Random(_SEED)

        def once(number: int) -> Cost:
            begin = number * EDITS_N % len(self.county.homes)
            homes = self.county.homes[begin : begin + EDITS_N]
            edits = [
                {"id": home.id, "village": home.village, "answers": two_fields(home.props, rng)}
                for home in homes
            ]
            self.at.tablet.order("edit", replica=str(replica), homes=edits, form=self.edit_form)
            cost = self.at.contact(replica, _SEED + number)
            if cost.told["sent"] != len(edits):
                raise BenchProblem(f"应送出 {len(edits)} 条更正，实际 {cost.told['sent']} 条：{cost.told}。")
            return cost

        yield from self._measured("hundred_up", once, requests=True)

    def _read(self, name: str) -> Path:
        """A tablet that has read everything."""
        replica = self.at.copy(self.fresh, name)
        self.at.contact(replica, 0)
        return replica

    def _measured(
        self, name: str, once: Callable[[int], Cost], *, requests: bool = False
    ) -> Iterator[Figure]:
        costs, floors = [], []
        for number in range(self.runs_n):
            costs.append(once(number))
            floors.append(self.at.floor(costs[-1], _SEED + number))
        yield figure(f"{name}_s", "s", [each.seconds for each in costs], [each.seconds for each in floors])
        if self.at.link:
            yield figure(
                f"{name}_bytes", "B", [each.ip_bytes for each in costs], [each.ip_bytes for each in floors]
            )
        if requests:
            yield figure(f"{name}_requests", "", [each.requests for each in costs])


def _received(cost: Cost, wanted_n: int) -> Cost:
    if cost.told["received"] != wanted_n:
        raise BenchProblem(f"平板应收到 {wanted_n} 户，实际 {cost.told['received']} 户：{cost.told}。")
    return cost


def _packed_lines(rows: Sequence[Mapping[str, str]]) -> bytes:
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return gzip.compress("\n".join(lines).encode(), mtime=0)


def _packed_columns(rows: Sequence[Mapping[str, str]]) -> bytes:
    names = sorted({name for row in rows for name in row})
    return gzip.compress(
        "\n".join("\t".join(row.get(name, "") for row in rows) for name in names).encode(), mtime=0
    )


@contextmanager
def bench(
    made: Made, *, runs_n: int, households_n: int = HOUSEHOLDS_N, on_link: bool = True, steps: Steps = unseen
) -> Iterator[Bench]:
    """Everything in place. ``on_link`` False: over loopback, for a look without root. Raises BenchProblem."""
    with ExitStack() as placed:
        try:
            over = placed.enter_context(link(RURAL)) if on_link else None
        except LinkProblem as problem:
            raise BenchProblem(str(problem)) from problem
        folder = Path(placed.enter_context(TemporaryDirectory(prefix="chbench")))
        settings = Settings(
            folder, f"sqlite:///{folder / 'hub.sqlite3'}", DEFAULT_COUNTY, "bench", synthetic=True
        )
        with steps("准备两千户的县"):
            whole = _county(made, settings, households_n)
        placed.callback(whole.app.state.engine.dispose)
        at = placed.enter_context(stand(settings, over))
        forms = [asdict(document) for document in exchange_now(whole.app.state).forms.documents]
        fresh = folder / "fresh.sqlite3"
        at.tablet.order("enrol", replica=str(fresh), server=at.server, code=whole.code, forms=forms)
        edit_form = next(form["xml"] for form in forms if form["id"] == EDIT)
        yield Bench(at, whole, fresh, edit_form, runs_n)


def _county(made: Made, settings: Settings, households_n: int) -> County:
    app = made.create_app(settings)
    made.fill(app)
    return county(app, households_n)
