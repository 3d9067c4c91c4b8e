"""A plan document: the county's own is right, a bad one is refused with every fault at once."""

import copy
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from server import database
from server.programme import actions, views
from server.programme.plan import PlanFault, canonical, plan_of, read_document
from server.programme.plan_check import check_plan

AT = datetime(2020, 11, 9, 8, 0, tzinfo=UTC)
ZEZHOU = (actions.BUNDLED / "zezhou-2020-1.json").read_bytes()
# Released: this text never changes again. A change of mind is another version.
ZEZHOU_SHA256 = "2680626b95c547c6aeaa8bd6e97645dc15f2eee2bdc139b0c520cf0224f2464a"


@pytest.fixture
def document() -> dict[str, Any]:
    return read_document(ZEZHOU)


def test_zezhou_2020_says_what_its_policy_text_says(document: dict[str, Any]) -> None:
    plan = plan_of(document)
    assert plan.total == 17_360 == sum(plan.by_kind.values())
    assert dict(plan.by_kind) == {"electric": 3_004, "gas": 2_350, "waste_heat": 12_006}
    assert (plan.deadline, plan.source["number"]) == (date(2020, 10, 31), "泽政办发〔2020〕28号")
    assert [(t.area_class, t.op, t.pct, t.binding) for t in plan.targets] == [
        ("built_up", "=", 100, "must"), ("fringe", "=", 100, "must"), ("rural", ">=", 60, "strive"),
    ]  # fmt: skip
    assert (plan.task_state, plan.coverage_state) == ("installed", "connected")
    assert plan.clean_coal["allowed_in"] == "mountain"
    assert not plan.clean_coal["counts_towards_task"] and not plan.clean_coal["counts_towards_coverage"]
    assert (plan.old_stove[0]["rule"], plan.old_stove[0]["until"]) == ("keep", "one_heating_season_proven")


def test_the_released_document_has_not_changed(document: dict[str, Any]) -> None:
    assert plan_of(document).sha256 == ZEZHOU_SHA256


def test_the_hash_is_of_the_content_and_not_of_its_layout(document: dict[str, Any]) -> None:
    other_layout = json.dumps(dict(reversed(document.items())), ensure_ascii=True, indent=8).encode()
    assert plan_of(read_document(other_layout)).sha256 == ZEZHOU_SHA256


def test_a_plan_dated_after_its_own_deadline_may_be_released(document: dict[str, Any]) -> None:
    assert document["source"]["dated"] > document["task"]["deadline"]
    assert check_plan(document) == []


def test_every_fault_is_named_at_once_with_path_value_and_remedy(document: dict[str, Any]) -> None:
    bad = copy.deepcopy(document)
    del bad["source"]["number"]
    bad["county"] = "泽州"
    bad["colour"] = "red"
    bad["task"].update(total=17_361, deadline="2020-10-32", counts_state="finished")
    bad["coverage"]["targets"][2].update(pct="60", binding="should")
    bad["coverage"]["targets"][1]["area_class"] = "built_up"
    bad["clean_coal"]["counts_towards_coverage"] = True
    faults = {fault.path: fault for fault in check_plan(bad)}
    assert set(faults) == {
        "source.number", "county", "colour", "task.total", "task.deadline", "task.counts_state",
        "coverage.targets[2].pct", "coverage.targets[2].binding", "coverage.targets[1].area_class",
        "clean_coal.counts_towards_coverage",
    }  # fmt: skip
    assert all(fault.message and fault.remedy for fault in faults.values())
    assert "3004 + 2350 + 12006 = 17360" in faults["task.total"].message
    assert faults["task.deadline"].value == "2020-10-32"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"by_kind": {"electric": 3004, "clean_coal": 14356}}, "task.by_kind.clean_coal"),
        ({"by_kind": {"coal": 17360}}, "task.by_kind.coal"),
        ({"by_kind": {"electric": True}}, "task.by_kind.electric"),
        ({"by_kind": {}}, "task.by_kind"),
        ({"total": 17360.0}, "task.total"),
        ({"total": 0}, "task.total"),
        ({"counts_from": "2021-01-01"}, "task.counts_from"),
        ({"deadline": "20201031"}, "task.deadline"),
        ({"unit": "m2"}, "task.unit"),
    ],
)
def test_one_wrong_value_is_found(document: dict[str, Any], change: dict[str, Any], path: str) -> None:
    document["task"].update(change)
    assert path in {fault.path for fault in check_plan(document)}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "JSON"),
        (b"[]", "一组字段"),
        (b'{"id": 1, "id": 2}', "重复"),
        ('{"id": "泽州"}'.encode("gb18030"), "UTF-8"),
        (b"", "JSON"),
    ],
)
def test_what_is_no_plan_at_all_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(PlanFault, match=said):
        read_document(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["task", "coverage", "targets", "by_kind", "total", "deadline", "counts_from", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_json_at_all_breaks_the_check(value: Any) -> None:
    assert check_plan(value)


def test_releasing_again_changes_nothing(engine: Engine) -> None:
    with database.write(engine) as session:
        first = actions.release_bundled(session, "140525", AT)
        again = actions.release_bundled(session, "140525", AT + timedelta(days=1))
        assert first == again and len(first) == 1
        rows = views.plans(session, "140525")
    assert [(row.sha256, row.released_at) for row in rows] == [(ZEZHOU_SHA256, AT)]


def test_the_same_version_with_other_content_is_refused(engine: Engine, document: dict[str, Any]) -> None:
    with database.write(engine) as session:
        actions.release_bundled(session, "140525", AT)
    document["title"]["zh"] = "另一个名字"
    with pytest.raises(PlanFault, match="请换一个新的版本号"), database.write(engine) as session:
        actions.release(session, canonical(document), AT)
    document["version"] = "2"
    with database.write(engine) as session:
        actions.release(session, canonical(document), AT + timedelta(days=1))
        in_force = views.plan_in_force(session, "140525")
    assert in_force is not None and in_force.version == "2"


def test_a_county_without_a_plan_has_none(sqlite_engine: Engine) -> None:
    with database.read(sqlite_engine) as session:
        assert views.plan_in_force(session, "140581") is None
