"""Homes and schedules for the rules of money: nothing here is real but 长治市's rates."""

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import settings

from server.subsidies.facts import Conversion, Home
from server.subsidies.schedule import Schedule, bundled, read_document, schedule_of

# Two cores are shared by many tests: how long one example takes says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def _document(name: str) -> dict[str, Any]:
    return read_document(bundled()[name])


@pytest.fixture
def changzhi_document() -> dict[str, Any]:
    return _document("changzhi-2018-1.json")


@pytest.fixture
def zezhou_document() -> dict[str, Any]:
    return _document("zezhou-example-1.json")


@pytest.fixture(scope="session")
def changzhi() -> Schedule:
    return schedule_of(_document("changzhi-2018-1.json"))


@pytest.fixture(scope="session")
def zezhou() -> Schedule:
    return schedule_of(_document("zezhou-example-1.json"))


@pytest.fixture(scope="session")
def edited() -> Callable[..., Schedule]:
    """A document with some places changed, by path: edited(document, {"caps[0].amount": "1.00"})."""

    def edit(document: dict[str, Any], changes: dict[str, Any]) -> Schedule:
        return schedule_of(read_document(json.dumps(_changed(document, changes)).encode()))

    return edit


@pytest.fixture(scope="session")
def changed() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """The same, as a document; a value of ... takes the place out."""
    return _changed


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(document)
    for path, value in changes.items():
        *above, last = path.replace("]", "").replace("[", ".").split(".")
        place: Any = result
        for name in above:
            place = place[int(name)] if isinstance(place, list) else place[name]
        key = int(last) if isinstance(place, list) else last
        if value is ...:
            del place[key]
        else:
            place[key] = value
    return result


@pytest.fixture(scope="session")
def converted() -> Callable[..., Conversion]:
    """A conversion connected on a day and accepted a week later, unless said otherwise."""

    def make(connected: str, accepted: str | None = "", kind: str = "electric", **others: Any) -> Conversion:
        connected_on = date.fromisoformat(connected)
        accepted_on = date.fromisoformat(accepted) if accepted else connected_on
        return Conversion(
            **{
                "id": f"{kind}-{connected}", "kind": kind, "device": "10", "batch": "2",
                "installed_on": connected_on, "connected_on": connected_on,
                "accepted_on": None if accepted is None else accepted_on, "acceptance": "验字1号", **others,
            }
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def home() -> Callable[..., Home]:
    """A home in a county, with its conversions."""

    def make(county: str, *conversions: Conversion, **others: Any) -> Home:
        return Home(county, f"{county}100201", "户-1", conversions, **others)

    return make
