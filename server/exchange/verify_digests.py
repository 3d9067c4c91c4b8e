"""Villages' digests against a recount, and what tablets last said against what was kept at their cursors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlmodel import Session

from server.access.tables import Tablet
from server.database import table_of
from server.exchange import digests, history
from server.exchange.digest_tables import TabletDigest
from server.exchange.tables import EntityRow, FeedHead
from server.exchange.verify import Check, Finding, entities, total
from server.terminal.steps import Told
from sync import digest
from sync.digest import NOTHING, Digest
from sync.masking import Masked

VILLAGES: Final = "digests"
TABLETS: Final = "tablets"


def villages(masked: Masked) -> Check:
    """``masked``: the policy's, by which rows are counted as they are sent."""

    def run(session: Session, county: str, told: Told) -> Iterator[Finding]:
        counted: dict[str, Digest] = {}
        total_n, done_n = total(session, EntityRow, county), 0
        for rows in entities(session, county):
            for held in (held for _, held in rows if held):
                counted[held.village] = counted.get(held.village, NOTHING) + digest.of_held(held, masked)
            done_n += len(rows)
            told(done_n, total_n)
        head = table_of(FeedHead).c
        heads = dict(
            session.connection().execute(select(head.village, head.seq).where(head.county == county)).all()
        )
        kept = digests.kept(session, county, heads)
        for village in sorted(counted.keys() | heads.keys()):
            yield from _compared(village, kept.get(village), counted.get(village, NOTHING))

    return Check(VILLAGES, "各村数据摘要与重新核算相符", "核算各村数据（户及其记录）", run)


def _compared(village: str, kept: str | None, counted: Digest) -> Iterator[Finding]:
    if kept is None and counted != NOTHING:
        yield Finding(VILLAGES, village, "没有登记本村的数据摘要；下次启动服务器时重新核算。")
    elif kept is not None and kept != str(counted):
        message = f"登记 {digest.read(kept).rows:,} 行，现有 {counted.rows:,} 行；"
        yield Finding(VILLAGES, village, f"{message}摘要 {kept[-12:]} ≠ {str(counted)[-12:]}。")


def tablets(session: Session, county: str, told: Told) -> Iterator[Finding]:
    """What each tablet in use last said it holds."""
    said, tablet = table_of(TabletDigest).c, table_of(Tablet).c
    joined = (said.county == tablet.county) & (said.device == tablet.device)
    query = (
        select(said.device, said.at, said.history, said.digest, said.cursors, tablet.name)
        .join(table_of(Tablet), joined)
        .where(said.county == county, tablet.revoked_at.is_(None))
    )
    rows = session.connection().execute(query.order_by(said.device)).all()
    present = history.present(session)
    for done_n, row in enumerate(rows):
        told(done_n, len(rows))
        if row.history != present:
            yield Finding(TABLETS, row.device, f"{row.name}：恢复备份后还没有报告过。", note=True)
            continue
        kept = digests.kept(session, county, row.cursors)
        if any(each is None for each in kept.values()):
            yield Finding(TABLETS, row.device, f"{row.name}：报告时的摘要已不在，无从比较。", note=True)
        elif digest.over({village: each for village, each in kept.items() if each}) != row.digest:
            message = f"{row.name}：最近一次报告的 {len(kept)} 个村的数据与服务器发给它的不符。"
            yield Finding(TABLETS, row.device, message + "下次同步时自动逐村核对并重新读取。")
    told(len(rows), len(rows))


TABLETS_CHECK: Final = Check(TABLETS, "平板最近报告的数据与发给它的相符", "核对平板的报告（台）", tablets)
