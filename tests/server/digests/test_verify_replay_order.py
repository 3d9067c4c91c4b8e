"""Whose value stands, where two records left an entity in one version and came at one instant."""

from datetime import UTC, datetime

from server.exchange.verify_replay import Touch, order, rebuilt
from sync.facts import Step, Trace

AT = (datetime(2021, 1, 5, tzinfo=UTC), 0)


def touch(name: str, **outcomes: str) -> Touch:
    steps = {property: Step("", "", outcome, 1) for property, outcome in outcomes.items()}
    return Touch(AT, name, "140525100001", Trace(steps, {}, (), 0, None, 1))


def test_an_update_that_came_back_before_its_registration_made_the_entity() -> None:
    """A restored hub had lost both; the tablet offered the update in the request in which it learned of that."""
    update = touch("update", address="", phone="applied")
    registration = touch("registration", address="", phone="superseded", stove_photo="")
    for came in ((update, registration), (registration, update)):
        values = rebuilt(sorted(came, key=order))
        assert {name: value.submission for name, value in values.items()} == {
            "address": "update",
            "phone": "update",
        }
