"""What becomes of a device id that was restored or copied, and the rescue files of tablets that were lost.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tablet") as tablet:
        tablet.add_column(sa.Column("challenge", sa.String(), nullable=True))
        tablet.add_column(sa.Column("closed_as", sa.String(), nullable=True))
        tablet.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        tablet.add_column(sa.Column("formers", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "rescue",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("submissions_n", sa.Integer(), nullable=False),
        sa.Column("drafts_n", sa.Integer(), nullable=False),
        sa.Column("photos_n", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_by", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("county", "id"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
