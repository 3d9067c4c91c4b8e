"""Working a decision out again from what was kept with it: the home's facts, the day, and the documents of then.

Amounts, shares, outcome, rules and facts must come out the same. The reason's wording is kept with the decision
and not compared: a better sentence in a later version of the program is no change of the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from server.subsidies import facts, lines
from server.subsidies.caps import Spent
from server.subsidies.corrections import Decided, key_of, propose_corrections
from server.subsidies.entitlement import Line
from server.subsidies.ledger_checks import Finding
from server.subsidies.money import yuan
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule, schedule_of
from server.subsidies.tables import EntitlementRow, ScheduleRow
from server.web.figures import CHINA

SameAs = Callable[[datetime], Mapping[str, str]]
"""Instant → merged home to the one that lived on then."""


def schedule_of_row(row: ScheduleRow) -> Schedule:
    return schedule_of(row.document)


def replayed(
    rows: Sequence[EntitlementRow], released: Sequence[ScheduleRow], same_as: SameAs = lambda moment: {}
) -> Iterator[Finding]:
    """What does not come out as it was decided, of the decisions, in their order, about one household and those it was
    ever merged with. `same_as`: how they were merged at an instant.
    """
    for place, row in enumerate(rows):
        try:
            merged = same_as(row.decided_at)
            again, stored = _again(rows[:place], row, released, merged), lines.from_json(row.line)
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            yield Finding("decisions_replayed", row.id, f"保存的内容读不出来：{type(error).__name__}。")
            continue
        if again is None:
            yield Finding("decisions_replayed", row.id, "按当时的事实和标准重算，没有这一项。")
        elif _compared(again) != _compared(stored):
            message = (
                f"按当时的事实和标准重算为 {yuan(again.amount_fen)} 元，记录为 {yuan(stored.amount_fen)} 元。"
            )
            if again.amount_fen == stored.amount_fen:
                message = "按当时的事实和标准重算，分担、条款或事实与记录不同。"
            yield Finding("decisions_replayed", row.id, message)


def _again(
    before: Sequence[EntitlementRow], row: EntitlementRow, released: Sequence[ScheduleRow],
    merged: Mapping[str, str],
) -> Line | None:  # fmt: skip
    then = tuple(schedule_of_row(each) for each in released if each.released_at <= row.decided_at)
    spent: Spent = {(sha256, path): fen for sha256, path, fen in row.spent}
    worked = work_out(facts.from_json(row.home), then, row.decided_at.astimezone(CHINA).date(), spent)
    if not row.corrects:
        return next((line for line in worked.lines if key_of(line, merged) == _key(row, merged)), None)
    earlier = [
        Decided(each.id, lines.from_json(each.line), each.corrects)
        for each in before
        if _key(each, merged) == _key(row, merged)
    ]
    return next((each.line for each in propose_corrections(earlier, worked, merged)), None)


def _key(row: EntitlementRow, merged: Mapping[str, str]) -> tuple[str, str, str, str]:
    return row.county, merged.get(row.household, row.household), row.component, row.season


def _compared(line: Line) -> Line:
    return replace(line, reason={}, shares_fen={level: fen for level, fen in line.shares_fen.items() if fen})
