"""The demo's story of money and a zone: told by real acts, whole after any stop, and told once."""

import threading
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlmodel import select

from server.app import create_app
from server.database import read
from server.lab import entering, payouts, team, telling
from server.lab.bank import STRANGE_ID
from server.lab.county import sizes, synthetic_county
from server.lab.prepared import places, prepare
from server.lab.showcase import UNFINISHED_N, showcase, township_of
from server.settings import from_environment
from server.subsidies import books, return_file
from server.subsidies.ledger_checks import verify
from server.subsidies.tables import BatchRow, PayeeListRow
from server.terminal.steps import unseen
from server.zones.tables import Zone, ZoneVersion
from server.zones.views import readiness

COUNTY, SEED, HOMES_N = "140525", 140525, 1200


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A demo made ready, with its showcase entered."""
    data: Path = tmp_path_factory.mktemp("demo")
    app = create_app(from_environment({}, data=data, synthetic=True))
    file = prepare(app, seed=SEED, households=HOMES_N, address="", steps=unseen)
    with read(app.state.engine) as session:
        villages = places(session, COUNTY)
    county = list(synthetic_county(Random(SEED), HOMES_N, villages))
    told = showcase(SEED, file.township, county)
    work = entering.Work(told.homes, [], lambda more: None)
    entering.enter(app, file, work, threading.Event(), threading.Event())
    yield app, file, told, villages, county
    app.state.engine.dispose()


def _tell(begun: Any, steps_n: int) -> None:
    """Tells the story and stops after some steps."""
    app, file, told, *_ = begun
    ready, stop = threading.Event(), threading.Event()
    ready.set()

    def look(done: int, total: int, note: str) -> None:
        if done >= steps_n - 1:
            stop.set()

    telling.tell(app, file, told, telling.Events(ready, stop), look)


def test_the_township_is_known_before_any_home_is_drawn(begun: Any) -> None:
    _, file, told, villages, county = begun
    drawn = Counter(home.village for home in county)
    assert {code: n for code, n in sizes(Random(SEED), HOMES_N, villages).items() if n} == drawn
    assert file.township == township_of(SEED, HOMES_N, villages)
    assert {home.village[:9] for home in told.homes} == {file.township}


def test_works_end_in_time_but_for_two(begun: Any) -> None:
    *_, told, _, _ = begun
    clean = [home for home in told.homes if home.conversion and home.conversion.kind != "clean_coal"]
    assert sum(home.conversion.stages.first_used_on is None for home in clean) <= UNFINISHED_N


def test_the_story_goes_on_after_every_stop_and_is_told_once(begun: Any) -> None:
    app, file, *_ = begun
    for steps_n in range(1, len(telling.STEPS) + 2):
        _tell(begun, steps_n)
    assert (Path(file.data) / telling.TOLD).exists()
    before = _numbers(app)
    _tell(begun, 99)
    (Path(file.data) / telling.TOLD).unlink()
    _tell(begun, 99)
    assert _numbers(app) == before

    with read(app.state.engine) as session:
        states = {row.title: row.state for row in session.exec(select(BatchRow))}
        assert states == {planned.title: planned.until for planned in payouts.BATCHES}
        found = books.load(session, COUNTY)
    assert list(verify(found)) == []
    assert {payment.state for payment in found.payments} == {"credited", "returned", "sent", "planned"}
    surveyed = {person for payment in found.payments for person in payment.surveyed_by}
    officials = set(team.people(SEED).values())
    assert surveyed
    assert not surveyed & officials


def _numbers(app: Any) -> tuple[int, ...]:
    with read(app.state.engine) as session:
        found = books.load(session, COUNTY)
        lists = len(session.exec(select(PayeeListRow)).all())
        zones = len(session.exec(select(Zone)).all())
    return len(found.entries), len(found.decided), len(found.payments), lists, zones


def test_the_banks_answer_lies_ready_with_its_three_kinds_of_trouble(begun: Any) -> None:
    _tell(begun, 99)
    _, file, *_ = begun
    [text] = Path(file.data).glob("回盘-*.csv")
    book = text.with_suffix(".xlsx")
    found = return_file.read(book.name, book.read_bytes())
    assert not found.faults
    assert [row.said for row in return_file.read(text.name, text.read_bytes()).rows] == [
        row.said for row in found.rows
    ]
    assert any(row.said.outcome == "returned" for row in found.rows)
    assert [row.said.end_to_end_id for row in found.rows].count(STRANGE_ID) == 1


def test_the_zone_is_nearly_ready(begun: Any) -> None:
    _tell(begun, 99)
    app, *_ = begun
    with read(app.state.engine) as session:
        version = session.exec(select(ZoneVersion)).one()
        found = readiness(session, version, app.state.clock().date(), app.state.zones.unpaid)
    unmet = [line.code for line in found.lines if line.counts and not line.met]
    assert version.decision == "proposed"
    assert "paid" in unmet
    assert set(unmet) <= {"paid", "homes", "connected"}
    assert found.tally.households > 50


def test_the_bank_mends_what_was_off_when_it_is_asked(begun: Any) -> None:
    _tell(begun, 99)
    _, file, *_ = begun
    [text] = Path(file.data).glob("回盘-*.csv")
    sent = return_file.read("", text.read_bytes()).rows
    [mended] = return_file.read("", text.with_name(f"{text.stem}-更正.xlsx").read_bytes()).rows
    [off] = [row for row in sent if row.said.end_to_end_id == mended.said.end_to_end_id]
    assert off.said.amount_fen - mended.said.amount_fen == 1
