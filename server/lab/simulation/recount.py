"""What can be counted again: coverage from the entities alone, digests from the rows, and the hub's own verification.

Apart from the other checkers because these hold a figure that the product keeps or works out against one counted here
in plain Python, household by household.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from server.lab.simulation.evidence import Evidence

CLEAN_DEVICES: Final = frozenset(str(number) for number in range(1, 17))
CENTS: Final = Decimal("0.01")

Values = Mapping[str, str]


def coverage_recounted(evidence: Evidence) -> Iterator[str]:
    """The coverage page's figures are those of the households, one by one."""
    counted = _counted(evidence) if evidence.coverage is not None else {}
    for name, wanted in counted.items():
        told = getattr(evidence.coverage, name)
        told = {kind: n for kind, n in told.items() if n} if isinstance(told, Mapping) else told
        if told != wanted:
            yield f"coverage says {name} = {told}, the households come to {wanted}"


def _counted(evidence: Evidence) -> dict[str, Any]:
    works: dict[str, list[tuple[str, Values]]] = {}
    for held in evidence.entities.values():
        if held.dataset == "conversion" and not held.same_as:
            values = held.values()
            home = evidence.end(f"household/{values.get('household', '')}").partition("/")[2]
            works.setdefault(home, []).append((held.id, values))
    n, square_metres = Counter[str](), {"heated_m2": Decimal(0), "clean_m2": Decimal(0)}
    task, connected = Counter[str](), Counter[str]()
    for row in evidence.typed["household"].values():
        own = works.get(row["id"], [])
        task.update(_latest(own, "installed_on"))
        connected.update(_latest(own, "connected_on"))
        n["households"] += 1
        if row["heating_status"] == "not_heated" and row["not_heated_reason"]:
            n["excluded"] += 1
            continue
        n["heated"] += 1
        n["no_reason"] += row["heating_status"] == "not_heated"
        n["unknown"] += row["heating_status"] not in ("heated", "not_heated")
        n["without_area"] += row["heated_area_m2"] is None
        n["clean"] += (clean := _clean(row, own))
        area = Decimal(str(row["heated_area_m2"] or 0))
        square_metres["heated_m2"] += area
        square_metres["clean_m2"] += area if clean else Decimal(0)
    names = ("households", "heated", "excluded", "no_reason", "unknown", "clean", "without_area")
    areas = {name: area.quantize(CENTS) for name, area in square_metres.items()}
    return {**{name: n[name] for name in names}, **areas, "task": dict(task), "connected": dict(connected)}


def _latest(works: list[tuple[str, Values]], state: str) -> list[str]:
    """The kind of the latest clean conversion that has come to a state; none if there is none."""
    came = [
        (values[state], id, values["kind"])
        for id, values in works
        if values.get(state) and values.get("kind") and values["kind"] != "clean_coal"
    ]
    last = max((on for on, _, _ in came), default="")
    return [kind for _, _, kind in sorted(each for each in came if each[0] == last)[:1]]


def _clean(row: Mapping[str, Any], works: list[tuple[str, Values]]) -> bool:
    if _latest(works, "connected_on"):
        return True
    device = _in_use(row, dict(works))
    waits = any(
        values.get("device_code") == device and values.get("installed_on") and not values.get("connected_on")
        for _, values in works
    )
    return device in CLEAN_DEVICES and not waits


def _in_use(row: Mapping[str, Any], works: Mapping[str, Values]) -> str:
    """The device that a conversion set stands while that conversion is in service with it; else the one surveyed."""
    if not row["device_by"]:
        return str(row["device"])
    by = works.get(row["device_by"], {})
    service = by.get("connected_on") or (by.get("kind") == "clean_coal" and by.get("installed_on"))
    stands = bool(service) and by.get("device_code") == row["device"]
    return str(row["device"] if stands else row["device_surveyed"])


def digests_agree(evidence: Evidence) -> Iterator[str]:
    """Of each village the hub has kept the digest of what stands there, and each tablet that holds it says the same."""
    for village, head in evidence.heads.items():
        kept, counted = evidence.digests.get((village, head)), evidence.counted[village]
        if kept != counted:
            yield f"{village}: the hub keeps the digest {kept}, its rows come to {counted}"
    for tablet in evidence.tablets:
        for village, told in tablet.digests.items():
            if told != evidence.counted.get(village, told):
                yield f"tablet {tablet.number}, {village}: says {told}, the hub has {evidence.counted[village]}"
        if silent := tablet.villages - tablet.digests.keys():
            yield f"tablet {tablet.number} states no digest of {', '.join(sorted(silent))}"
        yield from (f"tablet {tablet.number} was made to read {each} anew" for each in tablet.reread)


def hub_verified(evidence: Evidence) -> Iterator[str]:
    """The hub's own verification finds nothing."""
    yield from (f"{check}, {id}: {message}" for check, id, message in evidence.findings)
