"""What the office wants a tablet called, kept with the code that enrols it.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("enrolment_code") as code:
        code.add_column(sa.Column("name", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")
