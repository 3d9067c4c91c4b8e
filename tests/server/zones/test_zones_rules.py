"""Readiness from counts, and the steps of a proposal."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.zones.rules import (
    REFUSALS,
    Designation,
    Proposal,
    Tally,
    VillageHeating,
    checklist,
    designation_fault,
    proposal_fault,
    ready,
    state_of,
)

GOOD = Tally(households=120, converted=100, empty=15, exempt=5, unpaid=0)
TODAY = date(2020, 12, 1)
counts = st.integers(0, 50)
tallies = st.builds(
    Tally,
    households=counts, converted=counts, empty=counts, exempt=counts, not_converted=counts, unvisited=counts,
    not_connected=counts, not_used=counts, left_out=counts, problems=counts, problem_households=counts,
    unpaid=st.none() | counts, unproven=counts, stoves=counts,
)  # fmt: skip


def test_all_converted_used_paid_and_without_problem_is_ready() -> None:
    assert ready(checklist(GOOD))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("unvisited", "surveyed"), ("not_converted", "homes"), ("not_connected", "connected"),
        ("not_used", "used"), ("problems", "problems"), ("unpaid", "paid"),
    ],
)  # fmt: skip
def test_each_shortfall_shows_on_its_own_line_and_nowhere_else(name: str, code: str) -> None:
    lines = checklist(replace(GOOD, **{name: 3}))
    assert [(line.code, line.bad) for line in lines if not line.met] == [(code, 3)]
    assert not ready(lines)


def test_unknown_payment_is_not_met_and_says_so() -> None:
    lines = checklist(replace(GOOD, unpaid=None))
    paid = next(line for line in lines if line.code == "paid")
    assert (paid.bad, paid.met, paid.counts) == (None, False, True)
    assert not ready(lines)


def test_unproven_homes_and_stoves_are_said_and_do_not_decide() -> None:
    lines = checklist(replace(GOOD, unproven=100, stoves=4))
    assert ready(lines)
    assert [line.code for line in lines if not line.met] == ["proven", "stoves"]


def test_a_zone_without_homes_is_never_ready() -> None:
    assert not ready(checklist(Tally(unpaid=0)))


@given(tallies)
def test_ready_means_nothing_is_in_the_way(tally: Tally) -> None:
    lines = checklist(tally)
    in_the_way = (
        tally.unvisited, tally.not_converted, tally.not_connected, tally.not_used, tally.problems, tally.unpaid
    )  # fmt: skip
    assert ready(lines) == (tally.households > 0 and all(each == 0 for each in in_the_way))


@given(tallies, st.sampled_from(["unvisited", "not_converted", "not_connected", "not_used", "problems"]))
def test_one_more_shortfall_never_makes_a_zone_ready(tally: Tally, name: str) -> None:
    more = replace(tally, **{name: getattr(tally, name) + 1})
    assert not ready(checklist(more))


# --- steps -----------------------------------------------------------------------------------------------------

PROPOSAL = Proposal("new", "一号镇禁煤区", "整村改造完成", "p-1", 15, frozenset({"140525100201"}), {})
DECISION = Designation(
    person="p-2", editors=frozenset({"p-1"}), document_number="泽政发〔2020〕9号", document_on=date(2020, 11, 20),
    in_force_on=date(2020, 12, 1), ready=True, unmet_reason="", seen="d", digest="d", replaces_from=None, taken={},
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "name"), ({"name": "长" * 61}, "name"), ({"reason": ""}, "reason"),
        ({"reason": "字" * 1001}, "text_long"), ({"villages": frozenset()}, "villages"),
        ({"unknown": frozenset({"1"})}, "unknown"), ({"taken": {"140525100201": "二号"}}, "taken"),
        ({"responsible": ""}, "responsible"), ({"due_days": 0}, "due_days"), ({"due_days": 366}, "due_days"),
    ],
)  # fmt: skip
def test_a_proposal_is_refused_for(change: dict[str, Any], code: str) -> None:
    assert proposal_fault(PROPOSAL) is None
    assert proposal_fault(replace(PROPOSAL, **change)) == code
    assert code in REFUSALS


def test_withdrawing_needs_no_villages() -> None:
    assert proposal_fault(replace(PROPOSAL, change="withdraw", villages=frozenset())) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"person": "p-1"}, "same_person"), ({"seen": "older"}, "changed"), ({"taken": {"1": "二号"}}, "taken"),
        ({"document_number": " "}, "document"), ({"document_on": None}, "document"),
        ({"document_on": date(2020, 12, 2)}, "document_on"), ({"in_force_on": None}, "in_force_on"),
        ({"in_force_on": date(2020, 11, 19)}, "in_force_on"), ({"replaces_from": date(2020, 12, 1)}, "replaces"),
        ({"ready": False}, "unmet"), ({"unmet_reason": "字" * 1001}, "text_long"),
    ],
)  # fmt: skip
def test_a_designation_is_refused_for(change: dict[str, Any], code: str) -> None:
    assert designation_fault(DECISION, TODAY) is None
    assert designation_fault(replace(DECISION, **change), TODAY) == code
    assert code in REFUSALS


def test_unmet_lines_pass_with_a_written_reason() -> None:
    assert (
        designation_fault(replace(DECISION, ready=False, unmet_reason="10月1日前须全部划定"), TODAY) is None
    )


def test_a_version_is_designated_first_and_in_force_from_its_day() -> None:
    day = date(2020, 12, 10)
    assert state_of("proposed", "new", None, TODAY) == "proposed"
    assert state_of("refused", "new", None, TODAY) == "refused"
    assert state_of("designated", "new", day, TODAY) == "designated"
    assert state_of("designated", "amend", day, day) == "in_force"
    assert state_of("designated", "withdraw", day, TODAY) == "designated"
    assert state_of("designated", "withdraw", day, day) == "withdrawn"


def test_days_since_conversion_reached_the_whole_village() -> None:
    done = VillageHeating("140525100201", 40, 40, date(2020, 10, 31))
    assert (done.converted, done.days_since(TODAY), done.nearly(90)) == (True, 31, False)
    almost = replace(done, clean=36)
    assert (almost.converted, almost.remaining, almost.nearly(90), almost.days_since(TODAY)) == (
        False,
        4,
        True,
        None,
    )
    assert not replace(done, clean=35).nearly(90)
    assert not replace(done, heated=0, clean=0).converted
    assert replace(done, last_on=None).days_since(TODAY) is None
