"""A real server in a process of its own over a prepared county, tablets beside it, and a line that can be cut."""

import shutil
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mobile.locale import speak
from mobile.presenters.desk import Desk
from mobile.presenters.household import HouseholdPresenter, HouseholdState
from server import database
from server.access import actions, credentials, enrolment
from server.access.people import grant
from server.access.tables import Person
from server.app import create_app
from server.database import write
from server.lab.baseline import spring
from server.lab.county import SyntheticHousehold, synthetic_county
from server.lab.filling import entity_id, fill, parsed_forms, place, targets
from server.lab.headless import Headless, join
from server.lab.prepared import DemoFile, places, prepare
from server.lab.recordings import Recording
from server.lab.serving import Serving
from server.settings import Settings, from_environment
from server.terminal.steps import unseen
from server.web.figures import CHINA
from survey_forms import interview
from survey_forms.answers import entity_changes, prefill
from survey_forms.form import Form
from sync.client import Account
from sync.codec import derived_id
from sync.driver import HttpHub, http_client, run
from sync.messages import Submission
from sync.replica import Draft, Replica

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
PASSWORD = "a long enough password"
SEED = 7
VILLAGES = ("140525100002", "140525100003")


def clock() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class County:
    """The server as a visitor finds it, and what its administrator can make."""

    settings: Settings
    file: DemoFile
    address: str
    engine: object
    homes: tuple[SyntheticHousehold, ...]

    def api(self, path: str) -> dict:
        headers = {"Authorization": f"Bearer {self.file.token}"}
        answer = httpx.get(self.address + path, headers=headers, trust_env=False, verify=False)
        answer.raise_for_status()
        return answer.json()

    def page(self, path: str) -> str:
        headers = {"Authorization": f"Bearer {self.file.token}"}
        answer = httpx.get(self.address + path, headers=headers, trust_env=False, verify=False)
        answer.raise_for_status()
        return answer.text

    def code(self, name: str, villages: tuple[str, ...] = VILLAGES) -> str:
        """An enrolment code for a new surveyor of these villages."""
        with write(self.engine) as session:
            person = actions.surveyor(session, name=name, county="140525", new_id=new_id, now=clock())
            return enrolment.make_code(
                session, county="140525", person=person.id, villages=villages, made_by="test", now=clock()
            )


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoFile]:
    """The folder of a county in which nothing has happened yet, to be copied: making one takes seconds."""
    settings = from_environment({}, data=tmp_path_factory.mktemp("prepared"), synthetic=True)
    app = create_app(settings)
    file = prepare(app, seed=SEED, households=40, address="", steps=unseen)
    app.state.engine.dispose()
    return settings.data, file


@pytest.fixture
def county(tmp_path: Path, prepared: tuple[Path, DemoFile]) -> Iterator[County]:
    folder, file = prepared
    settings = from_environment({}, data=shutil.copytree(folder, tmp_path / "server"), synthetic=True)
    engine = database.engine(settings.database_url)
    with write(engine) as session:
        villages = [village for village in places(session, "140525") if village.code in VILLAGES]
    homes = tuple(synthetic_county(Random(SEED), 40, villages))
    with Serving(settings, 0) as serving:
        yield County(settings, file, serving.address, engine, homes)
    engine.dispose()


@dataclass
class Surveyor:
    """Somebody with a tablet: records at doors, and reports when there is a network."""

    tablet: Headless
    forms: dict[str, Form]
    made: list[Submission] = field(default_factory=list)

    def registers(self, home: SyntheticHousehold) -> str:
        """The household's id; it is recorded as it was found in spring."""
        recording = spring(home)[-1]
        assert recording.form == "household", "a home that let the surveyor in"
        self._record(home, recording, targets(SEED, recording))
        return entity_id(SEED, "household", home.number)

    def registers_anew(self, home: SyntheticHousehold) -> str:
        """The same home under ids of this tablet's own, as by one who does not know that it was registered; its id."""
        recording = spring(home)[-1]
        ids = dict.fromkeys(targets(SEED, recording), "")
        self._record(home, recording, {dataset: new_id() for dataset in ids})
        return next(target.id for target in self.made[-1].targets if target.dataset == "household")

    def converts(self, home: SyntheticHousehold, recording: Recording) -> None:
        self._record(home, recording, targets(SEED, recording))

    def changes(self, household: str, answers: dict[str, str]) -> Submission:
        """The registration again, with what is known filled in and some answers changed."""
        shown = self.tablet.replica.entity("household", household)
        assert shown is not None
        form = self.forms["household"]
        ids = {"household": household, "coal_use": new_id()}
        given = {
            "village": shown.village,
            "person": self._person(),
            **{f"{name}_id": value for name, value in ids.items()},
        }
        context = interview.Context(today=clock().date(), now=clock(), given=given)
        filled = interview.begin(form, context, prefill(form, {"household": shown.props}))
        for path, value in ({"/data/coal/coal_answer": "unknown"} | answers).items():
            filled = interview.answer(filled, path, value)
        assert not interview.faults(filled, "zh")
        said = interview.answers(filled)
        saves = {name: values for name, values in entity_changes(form, said).items() if name in ids}
        return self._submit("household", shown.village, ids, said, saves)

    def states_payee(self, household: str, account: str) -> Submission:
        """Whose account the home's money goes to, read from the passbook twice."""
        shown = self.tablet.replica.entity("household", household)
        assert shown is not None
        answers = {
            "/data/owner/holder": shown.props["head_name"], "/data/bank_account/bank": "模拟农村商业银行",
            "/data/bank_account/account": account, "/data/bank_account/account_again": account,
        }  # fmt: skip
        return self._fills("payee", household, {"payee": derived_id("payee", household)}, answers)

    def sights(self, household: str, what: str) -> Submission:
        """Coal, or a stove, seen at a home today."""
        answers = {"/data/what": what, "/data/seen_on": clock().astimezone(CHINA).date().isoformat()}
        return self._fills("sighting", household, {"sighting": new_id()}, answers)

    def _fills(
        self, form_id: str, household: str, ids: dict[str, str], answers: dict[str, str]
    ) -> Submission:
        shown = self.tablet.replica.entity("household", household)
        assert shown is not None
        form = self.forms[form_id]
        given = {
            **shown.props, "village": shown.village, "person": self._person(), "household_id": household,
            **{f"{dataset}_id": entity for dataset, entity in ids.items()},
        }  # fmt: skip
        context = interview.Context(today=clock().astimezone(CHINA).date(), now=clock(), given=given)
        filled = interview.begin(form, context, {})
        for path, value in answers.items():
            filled = interview.answer(filled, path, value)
        assert not interview.faults(filled, "zh")
        said = interview.answers(filled)
        saves = {name: values for name, values in entity_changes(form, said).items() if name in ids}
        return self._submit(form_id, shown.village, {**ids, "household": household}, said, saves)

    def reads(self, household: str) -> HouseholdState:
        """The home's page on this tablet."""
        replica = self.tablet.replica
        return HouseholdPresenter(Desk(replica, clock, new_id, speak("zh")), household).state()

    def _record(self, home: SyntheticHousehold, recording: Recording, ids: dict[str, str]) -> None:
        household = self.tablet.replica.entity("household", ids["household"])
        given = {**(household.props if household else {}), **place(home, self._person())}
        form = self.forms[recording.form]
        filled = fill(form, recording, given=given, ids=ids, now=clock())
        self._submit(recording.form, home.village, ids, filled.answers, filled.changes)

    def _person(self) -> str:
        identity = self.tablet.replica.identity()
        assert identity is not None
        return identity.person

    def _submit(self, form_id: str, village: str, ids: dict, answers: dict, changes: dict) -> Submission:
        replica, form = self.tablet.replica, self.forms[form_id]
        draft = Draft(
            id=new_id(),
            form=form.id,
            form_version=form.version,
            village=village,
            household_id=ids["household"],
            target_ids={name: ids[name] for name in changes},
            answers=answers,
        )
        replica.save_draft(draft)
        made = replica.submit(draft.id, answers, changes, clock())
        self.made.append(made)
        return made

    def reports(self, address: str) -> Account:
        identity = self.tablet.replica.identity()
        assert identity is not None
        with http_client() as client:
            hub = HttpHub(client, address, identity.secret)
            return run(self.tablet.replica, hub, clock=clock, app_version="test")

    def states(self) -> dict[str, str]:
        """Submission → its state on this tablet."""
        return {record.submission.id: record.state for record in self.tablet.replica.outbox()}


@pytest.fixture
def surveyor(county: County, tmp_path: Path) -> Iterator[Callable[[str], Surveyor]]:
    opened: list[Replica] = []

    def make(name: str) -> Surveyor:
        replica = Replica.open(tmp_path / f"{name}.sqlite3", clock=clock, new_id=new_id)
        opened.append(replica)
        forms = parsed_forms()
        tablet = Headless(SEED, replica, forms, clock, new_id)
        join(tablet, server=county.address, code=county.code(name), name=name, app_version="test")
        return Surveyor(tablet, forms)

    yield make
    for replica in opened:
        replica.close()


class Cut:
    """A line to the server that lets every request through and cuts before any byte of its reply comes back."""

    def __init__(self, address: str) -> None:
        self._target = urlsplit(address)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.answered = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                tablet, _ = self._listener.accept()
            except OSError:
                return
            with tablet, socket.create_connection((self._target.hostname, self._target.port)) as server:
                threading.Thread(target=_forward, args=(tablet, server), daemon=True).start()
                # The hub answers after its commit: its first byte proves that the records are in.
                if server.recv(1):
                    self.answered += 1
                tablet.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


def _forward(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
    except OSError:
        return


@pytest.fixture
def cut(county: County) -> Iterator[Cut]:
    line = Cut(county.address)
    yield line
    line.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser) -> Callable[[str, str, str], Page]:
    """Signs in at an address with login and password, in a browser profile of their own."""

    def sign_in(address: str, login: str, password: str) -> Page:
        page = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900}).new_page()
        page.goto(address)
        page.get_by_label("账号").fill(login)
        page.get_by_label("密码").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/coverage/**")
        return page

    return sign_in


@pytest.fixture
def hire(county: County, signed_in) -> Callable[[dict[str, tuple[str, str]]], Callable[[str], Page]]:
    """Hires officials (login to name and role) for the whole county; answers how each sits down, signed in."""

    def hired(people: dict[str, tuple[str, str]]) -> Callable[[str], Page]:
        hashed = credentials.hash_password(PASSWORD)
        with write(county.engine) as session:
            for login, (name, role) in people.items():
                session.add(
                    Person(id=f"p-{login}", login=login, name=name, password_hash=hashed, made_at=clock())
                )
                session.flush()
                grant(session, f"p-{login}", role, "140525", now=clock())
        return lambda login: signed_in(county.address, login, PASSWORD)

    return hired
