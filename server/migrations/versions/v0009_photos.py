"""Photos: which submissions name one, which have come, which are on their way.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "photo_name",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("county", "sha256", "submission"),
    )
    op.create_index("ix_photo_name_submission", "photo_name", ["county", "submission"])
    op.create_table(
        "photo",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("county", "sha256"),
    )
    op.create_index("ix_photo_of", "photo", ["county", "of"])
    op.create_table(
        "photo_upload",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("county", "device", "sha256"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
