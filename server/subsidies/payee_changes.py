"""The office changes who is paid for a household, or decides about what was proposed: always with a reason.

A change is a new statement in force and a line in the log, in one transaction; payments that were locked keep
the payee they were locked with. An account is shown by its last four digits, in the log too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from server.access.audit import audit
from server.registry.tables import Household
from server.subsidies import cells, relations
from server.subsidies.payees import (
    ADOPTED,
    BANK_CHARS_MAX,
    DISMISSED,
    HOLDER_CHARS_MAX,
    IN_FORCE,
    OFFICE,
    PROPOSED,
    REPLACED,
    last_numbers,
    payee_of,
    rows_of,
    says_the_same,
)
from server.subsidies.payments import Payee
from server.subsidies.tables import PayeeRow
from server.web import N_, Problem
from server.web.sheet_cells import Cell, Fault
from sync.masking import masked

FAULT: Final = "payee"
REASON_CHARS_MAX: Final = 500


@dataclass(frozen=True)
class Decision:
    """Who changes or decides, when, and why; `seen`: number of the statement in force on the page they looked at,
    0 for none."""

    person: str
    now: datetime
    reason: str
    seen: int


def change(session: Session, county: str, household: str, payee: Payee, decision: Decision) -> None:
    """Puts another payee in force, or confirms the present one anew (after a return), for a reason.

    Raises Problem `payee`; not_found where there is no such household.
    """
    checked = checked_payee(payee)
    home, standing = _to_be_changed(session, county, household, decision)
    _put_in_force(session, home, standing, checked, OFFICE, "", decision)


def adopt(session: Session, county: str, household: str, number: int, decision: Decision) -> None:
    """Puts a proposed statement in force. It stands anew, as of now: who was paid before was paid rightly."""
    home, standing = _to_be_changed(session, county, household, decision)
    row = _proposal(session, county, household, number)
    row.state, row.reason = ADOPTED, decision.reason.strip()
    stated = replace(payee_of(row), bank=row.bank or (standing.bank if standing else ""))
    _put_in_force(session, home, standing, stated, row.source, row.source_ref, decision)


def dismiss(session: Session, county: str, household: str, number: int, decision: Decision) -> None:
    """Leaves the payee as it is. The statement stays in the file with the reason."""
    home, _ = _to_be_changed(session, county, household, decision)
    row = _proposal(session, county, household, number)
    row.state, row.reason = DISMISSED, decision.reason.strip()
    detail = {N_("未采用"): _shown(payee_of(row)), N_("原因"): decision.reason.strip()}
    log(session, home, "payee.change", decision.person, detail, decision.now)


def _to_be_changed(
    session: Session, county: str, household: str, decision: Decision
) -> tuple[Household, PayeeRow | None]:
    home = session.get(Household, (county, household))
    if home is None:
        raise refused(N_("没有这一户。"), N_("请刷新页面后再看。"))
    if not 0 < len(decision.reason.strip()) <= REASON_CHARS_MAX:
        raise refused(N_("没有写明原因，或原因过长。"), N_("请写明为什么这样定，最多 500 个字。"))
    standing = next(rows_of(session, county, [household], col(PayeeRow.state) == IN_FORCE), None)
    if (standing.number if standing else 0) != decision.seen:
        raise _changed_meanwhile()
    return home, standing


def _proposal(session: Session, county: str, household: str, number: int) -> PayeeRow:
    # Held until commit: of two clerks who decide about it, the second one is told.
    row = session.get(PayeeRow, (county, household, number), with_for_update=True)
    if row is None or row.state != PROPOSED:
        raise _changed_meanwhile()
    return row


def _changed_meanwhile() -> Problem:
    return refused(N_("这一户的收款人刚刚被别人改过。"), N_("请刷新页面，核对后再办。"))


def refused(message: str, remedy: str) -> Problem:
    return Problem(FAULT, 422, message, remedy)


def _put_in_force(
    session: Session, home: Household, standing: PayeeRow | None, payee: Payee, source: str, source_ref: str,
    decision: Decision,
) -> None:  # fmt: skip
    if standing is not None:
        standing.state = REPLACED
    for row in rows_of(session, home.county, [home.id], col(PayeeRow.state) == PROPOSED):
        if says_the_same(payee, payee_of(row)):
            # What was waited for has come: nothing is left to decide about it.
            row.state, row.reason = ADOPTED, decision.reason.strip()
    # The database holds one in force at a time: the former must have gone before the next comes.
    session.flush()
    number = last_numbers(session, home.county, [home.id]).get(home.id, 0) + 1
    session.add(
        PayeeRow(
            county=home.county, household=home.id, number=number, holder=payee.holder, account=payee.account,
            bank=payee.bank, relation=payee.relation, state=IN_FORCE, source=source, source_ref=source_ref,
            stated_at=decision.now, stated_by=decision.person, reason=decision.reason.strip(),
        )
    )  # fmt: skip
    try:
        session.flush()
    except IntegrityError as error:
        raise _changed_meanwhile() from error
    before = {N_("原收款人"): _shown(payee_of(standing))} if standing else {}
    detail = {**before, N_("收款人"): _shown(payee), N_("原因"): decision.reason.strip()}
    log(session, home, "payee.change", decision.person, detail, decision.now)


def log(
    session: Session, home: Household, verb: str, person: str, detail: Mapping[str, str], now: datetime
) -> None:
    """A line in the log about a household's payee; `detail` holds no whole account."""
    audit(
        session, person=person, verb=verb, county=home.county, area=home.village,
        subject=f"household/{home.county}/{home.id}", detail=detail, now=now,
    )  # fmt: skip


def _shown(payee: Payee) -> str:
    return " ".join(
        filter(None, (payee.holder, masked(payee.account), payee.bank, relations.shown(payee.relation)))
    )


def checked_payee(payee: Payee) -> Payee:
    """The payee as it is kept. Raises Problem `payee` with every fault of what was entered."""
    holder = cells.words(Cell("", payee.holder), N_("户名"), HOLDER_CHARS_MAX)
    account = cells.account(Cell("", payee.account))
    bank = cells.words(Cell("", payee.bank), N_("开户银行"), BANK_CHARS_MAX)
    relation = cells.words(Cell("", payee.relation), N_("与户主关系"), HOLDER_CHARS_MAX)
    faults = [each for each in (holder, account, bank, relation) if isinstance(each, Fault)]
    if faults:
        raise refused("".join(each.what() for each in faults), "".join(dict.fromkeys(_remedies(faults))))
    return Payee(str(holder), str(account), str(bank), str(relation))


def _remedies(faults: Iterable[Fault]) -> Iterator[str]:
    return (each.to_do() for each in faults)
