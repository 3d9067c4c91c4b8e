"""Ids that lead to another: what the hub told of homes that a person made one.

What this tablet recorded under the other id keeps that id, in the outbox and on the wire; only the view is read
through the alias: the household's page, its list row, its conversions, records and drafts. An alias counts here only
while the home it leads to is here too, or nothing would show what was recorded under it.
"""

from __future__ import annotations

import sqlite3
from typing import TypeAlias

from sync.messages import EntityState

Key: TypeAlias = tuple[str, str]  # dataset, id
_FURTHER_MAX = 20  # an alias of an alias of …: never so many, and never round in a circle


def learn(connection: sqlite3.Connection, state: EntityState, history: str) -> None:
    """An id has become an alias; `settle` makes it count."""
    connection.execute(
        "INSERT INTO alias (dataset, id, village, version, history, same_as) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (dataset, id) DO UPDATE SET village = excluded.village, version = excluded.version,"
        " history = excluded.history, same_as = excluded.same_as"
        " WHERE alias.history IS NOT excluded.history OR alias.version <= excluded.version",
        (state.dataset, state.id, state.village, state.version, history, state.same_as),
    )


def overtaken(connection: sqlite3.Connection, state: EntityState, history: str) -> bool:
    """Whether a state is older than the alias its id has become; a newer one ends the alias."""
    row = connection.execute(
        "SELECT version, history FROM alias WHERE dataset = ? AND id = ? AND same_as IS NOT NULL",
        (state.dataset, state.id),
    ).fetchone()
    if row is None:
        return False
    if row[1] == history and row[0] > state.version:
        return True
    connection.execute(
        "UPDATE alias SET same_as = NULL, version = ? WHERE dataset = ? AND id = ?",
        (state.version, state.dataset, state.id),
    )
    return False


def read_anew(connection: sqlite3.Connection, village: str, history: str) -> None:
    """A village's snapshot has come whole: an alias of another history that was not in it is none any more."""
    connection.execute(
        "UPDATE alias SET same_as = NULL WHERE village = ? AND history IS NOT ?", (village, history)
    )


def taken(connection: sqlite3.Connection, history: str) -> None:
    """Of a village that is not this tablet's no snapshot will tell: what another history knew of it is over."""
    connection.execute(
        "UPDATE alias SET same_as = NULL WHERE history IS NOT ?"
        " AND village NOT IN (SELECT code FROM village WHERE assigned)",
        (history,),
    )


def settle(connection: sqlite3.Connection) -> set[Key]:
    """Work out where each alias leads now; gives the entities whose view this changes."""
    rows = connection.execute("SELECT dataset, id, same_as, survivor FROM alias").fetchall()
    if not rows:
        return set()
    further = {(dataset, id): same_as for dataset, id, same_as, _ in rows if same_as}
    touched: set[Key] = set()
    for dataset, id, _, before in rows:
        now = _survivor(connection, further, (dataset, id))
        if now == before:
            continue
        connection.execute("UPDATE alias SET survivor = ? WHERE dataset = ? AND id = ?", (now, dataset, id))
        for each in filter(None, (id, before, now)):
            touched.add((dataset, each))
            touched |= set(
                connection.execute("SELECT dataset, id FROM entity WHERE household = ?", (each,)).fetchall()
            )
    connection.execute("DELETE FROM alias WHERE same_as IS NULL")
    return touched


def _survivor(connection: sqlite3.Connection, further: dict[Key, str], key: Key) -> str | None:
    dataset, id = key
    for _ in range(_FURTHER_MAX):
        if (dataset, id) not in further:
            break
        id = further[dataset, id]
    here = connection.execute(
        "SELECT 1 FROM entity WHERE dataset = ? AND id = ? AND at_hub", (dataset, id)
    ).fetchone()
    return id if here and id != key[1] else None


def resolve(connection: sqlite3.Connection, dataset: str, id: str) -> str:
    """The entity that an id leads to on this tablet: itself, where it is no alias."""
    row = connection.execute(
        "SELECT survivor FROM alias WHERE dataset = ? AND id = ?", (dataset, id)
    ).fetchone()
    return (row[0] if row else None) or id


def survivors(connection: sqlite3.Connection) -> dict[Key, str]:
    """`resolve` of every id that is an alias: they are few."""
    rows = connection.execute("SELECT dataset, id, survivor FROM alias WHERE survivor IS NOT NULL")
    return {(dataset, id): survivor for dataset, id, survivor in rows}


def ids_of(connection: sqlite3.Connection, dataset: str, id: str) -> list[str]:
    """Every id that leads to an entity, its own first."""
    rows = connection.execute(
        "SELECT id FROM alias WHERE dataset = ? AND survivor = ? ORDER BY id", (dataset, id)
    )
    return [id, *(row[0] for row in rows)]


def contained(connection: sqlite3.Connection, state: EntityState) -> None:
    """A state of a survivor came: what was judged under its other ids up to that version is in it."""
    connection.execute(
        "UPDATE target SET contained = 1 WHERE dataset = ? AND result_version <= ? AND id IN"
        " (SELECT id FROM alias WHERE dataset = ? AND same_as = ?)",
        (state.dataset, state.version, state.dataset, state.id),
    )
