"""Whose value stands in a home that was one with another for a while: what was shown, or what went in beside it."""

from datetime import UTC, datetime

import pytest

from server.exchange.verify_replay import Touch, differences
from sync.facts import Held, PropertyState, Step, Trace
from sync.messages import Conflict, FieldResult

HOME, VILLAGE, PHONE = "household/home", "140525100001", "13900000000"


def touch(name: str, version: int, outcome: FieldResult, sent: str = PHONE, **how: bool) -> Touch:
    trace = Trace({"phone": Step(sent, None, outcome, version)}, {}, (), 0, None, version)
    return Touch((datetime(2021, 1, version, tzinfo=UTC), 0), name, VILLAGE, trace, **how)


def apart(third: Touch) -> dict[str, list[Touch]]:
    """The home is registered, merged, given a phone by ``third``, told it again under its own id, and alone again."""
    acts = Trace({}, {}, (), 0, None, 5), (datetime(2021, 1, 5, tzinfo=UTC), 0)
    back = Touch(acts[1], "apart", VILLAGE, acts[0], office=True)
    first, merged = touch("first", 1, "applied", "1"), touch("merged", 2, "applied", "2", office=True)
    return {HOME: [first, merged, third, touch("again", 3, "same"), back]}


def home(submission: str, version: int) -> Held:
    return Held("household", "home", VILLAGE, 5, {"phone": PropertyState(PHONE, version, submission)})


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("how", ["elsewhere", "office"])
def test_a_value_said_under_its_own_id_is_its_own_once_two_homes_are_two_again(
    how: str, version: int
) -> None:
    """Version 4: nothing that was shown changed, and what went in beside it made one more."""
    third = touch("third", 3, "applied", office=how == "office", elsewhere=how == "elsewhere")
    assert list(differences(home("again", version), apart(third))) == []


def test_a_value_that_its_own_records_had_is_the_first_one_s() -> None:
    found = list(differences(home("again", 3), apart(touch("third", 3, "applied"))))
    assert found == ["属性 phone 登记为由 again 所填，按记录是 third。"]


def test_a_version_that_nothing_made_is_not_explained_by_a_merge() -> None:
    third = touch("third", 3, "applied", elsewhere=True)
    assert len(list(differences(home("again", 5), apart(third)))) == 1


def in_conflict(version: int, sent: str = PHONE, *, elsewhere: bool = True) -> list[str]:
    """What is found of a home that was parted at version 4, where a value applied at ``version`` stands in conflict."""
    first, back = touch("first", 1, "applied", "1"), touch("apart", 4, "applied", "1")
    act = Touch(back.at, "apart", VILLAGE, back.trace, office=True, elsewhere=elsewhere)
    done = [first, touch("third", version, "applied", sent), act]
    states = {"phone": PropertyState("1", 4, "first")}
    conflict = Conflict("c", "phone", "third", None, PHONE, "1", "first", "", "p")
    return list(differences(Held("household", "home", VILLAGE, 4, states, (conflict,)), {HOME: done}))


def test_what_went_in_while_two_homes_were_one_may_stand_in_conflict_once_they_are_two_again() -> None:
    """Beside what was shown it met a value of the home's own, which its surveyor had not seen."""
    assert in_conflict(3) == []


def test_a_conflict_that_no_record_tells_of_is_not_explained_by_a_merge() -> None:
    for found in (in_conflict(3, "2"), in_conflict(3, elsewhere=False), in_conflict(4)):
        assert "属性 phone 的冲突（c）与记录 third 不符。" in found
