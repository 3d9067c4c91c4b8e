"""The journal's chains: every record hashes to what is said of it, and follows the one before it on its tablet.

A missing number may still lie on the tablet, so a gap is only noted; two records under one number, or a link that
does not fit, are findings – unless the device is closed because just that was seen when it called, this database is
older than its enrolment, or the other copy had enrolled anew before its records came (a restored hub has forgotten
that it closed the device, and nobody but the first copy uses it any more).
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session

from server.access.tables import Tablet
from server.database import table_of
from server.exchange.tables import SubmissionRow
from server.exchange.verify import Check, Finding, paged, some, total
from server.terminal.steps import Told

NAME: Final = "chains"
GAPS_SHOWN: Final = 5


@dataclass(frozen=True, order=True)
class Link:
    """A record in its tablet's chain; ``whole``: its content hashes to ``hash``; ``brought``: sent under another
    device id, by a tablet that had enrolled anew."""

    device: str
    seq: int
    id: str
    hash: str
    previous: str
    whole: bool
    brought: bool


def chains(session: Session, county: str, told: Told) -> Iterator[Finding]:
    """Every chain of the county, in one pass over the journal."""
    tablet = table_of(Tablet).c
    query = select(tablet.device, tablet.closed_as).where(tablet.county == county)
    closed_as = dict(session.connection().execute(query).all())
    links = heapq.merge(_sent_by_their_own(session, county, told), _brought_by_another(session, county))
    for device, of_device in groupby(links, key=lambda link: link.device):
        yield from _chain(device, of_device, _why_known(closed_as, device))


def _why_known(closed_as: Mapping[str, str | None], device: str) -> str | None:
    """What to say of a chain that forks and is no finding; None: it would be one."""
    if device not in closed_as:  # the database was put back to before it enrolled, and cannot close it
        return "服务器没有这台平板的登记，可能恢复到了它登记以前的备份。"
    return "" if closed_as[device] is not None else None


def _sent_by_their_own(session: Session, county: str, told: Told) -> Iterator[Link]:
    columns = table_of(SubmissionRow).c
    key = (columns.device, columns.device_seq, columns.id)
    total_n, done_n = total(session, SubmissionRow, county), 0
    query = select(*key, columns.hash, columns.sent).where(
        columns.county == county, columns.kind == "submission"
    )
    for rows in paged(session, query, key):
        yield from (link for row in rows if (link := _link(row)).device == row.device)
        done_n += len(rows)
        told(done_n, total_n)
    told(total_n, total_n)


def _brought_by_another(session: Session, county: str) -> list[Link]:
    """Records made under one device id and sent under another: what was unsent when a tablet enrolled anew."""
    columns = table_of(SubmissionRow).c
    own = '%"device":"' + columns.device + '"%'
    query = select(columns.device, columns.device_seq, columns.id, columns.hash, columns.sent).where(
        columns.county == county, columns.kind == "submission", columns.sent.not_like(own)
    )
    return sorted(_link(row) for row in session.connection().execute(query))


def _link(row: Any) -> Link:
    try:
        sent = json.loads(row.sent)
    except ValueError:
        sent = {}
    whole = hashlib.sha256(row.sent.encode()).hexdigest() == row.hash
    made_by, previous = str(sent.get("device", row.device)), str(sent.get("previous_hash", ""))
    return Link(made_by, row.device_seq, row.id, row.hash, previous, whole, made_by != row.device)


@dataclass
class _Behind:
    """The place last passed in a chain, and the gaps before it."""

    seq: int = 0
    hashes: frozenset[str] = frozenset({""})
    gaps: list[str] = field(default_factory=list)
    missing_n: int = 0

    def skip(self, seq: int) -> None:
        if seq > self.seq + 1:
            self.gaps.append(str(seq - 1) if seq == self.seq + 2 else f"{self.seq + 1}–{seq - 1}")
            self.missing_n += seq - 1 - self.seq


def _chain(device: str, links: Iterable[Link], known: str | None) -> Iterator[Finding]:
    """``known``: said with what is only noted of it; None: nothing is known that would explain a fork."""
    behind, note, why = _Behind(), known is not None, known or ""
    for seq, here in groupby(links, key=lambda link: link.seq):
        at_place = list(here)
        behind.skip(seq)
        if len(at_place) > 1:
            said = f"平板 {device} 的第 {seq} 号有不止一条记录：{some([link.id for link in at_place])}。{why}"
            apart = sum(not link.brought for link in at_place) <= 1
            yield Finding(NAME, at_place[1].id, said, note or apart)
        for link in at_place:
            if not link.whole:
                yield Finding(NAME, link.id, f"平板 {device} 第 {seq} 号记录的内容与登记的校验值不符。")
            if seq == behind.seq + 1 and link.previous not in behind.hashes:
                message = f"平板 {device} 第 {seq} 号记录接不上第 {seq - 1} 号：前一条的校验值不符。{why}"
                yield Finding(NAME, link.id, message, note or link.brought)
        behind.seq, behind.hashes = seq, frozenset(link.hash for link in at_place)
    if behind.gaps:
        said = f"缺 {behind.missing_n:,} 号（{some(behind.gaps, GAPS_SHOWN)}），可能还在平板上。"
        yield Finding(NAME, device, said, note=True)


CHECK: Final = Check(NAME, "每台平板的记录首尾相接，内容未被改动", "核对记录链（条）", chains)
