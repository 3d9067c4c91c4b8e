"""Sightings and the problem ledger; zones with their versions.

Revision ID: 0003
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sighting()
    _problem()
    _problem_event()
    _zone()
    _zone_version()
    _zone_village()
    _zone_left_out()


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _sighting() -> None:
    op.create_table(
        "sighting",
        *_texts("county", "id", "village"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("household", "place", "what"),
        sa.Column("seen_on", sa.Date(), nullable=True),
        sa.Column("amount_t", sa.Numeric(10, 3), nullable=True),
        *_texts("location", "remark", "submission", "seen_by"),
        sa.Column("extra", sa.JSON(), nullable=False),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_sighting_village", "sighting", ["county", "village", "seen_on"])
    op.create_index("ix_sighting_household", "sighting", ["county", "household"])


def _problem() -> None:
    op.create_table(
        "problem",
        *_texts("county", "id", "kind", "village", "household", "place", "description"),
        sa.Column("found_on", sa.Date(), nullable=False),
        _instant("opened_at"),
        *_texts("opened_by", "reopened_by", "source_submission", "source", "zone", "responsible"),
        sa.Column("due_on", sa.Date(), nullable=False),
        *_texts("state", "reported_by"),
        _instant("closed_at", nullable=True),
        *_texts("closed_by", "outcome", "evidence"),
        sa.Column("events_n", sa.Integer(), nullable=False),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    op.create_index("ix_problem_village", "problem", ["county", "village", "state"])
    op.create_index("ix_problem_due", "problem", ["county", "state", "due_on"])
    op.create_index("ix_problem_responsible", "problem", ["county", "responsible", "state"])
    not_closed = sa.text("state <> 'closed' AND household <> ''")
    op.create_index(
        "uq_problem_not_closed",
        "problem",
        ["county", "household", "kind"],
        unique=True,
        sqlite_where=not_closed,
        postgresql_where=not_closed,
    )


def _problem_event() -> None:
    op.create_table(
        "problem_event",
        *_texts("county", "problem"),
        sa.Column("number", sa.Integer(), nullable=False),
        _instant("at"),
        *_texts("by", "act", "text", "responsible"),
        sa.Column("due_on", sa.Date(), nullable=True),
        *_texts("submission"),
        sa.PrimaryKeyConstraint("county", "problem", "number"),
    )


def _zone() -> None:
    op.create_table(
        "zone",
        *_texts("county", "id", "kind", "name"),
        sa.Column("versions_n", sa.Integer(), nullable=False),
        _instant("made_at"),
        sa.PrimaryKeyConstraint("county", "id"),
    )


def _zone_version() -> None:
    op.create_table(
        "zone_version",
        *_texts("county", "zone"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("change", "decision", "name", "reason", "bans", "responsible"),
        sa.Column("due_days", sa.Integer(), nullable=False),
        *_texts("proposed_by"),
        _instant("proposed_at"),
        sa.Column("edited_by", sa.JSON(), nullable=False),
        *_texts("decided_by"),
        _instant("decided_at", nullable=True),
        *_texts("decision_reason", "document_number"),
        sa.Column("document_on", sa.Date(), nullable=True),
        sa.Column("in_force_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("checklist", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("county", "zone", "number"),
    )
    op.create_index("ix_zone_version_decision", "zone_version", ["county", "decision", "in_force_on"])


def _zone_village() -> None:
    op.create_table(
        "zone_village",
        *_texts("county", "zone"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("village"),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("county", "zone", "number", "village"),
    )
    op.create_index("ix_zone_village_village", "zone_village", ["county", "village"])
    op.create_index(
        "uq_zone_village_latest",
        "zone_village",
        ["county", "village"],
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    )


def _zone_left_out() -> None:
    op.create_table(
        "zone_left_out",
        *_texts("county", "zone"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("household", "village", "reason", "note", "entered_by"),
        _instant("entered_at"),
        sa.PrimaryKeyConstraint("county", "zone", "number", "household"),
    )
    op.create_index("ix_zone_left_out_household", "zone_left_out", ["county", "household"])
