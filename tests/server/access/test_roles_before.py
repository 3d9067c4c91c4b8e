"""A database from before there were assignments: each person's one role becomes one, administrators' first of all."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import command
from sqlmodel import select

from server import database
from server.access.rules import may
from server.access.tables import Person

AT = datetime(2020, 9, 1, tzinfo=UTC)
TEXTS = ("id", "login", "name", "role", "area")
BEFORE = sa.table(
    "person", *map(sa.column, TEXTS), sa.column("session_version"), sa.column("made_at", database.Instant()),
    sa.column("closed_at", database.Instant()),
)  # fmt: skip


def test_everybody_keeps_their_role_and_the_closed_have_none(empty_engine) -> None:
    with empty_engine.execution_options(writing=True).connect() as connection, connection.begin():
        command.upgrade(database.alembic_config(connection), "0003")
        people = (("a", "administrator", None), ("s", "surveyor", None), ("c", "auditor", AT))
        for identity, role, closed_at in people:
            row = sa.insert(BEFORE).values(
                id=identity, login=identity, name=identity, role=role, area="140525", session_version=1, made_at=AT,
                closed_at=closed_at,
            )  # fmt: skip
            connection.execute(row)
    database.migrate(empty_engine)
    with database.read(empty_engine) as session:
        people = {person.id: person for person in session.exec(select(Person))}
    assert {name: [grant.role for grant in person.grants] for name, person in people.items()} == {
        "a": ["administrator"],
        "s": ["surveyor"],
        "c": [],
    }
    assert may(people["a"], "person.manage", "140525")
    assert not people["a"].password_once
