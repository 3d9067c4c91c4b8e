"""A line of the journal stays where its table is, also when it is longer than two kilobytes.

PostgreSQL would pack its texts and put the longest into a table beside it: for every record of a home some work, at
writing and at each reading, and no room saved, for what is packed piece by piece hardly shrinks. SQLite never does.

Revision ID: 0016
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE submission SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
