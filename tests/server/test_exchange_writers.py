"""Many writers on real PostgreSQL, transactions held open among them, and two servers behind one database."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from server import database
from server.app import create_app
from server.exchange import office, store
from server.exchange.feed import SqlFeed
from server.lab.serving import Serving
from server.settings import Settings
from sync import pull
from sync.facts import Device
from sync.messages import Cursor, Incoming

COUNTY = "140525"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
VILLAGES = [f"140525100{n:03d}" for n in range(201, 205)]
WRITERS_N, ROUNDS_N, HOLDS_N = 8, 3, 2


@dataclass
class Readings:
    """How often readers have read, so that a transaction can be held for as long as some of them take."""

    read: threading.Condition = field(default_factory=threading.Condition)
    times: int = 0

    def add(self) -> None:
        with self.read:
            self.times += 1
            self.read.notify_all()

    def wait_for_more(self, count: int) -> None:
        with self.read:
            until = self.times + count
            self.read.wait_for(lambda: self.times >= until, timeout=60)


@pytest.fixture
def county(postgres_engine, tmp_path, clock) -> Iterator[store.Exchange]:
    """The application's own exchange, with every derivation, over PostgreSQL."""
    url = postgres_engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(tmp_path, url, COUNTY, "a secret of this test"), clock=clock)
    with database.write(app.state.engine) as session:
        session.connection().execute(
            text("INSERT INTO division (code, name, level, parent, urban_rural_code, edition)"
                 " VALUES (:code, :code, 'village', '140525100000', '220', '2016')"),
            [{"code": code} for code in VILLAGES],
        )  # fmt: skip
    yield app.state.exchange
    app.state.engine.dispose()


@pytest.fixture
def clock():
    return lambda: NOW


def follow(county: store.Exchange, done: threading.Event, readings: Readings) -> set[str]:
    """What somebody sees who follows the feed from its beginning to its end."""
    seen: set[str] = set()
    cursors: dict[str, Cursor | None] = {village: Cursor(seq=0) for village in VILLAGES}
    finished = False
    while True:
        with database.read(county.engine) as session:
            pulled = pull.pull(cursors, SqlFeed(session, COUNTY), limit=5)
        seen |= {entity.key for entity in pulled.changes}
        cursors |= pulled.cursors
        readings.add()
        if finished and not pulled.more:
            return seen
        finished = done.is_set()


def test_eight_writers_and_held_transactions_lose_no_row(county, enrol, clock) -> None:
    """Each round all register the same new home at once, and one more each; beside them somebody in the office
    publishes, and holds the transaction open while others write and read."""
    tablets = [enrol(county.engine, clock, *VILLAGES) for _ in range(WRITERS_N)]
    shared = [str(uuid.uuid4()) for _ in range(ROUNDS_N)]
    done, readings = threading.Event(), Readings()
    start = threading.Barrier(WRITERS_N)

    def write(tablet) -> list[str]:
        device, outcomes = Device(tablet.device, COUNTY, frozenset(VILLAGES)), []
        for number, home in enumerate(shared):
            own = tablet.visit(VILLAGES[number % 4])
            same = tablet.visit(
                VILLAGES[number % 4], home, base={"door_number": "1号"}, visit_outcome="refused"
            )
            start.wait(timeout=120)
            incoming = Incoming(tablet.request(own, same), ())
            taken = store.push(county, device, incoming, clock(), tablet=True)
            outcomes += [(verdict.outcome, verdict.code) for verdict in taken.pushed.verdicts]
        return outcomes

    def hold() -> None:
        for number in range(HOLDS_N):
            with database.write(county.engine) as session:
                zone = ("zone", str(uuid.uuid4()), VILLAGES[number], {"name": "禁煤区"})
                office.publish(session, COUNTY, [zone], clock())
                readings.wait_for_more(4)

    with ThreadPoolExecutor(WRITERS_N + 4) as pool:
        readers = [pool.submit(follow, county, done, readings) for _ in range(2)]
        holder = pool.submit(hold)
        try:
            outcomes = [each for run in [pool.submit(write, one) for one in tablets] for each in run.result()]
            holder.result()
        finally:
            done.set()
        seen = [reader.result() for reader in readers]
    assert len(outcomes) == WRITERS_N * ROUNDS_N * 2
    assert {outcome for outcome, _ in outcomes} <= {"applied", "merged", "conflict"}, outcomes
    with database.read(county.engine) as session:
        connection = session.connection()
        keys = set(connection.execute(text("SELECT dataset || '/' || id FROM entity")).scalars())
        feed = connection.execute(text("SELECT village, count(*), max(seq) FROM feed GROUP BY village")).all()
    assert len(keys) == WRITERS_N * ROUNDS_N + ROUNDS_N + HOLDS_N
    assert seen == [keys] * 2
    assert all(count == last for _, count, last in feed)


@pytest.fixture
def two_servers(new_postgres, migrated_postgres, tmp_path: Path, clock) -> Iterator:
    """Two server processes over one PostgreSQL database: their addresses, and its engine."""
    url = new_postgres(migrated_postgres)
    settings = Settings(tmp_path, url, COUNTY, "a secret of this test")
    app = create_app(settings)
    with database.write(app.state.engine) as session:
        session.connection().execute(
            text("INSERT INTO division (code, name, level, parent, urban_rural_code, edition)"
                 " VALUES (:code, :code, 'village', '140525100000', '220', '2016')"),
            [{"code": code} for code in VILLAGES],
        )  # fmt: skip
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("one", "other")]
        for folder in folders:
            folder.mkdir()
        servers = [stack.enter_context(Serving(replace(settings, data=each), 0)) for each in folders]
        yield [server.address for server in servers], app.state.engine
    app.state.engine.dispose()


@pytest.mark.soak
def test_two_servers_behind_one_database_are_one(two_servers, enrol, clock) -> None:
    """Every tablet sends each request to both at once: one verdict, one effect, and both tell of it."""
    addresses, engine = two_servers
    tablets = [enrol(engine, clock, *VILLAGES) for _ in range(4)]

    def work(tablet) -> int:
        sent = 0
        with ThreadPoolExecutor(2) as pool:
            for number in range(10):
                visits = [tablet.visit(VILLAGES[(number + n) % 4]) for n in range(3)]
                both = [pool.submit(tablet.sync, address, *visits) for address in addresses]
                one, other = (each.result() for each in both)
                assert one.verdicts == other.verdicts and len(one.verdicts) == 3
                sent += 3
        return sent

    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(work, tablets))
    for address in addresses:
        reply, held = None, dict.fromkeys(VILLAGES)
        seen: set[str] = set()
        while reply is None or reply.more:
            reply = tablets[0].sync(address, held=held)
            held |= reply.cursors
            seen |= {state.id for state in reply.changes}
        assert len(seen) == sent
    with database.read(engine) as session:
        feed = session.connection().execute(text("SELECT count(*) FROM feed")).scalar_one()
    assert feed == sent
