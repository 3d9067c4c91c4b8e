"""How fast the store takes registrations in bulk, form checks apart: a demo county of 20,000 must not take minutes.

Measured in processor time, so that a busy machine does not decide the result.
"""

import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from server import database
from server.access.places import Place
from server.exchange import history, store
from server.exchange.forms import Forms
from server.registry.policy import POLICY
from server.registry.projection import projection
from sync.codec import to_text
from sync.facts import Device
from sync.messages import Incoming, Request, Submission, Target

COUNTY = "140525"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
VILLAGES = [f"140525{100 + n // 30}{201 + n % 30}" for n in range(450)]
SUBMISSIONS_N, BATCH_N = 4_000, 500
AT_LEAST_PER_S = 500
HOME = {
    "head_name": "张三", "id_number": "140525196001011234", "phone": "13900000000", "door_number": "12号",
    "address": "二组", "tenure": "owner", "registration": "local", "residents_n": "3", "house_area_m2": "120",
    "heated_area_m2": "80.5", "rooms_n": "4", "house_use": "living", "occupancy": "all_winter", "hardship": "none",
    "mountain": "no", "heating_status": "heated", "device": "coal_stove", "fuel": "bulk_coal",
    "old_stove": "present", "visit_outcome": "surveyed", "visited_on": "2020-09-01", "remark": "",
}  # fmt: skip
COAL = {
    "season": "2019-2020",
    "coal_t": "2.5",
    "price_yuan_per_t": "800",
    "coal_source": "market",
    "stock_t": "0",
}


class Unchecked:
    """A form that finds no fault and saves its answers as they are."""

    def check(self, answers: Mapping, observed_at: datetime, given: Mapping[str, str]) -> tuple:
        return ()

    def changes(self, answers: Mapping) -> dict:
        return {dataset: dict(values) for dataset, values in answers.items()}


class AllPlaces:
    def county_name(self, session, county) -> str:
        return county

    def villages(self, session, county, codes=None) -> list[Place]:
        return [Place(code, code, code, None) for code in sorted(codes or ())]


def _registration(device: str, number: int, past: str) -> Submission:
    home, coal = str(uuid.uuid4()), str(uuid.uuid4())
    return Submission(
        id=str(uuid.uuid4()), device=device, device_seq=number, previous_hash="", history=past, county=COUNTY,
        village=VILLAGES[number % 450], person="p", form="household", form_version="1", observed_at=to_text(NOW),
        corrects=None, answers={"household": HOME, "coal_use": COAL | {"household": home}},
        targets=(Target("household", home, 0, {}, None), Target("coal_use", coal, 0, {}, None)),
    )  # fmt: skip


def _incoming(device: str, past: str, batch: list[Submission]) -> Incoming:
    request = Request(1, device, past, to_text(NOW), "bench", 0, "", len(batch), "", {}, (), tuple(batch))
    return Incoming(request, ())


def test_registrations_in_bulk(tmp_path: Path, capsys) -> None:
    engine = database.engine(f"sqlite:///{tmp_path / 'bench.sqlite3'}")
    database.migrate(engine)
    device = str(uuid.uuid4())
    with database.write(engine) as session:
        past = history.ensure(session, lambda: str(uuid.uuid4()))
    forms = Forms({("household", "1"): Unchecked()})
    exchange = store.Exchange(engine, AllPlaces(), forms, POLICY, (projection,), lambda: str(uuid.uuid4()))
    made = [_registration(device, number, past) for number in range(1, SUBMISSIONS_N + 1)]
    begun = process_time()
    for start in range(0, SUBMISSIONS_N, BATCH_N):
        incoming = _incoming(device, past, made[start : start + BATCH_N])
        taken = store.push(exchange, Device(device, COUNTY, frozenset(VILLAGES)), incoming, NOW)
        assert {verdict.outcome for verdict in taken.pushed.verdicts} == {"applied"}
    rate = SUBMISSIONS_N / (process_time() - begun)
    engine.dispose()
    size = (tmp_path / "bench.sqlite3").stat().st_size / SUBMISSIONS_N
    with capsys.disabled():
        sys.stdout.write(f"\n{rate:,.0f} registrations a second of processor time, {size:,.0f} bytes each\n")
    assert rate > AT_LEAST_PER_S
