"""What the hub decides from and what it decided, in and out of the database: journal, entities, feed rows.

Everything here works on whole batches, a few statements each whatever their size; it runs inside a
transaction that `store` opened, and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlmodel import Session

from server import statements
from server.database import among, each_of, insert_absent, insert_rows, parts, table_of, update_unchanged
from server.exchange import digests
from server.exchange.tables import EntityRow, FeedRow, SubmissionRow, SubmissionTarget
from sync import alias, facts
from sync.codec import canonical, decode, to_instant
from sync.digest import Digest
from sync.documents import held_text, read_held, read_traces, traces_text
from sync.facts import Held, Key, Past, Record
from sync.messages import Verdict

JUDGED: Final = ("submission", "malformed")


_JOURNAL: Final = table_of(SubmissionRow).c
_ENTITY: Final = table_of(EntityRow).c
# Built once: to put a statement together costs more than to run it.
_PAST: Final = select(
    _JOURNAL.id, _JOURNAL.hash, _JOURNAL.verdict, _JOURNAL.person, _JOURNAL.observed_at, _JOURNAL.traces
).where(
    _JOURNAL.county == bindparam("county"),
    among(_JOURNAL.id, "ids"),
    _JOURNAL.kind != "differs",
)
_ENTITIES: Final = each_of(
    select(_ENTITY.held)
    .where(_ENTITY.county == bindparam("county"), _ENTITY.dataset == bindparam("dataset"))
    .with_for_update(),
    _ENTITY.id,
    "ids",
)

_BUMP: Final = digests.by_village("""
INSERT INTO feed_head (county, village, seq)
SELECT :county, key, CAST(value AS bigint) FROM {given} WHERE true ORDER BY key
ON CONFLICT (county, village) DO UPDATE SET seq = feed_head.seq + excluded.seq RETURNING village, seq""")


class Stale(Exception):
    """Another writer changed an entity after this transaction had read it."""


# --- reading -------------------------------------------------------------------------------------------------


def past(session: Session, county: str, ids: Collection[str]) -> dict[str, Past]:
    """Those of the submissions `ids` that have their verdict. A record of kind `differs` is not one of
    them.
    """
    found: dict[str, Past] = {}
    for chunk in parts(sorted(ids)):
        for id, digest, verdict, person, observed_at, traces in statements.rows(
            session, _PAST, {"county": county, "ids": chunk}
        ):
            told = decode(Verdict, verdict.encode())
            found[id] = Past(id, digest, told, person, observed_at, read_traces(traces))
    return found


def entities(session: Session, county: str, keys: Collection[tuple[str, str]]) -> dict[Key, Held]:
    """Those of the entities (dataset, id) that exist, and what aliases among them lead to, locked until this
    transaction ends.

    Locked in the order of their keys, so that two writers never wait for each other crosswise.
    """
    found = _read_entities(session, county, keys)
    while further := alias.unread(found):
        found |= _read_entities(session, county, further)
    return found


def _read_entities(session: Session, county: str, keys: Collection[tuple[str, str]]) -> dict[Key, Held]:
    found: dict[Key, Held] = {}
    for dataset, named in groupby(sorted(keys), key=itemgetter(0)):
        for ids in parts(id for _, id in named):
            wanted = {"county": county, "dataset": dataset, "ids": ids}
            for (document,) in statements.rows(session, _ENTITIES, wanted):
                held = read_held(document)
                found[held.key] = held
    return found


# --- writing -------------------------------------------------------------------------------------------------


def record(session: Session, county: str, records: Sequence[Record], now: datetime) -> None:
    """Write lines of the journal, and which entities they speak of. A line that is there already is the
    same.
    """
    placed = [(_journal_row(county, each, position, now), each) for position, each in enumerate(records)]
    # What was judged just now is new, or else another writer was first and all of this begins again.
    for new, insert in ((True, insert_rows), (False, insert_absent)):
        some = [(row, each) for row, each in placed if (each.kind in JUDGED) is new]
        insert(session, SubmissionRow, [row for row, _ in some])
        insert(session, SubmissionTarget, _targets(county, [each for _, each in some]))


def _targets(county: str, records: Sequence[Record]) -> list[dict[str, str]]:
    # A rejected submission may name an entity twice.
    named = dict.fromkeys(
        (target.dataset, target.id, each.id)
        for each in records
        if each.submission
        for target in each.submission.targets
    )
    return [
        {"county": county, "dataset": dataset, "entity": entity, "submission": submission}
        for dataset, entity, submission in named
    ]


def _journal_row(county: str, entry: Record, position: int, now: datetime) -> dict[str, Any]:
    sent = entry.submission
    document = canonical(sent) if sent and entry.raw is None else entry.raw
    assert document is not None
    return {
        "county": county,
        "id": entry.id,
        "kind": entry.kind,
        "device": entry.device,
        "device_seq": sent.device_seq if sent else 0,
        "village": sent.village if sent else "",
        "person": sent.person if sent else "",
        "form": sent.form if sent else "",
        "form_version": sent.form_version if sent else "",
        "observed_at": sent.observed_at if sent else "",
        "received_at": now,
        "position": position,
        "clock_offset_s": entry.clock_offset_s,
        "outcome": entry.verdict.outcome,
        "policy_version": entry.policy,
        "hash": entry.past.hash if entry.past else "",
        "sent": document,
        "verdict": canonical(entry.verdict),
        "traces": traces_text(entry.past.traces) if entry.past else "{}",
        "screen": None if entry.screen is None else canonical(entry.screen),
    }


def keep(session: Session, county: str, changed: Sequence[Held], before: Mapping[Key, Held]) -> None:
    """Write entities as they now are; `before` are those this transaction read. Raises Stale."""
    ordered = sorted(changed, key=lambda held: (held.dataset, held.id))
    made = [_entity_row(county, held) for held in ordered if held.key not in before]
    insert_rows(session, EntityRow, made)
    grown = [
        _entity_row(county, held) | {"was": before[held.key].version}
        for held in ordered
        if held.key in before
    ]
    if update_unchanged(session, EntityRow, grown) != len(grown):
        raise Stale


def _entity_row(county: str, held: Held) -> dict[str, Any]:
    return {
        "county": county,
        "dataset": held.dataset,
        "id": held.id,
        "village": held.village,
        "version": held.version,
        "conflicts_n": len(held.conflicts),
        "updated_at": to_instant(held.updated_at),
        "held": held_text(held),
    }


def tell(session: Session, county: str, rows: Sequence[facts.FeedRow], deltas: Mapping[str, Digest]) -> None:
    """Give feed rows their sequence numbers, and villages the digests these lead to. Comes last in the
    transaction. `deltas`: of `sync.digest.deltas`.

    Bumping a village's head locks it until commit, so whoever sees a number sees every smaller one of that
    village. Villages go in sorted order: two writers never wait for each other crosswise.
    """
    by_village: dict[str, list[facts.FeedRow]] = {}
    for row in rows:
        by_village.setdefault(row.village, []).append(row)
    heads = _bump(session, county, {village: len(by_village[village]) for village in sorted(by_village)})
    numbered = [
        {
            "county": county, "village": village, "seq": seq, "dataset": row.dataset, "id": row.id,
            "op": row.op, "version": row.version,
        }
        for village, head in heads.items()
        for seq, row in enumerate(by_village[village], start=head - len(by_village[village]) + 1)
    ]  # fmt: skip
    insert_rows(session, FeedRow, numbered)
    told = {village: (head - len(by_village[village]), head) for village, head in heads.items()}
    digests.count(session, county, told, deltas)


def _bump(session: Session, county: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Raise each village's head by its count, in the order of their codes; village → new head."""
    if not counts:
        return {}
    return dict(statements.rows(session, _BUMP, {"county": county, "given": json.dumps(counts)}))
