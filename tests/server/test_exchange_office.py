"""What the office states reaches tablets as everything does: journal, entities, feed, snapshot and changes."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, select

from server import database
from server.access.callers import by_secret
from server.access.places import Place
from server.exchange import forms, history, journal, office, store
from server.exchange.tables import EntityRow, SubmissionRow
from server.registry.policy import POLICY
from survey_forms import released
from sync.codec import decode, derived_id
from sync.documents import read_held
from sync.facts import Held
from sync.messages import EnrolReply, Incoming, Request, Submission, Village
from sync.office import Statement, device, state
from sync.replica import Replica

COUNTY = "140525"
NOW = datetime(2020, 11, 1, 8, 0, tzinfo=UTC)
VILLAGES = [f"140525100{n:03d}" for n in range(201, 204)]
STATES = ("proposed", "designated", "in_force", "withdrawn")


class AllPlaces:
    """Every village anybody asks for exists."""

    def county_name(self, session: Session, county: str) -> str:
        return county

    def villages(self, session, county, codes=None) -> list[Place]:
        return [Place(code, code[-3:], code[:9], None) for code in sorted(codes or ())]


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def exchange(engine) -> store.Exchange:
    with database.write(engine) as session:
        forms.register(session, released(), NOW)
        history.ensure(session, new_id)
    with database.read(engine) as session:
        loaded = forms.load(session)
    return store.Exchange(engine, AllPlaces(), loaded, POLICY, (), new_id)


@dataclass
class Reader:
    """A real replica that asks the store until there is nothing more."""

    exchange: store.Exchange
    secret: str
    replica: Replica
    forms: tuple[str, ...]

    def pull(self, *submissions: Submission) -> None:
        with database.read(self.exchange.engine) as session:
            tablet = by_secret(session, self.secret)
        more = True
        while more:
            stated = self.replica.stated()
            request = Request(
                1, tablet.device, stated.history, "2020-11-01T08:00:00Z", "1", 0, "", len(submissions),
                stated.villages_hash, stated.held, self.forms, submissions,
            )  # fmt: skip
            reply = store.contact(self.exchange, tablet, Incoming(request, ()), NOW)
            self.replica.apply(reply)
            submissions, more = (), reply.more

    def shows(self, dataset: str = "zone") -> dict[str, dict[str, str]]:
        rows = self.replica.db.conn.execute("SELECT id FROM entity WHERE dataset = ?", (dataset,)).fetchall()
        return {id: dict(self.replica.entity(dataset, id).props) for (id,) in rows}


@pytest.fixture
def reader(exchange, enrol, tmp_path):
    """Makes tablets that hold some villages: `reader(*villages)`."""
    known = tuple(f"{form}@{version}" for form, version in exchange.forms.by_key)

    def make(*villages: str) -> Reader:
        tablet = enrol(exchange.engine, lambda: NOW, *villages)
        file = tmp_path / f"{tablet.device}.db"
        replica = Replica.open(file, clock=lambda: NOW, new_id=new_id)
        replica.db.conn.execute(
            "INSERT INTO identity (stage, device, secret, server) VALUES ('pending', ?, ?, '')",
            (tablet.device, tablet.secret),
        )
        told = tuple(Village(code, code[-3:], code[:9], None) for code in villages)
        replica.enrolled(
            EnrolReply(
                tablet.device,
                COUNTY,
                COUNTY,
                tablet.person,
                "王五",
                tablet.history,
                "2020-11-01T08:00:00Z",
                told,
            )
        )
        return Reader(exchange, tablet.secret, replica, known)

    return make


def zone(village: str, status: str, name: str = "一号镇禁煤区", zone_id: str = "z") -> office.State:
    return (
        "zone",
        derived_id("zone", zone_id, village),
        village,
        {"name": name, "status": status, "rule": "禁止散煤"},
    )


def publish(exchange, *states: office.State, now: datetime = NOW) -> None:
    with database.write(exchange.engine) as session:
        office.publish(session, COUNTY, states, now)


def held(exchange, dataset: str = "zone") -> dict[str, Held]:
    with database.read(exchange.engine) as session:
        rows = session.exec(select(EntityRow).where(EntityRow.dataset == dataset))
        found = [read_held(row.held) for row in rows]
    return {each.id: each for each in found}


def count(exchange, table: str) -> int:
    with database.read(exchange.engine) as session:
        return session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_statement_is_a_line_of_the_journal_an_entity_and_a_line_of_the_feed(exchange) -> None:
    publish(exchange, zone(VILLAGES[0], "proposed"), zone(VILLAGES[1], "proposed"))
    publish(exchange, zone(VILLAGES[0], "in_force"), zone(VILLAGES[1], "proposed"))
    [first, second] = sorted(held(exchange).values(), key=lambda each: each.village)
    assert (first.version, first.values()["status"]) == (2, "in_force")
    assert (second.version, second.values()["status"]) == (1, "proposed")
    assert [count(exchange, table) for table in ("submission", "submission_target", "feed")] == [3, 3, 3]
    with database.read(exchange.engine) as session:
        rows = session.exec(select(SubmissionRow).where(SubmissionRow.village == VILLAGES[0])).all()
    assert {(row.kind, row.device, row.person, row.outcome) for row in rows} == {
        ("office", device(COUNTY), "office", "applied")
    }


def test_what_does_not_differ_leaves_no_trace(exchange) -> None:
    publish(exchange, zone(VILLAGES[0], "in_force"))
    publish(exchange, zone(VILLAGES[0], "in_force"))
    publish(exchange)
    assert [count(exchange, table) for table in ("submission", "entity", "feed")] == [1, 1, 1]


def test_it_happens_with_the_decision_or_not_at_all(exchange) -> None:
    class Refused(Exception):
        pass

    with pytest.raises(Refused), database.write(exchange.engine) as session:
        office.publish(session, COUNTY, [zone(VILLAGES[0], "in_force")], NOW)
        raise Refused
    assert [count(exchange, table) for table in ("submission", "entity", "feed", "feed_head")] == [0, 0, 0, 0]


def test_a_property_that_is_no_longer_stated_is_empty_and_a_long_one_is_cut(exchange) -> None:
    dataset, identity, village, props = zone(VILLAGES[0], "proposed")
    publish(exchange, (dataset, identity, village, {**props, "note": "字" * 5000}))
    assert len(held(exchange)[identity].values()["note"]) == 4000
    publish(exchange, (dataset, identity, village, props))
    assert held(exchange)[identity].values()["note"] == ""


def test_the_entities_can_be_made_again_from_the_journal(exchange) -> None:
    for status in STATES:
        publish(exchange, zone(VILLAGES[0], status), zone(VILLAGES[1], STATES[0]))
    with database.read(exchange.engine) as session:
        rows = session.exec(
            select(SubmissionRow).order_by(SubmissionRow.received_at, SubmissionRow.device_seq)
        )
        lines = [decode(Submission, row.sent.encode()) for row in rows if row.kind == "office"]
        present = history.present(session)
    made: dict[str, Held] = {}
    for line in lines:
        [target] = line.targets
        told = Statement(target.dataset, target.id, line.village, line.answers)
        pushed = state([told], made, county=COUNTY, history=present, now=NOW)
        made |= {each.key: each for each in pushed.changed}
        assert [record.id for record in pushed.records] == [line.id]
    assert {each.id: each for each in made.values()} == held(exchange)


def test_a_home_that_moves_takes_its_money_along(exchange, reader) -> None:
    north, south = reader(VILLAGES[0]), reader(VILLAGES[1])
    identity = derived_id("subsidy", "h")
    publish(exchange, ("subsidy", identity, VILLAGES[0], {"household": "h", "lines": "已付"}))
    north.pull(), south.pull()
    assert (set(north.shows("subsidy")), set(south.shows("subsidy"))) == ({identity}, set())
    publish(exchange, ("subsidy", identity, VILLAGES[1], {"household": "h", "lines": "已付"}))
    north.pull(), south.pull()
    assert (set(north.shows("subsidy")), set(south.shows("subsidy"))) == (set(), {identity})


@pytest.mark.parametrize("dataset", ["zone", "subsidy"])
def test_no_tablet_writes_what_the_office_states(exchange, enrol, dataset) -> None:
    tablet = enrol(exchange.engine, lambda: NOW, *VILLAGES)
    publish(exchange, zone(VILLAGES[0], "in_force"))
    forged = tablet.visit(VILLAGES[0])
    [target] = forged.targets
    identity = derived_id("zone", "z", VILLAGES[0])
    forged = replace(forged, targets=(replace(target, dataset=dataset, id=identity),))
    with database.read(exchange.engine) as session:
        row = by_secret(session, tablet.secret)
    reply = store.contact(exchange, row, Incoming(tablet.request(forged), ()), NOW)
    assert [(told.outcome, told.code) for told in reply.verdicts] == [("rejected", "entity_mismatch")]
    assert held(exchange)[identity].values()["status"] == "in_force"


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("state"),
            st.dictionaries(st.sampled_from(VILLAGES), st.sampled_from(STATES), min_size=1),
            st.sampled_from(("一号镇禁煤区", "一号镇禁煤区（调整）")),
        ),
        st.tuples(st.just("pull"), st.sampled_from((0, 1))),
        st.tuples(st.just("forget"), st.sampled_from((0, 1))),
    ),
    max_size=12,
)


@given(script=steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whenever_tablets_ask_they_end_with_what_the_office_said_last(exchange, reader, script) -> None:
    own = new_id()
    readers = [reader(*VILLAGES[:2]), reader(*VILLAGES)]
    said: dict[str, dict[str, str]] = {}
    for step in script:
        if step[0] == "state":
            states = [zone(village, status, step[2], own) for village, status in step[1].items()]
            publish(exchange, *states)
            said |= {identity: props | {"__in": village} for _, identity, village, props in states}
        elif step[0] == "pull":
            readers[step[1]].pull()
        else:  # a tablet that begins with a snapshot again
            readers[step[1]].replica.db.conn.execute(
                "UPDATE village SET seq = NULL, head = NULL, after = NULL"
            )
    for each, villages in zip(readers, (VILLAGES[:2], VILLAGES), strict=True):
        each.pull()
        mine = {id: props for id, props in each.shows().items() if id in said}
        wanted = {id: props for id, props in said.items() if props["__in"] in villages}
        assert mine == {id: {n: v for n, v in props.items() if n != "__in"} for id, props in wanted.items()}
        each.replica.close()


def test_two_who_state_the_same_for_the_first_time_at_once_do_not_both(exchange) -> None:
    """One is there, or both came to the same; whoever was overtaken is told to begin again, not that it broke."""

    def one(number: int) -> str:
        try:
            publish(exchange, *(zone(village, STATES[number % 4]) for village in VILLAGES))
        except journal.Stale:
            return "overtaken"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(one, range(8)))
    assert "done" in outcomes
    assert {each.village for each in held(exchange).values()} == set(VILLAGES)
    assert {each.version for each in held(exchange).values()} <= set(range(1, outcomes.count("done") + 1))


def test_two_who_state_at_once_both_leave_their_line(exchange) -> None:
    """The second reads under the lock what the first wrote; the feed has no gap."""

    def one(number: int) -> None:
        publish(exchange, *(zone(village, STATES[number % 4], zone_id=f"z{number}") for village in VILLAGES))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(12)))
    with database.read(exchange.engine) as session:
        rows = session.connection().execute(text("SELECT village, seq FROM feed ORDER BY village, seq")).all()
    assert [tuple(row) for row in rows] == [(village, n) for village in VILLAGES for n in range(1, 13)]
