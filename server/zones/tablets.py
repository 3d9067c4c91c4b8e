"""What tablets are told of zones: one entity a village, in plain words.

A tablet without a network must know in whose coal-free zone it stands, since when, and what that means for a
stove. How it travels is the exchange's: the application hands the sending in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlmodel import Session

from server.web.figures import CHINA
from server.zones import rules, views
from server.zones.tables import ZoneVersion
from sync.codec import derived_id

State = tuple[str, str, str, dict[str, str]]
"""(dataset, id, village, properties)."""
Publish = Callable[[Session, str, Sequence[State], datetime], None]
"""(session, county, states, now): tells tablets, in the same transaction."""

DATASET = "zone"
LEFT_OUT_MAX = 100
STOVE_RULE = (
    "施行后禁止使用、存放、售卖散煤及其制品；在用的燃煤炉具一律违规。"
    "新改造、未经一个采暖季检验的，旧炉具只可封存备用。"
)


def states(session: Session, county: str, zone: str, now: datetime) -> list[State]:
    """The zone in every village it stands in, or stood in by any version: there it is withdrawn."""
    today = now.astimezone(CHINA).date()
    versions = views.versions_of(session, county, zone)
    if not versions:
        return []
    leading = views.leading(versions, today)
    inside = set(views.villages_of(session, leading))
    ever = inside.union(*(views.villages_of(session, version) for version in versions))
    state, out = views.state_of(leading, today), _left_out(session, leading)
    return [
        _state(leading, village, state if village in inside else "withdrawn", out.get(village, []))
        for village in sorted(ever)
    ]


def _left_out(session: Session, version: ZoneVersion) -> dict[str, list[str]]:
    """Village → the households that the version leaves out: nobody at their door may call a stove a violation."""
    found: dict[str, list[str]] = {}
    for row in views.left_outs(session, version):
        found.setdefault(row.village, []).append(row.household)
    return found


def _state(version: ZoneVersion, village: str, state: str, left_out: Sequence[str]) -> State:
    in_force_on = version.in_force_on.isoformat() if version.in_force_on else ""
    props = {
        "village": village,
        "name": version.name,
        "status": state,
        "status_words": rules.STATES[state],
        "in_force_on": in_force_on,
        "document_number": version.document_number,
        "rule": f"{version.bans} {STOVE_RULE}".strip(),
        # A text that travels is bounded; a village that leaves out more is told so, and asks the office.
        "left_out": " ".join(left_out[:LEFT_OUT_MAX]),
        "left_out_n": str(len(left_out)),
    }
    return DATASET, derived_id("zone", version.zone, village), village, props
