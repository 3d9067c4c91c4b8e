"""What every world begins from, made once for a run: a migrated database, enrolled tablets, forms, homes.

A world copies the files of the stage and is then on its own. Only two things differ from the real ones: SQLite
does not wait for the disk (a process dies here, never a machine), and nobody signs in.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

import survey_forms
from server import database
from server.access import actions, enrolment
from server.access.places import Place
from server.database import write
from server.exchange import forms, history
from server.exchange.forms import Forms
from server.lab.county import synthetic_county
from server.lab.recordings import recordings
from server.lab.simulation.faults import Fuse
from server.registry import divisions
from server.registry.tables import Division
from survey_forms.answers import Answers
from survey_forms.form import Form
from sync.codec import to_text
from sync.messages import EnrolReply, FormXml
from sync.replica import Replica

COUNTY: Final = "140525"
COUNTY_NAME: Final = "模拟县"
VILLAGES: Final = {
    "140525100001": "模拟一村",
    "140525100002": "模拟二村",
    "140525100003": "模拟三村",
    "140525100004": "模拟四村",
}
TABLETS_N: Final = 4
HOMES_N: Final = 160
DIVISION_EDITION: Final = "模拟"
# After the programme's year, so that every day the synthetic homes speak of lies in the past.
BEGINS: Final = datetime(2021, 1, 5, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Enrolled:
    """A tablet of the stage: who it is, and the file of its replica."""

    device: str
    secret: str
    file: Path


@dataclass(frozen=True)
class Home:
    """What the forms are answered with at one door."""

    registration: Answers
    conversions: tuple[Answers, ...]


@dataclass(frozen=True)
class Places:
    """The county's villages as the registry has them, read once: nobody redraws the map in a simulation."""

    known: tuple[Place, ...]

    def area_name(self, session: Session, area: str) -> str:
        return area

    def county_name(self, session: Session, county: str) -> str:
        return COUNTY_NAME

    def villages(self, session: Session, county: str, codes: Collection[str] | None = None) -> list[Place]:
        return [place for place in self.known if codes is None or place.code in codes]


@dataclass(frozen=True)
class Stage:
    """``world``: the folder a world is played in, its database always at the same address, so that one engine
    (and what it has compiled) serves them all. ``parsed``: forms as the tablets read them."""

    hub_file: Path
    world: Path
    engine: Engine
    fuse: Fuse
    forms: Forms
    places: Places
    tablets: tuple[Enrolled, ...]
    homes: Mapping[str, tuple[Home, ...]]
    parsed: dict[tuple[str, str], Form] = field(default_factory=dict)

    def set(self) -> Path:
        """Clear the world's folder and put a fresh copy of everything into it; gives the database's file."""
        self.engine.dispose()
        shutil.rmtree(self.world, ignore_errors=True)
        self.world.mkdir()
        for tablet in self.tablets:
            shutil.copyfile(tablet.file, self.world / tablet.file.name)
        return Path(shutil.copyfile(self.hub_file, self.world / self.hub_file.name))


def ids(rng: Random) -> Iterator[str]:
    """Ids as tablets and hub make them, but always the same ones."""
    while True:
        yield str(UUID(int=rng.getrandbits(128), version=4))


@contextmanager
def stage() -> Iterator[Stage]:
    """The stage, in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="cleanheat-simulation-") as folder:
        made = _made(Path(folder))
        try:
            yield made
        finally:
            made.engine.dispose()


def _made(folder: Path) -> Stage:
    template, fuse = folder / "hub.sqlite3", Fuse()
    rng = ids(Random("stage"))
    engine = _engine(template, Fuse())
    try:
        database.migrate(engine)
        with write(engine) as session:
            forms.register(session, survey_forms.released(), BEGINS)
            history.ensure(session, lambda: next(rng))
            _divisions(session)
        tablets = tuple(_tablet(folder, engine, rng, number) for number in range(TABLETS_N))
        with database.read(engine) as session:
            released = forms.load(session)
            known = divisions.villages(session, COUNTY)
    finally:
        engine.dispose()
    world = folder / "world"
    places = Places(tuple(Place(each.code, each.name, each.township_name, None) for each in known))
    return Stage(
        template, world, _engine(world / template.name, fuse), fuse, released, places, tablets, _homes()
    )


def _engine(file: Path, fuse: Fuse) -> Engine:
    engine = database.engine(f"sqlite:///{file}")

    def hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    def guard(connection: Any, _record: Any, _proxy: Any) -> None:
        fuse.guard(connection)

    sa.event.listen(engine, "connect", hurry)
    sa.event.listen(engine, "checkout", guard)
    return engine


def _divisions(session: Session) -> None:
    def unit(code: str, name: str, level: str, parent: str) -> Division:
        return Division(code=code, name=name, level=level, parent=parent, edition=DIVISION_EDITION)

    county, township = COUNTY.ljust(12, "0"), "140525100000"
    session.add(unit(county, COUNTY_NAME, "county", "140500000000"))
    session.add(unit(township, "模拟镇", "township", county))
    session.add_all(unit(code, name, "village", township) for code, name in VILLAGES.items())


def _tablet(folder: Path, engine: Engine, rng: Iterator[str], number: int) -> Enrolled:
    """Enrolled as a tablet is, with no village yet: each world gives it its own."""

    def new_id() -> str:
        return next(rng)

    file = folder / f"tablet-{number}.sqlite3"
    with Replica.open(file, clock=lambda: BEGINS, new_id=new_id) as replica, write(engine) as session:
        for form_id, version, xml in survey_forms.released():
            replica.store_form(FormXml(form_id, version, forms.sha256(xml), xml))
        me = replica.new_identity("simulated")
        name = f"模拟平板{number}"
        person = actions.surveyor(session, name=f"模拟人{number}", county=COUNTY, new_id=new_id, now=BEGINS)
        code = enrolment.make_code(
            session, county=COUNTY, person=person.id, villages=(), made_by=person.id, now=BEGINS
        )
        session.flush()
        enrolment.enrol(
            session, code=code, device=me.device, secret=me.secret, name=name, app_version="1", now=BEGINS
        )
        replica.enrolled(
            EnrolReply(
                device=me.device,
                county=COUNTY,
                county_name=COUNTY_NAME,
                person=person.id,
                person_name=person.name,
                history=history.present(session),
                now=to_text(BEGINS),
                villages=(),
            )
        )
    return Enrolled(me.device, me.secret, file)


def _homes() -> dict[str, tuple[Home, ...]]:
    places = [Place(code, name, "模拟镇", "rural") for code, name in VILLAGES.items()]
    found: dict[str, list[Home]] = {code: [] for code in VILLAGES}
    for home in synthetic_county(Random("stage"), HOMES_N, places):
        made = list(recordings(home))
        registration = next((each.answers for each in made if each.form == "household"), None)
        if registration is not None:
            conversions = tuple(each.answers for each in made if each.form == "conversion")
            found[home.village].append(Home(registration, conversions))
    return {code: tuple(homes) for code, homes in found.items()}
