"""A merged home's device: a conversion brought it or a survey saw it, whichever id either was recorded under."""

from __future__ import annotations

from typing import Any

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


def test_a_conversions_device_taken_over_twice_is_no_surveys_word(teller: Any) -> None:
    home, other, third = (teller.survey("coal_stove")[0] for _ in range(3))
    conversion, wrong = teller.convert(third, "9", CONNECTED)
    merge(teller, other, third, "device", "fuel")
    merge(teller, home, other, "device", "fuel")
    assert teller.traced(home) == ("9", conversion, "coal_stove")
    teller.convert(third, "9", SIGNED, conversion, corrects=wrong)
    assert teller.clean() == set(), "corrected away, it heats nothing"


def test_a_surveys_device_taken_over_twice_is(teller: Any) -> None:
    home, other, third = (teller.survey(device)[0] for device in ("coal_stove", "coal_stove", "16"))
    merge(teller, other, third, "device", "fuel")
    teller.convert(other, "16", SIGNED)
    merge(teller, home, other, "device", "fuel")
    conversion, _ = teller.convert(home, "9", CONNECTED)
    assert teller.traced(home) == ("9", conversion, "16")


def test_a_device_put_back_when_a_merge_is_undone_is_whose_it_was(teller: Any) -> None:
    home, other, third = (teller.survey(device)[0] for device in ("coal_stove", "coal_stove", "16"))
    conversion, _ = teller.convert(other, "9", CONNECTED)
    act = merge(teller, other, third, "device", "fuel")
    with database.write(teller.exchange.engine) as session:
        duplicates.separate(teller.exchange, session, teller.county, act, "official", "两户", teller.now, ())
    merge(teller, home, other, "device", "fuel")
    assert teller.traced(home) == ("9", conversion, "coal_stove")


def test_a_device_taken_over_by_a_merge_that_was_undone_is_nobodys_word_there(teller: Any) -> None:
    home, other = (teller.survey(device)[0] for device in ("coal_stove", "16"))
    conversion, _ = teller.convert(home, "9", CONNECTED)
    act = merge(teller, home, other, "device", "fuel")
    with database.write(teller.exchange.engine) as session:
        duplicates.separate(teller.exchange, session, teller.county, act, "official", "两户", teller.now, ())
    assert teller.traced(home) == ("9", conversion, "coal_stove")
    merge(teller, home, other, "device", "fuel")
    teller.convert(home, "9", CONNECTED, conversion)
    assert teller.traced(home) == ("9", conversion, "16"), "merged once more, it is"


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


def test_what_officials_took_over_is_asked_after_once_however_many_acts(teller: Any, asked: Any) -> None:
    homes, questions = list[tuple[str, ...]](), list[int]()
    for device in ("16", "9", "10"):
        home, other = (teller.survey("coal_stove")[0] for _ in range(2))
        third, _ = teller.survey(device)
        merge(teller, other, third, "device", "fuel")
        merge(teller, home, other, "device", "fuel")
        homes.append((home, other, third))
        ids = {id: merged[0] for merged in homes for id in merged}
        with asked(teller.exchange.engine) as sent, database.read(teller.exchange.engine) as session:
            found = sources.last_set(
                session, teller.county, "household", ids, "device", apart_from="conversion"
            )
        questions.append(len(sent))
        assert found[home] == device
    assert len(set(questions)) == 1, questions


def test_where_officials_took_a_value_from_is_found_by_an_index(sqlite_teller: Any, steps: Any) -> None:
    home, other, third = (sqlite_teller.survey(device)[0] for device in ("coal_stove", "coal_stove", "16"))
    merge(sqlite_teller, other, third, "device", "fuel")
    merge(sqlite_teller, home, other, "device", "fuel")
    ids = dict.fromkeys((home, other, third), home)
    taken = steps(
        sqlite_teller.exchange.engine,
        lambda session: sources.last_set(
            session, "140525", "household", ids, "device", apart_from="conversion"
        ),
    )
    read_through = [step for step in taken if step.startswith("SCAN") and step != "SCAN kin"]
    assert "SCAN kin" in taken
    assert all("json_each" in step for step in read_through), read_through
