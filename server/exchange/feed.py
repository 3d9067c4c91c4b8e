"""The feed and the entities as a tablet reads them: the hub's `Feed` over SQL, within one reading
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, func, select, tuple_
from sqlmodel import Session

from server import statements
from server.database import among, table_of
from server.exchange.tables import EntityRow, FeedHead, FeedRow
from sync.documents import state_of
from sync.messages import EntityState


@dataclass(frozen=True)
class SqlFeed:
    """One county's feed. Fits the hub's `Feed`."""

    session: Session
    county: str

    def heads(self, villages: Sequence[str]) -> dict[str, int]:
        """Village → feed head; absent if nothing ever happened there."""
        wanted = {"county": self.county, "villages": list(villages)}
        return dict(statements.rows(self.session, _HEADS, wanted))

    def changes(self, village: str, after_seq: int, limit: int) -> list[tuple[int, EntityState]]:
        """Each entity once, at its last row: what a tablet wants is the present state."""
        after = {"county": self.county, "village": village, "after": after_seq, "most": limit}
        rows = statements.rows(self.session, _CHANGES, after)
        return [(seq, state_of(document, village)) for seq, document in rows]

    def snapshot(self, village: str, after_key: str | None, limit: int) -> list[EntityState]:
        """The entities that stand in the village, by (dataset, id)."""
        wanted: dict[str, object] = {"county": self.county, "village": village, "most": limit}
        query = _FIRST
        if after_key is not None:
            query = _FURTHER
            wanted["dataset"], _, wanted["id"] = after_key.partition("/")
        rows = statements.rows(self.session, query, wanted)
        return [state_of(document, village) for (document,) in rows]


# Built once: to put a statement together costs more than to run it.
_ROW: Final = table_of(FeedRow).c
_HEAD: Final = table_of(FeedHead).c
_ENTITY: Final = table_of(EntityRow).c
_HEADS: Final = select(_HEAD.village, _HEAD.seq).where(
    _HEAD.county == bindparam("county"), among(_HEAD.village, "villages", few=True)
)
_LAST: Final = (
    select(_ROW.dataset, _ROW.id, func.max(_ROW.seq).label("seq"))
    .where(
        _ROW.county == bindparam("county"),
        _ROW.village == bindparam("village"),
        _ROW.seq > bindparam("after"),
    )
    .group_by(_ROW.dataset, _ROW.id)
    .order_by(func.max(_ROW.seq))
    .limit(bindparam("most"))
    .subquery()
)
_CHANGES: Final = (
    select(_LAST.c.seq, _ENTITY.held)
    .select_from(_LAST)
    .join(
        table_of(EntityRow),
        and_(
            _ENTITY.county == bindparam("county"),
            _ENTITY.dataset == _LAST.c.dataset,
            _ENTITY.id == _LAST.c.id,
        ),
    )
    .order_by(_LAST.c.seq)
)
_FIRST: Final = (
    select(_ENTITY.held)
    .where(_ENTITY.county == bindparam("county"), _ENTITY.village == bindparam("village"))
    .order_by(_ENTITY.dataset, _ENTITY.id)
    .limit(bindparam("most"))
)
_FURTHER: Final = _FIRST.where(
    tuple_(_ENTITY.dataset, _ENTITY.id) > tuple_(bindparam("dataset"), bindparam("id"))
)
