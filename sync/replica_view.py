"""The optimistic view: what the hub has, overlaid by what my own submissions changed and it has not shown yet.

It is worked out again for exactly the entities that a save, a verdict or a pulled state touched, and stored,
so that a list of 20,000 households is one indexed read. Nothing else may write the columns ``effective``,
``household`` and ``marks`` or the table ``household_row``.

Which submissions overlay an entity, in chain order:
 1. without a verdict, or with one whose result the hub has not shown yet: the values it changed. A value
    left as it was prefilled never hides what others did meanwhile.
 2. rejected: nothing – unless the hub does not have the entity at all, so that it is nobody else's, and no
    correction has taken its place. A rejected new household stays in the list, marked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sync import replica_alias
from sync.doors import door_order

Key: TypeAlias = tuple[str, str]  # dataset, id
HIDDEN = "_"  # properties the hub adds for the tablet's own use begin with it, and are not shown
PINYIN = "_pinyin"  # the head's name in syllables: "wang xiu ying"
_ROWS_AT_ONCE = 400  # an older SQLite takes 999 parameters
MARKS = ("new", "waiting", "rejected", "conflict")


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def as_json(value: object) -> str:
    return _ENCODER.encode(value)


def recompute(connection: sqlite3.Connection, keys: Collection[Key], also: Collection[str] = ()) -> None:
    """Bring the stored view of these entities, and the list rows that show them, up to date. ``also``: households
    whose row alone is to be brought up to date."""
    households = set(also)
    for dataset, entity in sorted(replica_alias.with_survivors(connection, keys)):
        households.update(_entity(connection, dataset, entity))
    ordered = sorted(households)
    for at in range(0, len(ordered), _ROWS_AT_ONCE):
        _household_rows(connection, ordered[at : at + _ROWS_AT_ONCE])


_UNDER_ANY_ID = (
    "t.dataset = :dataset AND t.id IN (SELECT :id UNION SELECT id FROM alias WHERE dataset = :dataset"
    " AND survivor = :id)"
)


def overlays(connection: sqlite3.Connection, dataset: str, entity: str) -> list[tuple[str, dict[str, str]]]:
    """(submission, changed values) of rule 1, in chain order, under whichever id it was recorded."""
    rows = connection.execute(
        "SELECT s.id, t.changed FROM target t JOIN submission s ON s.id = t.submission"
        f" WHERE {_UNDER_ANY_ID} AND t.contained = 0 AND coalesce(s.outcome, '') != 'rejected'"
        " ORDER BY s.seq",
        {"dataset": dataset, "id": entity},
    )
    return [(submission, json.loads(changed)) for submission, changed in rows]


def _own_only(connection: sqlite3.Connection, dataset: str, entity: str) -> list[tuple[str, str, str]]:
    """(submission, village, values) of rules 1 and 2 together, for an entity the hub does not have: here the
    values left as they were prefilled count too, for there is nothing else to show."""
    return connection.execute(
        "SELECT s.id, s.village, t.changes FROM target t JOIN submission s ON s.id = t.submission"
        " WHERE t.dataset = ? AND t.id = ? AND ((t.contained = 0 AND coalesce(s.outcome, '') != 'rejected')"
        "  OR (s.outcome = 'rejected'"
        "   AND NOT EXISTS (SELECT 1 FROM submission c WHERE c.corrects = s.id))) ORDER BY s.seq",
        (dataset, entity),
    ).fetchall()


def _entity(connection: sqlite3.Connection, dataset: str, entity: str) -> set[str]:
    """Recompute one entity; gives the households whose list row shows it, before and now."""
    row = connection.execute(
        "SELECT at_hub, props, conflicts, household FROM entity WHERE dataset = ? AND id = ?",
        (dataset, entity),
    ).fetchone()
    touched = {row[3]} if row and row[3] else set()
    if dataset == "household":
        touched.add(entity)
    if (leads_to := replica_alias.resolve(connection, dataset, entity)) != entity:
        connection.execute("DELETE FROM entity WHERE dataset = ? AND id = ?", (dataset, entity))
        return touched | {leads_to}
    if row and row[0]:
        effective, mine = json.loads(row[1]), overlays(connection, dataset, entity)
    else:
        own = _own_only(connection, dataset, entity)
        if not own:
            connection.execute("DELETE FROM entity WHERE dataset = ? AND id = ?", (dataset, entity))
            return touched
        if row is None:
            _insert_own(connection, dataset, entity, own[0][1])
        effective, mine = {}, [(submission, json.loads(values)) for submission, _, values in own]
    for _, changed in mine:
        effective.update(changed)
    household = effective.get("household") or None
    household = household and replica_alias.resolve(connection, "household", household)
    marks = _marks(
        connection, dataset, entity, new=not (row and row[0]), conflict=bool(row and row[2] != "[]")
    )
    connection.execute(
        "UPDATE entity SET effective = ?, household = ?, marks = ? WHERE dataset = ? AND id = ?",
        (as_json(effective), household, marks, dataset, entity),
    )
    return touched | {household} if household else touched


def _insert_own(connection: sqlite3.Connection, dataset: str, entity: str, village: str) -> None:
    connection.execute(
        "INSERT INTO entity (dataset, id, village, at_hub, version, history, generation, props, conflicts,"
        " updated_at, effective, household, marks) VALUES (?, ?, ?, 0, 0, NULL, 0, '{}', '[]', '', '{}', NULL, '')",
        (dataset, entity, village),
    )


def _marks(connection: sqlite3.Connection, dataset: str, entity: str, *, new: bool, conflict: bool) -> str:
    waiting, rejected = connection.execute(
        "SELECT coalesce(max(s.state = 'waiting'), 0), coalesce(max(s.state = 'rejected' AND NOT EXISTS"
        " (SELECT 1 FROM submission c WHERE c.corrects = s.id)), 0)"
        f" FROM target t JOIN submission s ON s.id = t.submission WHERE {_UNDER_ANY_ID}",
        {"dataset": dataset, "id": entity},
    ).fetchone()
    return " ".join(
        mark for mark, there in zip(MARKS, (new, waiting, rejected, conflict), strict=True) if there
    )


def _household_rows(connection: sqlite3.Connection, households: Sequence[str]) -> None:
    """Write the list rows of these households; one that is not here any more has none."""
    among = ",".join("?" * len(households))
    own = connection.execute(
        "SELECT id, village, effective, props, marks FROM entity"
        f" WHERE dataset = 'household' AND id IN ({among})",
        households,
    ).fetchall()
    parts: dict[str, list[tuple[str, str, str]]] = {}
    for household, *part in connection.execute(
        f"SELECT household, dataset, effective, marks FROM entity WHERE household IN ({among})"
        " ORDER BY household, dataset, id",
        households,
    ):
        parts.setdefault(household, []).append((part[0], part[1], part[2]))
    gone = set(households) - {row[0] for row in own}
    connection.executemany("DELETE FROM household_row WHERE id = ?", [(each,) for each in gone])
    connection.executemany(
        "INSERT OR REPLACE INTO household_row VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        [_household_row(row, parts.get(row[0], [])) for row in own],
    )


def _household_row(
    own: tuple[str, str, str, str, str], parts: Sequence[tuple[str, str, str]]
) -> tuple[object, ...]:
    """``own``: the household's id, village, effective values, hub's values and marks; ``parts``: dataset, effective
    values and marks of what belongs to it."""
    household, village, effective, props, marks = own
    shown = json.loads(effective)
    known = shown if props == effective else json.loads(props)
    pinyin = shown.get(PINYIN, "") if shown.get("head_name") == known.get("head_name") else ""
    return (
        household, village, door_order(shown.get("door_number", "")), shown.get("head_name", ""),
        shown.get("door_number", ""), shown.get("device", ""), shown.get("fuel", ""),
        shown.get("visit_outcome", ""),
        *_furthest(json.loads(text) for dataset, text, _ in parts if dataset == "conversion"),
        _joined_marks([marks, *(part[2] for part in parts)]),
        search_text(shown.get("head_name", ""), shown.get("door_number", ""), pinyin),
    )  # fmt: skip


def _furthest(conversions: Iterable[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Kind and step of the conversion that got furthest: latest connected, else installed, else signed."""
    steps = ("connected", "installed", "signed")
    known = [
        (tuple(c.get(f"{step}_on", "") for step in steps), c["kind"]) for c in conversions if c.get("kind")
    ]
    if not known:
        return None, None
    dates, kind = max(known)
    return kind, next((step for step, day in zip(steps, dates, strict=True) if day), None)


def _joined_marks(several: Iterable[str]) -> str:
    """All marks, each once; ``new`` is the household's own affair."""
    first, *rest = several
    there = set(first.split()).union(*(set(marks.split()) - {"new"} for marks in rest))
    return " ".join(mark for mark in MARKS if mark in there)


def search_text(head_name: str, door_number: str, pinyin: str) -> str:
    """What `LIKE` looks at, lower case: name, door number, and the name in pinyin, whole and as initials."""
    syllables = pinyin.lower().split()
    initials = "".join(syllable[0] for syllable in syllables)
    return "\n".join((head_name.lower(), door_number.lower(), "".join(syllables), initials))
