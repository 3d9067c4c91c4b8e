"""How money stands before any of it is moved: what was decided and what is on its way for one household,
component and season, what came back and when, and who is paid now.

Apart from `preparing`, which asks these questions for a batch, because every step that moves money asks them too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Subquery, and_, func, select
from sqlmodel import Session, col

from server.database import parts, table_of
from server.registry import aliases
from server.subsidies import books
from server.subsidies.payments import LIVE, PLANNED, RETURNED, Payee, paid_twice
from server.subsidies.tables import BatchRow, EntitlementRow, EntryRow, PayeeRow, PaymentRow

# What there is one entitlement of, within a county.
KEY: Final = ("household", "component", "season")


def _key() -> tuple[Any, Any, Any]:
    return col(EntitlementRow.household), col(EntitlementRow.component), col(EntitlementRow.season)


def live_by_key(*conditions: Any) -> Subquery:
    """Household, component and season → fen that are planned, sent or credited."""
    same = and_(
        col(PaymentRow.county) == col(EntitlementRow.county),
        col(PaymentRow.entitlement) == col(EntitlementRow.id),
        col(PaymentRow.state).in_(LIVE),
    )
    summed = select(*_key(), func.sum(PaymentRow.amount_fen).label("fen")).join(PaymentRow, same)
    return summed.where(*conditions).group_by(*_key()).subquery()


def decided_by_key(*conditions: Any) -> Subquery:
    """Household, component and season → fen that were decided, corrections included."""
    summed = select(*_key(), func.sum(EntitlementRow.amount_fen).label("fen"))
    return summed.where(*conditions).group_by(*_key()).subquery()


def overpaid(session: Session, county: str, batch: str) -> dict[str, int]:
    """Payments of a batch whose household has more on its way than was decided → by how many fen.

    The same as payments.excess, as one question to the database: it is asked before every step that moves money.
    """
    of_batch = select(col(PaymentRow.household)).where(
        col(PaymentRow.county) == county, col(PaymentRow.batch) == batch, col(PaymentRow.state) == PLANNED
    )
    concerned = and_(col(EntitlementRow.county) == county, col(EntitlementRow.household).in_(of_batch))
    decided, live = decided_by_key(concerned), live_by_key(concerned)
    same = and_(*(decided.c[name] == live.c[name] for name in KEY))
    too_much = select(decided, (live.c.fen - decided.c.fen).label("gap")).join(live, same)
    keys = too_much.where(live.c.fen > decided.c.fen).subquery()
    statement = (
        select(col(PaymentRow.id), keys.c.gap)
        .join(
            EntitlementRow,
            and_(
                col(EntitlementRow.county) == col(PaymentRow.county),
                col(EntitlementRow.id) == col(PaymentRow.entitlement),
            ),
        )
        .join(keys, and_(*(col(getattr(EntitlementRow, name)) == keys.c[name] for name in KEY)))
        .where(
            col(PaymentRow.county) == county,
            col(PaymentRow.batch) == batch,
            col(PaymentRow.state) == PLANNED,
        )
    )
    found = {row[0]: int(row[1]) for row in session.execute(statement)}
    return found | _twice_through_merges(session, county, batch)


def _twice_through_merges(session: Session, county: str, batch: str) -> dict[str, int]:
    """The same for homes that were merged: what another id of theirs was granted and paid stands against it."""
    same_as = aliases.same_as(session, county)
    if not same_as:
        return {}
    of_batch = books.payments(session, county, batch=batch)
    planned = {each.id for each in of_batch if each.state == PLANNED}
    ends = {same_as.get(each.household, each.household) for each in of_batch} & set(same_as.values())
    ids = sorted(ends | {id for id, end in same_as.items() if end in ends})
    decided, payments = books.decided(session, county, ids), books.payments(session, county, households=ids)
    return {
        id: each.amount_fen
        for each in paid_twice(decided, payments, same_as)
        for id in each.payments
        if id in planned
    }


def returned_at(session: Session, county: str, entitlements: Collection[str]) -> dict[str, datetime]:
    """Decision → when its money was last booked as returned; a return that was reversed is none."""
    found: dict[str, datetime] = {}
    for part in parts(sorted(set(entitlements))):
        statement = (
            select(col(PaymentRow.entitlement), func.max(EntryRow.entered_at))
            .join(
                EntryRow,
                and_(
                    col(EntryRow.county) == col(PaymentRow.county),
                    col(EntryRow.payment) == col(PaymentRow.id),
                    col(EntryRow.kind) == "returned",
                ),
            )
            .where(
                col(PaymentRow.county) == county,
                col(PaymentRow.state) == RETURNED,
                col(PaymentRow.entitlement).in_(part),
            )
            .group_by(col(PaymentRow.entitlement))
        )
        found |= {row[0]: row[1] for row in session.execute(statement)}
    return found


def returned_in(session: Session, county: str, batch: str) -> dict[str, str]:
    """Decision → its payment that came back in this batch, and in no later one."""
    statement = (
        select(col(PaymentRow.entitlement), col(PaymentRow.id), col(PaymentRow.batch))
        .join(
            BatchRow,
            and_(col(BatchRow.county) == col(PaymentRow.county), col(BatchRow.id) == col(PaymentRow.batch)),
        )
        .where(col(PaymentRow.county) == county, col(PaymentRow.state) == RETURNED)
        .where(
            col(PaymentRow.entitlement).in_(
                select(col(PaymentRow.entitlement)).where(
                    col(PaymentRow.county) == county,
                    col(PaymentRow.batch) == batch,
                    col(PaymentRow.state) == RETURNED,
                )
            )
        )
        .order_by(col(BatchRow.number))
    )
    latest = {row[0]: (row[1], row[2]) for row in session.execute(statement)}
    return {entitlement: id for entitlement, (id, of) in latest.items() if of == batch}


@dataclass(frozen=True)
class Stated:
    """A payee in force, and since when it was stated or confirmed."""

    payee: Payee
    at: datetime


def payees_of(session: Session, county: str, households: Sequence[str]) -> dict[str, Stated]:
    """Household → its payee in force; whoever has none is left out."""
    table = table_of(PayeeRow)
    columns = [table.c[name] for name in ("household", "holder", "account", "bank", "relation", "stated_at")]
    found = {}
    ids = aliases.every_id(session, county, households)
    for part in parts(sorted({id for several in ids.values() for id in several})):
        in_force = select(*columns).where(
            col(PayeeRow.county) == county,
            col(PayeeRow.household).in_(part),
            col(PayeeRow.state) == "in_force",
        )
        for row in session.execute(in_force):
            payee = Payee(row.holder, row.account, row.bank, row.relation)
            found[row.household] = Stated(payee, row.stated_at)
    stated = {
        id: next((found[each] for each in several if each in found), None) for id, several in ids.items()
    }
    return {id: each for id, each in stated.items() if each is not None}


def disputed(session: Session, county: str) -> set[str]:
    """Homes for which another payee was stated and nobody has decided yet."""
    statement = select(col(PayeeRow.household)).where(
        col(PayeeRow.county) == county, col(PayeeRow.state) == "proposed"
    )
    found = set(session.execute(statement).scalars())
    return {id for several in aliases.every_id(session, county, found).values() for id in several}
