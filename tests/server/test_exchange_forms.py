"""Released forms: entered once, never changed, refused when they cannot be used."""

from datetime import UTC, datetime

import pytest

from server import database
from server.app import create_app
from server.exchange import forms
from survey_forms import released
from sync.codec import to_instant

NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)


def test_the_packages_forms_are_there_after_the_first_start(settings) -> None:
    app = create_app(settings)
    app.state.engine.dispose()
    known = app.state.exchange.forms
    assert set(known.by_key) == {(form, version) for form, version, _ in released()}
    assert known.titles("zh")["visit"] == "走访结果"
    assert known.titles("en")["visit"] == "Visit outcome"


def test_entering_the_same_forms_again_changes_nothing(sqlite_engine) -> None:
    with database.write(sqlite_engine) as session:
        assert len(forms.register(session, released(), NOW)) == len(released())
        assert forms.register(session, released(), NOW) == []


def test_a_released_form_with_other_content_stops_the_start(sqlite_engine) -> None:
    form_id, version, xml = released()[0]
    with database.write(sqlite_engine) as session:
        forms.register(session, released(), NOW)
    with (
        pytest.raises(forms.FormsProblem, match="已发布的表单不能改动"),
        database.write(sqlite_engine) as session,
    ):
        forms.register(session, [(form_id, version, xml.replace("<h:title>", "<h:title> "))], NOW)


def test_a_form_that_cannot_be_read_is_refused_with_its_faults(sqlite_engine) -> None:
    with (
        pytest.raises(forms.FormsProblem, match="broken 1 无法使用"),
        database.write(sqlite_engine) as session,
    ):
        forms.register(session, [("broken", "1", "<not a form/>")], NOW)


def test_a_form_under_a_wrong_name_is_refused(sqlite_engine) -> None:
    _, _, xml = released()[0]
    with pytest.raises(forms.FormsProblem, match="自称"), database.write(sqlite_engine) as session:
        forms.register(session, [("other", "1", xml)], NOW)


def test_later_versions_come_last(sqlite_engine) -> None:
    _, version, xml = next(each for each in released() if each[0] == "visit")
    made = [
        ("visit", f"2020.{n}", xml.replace(f'version="{version}"', f'version="2020.{n}"')) for n in (10, 9, 2)
    ]
    with database.write(sqlite_engine) as session:
        forms.register(session, made, NOW)
    with database.read(sqlite_engine) as session:
        assert list(forms.load(session).by_key) == [("visit", f"2020.{n}") for n in (2, 9, 10)]


def test_the_form_judges_by_the_countys_calendar(settings) -> None:
    """At 17:00 UTC it is the next day in China: a visit dated so is not in the future."""
    app = create_app(settings)
    app.state.engine.dispose()
    visit = app.state.exchange.forms.by_key["visit", "2020.1"]
    answers = {
        "household_id": "00000000-0000-4000-8000-000000000001",
        "new_door": "1号",
        "visit_outcome": "not_at_home",
        "visited_on": "2020-09-02",
        "door_now": "1号",
    }
    at = "2020-09-01T17:00:00Z"
    assert [fault.path for fault in visit.check(answers, to_instant(at), {})] == []
    before = visit.check(answers, to_instant("2020-09-01T15:00:00Z"), {})
    assert [fault.path for fault in before] == ["/data/visited_on"]
