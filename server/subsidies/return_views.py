"""What the pages of return files show: rows that match nothing and wait, and those somebody has dealt with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from server.access.views import names
from server.subsidies.batch_rows import WAITING
from server.subsidies.tables import BatchRow, PaymentRow, ReturnFileRow, ReturnRowRow
from server.web import Page
from server.web.listing import held_to

# As many as one looks through on the batch's own page; the rest are a list of their own.
SHOWN_MAX: Final = 20
Named = TypeVar("Named", BatchRow, PaymentRow)


@dataclass(frozen=True)
class WaitingLine:
    """A row that waits or waited, with its file, the batch it came for, and what it may speak of."""

    row: ReturnRowRow
    file_name: str
    batch: BatchRow
    payment: PaymentRow | None
    other: BatchRow | None
    settled_by: str


def waiting_rows(
    session: Session, county: str, *, batch: str = "", settled: bool = False, number: int = 1, size: int = 50
) -> Page[WaitingLine]:
    """Rows that match nothing, of a batch or of the county: those that wait, or those settled."""
    where = [col(ReturnRowRow.county) == county, col(ReturnRowRow.why) != ""]
    where.append(col(ReturnRowRow.fate) != WAITING if settled else col(ReturnRowRow.fate) == WAITING)
    if batch:
        where.append(col(ReturnRowRow.batch) == batch)
    total = session.execute(select(func.count()).select_from(ReturnRowRow).where(*where)).scalar_one()
    number = held_to(number, total, size)
    of_file = and_(
        col(ReturnFileRow.county) == col(ReturnRowRow.county), col(ReturnFileRow.id) == col(ReturnRowRow.file)
    )
    statement = (
        select(ReturnRowRow, col(ReturnFileRow.name))
        .join(ReturnFileRow, of_file)
        .where(*where)
        .order_by(col(ReturnFileRow.read_at), col(ReturnRowRow.file), col(ReturnRowRow.number))
    )
    rows = session.execute(statement.offset((number - 1) * size).limit(size)).all()
    return Page(_waiting_lines(session, county, rows), total, number, size)


def waiting_now(session: Session, county: str, batch: str) -> Page[WaitingLine]:
    """The first of a batch's rows that wait, for its page."""
    return waiting_rows(session, county, batch=batch, size=SHOWN_MAX)


def _waiting_lines(session: Session, county: str, rows: Collection[Any]) -> list[WaitingLine]:
    people = names(session, {row.settled_by for row, _ in rows if row.settled_by})
    batches = _by_id(
        session, BatchRow, county, {id for row, _ in rows for id in (row.batch, row.other_batch)}
    )
    payments = _by_id(session, PaymentRow, county, {row.end_to_end_id for row, _ in rows})
    return [
        WaitingLine(
            row, name, batches[row.batch], payments.get(row.end_to_end_id), batches.get(row.other_batch),
            people.get(row.settled_by, ""),
        )
        for row, name in rows
    ]  # fmt: skip


def _by_id(session: Session, model: type[Named], county: str, ids: Collection[str]) -> dict[str, Named]:
    found = session.execute(
        select(model).where(col(model.county) == county, col(model.id).in_(ids))
    ).scalars()
    return {row.id: row for row in found}
