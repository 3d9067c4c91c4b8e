"""The hub's half of must 8 and of a rescue, on both databases."""

import io
import threading
import uuid
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from mobile.device.sealing import seal
from server import database
from server.access import enrolment
from server.access.places import Place
from server.access.tables import Tablet as TabletRow
from server.exchange import chains, forms, history, journal, keyring, rescue, rescue_file, store
from server.exchange.photo_files import PhotoFiles
from server.exchange.photos import PhotoDesk
from server.registry.policy import POLICY
from survey_forms import released
from sync.chain import enrolled
from sync.codec import encode, submission_hash
from sync.messages import Incoming, Request, Submission
from sync.rescue import RECORDS
from sync.sealed import Sealing

COUNTY, NORTH, SOUTH = "140525", "140525100201", "140525200201"
NOW = datetime(2020, 9, 1, 8, tzinfo=UTC)


class AllPlaces:
    """Every village anybody asks for exists."""

    def county_name(self, session, county):
        return county

    def villages(self, session, county, codes=None):
        return [Place(code, code[-3:], code[:9], None) for code in sorted(codes or ())]


@pytest.fixture
def exchange(engine):
    def new_id():
        return str(uuid.uuid4())

    with database.write(engine) as session:
        forms.register(session, released(), NOW)
        history.ensure(session, new_id)
    with database.read(engine) as session:
        return store.Exchange(engine, AllPlaces(), forms.load(session), POLICY, (), new_id)


@pytest.fixture
def tablet(exchange, enrol):
    return enrol(exchange.engine, lambda: NOW, NORTH)


def row_of(exchange, tablet) -> TabletRow:
    with database.read(exchange.engine) as session:
        return session.get(TabletRow, (COUNTY, tablet.device))


@dataclass
class Chain:
    """The records of a tablet, each linked to the one before; `copy` parts from there."""

    tablet: object
    made: tuple[Submission, ...] = ()

    def visit(self) -> Submission:
        visit = replace(
            self.tablet.visit(NORTH), device_seq=len(self.made) + 1, previous_hash=self.head(self.made)
        )
        self.made = (*self.made, visit)
        return visit

    def copy(self) -> "Chain":
        return Chain(self.tablet, self.made)

    @staticmethod
    def head(made) -> str:
        return submission_hash(made[-1]) if made else ""

    def request(self, *sent, until: int | None = None, **others) -> Request:
        """`until`: as it was after so many records."""
        made = self.made[:until]
        return self.tablet.request(*sent, chain_seq=len(made), chain_hash=self.head(made), **others)


@pytest.fixture
def chain(tablet) -> Chain:
    return Chain(tablet)


def contact(exchange, chain, *submissions, **others):
    request = chain.request(*submissions, **others)
    return store.contact(exchange, row_of(exchange, chain.tablet), Incoming(request, ()), NOW)


def line_of(exchange, submission) -> str:
    with database.read(exchange.engine) as session:
        (trace,) = journal.past(session, COUNTY, {submission.id})[submission.id].traces.values()
    return trace.device


def test_behind_is_asked_with_a_new_word_each_time_and_then_believed(exchange, chain) -> None:
    contact(exchange, chain, chain.visit(), chain.visit())
    first = contact(exchange, chain, until=1)
    second = contact(exchange, chain, until=1, challenge="anything")
    assert first.challenge
    assert second.challenge not in (None, first.challenge)
    assert (first.enrol_again, second.enrol_again) == (None, None)
    assert contact(exchange, chain, until=1, challenge=first.challenge).enrol_again is None
    word = row_of(exchange, chain.tablet).challenge
    assert contact(exchange, chain, until=1, challenge=word).enrol_again == "restored"
    assert row_of(exchange, chain.tablet).closed_as == "restored"
    assert contact(exchange, chain).enrol_again == "restored"


def test_a_second_record_at_a_taken_place_is_a_copy_and_both_stay(exchange, chain) -> None:
    copy = chain.copy()
    mine, theirs = chain.visit(), copy.visit()
    assert contact(exchange, chain, mine).enrol_again is None
    reply = contact(exchange, copy, theirs)
    assert (reply.enrol_again, [verdict.outcome for verdict in reply.verdicts]) == ("cloned", ["applied"])
    assert line_of(exchange, mine) == chain.tablet.device
    assert line_of(exchange, theirs) == f"{chain.tablet.device}~1.{theirs.id[:8]}"


def test_a_copys_work_keeps_its_line_through_another_device(exchange, chain, enrol) -> None:
    """It enrolled anew before the fork had shown: what it brings along is told apart by the journal alone."""
    copy = chain.copy()
    mine, theirs = chain.visit(), copy.visit()
    contact(exchange, chain, mine)
    reply = contact(exchange, Chain(enrol(exchange.engine, lambda: NOW, NORTH)), theirs)
    assert reply.enrol_again is None
    assert [verdict.marks for verdict in reply.verdicts] == [("other_device",)]
    assert line_of(exchange, theirs) == f"{chain.tablet.device}~1.{theirs.id[:8]}"


def test_a_refused_record_of_an_unknown_form_says_nothing_of_its_line(exchange, chain, enrol) -> None:
    """It left no trace to read that in: who enrolled anew still goes on from its former records beyond it."""
    before = chain.visit()
    contact(exchange, chain, before)
    anew = Chain(enrol(exchange.engine, lambda: NOW, NORTH))
    refused = replace(anew.visit(), village=SOUTH, form_version="9")
    anew.made = (refused,)
    (verdict,) = contact(exchange, anew, refused).verdicts
    assert verdict.code == "village_never_held"
    after, former, own = anew.visit(), chain.tablet.device, anew.tablet.device
    said = [f"{former}@1:{submission_hash(before)}"]
    with database.read(exchange.engine) as session:
        found = chains.lines(session, COUNTY, own, [after], doubted=False, formers=said)
        doubted = chains.lines(session, COUNTY, own, [after], doubted=True, formers=said)
    assert found == doubted == {after.id: enrolled(former, 1, own)}


def test_two_requests_of_one_tablet_at_once_raise_no_alarm(exchange, chain) -> None:
    """Whichever comes first: the later finds its records at their places, the earlier lies behind and is asked."""
    first, second = chain.visit(), chain.visit()
    short, long = chain.request(first, until=1), chain.request(first, second)
    row = row_of(exchange, chain.tablet)
    told: list[object] = []

    def call(request) -> None:
        told.append(store.contact(exchange, row, Incoming(request, ()), NOW).enrol_again)

    threads = [threading.Thread(target=call, args=(request,)) for request in (short, long) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [None] * 8
    assert (row_of(exchange, chain.tablet).closed_as, row_of(exchange, chain.tablet).chain_seq) == (None, 2)


def test_villages_go_over_and_back_within_one_instant(exchange, tablet, enrol) -> None:
    other = enrol(exchange.engine, lambda: NOW, SOUTH)
    for device, to in ((tablet, other), (other, tablet), (tablet, other)):
        with database.write(exchange.engine) as session:
            enrolment.hand_over(
                session, county=COUNTY, device=device.device, to=to.device, villages=[NORTH], now=NOW, by="p"
            )
    with database.read(exchange.engine) as session:
        assert enrolment.held(session, county=COUNTY, device=tablet.device) == set()
        assert enrolment.held(session, county=COUNTY, device=other.device) == {NORTH, SOUTH}


def test_a_rescue_file_goes_through_the_same_hub(exchange, tablet, tmp_path) -> None:
    ring = keyring.opened(tmp_path)
    sent, unsent = tablet.visit(NORTH), [tablet.visit(NORTH) for _ in range(3)]
    contact(exchange, Chain(tablet, (sent,)), sent)
    with database.write(exchange.engine) as session:
        enrolment.revoke(session, county=COUNTY, device=tablet.device, now=NOW, by="p")
    data = _file(tablet, [sent, *unsent, {"id": "not a record"}], ring.public)
    contents = rescue_file.look(data, ring, COUNTY)
    with database.write(exchange.engine) as session:
        row = rescue.keep(session, contents, data, "a.rescue", "p", NOW)
    desk = PhotoDesk(exchange.engine, PhotoFiles(tmp_path / "photos"))
    outcomes = [rescue.take(exchange, desk, ring, row, by="p", now=NOW) for _ in range(2)]
    assert outcomes[0].verdicts == {"applied": 4, "rejected": 1}
    assert outcomes[1] == outcomes[0]
    with database.read(exchange.engine) as session:
        assert all(line.verdict for line in rescue.lines(session, exchange, contents))


def _file(tablet, records, public: str) -> bytes:
    told = {
        "rescue": 1, "device": tablet.device, "county": COUNTY, "person": tablet.person, "person_name": "王五",
        "history": tablet.history, "made_at": "2020-09-01T08:00:00Z", "clock_offset_s": 0,
        "submissions": records, "drafts": [], "photos": [], "villages": {},
    }  # fmt: skip
    file = io.BytesIO()
    sealing = Sealing.begin(file, public, COUNTY, seal)
    with zipfile.ZipFile(sealing, "w") as archive:
        archive.writestr(RECORDS, encode(told))
    sealing.finish()
    return file.getvalue()
