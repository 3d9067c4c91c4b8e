"""Tables of sightings and of the problem ledger.

A problem is a row that its events have led to: every step adds an event, and no event is ever changed. One
household has at most one problem of a kind that is not closed, whoever writes at the same time.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Index, Numeric, text
from sqlmodel import Field, SQLModel

from server.database import Instant

TONNES = Numeric(10, 3)
NOT_CLOSED = text("state <> 'closed' AND household <> ''")


class Sighting(SQLModel, table=True):
    """Coal or a coal stove as somebody saw it, at a household or at a place in words. Merged from a tablet's
    records like a household; `submission` is the one that said what was seen."""

    __tablename__ = "sighting"
    __table_args__ = (
        Index("ix_sighting_village", "county", "village", "seen_on"),
        Index("ix_sighting_household", "county", "household"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    village: str
    version: int
    household: str = ""
    place: str = ""
    what: str = ""
    seen_on: date | None = None
    amount_t: Decimal | None = Field(default=None, sa_type=TONNES)
    location: str = ""
    remark: str = ""
    submission: str = ""
    seen_by: str = ""
    extra: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_type=Instant)


class Problem(SQLModel, table=True):
    """A problem as its events have left it. `source`: the entity it was found by ("sighting/…"), empty where
    somebody in the office opened it; `zone`: in whose force it was found. `opened_by` and the others are ids
    of people."""

    __tablename__ = "problem"
    __table_args__ = (
        Index("ix_problem_village", "county", "village", "state"),
        Index("ix_problem_due", "county", "state", "due_on"),
        Index("ix_problem_responsible", "county", "responsible", "state"),
        Index(
            "uq_problem_not_closed", "county", "household", "kind", unique=True,
            sqlite_where=NOT_CLOSED, postgresql_where=NOT_CLOSED,
        ),
    )  # fmt: skip

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    village: str
    household: str = ""
    place: str = ""
    description: str = ""
    found_on: date
    opened_at: datetime = Field(sa_type=Instant)
    opened_by: str
    reopened_by: str = ""
    source_submission: str = ""
    source: str = ""
    zone: str = ""
    responsible: str
    due_on: date
    state: str
    reported_by: str = ""
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by: str = ""
    outcome: str = ""
    evidence: str = ""
    events_n: int = 0
    updated_at: datetime = Field(sa_type=Instant)


class ProblemEvent(SQLModel, table=True):
    """A step of a problem, counted from 1. Written once."""

    __tablename__ = "problem_event"

    county: str = Field(primary_key=True)
    problem: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    by: str
    act: str
    text: str = ""
    responsible: str = ""
    due_on: date | None = None
    submission: str = ""
