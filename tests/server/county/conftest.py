"""A small county with one of everything that is counted, and what it must come to, counted by hand.

The recorder keeps what it was told as plain dictionaries; tests count those with ordinary loops and compare
with what the database says.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from random import Random
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from server import database
from server.access.actions import make_token
from server.access.tables import Person
from server.app import create_app
from server.programme.actions import release_bundled
from server.registry.actions import classify
from server.registry.projection import projection
from server.registry.tables import Division
from server.settings import Settings
from sync.facts import Held, PropertyState

COUNTY = "140525"
AT = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
VILLAGES = tuple(
    f"140525{township}{village}" for township in ("100", "200") for village in ("201", "202", "203")
)
# Two villages stay unclassified.
CLASSES = dict(zip(VILLAGES[:4], ("built_up", "fringe", "rural", "rural"), strict=True))
KINDS = ("electric", "gas", "waste_heat", "biomass", "clean_coal")
DEVICES = {
    "electric": "10",
    "gas": "1",
    "waste_heat": "12",
    "biomass": "16",
    "clean_coal": "clean_coal_stove",
}


@dataclass
class Recorder:
    """Writes entities as the hub would hand them to the register, and remembers them."""

    session: Session
    first_id: int = 1
    households: dict[str, dict[str, str]] = field(default_factory=dict)
    conversions: dict[str, dict[str, str]] = field(default_factory=dict)
    _ids: Iterator[int] = field(init=False)
    _changed: list[Held] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = count(self.first_id)

    def _held(self, dataset: str, village: str, props: dict[str, str]) -> str:
        identity = f"00000000-0000-4000-8000-{next(self._ids):012d}"
        states = {name: PropertyState(value, 1, identity) for name, value in props.items()}
        self._changed.append(
            Held(dataset, identity, village, 1, states, updated_at="2020-09-01T08:00:00.000000Z")
        )
        return identity

    def household(self, village: str, **props: str) -> str:
        identity = self._held("household", village, props)
        self.households[identity] = {"village": village, **props}
        return identity

    def conversion(self, household: str, **props: str) -> str:
        village = self.households[household]["village"]
        identity = self._held("conversion", village, {"household": household, **props})
        self.conversions[identity] = {"household": household, **props}
        return identity

    def coal_use(self, household: str, **props: str) -> str:
        return self._held(
            "coal_use", self.households[household]["village"], {"household": household, **props}
        )

    def settle(self) -> None:
        projection(self.session, COUNTY, self._changed, AT)
        self._changed.clear()


def _a_day(rng: Random, year: int) -> str:
    return date(year, rng.randint(1, 12), rng.randint(1, 28)).isoformat()


def _draw(rng: Random, recorder: Recorder, village: str, number: int) -> None:
    heating = rng.choice(["heated"] * 6 + ["not_heated", "not_heated", ""])
    props = {
        "head_name": rng.choice(["张三", "李秀英", "单晋生", "=HYPERLINK(1)"]),
        "door_number": f"{rng.randint(1, 4)}组{number}号",
        "heating_status": heating,
        "not_heated_reason": rng.choice(["", "empty", "other"]) if heating == "not_heated" else "",
        "device": rng.choice(["coal_stove", "kang", "10", "1", "clean_coal_stove", ""]),
        "mountain": rng.choice(["yes", "no"]),
    }
    if rng.random() < 0.9:
        props["heated_area_m2"] = f"{rng.randint(20, 200)}.{rng.randint(0, 99):02d}"
    household = recorder.household(village, **props)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        kind = rng.choice(KINDS)
        dates = {"signed_on": _a_day(rng, 2018)}
        if rng.random() < 0.8:
            dates["installed_on"] = _a_day(rng, rng.choice([2019, 2020]))
            if rng.random() < 0.7 and kind != "clean_coal":
                dates["connected_on"] = _a_day(rng, 2020)
        recorder.conversion(household, kind=kind, device_code=DEVICES[kind], **dates)


def fill_county(session: Session, households_n: int = 240, seed: int = 7) -> Recorder:
    """Six villages of drawn households, four of them classified, and the county's released plan."""
    rng, recorder = Random(seed), Recorder(session)
    if session.get(Division, VILLAGES[0]) is None:
        for code in VILLAGES:
            session.add(Division(code=code, name=f"{code[-3:]}村", level="village", edition="2016"))
        session.flush()
    for number in range(households_n):
        _draw(rng, recorder, VILLAGES[number % 6], number)
    recorder.settle()
    for village, area_class in CLASSES.items():
        classify(
            session, county=COUNTY, villages=[village], area_class=area_class, source="县政府常务会议纪要",
            decided_on=date(2020, 3, 10), approver="王五", entered_by="tester", now=AT,
        )  # fmt: skip
    release_bundled(session, COUNTY, AT)
    return recorder


@dataclass(frozen=True)
class Site:
    """A served county that tests only read: what was recorded, and an administrator's browser and token."""

    recorder: Recorder
    browser: httpx.Client
    token: str
    app: FastAPI

    @property
    def address(self) -> str:
        return str(self.browser.base_url).rstrip("/")


def _names() -> list[Division]:
    county = Division(code="140525000000", name="泽州县", level="county", edition="2023")
    townships = [
        Division(
            code=f"{code}000", name=f"{code[6]}号镇", level="township", parent="140525000000", edition="2023"
        )
        for code in sorted({village[:9] for village in VILLAGES})
    ]
    villages = [
        Division(
            code=code, name=f"{code[-3:]}村", level="village", parent=f"{code[:9]}000", urban_rural_code="220",
            edition="2023",
        )
        for code in VILLAGES
    ]  # fmt: skip
    return [county, *townships, *villages]


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, over_http: Callable[[FastAPI], AbstractContextManager[str]]
) -> Iterator[Site]:
    """One filled county for all tests of a file that only read it."""
    folder = tmp_path_factory.mktemp("county")
    settings = Settings(
        folder, f"sqlite:///{folder / 'county.sqlite3'}", COUNTY, "a secret of this test", synthetic=True
    )
    app = create_app(settings, clock=lambda: AT)
    with database.write(app.state.engine) as session:
        session.add_all(_names())
        session.flush()
        recorder = fill_county(session)
        person = session.exec(select(Person).where(Person.login == "admin")).one()
        token = make_token(session, person, label="test", county="140525", now=AT)
    with (
        over_http(app) as address,
        httpx.Client(base_url=address, timeout=30, trust_env=False, verify=False) as browser,
    ):
        page = browser.get("/sign-in").text
        csrf = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        form = {"login": "admin", "password": app.state.first_password, "csrf": csrf, "next": "/"}
        assert browser.post("/sign-in", data=form).status_code == 303
        yield Site(recorder, browser, token, app)


@pytest.fixture
def filled(site: Site) -> Recorder:
    """What was recorded in the county that `get` reads."""
    return site.recorder


@pytest.fixture
def changing(running: Any) -> Recorder:
    """A county of this test's own, that it may change; `official` and `submit` work on it."""
    with database.write(running.app.state.engine) as session:
        return fill_county(session)


@pytest.fixture
def fill() -> Callable[..., Recorder]:
    """For tests over a database of their own: `fill(session)`."""
    return fill_county


@pytest.fixture
def recorder_for() -> Callable[..., Recorder]:
    """An empty recorder over a session."""
    return Recorder


def _opener(browser: httpx.Client) -> Callable[[str], httpx.Response]:
    def open_page(address: str) -> httpx.Response:
        page = browser.get(address)
        assert page.status_code == 200, f"{address}: {page.status_code} {page.text[:500]}"
        return page

    return open_page


@pytest.fixture
def get(site: Site) -> Callable[[str], httpx.Response]:
    """Opens a page of the filled county as its administrator; it must be there."""
    return _opener(site.browser)


@pytest.fixture
def get_own(official: httpx.Client) -> Callable[[str], httpx.Response]:
    """Opens a page of this test's own county, empty unless it uses `changing`."""
    return _opener(official)


@pytest.fixture
def now() -> datetime:
    return AT
