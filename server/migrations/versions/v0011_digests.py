"""What villages' digests were at each place in their feeds, and what tablets last said theirs are.

The first start fills them: the digests of what is there are counted like those made by another rule.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "village_digest",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("county", "village", "seq"),
    )
    op.create_table(
        "tablet_digest",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("cursors", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("county", "device"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
