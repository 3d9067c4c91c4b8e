"""What a batch would hold: who is owed, could be paid now, and who is left out and why.

Only reads. The page shows it before anything is written, and the act works it out again from the same
question, so that what was looked at and what is written can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from server.database import parts
from server.registry import aliases
from server.registry.rules import bounds
from server.subsidies import balances, books
from server.subsidies.balances import Stated
from server.subsidies.corrections import Decided
from server.subsidies.payments import PLANNED, Payable, Payee, Payment, payable
from server.subsidies.tables import BatchRow, EntitlementRow, PaymentRow
from server.web import N_

# Why somebody who is owed is left out of a batch, and what to do.
LEFT_OUT: Final = {
    "no_payee": (N_("没有收款人"), N_("由乡镇补录或导入收款人后再编。")),
    "disputed": (N_("收款人有更改，还没有决定"), N_("先在收款人页决定用哪一个。")),
    "returned": (N_("银行退回过，要在后续批次里重发"), N_("从退回它的那个批次编后续批次。")),
    "unchanged": (N_("退回后收款人没有更改或确认"), N_("先与住户核对，在收款人页更改或确认。")),
    "own": (N_("您为这一户做过入户调查或验收"), N_("请由另一人编入批次。")),
}


@dataclass(frozen=True)
class Wanted:
    """What to pay: an area (division code prefix of at least six digits), held to a component and a season where
    they are given, and to what fell due by a day. `follows`: only what this batch was returned.
    """

    area: str
    until: date
    component: str = ""
    season: str = ""
    follows: str = ""

    @property
    def county(self) -> str:
        return self.area[:6]


@dataclass(frozen=True)
class Item:
    """One payment to be: what is owed, where it was decided, to whom it goes (None where
    nobody knows), and on whose word it stands."""

    owed: Payable
    village: str
    component: str
    season: str
    due_on: date
    stated: Stated | None
    surveyed_by: frozenset[str]
    accepted_by: frozenset[str]

    @property
    def payee(self) -> Payee:
        return self.stated.payee if self.stated else Payee("", "")

    def payment(self, id: str) -> Payment:
        """The payment, planned, under its end-to-end id."""
        owed = self.owed
        return Payment(
            id=id, county=owed.county, household=owed.household, entitlement=owed.entitlement,
            amount_fen=owed.amount_fen, shares_fen=owed.shares_fen, payee=self.payee,
            surveyed_by=self.surveyed_by, accepted_by=self.accepted_by,
        )  # fmt: skip


@dataclass(frozen=True)
class Left:
    """Somebody owed who is left out; `why` is a key of LEFT_OUT."""

    item: Item
    why: str


@dataclass(frozen=True)
class Preview:
    """What a batch would hold, by village and household. `elsewhere`: number and title of another batch,
    not yet sent, to what it holds of this question already, as (how many, fen).
    """

    items: tuple[Item, ...]
    left: tuple[Left, ...]
    elsewhere: Mapping[tuple[int, str], tuple[int, int]]

    @property
    def total_fen(self) -> int:
        return sum(item.owed.amount_fen for item in self.items)

    @property
    def left_by_reason(self) -> dict[str, tuple[int, int]]:
        """Reason → how many are left out, and the fen they are owed."""
        found = {}
        for why in LEFT_OUT:
            amounts = [each.item.owed.amount_fen for each in self.left if each.why == why]
            if amounts:
                found[why] = len(amounts), sum(amounts)
        return found


def preview(session: Session, wanted: Wanted, person: str) -> Preview:
    """What `person` would put into a batch now."""
    households = _owed_households(session, wanted)
    items = _items(session, wanted, households)
    if wanted.follows:
        returned = balances.returned_in(session, wanted.county, wanted.follows)
        items = [item for item in items if set(item.owed.settles) & returned.keys()]
    kept, left = _sorted_out(session, wanted, items, person)
    return Preview(kept, left, _elsewhere(session, wanted))


def _within(wanted: Wanted) -> list[Any]:
    """The decisions a question speaks of, its day apart: a family of decisions falls due by its first."""
    found = [
        col(EntitlementRow.county) == wanted.county,
        col(EntitlementRow.village).between(*bounds(wanted.area)),
    ]
    if wanted.component:
        found.append(col(EntitlementRow.component) == wanted.component)
    if wanted.season:
        found.append(col(EntitlementRow.season) == wanted.season)
    return found


def _owed_households(session: Session, wanted: Wanted) -> list[str]:
    """Those to whom more was decided than is paid or on its way."""
    decided, live = balances.decided_by_key(*_within(wanted)), balances.live_by_key(*_within(wanted))
    same = and_(*(decided.c[name] == live.c[name] for name in balances.KEY))
    owed = (
        select(decided.c.household)
        .outerjoin(live, same)
        .where(decided.c.fen > func.coalesce(live.c.fen, 0))
        .distinct()
    )
    found = list(session.execute(owed).scalars())
    ids = aliases.every_id(session, wanted.county, found)
    return sorted({id for several in ids.values() for id in several})


def _items(session: Session, wanted: Wanted, households: Sequence[str]) -> list[Item]:
    decided = [each for each in books.decided(session, wanted.county, households) if _asked_for(each, wanted)]
    paid = books.payments(session, wanted.county, households=households)
    found = payable(decided, paid, aliases.same_as(session, wanted.county))
    rows = _rows_of(session, wanted.county, households)
    payees = balances.payees_of(session, wanted.county, households)
    items = []
    for owed in found:
        carrier = rows[owed.entitlement]
        items.append(
            Item(
                owed, carrier.village, carrier.component, carrier.season, carrier.due_on,
                payees.get(owed.household),
                frozenset(person for id in owed.settles for person in rows[id].surveyed_by),
                frozenset(person for id in owed.settles for person in rows[id].accepted_by),
            )
        )  # fmt: skip
    due = [each for each in items if each.due_on <= wanted.until and each.village.startswith(wanted.area)]
    return sorted(due, key=lambda each: (each.village, each.owed.household, each.component, each.season))


def _asked_for(each: Decided, wanted: Wanted) -> bool:
    line = each.line
    return wanted.component in ("", line.component) and wanted.season in ("", line.season)


def _rows_of(session: Session, county: str, households: Sequence[str]) -> dict[str, Any]:
    """The columns of decisions that a line alone does not tell."""
    row = EntitlementRow
    columns = (
        col(row.id), col(row.village), col(row.component), col(row.season), col(row.due_on),
        col(row.surveyed_by), col(row.accepted_by),
    )  # fmt: skip
    rows: dict[str, Any] = {}
    for part in parts(households):
        of_part = select(*columns).where(
            col(EntitlementRow.county) == county, col(EntitlementRow.household).in_(part)
        )
        rows |= {row.id: row for row in session.execute(of_part)}
    return rows


def _sorted_out(
    session: Session, wanted: Wanted, items: Iterable[Item], person: str
) -> tuple[tuple[Item, ...], tuple[Left, ...]]:
    """Who can be paid, and who is left out for the first reason that holds."""
    items = list(items)
    disputed = balances.disputed(session, wanted.county)
    back_at = balances.returned_at(session, wanted.county, [id for item in items for id in item.owed.settles])
    kept, left = [], []
    for item in items:
        at = max((back_at[id] for id in item.owed.settles if id in back_at), default=None)
        stated = item.stated
        reasons = {
            "no_payee": stated is None or not (stated.payee.account and stated.payee.holder),
            "disputed": item.owed.household in disputed,
            "returned": at is not None and not wanted.follows,
            "unchanged": at is not None and stated is not None and stated.at <= at,
            "own": person in item.surveyed_by | item.accepted_by,
        }
        why = next((code for code, holds in reasons.items() if holds), "")
        if why:
            left.append(Left(item, why))
        else:
            kept.append(item)
    return tuple(kept), tuple(left)


def _elsewhere(session: Session, wanted: Wanted) -> dict[tuple[int, str], tuple[int, int]]:
    """What other batches not yet sent hold of the same question: a clerk looks for it here."""
    statement = (
        select(col(BatchRow.number), col(BatchRow.title), func.count(), func.sum(PaymentRow.amount_fen))
        .select_from(EntitlementRow)
        .join(
            PaymentRow,
            and_(
                col(PaymentRow.county) == col(EntitlementRow.county),
                col(PaymentRow.entitlement) == col(EntitlementRow.id),
                col(PaymentRow.state) == PLANNED,
            ),
        )
        .join(
            BatchRow,
            and_(col(BatchRow.county) == col(PaymentRow.county), col(BatchRow.id) == col(PaymentRow.batch)),
        )
        .where(*_within(wanted))
        .group_by(col(BatchRow.number), col(BatchRow.title))
    )
    return {(number, title): (n, int(fen)) for number, title, n, fen in session.execute(statement)}


def seasons(session: Session, county: str) -> list[str]:
    """The seasons anything was decided for, the latest first; `once` at the end."""
    statement = select(col(EntitlementRow.season)).where(col(EntitlementRow.county) == county).distinct()
    found = list(session.execute(statement).scalars())
    return sorted(found, key=lambda season: (season[:1].isdigit(), season), reverse=True)
