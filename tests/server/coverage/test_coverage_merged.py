"""A merged home's device: a conversion brought it or a survey saw it, whichever id either was recorded under."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from server import database
from server.exchange import sources
from server.registry import duplicates
from server.registry.duplicates import Merge

# How far a conversion has come.
SIGNED, CONNECTED = 0, 2


def merge(teller: Any, home: str, other: str, *theirs: str) -> str:
    versions = teller.held("household", home).version, teller.held("household", other).version
    said = Merge(home, other, versions, frozenset(theirs), "同一院落", "official")
    with database.write(teller.exchange.engine) as session:
        return duplicates.merge(teller.exchange, session, teller.county, said, teller.now, ()).id


def test_a_conversions_device_that_an_official_took_over_is_no_surveys_word(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    other, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(other, "9", CONNECTED)
    merge(teller, home, other, "device", "fuel")
    assert teller.traced(home) == ("9", conversion, "coal_stove")
    assert teller.clean() == {home}
    teller.convert(other, "9", SIGNED, conversion, corrects=wrong)
    assert teller.clean() == set(), "corrected away, it heats nothing"


def test_a_surveys_device_that_an_official_took_over_is(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    other, _ = teller.survey("16")
    merge(teller, home, other, "device", "fuel")
    conversion, _ = teller.convert(home, "9", CONNECTED)
    assert teller.traced(home) == ("9", conversion, "16")


def test_a_survey_under_the_id_that_is_gone_is_one_of_the_home(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    other, _ = teller.survey("coal_stove")
    merge(teller, home, other)
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    teller.convert(home, "1", SIGNED, conversion, corrects=wrong)
    assert teller.traced(home)[2] == "coal_stove"


def test_apart_again_each_has_its_own(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    other, _ = teller.survey("coal_stove")
    conversion, _ = teller.convert(other, "9", CONNECTED)
    act = merge(teller, home, other, "device", "fuel")
    with database.write(teller.exchange.engine) as session:
        duplicates.separate(teller.exchange, session, teller.county, act, "official", "两户", teller.now, ())
    assert teller.traced(home) == ("coal_stove", "", "coal_stove")
    assert teller.traced(other) == ("9", conversion, "coal_stove")
    assert teller.clean() == {other}


def test_what_officials_took_over_is_asked_after_once_however_many_acts(teller: Any) -> None:
    homes, asked = [], dict[int, int]()
    for device in ("16", "9", "10"):
        home, _ = teller.survey("coal_stove")
        other, _ = teller.survey(device)
        merge(teller, home, other, "device", "fuel")
        homes.append((home, other))
        ids = {id: home for home, other in homes for id in (home, other)}
        sent: list[str] = []

        def note(_on: object, _cursor: object, statement: str, *_: object, sent: list[str] = sent) -> None:
            sent.append(statement)

        event.listen(teller.exchange.engine, "before_cursor_execute", note)
        with database.read(teller.exchange.engine) as session:
            found = sources.last_set(
                session, teller.county, "household", ids, "device", apart_from="conversion"
            )
        event.remove(teller.exchange.engine, "before_cursor_execute", note)
        asked[len(homes)] = len(sent)
        assert found[home] == device
    assert len(set(asked.values())) == 1, asked
