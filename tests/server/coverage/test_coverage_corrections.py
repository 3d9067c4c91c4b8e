"""A device that a conversion brought counts as long as that conversion stands, and what stood before it counts
again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlmodel import col

from server import database
from server.migrations.versions import v0007_device_by
from server.registry.projection import projection
from server.registry.tables import Household
from server.zones import homes, lines
from sync.documents import read_held, read_traces

# How far a conversion has come.
SIGNED, INSTALLED, CONNECTED = range(3)


def test_a_connection_that_was_corrected_away_leaves_no_clean_home(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    assert teller.clean() == {home}
    assert teller.shown(home) == ("9", "9", "9")
    teller.convert(home, "1", INSTALLED, conversion, corrects=wrong)
    assert teller.clean() == set()
    assert teller.shown(home) == ("9", "coal_stove", "coal_stove")


def test_the_same_without_a_correction_by_filling_the_form_in_again(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    conversion, _ = teller.convert(home, "9", CONNECTED)
    teller.convert(home, "1", CONNECTED, conversion)
    assert teller.clean() == {home}
    teller.convert(home, "1", INSTALLED, conversion)
    # Neither what it says now nor what it said before heats the home.
    assert teller.clean() == set()
    assert teller.traced(home) == ("1", conversion, "coal_stove")


@pytest.mark.parametrize("state", [SIGNED, INSTALLED])
def test_a_home_clean_from_before_stays_clean_while_its_second_conversion_waits(
    teller: Any, state: int
) -> None:
    home, _ = teller.survey("1")
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    assert teller.traced(home) == ("9", conversion, "1")
    teller.convert(home, "9", state, conversion, corrects=wrong)
    assert teller.clean() == {home}


def test_a_conversion_only_signed_says_nothing_of_a_device_of_the_same_kind(teller: Any) -> None:
    home, _ = teller.survey("9")
    conversion, _ = teller.convert(home, "9", SIGNED)
    assert teller.clean() == {home}
    # From here on the device that the survey saw may be the one that has no power yet.
    teller.convert(home, "9", INSTALLED, conversion)
    assert teller.clean() == set()


def test_of_two_conversions_the_connected_one_decides(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    teller.convert(home, "1", CONNECTED)
    second, wrong = teller.convert(home, "9", CONNECTED)
    teller.convert(home, "9", SIGNED, second, corrects=wrong)
    assert teller.clean() == {home}


def test_two_conversions_corrected_away_leave_what_the_survey_saw(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    first, one = teller.convert(home, "1", CONNECTED)
    second, other = teller.convert(home, "9", CONNECTED)
    teller.convert(home, "9", SIGNED, second, corrects=other)
    teller.convert(home, "10", SIGNED, first, corrects=one)
    assert teller.clean() == set()


def test_a_survey_after_the_conversion_is_the_last_word_on_the_device(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    teller.survey("16", home)
    teller.convert(home, "9", SIGNED, conversion, corrects=wrong)
    assert teller.clean() == {home}
    assert teller.traced(home) == ("16", "", "16")


def test_a_conversion_that_was_another_homes_leaves_its_device_there(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    neighbour, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    teller.convert(neighbour, "9", CONNECTED, conversion, corrects=wrong)
    assert teller.clean() == {neighbour}


def test_clean_coal_corrected_away_is_no_longer_counted_apart(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(home, "clean_coal_stove", INSTALLED)
    assert (teller.listed("clean_coal"), teller.clean()) == ({home}, set())
    teller.convert(home, "9", SIGNED, conversion, corrects=wrong)
    assert teller.listed("clean_coal") == set()


def test_a_zone_takes_such_a_home_for_what_it_is(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    teller.convert(home, "9", SIGNED, conversion, corrects=wrong)
    with database.read(teller.exchange.engine) as session:
        group, used = session.execute(
            select(lines.group(), lines.used()).where(col(Household.id) == home)
        ).one()
        (ruled,) = homes.rulings_of(session, teller.county, [home], None, teller.now.date())
    assert (group, used, ruled.home.device) == ("not_converted", False, "coal_stove")


def test_what_was_recorded_offline_arrives_in_one_go(teller: Any) -> None:
    teller.together = True
    kept, _ = teller.survey("1")
    converted, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(kept, "9", CONNECTED)
    teller.convert(kept, "9", SIGNED, conversion, corrects=wrong)
    other, _ = teller.convert(converted, "9", CONNECTED)
    teller.send()
    assert teller.clean() == {kept, converted}
    assert teller.traced(kept) == ("9", conversion, "1")
    assert teller.traced(converted) == ("9", other, "coal_stove")


def test_a_database_from_before_gets_to_know_whose_word_each_device_is(teller: Any) -> None:
    home, _ = teller.survey("coal_stove")
    conversion, wrong = teller.convert(home, "9", CONNECTED)
    untouched, _ = teller.survey("1")
    teller.convert(home, "1", INSTALLED, conversion, corrects=wrong)
    engine = teller.exchange.engine
    with database.write(engine) as session:
        connection = session.connection()
        _as_stored_then(connection)
        connection.execute(text("DROP INDEX ix_submission_target_submission"))
        for name in ("device_by", "device_surveyed"):
            connection.execute(text(f"ALTER TABLE household DROP COLUMN {name}"))
        with Operations.context(MigrationContext.configure(connection)):
            v0007_device_by.upgrade()
    assert teller.traced(home) == ("9", conversion, "coal_stove")
    assert teller.traced(untouched) == ("1", "", "1")
    assert teller.clean() == {untouched}


def _as_stored_then(connection: Connection) -> None:
    """Entities and traces in the long form, which is all that a database of that time has."""
    for row in connection.execute(text("SELECT county, dataset, id, held FROM entity")).all():
        held = json.dumps(_named(read_held(row.held)), ensure_ascii=False)
        connection.execute(
            text("UPDATE entity SET held = :held WHERE county = :county AND dataset = :dataset AND id = :id"),
            dict(row._mapping) | {"held": held},
        )
    for row in connection.execute(text("SELECT county, id, traces FROM submission")).all():
        traces = json.dumps(_named(read_traces(row.traces)), ensure_ascii=False)
        connection.execute(
            text("UPDATE submission SET traces = :traces WHERE county = :county AND id = :id"),
            dict(row._mapping) | {"traces": traces},
        )


def _named(value: Any) -> Any:
    """With every field by its name, as the long form has it."""
    if hasattr(value, "_asdict"):
        return _named(value._asdict())
    if hasattr(value, "__dataclass_fields__"):
        return _named(vars(value))
    if isinstance(value, Mapping):
        return {key: _named(each) for key, each in value.items()}
    return [_named(each) for each in value] if isinstance(value, list | tuple) else value


# --- any course of things, beside a register kept by hand ----------------------------------------------------------

DEVICES = ("coal_stove", "1", "9", "10", "clean_coal_stove")
BROUGHT = DEVICES[1:]
SURVEYS = st.tuples(st.just("survey"), st.sampled_from(DEVICES))
NEW = st.tuples(st.just("convert"), st.sampled_from(BROUGHT), st.sampled_from((SIGNED, INSTALLED, CONNECTED)))
AGAIN = st.tuples(
    st.sampled_from(("again", "correct")), st.integers(0, 3), st.sampled_from(BROUGHT),
    st.sampled_from((SIGNED, INSTALLED, CONNECTED)),
)  # fmt: skip


@dataclass
class ByHand:
    """One home's records as a clerk with a pencil keeps them. `said`: what each record said of the device."""

    device: str = ""
    by: str = ""
    surveyed: str = ""
    conversions: dict[str, tuple[str, int]] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def hears(self, submission: str, device: str, by: str, corrects: str = "") -> None:
        """A device that a record names; one that only repeats what is there, or the record it corrects, is
        no new word."""
        self.said[submission] = device
        if device not in (self.device, self.said.get(corrects)):
            self.device, self.by = device, by
            self.surveyed = self.surveyed if by else device

    def converts(self, conversion: str, submission: str, device: str, state: int, corrects: str = "") -> None:
        self.conversions[conversion], self.last[conversion] = (device, state), submission
        if _in_service(device, state):
            self.hears(submission, device, conversion, corrects)

    @property
    def in_use(self) -> str:
        device, state = self.conversions.get(self.by, ("", SIGNED))
        stands = not self.by or (device == self.device and _in_service(device, state))
        return self.device if stands else self.surveyed

    @property
    def clean(self) -> bool:
        done = list(self.conversions.values())
        if any(state == CONNECTED and device != "clean_coal_stove" for device, state in done):
            return True
        return self.in_use in {"1", "9", "10"} and (self.in_use, INSTALLED) not in done

    @property
    def clean_coal(self) -> bool:
        stoves = [state for device, state in self.conversions.values() if device == "clean_coal_stove"]
        return not self.clean and (self.in_use == "clean_coal_stove" or any(stoves))


def _in_service(device: str, state: int) -> bool:
    return state == CONNECTED or (device == "clean_coal_stove" and state == INSTALLED)


def _told(teller: Any, home: str, by_hand: ByHand, step: tuple[Any, ...]) -> None:
    what, *rest = step
    if what == "survey":
        by_hand.hears(teller.survey(rest[0], home)[1], rest[0], "")
    elif what == "convert":
        by_hand.converts(*teller.convert(home, *rest), *rest)
    elif by_hand.conversions:
        conversion = sorted(by_hand.conversions)[rest[0] % len(by_hand.conversions)]
        corrects = by_hand.last[conversion] if what == "correct" else ""
        _, submission = teller.convert(home, rest[1], rest[2], conversion, corrects or None)
        by_hand.converts(conversion, submission, rest[1], rest[2], corrects)


@given(st.sampled_from(DEVICES), st.lists(SURVEYS | NEW | AGAIN, max_size=6), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_recorded_coverage_and_lists_count_as_by_hand(
    sqlite_teller: Any, first: str, steps: list[tuple[Any, ...]], together: bool
) -> None:
    teller, by_hand = sqlite_teller, ByHand()
    teller.together = together
    home, submission = teller.survey(first)
    by_hand.hears(submission, first, "")
    for step in steps:
        _told(teller, home, by_hand, step)
    teller.send()
    assert teller.traced(home) == (by_hand.device, by_hand.by, by_hand.surveyed)
    assert (home in teller.clean(), home in teller.listed("clean_coal")) == (
        by_hand.clean,
        by_hand.clean_coal,
    )
    with database.write(teller.exchange.engine) as session:
        held = teller.held("household", home)
        assert held is not None
        projection(session, teller.county, [held], teller.now)
    assert teller.traced(home) == (by_hand.device, by_hand.by, by_hand.surveyed)
