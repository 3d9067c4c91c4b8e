"""The store on both databases: what one transaction holds, and what writers at the same time leave behind."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session

from server import database
from server.access.places import Place
from server.exchange import forms, history, store
from server.exchange.feed import SqlFeed
from server.exchange.tables import SubmissionRow
from server.registry.policy import POLICY
from survey_forms import released
from sync import pull
from sync.facts import Device
from sync.messages import Cursor, Incoming

COUNTY = "140525"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
VILLAGES = [f"140525100{n:03d}" for n in range(201, 207)]


class AllPlaces:
    """Every village anybody asks for exists."""

    def county_name(self, session: Session, county: str) -> str:
        return county

    def villages(self, session, county, codes=None) -> list[Place]:
        return [Place(code, code[-3:], code[:9], None) for code in sorted(codes or ())]


class BrokenError(Exception):
    pass


@pytest.fixture
def exchange(engine) -> store.Exchange:
    with database.write(engine) as session:
        forms.register(session, released(), NOW)
        history.ensure(session, lambda: str(uuid.uuid4()))
    with database.read(engine) as session:
        loaded = forms.load(session)
    return store.Exchange(engine, AllPlaces(), loaded, POLICY, (), lambda: str(uuid.uuid4()))


@pytest.fixture
def office(exchange, enrol):
    """A tablet of all villages, and how its batches reach the store without HTTP."""
    tablet = enrol(exchange.engine, lambda: NOW, *VILLAGES)
    return tablet, Device(tablet.device, COUNTY, frozenset(VILLAGES))


def _incoming(tablet, *submissions) -> Incoming:
    return Incoming(tablet.request(*submissions), ())


def _counts(exchange) -> dict[str, int]:
    tables = ("submission", "submission_target", "entity", "feed")
    with database.read(exchange.engine) as session:
        connection = session.connection()
        return {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables
        }


def test_a_batch_larger_than_any_statement_goes_in_whole(exchange, office) -> None:
    tablet, device = office
    visits = [tablet.visit(VILLAGES[n % 6]) for n in range(700)]
    taken = store.push(exchange, device, _incoming(tablet, *visits), NOW)
    assert {verdict.outcome for verdict in taken.pushed.verdicts} == {"applied"}
    assert set(_counts(exchange).values()) == {700}
    again = store.push(exchange, device, _incoming(tablet, *visits), NOW)
    assert {v.submission: v for v in again.pushed.verdicts} == {
        v.submission: v for v in taken.pushed.verdicts
    }
    assert set(_counts(exchange).values()) == {700}


def test_a_derivation_that_fails_takes_everything_back(exchange, office) -> None:
    tablet, device = office

    def fails(session, county, changed, now) -> None:
        raise BrokenError

    broken = replace(exchange, derivations=(fails,))
    with pytest.raises(BrokenError):
        store.push(broken, device, _incoming(tablet, tablet.visit(VILLAGES[0])), NOW)
    assert set(_counts(exchange).values()) == {0}


def test_a_derivation_sees_what_changed_before_the_feed_tells_of_it(exchange, office) -> None:
    tablet, device = office
    seen = []

    def look(session, county, changed, now) -> None:
        rows = session.connection().execute(text("SELECT count(*) FROM feed")).scalar_one()
        seen.append((county, [held.version for held in changed], rows, now))

    visits = [tablet.visit(VILLAGES[0]), tablet.visit(VILLAGES[0])]
    store.push(replace(exchange, derivations=(look,)), device, _incoming(tablet, *visits), NOW)
    assert seen == [(COUNTY, [1, 1], 0, NOW)]


def test_an_entity_is_changed_in_place(exchange, office) -> None:
    tablet, device = office
    first = tablet.visit(VILLAGES[0], new_head="张三")
    store.push(exchange, device, _incoming(tablet, first), NOW)
    with database.read(exchange.engine) as session:
        seen = SqlFeed(session, COUNTY).snapshot(VILLAGES[0], None, 10)[0]
    change = tablet.visit(VILLAGES[0], seen.id, base_version=1, base=seen.props, visit_outcome="refused")
    store.push(exchange, device, _incoming(tablet, change), NOW)
    with database.read(exchange.engine) as session:
        feed = SqlFeed(session, COUNTY)
        now = feed.snapshot(VILLAGES[0], None, 10)
        assert [(e.version, e.props["visit_outcome"]) for e in now] == [(2, "refused")]
        # Both rows of the feed are one entity: it travels once, as it is now.
        assert [(seq, e.version) for seq, e in feed.changes(VILLAGES[0], 0, 10)] == [(2, 2)]
        assert feed.heads([VILLAGES[0], VILLAGES[1]]) == {VILLAGES[0]: 2}


def test_a_snapshot_is_read_page_by_page(exchange, office) -> None:
    tablet, device = office
    visits = [tablet.visit(VILLAGES[0]) for _ in range(25)]
    store.push(exchange, device, _incoming(tablet, *visits), NOW)
    cursor: Cursor | None = None
    got: list[str] = []
    for _ in range(20):
        with database.read(exchange.engine) as session:
            pulled = pull.pull({VILLAGES[0]: cursor}, SqlFeed(session, COUNTY), limit=4)
        got += [entity.key for entity in pulled.changes]
        cursor = pulled.cursors.get(VILLAGES[0], cursor)
        if not pulled.more:
            break
    assert sorted(got) == sorted(visit.targets[0].key for visit in visits)
    assert cursor == Cursor(seq=25)


def test_the_same_request_twice_at_once_has_one_effect(exchange, office) -> None:
    """A tablet whose line was slow asks again while its first request is still at work."""
    tablet, device = office
    for _ in range(5):
        before = _counts(exchange)["submission"]
        visits = [tablet.visit(VILLAGES[n]) for n in range(6)]
        start = threading.Barrier(3)

        def send(visits=visits, start=start):
            start.wait()
            return store.push(exchange, device, _incoming(tablet, *visits), NOW, tablet=True).pushed.verdicts

        with ThreadPoolExecutor(3) as pool:
            answers = [each.result() for each in [pool.submit(send) for _ in range(3)]]
        assert answers[0] == answers[1] == answers[2]
        assert set(_counts(exchange).values()) == {before + 6}


def test_readers_never_miss_a_row_while_many_write(exchange, enrol) -> None:
    """Each reader follows a cursor while writers push to the same villages; in the end it has seen every entity."""
    writers = [enrol(exchange.engine, lambda: NOW, *VILLAGES) for _ in range(4)]
    done = threading.Event()
    expected: set[str] = set()
    lock = threading.Lock()

    def write(tablet) -> None:
        device = Device(tablet.device, COUNTY, frozenset(VILLAGES))
        for number in range(25):
            visits = [tablet.visit(VILLAGES[(number + n) % 6]) for n in range(3)]
            store.push(exchange, device, _incoming(tablet, *visits), NOW, tablet=True)
            with lock:
                expected.update(visit.targets[0].key for visit in visits)

    def follow() -> set[str]:
        seen: set[str] = set()
        cursors: dict[str, Cursor | None] = {village: Cursor(seq=0) for village in VILLAGES}
        finished = False
        while True:
            with database.read(exchange.engine) as session:
                pulled = pull.pull(cursors, SqlFeed(session, COUNTY), limit=7)
            seen |= {entity.key for entity in pulled.changes}
            cursors |= pulled.cursors
            if finished and not pulled.more:
                return seen
            finished = done.is_set()

    with ThreadPoolExecutor(7) as pool:
        readers = [pool.submit(follow) for _ in range(3)]
        for each in [pool.submit(write, tablet) for tablet in writers]:
            each.result()
        done.set()
        results = [reader.result() for reader in readers]
    assert len(expected) == 300
    assert all(seen == expected for seen in results)
    with database.read(exchange.engine) as session:
        for village, head in SqlFeed(session, COUNTY).heads(VILLAGES).items():
            rows = session.connection().execute(
                text("SELECT seq FROM feed WHERE village = :village ORDER BY seq"), {"village": village}
            )
            assert [row.seq for row in rows] == list(range(1, head + 1))


def test_writers_of_the_same_homes_lose_no_change(exchange, enrol, office) -> None:
    """Several tablets change the same homes at once: every version is counted, every verdict stands."""
    first, device = office
    homes = [first.visit(VILLAGES[0], new_head="张三") for _ in range(3)]
    store.push(exchange, device, _incoming(first, *homes), NOW)
    with database.read(exchange.engine) as session:
        seen = SqlFeed(session, COUNTY).snapshot(VILLAGES[0], None, 10)
    writers = [enrol(exchange.engine, lambda: NOW, *VILLAGES) for _ in range(4)]

    def write(tablet) -> list[str]:
        device = Device(tablet.device, COUNTY, frozenset(VILLAGES))
        outcomes = []
        for round_number in range(6):
            visits = [
                tablet.visit(
                    VILLAGES[0],
                    home.id,
                    base_version=1,
                    base=home.props,
                    remark=f"{tablet.device} {round_number}",
                )
                for home in reversed(seen)
            ]
            taken = store.push(exchange, device, _incoming(tablet, *visits), NOW, tablet=True)
            outcomes += [verdict.outcome for verdict in taken.pushed.verdicts]
        return outcomes

    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome for each in [pool.submit(write, w) for w in writers] for outcome in each.result()]
    assert len(outcomes) == 4 * 6 * 3
    with database.read(exchange.engine) as session:
        now = SqlFeed(session, COUNTY).snapshot(VILLAGES[0], None, 10)
        journal = session.connection().execute(text("SELECT count(*) FROM submission")).scalar_one()
    assert journal == 3 + len(outcomes)
    # Each change made a version: applied, or as an open conflict. None was written over unseen.
    assert [home.version for home in now] == [1 + 4 * 6] * 3


def test_the_journal_keeps_the_submission_word_for_word(exchange, office) -> None:
    from sync.codec import encode

    tablet, device = office
    visit = tablet.visit(VILLAGES[0], new_head="𬍛㛃䶮", remark="引号“”'\"\\ 和\n换行")
    store.push(exchange, device, _incoming(tablet, visit), NOW)
    with database.read(exchange.engine) as session:
        row = session.get(SubmissionRow, (COUNTY, visit.id))
    assert row.sent.encode() == encode(visit)
    assert row.received_at == NOW


def test_a_new_history_begins_once_when_two_tablets_find_out_together(exchange, office, enrol) -> None:
    tablet, _ = office
    other = enrol(exchange.engine, lambda: NOW, *VILLAGES)
    start = threading.Barrier(2)

    def ask(each):
        start.wait()
        device = Device(each.device, COUNTY, frozenset(VILLAGES))
        request = each.request(held={VILLAGES[0]: Cursor(seq=9)})
        return store.push(exchange, device, Incoming(request, ()), NOW, tablet=True).history

    with ThreadPoolExecutor(2) as pool:
        begun = {each.result() for each in [pool.submit(ask, tablet), pool.submit(ask, other)]}
    assert len(begun) == 1
    assert begun != {tablet.history}
