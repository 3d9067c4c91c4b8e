"""Coverage counted by the database equals coverage counted by hand, on both databases."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy.engine import Engine

from server import database
from server.access.views import Reporting
from server.programme import views
from server.programme.opening import report
from server.programme.rules import percent

AREAS = ("140525", "140525100", "140525200", "140525100201", "140525200203")
CLEAN = {"electric", "gas", "waste_heat", "biomass"}


def _nobody(*_: object) -> Reporting:
    return Reporting(0, ())


def _latest(conversions: list[tuple[str, dict[str, str]]], state: str, since: str = "") -> str | None:
    """Kind of the latest clean conversion that reached a state: latest date, of two the smaller id."""
    reached = [
        (c[state], identity, c["kind"])
        for identity, c in conversions
        if c.get(state, "") and c[state] >= since and c["kind"] in CLEAN
    ]
    if not reached:
        return None
    day = max(found[0] for found in reached)
    return min(found for found in reached if found[0] == day)[2]


def _by_hand(recorder: Any, area: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "task": Counter(),
        "connected": Counter(),
        "clean_m2": Decimal(0),
        "heated_m2": Decimal(0),
    }
    found.update(
        dict.fromkeys(
            (
                "households",
                "heated",
                "excluded",
                "no_reason",
                "unknown",
                "clean",
                "clean_coal",
                "without_area",
            ),
            0,
        )
    )
    for identity, home in recorder.households.items():
        if not home["village"].startswith(area):
            continue
        own = [(i, c) for i, c in recorder.conversions.items() if c["household"] == identity]
        found["households"] += 1
        task, connected = _latest(own, "installed_on", "2020-01-01"), _latest(own, "connected_on")
        found["task"][task] += task is not None
        found["connected"][connected] += connected is not None
        if home["heating_status"] == "not_heated" and home["not_heated_reason"]:
            found["excluded"] += 1
            continue
        found["heated"] += 1
        found["no_reason"] += home["heating_status"] == "not_heated"
        found["unknown"] += home["heating_status"] == ""
        waiting = any(
            c["device_code"] == home["device"] and "installed_on" in c and "connected_on" not in c
            for _, c in own
        )
        clean = connected is not None or (home["device"] in {"1", "10"} and not waiting)
        on_clean_coal = home["device"] == "clean_coal_stove" or any(
            c["kind"] == "clean_coal" and "installed_on" in c for _, c in own
        )
        area_m2 = home.get("heated_area_m2")
        found["clean"] += clean
        found["clean_coal"] += on_clean_coal and not clean
        found["without_area"] += area_m2 is None
        found["heated_m2"] += Decimal(area_m2 or 0)
        found["clean_m2"] += Decimal(area_m2 or 0) if clean else 0
    found["task"] = {kind: n for kind, n in found["task"].items() if n}
    found["connected"] = {kind: n for kind, n in found["connected"].items() if n}
    return found


def _counted(counts: Any) -> dict[str, Any]:
    return {**vars(counts), "task": dict(counts.task), "connected": dict(counts.connected)}


def test_the_database_counts_what_a_person_would(engine: Engine, fill: Callable[..., Any], now: Any) -> None:
    with database.write(engine) as session:
        recorder = fill(session, 600)
    with database.read(engine) as session:
        for area in AREAS:
            found = views.coverage(session, area, now, _nobody)
            assert _counted(found.counts) == _by_hand(recorder, area), area


def test_classes_and_parts_add_up_to_the_whole(engine: Engine, fill: Callable[..., Any], now: Any) -> None:
    with database.write(engine) as session:
        fill(session, 600)
    with database.read(engine) as session:
        found = views.coverage(session, "140525", now, _nobody)
    for groups in (found.classes.values(), [part.counts for part in found.parts]):
        for name in (
            "households",
            "heated",
            "excluded",
            "clean",
            "clean_coal",
            "converted",
            "heated_m2",
            "clean_m2",
        ):
            assert sum(getattr(counts, name) for counts in groups) == getattr(found.counts, name)
    assert found.classes["unclassified"].households == 200


def test_a_home_whose_new_device_has_no_power_yet_is_not_clean(
    engine: Engine, recorder_for: Callable[..., Any], now: Any
) -> None:
    """What the ministry found in 2019: reported as converted, and three in ten without gas."""
    with database.write(engine) as session:
        recorder = recorder_for(session)
        home = recorder.household("140525100201", heating_status="heated", device="10")
        before = recorder.household("140525100201", heating_status="heated", device="10")
        recorder.conversion(home, kind="electric", device_code="10", installed_on="2020-05-01")
        recorder.settle()
        counts = views.coverage(session, "140525", now, _nobody).counts
    assert (counts.heated, counts.clean, before in recorder.households) == (2, 1, True)


def test_a_second_conversion_counts_once_under_what_the_home_has_now(
    engine: Engine, recorder_for: Callable[..., Any], fill: Callable[..., Any], now: Any
) -> None:
    with database.write(engine) as session:
        fill(session, 0)
        recorder = recorder_for(session)
        home = recorder.household("140525100201", heating_status="heated", device="10")
        gas = {"installed_on": "2020-02-01", "connected_on": "2020-02-02"}
        power = {"installed_on": "2020-06-01", "connected_on": "2020-06-02"}
        recorder.conversion(home, kind="gas", device_code="1", **gas)
        recorder.conversion(home, kind="electric", device_code="10", **power)
        recorder.settle()
        counts = views.coverage(session, "140525", now, _nobody).counts
    assert counts.task == {"electric": 1} and counts.connected == {"electric": 1} and counts.clean == 1


def test_what_was_installed_before_the_plans_year_counts_towards_coverage_only(
    engine: Engine, recorder_for: Callable[..., Any], fill: Callable[..., Any], now: Any
) -> None:
    with database.write(engine) as session:
        fill(session, 0)
        recorder = recorder_for(session)
        home = recorder.household("140525100201", heating_status="heated", device="1")
        recorder.conversion(
            home, kind="gas", device_code="1", installed_on="2019-12-31", connected_on="2019-12-31"
        )
        recorder.settle()
        counts = views.coverage(session, "140525", now, _nobody).counts
    assert counts.task == {} and counts.connected == {"gas": 1}


def test_clean_coal_is_counted_apart_and_never_as_clean(
    engine: Engine, recorder_for: Callable[..., Any], fill: Callable[..., Any], now: Any
) -> None:
    with database.write(engine) as session:
        fill(session, 0)
        recorder = recorder_for(session)
        home = recorder.household(
            "140525100201", heating_status="heated", device="clean_coal_stove", mountain="yes"
        )
        dates = {"installed_on": "2020-05-01", "connected_on": "2020-05-01"}
        recorder.conversion(home, kind="clean_coal", device_code="clean_coal_stove", **dates)
        recorder.settle()
        counts = views.coverage(session, "140525", now, _nobody).counts
    assert (counts.clean, counts.clean_coal, counts.converted, counts.connected_all) == (0, 1, 0, 0)


def test_by_area_a_target_is_not_reached_while_a_home_is_unmeasured(
    engine: Engine, recorder_for: Callable[..., Any], fill: Callable[..., Any], now: Any
) -> None:
    with database.write(engine) as session:
        fill(session, 0)
        recorder = recorder_for(session)
        measured = {"heating_status": "heated", "device": "10", "heated_area_m2": "80"}
        recorder.household("140525100201", **measured)
        recorder.settle()
        before = report(views.coverage(session, "140525", now, _nobody), now.date()).classes["built_up"]
        recorder.household("140525100201", heating_status="heated", device="kang")
        recorder.settle()
        after = report(views.coverage(session, "140525", now, _nobody), now.date()).classes["built_up"]
    assert (before.rate.reached, before.rate_m2.reached) == (True, True)
    assert (after.rate.reached, after.rate_m2.reached, str(after.rate_m2.rate)) == (False, None, "100.00")


def test_a_kind_outside_the_plan_is_no_share_of_the_plans_total(
    engine: Engine, recorder_for: Callable[..., Any], fill: Callable[..., Any], now: Any
) -> None:
    """It is clean heating and counts as such; the county was asked for other kinds."""
    with database.write(engine) as session:
        fill(session, 0)
        recorder = recorder_for(session)
        done = {"installed_on": "2020-05-01", "connected_on": "2020-05-02"}
        for kind, code in (("electric", "10"), ("gas", "1"), ("biomass", "16")):
            home = recorder.household("140525100201", heating_status="heated", device=code)
            recorder.conversion(home, kind=kind, device_code=code, **done)
        recorder.settle()
        found = report(views.coverage(session, "140525", now, _nobody), now.date())
    assert (found.total.task_all.n, found.total.task_planned.n, found.total.connected_planned.n) == (3, 2, 2)
    assert found.planned_share == percent(2, 17360)
    assert sum(line.task.n for line in found.kind_lines) == 2
    assert [(line.kind, line.task.n, line.share) for line in found.unplanned_lines] == [("biomass", 1, None)]
