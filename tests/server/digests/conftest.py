"""The exchange without HTTP, a tablet that records into it, and one whose real replica reads from it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from server import database
from server.access import actions, enrolment
from server.access.places import Place
from server.access.tables import Tablet
from server.exchange import digests, forms, history, store
from server.registry import aliases
from server.registry.policy import POLICY
from server.registry.projection import projection
from survey_forms import released
from sync.client import Account, contact
from sync.codec import decode, decode_request, encode, submission_hash, to_text
from sync.facts import Device
from sync.messages import EnrolReply, FormXml, Incoming, Reply, Request
from sync.replica import Replica

COUNTY = "140525"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
VILLAGES = [f"140525100{n:03d}" for n in range(201, 204)]


class AllPlaces:
    """Every village anybody asks for exists."""

    def county_name(self, session: Session, county: str) -> str:
        return county

    def villages(self, session, county, codes=None) -> list[Place]:
        return [Place(code, code[-3:], code[:9], None) for code in sorted(codes or ())]


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Hub:
    """`exchange` may be replaced: another policy, as after an upgrade."""

    exchange: store.Exchange

    def sql(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with database.write(self.exchange.engine) as session:
            done = session.connection().execute(text(statement), values)
            return [tuple(row) for row in done] if done.returns_rows else []

    def kept(self) -> dict[str, str]:
        rows = self.sql("SELECT village, digest FROM village_digest v WHERE seq = (SELECT seq FROM feed_head h"
                        " WHERE h.county = v.county AND h.village = v.village)")  # fmt: skip
        return dict(rows)

    def recounted(self) -> dict[str, str]:
        with database.read(self.exchange.engine) as session:
            masked = self.exchange.policy.masked
            found = {code: str(digests.recount(session, COUNTY, code, masked)) for code in VILLAGES}
        return {code: found[code] for code in self.kept()}

    def log(self) -> list[str]:
        return [
            str(row[0])
            for row in self.sql("SELECT detail FROM audit WHERE verb = 'tablet.repair' ORDER BY at")
        ]


@dataclass
class Recorder:
    """A tablet reduced to what it sends."""

    hub: Hub
    tablet: object
    last: str = ""
    made: list[str] = field(default_factory=list)

    def visits(self, *villages: str, **answers: str) -> list[str]:
        made = [self.tablet.visit(village, **answers) for village in villages]
        self._push(made)
        return [each.targets[0].id for each in made]

    def again(self, village: str, home: str, shown: dict[str, str] | None = None, **answers: str) -> None:
        """`shown`: what it tells of its screen, None = nothing."""
        base = {"head_name": "张三", "door_number": "1号"}
        made = self.tablet.visit(village, home, base_version=1, base=base, **answers)
        self._push([made], None if shown is None else {made.id: {"household": shown}})

    def _push(self, made, screens=None) -> None:
        for place, each in enumerate(made):
            made[place] = replace(each, previous_hash=self.last)
            self.last = submission_hash(made[place])
            self.made.append(each.id)
        device = Device(self.tablet.device, COUNTY, frozenset(VILLAGES))
        request = replace(self.tablet.request(*made), screens=screens)
        store.push(self.hub.exchange, device, Incoming(request, ()), NOW)


@dataclass
class Reader:
    """A tablet with its real replica."""

    hub: Hub
    replica: Replica
    row: Tablet
    requests: list[Request]

    def calls(self) -> Account:
        """One contact, from beginning to end, over the codec."""
        conversation = contact(self.replica, clock=lambda: NOW, app_version="0.1")
        request = next(conversation)
        while True:
            self.requests.append(request)
            incoming = decode_request(encode(request))
            reply = store.contact(self.hub.exchange, self.row, incoming, NOW)
            try:
                request = conversation.send(decode(Reply, encode(reply)))
            except StopIteration as end:
                return end.value

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        return self.replica.db.conn.execute(statement).fetchall()


@pytest.fixture
def hub(engine) -> Hub:
    with database.write(engine) as session:
        forms.register(session, released(), NOW)
        history.ensure(session, new_id)
    digests.ensure(engine, POLICY.masked)
    with database.read(engine) as session:
        loaded = forms.load(session)
    return Hub(store.Exchange(engine, AllPlaces(), loaded, POLICY, (aliases.through(projection),), new_id))


@pytest.fixture
def recorder(hub, enrol) -> Recorder:
    return Recorder(hub, enrol(hub.exchange.engine, lambda: NOW, *VILLAGES))


@pytest.fixture
def reader(hub, tmp_path: Path) -> Iterator[Reader]:
    with Replica.open(tmp_path / "replica.sqlite3", clock=lambda: NOW, new_id=new_id) as replica:
        me = replica.new_identity("http://hub")
        with database.write(hub.exchange.engine) as session:
            person = actions.surveyor(session, name="王五", county=COUNTY, new_id=new_id, now=NOW)
            code = enrolment.make_code(
                session, county=COUNTY, person=person.id, villages=VILLAGES, made_by="-", now=NOW
            )
            row = enrolment.enrol(
                session, code=code, device=me.device, secret=me.secret, name="平板", app_version="1", now=NOW
            ).tablet
            past = history.present(session)
            villages = store.villages_of(hub.exchange.places, session, COUNTY, set(VILLAGES))
        for form, version, xml in released():
            replica.store_form(FormXml(form, version, forms.sha256(xml), xml))
        replica.enrolled(EnrolReply(me.device, COUNTY, "县", person.id, "王五", past, to_text(NOW), villages))
        yield Reader(hub, replica, row, [])


@pytest.fixture
def with_policy():
    """The same hub under another policy."""

    def change(hub: Hub, **others: object) -> None:
        hub.exchange = replace(hub.exchange, policy=replace(hub.exchange.policy, **others))

    return change
