"""Divisions and their classes, households with their conversions and coal, released plans.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _divisions()
    _household()
    _conversion()
    _coal_use()
    _plan()


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")


def _divisions() -> None:
    op.create_table(
        "division",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("urban_rural_code", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("ix_division_level", "division", ["level", "code"])
    op.create_index("ix_division_name", "division", ["name"])
    op.create_index("ix_division_parent", "division", ["parent"])
    op.create_table(
        "area_class",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("area_class", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("county", "village", "number"),
    )
    op.create_index("ix_area_class_current", "area_class", ["county", "current", "village"])


def _household() -> None:
    op.create_table(
        "household",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head_name", sa.String(), nullable=False),
        sa.Column("head_pinyin", sa.String(), nullable=False),
        sa.Column("head_initials", sa.String(), nullable=False),
        sa.Column("id_number", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("door_number", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("tenure", sa.String(), nullable=False),
        sa.Column("registration", sa.String(), nullable=False),
        sa.Column("residents_n", sa.Integer(), nullable=True),
        sa.Column("house_area_m2", sa.Numeric(10, 2), nullable=True),
        sa.Column("heated_area_m2", sa.Numeric(10, 2), nullable=True),
        sa.Column("rooms_n", sa.Integer(), nullable=True),
        sa.Column("house_use", sa.String(), nullable=False),
        sa.Column("occupancy", sa.String(), nullable=False),
        sa.Column("hardship", sa.String(), nullable=False),
        sa.Column("mountain", sa.String(), nullable=False),
        sa.Column("heating_status", sa.String(), nullable=False),
        sa.Column("not_heated_reason", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("fuel", sa.String(), nullable=False),
        sa.Column("demolition_year", sa.Integer(), nullable=True),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("old_stove", sa.String(), nullable=False),
        sa.Column("old_stove_on", sa.Date(), nullable=True),
        sa.Column("visit_outcome", sa.String(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("conflicts_n", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_household_conflicts", "household", ["county", "conflicts_n"])
    op.create_index("ix_household_name", "household", ["county", "head_name"])
    op.create_index("ix_household_village", "household", ["county", "village", "door_number"])


def _conversion() -> None:
    op.create_table(
        "conversion",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("device_code", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("contract_number", sa.String(), nullable=False),
        sa.Column("contractor", sa.String(), nullable=False),
        sa.Column("account_number", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("connected_on", sa.Date(), nullable=True),
        sa.Column("first_used_on", sa.Date(), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("conflicts_n", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_conversion_household", "conversion", ["county", "household", "id"])
    op.create_index("ix_conversion_village", "conversion", ["county", "village"])


def _coal_use() -> None:
    op.create_table(
        "coal_use",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("season", sa.String(), nullable=False),
        sa.Column("coal_t", sa.Numeric(10, 3), nullable=True),
        sa.Column("price_fen_per_t", sa.Integer(), nullable=True),
        sa.Column("coal_source", sa.String(), nullable=False),
        sa.Column("stock_t", sa.Numeric(10, 3), nullable=True),
        sa.Column("observed_on", sa.Date(), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("conflicts_n", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_coal_use_household", "coal_use", ["county", "household", "season"])
    op.create_index("ix_coal_use_village", "coal_use", ["county", "village"])


def _plan() -> None:
    op.create_table(
        "plan",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("county", "id", "version"),
    )
