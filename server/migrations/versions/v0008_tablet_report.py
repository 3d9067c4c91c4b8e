"""What a tablet says of itself besides its records: its forms, its free space, its photos still waiting.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tablet") as tablet:
        tablet.add_column(sa.Column("forms", sa.JSON(), nullable=False, server_default="[]"))
        tablet.add_column(sa.Column("free_bytes", sa.BigInteger(), nullable=True))
        tablet.add_column(sa.Column("photos_waiting", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
