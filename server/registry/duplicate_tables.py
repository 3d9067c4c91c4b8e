"""Tables of homes registered twice: ids that lead to another home, who merged them, and who said they are two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from server.database import Instant


class Alias(SQLModel, table=True):
    """An id that leads to another entity of its dataset. A reading of the entities, made with them.

    `same_as`: what it was merged into; `survivor`: where that leads at last, should it have been merged further.
    """

    __tablename__ = "alias"
    __table_args__ = (Index("ix_alias_survivor", "county", "dataset", "survivor"),)

    county: str = Field(primary_key=True)
    dataset: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    same_as: str
    survivor: str
    village: str


class HouseholdMerge(SQLModel, table=True):
    """One act of making two homes one, and of taking that back. Never deleted.

    `chosen`: property → the value the survivor got that was not its own. `villages`: where each home stood.
    """

    __tablename__ = "household_merge"
    __table_args__ = (
        Index("ix_household_merge_loser", "county", "loser"),
        Index("ix_household_merge_survivor", "county", "survivor"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    survivor: str
    loser: str
    village: str
    loser_village: str
    chosen: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    reason: str
    merged_by: str
    merged_at: datetime = Field(sa_type=Instant)
    undone_by: str = ""
    undone_at: datetime | None = Field(default=None, sa_type=Instant)
    undone_reason: str = ""


class NotDuplicate(SQLModel, table=True):
    """Somebody looked and said that two homes are two. `one` is the smaller id. Never deleted: `number` counts what
    was said of the two, `withdrawn_at` ends it."""

    __tablename__ = "not_duplicate"

    county: str = Field(primary_key=True)
    one: str = Field(primary_key=True)
    other: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    village: str
    reason: str
    said_by: str
    said_at: datetime = Field(sa_type=Instant)
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
