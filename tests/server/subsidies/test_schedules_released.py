"""Schedules as released documents: once, never changed, every fault told at once, on both databases."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import select

from server.access.tables import Audit
from server.database import read, write
from server.programme.document import DocumentFault
from server.subsidies import schedules
from server.subsidies.tables import ScheduleRow
from server.web import Problem

COUNTY = "140427"
NOW = datetime(2020, 9, 1, tzinfo=UTC)


def release(engine: Engine, document: dict[str, Any], county: str = COUNTY) -> str:
    with write(engine) as session:
        data = json.dumps(document).encode()
        return schedules.release(session, county=county, document=data, person="p", now=NOW).sha256


def test_the_bundled_ones_are_released_for_the_counties_they_cover(engine: Engine) -> None:
    for county, id in (("140525", "zezhou-example"), ("140427", "changzhi-2018")):
        for _ in range(2):
            with write(engine) as session:
                assert [each.id for each in schedules.release_bundled(session, county, NOW)] == [id]
        with read(engine) as session:
            (found,) = schedules.released(session, county)
            assert (found.id, found.ref.example) == (id, id == "zezhou-example")
            line = session.exec(select(Audit).where(Audit.county == county)).one()
            assert (line.verb, line.subject) == ("schedule.release", f"schedule/{id}/1")
    with write(engine) as session:
        assert schedules.release_bundled(session, "110101", NOW) == []


def test_a_version_is_released_once_and_refused_with_other_content(
    engine: Engine, changzhi_document: dict[str, Any], changed: Callable[..., dict[str, Any]]
) -> None:
    first = release(engine, changzhi_document)
    assert release(engine, changzhi_document) == first
    with pytest.raises(DocumentFault, match="已发布的不能改"):
        release(engine, changed(changzhi_document, {"operating.rates[0].amounts.2018": "2500.00"}))
    with read(engine) as session:
        assert [row.sha256 for row in schedules.rows(session, COUNTY)] == [first]


def test_faults_of_a_document_come_all_at_once(
    engine: Engine, changzhi_document: dict[str, Any], changed: Callable[..., dict[str, Any]]
) -> None:
    wrong = {
        "version": 3,
        "effective.from": "2017-02-30",
        "operating.rates[0].amounts.2018": "viel",
        "extra": 1,
    }
    with pytest.raises(DocumentFault) as refused:
        release(engine, changed(changzhi_document, wrong))
    said = {fault.path for fault in refused.value.faults}
    assert {"version", "effective.from", "operating.rates[0].amounts.2018", "extra"} <= said
    with read(engine) as session:
        assert schedules.rows(session, COUNTY) == []


def test_what_a_document_does_to_the_released_ones_is_told_together(
    engine: Engine, changzhi_document: dict[str, Any], changed: Callable[..., dict[str, Any]]
) -> None:
    release(engine, changzhi_document)
    with pytest.raises(DocumentFault) as refused:
        release(engine, changed(changzhi_document, {"id": "other", "replaces": "7"}))
    assert [fault.path for fault in refused.value.faults] == ["replaces", "effective"]
    with pytest.raises(DocumentFault, match="没有写本县 110101"):
        release(engine, changzhi_document, "110101")


def test_a_new_version_replaces_the_old_one_and_only_once(
    engine: Engine, changzhi_document: dict[str, Any], changed: Callable[..., dict[str, Any]]
) -> None:
    release(engine, changzhi_document)
    release(engine, changed(changzhi_document, {"version": "2", "replaces": "1"}))
    with pytest.raises(DocumentFault, match="已被另一个版本取代"):
        release(engine, changed(changzhi_document, {"version": "3", "replaces": "1"}))
    with read(engine) as session:
        assert {each.version for each in schedules.released(session, COUNTY)} == {"1", "2"}


def test_nothing_is_worked_out_by_a_document_changed_after_its_release(
    engine: Engine, changzhi_document: dict[str, Any], changed: Callable[..., dict[str, Any]]
) -> None:
    release(engine, changzhi_document)
    with write(engine) as session:
        row = session.get_one(ScheduleRow, (COUNTY, "changzhi-2018", "1"))
        row.document = changed(changzhi_document, {"operating.rates[0].amounts.2018": "9999.00"})
    with read(engine) as session, pytest.raises(Problem, match="与发布时的校验值不符"):
        schedules.released(session, COUNTY)
