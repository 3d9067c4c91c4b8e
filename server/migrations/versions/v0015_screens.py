"""What stood on the screen of the tablet that made a record, as it tells since then; of earlier ones nothing is known.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("submission") as submission:
        submission.add_column(sa.Column("screen", sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
