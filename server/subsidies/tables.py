"""Tables of the money: documents, payees, decisions, batches, what the bank answered, and the ledger.

Every key begins with the county. What must never happen twice is forbidden by the database and not only by
code: a second decision for one household, component and season; a second live payment of one decision; a
second payee in force. Amounts are whole fen. A row of a decision, of a return file or of the ledger is written
once; what changes later is said by another row.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from server.database import Instant

IN_FORCE: Final = text("state = 'in_force'")
FIRST_DECISION: Final = text("corrects = ''")
LIVE: Final = text("state IN ('planned', 'sent', 'credited')")


def _json() -> Any:
    return Column(JSON, nullable=False)


class ScheduleRow(SQLModel, table=True):
    """A released subsidy schedule (补贴标准): its document, and the hash of the document's canonical form."""

    __tablename__ = "schedule"

    county: str = Field(primary_key=True, description="the county that released it for itself")
    id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    sha256: str
    document: dict[str, Any] = Field(sa_column=_json())
    released_at: datetime = Field(sa_type=Instant)
    released_by: str = Field(description="person id; empty for one that comes with the program")


class PayeeRow(SQLModel, table=True):
    """Who is paid for a household (收款人), as stated once. Statements are only added.

    `state`: in_force, replaced, proposed (differs from the one in force, and waits for somebody to decide),
    adopted (it was proposed, and stands again as a later statement) or dismissed. `source`: tablet, list or
    office; `source_ref`: the submission's id, or the list's hash and row.
    """

    __tablename__ = "payee"
    __table_args__ = (
        Index(
            "ux_payee_in_force", "county", "household", unique=True, sqlite_where=IN_FORCE,
            postgresql_where=IN_FORCE,
        ),
        Index("ix_payee_state", "county", "state"),
        Index("ix_payee_account", "county", "account"),
    )  # fmt: skip

    county: str = Field(primary_key=True)
    household: str = Field(primary_key=True)
    number: int = Field(primary_key=True, description="counts a household's statements from 1")
    holder: str
    account: str = Field(description="as payments.plain_account writes it")
    bank: str
    relation: str = Field(description="of the holder to the householder")
    state: str
    source: str
    source_ref: str
    stated_at: datetime = Field(sa_type=Instant)
    stated_by: str = Field(description="person id")
    reason: str = Field(description="why it was changed, proposed or dismissed; empty for a first statement")


class PayeeListRow(SQLModel, table=True):
    """A list of payees as somebody brought it, whole: kept from the look at what it would change on, so that what
    is confirmed is what was looked at, and for whoever asks later where an account came from.
    """

    __tablename__ = "payee_list"

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    sha256: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    read_at: datetime = Field(sa_type=Instant)
    read_by: str
    imported_at: datetime | None = Field(default=None, sa_type=Instant)
    imported_by: str = ""
    rows_n: int = 0
    first_n: int = Field(default=0, description="homes that had no payee before")
    proposed_n: int = Field(default=0, description="homes whose payee differs, and waits for a decision")


class EntitlementRow(SQLModel, table=True):
    """A decided line (核定): what a household is entitled to for one component and season, or why it is nothing.

    `line` is the whole line and `home` the facts it was worked out from, as JSON. `corrects` names the first
    decision that this one adds a signed difference to; it is empty for a first decision, of which there is one
    for each household, component and season. Village and county stay those of the decision.
    """

    __tablename__ = "entitlement"
    __table_args__ = (
        Index(
            "ux_entitlement_first", "county", "household", "component", "season", unique=True,
            sqlite_where=FIRST_DECISION, postgresql_where=FIRST_DECISION,
        ),
        Index("ux_entitlement_number", "county", "number", unique=True),
        Index("ix_entitlement_household", "county", "household"),
        Index("ix_entitlement_village", "county", "village", "due_on", "amount_fen"),
        Index("ix_entitlement_corrects", "county", "corrects"),
    )  # fmt: skip

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    number: int = Field(description="counts the county's decisions, so that they can be read in their order")
    village: str
    household: str
    conversion: str
    component: str
    season: str
    amount_fen: int = Field(sa_type=BigInteger)
    shares: dict[str, int] = Field(sa_column=_json(), description="level of government to fen")
    due_on: date
    outcome: str
    schedule_id: str
    schedule_version: str
    schedule_sha256: str
    line: dict[str, Any] = Field(sa_column=_json())
    home: dict[str, Any] = Field(sa_column=_json())
    corrects: str
    spent: list[Any] = Field(
        sa_column=_json(), description="what others had of caps on the total: [document's hash, cap, fen]"
    )
    surveyed_by: list[str] = Field(sa_column=_json(), description="persons whose records it stands on")
    accepted_by: list[str] = Field(sa_column=_json())
    decided_at: datetime = Field(sa_type=Instant)
    decided_by: str
    decided_reason: str = Field(description="why a correction was decided; empty for a first decision")


class ReviewRow(SQLModel, table=True):
    """What working a household out came to when it was last done: the queue of what waits for a decision.

    A reading of register and documents that can be made anew. `stale`: something it rests on has changed since.
    `worked_on`: up to which day it was worked out.
    """

    __tablename__ = "subsidy_review"
    __table_args__ = (
        Index("ix_subsidy_review_stale", "county", "stale"),
        Index("ix_subsidy_review_village", "county", "village"),
    )

    county: str = Field(primary_key=True)
    household: str = Field(primary_key=True)
    village: str
    stale: bool
    worked_on: date | None
    undecided_n: int
    undecided_fen: int = Field(sa_type=BigInteger)
    corrections_n: int
    corrections_fen: int = Field(sa_type=BigInteger)
    open_n: int = Field(description="questions in the way of a decision: a missing day, area or proof")
    open_codes: str = Field(description="their codes, parted by blanks")


class ReviewLineRow(SQLModel, table=True):
    """A line of that queue: what can be decided (`kind` due), proposed corrections, and open questions.

    `digest`: of what is proposed, so that only what was seen is decided. `code`: of an open question. `changes`:
    facts as [name, before, after].
    """

    __tablename__ = "subsidy_review_line"
    __table_args__ = (Index("ix_subsidy_review_line_village", "county", "kind", "village"),)

    county: str = Field(primary_key=True)
    household: str = Field(primary_key=True)
    kind: str = Field(primary_key=True, description="due, correction or open")
    conversion: str = Field(primary_key=True)
    component: str = Field(primary_key=True)
    season: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    village: str
    amount_fen: int = Field(sa_type=BigInteger)
    before_fen: int = Field(sa_type=BigInteger)
    after_fen: int = Field(sa_type=BigInteger)
    due_on: date | None
    outcome: str
    reason: dict[str, str] = Field(sa_column=_json())
    changes: list[Any] = Field(sa_column=_json())
    schedule: str = Field(description="id@version; empty for a question")
    digest: str


class BatchRow(SQLModel, table=True):
    """A batch of payments (发放批次). `revision` is raised by every change: of two clerks the second one sees it."""

    __tablename__ = "payment_batch"
    __table_args__ = (
        Index("ux_payment_batch_number", "county", "number", unique=True),
        Index("ix_payment_batch_state", "county", "state"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    number: int = Field(description="counts the county's batches from 1; people and banks call it by that")
    title: str
    state: str
    area: str = Field(description="smallest area that holds all of its payments; rights are asked for there")
    follows: str = Field(description="batch whose returned money this one pays again; empty for none")
    revision: int
    opened_at: datetime = Field(sa_type=Instant)


class BatchActRow(SQLModel, table=True):
    """A step that was taken with a batch, by whom, when and why."""

    __tablename__ = "payment_batch_act"

    county: str = Field(primary_key=True)
    batch: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    verb: str
    person: str
    at: datetime = Field(sa_type=Instant)
    reason: str
    digest: str = Field(description="of the batch as it was when the step was taken")


class PaymentRow(SQLModel, table=True):
    """A payment; `id` is its end-to-end id (ISO 20022: at most 35 characters), never used again.

    The payee is a copy, as it was when the batch was locked. `settles`: the decisions it makes good.
    """

    __tablename__ = "payment"
    __table_args__ = (
        Index(
            "ux_payment_live", "county", "entitlement", unique=True, sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        # Serves the sums of many batches without looking at a payment.
        Index("ix_payment_batch", "county", "batch", "state", "amount_fen"),
        Index("ix_payment_entitlement", "county", "entitlement", "state"),
        Index("ix_payment_household", "county", "household"),
        Index("ix_payment_village", "county", "village", "state", "amount_fen"),
    )  # fmt: skip

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    batch: str
    village: str
    household: str
    entitlement: str
    settles: list[str] = Field(sa_column=_json())
    amount_fen: int = Field(sa_type=BigInteger)
    shares: dict[str, int] = Field(sa_column=_json())
    holder: str
    account: str
    bank: str
    relation: str
    state: str
    surveyed_by: list[str] = Field(sa_column=_json())
    accepted_by: list[str] = Field(sa_column=_json())
    reason: str = Field(description="the bank's, for a returned one")
    sent_on: date | None
    booked_on: date | None = Field(description="the day the bank gives for its answer")


class ReturnFileRow(SQLModel, table=True):
    """A return file (回盘文件) as it was read, whole: an inspector may ask for it."""

    __tablename__ = "return_file"
    __table_args__ = (Index("ix_return_file_batch", "county", "batch", "read_at"),)

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    batch: str
    name: str
    sha256: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    read_at: datetime = Field(sa_type=Instant)
    read_by: str
    rows_n: int
    credited_n: int
    returned_n: int
    waiting_n: int
    repeated_n: int


class ReturnRowRow(SQLModel, table=True):
    """A row of a return file and what became of it.

    `fate`: answer, repeated, waiting, settled (it waited, and a person has dealt with it, saying how), or
    overruled (it was the answer until a person took another row for it). `why`: code of reconcile.UNMATCHED where
    it waits or waited.
    """

    __tablename__ = "return_row"
    __table_args__ = (
        Index("ix_return_row_batch", "county", "batch", "fate"),
        Index("ix_return_row_payment", "county", "end_to_end_id"),
    )

    county: str = Field(primary_key=True)
    file: str = Field(primary_key=True)
    number: int = Field(primary_key=True, description="of the row in the file, as people count it")
    batch: str
    end_to_end_id: str
    account: str
    amount_fen: int = Field(sa_type=BigInteger)
    outcome: str
    reason: str
    booked_on: date | None
    fate: str
    why: str
    gap_fen: int = Field(sa_type=BigInteger)
    other_batch: str
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    settled_by: str = ""
    settled_how: str = Field(default="", sa_type=Text)


class CounterRow(SQLModel, table=True):
    """The last number given of what a county counts: decisions, batches, entries.

    Whoever takes a number holds the row until commit, so the numbers have no gap and of two writers the second
    sees what the first has done.
    """

    __tablename__ = "money_counter"

    county: str = Field(primary_key=True)
    name: str = Field(primary_key=True, description="the table that is counted")
    last: int


class EntryRow(SQLModel, table=True):
    """An entry of the ledger (分录). Written once; undone only by another one that reverses it."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index("ux_ledger_entry_number", "county", "number", unique=True),
        Index("ix_ledger_entry_entitlement", "county", "entitlement"),
        Index("ix_ledger_entry_payment", "county", "payment"),
    )

    county: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    number: int = Field(description="counts the county's entries without a gap")
    happened_on: date
    kind: str
    entitlement: str
    payment: str
    reverses: str
    village: str
    entered_at: datetime = Field(sa_type=Instant)
    entered_by: str


class PostingRow(SQLModel, table=True):
    """An amount on an account: level of government and purpose; a debit is positive."""

    __tablename__ = "ledger_posting"
    __table_args__ = (Index("ix_ledger_posting_account", "county", "level", "purpose"),)

    county: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    level: str
    purpose: str
    amount_fen: int = Field(sa_type=BigInteger)
