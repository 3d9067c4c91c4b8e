"""Doors in the order of the lane: what a household's door number is sorted by, and the index of lists.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

from sync.doors import door_order

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROWS_AT_A_TIME = 500
DOORS = sa.text("SELECT county, id, door_number FROM household ORDER BY county, id")
SET = sa.text("UPDATE household SET door_order = :place WHERE county = :county AND id = :id")


def upgrade() -> None:
    # Compared by code point whatever language the database was made for.
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    with op.batch_alter_table("household") as household:
        household.add_column(sa.Column("door_order", text, nullable=False, server_default=""))
    connection = op.get_bind()
    # As the projection of this version writes it, which `cleanheat verify` compares with.
    rows = [
        {"county": county, "id": id, "place": door_order(door)}
        for county, id, door in connection.execute(DOORS)
    ]
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        connection.execute(SET, rows[start : start + ROWS_AT_A_TIME])
    op.drop_index("ix_household_village", "household")
    op.create_index("ix_household_door", "household", ["county", "village", "door_order", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
