"""Whatever grows belongs to a county: `county` comes first in its key and stands in every unique key.

A county's rows then lie together, no transaction touches two counties, and a database can be split by county
or counties be joined in one without a single key changing.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Table, UniqueConstraint

from server import database

WITHOUT_A_COUNTY = {
    "division": "the statistics bureau's list of the whole country, the same for every county",
    "form": "released forms, a few dozen for all counties",
    "hub_meta": "a handful of rows about the database itself",
    "person": "whoever signs in, once, also for several counties",
    "role_assignment": "what a person may do where: as many rows as people; `area` says where",
    "api_token": "a few for each person, found by the token alone, before any county is known",
}


def _tables() -> list[Table]:
    server = Path(database.__file__).parent
    for path in server.glob("*/tables.py"):
        importlib.import_module(f"server.{path.parent.name}.tables")
    return list(database.metadata.tables.values())


def _unique_keys(table: Table) -> Iterator[list[str]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield [column.name for column in constraint.columns]
    for index in table.indexes:
        if index.unique:
            yield [column.name for column in index.columns]


def test_the_county_comes_first_in_the_key_of_every_table_that_grows() -> None:
    first = {table.name: next(iter(table.primary_key.columns)).name for table in _tables()}
    assert len(first) > 15
    assert {name for name, column in first.items() if column != "county"} <= set(WITHOUT_A_COUNTY)


def test_the_county_is_part_of_every_unique_key_of_a_table_that_grows() -> None:
    without = [
        (table.name, key)
        for table in _tables()
        for key in _unique_keys(table)
        if table.name not in WITHOUT_A_COUNTY and "county" not in key
    ]
    assert without == []


def test_a_table_that_is_excused_exists_and_has_no_county_in_its_key() -> None:
    with_county = {table.name for table in _tables() if "county" in table.primary_key.columns}
    assert not with_county & set(WITHOUT_A_COUNTY)
