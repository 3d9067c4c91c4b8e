"""Working households out: what can be decided today, what has to be corrected, and what must be asked first.

The one place that puts register, documents and earlier decisions before the rules; the queue and the act of
deciding both read it, so what is shown is what is decided. Nothing is written here.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from server.database import parts
from server.programme.document import Texts
from server.subsidies import books, homes, lines, reasons
from server.subsidies.caps import Spent
from server.subsidies.corrections import (
    OPEN_QUESTIONS,
    Decided,
    Difference,
    propose_corrections,
    undecided,
)
from server.subsidies.entitlement import LeftOut, Line, Worked
from server.subsidies.homes import CHANGED, DISPUTED, HomeFile
from server.subsidies.rules import work_out
from server.subsidies.schedule import Schedule
from server.subsidies.tables import EntitlementRow

# What is asked of people: what the rules leave open, what no document covers, and what this room doubts.
QUESTIONS: Final = OPEN_QUESTIONS | {"no_schedule", DISPUTED, CHANGED}
DOUBTS: Final[Mapping[str, Texts]] = {
    DISPUTED: reasons.texts(
        "这项改造的登记有未决冲突，请先处理冲突。",
        "The conversion's record has an open conflict; settle it first.",
    ),
    CHANGED: reasons.texts(
        "验收之后登记又有改动，请核对后撤销原验收、重新验收。",
        "The record changed after the acceptance; check it, withdraw the acceptance and accept anew.",
    ),
}
# (schedule's sha256, cap's path) → components under it, of caps on the total.
TotalCaps = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True)
class Standing:
    """How a household stands on a day. `due` are the lines that can be decided now; `spent` is what others had of
    caps on the total when they were worked out, `spent_then` the same for what was decided before: with these a
    decision can be replayed. `same_as`: merged home → the one that lives on; what was decided for either counts.
    """

    file: HomeFile
    today: date
    worked: Worked
    spent: Spent
    spent_then: Spent
    decided: tuple[Decided, ...]
    due: tuple[Line, ...]
    corrections: tuple[Difference, ...]
    questions: tuple[LeftOut, ...]
    same_as: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Office:
    """What a county's homes are worked out with: the released schedules, today, and which homes were merged."""

    county: str
    released: tuple[Schedule, ...]
    today: date
    same_as: Mapping[str, str] = field(default_factory=dict)

    def ids_of(self, households: Collection[str]) -> list[str]:
        """These homes and the ids that were merged into them."""
        wanted = set(households)
        return sorted(wanted | {id for id, end in self.same_as.items() if end in wanted})

    @property
    def total_caps(self) -> TotalCaps:
        return {
            (schedule.sha256, cap.path): cap.components
            for schedule in self.released
            for cap in schedule.caps
            if cap.per == "total"
        }


def digest(line: Line) -> str:
    """Says whether a line is still the one somebody saw."""
    text = json.dumps(lines.to_json(line), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def standings(
    session: Session, office: Office, households: Collection[str]
) -> Iterator[Callable[[Spent], Standing]]:
    """For each registered household, in the order of ids, a function from what all homes have had so far of caps on
    the total to how it stands: of homes decided one after the other, the later ones get what is left.
    """
    files = homes.files(session, office.county, households)
    by_home: dict[str, list[Decided]] = defaultdict(list)
    for each in books.decided(session, office.county, office.ids_of(households)):
        by_home[office.same_as.get(each.line.household, each.line.household)].append(each)
    earlier = _spent_then(session, office, list(by_home)) if office.total_caps else {}
    for id in sorted(files):
        yield _stands(office, files[id], by_home[id], earlier.get(id, {}))


def _stands(
    office: Office, file: HomeFile, decided: Sequence[Decided], then: Spent
) -> Callable[[Spent], Standing]:
    def at(spent: Spent) -> Standing:
        others = _less(spent, _own(office.total_caps, decided))
        worked = work_out(file.home, office.released, office.today, others)
        # What was decided is compared under the caps as they were: others' later grants take nothing back.
        before = then if decided and then else others
        compared = worked if before is others else work_out(file.home, office.released, office.today, before)
        standing = Standing(
            file, office.today, worked, others, before, tuple(decided), (), (), (), office.same_as
        )
        return settled(standing, compared)

    return at


def settled(standing: Standing, compared: Worked | None = None) -> Standing:
    """The same with its queue drawn up anew: after decisions were added, or for the first time."""
    worked, decided, doubts = standing.worked, standing.decided, standing.file.doubts
    open_lines = undecided(decided, worked, standing.same_as)
    held = [line for line in open_lines if line.conversion in doubts]
    asked = [
        LeftOut(id, "", "", doubts[id], DOUBTS[doubts[id]])
        for id in sorted({line.conversion for line in held})
    ]
    corrections = (
        standing.corrections if compared is None else propose_corrections(decided, compared, standing.same_as)
    )
    return replace(
        standing,
        due=tuple(line for line in open_lines if line.conversion not in doubts),
        corrections=corrections,
        questions=(*asked, *_unique(each for each in worked.left_out if each.code in QUESTIONS)),
    )


def _unique(found: Iterable[LeftOut]) -> list[LeftOut]:
    by_key = {(each.conversion, each.component, each.season, each.code): each for each in found}
    return list(by_key.values())


# ---- caps on the total


def spent_by_all(session: Session, office: Office) -> dict[tuple[str, str], int]:
    """What was decided under each cap on the total, corrections included."""
    caps = office.total_caps
    if not caps:
        return {}
    sums = session.execute(
        select(
            col(EntitlementRow.schedule_sha256),
            col(EntitlementRow.component),
            func.sum(col(EntitlementRow.amount_fen)),
        )
        .where(col(EntitlementRow.county) == office.county)
        .group_by(col(EntitlementRow.schedule_sha256), col(EntitlementRow.component))
    )
    found = dict.fromkeys(caps, 0)
    for sha256, component, fen in sums:
        for key, components in caps.items():
            if key[0] == sha256 and component in components:
                found[key] += int(fen)
    return found


def added(
    spent: Mapping[tuple[str, str], int], caps: TotalCaps, new: Iterable[Line]
) -> dict[tuple[str, str], int]:
    """What all have had after some more lines were decided."""
    found = dict(spent)
    for line in new:
        for key, components in caps.items():
            if key[0] == line.schedule.sha256 and line.component in components:
                found[key] = found.get(key, 0) + line.amount_fen
    return found


def _own(caps: TotalCaps, decided: Sequence[Decided]) -> dict[tuple[str, str], int]:
    return added({}, caps, (each.line for each in decided))


def _less(spent: Spent, own: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {key: fen - own.get(key, 0) for key, fen in spent.items()}


def _spent_then(session: Session, office: Office, households: Collection[str]) -> dict[str, Spent]:
    """Household to what others had had of caps on the total when its first line under each was decided."""
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    caps = office.total_caps
    for part in parts(office.ids_of(households)):
        rows = session.execute(
            select(
                col(EntitlementRow.household),
                col(EntitlementRow.schedule_sha256),
                col(EntitlementRow.component),
                col(EntitlementRow.spent),
            )
            .where(
                col(EntitlementRow.county) == office.county,
                col(EntitlementRow.household).in_(part),
                col(EntitlementRow.corrects) == "",
            )
            .order_by(col(EntitlementRow.number))
        )
        for decided_for, sha256, component, spent in rows:
            household = office.same_as.get(decided_for, decided_for)
            for its_sha256, path, fen in spent:
                key = (its_sha256, path)
                if its_sha256 == sha256 and component in caps.get(key, frozenset()):
                    found[household].setdefault(key, fen)
    return dict(found)
