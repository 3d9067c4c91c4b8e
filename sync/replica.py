"""The tablet's store: identity, villages, entities, drafts, records, cursors, receipts – one SQLite file.

This class is the door; what happens behind it are plain functions over one connection, by subject:
``replica_records`` (drafts, submissions, corrections), ``replica_view`` (the optimistic view), ``replica_lists``
(what screens read), ``replica_sync`` (what a reply does), ``replica_schema`` (file, transactions, problems).

A `Replica` belongs to the thread that opened it. A second one on the same file, for a sync in the background,
is fine: each write waits for its turn. Every method may raise `ReplicaProblem`; whatever a method returned
from is on disk.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from sync import replica_lists, replica_parts, replica_photos, replica_records, replica_reply, replica_sync
from sync.codec import own_submission, to_text
from sync.messages import (
    Answers,
    ChainEnd,
    Cursor,
    EnrolReply,
    FormXml,
    Part,
    Reply,
    Screen,
    Submission,
    Village,
)
from sync.replica_records import Recorded
from sync.replica_rows import (
    Around,
    Delay,
    Draft,
    HouseholdRow,
    Identity,
    Mark,
    Record,
    Registered,
    Rescue,
    Settled,
    Shown,
    State,
    Status,
    VillageRow,
)
from sync.replica_schema import ReplicaProblem, connect, reading, writing
from sync.replica_sync import Stated

__all__ = [
    "Around",
    "Delay",
    "Draft",
    "HouseholdRow",
    "Identity",
    "Mark",
    "Record",
    "Registered",
    "Replica",
    "ReplicaProblem",
    "Rescue",
    "Settled",
    "Shown",
    "State",
    "Stated",
    "Status",
    "VillageRow",
]

_ALL = 1_000_000


@dataclass(frozen=True)
class Replica:
    """``clock`` gives aware UTC instants, ``new_id`` fresh lower-case UUIDs from a secure source: the device's
    secret is made of them too."""

    db: Database
    clock: Callable[[], datetime]
    new_id: Callable[[], str]

    @classmethod
    def open(cls, path: Path | str, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Replica:
        """The replica in the file at ``path``, which is made or migrated as needed. Raises `ReplicaProblem`:
        ``newer`` (file untouched), ``damaged``, ``disk_fault``, ``disk_full``."""
        return cls(connect(Path(path)), clock, new_id)

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Replica:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- identity ---

    def identity(self) -> Identity | None:
        """None until a hub has answered an enrolment."""
        with reading(self.db) as connection:
            return replica_sync.identity(connection)

    def new_identity(self, server: str) -> Identity:
        """Device id and secret to enrol with at ``server``, stored before they are first sent. Asked again
        before an answer came, the same ones. The identity so far stays in force until `enrolled`."""
        raw = bytes.fromhex((self.new_id() + self.new_id()).replace("-", ""))
        secret = urlsafe_b64encode(raw).decode().rstrip("=")  # it travels with every request: 43 characters
        fresh = Identity(self.new_id(), secret, server)
        with writing(self.db) as connection:
            return replica_sync.new_identity(connection, fresh)

    def enrolled(self, reply: EnrolReply) -> Identity:
        with writing(self.db) as connection:
            return replica_reply.enrolled(connection, reply)

    def move_server(self, server: str) -> None:
        """The same hub is reached at another address from now on."""
        with writing(self.db) as connection:
            replica_sync.move_server(connection, server)

    def formers(self) -> tuple[str, ...]:
        """Ids this tablet has been enrolled under and has records of."""
        with reading(self.db) as connection:
            return replica_sync.formers(connection)

    def ends(self) -> tuple[ChainEnd, ...]:
        """Where the chains end that this tablet made under those ids."""
        with reading(self.db) as connection:
            return replica_sync.ends(connection)

    def note_revoked(self, history: str = "") -> None:
        """The hub has proved that it revoked this tablet: nothing is sent any more (``rescue.carry_out``). Where it
        names a ``history`` that is not the one this tablet's receipts are of, they count for nothing."""
        with writing(self.db) as connection:
            me = replica_sync.identity(connection)
            if history and me is not None and me.history not in (None, history):
                replica_reply.meet_history(connection, history)
            replica_sync.note_revoked(connection, to_text(self.clock()))

    def rescue(self) -> Rescue | None:
        """What was kept when this tablet was last revoked, if ever."""
        with reading(self.db) as connection:
            return replica_lists.rescue(connection)

    # --- what screens read ---

    def villages(self) -> list[VillageRow]:
        with reading(self.db) as connection:
            return replica_lists.villages(connection)

    def village(self, code: str) -> Village | None:
        with reading(self.db) as connection:
            return replica_lists.village(connection, code)

    def around(self, village: str, household: str | None) -> Around:
        """What is known where a form is filled in, at one moment."""
        with reading(self.db) as connection:
            return Around(
                replica_sync.identity(connection),
                replica_lists.village(connection, village),
                replica_lists.entity(connection, "household", household) if household else None,
            )

    def households(
        self, village: str | None, text: str = "", limit: int = 200, offset: int = 0
    ) -> list[HouseholdRow]:
        """In order of door number; ``village`` None: all of the tablet's."""
        with reading(self.db) as connection:
            return replica_lists.households(connection, village, text, limit, offset)

    def entity(self, dataset: str, id: str) -> Shown | None:
        with reading(self.db) as connection:
            return replica_lists.entity(connection, dataset, id)

    def related(self, dataset: str, household_id: str) -> list[Shown]:
        with reading(self.db) as connection:
            return replica_lists.related(connection, dataset, household_id)

    def in_villages(self, dataset: str, village: str | None = None) -> list[Shown]:
        """Entities of a dataset by where they stand; ``village`` None: all of the tablet's."""
        with reading(self.db) as connection:
            return replica_lists.in_villages(connection, dataset, village)

    def registered(self, village: str, id_number: str = "") -> list[Registered]:
        """Households to compare a new one with: all of its village, and elsewhere those of the same person."""
        with reading(self.db) as connection:
            return replica_lists.registered(connection, village, id_number)

    def person(self, id: str) -> str | None:
        """The name of somebody a reply spoke of; None: no reply has told it."""
        with reading(self.db) as connection:
            return replica_lists.person(connection, id)

    def form(self, id: str, version: str | None = None) -> FormXml | None:
        with reading(self.db) as connection:
            return replica_lists.form(connection, id, version)

    def newest_form(self, id: str) -> str | None:
        """The newest version the tablet has of a form."""
        with reading(self.db) as connection:
            return replica_lists.newest_form(connection, id)

    def store_form(self, form: FormXml) -> None:
        with writing(self.db) as connection:
            replica_lists.store_form(connection, form)

    def status(self) -> Status:
        with reading(self.db) as connection:
            return replica_lists.status(connection)

    # --- drafts and records ---

    def draft(self, id: str) -> Draft | None:
        with reading(self.db) as connection:
            return replica_records.draft(connection, id)

    def drafts(self, village: str | None = None) -> list[Draft]:
        with reading(self.db) as connection:
            return replica_records.drafts(connection, village)

    def save_draft(self, draft: Draft) -> Draft:
        """Save it as it is now. The first save also notes what the surveyor sees of its ``target_ids``: make
        it when the interview opens, before the first answer."""
        with writing(self.db) as connection:
            return replica_records.save_draft(connection, draft, to_text(self.clock()))

    def discard_draft(self, id: str) -> None:
        with writing(self.db) as connection:
            replica_records.discard_draft(connection, id)

    def submit(
        self,
        draft_id: str,
        answers: Answers,
        changes: Mapping[str, Mapping[str, str]],
        observed_at: datetime,
    ) -> Submission:
        """The draft becomes a submission that waits to be sent. ``changes``: what the form saves, dataset →
        property → value; ``observed_at``: aware. One transaction; after an error the draft is still there."""
        with writing(self.db) as connection:
            recorded = Recorded(answers, changes, observed_at)
            return replica_records.submit(connection, draft_id, recorded, self.new_id)

    def outbox(self, limit: int = _ALL, offset: int = 0) -> list[Record]:
        """Every submission of mine, latest first, whatever its state."""
        with reading(self.db) as connection:
            return replica_records.records(connection, "1", (), limit, offset)

    def records(self, household_id: str) -> list[Record]:
        with reading(self.db) as connection:
            return replica_records.of_household(connection, household_id)

    def record(self, id: str) -> Record | None:
        with reading(self.db) as connection:
            return next(iter(replica_records.records(connection, "s.id = ?", (id,), 1, 0)), None)

    def begin_correction(self, submission_id: str) -> Draft:
        """A draft that opens with the record's answers; the one already begun, if there is one."""
        with writing(self.db) as connection:
            at = to_text(self.clock())
            return replica_records.begin_correction(connection, submission_id, at, self.new_id)

    # --- for the client ---

    def next_request(
        self, limit: int, *, max_bytes: int, without: Collection[str] = ()
    ) -> tuple[Stated, tuple[Submission, ...], Mapping[str, Screen]]:
        """What a request states, and waiting submissions in chain order, at most ``limit`` and about ``max_bytes`` (but
        at least one), with what stood on their screens, at one moment. Of a tablet that is enrolled."""
        with reading(self.db) as connection:
            stated = replica_sync.stated(connection)
            batch = replica_sync.next_batch(connection, limit, max_bytes, without) if stated.waiting else []
            submissions = tuple(own_submission(waiting.body) for waiting in batch)
            return stated, submissions, replica_sync.screens(connection, submissions)

    def waiting_ids(self) -> list[str]:
        """In chain order."""
        with reading(self.db) as connection:
            return replica_sync.waiting_ids(connection)

    def stated(self) -> Stated:
        with reading(self.db) as connection:
            return replica_sync.stated(connection)

    def photos_waiting(self) -> int:
        """Photos that have no receipt yet."""
        with reading(self.db) as connection:
            return replica_photos.counts(connection)[0]

    def held(self) -> dict[str, Cursor | None]:
        with reading(self.db) as connection:
            return replica_sync.held(connection)

    def takes(self) -> tuple[str, ...]:
        """The ways of saying things that the hub has said it reads."""
        with reading(self.db) as connection:
            return replica_parts.takes(connection)

    def begin_part(self, part: Part) -> bool:
        """Go on with ``part``, or begin it. False: what the hub sends does not follow what is here."""
        with writing(self.db) as connection:
            return replica_parts.begin(connection, part)

    def add_part(self, piece: bytes) -> None:
        """More of the part that was begun."""
        with writing(self.db) as connection:
            replica_parts.add(connection, piece)

    def received_part(self) -> bytes:
        with reading(self.db) as connection:
            return replica_parts.received(connection)

    def forget_part(self) -> None:
        with writing(self.db) as connection:
            replica_parts.forget(connection)

    def apply_part(self, reply: Reply, at: datetime) -> Settled:
        """Apply what a whole part brings, and forget its bytes, in one transaction. ``at``: when the reply came
        that it followed."""
        with writing(self.db) as connection:
            replica_parts.forget(connection)
            return replica_reply.take(connection, reply, at)

    def apply(self, reply: Reply) -> Settled:
        """All of a reply, in one transaction: history, villages, forms, verdicts, states, cursors."""
        with writing(self.db) as connection:
            return replica_reply.take(connection, reply, self.clock())

    def postpone(self, submission_id: str, code: str, reason: str) -> None:
        """Show with a waiting record why it could not be sent this time; it stays in the outbox."""
        with writing(self.db) as connection:
            replica_sync.postpone(connection, Delay(submission_id, code, reason))
