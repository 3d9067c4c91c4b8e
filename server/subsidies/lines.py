"""A decided line as JSON: kept whole beside its columns, so that it can be read and replayed for ever.

Apart from `entitlement`, which knows no storage; the inverse of writing is exact, which a test holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from server.subsidies.entitlement import Line
from server.subsidies.schedule import Ref


def to_json(line: Line) -> dict[str, Any]:
    """A line as JSON holds it: the day as YYYY-MM-DD, fen as whole numbers."""
    return {
        "county": line.county,
        "village": line.village,
        "household": line.household,
        "conversion": line.conversion,
        "component": line.component,
        "season": line.season,
        "amount_fen": line.amount_fen,
        "shares_fen": dict(line.shares_fen),
        "due_on": line.due_on.isoformat(),
        "outcome": line.outcome,
        "schedule": {
            "id": line.schedule.id,
            "version": line.schedule.version,
            "sha256": line.schedule.sha256,
            "example": line.schedule.example,
        },
        "rules": list(line.rules),
        "facts": dict(line.facts),
        "reason": dict(line.reason),
    }


def from_json(value: Mapping[str, Any]) -> Line:
    """The inverse of `to_json`. Raises KeyError, TypeError or ValueError on anything else."""
    given = dict(value)
    return Line(
        **{
            **given,
            "due_on": date.fromisoformat(given["due_on"]),
            "schedule": Ref(**given["schedule"]),
            "rules": tuple(given["rules"]),
        }
    )
