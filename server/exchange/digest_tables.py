"""What the hub keeps of villages' digests, and what tablets said theirs were.

Apart from `tables` because journal and feed stand without them: every row here can be counted anew from those.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel

from server.database import Instant


class VillageDigest(SQLModel, table=True):
    """The digest of what a tablet of the village holds that has read its feed to `seq`: a row for each transaction
    that told of the village, written by it. `digest` as it travels."""

    __tablename__ = "village_digest"

    county: str = Field(primary_key=True)
    village: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    digest: str


class TabletDigest(SQLModel, table=True):
    """What a tablet last said it holds: one digest over the villages in `cursors` (village to place in its feed),
    under the history it knew."""

    __tablename__ = "tablet_digest"

    county: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    history: str
    digest: str
    cursors: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
