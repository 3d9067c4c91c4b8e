"""Homes registered twice: aliases, merges, and pairs that somebody said are two.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alias",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("same_as", sa.String(), nullable=False),
        sa.Column("survivor", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("county", "dataset", "id"),
    )
    op.create_index("ix_alias_survivor", "alias", ["county", "dataset", "survivor"])
    op.create_table(
        "household_merge",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("survivor", sa.String(), nullable=False),
        sa.Column("loser", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("loser_village", sa.String(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_household_merge_loser", "household_merge", ["county", "loser"])
    op.create_index("ix_household_merge_survivor", "household_merge", ["county", "survivor"])
    op.create_table(
        "not_duplicate",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("one", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("county", "one", "other", "number"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
