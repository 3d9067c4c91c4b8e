"""Subsidies: documents, payees, decisions, batches, return files and the ledger; what an acceptance proves.

Revision ID: 0006
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("acceptance") as acceptance:
        acceptance.add_column(sa.Column("cost_fen", sa.BigInteger(), nullable=True))
        acceptance.add_column(sa.Column("hardship", sa.String(), nullable=False, server_default=""))
        acceptance.add_column(sa.Column("hardship_since", sa.Date(), nullable=True))
    _schedule()
    _payee()
    _entitlement()
    _review()
    _batch()
    _payment()
    _return_file()
    _ledger()
    op.create_table(
        "money_counter",
        *_texts("county", "name"),
        *_whole("last"),
        sa.PrimaryKeyConstraint("county", "name"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database never goes back: restore a backup instead")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _fen(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _json(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _index(table: str, name: str, *columns: str) -> None:
    op.create_index(name, table, list(columns))


def _unique(table: str, name: str, *columns: str, where: str = "") -> None:
    """A unique index, over the rows `where` holds of; empty: over all."""
    if not where:
        op.create_index(name, table, list(columns), unique=True)
        return
    partial = sa.text(where)
    op.create_index(name, table, list(columns), unique=True, sqlite_where=partial, postgresql_where=partial)


def _schedule() -> None:
    op.create_table(
        "schedule",
        *_texts("county", "id", "version", "sha256"),
        *_json("document"),
        _instant("released_at"),
        *_texts("released_by"),
        sa.PrimaryKeyConstraint("county", "id", "version"),
    )


def _payee() -> None:
    op.create_table(
        "payee",
        *_texts("county", "household"),
        *_whole("number"),
        *_texts("holder", "account", "bank", "relation", "state", "source", "source_ref"),
        _instant("stated_at"),
        *_texts("stated_by", "reason"),
        sa.PrimaryKeyConstraint("county", "household", "number"),
    )
    _unique("payee", "ux_payee_in_force", "county", "household", where="state = 'in_force'")
    _index("payee", "ix_payee_state", "county", "state")
    _index("payee", "ix_payee_account", "county", "account")
    op.create_table(
        "payee_list",
        *_texts("county", "id", "name", "sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _instant("read_at"),
        *_texts("read_by"),
        _instant("imported_at", nullable=True),
        *_texts("imported_by"),
        *_whole("rows_n", "first_n", "proposed_n"),
        sa.PrimaryKeyConstraint("county", "id"),
    )


def _entitlement() -> None:
    op.create_table(
        "entitlement",
        *_texts("county", "id"),
        *_whole("number"),
        *_texts("village", "household", "conversion", "component", "season"),
        *_fen("amount_fen"),
        *_json("shares"),
        _day("due_on"),
        *_texts("outcome", "schedule_id", "schedule_version", "schedule_sha256"),
        *_json("line", "home"),
        *_texts("corrects"),
        *_json("spent", "surveyed_by", "accepted_by"),
        _instant("decided_at"),
        *_texts("decided_by", "decided_reason"),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    columns = ("county", "household", "component", "season")
    _unique("entitlement", "ux_entitlement_first", *columns, where="corrects = ''")
    _unique("entitlement", "ux_entitlement_number", "county", "number")
    _index("entitlement", "ix_entitlement_household", "county", "household")
    _index("entitlement", "ix_entitlement_village", "county", "village", "due_on", "amount_fen")
    _index("entitlement", "ix_entitlement_corrects", "county", "corrects")


def _review() -> None:
    op.create_table(
        "subsidy_review",
        *_texts("county", "household", "village"),
        sa.Column("stale", sa.Boolean(), nullable=False),
        _day("worked_on", nullable=True),
        *_whole("undecided_n"),
        *_fen("undecided_fen"),
        *_whole("corrections_n"),
        *_fen("corrections_fen"),
        *_whole("open_n"),
        *_texts("open_codes"),
        sa.PrimaryKeyConstraint("county", "household"),
    )
    _index("subsidy_review", "ix_subsidy_review_stale", "county", "stale")
    _index("subsidy_review", "ix_subsidy_review_village", "county", "village")
    op.create_table(
        "subsidy_review_line",
        *_texts("county", "household", "kind", "conversion", "component", "season", "code", "village"),
        *_fen("amount_fen", "before_fen", "after_fen"),
        _day("due_on", nullable=True),
        *_texts("outcome"),
        *_json("reason", "changes"),
        *_texts("schedule", "digest"),
        sa.PrimaryKeyConstraint("county", "household", "kind", "conversion", "component", "season", "code"),
    )
    _index("subsidy_review_line", "ix_subsidy_review_line_village", "county", "kind", "village")


def _batch() -> None:
    op.create_table(
        "payment_batch",
        *_texts("county", "id"),
        *_whole("number"),
        *_texts("title", "state", "area", "follows"),
        *_whole("revision"),
        _instant("opened_at"),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    _unique("payment_batch", "ux_payment_batch_number", "county", "number")
    _index("payment_batch", "ix_payment_batch_state", "county", "state")
    op.create_table(
        "payment_batch_act",
        *_texts("county", "batch"),
        *_whole("number"),
        *_texts("verb", "person"),
        _instant("at"),
        *_texts("reason", "digest"),
        sa.PrimaryKeyConstraint("county", "batch", "number"),
    )


def _payment() -> None:
    op.create_table(
        "payment",
        *_texts("county", "id", "batch", "village", "household", "entitlement"),
        *_json("settles"),
        *_fen("amount_fen"),
        *_json("shares"),
        *_texts("holder", "account", "bank", "relation", "state"),
        *_json("surveyed_by", "accepted_by"),
        *_texts("reason"),
        _day("sent_on", nullable=True),
        _day("booked_on", nullable=True),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    live = "state IN ('planned', 'sent', 'credited')"
    _unique("payment", "ux_payment_live", "county", "entitlement", where=live)
    _index("payment", "ix_payment_batch", "county", "batch", "state", "amount_fen")
    _index("payment", "ix_payment_entitlement", "county", "entitlement", "state")
    _index("payment", "ix_payment_household", "county", "household")
    _index("payment", "ix_payment_village", "county", "village", "state", "amount_fen")


def _return_file() -> None:
    op.create_table(
        "return_file",
        *_texts("county", "id", "batch", "name", "sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _instant("read_at"),
        *_texts("read_by"),
        *_whole("rows_n", "credited_n", "returned_n", "waiting_n", "repeated_n"),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    _index("return_file", "ix_return_file_batch", "county", "batch", "read_at")
    op.create_table(
        "return_row",
        *_texts("county", "file"),
        *_whole("number"),
        *_texts("batch", "end_to_end_id", "account"),
        *_fen("amount_fen"),
        *_texts("outcome", "reason"),
        _day("booked_on", nullable=True),
        *_texts("fate", "why"),
        *_fen("gap_fen"),
        *_texts("other_batch"),
        _instant("settled_at", nullable=True),
        *_texts("settled_by"),
        sa.Column("settled_how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("county", "file", "number"),
    )
    _index("return_row", "ix_return_row_batch", "county", "batch", "fate")
    _index("return_row", "ix_return_row_payment", "county", "end_to_end_id")


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        *_texts("county", "id"),
        *_whole("number"),
        _day("happened_on"),
        *_texts("kind", "entitlement", "payment", "reverses", "village"),
        _instant("entered_at"),
        *_texts("entered_by"),
        sa.PrimaryKeyConstraint("county", "id"),
    )
    _unique("ledger_entry", "ux_ledger_entry_number", "county", "number")
    _index("ledger_entry", "ix_ledger_entry_entitlement", "county", "entitlement")
    _index("ledger_entry", "ix_ledger_entry_payment", "county", "payment")
    op.create_table(
        "ledger_posting",
        *_texts("county", "entry"),
        *_whole("number"),
        *_texts("level", "purpose"),
        *_fen("amount_fen"),
        sa.PrimaryKeyConstraint("county", "entry", "number"),
    )
    _index("ledger_posting", "ix_ledger_posting_account", "county", "level", "purpose")
