"""Checks of one household's decisions against the register of today, their own row, and the people behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import and_
from sqlmodel import Session, col, select

from server.subsidies.batch import PREPARE
from server.subsidies.ledger_checks import Finding
from server.subsidies.tables import BatchActRow, EntitlementRow, PaymentRow
from server.subsidies.working import Standing

PREPARED_BY: Final = (PREPARE, "payment_batch.lock")
APPROVED_BY: Final = "payment_batch.approve"
_SAME: Final = and_(
    col(EntitlementRow.county) == col(PaymentRow.county),
    col(EntitlementRow.id) == col(PaymentRow.entitlement),
)


def rows_agree(rows: Sequence[EntitlementRow]) -> Iterator[Finding]:
    """The columns by which decisions are found say the same as what was decided."""
    for row in rows:
        line = row.line
        told = {
            "village": row.village,
            "household": row.household,
            "conversion": row.conversion,
            "component": row.component,
            "season": row.season,
            "amount_fen": row.amount_fen,
            "shares_fen": row.shares,
            "due_on": row.due_on.isoformat(),
            "outcome": row.outcome,
        }
        wrong = sorted(name for name, value in told.items() if line.get(name) != value)
        schedule = (row.schedule_id, row.schedule_version, row.schedule_sha256)
        if schedule != tuple(line["schedule"][name] for name in ("id", "version", "sha256")):
            wrong.append("schedule")
        if wrong:
            yield Finding("rows_agree", row.id, f"与核定内容不符的栏：{'、'.join(wrong)}。")


def acceptances_stand(rows: Sequence[EntitlementRow], standing: Standing | None) -> Iterator[Finding]:
    """Money that was decided rests on an acceptance that stands; where it was withdrawn, a correction is proposed or
    a question is open that comes before one.
    """
    families: dict[tuple[str, str], list[EntitlementRow]] = defaultdict(list)
    for row in rows:
        families[(row.component, row.season)].append(row)
    for (component, season), family in families.items():
        if not sum(row.amount_fen for row in family):
            continue
        if standing is None:
            yield Finding("acceptances_stand", family[0].id, "住户已不在登记之中。")
            continue
        last = family[-1]
        if last.conversion in standing.file.accepted_by:
            continue
        proposed = {(each.line.component, each.line.season) for each in standing.corrections}
        asked = {each.conversion for each in standing.questions}
        open_lines = {(each.component, each.season) for each in standing.questions}
        if (component, season) not in proposed | open_lines and last.conversion not in asked:
            yield Finding("acceptances_stand", family[0].id, "验收已不在，也没有提出更正。")


def decisions_apart(rows: Sequence[EntitlementRow]) -> Iterator[Finding]:
    """Recorded, accepted and decided by different persons; money without both first two is nobody's word."""
    for row in rows:
        first, second = set(row.surveyed_by), set(row.accepted_by)
        if first & second or row.decided_by in first | second:
            yield Finding("persons_apart", row.id, "登记、验收、核定中有同一个人。")
        if row.amount_fen > 0 and not second:
            yield Finding("persons_apart", row.id, "没有验收人。")


def payments_apart(session: Session, county: str) -> Iterator[Finding]:
    """Every payment names who accepted, none of whom recorded; nobody both prepared and approved a batch."""
    columns = (PaymentRow.id, PaymentRow.surveyed_by, PaymentRow.accepted_by)
    for id, surveyed_by, accepted_by in session.exec(select(*columns).where(PaymentRow.county == county)):
        if not accepted_by:
            yield Finding("persons_apart", id, "付款没有验收人。")
        elif set(surveyed_by) & set(accepted_by):
            yield Finding("persons_apart", id, "付款的登记人和验收人有同一个人。")
    moved = (
        select(PaymentRow.id)
        .join(EntitlementRow, _SAME)
        .where(PaymentRow.county == county, PaymentRow.village != EntitlementRow.village)
    )
    for id in session.exec(moved):
        yield Finding("rows_agree", id, "付款的村与核定时的村不同。")
    acts: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
    rows = select(BatchActRow.batch, BatchActRow.verb, BatchActRow.person).where(BatchActRow.county == county)
    for batch, verb, person in session.exec(rows):
        if verb in PREPARED_BY or verb == APPROVED_BY:
            acts[batch][verb == APPROVED_BY].add(person)
    for batch, people in acts.items():
        if people[True] & people[False]:
            yield Finding("persons_apart", batch, "批次的编制人和审批人是同一个人。")
