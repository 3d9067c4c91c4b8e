"""Who is still owed, and what an area's money comes to: the same conditions count and open the lists.

Sums are of decisions and payments, which the ledger repeats entry by entry (`cleanheat verify` holds the two
together); both tables have an index that answers these sums alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, exists, func, not_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from server.registry import aliases, divisions, rules
from server.registry.acceptance_tables import Acceptance
from server.registry.filters import HouseholdFilter
from server.registry.selections import Selection
from server.registry.standing import within
from server.registry.tables import Conversion, Household
from server.registry.vocabulary import CLEAN_KINDS
from server.subsidies.payments import CREDITED, PLANNED, RETURNED, SENT
from server.subsidies.tables import EntitlementRow, PaymentRow, ReviewRow
from server.web import N_

ROOM: Final = "subsidy"
# What there is one entitlement of, with its corrections.
FAMILY: Final = ("county", "household", "component", "season")
OWED: Final = f"{ROOM}:owed"
SHOWN_STATES: Final = (CREDITED, SENT, PLANNED, RETURNED)


def owed() -> ColumnElement[bool]:
    """Of a Household: something decided, corrections included, is not wholly credited; or due and not decided."""
    one, each = aliased(EntitlementRow), aliased(EntitlementRow)
    # By the decision's id alone: every database finds that in an index, whatever it knows of the tables' sizes.
    credited = (
        select(func.sum(col(PaymentRow.amount_fen)))
        .where(
            col(PaymentRow.county) == col(each.county),
            col(PaymentRow.entitlement) == col(each.id),
            col(PaymentRow.state) == CREDITED,
        )
        .scalar_subquery()
    )
    alike = (getattr(each, name) == getattr(one, name) for name in FAMILY)
    gap = (
        select(func.sum(col(each.amount_fen) - func.coalesce(credited, 0)))
        .where(*alike)
        .correlate(one)
        .scalar_subquery()
    )
    return or_(aliases.home_has(one, gap > 0), _reviewed(col(ReviewRow.undecided_fen) > 0))


def _reviewed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        col(ReviewRow.county) == col(Household.county),
        col(ReviewRow.household) == col(Household.id),
        condition,
    )


def unsettled() -> ColumnElement[bool]:
    """Of a Household: money is owed, or nobody knows yet what is due: a conversion in use is not accepted, a
    question stands open, or nothing was worked out so far.

    What a zone asks before it forbids the coal: a village where nothing was accepted is not one that was paid.
    """
    accepted = exists().where(
        col(Acceptance.county) == col(Conversion.county),
        col(Acceptance.conversion) == col(Conversion.id),
        col(Acceptance.withdrawn_at).is_(None),
    )
    waiting = exists().where(
        col(Conversion.county) == col(Household.county),
        col(Conversion.household) == col(Household.id),
        col(Conversion.kind).in_(CLEAN_KINDS),
        col(Conversion.connected_on).is_not(None),
        not_(accepted),
    )
    unknown = or_(col(ReviewRow.open_n) > 0, col(ReviewRow.worked_on).is_(None))
    return or_(owed(), waiting, _reviewed(unknown))


def selection() -> Selection:
    """What `of=subsidy:owed` opens in the list of households."""

    def condition(key: str) -> ColumnElement[bool] | None:
        return owed() if key == "owed" else None

    return Selection(condition, lambda key: N_("补贴未全部到账的住户"))


# ---- totals of an area


@dataclass(frozen=True)
class Sum:
    """Fen and how many, with the list behind both."""

    fen: int
    n: int
    address: str


@dataclass(frozen=True)
class AreaMoney:
    """An area's money. `paid`: payment state to its sum; `owed_fen` is what was decided and is not credited."""

    area: str
    name: str
    decided: Sum
    paid: Mapping[str, Sum]
    owed_n: int
    owed_address: str

    @property
    def owed_fen(self) -> int:
        return self.decided.fen - self.paid[CREDITED].fen


@dataclass
class _Counted:
    decided: tuple[int, int] = (0, 0)
    paid: dict[str, tuple[int, int]] = field(default_factory=dict)
    owed_n: int = 0


def totals(session: Session, area: str) -> tuple[AreaMoney, list[AreaMoney]]:
    """The money of an area (at least a county) and of each area directly inside it that has any.

    By the village a decision was made for, which stays when a household moves.
    """
    counted = _counted(session, area)
    units = divisions.children(session, area) if len(area) < 12 else []
    names = {rules.prefix_of(unit.code): unit.name for unit in units}
    parts = [_money(code, names.get(code, code), counted[code]) for code in sorted(counted) if code != area]
    whole = _Counted(
        _added([each.decided for each in counted.values()]),
        {
            state: _added([each.paid.get(state, (0, 0)) for each in counted.values()])
            for state in SHOWN_STATES
        },
        sum(each.owed_n for each in counted.values()),
    )
    return _money(area, divisions.area_name(session, area), whole), parts


def _added(sums: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(fen for fen, _ in sums), sum(n for _, n in sums)


def _counted(session: Session, area: str) -> dict[str, _Counted]:
    """By area directly inside; of a village, itself."""
    low, high = rules.bounds(area)
    digits = rules.child_digits(area)
    found: dict[str, _Counted] = defaultdict(_Counted)
    for row, group in ((EntitlementRow, ()), (PaymentRow, (PaymentRow.state,))):
        part = func.substr(col(row.village), 1, digits)
        statement = (
            select(part, func.sum(col(row.amount_fen)), func.count(), *group)
            .where(col(row.county) == area[:6], col(row.village).between(low, high))
            .group_by(part, *group)
        )
        for code, fen, n, *state in session.execute(statement):
            if state:
                found[code].paid[state[0]] = (int(fen), n)
            else:
                found[code].decided = (int(fen), n)
    part = func.substr(col(Household.village), 1, digits)
    statement = select(part, func.count()).where(within(area), owed()).group_by(part)
    for code, n in session.execute(statement):
        found[code].owed_n = n
    return found


def _money(area: str, name: str, counted: _Counted) -> AreaMoney:
    def payments(state: str) -> Sum:
        said = urlencode({"area": area, "state": state})
        return Sum(*counted.paid.get(state, (0, 0)), f"/finance/payments?{said}")

    return AreaMoney(
        area,
        name,
        Sum(*counted.decided, f"/finance/decisions?{urlencode({'area': area, 'show': 'decided'})}"),
        {state: payments(state) for state in SHOWN_STATES},
        counted.owed_n,
        HouseholdFilter(area=area, of=OWED).address(),
    )
