"""Roles held for areas, the log of acts, one-time passwords. The one role each person had becomes an assignment.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _role_assignment()
    _audit()
    op.add_column(
        "person", sa.Column("password_once", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # As it stands, a column of a table that others refer to cannot be taken away by copying it.
    op.execute("ALTER TABLE person DROP COLUMN role")
    op.execute("ALTER TABLE person DROP COLUMN area")


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")


def _role_assignment() -> None:
    op.create_table(
        "role_assignment",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("person", "role", "area", "from_at"),
    )
    op.execute(
        "INSERT INTO role_assignment (person, role, area, from_at, until_at) "
        "SELECT id, role, area, made_at, closed_at FROM person"
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_audit_at", "audit", ["county", "at"])
    op.create_index("ix_audit_subject", "audit", ["county", "subject"])
