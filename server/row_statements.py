"""What writes whole rows on SQLite: statements that depend on nothing but the table, each put together once.

Apart from `database` because every contact of a tablet runs half a dozen of them, and to put one together (the
upsert goes through all columns of its table) costs more than to run it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite


@cache
def insert(table: sa.Table) -> Any:
    """Adds rows, each with all its columns."""
    return table.insert()


@cache
def insert_absent(table: sa.Table) -> Any:
    """Adds those whose key is not there yet."""
    return sqlite.insert(table).on_conflict_do_nothing()


@cache
def update_unchanged(table: sa.Table) -> Any:
    """Writes all but the key of the row whose key and `version` are those of `at_…` and `at_was`."""
    same = [each == sa.bindparam(f"at_{each.name}") for each in table.primary_key.columns]
    values: dict[str, Any] = {
        each.name: sa.bindparam(f"at_{each.name}") for each in table.columns if not each.primary_key
    }
    return sa.update(table).where(*same, table.c.version == sa.bindparam("at_was")).values(values)


@cache
def upsert(table: sa.Table) -> Any:
    """Adds rows, or writes them over those of the same key."""
    given = sqlite.insert(table)
    keys = [each.name for each in table.primary_key.columns]
    rest = {each.name: given.excluded[each.name] for each in table.columns if not each.primary_key}
    return given.on_conflict_do_update(index_elements=keys, set_=rest)
