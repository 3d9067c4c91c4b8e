"""Tables of the journal, the entities merged from it, and the feed that tells tablets of both.

All of them grow with the county, so `county` comes first in every key, and no transaction touches two
counties.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from server.database import Instant


class SubmissionRow(SQLModel, table=True):
    """A line of the journal: a submission as received, with its verdict, for ever. Written once.

    `kind`: submission, malformed (could not be read) or differs (other content under an id that already has
    its verdict). `sent` is the submission's canonical JSON, or its JSON text where it could not be read;
    `verdict` and `traces` are documents of the protocol's codec. The columns beside them repeat what lists
    filter by, and are empty where nothing could be read. `position` orders those received at one instant.
    `clock_offset_s`: the hub's clock less the tablet's. `hash`: of the content, to tell a resend from a
    clash. `screen`: what its tablet told of the screen it was made at (`sync.messages.Screen`), NULL where it
    told nothing.
    """

    __tablename__ = "submission"
    __table_args__ = (
        Index("ix_submission_received", "county", "received_at", "position"),
        Index("ix_submission_village", "county", "village", "received_at"),
        Index("ix_submission_outcome", "county", "outcome", "received_at"),
        Index("ix_submission_device", "county", "device", "device_seq"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    device: str
    device_seq: int = Field(sa_type=BigInteger)
    village: str
    person: str
    form: str
    form_version: str
    observed_at: str = Field(description="the tablet's word, as sent")
    received_at: datetime = Field(sa_type=Instant)
    position: int
    clock_offset_s: int = Field(sa_type=BigInteger)
    outcome: str
    policy_version: str
    hash: str
    sent: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    traces: str = Field(sa_type=Text)
    screen: str | None = Field(default=None, sa_type=Text)


class SubmissionTarget(SQLModel, table=True):
    """Which submissions spoke of an entity: the way from a household to what was recorded of it."""

    __tablename__ = "submission_target"
    # From a submission to what else it spoke of: whole, or SQLite prefers the key and reads a dataset through.
    __table_args__ = (Index("ix_submission_target_submission", "county", "submission", "dataset", "entity"),)

    county: str = Field(primary_key=True)
    dataset: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    submission: str = Field(primary_key=True)


class EntityRow(SQLModel, table=True):
    """An entity as merged so far: `held` is the hub's own document of it, the other columns repeat parts."""

    __tablename__ = "entity"
    __table_args__ = (
        Index("ix_entity_village", "county", "village", "dataset", "id"),
        Index("ix_entity_conflicts", "county", "conflicts_n"),
    )

    county: str = Field(primary_key=True)
    dataset: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    village: str
    version: int = Field(sa_type=BigInteger)
    conflicts_n: int = 0
    updated_at: datetime = Field(sa_type=Instant)
    held: str = Field(sa_type=Text)


class FeedRow(SQLModel, table=True):
    """One thing that happened in a village, in the order tablets learn of it. `op` is put or gone."""

    __tablename__ = "feed"

    county: str = Field(primary_key=True)
    village: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    dataset: str
    id: str
    op: str
    version: int = Field(sa_type=BigInteger)


class FeedHead(SQLModel, table=True):
    """The last sequence number given in a village. Its row lock makes visible order equal sequence order."""

    __tablename__ = "feed_head"

    county: str = Field(primary_key=True)
    village: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)


class FormRow(SQLModel, table=True):
    """A released form, exactly as tablets read it. A released one never changes: the hash is checked at
    every start.
    """

    __tablename__ = "form"

    id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    sha256: str
    xml: str = Field(sa_type=Text)
    released_at: datetime = Field(sa_type=Instant)


class HubMeta(SQLModel, table=True):
    """What the hub says of itself: `history` names this database's past, new at creation and at every
    restore.
    """

    __tablename__ = "hub_meta"

    name: str = Field(primary_key=True)
    value: str


class PhotoName(SQLModel, table=True):
    """Which submissions name a photo, taken or not: what may be sent to the office, and what is still missing.

    Written with the journal's line. `path`: of the answer in the record. `village`: whose people may look at it.
    """

    __tablename__ = "photo_name"
    __table_args__ = (Index("ix_photo_name_submission", "county", "submission"),)

    county: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    submission: str = Field(primary_key=True)
    path: str
    village: str


class Photo(SQLModel, table=True):
    """A photo whose bytes are on disk and hash to its name; written only after both is so. Never changed.

    `kind` is what the content says. `of`: the photo this is a thumbnail of, empty for a photo itself. `device`: the
    tablet that sent it first.
    """

    __tablename__ = "photo"
    __table_args__ = (Index("ix_photo_of", "county", "of"),)

    county: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    kind: str
    bytes: int = Field(sa_type=BigInteger)
    width: int
    height: int
    of: str
    device: str
    received_at: datetime = Field(sa_type=Instant)


class PhotoUpload(SQLModel, table=True):
    """A photo on its way from one tablet; how much of it has come is the length of its file."""

    __tablename__ = "photo_upload"

    county: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    bytes: int = Field(sa_type=BigInteger)
    of: str
    begun_at: datetime = Field(sa_type=Instant)
