"""The log of what people did: written by the act itself, in its transaction, and read as a list.

Apart from `actions` because every room above writes it, beside each write of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from server import statements
from server.access.roles import OWN_VERBS
from server.access.tables import Audit, Person
from server.database import table_of
from server.web import N_, Page
from server.web.figures import CHINA
from server.web.listing import held_to

ROWS_AT_A_TIME: Final = 500
DETAIL_CHARS_MAX: Final = 1000
_LINE: Final = table_of(Audit).insert()
# Acts without a person: what the server does by itself, and what somebody does on its command line.
ITSELF, COMMAND_LINE = N_("系统自动"), N_("服务器命令行")


def audit(
    session: Session, *, person: str, verb: str, county: str, area: str, subject: str,
    detail: Mapping[str, str], now: datetime,
) -> None:  # fmt: skip
    """Writes one line. `person`: id, empty for the command line and for `OWN_VERBS`. `subject`: kind/id. `detail`:
    what else must be known in a year, Chinese label to value; never a password, a token or a whole account number.
    """
    kept = {label: value[:DETAIL_CHARS_MAX] for label, value in detail.items() if value}
    line = {
        "county": county, "id": str(uuid4()), "at": now, "person": person, "verb": verb, "area": area or county,
        "subject": subject, "detail": kept,
    }  # fmt: skip
    statements.run(session, _LINE, line)


def common_area(codes: list[str], county: str) -> str:
    """The smallest area that holds all of these villages: village, township, or the county."""
    for digits in (12, 9):
        inside = {code[:digits] for code in codes}
        if len(inside) == 1:
            return inside.pop()
    return county


@dataclass(frozen=True)
class AuditFilter:
    """`area`: division code prefix; `person`: id; days are the county's, both included. Empty filters nothing."""

    county: str
    area: str = ""
    person: str = ""
    verb: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        yield col(Audit.county) == self.county
        if self.area and self.area != self.county:
            yield col(Audit.area).startswith(self.area, autoescape=True)
        for column, value in (
            (Audit.person, self.person),
            (Audit.verb, self.verb),
            (Audit.subject, self.subject),
        ):
            if value:
                yield col(column) == value
        if self.since:
            yield col(Audit.at) >= datetime.combine(self.since, time(), CHINA)
        if self.until:
            yield col(Audit.at) < datetime.combine(self.until + timedelta(days=1), time(), CHINA)


@dataclass(frozen=True)
class AuditLine:
    """One act with its actor's name; empty for what no person did."""

    row: Audit
    name: str

    @property
    def actor(self) -> str:
        """Whom a list names: the person, or what did it instead, in Chinese."""
        return self.name or (ITSELF if self.row.verb in OWN_VERBS else COMMAND_LINE)


def _found(wanted: AuditFilter) -> Any:
    return (
        select(Audit, Person.name)
        .outerjoin(Person, col(Person.id) == col(Audit.person))
        .where(*wanted.conditions())
        .order_by(col(Audit.at).desc(), col(Audit.id))
    )


def page(session: Session, wanted: AuditFilter, number: int, size: int) -> Page[AuditLine]:
    """One page of the log, the latest first."""
    counted = select(func.count()).select_from(Audit).where(*wanted.conditions())
    total = session.execute(counted).scalar_one()
    number = held_to(number, total, size)
    rows = session.execute(_found(wanted).offset((number - 1) * size).limit(size))
    return Page([AuditLine(row, name or "") for row, name in rows], total, number, size)


def every(session: Session, wanted: AuditFilter) -> Iterator[AuditLine]:
    """The whole log as filtered, for a sheet."""
    result = session.execute(_found(wanted).execution_options(yield_per=ROWS_AT_A_TIME))
    for part in result.partitions(ROWS_AT_A_TIME):
        yield from (AuditLine(row, name or "") for row, name in part)


def areas(session: Session, wanted: AuditFilter) -> list[str]:
    """The areas that acts of the log as filtered were done in."""
    return list(session.exec(select(Audit.area).where(*wanted.conditions()).distinct()))


def actors(session: Session, county: str) -> list[tuple[str, str]]:
    """(id, name) of whoever stands in the log, by name."""
    known = select(Audit.person).where(Audit.county == county).distinct()
    rows = session.exec(select(Person.id, Person.name).where(col(Person.id).in_(known)).order_by(Person.name))
    return [(identity, name) for identity, name in rows]


def verbs(session: Session, county: str) -> list[str]:
    """The verbs that stand in the log."""
    return sorted(session.exec(select(Audit.verb).where(Audit.county == county).distinct()))
