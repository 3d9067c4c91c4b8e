"""Entitlement for any history of a home: lines are whole, unique, shared, explained, and stable in time."""

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from server.subsidies.entitlement import Line
from server.subsidies.facts import Conversion, Home, Spell, from_json, to_json
from server.subsidies.rules import work_out
from server.subsidies.schedule import bundled, read_document, schedule_of
from server.subsidies.vocabulary import DEVICE_CODES, HARDSHIP_CLASSES, KINDS

BOTH = [schedule_of(read_document(data)) for data in bundled().values()]
DAYS = st.none() | st.dates(date(2017, 1, 1), date(2021, 12, 31))
SPELLS = st.lists(st.builds(Spell, st.sampled_from(["none", *HARDSHIP_CLASSES]), DAYS), max_size=3).map(tuple)
CONVERSIONS = st.lists(
    st.builds(
        Conversion,
        st.uuids().map(str),
        st.sampled_from(KINDS),
        device=st.sampled_from(["", *DEVICE_CODES]),
        batch=st.sampled_from("1234"),
        installed_on=DAYS,
        connected_on=DAYS,
        accepted_on=DAYS,
        acceptance=st.just("验字1号"),
        cost_fen=st.none() | st.integers(0, 2_000_000),
    ),
    max_size=4,
    unique_by=lambda each: each.id,
).map(tuple)
HOMES = st.builds(
    Home,
    st.sampled_from(["140525", "140427", "140403"]),
    st.just("140525100201"),
    st.just("户-1"),
    CONVERSIONS,
    SPELLS,
    st.lists(st.builds(Spell, st.sampled_from(["", "empty"]), DAYS), max_size=2).map(tuple),
    st.none() | st.integers(2017, 2022),
    st.none() | st.decimals(0, 500, places=2),
)


@given(HOMES, st.dates(date(2017, 1, 1), date(2024, 1, 1)))
def test_whatever_the_history_lines_are_whole_unique_shared_and_explained(house: Home, as_of: date) -> None:
    worked = work_out(house, BOTH, as_of)
    assert len({line.key for line in worked.lines}) == len(worked.lines)
    for line in worked.lines:
        assert_sound(line, as_of)
    for schedule in BOTH:
        for cap in (cap for cap in schedule.caps if cap.per == "household"):
            lines = [
                line
                for line in worked.lines
                if line.schedule == schedule.ref and line.component in cap.components
            ]
            assert sum(line.amount_fen for line in lines) <= cap.amount_fen
    assert work_out(house, list(reversed(BOTH)), as_of) == worked
    shuffled = Home(**{**vars(house), "conversions": house.conversions[::-1]})
    assert work_out(shuffled, BOTH, as_of) == worked


def assert_sound(line: Line, as_of: date) -> None:
    assert type(line.amount_fen) is int and line.amount_fen >= 0
    assert sum(line.shares_fen.values()) == line.amount_fen
    assert line.season and line.rules and line.reason["zh"] and line.reason["en"]
    assert line.due_on <= as_of and line.facts["accepted_on"] <= str(as_of)
    assert (line.outcome in ("silent", "excluded")) <= (line.amount_fen == 0)


@given(HOMES, st.dates(date(2018, 1, 1), date(2024, 1, 1)))
def test_time_alone_adds_lines_and_changes_none(house: Home, as_of: date) -> None:
    """What was due stays as it was when the same facts are worked out later, unless a later acceptance or
    connection changed them."""
    settled = Home(
        **{
            **vars(house),
            "conversions": tuple(c for c in house.conversions if (c.accepted_on or date.max) <= as_of),
        }
    )
    before = {line.key: line for line in work_out(settled, BOTH, as_of).lines}
    after = {line.key: line for line in work_out(settled, BOTH, date(2025, 1, 1)).lines}
    assert before.keys() <= after.keys()
    assert {key: after[key] for key in before} == before


@given(HOMES)
def test_the_facts_survive_their_json(house: Home) -> None:
    text = json.dumps(to_json(house), ensure_ascii=False)
    assert from_json(json.loads(text)) == house
