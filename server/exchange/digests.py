"""Villages' digests in the database: kept by the transaction that changes them, compared when a tablet states its own.

A row says what the digest was when the feed had come to a number, so a tablet can be compared at its cursor, however
far the village has gone on since. What is compared and what follows is decided in `sync.repair`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server import statements
from server.access.audit import audit
from server.access.callers import Caller
from server.database import insert_into, insert_rows, parts, read, table_of, upsert, write
from server.exchange.digest_tables import TabletDigest, VillageDigest
from server.exchange.tables import EntityRow, FeedHead, HubMeta
from server.statements import Ways
from server.terminal.steps import Steps, Told, unheard, unseen
from server.web import N_
from sync import digest
from sync import repair as repair_rules
from sync.digest import EMPTY, NOTHING, Digest
from sync.documents import read_held
from sync.facts import Held
from sync.masking import Masked
from sync.messages import Request
from sync.repair import Difference

NAME: Final = "digests"
ENTITIES_AT_A_TIME: Final = 500


def by_village(statement: str) -> Ways:
    """A statement for each kind of database, run by every contact and so built once. `{given}` in it are the rows
    (key, value) of its parameter `given`, village to number as JSON.
    """
    ways = {"sqlite": "json_each(:given)", "postgresql": "json_each_text(CAST(:given AS json))"}
    return {dialect: text(statement.format(given=way)) for dialect, way in ways.items()}


_KEPT: Final = by_village(
    "SELECT village, digest FROM {given} AS place JOIN village_digest "
    "ON county = :county AND village = place.key AND seq = CAST(place.value AS bigint)"
)


# --- kept while villages change ------------------------------------------------------------------------------


def count(
    session: Session, county: str, told: Mapping[str, tuple[int, int]], deltas: Mapping[str, Digest]
) -> None:
    """Writes what the villages' digests have become. `told`: village → the feed's number before this transaction
    and now; its rows are locked, so what stands at the number before is the last there is.
    """
    before = kept(session, county, {village: was for village, (was, _) in told.items()})
    rows = [
        {
            "county": county, "village": village, "seq": now,
            "digest": str(digest.read(base) + deltas.get(village, NOTHING)),
        }
        for village, (_, now) in sorted(told.items())
        # Without the one before there is nothing to add to: the next start counts the village anew.
        if (base := before[village]) is not None
    ]  # fmt: skip
    insert_rows(session, VillageDigest, rows)


def kept(session: Session, county: str, places: Mapping[str, int]) -> dict[str, str | None]:
    """Village → its digest at a place in its feed; None where that is not known."""
    found: dict[str, str | None] = {village: None if seq else EMPTY for village, seq in places.items()}
    if asked := {village: seq for village, seq in places.items() if seq}:
        found |= dict(statements.rows(session, _KEPT, {"county": county, "given": json.dumps(asked)}))
    return found


def note(session: Session, county: str, device: str, request: Request, history: str, now: datetime) -> None:
    """Keeps what a tablet says it holds, if it says so."""
    if request.digest is None or not (places := repair_rules.places(request, history)):
        return
    said = {
        "county": county, "device": device, "at": now, "history": history, "digest": request.digest,
        "cursors": places,
    }  # fmt: skip
    upsert(session, TabletDigest, [said])


# --- counted anew --------------------------------------------------------------------------------------------


def recount(session: Session, county: str, village: str, masked: Masked) -> Digest:
    """The digest of a village from its entities."""
    columns = table_of(EntityRow).c
    query = select(columns.held).where(columns.county == county, columns.village == village)
    rows = session.connection().execute(query.execution_options(yield_per=ENTITIES_AT_A_TIME))
    return sum((digest.of_held(read_held(document), masked) for (document,) in rows), NOTHING)


def ensure(engine: Engine, masked: Masked, steps: Steps = unseen) -> bool:
    """Count all digests anew where those kept were made by another rule, or with other values masked: what tablets
    were sent before differs now, and they are to find out. Whether that was so.
    """
    name = digest.masked_name(masked)
    with read(engine) as session:
        if (known := session.get(HubMeta, NAME)) is not None and known.value == name:
            return False
    with write(engine) as session, steps("核算各村数据（户及其记录）") as told:
        columns = table_of(FeedHead).c
        # Whoever writes waits here: no digest is added to while all are counted.
        heads = (
            session.connection()
            .execute(
                select(columns.county, columns.village, columns.seq)
                .order_by(columns.county, columns.village)
                .with_for_update()
            )
            .all()
        )
        found = _all(session, masked, told)
        session.connection().execute(delete(table_of(VillageDigest)))
        for part in parts(heads):
            rows = [
                {**row._mapping, "digest": str(found.get((row.county, row.village), NOTHING))} for row in part
            ]
            session.connection().execute(table_of(VillageDigest).insert(), rows)
        upsert(session, HubMeta, [{"name": NAME, "value": name}])
    return True


def _all(session: Session, masked: Masked, told: Told = unheard) -> dict[tuple[str, str], Digest]:
    total_n = session.connection().execute(select(func.count()).select_from(table_of(EntityRow))).scalar_one()
    found: dict[tuple[str, str], Digest] = {}
    for done_n, (county, held) in enumerate(every_entity(session), start=1):
        at = county, held.village
        found[at] = found.get(at, NOTHING) + digest.of_held(held, masked)
        if done_n % ENTITIES_AT_A_TIME == 0:
            told(done_n, total_n)
    told(total_n, total_n)
    return found


def every_entity(session: Session, county: str | None = None) -> Iterator[tuple[str, Held]]:
    """Every entity with its county, in order of their keys, some hundreds at a time in memory."""
    columns = table_of(EntityRow).c
    key = tuple_(columns.county, columns.dataset, columns.id)
    query = select(columns.county, columns.dataset, columns.id, columns.held).order_by(
        columns.county, columns.dataset, columns.id
    )
    if county is not None:
        query = query.where(columns.county == county)
    rows = session.connection().execute(query.limit(ENTITIES_AT_A_TIME)).all()
    while rows:
        for row in rows:
            yield row.county, read_held(row.held)
        last = rows[-1]
        after = key > tuple_(last.county, last.dataset, last.id)
        rows = session.connection().execute(query.where(after).limit(ENTITIES_AT_A_TIME)).all()


# --- repaired ------------------------------------------------------------------------------------------------


def repair(
    engine: Engine, caller: Caller, found: Sequence[Difference], masked: Masked, now: datetime
) -> tuple[str, ...]:
    """The villages among those found that the tablet is to read anew. Each is written to the log.

    The hub looks at itself first: where its own digest is not that of its entities, it is the one to be put right,
    and nothing can be said of the tablet until its next contact.
    """
    with write(engine) as session:
        reread = []
        for each in found:
            right = _own_put_right(session, caller.county, each.village, masked)
            if right is None:
                reread.append(each.village)
            _log(session, caller, each, right, now)
        return tuple(reread)


def _own_put_right(session: Session, county: str, village: str, masked: Masked) -> str | None:
    """The right digest of a village, if the one kept was wrong."""
    head = session.connection().execute(
        select(table_of(FeedHead).c.seq)
        .where(table_of(FeedHead).c.county == county, table_of(FeedHead).c.village == village)
        .with_for_update()
    ).scalar()  # fmt: skip
    counted = str(recount(session, county, village, masked))
    if not head or kept(session, county, {village: head})[village] == counted:
        return None
    columns = table_of(VillageDigest).c
    session.connection().execute(
        delete(table_of(VillageDigest)).where(columns.county == county, columns.village == village)
    )
    row = {"county": county, "village": village, "seq": head, "digest": counted}
    session.connection().execute(insert_into(session, VillageDigest), [row])
    return counted


def _log(session: Session, caller: Caller, found: Difference, right: str | None, now: datetime) -> None:
    detail = {
        N_("村"): found.village,
        N_("位置"): str(found.seq),
        N_("平板的摘要"): found.told,
        N_("服务器的摘要"): found.kept,
        N_("处理"): f"服务器重新核算为 {right}" if right else "平板重新读取全村",
    }
    audit(
        session, person=caller.person, verb="tablet.repair", county=caller.county, area=found.village,
        subject=f"tablet/{caller.device}", detail=detail, now=now,
    )  # fmt: skip
