"""What every story begins from, made once for a run: a migrated database, tablets at work, a few homes in the register.

A story begins with the files of the stage and is then on its own. Open databases are handed on from one to the next,
and only their bytes are put back: to open one costs more than a contact. Two things differ from the real ones: SQLite
does not wait for the disk (what a disk does is ``disk.py``'s to say), and nobody signs in.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlite_utils import Database
from sqlmodel import Session

import survey_forms
from server import database
from server.access import actions, enrolment
from server.access.callers import Caller
from server.access.places import Place
from server.database import write
from server.exchange import forms, history, keyring
from server.exchange.forms import Forms
from server.exchange.keyring import Keyring
from server.lab.county import synthetic_county
from server.lab.recordings import recordings
from server.lab.simulation.disk import Disk, Fuse
from server.lab.simulation.small_forms import FIRST, small_forms
from server.lab.simulation.story import SIZES, SizeName, ids
from server.registry import divisions
from server.registry.tables import Division
from survey_forms.answers import Answers
from survey_forms.form import Form
from sync.codec import to_text
from sync.messages import EnrolReply, FormXml, Submission, Village
from sync.replica import Replica

COUNTY: Final = "140525"
COUNTY_NAME: Final = "模拟县"
VILLAGES: Final = {
    "140525100001": "模拟一村",
    "140525100002": "模拟二村",
    "140525100003": "模拟三村",
    "140525100004": "模拟四村",
}
# One village is everybody's: where two come to the same door it gets difficult.
HELD: Final = (
    ("140525100001", "140525100002"), ("140525100001",), ("140525100001", "140525100003"), ("140525100001",),
)  # fmt: skip
HOMES_N: Final = 160
COUNTY_KEY: Final = "5a" * 32
"""The county's private key: always the same, for tablets state in every request which one they know."""
DIVISION_EDITION: Final = "模拟"
# After the programme's year, so that every day the synthetic homes speak of lies in the past.
BEGINS: Final = datetime(2021, 1, 5, 1, 0, tzinfo=UTC)
MEMORY: Final = Path("/dev/shm")
PAGE_BYTES: Final = 1024


@dataclass(frozen=True)
class Enrolled:
    """A tablet of the stage: who it is, and the file of its replica."""

    device: str
    secret: str
    file: Path

    def file_in(self, world: Path) -> Path:
        """Where it lies in a story: in a folder of its own, for its photos lie beside it."""
        return world / self.file.parent.name / self.file.name


@dataclass(frozen=True)
class Home:
    """What the forms are answered with at one door."""

    registration: Answers
    conversions: tuple[Answers, ...]


Homes = Mapping[str, tuple[Home, ...]]


@dataclass(frozen=True)
class Places:
    """The county's villages as the registry has them, read once: nobody redraws the map in a simulation."""

    known: tuple[Place, ...]

    def area_name(self, session: Session, area: str) -> str:
        return area

    def area_names(self, session: Session, areas: Collection[str]) -> dict[str, str]:
        return {area: area for area in areas}

    def county_name(self, session: Session, county: str) -> str:
        return COUNTY_NAME

    def villages(self, session: Session, county: str, codes: Collection[str] | None = None) -> list[Place]:
        return [place for place in self.known if codes is None or place.code in codes]


@dataclass
class Plug:
    """How a server is joined to the database: its engine, the fuse of its connections, and ``interlude``: what falls
    into a contact, once, between its writing and its reading transaction."""

    engine: Engine
    fuse: Fuse
    interlude: Callable[[], None] | None = None
    taken_n: int = 0

    @property
    def _pool(self) -> sa.QueuePool:
        pool = self.engine.pool
        assert isinstance(pool, sa.QueuePool), "what `server.database` makes of a file"
        return pool

    @property
    def busy(self) -> bool:
        return bool(self._pool.checkedout())

    @property
    def joined(self) -> bool:
        return bool(self._pool.checkedin())

    def join(self) -> None:
        if not self.joined:
            self.engine.connect().close()

    def taken(self, connection: Any, _record: Any = None, _proxy: Any = None) -> None:
        """A transaction begins, on this connection."""
        self.fuse.guard(connection)
        self.taken_n += 1
        if self.interlude is not None and self.taken_n > 1:
            interlude, self.interlude = self.interlude, None
            interlude()


@dataclass(frozen=True)
class Stage:
    """``world``: the folder a story is played in, its database always at the same address, so that engines (and
    what they have compiled) serve all stories. ``forms``: as released before anything happens. ``newer``: what may
    come to be released. ``homes``: {} where forms are answered from few values only. ``saved``: what each tablet had
    recorded before. ``open``: replicas that no story uses just now, by their files in the world. ``callers``:
    secret → whose it is."""

    size: SizeName
    hub_file: Path
    world: Path
    plugs: tuple[Plug, Plug]
    forms: Forms
    newer: tuple[tuple[str, str, str], ...]
    places: Places
    tablets: tuple[Enrolled, ...]
    homes: Homes
    keys: Keyring
    saved: dict[int, dict[str, Submission]] = field(default_factory=dict)
    open: dict[Path, Database] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    parsed: dict[tuple[str, str], Form] = field(default_factory=dict)

    @cached_property
    def hub(self) -> Disk:
        """The hub's database in the world."""
        return Disk(self.world / self.hub_file.name)

    @cached_property
    def _templates(self) -> tuple[tuple[Disk, Path], ...]:
        """Each database of the world, and what it is put back to."""
        tablets = ((Disk(each.file_in(self.world)), each.file) for each in self.tablets)
        return ((self.hub, self.hub_file), *tablets)

    @property
    def at_rest(self) -> bool:
        """Whether the hub's database is open, and nobody is in a transaction."""
        return self.hub.index.exists() and not any(plug.busy for plug in self.plugs)

    def set(self, servers_n: int) -> Path:
        """Put the world's folder back to what the stage is; gives the database's file.

        Databases that are open stay so. A server that has no connection gets one: what a story comes to must not
        depend on what was played before it.
        """
        if not self.at_rest:
            self.leave()
        still_open = set(self.open) | ({self.hub.file} if any(plug.joined for plug in self.plugs) else set())
        kept = [disk for disk, _ in self._templates if disk.file in still_open]
        self._clear({str(part) for disk in kept for part in disk.files})
        for disk, template in self._templates:
            if disk.file in still_open:
                disk.rewind(template)
            else:
                disk.file.parent.mkdir(exist_ok=True)
                shutil.copyfile(template, disk.file)
        for plug in self.plugs[:servers_n]:
            plug.join()
        return self.hub.file

    def _clear(self, staying: Collection[str]) -> None:
        self.world.mkdir(exist_ok=True)
        for folder, _, names in os.walk(self.world, topdown=False):
            for file in (f"{folder}/{name}" for name in names):
                if file not in staying:
                    Path(file).unlink()
            with suppress(OSError):  # not empty
                Path(folder).rmdir()

    def leave(self) -> None:
        """Nobody has the hub's database open any more."""
        for plug in self.plugs:
            plug.engine.dispose()

    def leave_all(self) -> None:
        """Nor a tablet's."""
        self.leave()
        while self.open:
            self.open.popitem()[1].close()


@contextmanager
def empty_stage(size: SizeName) -> Iterator[Stage]:
    """Nobody has recorded anything yet. In a folder that is gone afterwards, in memory where the machine has such a
    place."""
    inside = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="cleanheat-simulation-", dir=inside) as folder:
        made = _made(Path(folder), size)
        try:
            yield made
        finally:
            made.leave_all()


def _made(folder: Path, size: SizeName) -> Stage:
    template, rng = folder / "hub.sqlite3", ids(Random("stage"))
    small = size == "small"
    released = small_forms(FIRST) if small else survey_forms.released()
    engine = _engine(template)
    try:
        database.migrate(engine)
        with write(engine) as session:
            forms.register(session, released, BEGINS)
            history.ensure(session, lambda: next(rng))
            _divisions(session)
        tablets_n = SIZES[size].tablets[1]
        tablets = tuple(_tablet(folder, engine, rng, number, released) for number in range(tablets_n))
        with database.read(engine) as session:
            known, loaded = divisions.villages(session, COUNTY), forms.load(session)
    finally:
        engine.dispose()
    for file in (template, *(tablet.file for tablet in tablets)):
        _on_small_pages(file)
    world, keys = folder / "world", keyring.opened(folder, COUNTY_KEY)
    places = Places(tuple(Place(each.code, each.name, each.township_name, None) for each in known))
    newer = tuple(form for form in small_forms() if form not in released) if small else ()
    plugs = (_plug(world / template.name), _plug(world / template.name))
    homes: Homes = {} if small else _homes()
    return Stage(size, template, world, plugs, loaded, newer, places, tablets, homes, keys)


def _engine(file: Path) -> Engine:
    engine = database.engine(f"sqlite:///{file}")
    sa.event.listen(engine, "connect", hurry)
    return engine


def _plug(file: Path) -> Plug:
    plug = Plug(_engine(file), Fuse(Disk(file)))
    sa.event.listen(plug.engine, "checkout", plug.taken)
    return plug


def hurry(connection: Any, _record: Any = None) -> None:
    """No waiting for a disk that is none, and no checkpoint in the middle: a torn log must be all there is."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    # Of the tables it learns now, before any process is given only so long to live.
    connection.execute("SELECT count(*) FROM sqlite_schema")


def _on_small_pages(file: Path) -> None:
    """Most tables of a small county are all but empty: on pages of the usual size, what is written, copied and put
    back again and again would be mostly air."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for statement in ("journal_mode = DELETE", f"page_size = {PAGE_BYTES}"):
            database.execute(f"PRAGMA {statement}")
        database.execute("VACUUM")
        database.execute("PRAGMA journal_mode = WAL")


def _divisions(session: Session) -> None:
    def unit(code: str, name: str, level: str, parent: str) -> Division:
        return Division(code=code, name=name, level=level, parent=parent, edition=DIVISION_EDITION)

    county, township = COUNTY.ljust(12, "0"), "140525100000"
    session.add(unit(county, COUNTY_NAME, "county", "140500000000"))
    session.add(unit(township, "模拟镇", "township", county))
    session.add_all(unit(code, name, "village", township) for code, name in VILLAGES.items())


def _tablet(
    folder: Path, engine: Engine, rng: Iterator[str], number: int, released: list[tuple[str, str, str]]
) -> Enrolled:
    """Enrolled as a tablet is, with its villages."""

    def new_id() -> str:
        return next(rng)

    file = folder / f"tablet-{number}" / "tablet.sqlite3"
    file.parent.mkdir()
    with Replica.open(file, clock=lambda: BEGINS, new_id=new_id) as replica, write(engine) as session:
        for form_id, version, xml in released:
            replica.store_form(FormXml(form_id, version, forms.sha256(xml), xml))
        me = replica.new_identity("simulated")
        person = actions.surveyor(session, name=f"模拟人{number}", county=COUNTY, new_id=new_id, now=BEGINS)
        code = enrolment.make_code(
            session, county=COUNTY, person=person.id, villages=HELD[number], made_by=person.id, now=BEGINS
        )
        session.flush()
        made = enrolment.enrol(
            session, code=code, device=me.device, secret=me.secret, name=f"模拟平板{number}", app_version="1",
            now=BEGINS,
        )  # fmt: skip
        villages = tuple(Village(code, VILLAGES[code], "模拟镇", None) for code in HELD[number])
        replica.enrolled(
            EnrolReply(
                device=made.tablet.device, county=COUNTY, county_name=COUNTY_NAME, person=person.id,
                person_name=person.name, history=history.present(session), now=to_text(BEGINS),
                villages=villages, county_key=keyring.opened(folder, COUNTY_KEY).public,
            )
        )  # fmt: skip
    return Enrolled(me.device, me.secret, file)


def keep(made: Stage) -> None:
    """What was played on the stage is what every story begins from."""
    made.leave_all()
    shutil.copyfile(made.world / made.hub_file.name, made.hub_file)
    for tablet in made.tablets:
        shutil.copyfile(tablet.file_in(made.world), tablet.file)


def _homes() -> Homes:
    places = [Place(code, name, "模拟镇", "rural") for code, name in VILLAGES.items()]
    found: dict[str, list[Home]] = {code: [] for code in VILLAGES}
    for home in synthetic_county(Random("stage"), HOMES_N, places):
        made = list(recordings(home))
        registration = next((each.answers for each in made if each.form == "household"), None)
        if registration is not None:
            conversions = tuple(each.answers for each in made if each.form == "conversion")
            found[home.village].append(Home(registration, conversions))
    return {code: tuple(homes) for code, homes in found.items()}
