"""One village told through the real forms and the hub, and what coverage and the lists then make of it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server import database
from server.access.places import Place
from server.access.views import Reporting
from server.app import DERIVATIONS
from server.exchange import forms, history, store
from server.exchange.tables import EntityRow
from server.programme import views
from server.registry.filters import HouseholdFilter
from server.registry.policy import POLICY
from server.registry.tables import Household
from server.registry.views import every, household_file
from server.web import Sorting
from survey_forms import interview, released
from survey_forms.answers import entity_changes
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.codec import to_text
from sync.documents import read_held
from sync.facts import Device, Held
from sync.messages import Incoming, Request, Submission, Target

COUNTY, VILLAGE = "140525", "140525100201"
NOW = datetime(2020, 11, 1, 8, 0, tzinfo=UTC)
FUELS = {
    "coal_stove": "bulk_coal", "clean_coal_stove": "clean_coal",
    "1": "gas", "9": "electricity", "10": "electricity", "16": "biomass",
}  # fmt: skip
KINDS = {"1": "gas", "9": "electric", "10": "electric", "16": "biomass", "clean_coal_stove": "clean_coal"}
# How far a conversion has come.
SIGNED, INSTALLED, CONNECTED = range(3)
PARSED = {form.id: form for form in (parse(xml) for _, _, xml in released())}


class AllPlaces:
    """Every village anybody asks for exists."""

    def county_name(self, session: Session, county: str) -> str:
        return county

    def area_name(self, session: Session, area: str) -> str:
        return area

    def villages(self, session: Session, county: str, codes: Any = None) -> list[Place]:
        return [Place(code, code[-3:], code[:9], None) for code in sorted(codes or ())]


@dataclass
class Teller:
    """A tablet that is always up to date, or not: what it records goes through the forms and the hub."""

    exchange: store.Exchange
    history: str
    waiting: list[Submission] = field(default_factory=list)
    seq: int = 0
    together: bool = False
    device: str = field(default_factory=lambda: str(uuid.uuid4()))
    county: str = COUNTY
    now: datetime = NOW

    def survey(self, device: str, home: str | None = None, corrects: str | None = None) -> tuple[str, str]:
        """Gives the home and the submission."""
        home = home or str(uuid.uuid4())
        old_stove = {"old_stove": "present", "old_stove_on": "2020-10-01"}
        answers = {
            "basics": {"door_number": "1组1号", "head_name": "张三", "tenure": "owner", "registration": "local"},
            "house": {
                "house_area_m2": "120", "house_use": "living", "occupancy": "all_winter", "residents_n": "3",
                "hardship": "none", "mountain": "yes",
            },
            "heating": {
                "heating_status": "heated", "fuel": FUELS[device], "device": device, "heated_area_m2": "80",
                **old_stove,
            },
            "coal": {"coal_answer": "none"},
            "visited_on": "2020-10-01",
        }  # fmt: skip
        return home, self._record("household", answers, {"household": home}, corrects)

    def convert(
        self, home: str, device: str, state: int, conversion: str | None = None, corrects: str | None = None
    ) -> tuple[str, str]:
        """A conversion as far as it has come; again with `conversion`. Gives the conversion and the submission."""
        conversion = conversion or str(uuid.uuid4())
        dates = [("installed_on", "2020-10-02")] * (state >= INSTALLED)
        if state >= CONNECTED and device != "clean_coal_stove":
            dates += [("connected_on", "2020-10-03"), ("account_number", "14050001")]
        contract = {"contract_number": "HT-2020-1", "signed_on": "2020-10-01"}
        answers: dict[str, Any] = {
            "subject": {"kind": KINDS[device], "device_code": device, "batch": "1"},
            "contract": contract,
            "works": dict(dates),
            "stove": {"old_stove": "kept", "old_stove_on": "2020-10-03"},
        }
        ids = {"household": home, "conversion": conversion}
        return conversion, self._record("conversion", answers, ids, corrects)

    def _record(
        self, name: str, answers: Mapping[str, Any], ids: Mapping[str, str], corrects: str | None
    ) -> str:
        form, ids = PARSED[name], {"coal_use": str(uuid.uuid4()), **ids}
        given = {"county": COUNTY, "village": VILLAGE, "person": "p", "mountain": "yes"}
        given |= {f"{k}_id": v for k, v in ids.items()}
        filled = interview.begin(form, Context(NOW.date(), NOW, given), answers)
        assert interview.faults(filled, "zh") == ()
        told = interview.answers(filled)
        saved = entity_changes(form, told)
        self.seq += 1
        submission = Submission(
            id=str(uuid.uuid4()), device=self.device, device_seq=self.seq, previous_hash="", history=self.history,
            county=COUNTY, village=VILLAGE, person="p", form=name, form_version=form.version,
            observed_at=to_text(NOW), corrects=corrects, answers=told,
            targets=tuple(self._target(k, ids[k], saved[k]) for k in sorted(saved)),
        )  # fmt: skip
        self.waiting.append(submission)
        if not self.together:
            self.send()
        return submission.id

    def _target(self, dataset: str, identity: str, saved: Mapping[str, str]) -> Target:
        held = self.held(dataset, identity)
        follows = next(
            (s.id for s in reversed(self.waiting) for t in s.targets if t.key == f"{dataset}/{identity}"),
            None,
        )
        if held is None:
            return Target(dataset, identity, 0, {}, follows)
        base = {name: value for name, value in held.values().items() if name in saved}
        return Target(dataset, identity, held.version, base, follows)

    def held(self, dataset: str, identity: str) -> Held | None:
        with database.read(self.exchange.engine) as session:
            row = session.get(EntityRow, (COUNTY, dataset, identity))
            return read_held(row.held) if row else None

    def send(self) -> None:
        sent = tuple(self.waiting)
        self.waiting.clear()
        request = Request(
            protocol=1, device=self.device, history=self.history, sent_at=to_text(NOW), app_version="0",
            chain_seq=self.seq, chain_hash="", waiting=len(sent), villages_hash="", held={}, forms=(),
            submissions=sent,
        )  # fmt: skip
        device = Device(self.device, COUNTY, frozenset({VILLAGE}))
        taken = store.push(self.exchange, device, Incoming(request, ()), NOW)
        refused = [
            verdict for verdict in taken.pushed.verdicts if verdict.outcome not in ("applied", "merged")
        ]
        assert not refused, refused

    def listed(self, situation: str) -> set[str]:
        """The homes in the list of a situation; coverage must count as many."""
        wanted = HouseholdFilter(area=COUNTY, situation=situation)
        with database.read(self.exchange.engine) as session:
            counts = views.coverage(session, COUNTY, NOW, lambda *_: Reporting(0, ())).counts
            lines = list(every(session, wanted, Sorting("name", descending=False)))
        assert getattr(counts, situation) == len(lines)
        return {line.id for line in lines}

    def clean(self) -> set[str]:
        return self.listed("clean")

    def shown(self, home: str) -> tuple[str, str, str]:
        """The device as lists show it, and the one that counts, as lists and the household's page say."""
        with database.read(self.exchange.engine) as session:
            order = Sorting("name", descending=False)
            (line,) = (
                line for line in every(session, HouseholdFilter(area=COUNTY), order) if line.id == home
            )
            file = household_file(session, COUNTY, home)
        assert file is not None
        return line.device, line.device_in_use, file.device_in_use

    def traced(self, home: str) -> tuple[str, str, str]:
        with database.read(self.exchange.engine) as session:
            row = session.get_one(Household, (COUNTY, home))
            return row.device, row.device_by, row.device_surveyed


def _teller(engine: Engine) -> Teller:
    with database.write(engine) as session:
        forms.register(session, released(), NOW)
        past = history.ensure(session, lambda: str(uuid.uuid4()))
    with database.read(engine) as session:
        loaded = forms.load(session)
    hub = store.Exchange(engine, AllPlaces(), loaded, POLICY, DERIVATIONS, lambda: str(uuid.uuid4()))
    return Teller(hub, past)


@pytest.fixture
def teller(engine: Engine) -> Teller:
    return _teller(engine)


@pytest.fixture
def sqlite_teller(sqlite_engine: Engine) -> Teller:
    return _teller(sqlite_engine)
