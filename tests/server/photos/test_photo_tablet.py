"""A tablet's photos from its album to the office's disk: over real HTTP, with both sides killed in the middle."""

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from server import database
from server.access import actions, enrolment
from server.app import create_app
from server.registry.tables import Division
from sync import driver
from sync.album import Album
from sync.client import Account
from sync.replica import Draft, Replica
from sync.upload_driver import HttpPhotos, send_photos

COUNTY, VILLAGE = "140525", "140525100201"
# How many contacts are killed before the server is killed under one more: ten in all.
SERVER_KILLS = (2, 3, 2)


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Phone:
    """A tablet on disk: what it records, what it holds, and a contact of it."""

    path: Path
    code: str

    def open(self) -> Replica:
        return Replica.open(self.path, clock=now, new_id=new_id)

    def record(self, *contents: bytes, small: Callable[[bytes], bytes] = lambda content: b"") -> str:
        """Keeps photos and submits a record that names them."""
        with self.open() as replica:
            rows = [Album(replica).keep(content, small(content)) for content in contents]
            home = new_id()
            draft = Draft(new_id(), "visit", "2020.1", VILLAGE, home, {"household": home})
            replica.save_draft(draft)
            answers = {
                "household_id": home, "village": VILLAGE, "visit_outcome": "not_at_home", "new_door": "1号",
                "photos": [{"photo": row.name} for row in rows],
            }  # fmt: skip
            return replica.submit(
                draft.id, answers, {"household": {"visit_outcome": "not_at_home"}}, now()
            ).id

    def contact(self, address: str) -> Account:
        with self.open() as replica, driver.http_client() as client:
            if replica.identity() is None:
                driver.enrol(replica, client, address, self.code, device_name="平板", app_version="0.1.0")
            secret = replica.identity().secret
            account = driver.run(
                replica, driver.HttpHub(client, address, secret), clock=now, app_version="0.1.0"
            )
            return send_photos(Album(replica), HttpPhotos(client, address, secret), account, clock=now)

    def states(self) -> dict[str, str]:
        with self.open() as replica:
            return {record: row.state for record in (each.submission.id for each in replica.outbox())
                    for row in Album(replica).of_submission(record)}  # fmt: skip


@pytest.fixture
def phones(settings) -> Callable[[], Phone]:
    """Tablets of a county whose server has not been started yet."""
    app = create_app(settings)
    with database.write(app.state.engine) as session:
        session.add(
            Division(code=VILLAGE, name="201村", level="village", parent="140525100000", edition="2016")
        )

    def make() -> Phone:
        with database.write(app.state.engine) as session:
            person = actions.surveyor(session, name="王五", county=COUNTY, new_id=new_id, now=now())
            code = enrolment.make_code(
                session, county=COUNTY, person=person.id, villages=[VILLAGE], made_by="-", now=now()
            )
        folder = settings.data / "tablets" / new_id()
        folder.mkdir(parents=True)
        return Phone(folder / "tablet.db", code)

    yield make
    app.state.engine.dispose()


class Process:
    """`cleanheat serve` in a process of its own, on one port however often it is killed."""

    def __init__(self, data: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.data, self.address = data, f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Process":
        command = [
            sys.executable,
            "-m",
            "server.cli",
            "serve",
            "--data",
            str(self.data),
            "--port",
            str(self.port),
        ]
        self.log = (self.data / "server.log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, env=os.environ | {"CLEANHEAT_COUNTY": COUNTY}
        )
        while True:
            try:
                httpx.get(f"{self.address}/sign-in", timeout=30, trust_env=False, verify=False)
                return self
            except httpx.TransportError:
                assert self.process.poll() is None, Path(self.log.name).read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.log.close()


def safe(settings) -> dict[str, bytes]:
    """What lies in the office's folder under its hash."""
    return {path.name: path.read_bytes() for path in (settings.data / "photos" / COUNTY).glob("??/*")}


def test_photos_follow_their_record_and_get_their_receipts(settings, phones, picture) -> None:
    phone, mine = phones(), [picture(f"mine {n}", size=200_000) for n in range(3)]
    with Process(settings.data) as server:
        phone.contact(server.address)
        phone.record(*mine, small=lambda content: content[:23] + b"\xff\xc0" + content[25:1_000])
        with phone.open() as replica:
            assert replica.status().photos_waiting_n == 3
            assert not replica.status().safe_to_hand_in
        account = phone.contact(server.address)
        assert (account.problem, account.photo_problem) == (None, None)
        assert (account.photos_n, account.photos_left_n, account.photos_refused_n) == (3, 0, 0)
        with phone.open() as replica:
            assert replica.status().safe_to_hand_in
        assert phone.contact(server.address).photos_n == 0
    assert sorted(safe(settings).values()) > sorted(mine)
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in safe(settings).items())


@contextmanager
def contact_of_its_own(phone: Phone, address: str) -> Iterator[subprocess.Popen]:
    """One contact in another process, to be killed at will."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom datetime import UTC, datetime\n"
        "from sync import driver\nfrom sync.album import Album\nfrom sync.replica import Replica\n"
        "from sync.upload_driver import HttpPhotos, send_photos\n"
        "clock = lambda: datetime.now(UTC)\n"
        "with Replica.open(Path(sys.argv[1]), clock=clock, new_id=str) as r, driver.http_client() as c:\n"
        "    s = r.identity().secret\n"
        "    a = driver.run(r, driver.HttpHub(c, sys.argv[2], s), clock=clock, app_version='0.1.0')\n"
        "    send_photos(Album(r), HttpPhotos(c, sys.argv[2], s), a, clock=clock)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(phone.path), address], stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_killed_on_both_sides_again_and_again_every_photo_arrives_whole(settings, phones, picture) -> None:
    _killed(settings, phones(), picture, random.Random(7))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_killed_two_hundred_times_every_photo_arrives_whole(settings, phones, picture, seed: int) -> None:
    _killed(settings, phones(), picture, random.Random(seed))


def _killed(settings, phone: Phone, picture, chance: random.Random) -> None:
    mine = [picture(f"photo {n}", size=chance.randint(400_000, 2_500_000)) for n in range(24)]
    server = Process(settings.data)
    with server:
        phone.contact(server.address)
    phone.record(*mine)
    for under_way in SERVER_KILLS:
        with server:
            for _ in range(under_way):
                with contact_of_its_own(phone, server.address) as contact:
                    _while_bytes_come(settings, contact, chance)
            with contact_of_its_own(phone, server.address) as contact:
                _while_bytes_come(settings, contact, chance)
                server.kill()  # under the tablet's hands
        _check(settings, phone)
    with server:
        account = phone.contact(server.address)
        assert (account.photo_problem, account.photos_left_n) == (None, 0)
    assert sorted(safe(settings).values()) == sorted(mine)
    assert not list((settings.data / "photos" / COUNTY / "arriving").glob("*"))


def _while_bytes_come(settings, contact: subprocess.Popen, chance: random.Random) -> None:
    """Until bytes of a photo arrive, and a random moment longer; or until the contact has done all it had to."""
    folder = settings.data / "photos" / COUNTY

    def come() -> int:
        total = 0
        for path in folder.glob("arriving/*"):
            with suppress(FileNotFoundError):  # in its place meanwhile
                total += path.stat().st_size
        return total

    stored, before = len(safe(settings)), come()
    while contact.poll() is None and come() == before and len(list(folder.glob("??/*"))) == stored:
        time.sleep(0.002)
    until = time.monotonic() + chance.uniform(0, 0.25)
    while contact.poll() is None and time.monotonic() < until:
        time.sleep(0.002)


def _check(settings, phone: Phone) -> None:
    """No receipt without the whole photo, nothing under a name it does not hash to, nothing given up."""
    stored = safe(settings)
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in stored.items())
    with phone.open() as replica:
        rows = Album(replica).of_submission(replica.outbox()[0].submission.id)
    assert {row.sha256 for row in rows if row.state == "stored"} <= stored.keys()
    assert not [row for row in rows if row.state in ("refused", "damaged")]


def test_two_tablets_send_the_same_photo_at_once(settings, phones, picture) -> None:
    both, same = [phones(), phones()], picture("the same", size=3_000_000)
    with Process(settings.data) as server:
        for phone in both:
            phone.contact(server.address)
            phone.record(same)
        with contact_of_its_own(both[0], server.address), contact_of_its_own(both[1], server.address) as last:
            last.wait()
        for phone in both:
            assert phone.contact(server.address).photos_left_n == 0
            assert set(phone.states().values()) == {"stored"}
    assert list(safe(settings).values()) == [same]


def test_a_bad_photo_has_its_word_and_holds_back_nothing(settings, phones, picture) -> None:
    phone, good, spoilt = phones(), picture("good"), picture("spoilt", size=90_000)
    with Process(settings.data) as server:
        phone.contact(server.address)
        phone.record(spoilt, good)
        with phone.open() as replica:
            album = Album(replica)
            path = album.path(hashlib.sha256(spoilt).hexdigest(), "jpg")
            path.write_bytes(b"\0" * len(spoilt))
        account = phone.contact(server.address)
        assert (account.problem, account.photos_n, account.photos_refused_n) == (None, 1, 1)
        assert sorted(phone.states().values()) in (["damaged"], ["stored"])
        with phone.open() as replica:
            assert (replica.status().waiting_n, replica.status().photos_lost_n) == (0, 1)


def test_a_restored_office_asks_again_for_what_it_lost(settings, phones, picture, tmp_path) -> None:
    phone, mine = phones(), picture("mine")
    server = Process(settings.data)
    with server:
        phone.contact(server.address)
    subprocess.run([sys.executable, "-m", "server.cli", "backup", str(tmp_path / "copy.sqlite3"), "--data",
                    str(settings.data)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    with server:
        phone.record(mine)
        assert phone.contact(server.address).photos_n == 1
    subprocess.run([sys.executable, "-m", "server.cli", "restore", str(tmp_path / "copy.sqlite3"), "--data",
                    str(settings.data)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    for path in (settings.data / "photos" / COUNTY).glob("??/*"):
        path.unlink()
    with server:
        account = phone.contact(server.address)
        assert account.history_met
        assert (account.photos_n, account.photos_left_n) == (1, 0)
    assert list(safe(settings).values()) == [mine]
