"""Whether the county's money holds together: the books' own checks, and those that need the tables around them.

Every decision is worked out again from the facts and the document it was made with, and its acceptance is
looked up in the register of today. A check never stops at its first finding, and nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from server.database import parts
from server.registry import aliases
from server.subsidies import books, ledger_checks, replay, schedules, standing_checks, working
from server.subsidies.corrections import Decided
from server.subsidies.ledger import Totals, totals
from server.subsidies.ledger_checks import Finding
from server.subsidies.tables import EntitlementRow, EntryRow, ScheduleRow
from server.terminal.steps import Steps, unseen
from server.web.figures import CHINA

HOMES_AT_A_TIME: Final = 250
TITLES: Final[Mapping[str, str]] = {
    "balanced": "每笔分录、每级财政借贷平衡",
    "well_formed": "分录编号、种类、科目正确",
    "reversals": "冲销与被冲销的分录相反",
    "decisions_booked": "每项决定入账一次，金额和分担相符",
    "one_entitlement_each": "每户每项每季只有一项核定",
    "decisions_explained": "每项决定有条款、事实、理由和验收",
    "payments_founded": "每笔付款有核定依据",
    "paid_once": "没有重复付款",
    "paid_within_decided": "付款不超过核定",
    "payments_booked": "每笔付款的状态与账相符",
    "sums_agree": "已送 = 到账 + 退回 + 在途，账与明细相符",
    "schedules_kept": "标准发布后没有改动，决定所依据的都在",
    "rows_agree": "核定表各栏与核定内容相符，编号连续",
    "decisions_replayed": "每项决定可按当时的事实和标准重算",
    "acceptances_stand": "每项决定的验收有效，撤销的已提出更正",
    "persons_apart": "登记、验收、核定、编制、审批不是同一人",
}


@dataclass(frozen=True)
class Report:
    """What was checked, as of when, and every finding; the books hold where there is none."""

    county: str
    at: datetime
    decisions_n: int
    entries_n: int
    payments_n: int
    totals: Totals
    findings: tuple[Finding, ...]

    def found(self, check: str) -> list[Finding]:
        return [each for each in self.findings if each.check == check]


def verify(session: Session, county: str, now: datetime, steps: Steps = unseen) -> Report:
    """Everything of a county, in one reading transaction; some seconds for ten thousand households."""
    with steps("读账（表）") as told:
        told(0, 1)
        found = books.load(session, county)
    findings: list[Finding] = []
    with steps("检查账目（项）") as told:
        for done_n, check in enumerate(ledger_checks.CHECKS, start=1):
            findings += check(found)
            told(done_n, len(ledger_checks.CHECKS))
    findings += schedules_kept(session, county)
    findings += _numbers(session, county)
    findings += standing_checks.payments_apart(session, county)
    findings += _by_home(session, county, now, found.decided, steps)
    return Report(
        county, now, len(found.decided), len(found.entries), len(found.payments), totals(found.entries),
        tuple(findings),
    )  # fmt: skip


def schedules_kept(session: Session, county: str) -> Iterator[Finding]:
    """Released documents are what they were, and every decision's document is among them."""
    rows = {(row.id, row.version): row for row in schedules.rows(session, county)}
    for (id, version), row in rows.items():
        if not schedules.is_whole(row):
            yield Finding("schedules_kept", f"{id}@{version}", "内容与发布时的校验值不符。")
    used = select(
        EntitlementRow.schedule_id, EntitlementRow.schedule_version, EntitlementRow.schedule_sha256
    ).where(EntitlementRow.county == county)
    for id, version, sha256 in session.exec(used.distinct()):
        known: ScheduleRow | None = rows.get((id, version))
        if known is None or known.sha256 != sha256:
            message = f"决定所依据的标准（{sha256[:12]}…）没有发布过。"
            yield Finding("schedules_kept", f"{id}@{version}", message)


def _numbers(session: Session, county: str) -> Iterator[Finding]:
    """Decisions and entries are counted from 1 without a gap: none was taken out."""
    for what, row in (("核定号", EntitlementRow), ("分录号", EntryRow)):
        numbers = select(row.number).where(row.county == county).order_by(col(row.number))
        for expected, number in enumerate(session.exec(numbers), start=1):
            if number != expected:
                yield Finding("rows_agree", str(number), f"{what} {expected} 不在。")
                break


def _by_home(
    session: Session, county: str, now: datetime, decided: Sequence[Decided], steps: Steps
) -> Iterator[Finding]:
    """The checks that work households out, some hundreds at a time."""
    then, same_as = aliases.at(session, county), aliases.same_as(session, county)
    homes = _together({each.line.household for each in decided}, aliases.ever(session, county))
    rows = schedules.rows(session, county)
    # A document that was changed cannot be worked with; it has its finding.
    released = [row for row in rows if schedules.is_whole(row)]
    today = now.astimezone(CHINA).date()
    office = working.Office(county, tuple(map(replay.schedule_of_row, released)), today, same_as)
    spent = working.spent_by_all(session, office)
    done_n = 0
    with steps("逐户重算（户）") as told:
        for part in parts(homes, HOMES_AT_A_TIME):
            every = [id for together in part for id in together]
            by_home = _rows_by_home(session, county, every)
            standing_at = {same_as.get(id, id) for id in every}
            standings = {
                each.file.home.household: each
                for each in (at(spent) for at in working.standings(session, office, standing_at))
            }
            for together in part:
                mine = sorted(
                    (row for id in together for row in by_home.get(id, ())), key=lambda row: row.number
                )
                yield from standing_checks.rows_agree(mine)
                yield from replay.replayed(mine, released, then)
                for rows_now in _as_now(mine, same_as):
                    household = same_as.get(rows_now[0].household, rows_now[0].household)
                    yield from standing_checks.acceptances_stand(rows_now, standings.get(household))
                yield from standing_checks.decisions_apart(mine)
            done_n += len(part)
            told(done_n, len(homes))


def _together(homes: Iterable[str], ever: Mapping[str, str]) -> list[list[str]]:
    """Homes with those they were ever merged with: a decision about one may have been made with the other's."""
    groups: dict[str, list[str]] = {}
    for id in sorted(homes):
        groups.setdefault(ever.get(id, id), []).append(id)
    return list(groups.values())


def _as_now(rows: Sequence[EntitlementRow], same_as: Mapping[str, str]) -> list[list[EntitlementRow]]:
    groups: dict[str, list[EntitlementRow]] = {}
    for row in rows:
        groups.setdefault(same_as.get(row.household, row.household), []).append(row)
    return list(groups.values())


def _rows_by_home(
    session: Session, county: str, households: Iterable[str]
) -> dict[str, list[EntitlementRow]]:
    found: dict[str, list[EntitlementRow]] = {}
    wanted = select(EntitlementRow).where(
        EntitlementRow.county == county, col(EntitlementRow.household).in_(list(households))
    )
    for row in session.exec(wanted.order_by(col(EntitlementRow.number))):
        found.setdefault(row.household, []).append(row)
    session.expunge_all()
    return found
