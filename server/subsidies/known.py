"""What is told of homes' money, read for many homes at once: sends of ten thousand payments tell ten thousand homes.

Columns only, never whole rows: a decision carries all of its facts, and telling needs its amount and reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlmodel import Session, col

from server.database import parts
from server.registry import aliases
from server.registry.acceptance_tables import Acceptance
from server.registry.tables import Conversion
from server.registry.vocabulary import CLEAN_KINDS
from server.subsidies.tables import BatchRow, EntitlementRow, PayeeRow, PaymentRow, ReviewRow
from server.subsidies.words import Granted, Known, Paid

REVIEW: Final = (
    col(ReviewRow.household), col(ReviewRow.undecided_n), col(ReviewRow.undecided_fen),
    col(ReviewRow.corrections_n), col(ReviewRow.corrections_fen), col(ReviewRow.open_codes),
)  # fmt: skip


@dataclass
class _Found:
    """One home's, while it is read."""

    unaccepted_n: int = 0
    accepted_on: date | None = None
    review: Any = None
    granted: list[Granted] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    payee: bool = False

    def known(self) -> Known:
        review = self.review
        return Known(
            unaccepted_n=self.unaccepted_n,
            accepted_on=self.accepted_on,
            undecided_n=review.undecided_n if review else 0,
            undecided_fen=review.undecided_fen if review else 0,
            corrections_n=review.corrections_n if review else 0,
            corrections_fen=review.corrections_fen if review else 0,
            open_codes=tuple(dict.fromkeys(review.open_codes.split())) if review else (),
            granted=tuple(self.granted),
            payments=tuple(self.payments),
            payee=self.payee,
        )


def known(session: Session, county: str, households: Collection[str]) -> dict[str, Known]:
    """Household to what is known of its money, for every one of `households`; what was decided and paid under an id
    that was merged into it is its own."""
    found: dict[str, _Found] = defaultdict(_Found)
    ids = aliases.ids_of(session, county, households)
    leads_to = {id: end for end, several in ids.items() for id in several}
    for part in parts(sorted(leads_to)):
        _conversions(session, county, part, found)
        for row in _rows(session, county, ReviewRow, part, REVIEW):
            found[row.household].review = row
        _granted(session, county, part, leads_to, found)
        _payments(session, county, part, leads_to, found)
        in_force = col(PayeeRow.state) == "in_force"
        for (household,) in _rows(session, county, PayeeRow, part, [col(PayeeRow.household)], in_force):
            found[leads_to[household]].payee = True
    return {household: found[household].known() for household in households}


def _rows(
    session: Session,
    county: str,
    table: Any,
    part: Sequence[str],
    columns: Sequence[Any],
    *conditions: ColumnElement[bool],
) -> Iterator[Any]:
    statement = select(*columns).where(
        col(table.county) == county, col(table.household).in_(part), *conditions
    )
    return iter(session.execute(statement))


def _conversions(session: Session, county: str, part: Sequence[str], found: dict[str, _Found]) -> None:
    standing = and_(
        col(Acceptance.county) == col(Conversion.county),
        col(Acceptance.conversion) == col(Conversion.id),
        col(Acceptance.withdrawn_at).is_(None),
    )
    statement = (
        select(col(Conversion.household), col(Acceptance.accepted_on))
        .outerjoin(Acceptance, standing)
        .where(
            col(Conversion.county) == county,
            col(Conversion.household).in_(part),
            col(Conversion.kind).in_(CLEAN_KINDS),
        )
    )
    for household, accepted_on in session.execute(statement):
        home = found[household]
        if accepted_on is None:
            home.unaccepted_n += 1
        else:
            home.accepted_on = max(home.accepted_on or accepted_on, accepted_on)


def _granted(
    session: Session, county: str, part: Sequence[str], leads_to: Mapping[str, str], found: dict[str, _Found]
) -> None:
    row = EntitlementRow
    statement = (
        select(
            col(row.household), col(row.id), col(row.corrects), col(row.component), col(row.season),
            col(row.amount_fen), col(row.line)["reason"],
        )
        .where(col(row.county) == county, col(row.household).in_(part))
        .order_by(col(row.number))
    )  # fmt: skip
    for household, identity, corrects, component, season, amount_fen, reason in session.execute(statement):
        granted = Granted(identity, corrects, component, season, amount_fen, reason)
        found[leads_to[household]].granted.append(granted)


def _payments(
    session: Session, county: str, part: Sequence[str], leads_to: Mapping[str, str], found: dict[str, _Found]
) -> None:
    row = PaymentRow
    same = and_(col(BatchRow.county) == col(row.county), col(BatchRow.id) == col(row.batch))
    statement = (
        select(
            col(row.household), col(row.entitlement), col(row.amount_fen), col(row.state), col(row.account),
            col(row.reason), col(row.batch), col(BatchRow.number), col(row.sent_on), col(row.booked_on),
        )
        .join(BatchRow, same)
        .where(col(row.county) == county, col(row.household).in_(part))
    )  # fmt: skip
    for household, *told in session.execute(statement):
        found[leads_to[household]].payments.append(Paid(*told))
