"""Caps (封顶): the most that one household, or all households together, get under a document.

Apart and last, because a cap looks at all lines of a home in the order they fall due: what comes first is
paid, what comes later is cut to what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from server.subsidies import reasons
from server.subsidies.entitlement import Line
from server.subsidies.schedule import Cap, Schedule

# What others were already granted under a cap on the total: (schedule's sha256, cap's path) → fen.
Spent = Mapping[tuple[str, str], int]


def capped(lines: Iterable[Line], schedules: Mapping[str, Schedule], spent: Spent) -> Iterator[Line]:
    """The lines in the order they fall due, each cut to what the caps of its document leave."""
    totals = {(s.sha256, cap.path) for s in schedules.values() for cap in s.caps if cap.per == "total"}
    used = {key: fen for key, fen in spent.items() if key in totals}
    for uncut in lines:
        line, schedule = uncut, schedules[uncut.schedule.sha256]
        caps = [cap for cap in schedule.caps if line.component in cap.components]
        for cap in caps:
            line = _cut(line, schedule, cap, used.get((schedule.sha256, cap.path), 0))
        for cap in caps:
            key = (schedule.sha256, cap.path)
            used[key] = used.get(key, 0) + line.amount_fen
        yield line


def _cut(line: Line, schedule: Schedule, cap: Cap, used_fen: int) -> Line:
    left_fen = max(0, cap.amount_fen - used_fen)
    if line.amount_fen <= left_fen:
        return line
    return replace(
        line,
        amount_fen=left_fen,
        shares_fen=schedule.shares[line.component].split(left_fen),
        outcome="capped",
        rules=(*line.rules, cap.path),
        reason=reasons.capped(line.reason, left_fen, cap.amount_fen, cap.remark),
    )
