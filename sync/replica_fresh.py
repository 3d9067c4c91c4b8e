"""Entities that nothing on this tablet speaks of yet, many at once: what a first visit to a village brings.

Apart from ``replica_reply.py`` because none of its questions need asking here: nothing is newer, nothing of mine lies
over it, no alias leads from or to it. So a row and its view are one insert, instead of a dozen statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from sync import digest
from sync.codec import to_json
from sync.messages import EntityState
from sync.replica_view import Key, as_json

MANY = 100  # for fewer it is quicker to ask for each


def fresh(
    connection: sqlite3.Connection, states: Sequence[EntityState], villages: Iterable[str]
) -> dict[Key, EntityState]:
    """Those of the states, in villages held, that nothing here speaks of; none where they are few."""
    if len(states) < MANY or connection.execute("SELECT 1 FROM alias LIMIT 1").fetchone():
        return {}
    here = set(connection.execute("SELECT dataset, id FROM entity UNION SELECT dataset, id FROM target"))
    held = set(villages)
    found: dict[Key, EntityState] = {}
    for state in states:
        key = (state.dataset, state.id)
        if key in here or key in found or state.gone or state.same_as or state.village not in held:
            here.add(key)  # whatever comes of this id a second time is not fresh either
            found.pop(key, None)
        else:
            found[key] = state
    return found


def put(
    connection: sqlite3.Connection,
    states: Iterable[EntityState],
    generations: Mapping[str, int],
    history: str,
) -> set[str]:
    """Store them with their view; gives the households whose list row shows them."""
    households: set[str] = set()
    rows = []
    for state in states:
        household = state.props.get("household") or None
        households.add(state.id if state.dataset == "household" else household or "")
        households.add(household or "")
        props = as_json(dict(state.props))
        rows.append(
            (state.dataset, state.id, state.village, state.version, history, generations[state.village], props,
             as_json(to_json(state.conflicts)), state.updated_at, digest.term(state), props, household,
             "conflict" if state.conflicts else "")
        )  # fmt: skip
    connection.executemany(
        "INSERT INTO entity (dataset, id, village, at_hub, version, history, generation, props, conflicts,"
        " updated_at, term, effective, household, marks) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    return households - {""}
