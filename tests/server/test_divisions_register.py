"""The register of divisions: imported whole or not at all, found by code and name, classified with history."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server import database
from server.registry import actions, divisions, rules
from server.registry.divisions import DivisionFilter
from server.web import Problem, Sorting

AT = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
BY_CODE = Sorting("code", False)
ZEZHOU = actions.BUNDLED.with_name("zezhou_divisions.csv")
ABOVE = "140000000000,山西省,province,,\n140500000000,晋城市,city,140000000000,\n"


def _zezhou(session: Session) -> None:
    header, rest = ZEZHOU.read_text(encoding="utf-8").split("\n", 1)
    actions.import_divisions(session, f"{header}\n{ABOVE}{rest}".encode(), "2023")


def _decide(session: Session, *villages: str, **how: Any) -> int:
    decision = {
        "county": "140525", "area_class": "fringe", "source": "县政府会议纪要", "decided_on": date(2020, 3, 10),
        "approver": "王五", "entered_by": "p1", "now": AT, **how,
    }  # fmt: skip
    return actions.classify(session, villages=villages, **decision)


def test_the_bundled_list_is_imported_once(sqlite_engine: Engine) -> None:
    with database.write(sqlite_engine) as session:
        first = actions.import_bundled_divisions(session)
        assert first is not None and first.total == 23_380
        assert first.by_level == {
            "province": 1, "city": 11, "county": 121, "township": 1352, "village": 21895,
        }  # fmt: skip
        assert actions.import_bundled_divisions(session) is None
        assert len(divisions.villages(session, "140525")) == 450
        assert len(divisions.children(session, "140525")) == 16


def test_a_file_with_one_fault_changes_nothing(engine: Engine) -> None:
    with database.write(engine) as session:
        _zezhou(session)
    bad = b"code,name,level,parent,urban_rural_code\n140525100201,new,village,140525100000,\n1,x,village,,\n"
    with pytest.raises(actions.DivisionFault) as refused, database.write(engine) as session:
        actions.import_divisions(session, bad, "2024")
    assert len(refused.value.issues) >= 2
    with database.read(engine) as session:
        assert {line.division.edition for line in _found(session, area="140525")} == {"2023"}


def test_a_newer_edition_takes_the_place_of_the_older(engine: Engine) -> None:
    with database.write(engine) as session:
        _zezhou(session)
        row = "code,name,level,parent,urban_rural_code\n140525100000,新南村镇,township,140525000000,\n"
        actions.import_divisions(session, row.encode("gb18030"), "2024")
        found = divisions.one(session, "140525100000")
    assert found is not None
    assert (found.division.name, found.division.edition) == ("新南村镇", "2024")


def _found(session: Session, **wanted: str) -> list[divisions.DivisionLine]:
    return list(divisions.search(session, DivisionFilter(**wanted), BY_CODE, number=1, size=1000).rows)


def test_divisions_are_found_by_the_beginning_of_the_code_and_by_name(engine: Engine) -> None:
    with database.write(engine) as session:
        _zezhou(session)
        by_code = _found(session, q="14052510020")
        by_name = _found(session, q="南村", level="village")
        assert all(line.division.code.startswith("14052510020") for line in by_code) and len(by_code) > 3
        assert {"南村村委会"} <= {line.division.name for line in by_name}
        assert all("南村" in line.division.name for line in by_name)
        assert _found(session, q="%") == _found(session, q="_") == []


def test_a_village_is_unclassified_until_somebody_decides(engine: Engine) -> None:
    with database.write(engine) as session:
        _zezhou(session)
        village = divisions.one(session, "140525100200")
        assert village is not None and village.area_class == "unclassified"
        assert divisions.villages(session, "140525", ["140525100200"])[0].area_class is None
        assert divisions.classes_of(session, "140525") == {"unclassified": 450}


def test_a_decision_carries_source_date_approver_and_keeps_its_history(engine: Engine) -> None:
    village = "140525100200"
    with database.write(engine) as session:
        _zezhou(session)
        _decide(session, village)
        _decide(session, village, area_class="built_up", decided_on=date(2020, 6, 1), approver="赵六")
        _decide(session, village, area_class="rural", decided_on=date(2019, 1, 1))
        line = divisions.one(session, village)
        history = divisions.decisions(session, village)
    assert line is not None and line.decision is not None
    assert (line.area_class, line.decision.approver) == ("built_up", "赵六")
    # The decision of 2019, entered last, is kept and does not undo the later one.
    assert [(d.area_class, d.current) for d in history] == [
        ("built_up", True), ("fringe", False), ("rural", False),
    ]  # fmt: skip


def test_a_decision_can_be_withdrawn(engine: Engine) -> None:
    with database.write(engine) as session:
        _zezhou(session)
        assert _decide(session, "140525100200", "140525100201") == 2
        _decide(session, "140525100200", area_class="unclassified", decided_on=date(2020, 7, 1))
        assert divisions.classes_of(session, "140525") == {"unclassified": 449, "fringe": 1}
        assert divisions.villages(session, "140525", ["140525100200"])[0].area_class is None
        assert len(_found(session, area_class="unclassified", area="140525")) == 449


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"source": " "}, "依据"),
        ({"approver": ""}, "批准人"),
        ({"area_class": "suburb"}, "区域类别"),
        ({"decided_on": AT.date() + timedelta(days=1)}, "今天之后"),
    ],
)
def test_a_decision_without_its_grounds_is_refused(engine: Engine, how: dict[str, Any], said: str) -> None:
    with database.write(engine) as session:
        _zezhou(session)
        with pytest.raises(Problem, match=said):
            _decide(session, "140525100200", **how)
        assert divisions.decisions(session, "140525100200") == []


def test_a_decision_of_today_is_entered_before_breakfast(sqlite_engine: Engine) -> None:
    """Seven in the morning of the twelfth here is still the eleventh in UTC."""
    early = datetime(2020, 3, 11, 23, tzinfo=UTC)
    with database.write(sqlite_engine) as session:
        _zezhou(session)
        assert _decide(session, "140525100200", decided_on=date(2020, 3, 12), now=early) == 1
        with pytest.raises(Problem, match="今天之后"):
            _decide(session, "140525100200", decided_on=date(2020, 3, 13), now=early)


@pytest.mark.parametrize("code", ["140525100000", "140581100200", "140525100999", ""])
def test_only_villages_of_the_county_can_be_classified(sqlite_engine: Engine, code: str) -> None:
    with database.write(sqlite_engine) as session:
        _zezhou(session)
        with pytest.raises(Problem, match="不是本县的村"):
            _decide(session, "140525100200", code)
        assert divisions.decisions(session, "140525100200") == []


def test_the_statistical_code_only_proposes() -> None:
    proposed = {code: rules.proposed_class(code) for code in (*rules.URBAN_RURAL_CODES, "")}
    assert proposed == {
        "111": "built_up", "112": "fringe", "121": None, "122": "fringe", "123": None, "210": "rural",
        "220": "rural", "": None,
    }  # fmt: skip


def test_codes_know_their_level_and_their_parent() -> None:
    assert [rules.level_of(code) for code in ("140000000000", "140500000000", "140525000000", "140525100000")] == [
        "province", "city", "county", "township",
    ]  # fmt: skip
    assert rules.parent_of("140525100200") == "140525100000"
    assert rules.parent_of("140000000000") == ""
    assert rules.bounds("1405251") == ("140525100000", "140525199999")
