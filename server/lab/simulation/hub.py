"""The hub of a simulated county: the exchange's real code over a real database, without HTTP.

One server or two stand before the database. They can die anywhere, and the database can be copied, restored and put
back from a copy, as people do it or behind the hub's back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy.exc import OperationalError

from server.access import callers, enrolment
from server.access.callers import Caller
from server.database import read, write
from server.exchange import backup, forms, history, office, rescue, rescue_file, store
from server.exchange.photo_files import FOLDER, PhotoFiles
from server.exchange.photos import PhotoDesk
from server.exchange.snapshots import Shelf
from server.exchange.store import Exchange
from server.lab.simulation.disk import Died, Disk, Image, torn
from server.lab.simulation.seams import Seams
from server.lab.simulation.stage import COUNTY, COUNTY_NAME, Plug, Stage
from server.lab.simulation.wire import Answer, Letter
from server.registry import aliases
from server.registry.policy import POLICY
from server.registry.projection import projection
from sync import wire
from sync.codec import derived_id, to_text
from sync.facts import Device, Facts, Pushed
from sync.messages import EnrolReply, Incoming, Reply, Request
from sync.replica import Identity, Replica

DERIVATION: Final = aliases.through(projection)


class Unknown(Exception):
    """The hub knows no tablet with this secret: 401."""


class Revoked(Exception):
    """The tablet was revoked, and is told so: 403."""


class DiskFull(Exception):
    """The hub could not write: it answers 500 and has done nothing."""


@dataclass
class Hub:
    """``clock`` and ``new_id`` are the world's. ``serving``: the server that the next request reaches. ``went_back``:
    the database has been an older copy of itself."""

    stage: Stage
    file: Path
    servers_n: int
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    seams: Seams
    serving: int = 0
    exchanges: list[Exchange] = field(init=False)
    copies: list[Path] = field(default_factory=list)
    callers: dict[str, Caller] = field(init=False)
    judged: Pushed | None = None
    left_writing: int | None = None
    went_back: bool = False

    def __post_init__(self) -> None:
        self.exchanges = [self._exchange(plug) for plug in self.stage.plugs[: self.servers_n]]
        self.callers = dict(self.stage.callers)

    def _exchange(self, plug: Plug) -> Exchange:
        return Exchange(
            plug.engine, self.stage.places, self.stage.forms, POLICY, (DERIVATION,), self.new_id,
            decide=self._decide, county_key=self.stage.keys.public,
        )  # fmt: skip

    def _decide(self, incoming: Incoming, facts: Facts, now: datetime) -> Pushed:
        self.judged = self.seams.decide(incoming, facts, now)
        if self.left_writing is not None:
            self.plug.fuse.shorten(self.left_writing)
        return self.judged

    @property
    def exchange(self) -> Exchange:
        return self.exchanges[self.serving]

    @property
    def plug(self) -> Plug:
        return self.stage.plugs[self.serving]

    @property
    def disk(self) -> Disk:
        return self.stage.hub

    @property
    def photo_files(self) -> PhotoFiles:
        return PhotoFiles(self.file.parent / FOLDER)

    # --- what tablets ask ---

    def answer(self, letter: Letter) -> Answer:
        """The reply to a request. Raises `MessageFault` if it cannot be read, `Revoked` if it is not to be."""
        tablet = self._caller(letter.secret)
        incoming = wire.unpack_request(letter.body, letter.encoding, tablet.device)
        reply = store.contact(self.exchange, tablet, incoming, self.clock())
        return self._packed(reply, incoming.request)

    def _packed(self, reply: Reply, request: Request) -> Answer:
        packed = wire.pack_reply(reply, request)
        if reply.part is None:
            return Answer(packed.body, packed.encoding)
        kept = self.exchange.shelf.named(reply.part.name)
        assert kept is not None, "the hub names a part that it has just made"
        return Answer(packed.body, packed.encoding, kept.body[reply.part.since :])

    def answer_dying(self, letter: Letter, ticks: int | None, ticks_writing: int | None = None) -> Answer:
        """The same, by a process that has so much work left in it, or, with ``ticks_writing``, so much once it has
        judged. Raises `Died`."""
        fuse, self.judged, self.left_writing = self.plug.fuse, None, ticks_writing
        try:
            with fuse.lit(ticks):
                return self.answer(letter)
        except Died:
            words = self._last_words(letter)
            self._begin_again()
            if words is not None:
                return words
            raise
        finally:
            self.left_writing = None

    def _last_words(self, letter: Letter) -> Answer | None:
        if self.judged is None or self.seams.last_words is None:
            return None
        reply = self.seams.last_words(self.history(), self.judged, self.clock())
        return self._packed(reply, wire.unpack_request(letter.body, letter.encoding, letter.device).request)

    def _begin_again(self) -> None:
        """The process that died is gone, and what it had in memory with it. Where another still has the database open,
        its files stay as they are: what the dead one had not committed is nobody's."""
        self.exchanges[self.serving] = replace(self.exchange, shelf=Shelf())
        if self.servers_n == 1:
            self._left(self.plug.fuse.image)

    def _left(self, image: Image | None) -> None:
        """The files are what a process left in them that ended: ``image``, or None, what they are. Its connections
        serve the next one, which finds in them a log that nobody has read."""
        if self.stage.at_rest:
            self.disk.crash(image.log if image else None)
        else:
            self.stage.leave()
            if image is not None:
                self.disk.put(image)

    @contextmanager
    def dying(self, ticks: int) -> Iterator[None]:
        """Inside, the process has so much work left in it. Raises `Died`."""
        try:
            with self.plug.fuse.lit(ticks):
                yield
        except Died:
            self._begin_again()
            raise

    @contextmanager
    def losing_power(self, rng: Random) -> Iterator[None]:
        """What is written inside may have reached the disk or not. Raises `Died`."""
        self._settle()
        before = self.disk.image()
        yield
        after = torn(before, self.disk.image(), rng)
        self._left(after)
        raise Died

    def answer_and_die(self, letter: Letter) -> None:
        """Take everything a request brings, commit, and end before a reply is made."""
        self.plug.fuse.image = None
        self._take(letter)
        self._begin_again()

    def answer_and_lose_power(self, letter: Letter, rng: Random) -> None:
        """The same, and of what this commit wrote nobody knows how much has reached the disk."""
        with suppress(Died), self.losing_power(rng):
            self._take(letter)

    def _settle(self) -> None:
        """Another server's connections would keep the files; a machine that stops has none."""
        if self.servers_n > 1:
            self.stage.leave()

    def _take(self, letter: Letter) -> None:
        tablet = self._caller(letter.secret)
        device = Device(tablet.device, tablet.county, frozenset())
        incoming = wire.unpack_request(letter.body, letter.encoding, tablet.device)
        store.push(self.exchange, device, incoming, self.clock(), tablet=True)

    def answer_on_a_full_disk(self, letter: Letter, rng: Random) -> Answer:
        """Raises `DiskFull`, unless what was to be written still found room."""
        try:
            with self.disk.full(rng):
                return self.answer(letter)
        except OperationalError as error:
            raise DiskFull from error

    @contextmanager
    def other_serving(self) -> Iterator[None]:
        """Inside, requests reach the other server."""
        was, self.serving = self.serving, (self.serving + 1) % self.servers_n
        try:
            yield
        finally:
            self.serving = was

    def _caller(self, secret: str) -> Caller:
        """Looked up once, until something is done to tablets. Raises `Unknown` or `Revoked`."""
        if secret not in self.callers:
            with read(self.exchange.engine) as session:
                found = callers.by_secret(session, secret)
            if found is None:
                raise Unknown
            self.callers[secret] = found
        if self.callers[secret].revoked_at is not None:
            raise Revoked
        return self.callers[secret]

    def enrol(self, replica: Replica, person: str, villages: Collection[str]) -> Identity:
        """Enrol a tablet anew, as the endpoint does it, with a code that the office has made."""
        fresh = replica.new_identity("simulated")
        with write(self.exchange.engine) as session:
            now = self.clock()
            code = enrolment.make_code(
                session, county=COUNTY, person=person, villages=villages, made_by=person, now=now
            )
            session.flush()
            made = enrolment.enrol(
                session, code=code, device=fresh.device, secret=fresh.secret, name="模拟平板", app_version="1",
                now=now, formers=replica.formers(), ends=replica.ends(),
            )  # fmt: skip
            told = EnrolReply(
                device=fresh.device, county=COUNTY, county_name=COUNTY_NAME, person=made.person.id,
                person_name=made.person.name, history=history.present(session), now=to_text(now),
                villages=store.villages_of(self.stage.places, session, COUNTY, set(villages)), takes=wire.TAKES,
                county_key=self.exchange.county_key,
            )  # fmt: skip
        return replica.enrolled(told)

    # --- what the office does ---

    def revoke(self, device: str) -> None:
        with write(self.exchange.engine) as session:
            enrolment.revoke(session, county=COUNTY, device=device, now=self.clock(), by="")
        self.callers.clear()

    def import_rescue(self, data: bytes) -> None:
        """The office opens a rescue file and takes all that is in it."""
        contents = rescue_file.look(data, self.stage.keys, COUNTY)
        with write(self.exchange.engine) as session:
            row = rescue.keep(session, contents, data, "simulated", "", self.clock())
        desk = PhotoDesk(self.exchange.engine, self.photo_files)
        rescue.take(self.exchange, desk, self.stage.keys, row, by="", now=self.clock())

    def assign(self, device: str, villages: Collection[str]) -> None:
        with write(self.exchange.engine) as session:
            enrolment.assign(session, county=COUNTY, device=device, villages=villages, now=self.clock())

    def unassign(self, device: str, villages: Collection[str]) -> None:
        with write(self.exchange.engine) as session:
            enrolment.unassign(session, county=COUNTY, device=device, villages=villages, now=self.clock())

    def held(self, device: str) -> set[str]:
        with read(self.exchange.engine) as session:
            return enrolment.held(session, county=COUNTY, device=device)

    def ever_held(self, device: str) -> set[str]:
        with read(self.exchange.engine) as session:
            return enrolment.ever_held(session, county=COUNTY, device=device)

    def state_zone(self, village: str, props: dict[str, str]) -> None:
        """The office tells of a village's zone, as a designation does."""
        zone = ("zone", derived_id("zone", village), village, props)
        with write(self.exchange.engine) as session:
            office.publish(session, COUNTY, [zone], self.clock())

    def release(self, newer: Collection[tuple[str, str, str]]) -> None:
        """New versions of forms; each server reads them when it next looks, here at once."""
        with write(self.exchange.engine) as session:
            forms.register(session, newer, self.clock())
        with read(self.exchange.engine) as session:
            loaded = forms.load(session)
        self.exchanges = [replace(exchange, forms=loaded) for exchange in self.exchanges]

    # --- copies ---

    def back_up(self) -> Path:
        target = self.file.with_name(f"copy-{len(self.copies)}.sqlite3")
        backup.back_up(f"sqlite:///{self.file}", target)
        self.copies.append(target)
        return target

    def restore(self, copy: Path) -> None:
        """A copy takes the database's place, and a new history begins. (The command's own care with files has
        tests of its own.)"""
        self.put_back(copy)
        backup.begin_new_history(self.exchange.engine, self.new_id)

    def put_back(self, copy: Path) -> None:
        """As somebody does it who copies files about: nothing tells the database that it is an older one. Of what the
        stage is the open connections know the tables; any other copy numbers them anew."""
        self.went_back = True
        self.callers.clear()
        if copy == self.stage.hub_file and self.stage.at_rest:
            self.disk.rewind(copy)
        else:
            self.stage.leave()
            self.disk.log.unlink(missing_ok=True)
            self.file.write_bytes(copy.read_bytes())
        self._learn_again()

    def _learn_again(self) -> None:
        """Servers begun anew know the forms that this database has."""
        with read(self.exchange.engine) as session:
            known = forms.keys(session)
            if known != self.exchange.forms.by_key.keys():
                loaded = forms.load(session)
                self.exchanges = [replace(exchange, forms=loaded) for exchange in self.exchanges]

    @contextmanager
    def file_read(self) -> Iterator[sqlite3.Connection]:
        """The database itself, for plain SQL."""
        with closing(self.exchange.engine.raw_connection()) as taken:
            database = taken.driver_connection
            assert isinstance(database, sqlite3.Connection), "a simulated hub stands on SQLite"
            database.row_factory = sqlite3.Row
            try:
                yield database
            finally:
                database.row_factory = None

    def history(self) -> str:
        with self.file_read() as database:
            return history_in(database)

    def heads(self) -> dict[str, int]:
        """Village → place of the last line in its feed."""
        with self.file_read() as database:
            return heads_in(database)


def history_in(database: sqlite3.Connection) -> str:
    return str(database.execute("SELECT value FROM hub_meta WHERE name = 'history'").fetchone()[0])


def heads_in(database: sqlite3.Connection) -> dict[str, int]:
    return dict(database.execute("SELECT village, seq FROM feed_head").fetchall())
