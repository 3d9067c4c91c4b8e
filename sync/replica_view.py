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
from typing import Any, Final, NamedTuple, TypeAlias

from sync import replica_alias
from sync.doors import door_order

Key: TypeAlias = tuple[str, str]  # dataset, id
NONE = "[]"  # conflicts, as they are stored
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
    leads_to = replica_alias.survivors(connection) if keys else {}
    survivors = {(key[0], leads_to[key]) for key in keys if key in leads_to}
    for dataset, entity in sorted({*keys, *survivors}):
        households.update(_entity(connection, dataset, entity, leads_to))
    ordered = sorted(households)
    for at in range(0, len(ordered), _ROWS_AT_ONCE):
        _household_rows(connection, ordered[at : at + _ROWS_AT_ONCE])


_UNDER_ANY_ID = (
    "t.dataset = :dataset AND t.id IN (SELECT :id UNION SELECT id FROM alias WHERE dataset = :dataset"
    " AND survivor = :id)"
)


class _About(NamedTuple):
    """What one of my submissions says of an entity. ``own``: under its very id; ``changed``, ``values``: what it
    changed, and all that it saved, as JSON."""

    submission: str
    village: str
    own: bool
    state: str
    outcome: str | None
    corrected: bool
    contained: bool
    changed: str
    values: str

    @property
    def lies_over(self) -> bool:
        """Rule 1."""
        return not self.contained and self.outcome != "rejected"

    @property
    def stands_alone(self) -> bool:
        """Rules 1 and 2 together, for an entity the hub does not have."""
        return self.own and (self.lies_over or (self.outcome == "rejected" and not self.corrected))


def _about(connection: sqlite3.Connection, dataset: str, entity: str) -> list[_About]:
    """All my submissions about an entity, in chain order, under whichever id they were recorded."""
    rows = connection.execute(
        "SELECT s.id, s.village, t.id = :id, s.state, s.outcome,"
        " EXISTS (SELECT 1 FROM submission c WHERE c.corrects = s.id), t.contained, t.changed, t.changes"
        f" FROM target t JOIN submission s ON s.id = t.submission WHERE {_UNDER_ANY_ID} ORDER BY s.seq",
        {"dataset": dataset, "id": entity},
    )
    return [_About(*row) for row in rows]


def overlays(connection: sqlite3.Connection, dataset: str, entity: str) -> list[str]:
    """My submissions of rule 1, in chain order."""
    return [each.submission for each in _about(connection, dataset, entity) if each.lies_over]


def stands_on(connection: sqlite3.Connection, dataset: str, entity: str, *, at_hub: bool) -> str | None:
    """My latest submission that what the screen shows of an entity stands on: of rule 1, or of rule 2 where the hub
    does not have it."""
    mine = _about(connection, dataset, entity)
    shown = [each.submission for each in mine if each.lies_over or (each.stands_alone and not at_hub)]
    return shown[-1] if shown else None


def _entity(
    connection: sqlite3.Connection, dataset: str, entity: str, leads_to: Mapping[Key, str]
) -> set[str]:
    """Recompute one entity; gives the households whose list row shows it, before and now."""
    row = connection.execute(
        "SELECT at_hub, props, conflicts, household, effective, marks FROM entity WHERE dataset = ? AND id = ?",
        (dataset, entity),
    ).fetchone()
    touched = {row[3]} if row and row[3] else set()
    if dataset == "household":
        touched.add(entity)
    if (dataset, entity) in leads_to:
        connection.execute("DELETE FROM entity WHERE dataset = ? AND id = ?", (dataset, entity))
        return touched | {leads_to[dataset, entity]}
    mine = _about(connection, dataset, entity)
    if row and row[0]:
        effective, laid = json.loads(row[1]), [each.changed for each in mine if each.lies_over]
    else:
        # The values left as they were prefilled count too, for there is nothing else to show.
        effective, laid = {}, [each.values for each in mine if each.stands_alone]
        if not laid:
            connection.execute("DELETE FROM entity WHERE dataset = ? AND id = ?", (dataset, entity))
            return touched
        if row is None:
            village = next(each.village for each in mine if each.stands_alone)
            _insert_own(connection, dataset, entity, village)
    for values in laid:
        effective.update(json.loads(values))
    household = effective.get("household") or None
    household = household and leads_to.get(("household", household), household)
    marks = _marks(mine, new=not (row and row[0]), conflict=bool(row and row[2] != NONE))
    now = (household, as_json(effective), marks)
    if row is None or now != row[3:]:
        connection.execute(
            "UPDATE entity SET household = ?, effective = ?, marks = ? WHERE dataset = ? AND id = ?",
            (*now, dataset, entity),
        )
    return touched | {household} if household else touched


def _marks(mine: Sequence[_About], *, new: bool, conflict: bool) -> str:
    waiting = any(each.state == "waiting" for each in mine)
    rejected = any(each.state == "rejected" and not each.corrected for each in mine)
    return " ".join(
        mark for mark, there in zip(MARKS, (new, waiting, rejected, conflict), strict=True) if there
    )


def _insert_own(connection: sqlite3.Connection, dataset: str, entity: str, village: str) -> None:
    connection.execute(
        "INSERT INTO entity (dataset, id, village, at_hub, version, history, generation, props, conflicts,"
        " updated_at, effective, household, marks) VALUES (?, ?, ?, 0, 0, NULL, 0, '{}', '[]', '', '{}', NULL, '')",
        (dataset, entity, village),
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
    for gone in set(households) - {row[0] for row in own}:
        connection.execute("DELETE FROM household_row WHERE id = ?", (gone,))
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
