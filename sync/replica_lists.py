"""What screens read: villages, households, an entity with its parts, forms, and where everything stands.

Reads only, and only columns that saves and pulls have prepared; none of it grows with the county.
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any, cast

from sync import replica_alias, replica_photos
from sync.codec import from_json
from sync.messages import Conflict, FormXml, Village
from sync.replica_rows import HouseholdRow, Mark, Registered, Rescue, Shown, Status, VillageRow
from sync.replica_view import HIDDEN, NONE, overlays

_OPEN_REJECTED = "s.state = 'rejected' AND NOT EXISTS (SELECT 1 FROM submission c WHERE c.corrects = s.id)"


def villages(connection: sqlite3.Connection) -> list[VillageRow]:
    """Assigned villages in order of code, and those taken away that still have work of mine."""
    rows = connection.execute(
        "SELECT v.code, v.name, v.township_name, v.area_class, v.assigned, v.loaded,"
        " (SELECT count(*) FROM household_row h WHERE h.village = v.code),"
        " (SELECT count(*) FROM submission s WHERE s.village = v.code AND s.state = 'waiting'),"
        " (SELECT count(*) FROM draft d WHERE d.village = v.code),"
        f" (SELECT count(*) FROM submission s WHERE s.village = v.code AND {_OPEN_REJECTED})"
        " FROM village v ORDER BY v.assigned DESC, v.code"
    )
    return [
        VillageRow(
            code, name, township, area_class, households, waiting, drafts, bool(assigned), bool(loaded)
        )
        for code, name, township, area_class, assigned, loaded, households, waiting, drafts, rejected in rows
        if assigned or waiting or drafts or rejected
    ]


def village(connection: sqlite3.Connection, code: str) -> Village | None:
    """A village that is the tablet's, or was."""
    row = connection.execute(
        "SELECT code, name, township_name, area_class FROM village WHERE code = ?", (code,)
    ).fetchone()
    return Village(*row) if row else None


def households(
    connection: sqlite3.Connection, village: str | None, text: str, limit: int, offset: int
) -> list[HouseholdRow]:
    """In order of door number. Every word of ``text`` must occur in name, pinyin, initials or door number."""
    where: list[str] = ["1"]
    values: list[str] = []
    if village is not None:
        where.append("h.village = ?")
        values.append(village)
    for word in text.lower().split():
        where.append("h.search LIKE ? ESCAPE '\\'")
        values.append("%" + re.sub(r"([%_\\])", r"\\\1", word) + "%")
    rows = connection.execute(
        "SELECT h.id, h.head_name, h.door_number, h.device, h.fuel, h.visit_outcome, h.conversion_kind,"
        " h.conversion_step, h.marks, EXISTS (SELECT 1 FROM draft d WHERE d.household = h.id OR d.household IN"
        "  (SELECT a.id FROM alias a WHERE a.dataset = 'household' AND a.survivor = h.id)), h.village"
        " FROM household_row h"
        f" WHERE {' AND '.join(where)} ORDER BY h.village, h.sort_key, h.id LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return [
        HouseholdRow(
            id, name, door, device, fuel, visit, kind, step, _marks(marks, draft=bool(draft)), village
        )
        for id, name, door, device, fuel, visit, kind, step, marks, draft, village in rows
    ]


def _marks(stored: str, *, draft: bool = False) -> tuple[Mark, ...]:
    return cast(tuple[Mark, ...], (*stored.split(), *(("draft",) if draft else ())))


_SHOWN = "SELECT dataset, id, village, version, props, effective, conflicts, marks, updated_at FROM entity"


def entity(connection: sqlite3.Connection, dataset: str, id: str) -> Shown | None:
    """The entity under an id, or the one this id leads to since a person made one home of two."""
    row = connection.execute(
        f"{_SHOWN} WHERE dataset = ? AND id = coalesce("
        "(SELECT survivor FROM alias a WHERE a.dataset = entity.dataset AND a.id = ?), ?)",
        (dataset, id, id),
    ).fetchone()
    return _shown(connection, row) if row else None


def related(connection: sqlite3.Connection, dataset: str, household: str) -> list[Shown]:
    """Conversions or observations of a household (its property ``household``), in order of id."""
    rows = connection.execute(
        f"{_SHOWN} WHERE household = ? AND dataset = ? ORDER BY id",
        (replica_alias.resolve(connection, "household", household), dataset),
    )
    return [_shown(connection, row) for row in rows.fetchall()]


def in_villages(connection: sqlite3.Connection, dataset: str, village: str | None) -> list[Shown]:
    """Entities of a dataset that stand in a village (None: in any), in order of id."""
    rows = connection.execute(
        f"{_SHOWN} WHERE dataset = ? AND village = coalesce(?, village) ORDER BY id", (dataset, village)
    )
    return [_shown(connection, row) for row in rows.fetchall()]


def registered(connection: sqlite3.Connection, village: str, id_number: str) -> list[Registered]:
    """The households of a village, and those elsewhere with this identity number, in order of id."""
    query = "SELECT id, village, effective FROM entity WHERE dataset = 'household'"
    found = connection.execute(f"{query} AND village = ?", (village,)).fetchall()
    if id_number:
        named = f'%"id_number":"{re.sub(r"[^0-9A-Za-z]", "_", id_number)}"%'
        found += connection.execute(f"{query} AND village != ? AND effective LIKE ?", (village, named))
    return [Registered(id, stands_in, json.loads(effective)) for id, stands_in, effective in sorted(found)]


def _shown(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Shown:
    dataset, id, village, version, props, effective, conflicts, marks, updated_at = row
    return Shown(
        dataset, id, village, version, _open(effective), _open(props),
        () if conflicts == NONE else tuple(from_json(Conflict, item) for item in json.loads(conflicts)),
        tuple(overlays(connection, dataset, id)), _marks(marks), updated_at,
    )  # fmt: skip


def _open(stored: str) -> dict[str, str]:
    values: dict[str, str] = json.loads(stored)
    return {name: value for name, value in values.items() if name[:1] != HIDDEN}


def person(connection: sqlite3.Connection, id: str) -> str | None:
    row = connection.execute("SELECT name FROM person WHERE id = ?", (id,)).fetchone()
    return row[0] if row else None


def rescue(connection: sqlite3.Connection) -> Rescue | None:
    row = connection.execute(
        "SELECT device, person_name, county_name, made_at, file, submissions, drafts, photos, wiped FROM rescue"
    ).fetchone()
    if row is None:
        return None
    device, person_name, county_name, made_at, file, *counts, wiped = row
    submissions_n, drafts_n, photos_n = counts
    return Rescue(
        device, person_name, county_name, made_at, file, submissions_n, drafts_n, photos_n, bool(wiped)
    )


def form(connection: sqlite3.Connection, id: str, version: str | None) -> FormXml | None:
    """That version, or the newest."""
    row = connection.execute(
        "SELECT id, version, sha256, xml FROM form WHERE id = ? AND version = ?",
        (id, version or newest_form(connection, id)),
    ).fetchone()
    return FormXml(*row) if row else None


def newest_form(connection: sqlite3.Connection, id: str) -> str | None:
    """Of all versions the tablet has the newest (2020.10 is newer than 2020.9)."""
    rows = connection.execute("SELECT version FROM form WHERE id = ?", (id,))
    return max((row[0] for row in rows), key=version_key, default=None)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Orders versions by the numbers in them, and what is not a number as text before any number."""
    parts = re.findall(r"\d+|[^\d.]+", version)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def store_form(connection: sqlite3.Connection, form: FormXml) -> bool:
    """Whether it is new: a version that is here already stays as it is, for a released form never changes."""
    stored = connection.execute(
        "INSERT OR IGNORE INTO form VALUES (?, ?, ?, ?)", (form.id, form.version, form.sha256, form.xml)
    )
    return bool(stored.rowcount)


def status(connection: sqlite3.Connection) -> Status:
    drafts, waiting, rejected, unread = connection.execute(
        "SELECT (SELECT count(*) FROM draft), (SELECT count(*) FROM submission WHERE state = 'waiting'),"
        f" (SELECT count(*) FROM submission s WHERE {_OPEN_REJECTED}),"
        " (SELECT count(*) FROM village WHERE assigned AND NOT loaded)"
    ).fetchone()
    in_conflict = connection.execute("SELECT id FROM submission WHERE state = 'conflict'").fetchall()
    last, offset = connection.execute("SELECT last_contact_at, clock_offset_s FROM contact").fetchone()
    photos, left, lost = replica_photos.counts(connection)
    return Status(
        drafts, waiting, rejected, sum(conflict_open(connection, row[0]) for row in in_conflict),
        safe_to_hand_in=not waiting and not drafts and not photos, last_contact_at=last, clock_offset_s=offset,
        photos_waiting_n=photos, photo_bytes_left=left, photos_lost_n=lost, unread_n=unread,
    )  # fmt: skip


def conflict_open(connection: sqlite3.Connection, submission: str) -> bool:
    """Whether a submission in conflict still asks for a decision: nobody has corrected it here, and the hub
    has not yet shown its entities without the conflict. Followers join the conflict of the one they follow,
    so it is the property that is looked for, not the submission."""
    if connection.execute("SELECT 1 FROM submission WHERE corrects = ?", (submission,)).fetchone():
        return False
    verdict = connection.execute("SELECT verdict FROM submission WHERE id = ?", (submission,)).fetchone()[0]
    fields = [field for field in json.loads(verdict)["fields"] if field["outcome"] == "conflict"]
    return any(_field_open(connection, submission, field) for field in fields)


def _field_open(connection: sqlite3.Connection, submission: str, field: dict[str, Any]) -> bool:
    row = connection.execute(
        "SELECT e.conflicts, t.contained FROM target t"
        " LEFT JOIN alias a ON a.dataset = t.dataset AND a.id = t.id"
        " LEFT JOIN entity e ON e.dataset = t.dataset AND e.id = coalesce(a.survivor, t.id) AND e.at_hub"
        " WHERE t.submission = ? AND t.dataset = ? AND t.id = ?",
        (submission, field["dataset"], field["id"]),
    ).fetchone()
    if row is None or row[0] is None or not row[1]:
        return True  # not shown yet, or no longer held here: as far as this tablet knows, it is open
    return any(conflict["property"] == field["property"] for conflict in json.loads(row[0]))
