"""The feed and the entities as a tablet reads them: the hub's `Feed` over SQL, within one reading
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, func, select, tuple_
from sqlmodel import Session

from server.database import table_of
from server.exchange.tables import EntityRow, FeedHead, FeedRow
from sync.documents import state_of
from sync.messages import EntityState

# Run twice by every contact, so built once.
_HEADS: Final = select(table_of(FeedHead).c.village, table_of(FeedHead).c.seq).where(
    table_of(FeedHead).c.county == bindparam("county"),
    table_of(FeedHead).c.village.in_(bindparam("villages", expanding=True)),
)


@dataclass(frozen=True)
class SqlFeed:
    """One county's feed. Fits the hub's `Feed`."""

    session: Session
    county: str

    def heads(self, villages: Sequence[str]) -> dict[str, int]:
        """Village → feed head; absent if nothing ever happened there."""
        asked = {"county": self.county, "villages": list(villages)}
        rows = self.session.connection().execute(_HEADS, asked)
        return {row.village: row.seq for row in rows}

    def changes(self, village: str, after_seq: int, limit: int) -> list[tuple[int, EntityState]]:
        """Each entity once, at its last row: what a tablet wants is the present state."""
        row, entity = table_of(FeedRow).c, table_of(EntityRow).c
        last = (
            select(row.dataset, row.id, func.max(row.seq).label("seq"))
            .where(row.county == self.county, row.village == village, row.seq > after_seq)
            .group_by(row.dataset, row.id)
            .order_by(func.max(row.seq))
            .limit(limit)
            .subquery()
        )
        rows = self.session.connection().execute(
            select(last.c.seq, entity.held)
            .select_from(last)
            .join(
                table_of(EntityRow),
                and_(entity.county == self.county, entity.dataset == last.c.dataset, entity.id == last.c.id),
            )
            .order_by(last.c.seq)
        )
        return [(seq, state_of(document, village)) for seq, document in rows]

    def snapshot(self, village: str, after_key: str | None, limit: int) -> list[EntityState]:
        """The entities that stand in the village, by (dataset, id)."""
        columns = table_of(EntityRow).c
        query = (
            select(columns.held)
            .where(columns.county == self.county, columns.village == village)
            .order_by(columns.dataset, columns.id)
            .limit(limit)
        )
        if after_key is not None:
            dataset, _, entity = after_key.partition("/")
            query = query.where(tuple_(columns.dataset, columns.id) > tuple_(dataset, entity))
        rows = self.session.connection().execute(query)
        return [state_of(document, village) for (document,) in rows]
