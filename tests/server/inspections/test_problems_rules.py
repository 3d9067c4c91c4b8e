"""The ledger's steps: nobody verifies their own work, and nothing goes round the declared transitions."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.inspections.rules import (
    ACTS,
    REFUSALS,
    STATES,
    TRANSITIONS,
    Standing,
    Step,
    after,
    fault,
    overdue,
)

TODAY = date(2020, 12, 1)
OPEN = Standing("open", opened_by="surveyor", responsible="official")
REPORTED = replace(OPEN, state="reported", reported_by="official")
CLOSE = Step("close", "inspector", "到场核查，炉具已拆，照片 12", outcome="put_right")

people = st.sampled_from(["a", "b", "c", "d"])
steps = st.builds(
    Step,
    act=st.sampled_from(sorted(ACTS)), person=people, text=st.sampled_from(["", "情况属实"]),
    responsible=st.sampled_from(["", "a", "b"]), due_on=st.sampled_from([None, TODAY, date(2020, 11, 30)]),
    outcome=st.sampled_from(["", "put_right", "unfounded"]),
)  # fmt: skip


def test_found_assigned_put_right_and_verified_by_another() -> None:
    at = OPEN
    for step in (
        Step("assign", "chief", "交办", "official", date(2020, 12, 15)),
        Step("report", "official", "已拆除"),
        Step("return", "inspector", "煤还在院里"),
        Step("report", "official", "煤已清走"),
        CLOSE,
    ):
        assert fault(step, at, TODAY) is None
        at = after(step, at)
    assert (at.state, at.closed_by) == ("closed", "inspector")


@pytest.mark.parametrize(
    ("step", "at", "code"),
    [
        (replace(CLOSE, person="surveyor"), REPORTED, "same_person"),
        (replace(CLOSE, person="official"), REPORTED, "same_person"),
        (replace(CLOSE, person="other", text=""), REPORTED, "text"),
        (replace(CLOSE, text=" "), OPEN, "text"),
        (replace(CLOSE, text="字" * 1001), OPEN, "text_long"),
        (replace(CLOSE, outcome="forgotten"), OPEN, "outcome"),
        (CLOSE, replace(OPEN, state="closed"), "state"),
        (Step("report", "chief", "已拆除"), OPEN, "not_responsible"),
        (Step("return", "official", "没拆"), REPORTED, "same_person"),
        (Step("assign", "chief", "交办", "", date(2020, 12, 15)), OPEN, "responsible"),
        (Step("assign", "chief", "交办", "official", date(2020, 11, 30)), OPEN, "due_on"),
        (Step("assign", "chief", "交办", "official"), OPEN, "due_on"),
        (Step("assign", "chief", "交办", "official", TODAY), REPORTED, "state"),
        (Step("reopen", "chief", "又烧煤", "official", TODAY), OPEN, "state"),
    ],
)
def test_a_step_is_refused_for(step: Step, at: Standing, code: str) -> None:
    assert fault(step, at, TODAY) == code
    assert code in REFUSALS


def test_a_deadline_stops_for_nothing_but_closing() -> None:
    assert overdue("open", date(2020, 11, 30), TODAY)
    assert overdue("reported", date(2020, 11, 30), TODAY)
    assert not overdue("open", TODAY, TODAY)
    assert not overdue("closed", date(2020, 1, 1), TODAY)


@given(st.lists(steps, max_size=30), people, people)
def test_whatever_is_tried_a_closed_problem_was_closed_by_somebody_without_a_part_in_it(
    tried: list[Step], opener: str, responsible: str
) -> None:
    at = Standing("open", opener, responsible)
    for step in tried:
        if fault(step, at, TODAY) is not None:
            continue
        if step.act in ("close", "return"):
            assert step.person not in at.parties
        at = after(step, at)
        assert at.state in STATES
        assert at.state != "closed" or at.closed_by
    assert at.responsible


@given(steps, st.sampled_from(sorted(STATES)))
def test_only_declared_transitions_pass(step: Step, state: str) -> None:
    at = replace(OPEN, state=state)
    if fault(step, at, TODAY) is None:
        assert (state, step.act) in TRANSITIONS
        assert after(step, at).state == TRANSITIONS[state, step.act]
