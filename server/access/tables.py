"""Tables of people and tablets.

People and their tokens are the same in every county (a city's official signs in once), so they are small
tables without one; whatever grows with the number of tablets has `county` first in its key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship
from sqlmodel import Field, Relationship, SQLModel

from server.access.roles import ROLES
from server.database import Instant

SHORT_CHARS: Final = 6
"""Of an id, enough to tell a county's tablets apart at a glance."""


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
    password_once: bool = Field(default=False, description="given by another; to be changed before any work")
    session_version: int = Field(default=1, description="raised to end every session of this person")
    made_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    grants: Mapped[list[RoleAssignment]] = Relationship(
        sa_relationship=relationship(
            "RoleAssignment",
            primaryjoin="and_(Person.id == RoleAssignment.person, RoleAssignment.until_at.is_(None))",
            order_by="RoleAssignment.area, RoleAssignment.role",
            # Whoever reads a person reads what they may do; written it is only by `people`.
            lazy="selectin",
            viewonly=True,
            uselist=True,
        )
    )

    @property
    def role_name(self) -> str:
        """The first role's Chinese name, for the head of every page."""
        return ROLES[self.grants[0].role].name if self.grants and self.grants[0].role in ROLES else ""


class RoleAssignment(SQLModel, table=True):
    """A role held by a person for an area from an instant until another; in force while `until_at` is empty."""

    __tablename__ = "role_assignment"

    person: str = Field(primary_key=True, foreign_key="person.id")
    role: str = Field(primary_key=True)
    area: str = Field(primary_key=True, description="division code prefix")
    from_at: datetime = Field(primary_key=True, sa_type=Instant)
    until_at: datetime | None = Field(default=None, sa_type=Instant)


class Audit(SQLModel, table=True):
    """Who did what, written in the transaction that did it; never changed. `verb` is the permission's name."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "county", "at"),
        Index("ix_audit_subject", "county", "subject"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    person: str = Field(description="id; empty for the server's own command line")
    verb: str
    area: str = Field(description="division code prefix it was done in")
    subject: str = Field(description="what it was done to, as kind/id")
    detail: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


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
    sent, `photos_waiting` photos without a receipt; `forms` are its released forms as id@version;
    `free_bytes` what was left of its storage, empty where it did not know.

    `chain_seq`, `chain_hash`: the furthest head of its chain; `challenge`: it stated one behind that and was asked
    to say so again. `closed_as` (restored, cloned): more than one line of records came under this id; whoever
    holds it must enrol anew. `formers`: ids it was enrolled under before, by its own word, with the end of each
    chain: "id@place:hash" (of an older app the id alone).
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
    forms: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    free_bytes: int | None = Field(default=None, sa_type=BigInteger)
    photos_waiting: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    challenge: str | None = None
    closed_as: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    formers: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )

    @property
    def called(self) -> str:
        """How the office speaks of it."""
        return self.name or self.device[:SHORT_CHARS]


class Rescue(SQLModel, table=True):
    """A rescue file that a lost tablet wrote when it learned that it is revoked, as somebody brought it: still
    sealed. Taken into the journal once `imported_at` is set; one that nobody confirmed goes after a while.

    `id`: SHA-256 of the file. `made_at` and the counts are the tablet's word.
    """

    __tablename__ = "rescue"

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    device: str
    name: str = Field(description="of the file as uploaded")
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    submissions_n: int
    drafts_n: int
    photos_n: int
    made_at: datetime = Field(sa_type=Instant)
    read_at: datetime = Field(sa_type=Instant)
    read_by: str = Field(description="person; empty for the command line")
    imported_at: datetime | None = Field(default=None, sa_type=Instant)
    imported_by: str | None = None


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
    name: str = Field(default="", description="what the office wants the tablet called; empty: see enrolment")
