"""The table of released plans. A row is written once and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from server.database import Instant


class PlanRow(SQLModel, table=True):
    """A released plan: its document, and the hash of the document's canonical form."""

    __tablename__ = "plan"

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    sha256: str
    document: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    released_at: datetime = Field(sa_type=Instant)
