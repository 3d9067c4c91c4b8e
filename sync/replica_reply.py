"""What a reply does to the tablet's store, in one transaction.

Everything a reply brings is on disk together or not at all, cursors included: a tablet killed at any moment
asks again from where the disk stands, and neither verdicts nor states do harm when they come twice.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync import digest, replica_alias, replica_digest, replica_fresh, replica_parts, replica_photos
from sync.codec import encode, to_instant, to_json, to_text
from sync.messages import Cursor, EnrolReply, EntityState, FormXml, NotYet, Reply, Verdict, Village
from sync.replica_lists import store_form
from sync.replica_rows import Delay, Identity, Settled
from sync.replica_sync import assigned, held, identity, postpone, waiting_ids
from sync.replica_view import Key, as_json, recompute

_STATES = {"applied": "sent_safe", "merged": "merged", "conflict": "conflict", "rejected": "rejected"}


def enrolled(connection: sqlite3.Connection, reply: EnrolReply) -> Identity:
    """The pending identity takes the place of the one before; records, drafts and receipts stay."""
    pending = identity(connection, "pending")
    if pending is None or pending.device != reply.device:
        current = identity(connection)
        assert current is not None and current.device == reply.device, "an enrolment nobody asked for"
        return current
    before = identity(connection)
    connection.execute("DELETE FROM identity WHERE stage = 'current'")
    connection.execute(
        "UPDATE identity SET stage = 'current', county = ?, county_name = ?, person = ?, person_name = ?,"
        " history = ?, county_key = ? WHERE stage = 'pending'",
        (
            reply.county,
            reply.county_name,
            reply.person,
            reply.person_name,
            reply.history,
            reply.county_key or (before.county_key if before and before.county == reply.county else ""),
        ),
    )
    replica_parts.set_takes(connection, reply.takes)
    if before and before.history != reply.history:
        meet_history(connection, reply.history)
    touched, _, _ = _assign(connection, reply.villages)
    recompute(connection, touched)
    current = identity(connection)
    assert current is not None
    return current


@dataclass
class _Work:
    """What is gathered while a reply is applied: entities to recompute, and the account's figures, by the names they
    have in `Settled`."""

    counts: Counter[str] = field(default_factory=Counter)
    touched: set[Key] = field(default_factory=set)
    households: set[str] = field(default_factory=set)


def take(connection: sqlite3.Connection, reply: Reply, now: datetime) -> Settled:
    """Apply a whole reply. ``now``: the tablet's clock, for the clock offset."""
    me = identity(connection)
    assert me is not None, "a reply to a tablet that is not enrolled"
    before = _position(connection)
    work = _Work()
    if me.history != reply.history:
        meet_history(connection, reply.history)
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    if reply.villages is not None:
        touched, gained, lost = _assign(connection, reply.villages)
        work.touched |= touched
    if lost or me.history != reply.history:
        replica_alias.taken(connection, reply.history)
    new_forms = [form.id for form in reply.forms if intact(form) and store_form(connection, form)]
    settle(connection, work, reply.verdicts, reply.not_yet, reply.history)
    if reply.people:
        connection.executemany("INSERT OR REPLACE INTO person VALUES (?, ?)", reply.people.items())
    if reply.takes:
        replica_parts.set_takes(connection, reply.takes)
    if reply.changes or reply.cursors:
        _receive(connection, work, reply)
    again = replica_digest.reread(connection, reply.reread)
    work.touched |= replica_alias.settle(connection)
    if not reply.more:
        work.touched |= _catch_up(connection)
        replica_digest.settle(connection)
    recompute(connection, work.touched, work.households)
    _note_contact(connection, reply, now)
    after = _position(connection)
    read = [seq is not None for _, is_mine, seq, *_ in after if is_mine]
    waiting = tuple(waiting_ids(connection))
    return Settled(
        **work.counts, villages_gained=gained, villages_lost=lost, met_history=me.history != reply.history,
        challenged=reply.challenge is not None, enrol_again=reply.enrol_again, moved=after != before or bool(new_forms),
        villages_reread=again, waiting=waiting, villages_n=len(read), read_n=sum(read),
    )  # fmt: skip


def _position(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """What must change from one request without submissions to the next, or new forms come, or the hub leads
    nowhere."""
    return connection.execute("SELECT code, assigned, seq, head, after FROM village ORDER BY code").fetchall()


def intact(form: FormXml) -> bool:
    return hashlib.sha256(form.xml.encode()).hexdigest() == form.sha256


def _note_contact(connection: sqlite3.Connection, reply: Reply, now: datetime) -> None:
    offset = round((to_instant(reply.now) - now).total_seconds())
    connection.execute(
        "UPDATE contact SET last_contact_at = ?, clock_offset_s = ?, whole = ? OR (? AND whole)",
        # A reply that asks for digests leaves the cursors, and what is known of them, as they are.
        (to_text(now), offset, not reply.more, reply.ask_digests),
    )
    connection.execute(
        "UPDATE identity SET person = ?, challenge = ?, enrol_again = ?,"
        " county_key = CASE ? WHEN '' THEN county_key ELSE ? END WHERE stage = 'current'",
        (reply.person, reply.challenge, reply.enrol_again, reply.county_key, reply.county_key),
    )


def meet_history(connection: sqlite3.Connection, history: str) -> None:
    """Another history: the hub was made anew or restored. Every record it gave a receipt for is offered
    again, every village read anew; what is shown stays until the new snapshot has replaced it."""
    connection.execute("UPDATE identity SET history = ? WHERE stage = 'current'", (history,))
    connection.execute("UPDATE village SET seq = NULL, head = NULL, after = NULL, digest = NULL")
    connection.execute("UPDATE submission SET state = 'waiting' WHERE verdict IS NOT NULL")
    replica_photos.offer_again(connection)


# --- verdicts ---


def settle(
    connection: sqlite3.Connection, work: _Work, verdicts: Iterable[Verdict], not_yet: Iterable[NotYet],
    history: str,
) -> None:  # fmt: skip
    """File each verdict with its record. One for a record that is not here is passed over and counted."""
    for verdict in verdicts:
        found = connection.execute(
            "UPDATE submission SET state = ?, outcome = ?, verdict = ?, verdict_history = ?, not_yet = NULL"
            " WHERE id = ?",
            (_STATES[verdict.outcome], verdict.outcome, encode(verdict), history, verdict.submission),
        )
        if not found.rowcount:
            work.counts["unknown_n"] += 1
            continue
        work.touched |= _file_results(connection, verdict, history)
        work.counts[f"{verdict.outcome}_n"] += 1
    for reason in not_yet:
        here = postpone(connection, Delay(reason.submission, reason.code, reason.reason))
        work.counts["not_yet_n" if here else "unknown_n"] += 1


def _file_results(connection: sqlite3.Connection, verdict: Verdict, history: str) -> set[Key]:
    """Note from which version on each entity contains the result; gives the entities concerned."""
    targets = connection.execute(
        "SELECT t.dataset, t.id, e.version FROM target t"
        " LEFT JOIN entity e ON e.dataset = t.dataset AND e.id = t.id AND e.at_hub AND e.history = ?"
        " WHERE t.submission = ?",
        (history, verdict.submission),
    ).fetchall()
    for dataset, id, version in targets:
        result = verdict.versions.get(f"{dataset}/{id}", 0)
        contained = version is not None and version >= result
        connection.execute(
            "UPDATE target SET result_version = ?, contained = ? WHERE submission = ? AND dataset = ?",
            (result, contained and verdict.outcome != "rejected", verdict.submission, dataset),
        )
    return {(dataset, id) for dataset, id, _ in targets}


# --- villages, entity states, cursors ---


def _assign(
    connection: sqlite3.Connection, villages: Iterable[Village]
) -> tuple[set[Key], tuple[str, ...], tuple[str, ...]]:
    """Hold exactly these villages; gives entities to recompute, villages gained, villages lost."""
    before = assigned(connection)
    now = {village.code: village for village in villages}
    for village in now.values():
        connection.execute(
            "INSERT INTO village (code, name, township_name, area_class, assigned) VALUES (?, ?, ?, ?, 1)"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name, township_name = excluded.township_name,"
            " area_class = excluded.area_class, assigned = 1",
            (village.code, village.name, village.township_name, village.area_class),
        )
    lost = tuple(sorted(before - now.keys()))
    touched: set[Key] = set()
    for code in lost:
        touched |= _remove(connection, code)
    return touched, tuple(sorted(now.keys() - before)), lost


def _remove(connection: sqlite3.Connection, village: str) -> set[Key]:
    connection.execute(
        "UPDATE village SET assigned = 0, loaded = 0, seq = NULL, head = NULL, after = NULL, digest = NULL"
        " WHERE code = ?",
        (village,),
    )
    return _forget(connection, "village = ?", (village,))


def _forget(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> set[Key]:
    """The hub no longer has these (for us); `recompute` then deletes those without work of mine."""
    keys = set(connection.execute(f"SELECT dataset, id FROM entity WHERE {where}", values).fetchall())
    connection.execute(
        "UPDATE entity SET at_hub = 0, version = 0, history = NULL, props = '{}', conflicts = '[]'"
        f" WHERE {where}",
        values,
    )
    return keys


def _receive(connection: sqlite3.Connection, work: _Work, reply: Reply) -> None:
    here = held(connection)
    for village, cursor in reply.cursors.items():
        if village in here and _begins(here[village], cursor):
            connection.execute("UPDATE village SET generation = generation + 1 WHERE code = ?", (village,))
    generations = dict(connection.execute("SELECT code, generation FROM village WHERE assigned"))
    fresh = replica_fresh.fresh(connection, reply.changes, generations)
    work.households |= replica_fresh.put(connection, fresh.values(), generations, reply.history)
    received: set[Key] = set()
    for state in reply.changes:
        if state.village not in generations or (state.dataset, state.id) in fresh:
            continue
        if state.gone:
            _gone(connection, state, reply.history)
            if state.same_as:
                replica_alias.learn(connection, state, reply.history)
        elif not replica_alias.overtaken(connection, state, reply.history):
            _put(connection, state, generations[state.village], reply.history)
        received.add((state.dataset, state.id))
    work.touched |= received
    work.counts["received_n"] = len(received) + len(fresh)
    for village, cursor in reply.cursors.items():
        if village in here:
            work.touched |= _advance(connection, village, here[village], cursor, generations[village])
            if cursor.seq is not None:
                replica_alias.read_anew(connection, village, reply.history)


def _catch_up(connection: sqlite3.Connection) -> set[Key]:
    """All is read up to the feeds' heads, and results are pushed before feeds are read: an entity that still
    has not come stands in no village of ours, and nothing more is to be waited for."""
    if connection.execute("SELECT 1 FROM village WHERE assigned AND seq IS NULL LIMIT 1").fetchone():
        return set()
    rest = (
        "contained = 0 AND submission IN"
        " (SELECT id FROM submission WHERE state NOT IN ('waiting', 'rejected'))"
    )
    keys = set(connection.execute(f"SELECT dataset, id FROM target WHERE {rest}").fetchall())
    if keys:
        connection.execute(f"UPDATE target SET contained = 1 WHERE {rest}")
    return keys


def _begins(before: Cursor | None, now: Cursor) -> bool:
    """Whether this cursor belongs to a snapshot whose first page came with it."""
    if before is None:
        return True
    return now.seq is None and before.head != now.head


def _advance(
    connection: sqlite3.Connection, village: str, before: Cursor | None, now: Cursor, generation: int
) -> set[Key]:
    """Store the cursor. At the end of a snapshot whatever it did not contain vanishes, never before."""
    ends = now.seq is not None and (before is None or before.seq is None)
    connection.execute(
        "UPDATE village SET seq = ?, head = ?, after = ?, digest = NULL, loaded = loaded OR ? WHERE code = ?",
        (now.seq, now.head, now.after, ends, village),
    )
    if not ends:
        return set()
    # A restored hub may have lost what this tablet has a receipt for, and is offering again: show it until then.
    connection.execute(
        "UPDATE target SET contained = 0 WHERE submission IN (SELECT id FROM submission WHERE"
        " state = 'waiting' AND village = :village) AND EXISTS (SELECT 1 FROM entity e WHERE"
        " e.dataset = target.dataset AND e.id = target.id AND e.village = :village AND e.generation < :generation"
        " AND e.at_hub)",
        {"village": village, "generation": generation},
    )
    return _forget(connection, "village = ? AND generation < ? AND at_hub", (village, generation))


def _gone(connection: sqlite3.Connection, state: EntityState, history: str) -> None:
    """It has left this village. If another village's page has brought it already, it stands there; if it is
    here in a newer version of the same history, it has come back."""
    where = "dataset = ? AND id = ? AND village = ?"
    values = (state.dataset, state.id, state.village, state.version, history)
    if _forget(connection, f"{where} AND (version <= ? OR history IS NOT ?)", values):
        connection.execute(
            "UPDATE target SET contained = 1 WHERE dataset = ? AND id = ? AND result_version <= ?",
            (state.dataset, state.id, state.version),
        )


def _put(connection: sqlite3.Connection, state: EntityState, generation: int, history: str) -> None:
    """The hub's state takes the place of what is here, unless that is newer under the same history."""
    put = connection.execute(
        "INSERT INTO entity (dataset, id, village, at_hub, version, history, generation, props, conflicts,"
        " updated_at, term, effective, household, marks) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, '{}', NULL, '')"
        " ON CONFLICT (dataset, id) DO UPDATE SET village = excluded.village, at_hub = 1,"
        " version = excluded.version, history = excluded.history, generation = excluded.generation,"
        " props = excluded.props, conflicts = excluded.conflicts, updated_at = excluded.updated_at,"
        " term = excluded.term"
        " WHERE NOT (at_hub AND history IS excluded.history AND version > excluded.version)",
        (state.dataset, state.id, state.village, state.version, history, generation,
         as_json(dict(state.props)), as_json(to_json(state.conflicts)), state.updated_at, digest.term(state)),
    )  # fmt: skip
    if not put.rowcount:
        connection.execute(
            "UPDATE entity SET generation = ? WHERE dataset = ? AND id = ? AND village = ?",
            (generation, state.dataset, state.id, state.village),
        )
        return
    connection.execute(
        # Asked of each that is found: as a list, all there ever were would be gathered for every state.
        "UPDATE target SET contained = result_version <= ? WHERE dataset = ? AND id = ?"
        " AND result_version IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM submission s WHERE s.id = target.submission AND s.outcome != 'rejected')",
        (state.version, state.dataset, state.id),
    )
    replica_alias.contained(connection, state)
