"""The real tablet against the real server, over lines that go wrong in every way, each a process of its own.

Whatever the line does: nothing is lost, nothing is done twice, no byte of a snapshot that arrived is asked for
again, and what the surveyor is told is true.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from backports import zstd
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.access import enrolment
from server.database import write
from sync import client
from sync.client import MORE, Line, Piece
from sync.driver import TRIES_MAX, HttpHub, HubProblem, enrol, http_client, run
from sync.replica import Draft, Replica
from sync.wire import COLUMNS, LEAN

VILLAGES = ("140525100201", "140525100202", "140525100203")
HOMES_N = 60


@dataclass
class Standing:
    """A running county with sixty homes in three villages, and a tablet that has read nothing yet."""

    running: object
    folder: Path
    replica: Replica
    homes: set[str]
    visits: object

    def through(self, stack: ExitStack, way: str, number: int = 0, times: int = 10**6) -> "Bad":
        """A bad line to the hub."""
        log = self.folder / f"{way}.log"
        log.touch()
        port = self.running.address.rsplit(":", 1)[1]
        script = Path(__file__).with_name("bad_line.py")
        process = subprocess.Popen(
            [sys.executable, str(script), port, str(log), way, str(number), str(times)],
            stdout=subprocess.PIPE,
        )
        stack.callback(lambda: (process.kill(), process.wait(), process.stdout.close()))
        return Bad(f"http://127.0.0.1:{int(process.stdout.readline())}", log)

    def syncs(self, address: str = "", **other):
        with http_client() as made:
            hub = HttpHub(made, address or self.running.address, self.replica.identity().secret)
            hub.zstd = other.pop("zstd", None)
            return run(self.replica, hub, clock=self.running.clock, app_version="0.1", **other)

    def held(self) -> set[str]:
        return {shown.id for shown in self.replica.in_villages("household")}

    def records(self, household: str) -> str:
        """An edit of a home that is held."""
        shown = self.replica.entity("household", household)
        draft = Draft(
            self.replica.new_id(), "visit", "2020.1", shown.village, household, {"household": household}
        )
        self.replica.save_draft(draft)
        filled = self.visits(shown.village, household, base=shown.props)
        form = self.running.app.state.exchange.forms.by_key["visit", filled.form_version]
        return self.replica.submit(
            draft.id, filled.answers, form.changes(filled.answers), self.running.clock()
        ).id


@dataclass
class Bad:
    address: str
    log: Path

    def carried(self) -> list[int]:
        """Bytes down, a connection each."""
        return [int(line) for line in self.log.read_text().split()]


@pytest.fixture
def standing(running, tablet, tmp_path) -> Iterator[Standing]:
    homes: set[str] = set()
    for village in VILLAGES:
        visits = [tablet.visit(village, new_head="张三") for _ in range(HOMES_N // 3)]
        tablet.sync(running.address, *visits)
        homes |= {visit.targets[0].id for visit in visits}
    with write(running.app.state.engine) as session:
        code = enrolment.make_code(
            session,
            county="140525",
            person=tablet.person,
            villages=VILLAGES,
            made_by="-",
            now=running.clock(),
        )
    with ExitStack() as stack:
        new_id = running.app.state.exchange.new_id
        replica = stack.enter_context(Replica.open(tmp_path / "r.db", clock=running.clock, new_id=new_id))
        with http_client() as made:
            enrol(replica, made, running.address, code, device_name="平板", app_version="0.1")
        for form in running.app.state.exchange.forms.documents:
            replica.store_form(form)
        yield Standing(running, tmp_path, replica, homes, tablet.visit)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def part_size(standing) -> int:
    return len(next(iter(standing.running.app.state.exchange.shelf.kept.values())).body)


# --- a first visit -----------------------------------------------------------------------------------------------


def test_a_first_visit_is_one_request(standing) -> None:
    account = standing.syncs()
    assert (account.problem, account.requests_n, account.received_n) == (None, 1, HOMES_N)
    assert standing.held() == standing.homes and standing.replica.stated().part is None


def test_a_part_packed_by_zstd_is_read_where_both_ends_have_it(standing) -> None:
    assert standing.syncs(zstd=zstd.decompress).problem is None
    (kept,) = standing.running.app.state.exchange.shelf.kept.values()
    assert kept.key.encoding == "zstd" and standing.held() == standing.homes


@pytest.mark.parametrize("way", ["cut", "reset"])
def test_a_first_visit_goes_on_after_each_cut(standing, stack, way) -> None:
    """Each connection carries a few hundred bytes of a part of several thousand."""
    account = standing.syncs(standing.through(stack, way, 900).address)
    assert account.problem is None and account.requests_n > 2 and standing.held() == standing.homes


def test_no_byte_of_a_part_travels_twice(standing, stack) -> None:
    line = standing.through(stack, "cut", 900)
    account = standing.syncs(line.address)
    assert (account.problem, account.received_n) == (None, HOMES_N)
    heads = 400 * account.requests_n  # of each reply, before the rest of the part
    assert account.requests_n > 2 and sum(line.carried()) < part_size(standing) + heads


@pytest.mark.parametrize("damage", range(300, 1_500, 400))
def test_a_part_that_was_changed_on_the_way_is_begun_anew(standing, stack, damage) -> None:
    line = standing.through(stack, "flip", damage, times=1)
    account = standing.syncs(line.address)
    assert account.problem is None and account.requests_n == 2 and standing.held() == standing.homes


def received(standing) -> int:
    """What is on the tablet of a part, after a contact that was cut for good."""
    with ExitStack() as stack:
        line = standing.through(stack, "cut", 900, times=1)
        talk = client.contact(
            standing.replica, clock=standing.running.clock, app_version="0.1", line=Line((COLUMNS, LEAN))
        )
        with http_client() as made:
            hub = HttpHub(made, line.address, standing.replica.identity().secret)
            asked = next(talk)
            asked = talk.send(hub.send(asked))
            while asked is MORE:
                try:
                    asked = talk.send(Piece(hub.piece()))
                except HubProblem as problem:
                    asked = talk.send(problem.refusal)
                    talk.close()
    return standing.replica.stated().part.size


def test_what_arrived_outlives_the_end_of_the_tablet_and_of_the_server(standing) -> None:
    had = received(standing)
    standing.running.app.state.exchange.shelf.kept.clear()  # as a server that was started anew
    talk = client.contact(standing.replica, clock=standing.running.clock, app_version="0.1")
    assert next(talk).part.size == had > 0
    talk.close()
    with http_client() as made:
        hub = HttpHub(made, standing.running.address, standing.replica.identity().secret)
        talk = client.contact(
            standing.replica, clock=standing.running.clock, app_version="0.1", line=hub.begin(())
        )
        assert hub.send(next(talk)).part.since == had
        talk.close()
    assert standing.syncs().problem is None and standing.held() == standing.homes


def test_a_part_that_is_gone_is_begun_anew(standing, tablet) -> None:
    """The server was started anew, and something has happened in a village since."""
    assert received(standing) > 0
    standing.running.app.state.exchange.shelf.kept.clear()
    visit = tablet.visit(VILLAGES[0], new_head="李四")
    tablet.sync(standing.running.address, visit)
    account = standing.syncs()
    assert account.problem is None and standing.held() == standing.homes | {visit.targets[0].id}


def test_what_changed_while_a_part_was_on_its_way_comes_after_it(standing, tablet) -> None:
    assert received(standing) > 0
    visit = tablet.visit(VILLAGES[0], new_head="李四")
    tablet.sync(standing.running.address, visit)
    # In the same contact: otherwise it would be told to have all there is.
    assert standing.syncs().problem is None
    assert standing.held() == standing.homes | {visit.targets[0].id}


def test_a_long_list_of_homes_comes_in_several_parts(standing, stack) -> None:
    """Parts end in the middle of villages, and each is cut on its way."""
    standing.running.app.state.exchange.shelf.entities_max = 14
    line = standing.through(stack, "cut", 1_500)
    account = standing.syncs(line.address)
    assert account.problem is None and account.requests_n > HOMES_N / 14 and account.received_n == HOMES_N
    assert standing.held() == standing.homes and standing.syncs().requests_n == 1


def test_old_parts_make_room(standing) -> None:
    shelf = standing.running.app.state.exchange.shelf
    shelf.entities_max, shelf.bytes_max = 10, 1
    assert standing.syncs().problem is None and standing.held() == standing.homes
    assert len(shelf.kept) == 1


# --- every other way ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "code"),
    [("page", "captive_portal"), ("redirect", "captive_portal"), ("gate", "captive_portal"), ("busy", "busy"),
     ("many", "busy"), ("cut", "cut"), ("reset", "cut")],
)  # fmt: skip
def test_no_reply_loses_nothing_and_is_told(standing, stack, way, code) -> None:
    standing.syncs()
    made = standing.records(min(standing.homes))
    account = standing.syncs(standing.through(stack, way, 30).address)
    assert account.problem.code == code and standing.replica.status().waiting_n == 1
    assert account.problem.retry_after_s == (30 if code == "busy" else None)
    account = standing.syncs()
    assert (account.problem, account.applied_n) == (None, 1)
    assert standing.replica.record(made).state == "sent_safe"


@pytest.mark.parametrize("way", ["cut", "reset", "flip"])
def test_a_reply_that_is_lost_comes_again_within_the_contact(standing, stack, way) -> None:
    """The hub has committed what it was sent; the tablet asks once more, and nothing is done twice."""
    standing.syncs()
    for home in sorted(standing.homes)[:20]:
        standing.records(home)
    line = standing.through(stack, way, 70, times=2)
    account = standing.syncs(line.address)
    assert (account.problem, account.applied_n) == (None, 20)
    assert standing.replica.status().waiting_n == 0


def test_a_line_that_carries_nothing_is_given_up(standing, stack) -> None:
    line = standing.through(stack, "cut", 0)
    account = standing.syncs(line.address)
    assert account.problem.code == "cut" and account.requests_n == TRIES_MAX + 1


def test_a_line_that_says_nothing_is_a_timeout(standing, stack) -> None:
    line = standing.through(stack, "silent")
    with httpx.Client(timeout=0.3, trust_env=False, verify=False) as hasty:
        hub = HttpHub(hasty, line.address, standing.replica.identity().secret)
        account = run(standing.replica, hub, clock=standing.running.clock, app_version="0.1")
    assert account.problem.code == "timeout" and account.requests_n == 2


def test_a_busy_hub_is_asked_again_when_it_said(standing, stack) -> None:
    waited: list[int] = []
    line = standing.through(stack, "many", 7, times=2)
    assert standing.syncs(line.address, wait=waited.append).problem is None
    assert waited == [7, 7] and standing.held() == standing.homes


def test_an_end_with_a_certificate_nobody_knows_is_no_hub(standing, stack) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "wifi.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    ).sign(key, hashes.SHA256())
    (standing.folder / "tls.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    line = standing.through(stack, "tls")
    account = standing.syncs(line.address.replace("http:", "https:"))
    assert account.problem.code == "tls" and "日期和时间" in account.problem.remedy


def test_a_tablet_nobody_knows_pauses_and_keeps_everything(standing) -> None:
    standing.syncs()
    standing.records(min(standing.homes))
    with http_client() as made:
        hub = HttpHub(made, standing.running.address, "another secret")
        account = run(standing.replica, hub, clock=standing.running.clock, app_version="0.1")
    assert account.problem.code == "unauthorised" and account.requests_n == 1
    assert standing.replica.status().waiting_n == 1 and standing.held() == standing.homes


# --- few bytes, few requests -------------------------------------------------------------------------------------


def test_a_contact_with_nothing_new_is_small(standing, stack) -> None:
    standing.syncs()
    line = standing.through(stack, "through")
    account = standing.syncs(line.address)
    assert (account.problem, account.requests_n, account.received_n) == (None, 1, 0)
    stack.close()
    assert sum(line.carried()) < 200


def test_one_connection_serves_a_whole_contact(standing, stack) -> None:
    """More records than one request takes, then a part: still one connection."""
    standing.syncs()
    homes = sorted(standing.homes)
    for at in range(130):
        standing.records(homes[at % len(homes)])
    line = standing.through(stack, "through")
    account = standing.syncs(line.address)
    assert account.problem is None and account.requests_n >= 2
    stack.close()
    assert len(line.carried()) <= 1
