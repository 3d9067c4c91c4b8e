"""When facts change after a decision: the decided line stays, and a difference is proposed.

A decided line is never recomputed in place: it named its facts and its document, and may be paid already.
What would come out today is set beside what was decided, corrections included; a person decides about the
difference, which then is a line of its own with signed amounts. A question that is open again (a day taken
out of the register, a newer conversion not yet accepted) proposes nothing until it is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from server.programme.document import Texts
from server.subsidies import reasons
from server.subsidies.entitlement import Line, Worked
from server.subsidies.schedule import Ref

OPEN_QUESTIONS: Final = frozenset(
    {"no_day", "no_rule", "no_area", "no_cost", "no_proof_day", "newer_not_accepted"}
)
NOBODY: Final[Mapping[str, str]] = {}
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Decided:
    """A line that was decided, under the id it is stored by. A decided correction is one too, with a signed amount;
    `corrects` then names the first decision for its key (`Difference.corrects[0]`).
    """

    id: str
    line: Line
    corrects: str = ""


@dataclass(frozen=True)
class Difference:
    """A proposal: `line` (outcome "correction") carries the signed amount and shares, and keeps the village and
    household of the first decision. `corrects` are the ids of what it corrects; `changes` (fact, before, after).
    """

    corrects: tuple[str, ...]
    before_fen: int
    after_fen: int
    changes: tuple[tuple[str, str, str], ...]
    line: Line


def key_of(line: Line, same_as: Mapping[str, str]) -> Key:
    """What there is one entitlement of, read through merges: `same_as` is merged household → the surviving one."""
    household = line.household
    for _ in same_as:  # a merged household may itself have been merged further; never longer than the map
        household = same_as.get(household, household)
    return line.county, household, line.component, line.season


def undecided(
    decided: Iterable[Decided], now: Worked, same_as: Mapping[str, str] = NOBODY
) -> tuple[Line, ...]:
    """The lines of today for whose key nothing was decided yet. `same_as`: merged household → the surviving one."""
    known = {key_of(each.line, same_as) for each in decided}
    return tuple(line for line in now.lines if key_of(line, same_as) not in known)


def propose_corrections(
    decided: Iterable[Decided], now: Worked, same_as: Mapping[str, str] = NOBODY
) -> tuple[Difference, ...]:
    """What would have to be added to the decided lines of one home to make them today's.

    `now` is worked out for the surviving household and at least up to the day the last decided line fell due.
    Two decisions for one key, as a merge of two registered households brings to light, count together: what
    was granted twice is proposed back. Nothing is proposed where nothing differs.
    """
    by_key: dict[Key, list[Decided]] = {}
    for each in decided:
        by_key.setdefault(key_of(each.line, same_as), []).append(each)
    today = {key_of(line, same_as): line for line in now.lines}
    found = (
        _difference(lines, today.get(key), now)
        for key, lines in by_key.items()
        if not _is_open(lines[0].line, now)
    )
    return tuple(each for each in found if each is not None)


def _is_open(line: Line, now: Worked) -> bool:
    return any(
        each.code in OPEN_QUESTIONS
        and (
            (each.component, each.season) == (line.component, line.season)
            or (not each.component and each.conversion == line.conversion)
        )
        for each in now.left_out
    )


def _difference(decided: Sequence[Decided], today: Line | None, now: Worked) -> Difference | None:
    first = decided[0].line
    before_fen = sum(each.line.amount_fen for each in decided)
    after_fen = today.amount_fen if today else 0
    shares_fen = _minus(today.shares_fen if today else {}, [each.line.shares_fen for each in decided])
    if before_fen == after_fen and not shares_fen:
        return None
    changes = _changes(decided[-1].line, today) if today else ()
    grants = sum(each.line.outcome != "correction" for each in decided)
    if grants > 1:
        reason = reasons.decided_twice(before_fen, after_fen, grants)
    elif today is None:
        reason = reasons.not_due_any_more(before_fen, _why(first, now))
    else:
        reason = reasons.difference(before_fen, after_fen, changes)
    line = replace(
        today or first,
        village=first.village,
        household=first.household,
        amount_fen=after_fen - before_fen,
        shares_fen=shares_fen,
        outcome="correction",
        reason=reason,
    )
    return Difference(tuple(each.id for each in decided), before_fen, after_fen, changes, line)


def _why(line: Line, now: Worked) -> Texts | None:
    """Why there is no such line any more, where the rules have said so of it or of its whole conversion."""
    for each in now.left_out:
        if (each.component, each.season) == (line.component, line.season):
            return each.reason
        if not each.component and each.conversion == line.conversion:
            return each.reason
    return None


def _minus(after: Mapping[str, int], before: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Level → signed fen; a level where nothing changes is left out."""
    gap = dict(after)
    for shares_fen in before:
        for level, fen in shares_fen.items():
            gap[level] = gap.get(level, 0) - fen
    return {level: fen for level, fen in gap.items() if fen}


def _changes(before: Line, after: Line) -> tuple[tuple[str, str, str], ...]:
    """The facts that differ, and the conversion and document among them."""
    old = {"conversion": before.conversion, "schedule": _named(before.schedule), **before.facts}
    new = {"conversion": after.conversion, "schedule": _named(after.schedule), **after.facts}
    names = dict.fromkeys([*old, *new])
    return tuple(
        (name, old.get(name, ""), new.get(name, ""))
        for name in names
        if old.get(name, "") != new.get(name, "")
    )


def _named(schedule: Ref) -> str:
    return f"{schedule.id}@{schedule.version}"
