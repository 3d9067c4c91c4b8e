"""The books in and out of the database: decisions, payments and the ledger as the pure rules know them.

Apart because everybody who moves money reads and posts here and nowhere else. Nothing is decided here. What
is written is written once; numbers are taken from a counter whose row stays locked until commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, insert, select
from sqlmodel import Session, col

from server.database import insert_into, parts, table_of
from server.subsidies import lines
from server.subsidies.corrections import Decided
from server.subsidies.ledger import Account, Entry, Posting
from server.subsidies.ledger_checks import Books
from server.subsidies.payments import Payee, Payment
from server.subsidies.tables import CounterRow, EntitlementRow, EntryRow, PaymentRow, PostingRow

ENTRIES: Final = "ledger_entry"
ENTITLEMENTS: Final = "entitlement"
BATCHES: Final = "payment_batch"


def load(session: Session, county: str) -> Books:
    """Everything of a county, as `ledger_checks.verify` wants it. Tens of thousands of rows: not for a page."""
    return Books(entries(session, county), decided(session, county), payments(session, county))


# ---- reading


def decided(session: Session, county: str, households: Collection[str] | None = None) -> tuple[Decided, ...]:
    """What was decided, of the county or of some households, in the order of decision."""
    columns = (EntitlementRow.id, EntitlementRow.number, EntitlementRow.line, EntitlementRow.corrects)
    rows = _rows(session, columns, county, EntitlementRow.household, households)
    ordered = sorted(rows, key=lambda row: row.number)
    return tuple(Decided(row.id, lines.from_json(row.line), row.corrects) for row in ordered)


def payments(
    session: Session, county: str, *, households: Collection[str] | None = None, batch: str | None = None
) -> tuple[Payment, ...]:
    """Payments in the order of their ids, of the county, of some households or of one batch."""
    extra = () if batch is None else (col(PaymentRow.batch) == batch,)
    table = table_of(PaymentRow)
    rows = _rows(session, tuple(table.columns), county, PaymentRow.household, households, *extra)
    return tuple(payment_of(row) for row in sorted(rows, key=lambda row: row.id))


def payment_of(row: PaymentRow | Row[Any]) -> Payment:
    """A payment as the rules know it."""
    return Payment(
        id=row.id,
        county=row.county,
        household=row.household,
        entitlement=row.entitlement,
        amount_fen=row.amount_fen,
        shares_fen=row.shares,
        payee=Payee(row.holder, row.account, row.bank, row.relation),
        state=row.state,
        surveyed_by=frozenset(row.surveyed_by),
        accepted_by=frozenset(row.accepted_by),
        reason=row.reason,
    )


def entries(
    session: Session, county: str, *, entitlements: Collection[str] | None = None
) -> tuple[Entry, ...]:
    """Entries of the ledger in the order they were made, of the county or about some first decisions."""
    table = table_of(EntryRow)
    found = list(_rows(session, tuple(table.columns), county, EntryRow.entitlement, entitlements))
    wanted = None if entitlements is None else [row.id for row in found]
    postings = _postings(session, county, wanted)
    return tuple(
        Entry(
            row.id, county, row.happened_on, row.kind, row.entitlement, row.payment,
            tuple(postings[row.id]), row.reverses,
        )
        for row in sorted(found, key=lambda row: row.number)
    )  # fmt: skip


def _postings(session: Session, county: str, entries: Collection[str] | None) -> dict[str, list[Posting]]:
    columns = (
        PostingRow.entry, PostingRow.number, PostingRow.level, PostingRow.purpose, PostingRow.amount_fen,
    )  # fmt: skip
    found: dict[str, list[Posting]] = defaultdict(list)
    rows = _rows(session, columns, county, PostingRow.entry, entries)
    for row in sorted(rows, key=lambda row: (row.entry, row.number)):
        found[row.entry].append(Posting(Account(county, row.level, row.purpose), row.amount_fen))
    return found


def _rows(
    session: Session, columns: Sequence[Any], county: str, key: Any, keys: Collection[str] | None,
    *conditions: ColumnElement[bool],
) -> Iterator[Row[Any]]:  # fmt: skip
    """Rows of a county, whole or where `key` is one of `keys`, a part of them at a time."""
    home = key.class_.county
    statement = select(*columns).where(home == county, *conditions)
    if keys is None:
        yield from session.execute(statement)
        return
    for part in parts(sorted(set(keys))):
        yield from session.execute(statement.where(key.in_(part)))


# ---- writing


def take_numbers(session: Session, county: str, name: str, count: int) -> range:
    """The next `count` numbers of what a county counts, without a gap; from here to commit nobody else takes any.

    With a count of 0 it only waits for whoever is before, and keeps others waiting.
    """
    table = table_of(CounterRow)
    given = insert_into(session, CounterRow).values(county=county, name=name, last=count)
    raised = given.on_conflict_do_update(
        index_elements=["county", "name"], set_={"last": table.c.last + given.excluded.last}
    )
    last: int = session.execute(raised.returning(table.c.last)).scalar_one()
    return range(last - count + 1, last + 1)


def post(
    session: Session, county: str, made: Iterable[Entry], *, village_of: Mapping[str, str], person: str,
    now: datetime,
) -> None:  # fmt: skip
    """Writes entries into the ledger, in the transaction of what they are made for. `village_of`: id of the decision
    to the village it was decided for. `person`: who did it; empty for the command line.
    """
    entries = list(made)
    if not entries:
        return
    assert all(entry.county == county for entry in entries), "no transaction moves two counties' money"
    numbers = take_numbers(session, county, ENTRIES, len(entries))
    rows = [
        {
            "county": county, "id": entry.id, "number": number, "happened_on": entry.on, "kind": entry.kind,
            "entitlement": entry.entitlement, "payment": entry.payment, "reverses": entry.reverses,
            "village": village_of[entry.entitlement], "entered_at": now, "entered_by": person,
        }
        for number, entry in zip(numbers, entries, strict=True)
    ]  # fmt: skip
    postings = [
        {
            "county": county, "entry": entry.id, "number": number, "level": posting.account.level,
            "purpose": posting.account.purpose, "amount_fen": posting.amount_fen,
        }
        for entry in entries
        for number, posting in enumerate(entry.postings, start=1)
    ]  # fmt: skip
    session.execute(insert(table_of(EntryRow)), rows)
    session.execute(insert(table_of(PostingRow)), postings)
