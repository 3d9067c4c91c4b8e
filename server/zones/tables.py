"""Tables of zones: versions that are kept, each with its villages and the households it leaves out.

`latest` marks the villages of the version designated last; a village is in at most one zone by it, whoever
decides at the same time.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from server.database import Instant

LATEST = text("latest")


class Zone(SQLModel, table=True):
    """A zone, whatever its range at any time. `versions_n`: how many versions it has had."""

    __tablename__ = "zone"

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    name: str
    versions_n: int
    made_at: datetime = Field(sa_type=Instant)


class ZoneVersion(SQLModel, table=True):
    """One range of a zone as proposed, and what was decided on it: `decision` is proposed, designated or
    refused. `edited_by` is everybody who wrote in the proposal. In force from `in_force_on` until the day
    before `until_on`. `checklist`: the readiness the decider saw, as decided."""

    __tablename__ = "zone_version"
    __table_args__ = (Index("ix_zone_version_decision", "county", "decision", "in_force_on"),)

    county: str = Field(primary_key=True)
    zone: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    change: str
    decision: str
    name: str
    reason: str
    bans: str
    responsible: str
    due_days: int
    proposed_by: str
    proposed_at: datetime = Field(sa_type=Instant)
    edited_by: list[str] = Field(sa_column=Column(JSON, nullable=False))
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decision_reason: str = ""
    document_number: str = ""
    document_on: date | None = None
    in_force_on: date | None = None
    until_on: date | None = None
    checklist: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class ZoneVillage(SQLModel, table=True):
    """A village of a version."""

    __tablename__ = "zone_village"
    __table_args__ = (
        Index("ix_zone_village_village", "county", "village"),
        Index(
            "uq_zone_village_latest", "county", "village", unique=True,
            sqlite_where=LATEST, postgresql_where=LATEST,
        ),
    )  # fmt: skip

    county: str = Field(primary_key=True)
    zone: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    village: str = Field(primary_key=True)
    latest: bool = False


class ZoneLeftOut(SQLModel, table=True):
    """A household that a version leaves out of its village, with the reason."""

    __tablename__ = "zone_left_out"
    __table_args__ = (Index("ix_zone_left_out_household", "county", "household"),)

    county: str = Field(primary_key=True)
    zone: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    household: str = Field(primary_key=True)
    village: str
    reason: str
    note: str = ""
    entered_by: str
    entered_at: datetime = Field(sa_type=Instant)
