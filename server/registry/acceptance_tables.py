"""The table of acceptances (验收): officials' acts about conversions, apart from what surveyors record."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from server.database import Instant

STANDING = text("withdrawn_at IS NULL")


class Acceptance(SQLModel, table=True):
    """One acceptance of a conversion. A withdrawn one stays; at most one of a conversion stands."""

    __tablename__ = "acceptance"
    __table_args__ = (
        Index(
            "ux_acceptance_standing", "county", "conversion", unique=True, sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
        Index("ix_acceptance_village", "county", "village"),
    )  # fmt: skip

    county: str = Field(primary_key=True)
    conversion: str = Field(primary_key=True)
    number: int = Field(primary_key=True, description="counts a conversion's acceptances from 1")
    village: str = Field(description="where the conversion was when it was accepted")
    household: str
    conversion_version: int = Field(description="the version that was accepted")
    accepted_on: date = Field(description="the day of the inspection on site")
    document_number: str
    evidence: str
    cost_fen: int | None = Field(
        default=None, sa_type=BigInteger, description="what device and installation really cost, where shown"
    )
    hardship: str = Field(
        default="", description="hardship class that was proven to the official; empty: none"
    )
    hardship_since: date | None = Field(default=None, description="the day of that proof's decision")
    accepted_by: str = Field(description="person id, never a surveyor of this conversion")
    entered_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    withdrawn_by: str | None = None
    withdrawn_reason: str | None = None
