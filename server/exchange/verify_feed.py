"""The feed: every village's numbers run from 1 to its head without a hole, and each entity's last row is right.

A tablet reads rows beyond its cursor: a number that is missing, or an entity whose last row says another version or
another place than it has, is a change that tablets never learn of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Select, and_, func, select
from sqlmodel import Session

from server.database import table_of
from server.exchange.tables import EntityRow, FeedHead, FeedRow
from server.exchange.verify import Check, Finding
from server.terminal.steps import Told
from sync.documents import read_held

NAME: Final = "feed"


def feed(session: Session, county: str, told: Told) -> Iterator[Finding]:
    """Village by village."""
    row, head = table_of(FeedRow).c, table_of(FeedHead).c
    counted = select(row.village, func.count(), func.max(row.seq)).where(row.county == county)
    found = {
        village: (number, last)
        for village, number, last in session.connection().execute(counted.group_by(row.village))
    }
    heads = dict(
        session.connection().execute(select(head.village, head.seq).where(head.county == county)).all()
    )
    villages = sorted(found.keys() | heads.keys())
    for done_n, village in enumerate(villages):
        told(done_n, len(villages))
        rows_n, last = found.get(village, (0, 0))
        if not rows_n == last == heads.get(village, 0):
            yield from _dense(session, county, village, heads.get(village, 0))
        yield from _entities(session, county, village)
    told(len(villages), len(villages))


def _dense(session: Session, county: str, village: str, head: int) -> Iterator[Finding]:
    row = table_of(FeedRow).c
    seqs = session.connection().execute(
        select(row.seq).where(row.county == county, row.village == village).order_by(row.seq)
    )
    expected = 1
    for (seq,) in seqs:
        if seq != expected:
            yield Finding(NAME, village, f"村变更序列缺第 {expected}–{seq - 1} 号。")
        expected = seq + 1
    if expected - 1 != head:
        yield Finding(NAME, village, f"村变更序列到第 {expected - 1} 号为止，登记的末号是 {head}。")


def _entities(session: Session, county: str, village: str) -> Iterator[Finding]:
    """What the last row of each entity says, and which entities stand here though the feed never spoke of them."""
    spoken = set()
    for each in session.connection().execute(_last_rows(county, village)):
        spoken.add((each.dataset, each.id))
        if wrong := _wrong(session, county, village, each):
            yield Finding(NAME, f"{each.dataset}/{each.id}", f"村 {village} 第 {each.seq} 号：{wrong}")
    entity = table_of(EntityRow).c
    here = select(entity.dataset, entity.id).where(entity.county == county, entity.village == village)
    for dataset, id in session.connection().execute(here):
        if (dataset, id) not in spoken:
            yield Finding(NAME, f"{dataset}/{id}", f"村 {village} 的变更序列里没有它，平板收不到。")


def _last_rows(county: str, village: str) -> Select[Any]:
    """The last row of every entity that the village's feed speaks of, beside the entity as it is."""
    row, entity = table_of(FeedRow).c, table_of(EntityRow).c
    last = (
        select(row.dataset, row.id, func.max(row.seq).label("seq"))
        .where(row.county == county, row.village == village)
        .group_by(row.dataset, row.id)
        .subquery()
    )
    said = and_(row.county == county, row.village == village, row.seq == last.c.seq)
    same = and_(entity.county == county, entity.dataset == last.c.dataset, entity.id == last.c.id)
    return (
        select(row.dataset, row.id, row.seq, row.op, row.version, entity.village, entity.version.label("now"))
        .select_from(last)
        .join(table_of(FeedRow), said)
        .outerjoin(table_of(EntityRow), same)
    )


def _wrong(session: Session, county: str, village: str, row: Any) -> str | None:
    if row.now is None:
        return "所指的户或记录不存在。"
    if row.village != village:
        return None if row.op == "gone" else f"称其在本村，实际在 {row.village}。"
    if row.version != row.now:
        return f"称其为第 {row.version} 版，实际为第 {row.now} 版。"
    if row.op == "gone" and not _alias(session, county, row.dataset, row.id):
        return "称其已离开本村，实际仍在。"
    return None


def _alias(session: Session, county: str, dataset: str, id: str) -> bool:
    """Whether an entity is shown under another id, and so stands nowhere."""
    found = session.get_one(EntityRow, (county, dataset, id))
    return read_held(found.held).state().gone


CHECK: Final = Check(NAME, "各村变更序列没有缺号，末次变更与现状相符", "核对变更序列（村）", feed)
