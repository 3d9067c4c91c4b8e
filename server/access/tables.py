"""Tables of people and tablets.

People and their tokens are the same in every county (a city's official signs in once), so they are small
tables without one; whatever grows with the number of tablets has `county` first in its key.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.database import Instant


class Person(SQLModel, table=True):
    """Somebody who signs in or carries a tablet. Without a password hash one cannot sign in: a surveyor at
    first.
    """

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("login", name="uq_person_login"),)

    id: str = Field(primary_key=True)
    login: str | None = Field(default=None, description="empty for those who only carry a tablet")
    name: str
    password_hash: str | None = None
    role: str
    area: str = Field(description="division code prefix this person answers for")
    session_version: int = Field(default=1, description="raised to end every session of this person")
    made_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class ApiToken(SQLModel, table=True):
    """A bearer token with a person's rights; the token itself is shown once and only its hash is kept."""

    __tablename__ = "api_token"

    token_sha256: str = Field(primary_key=True)
    person: str = Field(foreign_key="person.id", index=True)
    label: str
    made_at: datetime = Field(sa_type=Instant)
    last_used_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class Tablet(SQLModel, table=True):
    """One enrolled tablet, and what it said at its last contact. `waiting` counts records it had not yet
    sent.
    """

    __tablename__ = "tablet"
    __table_args__ = (Index("ix_tablet_secret", "secret_sha256"),)

    county: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    secret_sha256: str
    name: str
    person: str = Field(foreign_key="person.id")
    enrolled_at: datetime = Field(sa_type=Instant)
    last_contact_at: datetime | None = Field(default=None, sa_type=Instant)
    waiting: int = Field(default=0, sa_type=BigInteger)
    app_version: str = Field(default="")
    clock_offset_s: int = Field(default=0, sa_type=BigInteger, description="our clock less the tablet's")
    chain_seq: int = Field(default=0, sa_type=BigInteger)
    chain_hash: str = Field(default="")
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class Assignment(SQLModel, table=True):
    """A village held by a tablet from an instant until another; open while `until_at` is empty."""

    __tablename__ = "assignment"
    __table_args__ = (Index("ix_assignment_village", "county", "village"),)

    county: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    village: str = Field(primary_key=True)
    from_at: datetime = Field(primary_key=True, sa_type=Instant)
    until_at: datetime | None = Field(default=None, sa_type=Instant)


class EnrolmentCode(SQLModel, table=True):
    """A one-time code that makes a tablet of this county: for whom and for which villages. Kept as a hash."""

    __tablename__ = "enrolment_code"

    county: str = Field(primary_key=True)
    code_sha256: str = Field(primary_key=True)
    person: str = Field(foreign_key="person.id")
    villages: list[str] = Field(sa_column=Column(JSON, nullable=False))
    made_by: str
    made_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    used_by: str | None = Field(default=None, description="device that used it")
