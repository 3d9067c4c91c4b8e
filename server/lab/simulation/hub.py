"""The hub of a simulated county: the exchange's real code over a real database, without HTTP.

It can die anywhere, be copied, and be put back from a copy, by the command that people use or behind its back.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from server.access import enrolment
from server.access.tables import Tablet
from server.database import read, write
from server.exchange import backup, history, office, store
from server.exchange.feed import SqlFeed
from server.exchange.store import Exchange
from server.lab.simulation.faults import Died
from server.lab.simulation.stage import COUNTY, Stage
from server.registry.policy import POLICY
from server.registry.projection import projection
from sync.codec import decode_request, derived_id, encode
from sync.facts import Device


@dataclass
class Hub:
    """``clock`` and ``new_id`` are the world's."""

    stage: Stage
    file: Path
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    exchange: Exchange = field(init=False)
    copies: list[Path] = field(default_factory=list)
    callers: dict[str, Tablet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.exchange = Exchange(
            self.stage.engine, self.stage.places, self.stage.forms, POLICY, (projection,), self.new_id
        )

    # --- what tablets ask ---

    def answer(self, secret: str, body: bytes, *, dies_after: int | None = None) -> bytes:
        """The reply to a request. With ``dies_after`` ticks of work the process ends: raises `Died`."""
        fuse = self.stage.fuse
        try:
            with fuse.lit(dies_after) if dies_after is not None else nullcontext():
                incoming = decode_request(body)
                reply = store.contact(self.exchange, self._caller(secret), incoming, self.clock())
                return encode(reply)
        except Died:
            self.begin_again()
            raise

    def answer_and_die(self, secret: str, body: bytes) -> None:
        """Take everything a request brings, commit, and end before a reply is made."""
        tablet = self._caller(secret)
        device = Device(tablet.device, tablet.county, frozenset())
        store.push(self.exchange, device, decode_request(body), self.clock(), tablet=True)
        self.begin_again()

    def begin_again(self) -> None:
        """The process is gone, its connections with it; the next one opens the file anew."""
        self.stage.engine.dispose()

    def _caller(self, secret: str) -> Tablet:
        """Looked up once: every copy of the database knows the tablets of the stage."""
        if secret not in self.callers:
            with read(self.stage.engine) as session:
                found = enrolment.tablet_by_secret(session, secret)
            assert found is not None, "the hub does not know a tablet of the stage"
            self.callers[secret] = found
        return self.callers[secret]

    # --- what the office does ---

    def assign(self, device: str, villages: Collection[str]) -> None:
        with write(self.stage.engine) as session:
            enrolment.assign(session, county=COUNTY, device=device, villages=villages, now=self.clock())

    def unassign(self, device: str, villages: Collection[str]) -> None:
        with write(self.stage.engine) as session:
            enrolment.unassign(session, county=COUNTY, device=device, villages=villages, now=self.clock())

    def held(self, device: str) -> set[str]:
        with read(self.stage.engine) as session:
            return enrolment.held(session, county=COUNTY, device=device)

    def ever_held(self, device: str) -> set[str]:
        with read(self.stage.engine) as session:
            return enrolment.ever_held(session, county=COUNTY, device=device)

    def state_zone(self, village: str, props: dict[str, str]) -> None:
        """The office tells of a village's zone, as a designation does."""
        zone = ("zone", derived_id("zone", village), village, props)
        with write(self.stage.engine) as session:
            office.publish(session, COUNTY, [zone], self.clock())

    # --- copies ---

    def back_up(self) -> Path:
        target = self.file.with_name(f"copy-{len(self.copies)}.sqlite3")
        backup.back_up(f"sqlite:///{self.file}", target)
        self.copies.append(target)
        return target

    def restore(self, copy: Path) -> None:
        """As the restore command does it: a new history."""
        self.stage.engine.dispose()
        replaced = backup.restore(f"sqlite:///{self.file}", copy, new_id=self.new_id, now=self.clock())
        if replaced is not None:
            replaced.unlink()

    def put_back(self, copy: Path) -> None:
        """As somebody does it who copies files about: nothing tells the database that it is an older one."""
        self.stage.engine.dispose()
        shutil.copyfile(copy, self.file)

    def history(self) -> str:
        with read(self.stage.engine) as session:
            return history.present(session)

    def heads(self, villages: Collection[str]) -> dict[str, int]:
        with read(self.stage.engine) as session:
            return SqlFeed(session, COUNTY).heads(sorted(villages))
