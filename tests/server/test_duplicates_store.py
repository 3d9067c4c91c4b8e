"""Two homes merged in the real store, on both databases: rows, aliases, digests and what tablets read afterwards."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from server import app as application
from server.database import read, write
from server.exchange import digests, forms, history, views
from server.exchange.feed import SqlFeed
from server.exchange.store import Exchange, write_down
from server.exchange.verify_feed import feed
from server.exchange.verify_replay import replay
from server.registry import aliases, duplicates
from server.registry import views as homes
from server.registry.duplicates import Merge
from server.registry.policy import POLICY
from server.registry.tables import Conversion, Household
from server.terminal.steps import unheard
from server.web import Problem
from sync import office
from sync.office import Statement

COUNTY, VILLAGE = "140525", "140525100201"
ONE, OTHER, CONVERSION = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
NOW = datetime(2020, 9, 1, 8, tzinfo=UTC)


@pytest.fixture
def exchange(engine) -> Exchange:
    """A store with one home under two ids, and a conversion recorded under the second."""
    made = Exchange(
        engine, application.RegistryPlaces(), forms.Forms({}), POLICY, application.DERIVATIONS,
        lambda: str(uuid.uuid4()),
    )  # fmt: skip
    stated = [
        Statement("household", ONE, VILLAGE, {"head_name": "张三", "phone": "1", "device": "kang"}),
        Statement("household", OTHER, VILLAGE, {"head_name": "张三", "phone": "2", "remark": "北房"}),
        Statement("conversion", CONVERSION, VILLAGE, {"household": OTHER, "kind": "electric"}),
    ]
    with write(engine) as session:
        present = history.ensure(session, lambda: str(uuid.uuid4()))
        pushed = office.state(stated, {}, county=COUNTY, history=present, now=NOW)
        write_down(made, session, COUNTY, pushed, {}, NOW)
    return made


def merge(exchange, *, theirs=("phone",), versions=(1, 1), reason="同一院落") -> str:
    said = Merge(ONE, OTHER, versions, frozenset(theirs), reason, "official")
    with write(exchange.engine) as session:
        return duplicates.merge(exchange, session, COUNTY, said, NOW, ()).id


def test_what_was_recorded_of_the_merged_home_says_so_on_the_page(exchange) -> None:
    def recorded_of() -> dict[str, str]:
        with read(exchange.engine) as session:
            return homes.household_file(session, COUNTY, ONE).recorded_of

    assert recorded_of() == {}
    merged = merge(exchange)
    assert recorded_of() == {CONVERSION: OTHER}
    separate(exchange, merged)
    assert recorded_of() == {}


def separate(exchange, id: str) -> None:
    with write(exchange.engine) as session:
        duplicates.separate(exchange, session, COUNTY, id, "official", "两户", NOW, ())


def rows(exchange):
    with read(exchange.engine) as session:
        homes = {row.id: (row.phone, row.remark) for row in session.exec(select(Household))}
        conversions = {row.id: row.household for row in session.exec(select(Conversion))}
        return homes, conversions, aliases.same_as(session, COUNTY)


def page(exchange):
    with read(exchange.engine) as session:
        states = SqlFeed(session, COUNTY).snapshot(VILLAGE, None, 100)
    return {state.id: (state.gone, state.same_as) for state in states if state.dataset == "household"}


def test_merged_and_apart_again(exchange) -> None:
    before = rows(exchange)
    id = merge(exchange)
    assert rows(exchange) == ({ONE: ("2", "北房")}, {CONVERSION: ONE}, {OTHER: ONE})
    assert page(exchange) == {ONE: (False, None), OTHER: (True, ONE)}
    separate(exchange, id)
    assert rows(exchange) == before
    assert page(exchange) == {ONE: (False, None), OTHER: (False, None)}


def test_digests_are_those_of_what_tablets_hold(exchange) -> None:
    def agree() -> bool:
        with read(exchange.engine) as session:
            head = SqlFeed(session, COUNTY).heads([VILLAGE])
            kept = digests.kept(session, COUNTY, head)[VILLAGE]
            return kept == str(digests.recount(session, COUNTY, VILLAGE, POLICY.masked))

    assert agree()
    id = merge(exchange)
    assert agree()
    separate(exchange, id)
    assert agree()


def test_the_checks_of_the_registry_hold(exchange) -> None:
    def findings() -> list[object]:
        with read(exchange.engine) as session:
            return [*replay(session, COUNTY, unheard), *feed(session, COUNTY, unheard)]

    assert findings() == []
    id = merge(exchange)
    assert findings() == []
    separate(exchange, id)
    assert findings() == []


def test_who_saw_an_older_state_changes_nothing(exchange) -> None:
    with pytest.raises(Problem) as refused:
        merge(exchange, versions=(1, 7))
    assert refused.value.status == 409
    with pytest.raises(Problem):
        merge(exchange, reason="  ")
    assert rows(exchange)[2] == {}


def test_a_merge_undone_cannot_be_undone_again_and_can_be_made_again(exchange) -> None:
    id = merge(exchange)
    with pytest.raises(Problem):
        merge(exchange)
    separate(exchange, id)
    with pytest.raises(Problem):
        separate(exchange, id)
    with read(exchange.engine) as session:
        versions = tuple(session.get_one(Household, (COUNTY, each)).version for each in (ONE, OTHER))
    merge(exchange, versions=versions, theirs=())
    assert rows(exchange)[0] == {ONE: ("1", "北房")}


def test_two_homes_after_all_is_remembered_and_taken_back(exchange) -> None:
    with write(exchange.engine) as session:
        duplicates.dismiss(session, COUNTY, (OTHER, ONE), "official", "父子两户", NOW)
    with write(exchange.engine) as session, pytest.raises(Problem):
        duplicates.dismiss(session, COUNTY, (ONE, OTHER), "official", "又说一次", NOW)
    with write(exchange.engine) as session:
        row = duplicates.take_up(session, COUNTY, (ONE, OTHER), "official", NOW)
        assert (row.one, row.other, row.number) == (ONE, OTHER, 1)
        assert duplicates.dismiss(session, COUNTY, (ONE, OTHER), "official", "再核实", NOW).number == 2


def test_records_of_either_id_are_called_by_the_home_that_lives_on(exchange) -> None:
    merge(exchange)
    with read(exchange.engine) as session:
        assert views.labels(session, COUNTY, {ONE, OTHER}) == {ONE: "张三", OTHER: "张三"}
        assert {id: held.id for id, held in views.households(session, COUNTY, {OTHER}).items()} == {
            OTHER: ONE
        }
