"""Tables of the register.

What grows with the county has `county` first in its key. Columns are typed by what the programme reads;
properties a form adds later land in `extra` as they were written, as does a value that its column's type
cannot hold, so nothing recorded is lost on the way from the journal.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Index, Numeric
from sqlmodel import Field, SQLModel

from server.database import ByCodePoint, Instant
from sync.doors import LAST

AREA_M2 = Numeric(10, 2)
TONNES = Numeric(10, 3)


class Division(SQLModel, table=True):
    """A unit of the statistics bureau's list; `code` has twelve digits at every level."""

    __tablename__ = "division"
    __table_args__ = (
        Index("ix_division_parent", "parent"),
        Index("ix_division_level", "level", "code"),
        Index("ix_division_name", "name"),
    )

    code: str = Field(primary_key=True)
    name: str
    level: str = Field(description="province, city, county, township or village")
    parent: str = Field(default="", description="code of the unit above; empty for a province")
    urban_rural_code: str = Field(default="", description="111 to 220; empty where the bureau gives none")
    edition: str = Field(description="which edition of the list this row was last read from")


class AreaClass(SQLModel, table=True):
    """A decision about a village's area class. Decisions are only added; `current` marks the one in force:
    that of the latest date, of two on one day the later entered."""

    __tablename__ = "area_class"
    __table_args__ = (Index("ix_area_class_current", "county", "current", "village"),)

    county: str = Field(primary_key=True)
    village: str = Field(primary_key=True)
    number: int = Field(primary_key=True, description="counts a village's decisions from 1")
    area_class: str = Field(description="built_up, fringe, rural, or unclassified where one was withdrawn")
    source: str = Field(description="the document or meeting that decided")
    decided_on: date
    approver: str
    entered_by: str
    entered_at: datetime = Field(sa_type=Instant)
    current: bool


class Household(SQLModel, table=True):
    """A household as merged from what was recorded of it."""

    __tablename__ = "household"
    __table_args__ = (
        Index("ix_household_door", "county", "village", "door_order", "id"),
        Index("ix_household_name", "county", "head_name"),
        Index("ix_household_conflicts", "county", "conflicts_n"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    village: str
    version: int
    head_name: str = ""
    head_pinyin: str = Field(default="", description="zhangsan, for search")
    head_initials: str = Field(default="", description="zs, for search")
    id_number: str = ""
    phone: str = ""
    door_number: str = ""
    door_order: str = Field(
        default=LAST, sa_type=ByCodePoint, description="what lists sort the door number by (sync.doors)"
    )
    address: str = ""
    tenure: str = ""
    registration: str = ""
    residents_n: int | None = None
    house_area_m2: Decimal | None = Field(default=None, sa_type=AREA_M2)
    heated_area_m2: Decimal | None = Field(default=None, sa_type=AREA_M2)
    rooms_n: int | None = None
    house_use: str = ""
    occupancy: str = ""
    hardship: str = ""
    mountain: str = ""
    heating_status: str = ""
    not_heated_reason: str = ""
    device: str = ""
    device_by: str = Field(default="", description="the conversion whose record set the device, or empty")
    device_surveyed: str = Field(default="", description="the device as last recorded without a conversion")
    fuel: str = ""
    demolition_year: int | None = None
    location: str = Field(default="", description="latitude longitude altitude accuracy, as recorded")
    old_stove: str = ""
    old_stove_on: date | None = None
    visit_outcome: str = ""
    visited_on: date | None = None
    remark: str = ""
    extra: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    conflicts_n: int = 0
    updated_at: datetime = Field(sa_type=Instant)


class Conversion(SQLModel, table=True):
    """One conversion of a household's heating; a household has a history of them. `accepted_on` is the
    surveyor's claim, never the official's act."""

    __tablename__ = "conversion"
    __table_args__ = (
        # Serves "the latest conversion of a household that was installed" and its like without a sort.
        Index("ix_conversion_household", "county", "household", "id"),
        Index("ix_conversion_village", "county", "village"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    village: str
    version: int
    household: str = ""
    kind: str = ""
    device_code: str = ""
    batch: str = ""
    contract_number: str = ""
    contractor: str = ""
    account_number: str = ""
    brand: str = ""
    model: str = ""
    serial: str = ""
    signed_on: date | None = None
    installed_on: date | None = None
    connected_on: date | None = None
    first_used_on: date | None = None
    accepted_on: date | None = None
    remark: str = ""
    extra: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    conflicts_n: int = 0
    updated_at: datetime = Field(sa_type=Instant)


class CoalUse(SQLModel, table=True):
    """A dated observation of coal: what a winter took, what it cost, what is left. `season` is named by its
    two years, "2019-2020"."""

    __tablename__ = "coal_use"
    __table_args__ = (
        Index("ix_coal_use_household", "county", "household", "season"),
        Index("ix_coal_use_village", "county", "village"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    village: str
    version: int
    household: str = ""
    season: str = ""
    coal_t: Decimal | None = Field(default=None, sa_type=TONNES)
    price_fen_per_t: int | None = None
    coal_source: str = ""
    stock_t: Decimal | None = Field(default=None, sa_type=TONNES)
    observed_on: date | None = None
    extra: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    conflicts_n: int = 0
    updated_at: datetime = Field(sa_type=Instant)
