"""What the server's tests stand on: real databases (a SQLite file; a PostgreSQL cluster that each run starts
itself) and a real server on a free port.
"""

import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event, update
from sqlalchemy.engine import Engine

import server.database as database
from server.access import actions, enrolment
from server.access.tables import Person
from server.app import create_app
from server.exchange import history
from server.lab.bench.cluster import Cluster, cluster
from server.registry.tables import Division
from server.settings import Settings
from server.web.figures import CHINA
from survey_forms import interview, released
from survey_forms.form import Form
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.codec import decode, encode, to_text
from sync.messages import Reply, Request, Submission, Target

# --- databases ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL cluster of this run's own. Missing is a failure: the server must run on it too."""
    with cluster("fsync=off", "max_connections=200") as running:
        yield running


_numbers = count(1)


@pytest.fixture
def new_postgres(postgres: Cluster) -> Callable[..., str]:
    """Makes an empty PostgreSQL database, or a copy of another, and gives its address."""
    return lambda template="template1": postgres.create(f"t{next(_numbers)}", template)


@pytest.fixture
def empty_postgres(new_postgres: Callable[[], str]) -> Iterator[Engine]:
    """An engine over an empty PostgreSQL database."""
    engine = database.engine(new_postgres())
    yield engine
    engine.dispose()


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Engine]:
    """An engine over a SQLite file that does not exist yet."""
    engine = database.engine(f"sqlite:///{tmp_path / 'cleanheat.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with today's tables, to be copied: making them takes longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "cleanheat.sqlite3"
    made = database.engine(f"sqlite:///{file}")
    database.migrate(made)
    made.dispose()
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Cluster) -> str:
    """The name of a PostgreSQL database with today's tables, to be copied."""
    made = database.engine(postgres.create("migrated"))
    database.migrate(made)
    made.dispose()
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest) -> Engine:
    """The test runs twice: over an empty SQLite file and over an empty PostgreSQL database."""
    name = "empty_sqlite" if request.param == "sqlite" else "empty_postgres"
    engine: Engine = request.getfixturevalue(name)
    return engine


@pytest.fixture
def sqlite_engine(migrated_file: Path, empty_sqlite: Engine, tmp_path: Path) -> Engine:
    """A SQLite file with today's tables, for tests in which the kind of database decides nothing."""
    _copied(migrated_file, tmp_path)
    return empty_sqlite


def _copied(file: Path, folder: Path) -> None:
    """Where there is no database yet."""
    if not (folder / file.name).exists():
        shutil.copy(file, folder)


@pytest.fixture
def postgres_engine(migrated_postgres: str, new_postgres: Callable[..., str]) -> Iterator[Engine]:
    """A PostgreSQL database with today's tables."""
    engine = database.engine(new_postgres(migrated_postgres))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The test runs twice, with today's tables: over SQLite and over PostgreSQL."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    made: Engine = request.getfixturevalue(name)
    return made


@pytest.fixture
def asked() -> Callable[[Engine], AbstractContextManager[list[str]]]:
    """`with asked(engine) as said`: what a database is told by connections that are taken within, whether SQLAlchemy
    tells it or the driver is told (`server.statements`)."""

    @contextmanager
    def within(engine: Engine) -> Iterator[list[str]]:
        said: list[str] = []

        def hear(taken: bool, connection: Any, *_: object) -> None:
            if engine.dialect.name == "sqlite":
                connection.set_trace_callback(said.append if taken else None)
            else:
                connection.cursor_factory = partial(_Heard, said) if taken else psycopg.Cursor

        with ExitStack() as stack:
            for moment, act in (("checkout", partial(hear, True)), ("checkin", partial(hear, False))):
                event.listen(engine, moment, act)
                stack.callback(event.remove, engine, moment, act)
            yield said

    return within


class _Heard(psycopg.Cursor[Any]):
    def __init__(self, said: list[str], *of: Any, **how: Any) -> None:
        super().__init__(*of, **how)
        self._said = said

    def execute(self, query: Any, *given: Any, **how: Any) -> Any:
        self._said.append(query)
        return super().execute(query, *given, **how)

    def executemany(self, query: Any, *given: Any, **how: Any) -> None:
        self._said.append(query)
        super().executemany(query, *given, **how)


# --- a running server ------------------------------------------------------------------------------------------

COUNTY = "140525"
VISIT = next(xml for form, _, xml in released() if form == "visit")
# Two townships of three villages each: enough for somebody to hold one and not the other.
VILLAGES = tuple(
    f"140525{township}{village}" for township in ("100", "200") for village in ("201", "202", "203")
)


class Clock:
    """The time as a test wishes it."""

    def __init__(self) -> None:
        self.now = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Running:
    """A server over HTTP, and its inside for what a test sets up or checks."""

    app: FastAPI
    address: str
    clock: Clock
    browsers: ExitStack = field(default_factory=ExitStack)

    def browser(self) -> httpx.Client:
        """One more browser; it is closed with the server."""
        # Nothing is encrypted, and reading whom to trust would take longer than most answers.
        browser = httpx.Client(base_url=self.address, timeout=30, trust_env=False, verify=False)
        self.browsers.callback(browser.close)
        return browser

    def sign_in(
        self, browser: httpx.Client, login: str, password: str, next_page: str = "/account"
    ) -> httpx.Response:
        token = self.form_token(browser.get("/sign-in"))
        form = {"login": login, "password": password, "csrf": token, "next": next_page}
        return browser.post("/sign-in", data=form)

    @staticmethod
    def hashed(password: str) -> str:
        """For a person of a test: what a hash costs stands in it, and this one costs nothing to make or to check."""
        return Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)

    @staticmethod
    def form_token(page: httpx.Response) -> str:
        """The token that a page's forms carry."""
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found, page.text[:2000]
        return found[1]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return _settings(tmp_path)


def _settings(folder: Path) -> Settings:
    return Settings(folder, f"sqlite:///{folder / 'cleanheat.sqlite3'}", COUNTY, "a secret of this test")


@pytest.fixture
def serving(
    over_http: Callable[[FastAPI], AbstractContextManager[str]],
) -> Iterator[Callable[[FastAPI], str]]:
    """Serves an application on a free port until the test ends; gives its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(over_http(app))


@pytest.fixture(scope="session")
def opened_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A SQLite file as `running` finds it after its first start, to be copied, and the administrator's password."""
    folder = tmp_path_factory.mktemp("opened")
    _copied(migrated_file, folder)
    app = create_app(_settings(folder), clock=Clock())
    _furnish(app)
    app.state.engine.dispose()
    return folder / migrated_file.name, app.state.first_password


@pytest.fixture
def running(
    settings: Settings, serving: Callable[[FastAPI], str], opened_file: tuple[Path, str]
) -> Iterator[Running]:
    """The whole application over a SQLite file with six villages, at a time of the test's choosing."""
    clock, (file, password) = Clock(), opened_file
    _copied(file, settings.data)
    app = create_app(settings, clock=clock)
    if app.state.first_password is None:
        app.state.first_password = password
    else:  # a test's own database
        _furnish(app)
    made = Running(app, serving(app), clock)
    with made.browsers:
        yield made


def _furnish(app: FastAPI) -> None:
    with database.write(app.state.engine) as session:
        session.add_all(_divisions())
        session.execute(update(Person).values(password_hash=Running.hashed(app.state.first_password)))


def _divisions() -> list[Division]:
    def made(code: str, name: str, level: str, **others: str) -> Division:
        return Division(code=code, name=name, level=level, edition="2016", **others)

    county = f"{COUNTY}000000"
    return [
        made(county, "泽州县", "county"),
        *(
            made(f"{code}000", f"{code[6]}号镇", "township", parent=county)
            for code in {v[:9] for v in VILLAGES}
        ),
        *(made(v, f"{v[-3:]}村", "village", parent=f"{v[:9]}000", urban_rural_code="220") for v in VILLAGES),
    ]


@pytest.fixture
def official(running: Running) -> Iterator[httpx.Client]:
    """A browser in which the administrator is signed in; forms go through `submit`, which adds their token."""
    with running.browser() as browser:
        running.sign_in(browser, "admin", running.app.state.first_password)
        yield browser


@pytest.fixture
def submit(running: Running, official: httpx.Client) -> Callable[..., httpx.Response]:
    """Sends a form as the administrator's browser would: `submit(path, seen_on, **fields)`."""

    def send(path: str, seen_on: str, **fields: str | list[str]) -> httpx.Response:
        token = running.form_token(official.get(seen_on))
        return official.post(path, data={"csrf": token, **fields})

    return send


# --- tablets ---------------------------------------------------------------------------------------------------


@dataclass
class Tablet:
    """An enrolled tablet reduced to what it sends: visits to homes, built by the real form."""

    device: str
    secret: str
    person: str
    history: str
    clock: Clock
    seq: int = 0
    visit_form: Form = field(default_factory=lambda: parse(VISIT))

    def visit(
        self, village: str, household: str | None = None, *, base_version: int = 0,
        base: Mapping[str, str] | None = None, **answers: str,
    ) -> Submission:  # fmt: skip
        """A visit to a home; a new one without `household`. Keyword arguments are answers of the visit form."""
        self.seq += 1
        given = {"household_id": household or str(uuid.uuid4()), "village": village, "person": self.person}
        if household:
            given |= {name: (base or {}).get(name, "") for name in ("head_name", "door_number")}
        else:
            answers = {"new_door": f"{self.seq}号", **answers}
        local = self.clock().astimezone(CHINA)
        context = Context(today=local.date(), now=local, given=given)
        filled = interview.begin(self.visit_form, context, {"visit_outcome": "not_at_home", **answers})
        assert interview.faults(filled, "zh") == ()
        return Submission(
            id=str(uuid.uuid4()), device=self.device, device_seq=self.seq, previous_hash="", history=self.history,
            county=COUNTY, village=village, person=self.person, form="visit", form_version=self.visit_form.version,
            observed_at=to_text(self.clock()), corrects=None, answers=interview.answers(filled),
            targets=(Target("household", given["household_id"], base_version, base or {}, None),),
        )  # fmt: skip

    def request(self, *submissions: Submission, **others: Any) -> Request:
        asked = Request(
            protocol=1, device=self.device, history=self.history, sent_at=to_text(self.clock()),
            app_version="0.1.0", chain_seq=self.seq, chain_hash="", waiting=len(submissions), villages_hash="",
            held={}, forms=(), submissions=submissions,
        )  # fmt: skip
        return replace(asked, **others)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def sync(self, address: str, *submissions: Submission, **others: object) -> Reply:
        """One contact that must succeed."""
        body = encode(self.request(*submissions, **others))
        answer = httpx.post(
            f"{address}/sync/v1", content=body, headers=self.headers(), timeout=60, trust_env=False, verify=False,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return decode(Reply, answer.content)


@pytest.fixture
def enrol() -> Callable[..., Tablet]:
    """Makes a tablet that holds the given villages: `enrol(engine, clock, *villages)`."""

    def make(engine: Engine, clock: Clock, *villages: str) -> Tablet:
        device, secret = str(uuid.uuid4()), uuid.uuid4().hex
        with database.write(engine) as session:
            now = clock()
            person = actions.surveyor(
                session, name="王五", county=COUNTY, new_id=lambda: str(uuid.uuid4()), now=now
            )
            code = enrolment.make_code(
                session, county=COUNTY, person=person.id, villages=villages, made_by="-", now=now
            )
            enrolment.enrol(
                session, code=code, device=device, secret=secret, name="平板", app_version="0.1.0", now=now
            )
            past = history.ensure(session, lambda: str(uuid.uuid4()))
        return Tablet(device=device, secret=secret, person=person.id, history=past, clock=clock)

    return make


@pytest.fixture
def tablet(running: Running, enrol: Callable[..., Tablet]) -> Tablet:
    """A tablet of the running server that holds the three northern villages."""
    return enrol(running.app.state.engine, running.clock, *VILLAGES[:3])
