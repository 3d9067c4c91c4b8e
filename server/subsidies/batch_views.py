"""What the pages of batches show: the list, one batch with its steps, its sums by village, its return files.

A batch may hold ten thousand payments, so nothing here reads them all: sums are the database's, and what the
rules must see to say who may take which step is a handful that stands for the rest (`glance`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Text, and_, cast, exists, false, func, or_, select
from sqlmodel import Session, col

from server.access.rules import areas_of
from server.access.tables import Person
from server.access.views import names
from server.database import parts, table_of
from server.registry import divisions
from server.subsidies import books
from server.subsidies.batch import (
    LOCKED,
    OPEN,
    PREPARE,
    SENT_TO_BANK,
    STATES,
    Act,
    Batch,
    Refusal,
    refusals,
    steps_from,
)
from server.subsidies.batch_rows import WAITING, acts, waiting_n
from server.subsidies.batches import LOCK, SEND, as_it_would_be, condensed, too_much
from server.subsidies.payment_views import PaymentFilter, Sum, by_state
from server.subsidies.payments import CREDITED, DROPPED, PLANNED, RETURNED, SENT
from server.subsidies.tables import (
    BatchActRow,
    BatchRow,
    PayeeRow,
    PaymentRow,
    ReturnFileRow,
    ReturnRowRow,
)
from server.web import Page
from server.web.listing import held_to

# Steps before a batch is at the bank ask whether its payments are sound.
MONEY_MOVING: Final = (LOCK, "payment_batch.approve", SEND)


@dataclass(frozen=True)
class BatchLine:
    """A batch in the list with its sums and its latest step."""

    row: BatchRow
    sums: dict[str, Sum]
    waiting_n: int
    last: BatchActRow | None
    last_by: str

    @property
    def all(self) -> Sum:
        """Its payments without those taken out; all of them once it was discarded."""
        kept = [each for state, each in self.sums.items() if state != DROPPED]
        return Sum(sum(each.n for each in kept), sum(each.fen for each in kept))


def conditions(
    person: Person, county: str, state: str = "", q: str = "", *, mine: bool = False, area: str = ""
) -> list[Any]:
    """What a list of batches is held to: those whose payments all lie where the person may look, and in `area` where
    one is given. `mine`: those that wait for this person's approval, who had no hand in them.
    """
    found: list[Any] = [col(BatchRow.county) == county]
    held = areas_of(person, "finance.view", county)
    if county not in held:
        found.append(or_(false(), *(col(BatchRow.area).startswith(area) for area in held)))
    if state in STATES:
        found.append(col(BatchRow.state) == state)
    if q:
        found.append(col(BatchRow.title).contains(q, autoescape=True))
    if area:
        found.append(col(BatchRow.area).startswith(area))
    if mine:
        own = and_(
            col(BatchActRow.county) == col(BatchRow.county),
            col(BatchActRow.batch) == col(BatchRow.id),
            col(BatchActRow.person) == person.id,
            col(BatchActRow.verb).in_((PREPARE, LOCK, "payment_batch.discard")),
        )
        found += [col(BatchRow.state) == LOCKED, ~exists().where(own)]
    return found


def page(session: Session, where: list[Any], *, number: int, size: int) -> Page[BatchLine]:
    """One page of batches, the latest first."""
    total = session.execute(select(func.count()).select_from(BatchRow).where(*where)).scalar_one()
    number = held_to(number, total, size)
    statement = select(BatchRow).where(*where).order_by(col(BatchRow.number).desc())
    rows = list(session.execute(statement.offset((number - 1) * size).limit(size)).scalars())
    return Page(lines(session, rows), total, number, size)


def every(session: Session, where: list[Any]) -> list[BatchLine]:
    """All of them, for a sheet."""
    statement = select(BatchRow).where(*where).order_by(col(BatchRow.number).desc())
    return lines(session, list(session.execute(statement).scalars()))


def counts(session: Session, where: list[Any]) -> dict[str, int]:
    """State → how many batches."""
    statement = select(col(BatchRow.state), func.count()).where(*where).group_by(col(BatchRow.state))
    found = {row[0]: row[1] for row in session.execute(statement)}
    return {state: found.get(state, 0) for state in STATES}


def sums_by_state(session: Session, where: list[Any]) -> dict[str, int]:
    """State of a batch → the fen of its payments that were not taken out."""
    of_batch = and_(col(PaymentRow.county) == col(BatchRow.county), col(PaymentRow.batch) == col(BatchRow.id))
    statement = (
        select(col(BatchRow.state), func.sum(PaymentRow.amount_fen))
        .join(PaymentRow, of_batch)
        .where(*where, col(PaymentRow.state) != DROPPED)
        .group_by(col(BatchRow.state))
    )
    return {row[0]: int(row[1]) for row in session.execute(statement)}


def lines(session: Session, rows: list[BatchRow]) -> list[BatchLine]:
    """The same batches with their sums: three questions however many there are."""
    if not rows:
        return []
    county, ids = rows[0].county, [row.id for row in rows]
    sums: dict[str, dict[str, Sum]] = {}
    waiting: dict[str, int] = {}
    last: dict[str, BatchActRow] = {}
    for part in parts(ids):
        of_part = (col(PaymentRow.county) == county, col(PaymentRow.batch).in_(part))
        by = (col(PaymentRow.batch), col(PaymentRow.state))
        totals = select(*by, func.count(), func.sum(PaymentRow.amount_fen)).where(*of_part).group_by(*by)
        for id, state, n, fen in session.execute(totals):
            sums.setdefault(id, {})[state] = Sum(n, int(fen))
        wait = select(col(ReturnRowRow.batch), func.count()).where(
            col(ReturnRowRow.county) == county,
            col(ReturnRowRow.batch).in_(part),
            col(ReturnRowRow.fate) == WAITING,
        )
        waiting |= {row[0]: row[1] for row in session.execute(wait.group_by(col(ReturnRowRow.batch)))}
        steps = select(BatchActRow).where(col(BatchActRow.county) == county, col(BatchActRow.batch).in_(part))
        for act in session.execute(steps.order_by(col(BatchActRow.number))).scalars():
            last[act.batch] = act
    called = names(session, {act.person for act in last.values()})
    return [
        BatchLine(
            row, sums.get(row.id, {}), waiting.get(row.id, 0), last.get(row.id),
            called.get(last[row.id].person, "") if row.id in last else "",
        )
        for row in rows
    ]  # fmt: skip


# ---- one batch


@dataclass(frozen=True)
class BatchFile:
    """All a page shows of a batch but its payments. `source`, `follow_ups`: before and after it, by number."""

    row: BatchRow
    acts: list[BatchActRow]
    people: dict[str, str]
    sums: dict[str, Sum]
    waiting_n: int
    source: BatchRow | None
    follow_ups: list[BatchRow]
    files: list[ReturnFileRow]

    @property
    def all(self) -> Sum:
        return BatchLine(self.row, self.sums, 0, None, "").all

    @property
    def digest(self) -> str:
        """Of what the last step left: what approving and sending are asked about."""
        return self.acts[-1].digest if self.acts else ""


def batch_file(session: Session, county: str, id: str) -> BatchFile | None:
    """A batch as its page shows it; None where there is none."""
    row = session.get(BatchRow, (county, id))
    if row is None:
        return None
    done = acts(session, county, id)
    follow = select(BatchRow).where(col(BatchRow.county) == county, col(BatchRow.follows) == id)
    files = list(session.execute(_files(county, id)))
    kept = [ReturnFileRow(**each._asdict(), content=b"") for each in files]
    return BatchFile(
        row=row,
        acts=done,
        people=names(session, {act.person for act in done} | {each.read_by for each in kept}),
        sums=by_state(session, PaymentFilter(county, batch=id)),
        waiting_n=waiting_n(session, county, id),
        source=session.get(BatchRow, (county, row.follows)) if row.follows else None,
        follow_ups=list(session.execute(follow.order_by(col(BatchRow.number))).scalars()),
        files=kept,
    )


def _files(county: str, id: str) -> Any:
    """A batch's return files without their contents, in the order they came."""
    table = table_of(ReturnFileRow)
    columns = [each for each in table.columns if each.name != "content"]
    return select(*columns).where(table.c.county == county, table.c.batch == id).order_by(table.c.read_at)


@dataclass(frozen=True)
class VillageSum:
    """What a batch pays in a village."""

    village: str
    name: str
    township_name: str
    n: int
    fen: int
    credited_n: int
    returned_n: int


def by_village(session: Session, county: str, id: str) -> list[VillageSum]:
    """A batch's sums by village, without what was taken out."""
    by = (col(PaymentRow.village), col(PaymentRow.state))
    statement = (
        select(*by, func.count(), func.sum(PaymentRow.amount_fen))
        .where(col(PaymentRow.county) == county, col(PaymentRow.batch) == id)
        .where(col(PaymentRow.state) != DROPPED)
        .group_by(*by)
    )
    found: dict[str, dict[str, Sum]] = {}
    for village, state, n, fen in session.execute(statement):
        found.setdefault(village, {})[state] = Sum(n, int(fen))
    places = {each.code: each for each in divisions.villages(session, county, found)}
    return [
        VillageSum(
            village,
            places[village].name if village in places else village,
            places[village].township_name if village in places else "",
            sum(each.n for each in sums.values()),
            sum(each.fen for each in sums.values()),
            sums.get(CREDITED, Sum()).n,
            sums.get(RETURNED, Sum()).n,
        )
        for village, sums in sorted(found.items())
    ]


def shares(session: Session, county: str, id: str) -> dict[str, int]:
    """Level of government → what it bears of a batch; parts are counted by their text, of which there are few."""
    text = cast(PaymentRow.shares, Text)
    statement = (
        select(func.min(PaymentRow.id), func.count())
        .where(col(PaymentRow.county) == county, col(PaymentRow.batch) == id)
        .where(col(PaymentRow.state) != DROPPED)
        .group_by(text)
    )
    found: dict[str, int] = {}
    for sample, n in session.execute(statement).all():
        for level, fen in session.get_one(PaymentRow, (county, sample)).shares.items():
            found[level] = found.get(level, 0) + fen * n
    return found


def glance(session: Session, row: BatchRow) -> Batch:
    """A batch that stands for the whole in every question the rules ask but "how many are unanswered": its unsound
    payments, and one for each set of persons on whose word payments stand.
    """
    done = acts(session, row.county, row.id)
    of_batch = and_(
        col(PaymentRow.county) == row.county,
        col(PaymentRow.batch) == row.id,
        col(PaymentRow.state) != DROPPED,
    )
    people = (cast(PaymentRow.surveyed_by, Text), cast(PaymentRow.accepted_by, Text))
    samples = set(
        session.execute(select(func.min(PaymentRow.id)).where(of_batch).group_by(*people)).scalars()
    )
    ids = samples | set(session.execute(_unsound(row).where(of_batch)).scalars())
    payments = []
    for part in parts(sorted(ids)):
        chosen = select(PaymentRow).where(of_batch, col(PaymentRow.id).in_(part))
        payments += [books.payment_of(each) for each in session.execute(chosen).scalars()]
    return Batch(
        row.id, row.county, row.state, tuple(payments),
        tuple(Act(act.verb, act.person, act.at, act.reason) for act in done), row.follows,
        waiting_n(session, row.county, row.id),
    )  # fmt: skip


def _unsound(row: BatchRow) -> Any:
    """Ids of payments that keep a batch from its next step; of an open one, also whoever has no payee now."""
    lacking = [
        col(PaymentRow.amount_fen) <= 0,
        func.trim(PaymentRow.account) == "",
        func.trim(PaymentRow.holder) == "",
    ]
    if row.state not in (OPEN, "locked", "approved"):
        return select(col(PaymentRow.id)).where(or_(*lacking))
    lacking.append(col(PaymentRow.state) != PLANNED)
    if row.state != OPEN:
        return select(col(PaymentRow.id)).where(or_(*lacking))
    in_force = and_(
        col(PayeeRow.county) == col(PaymentRow.county),
        col(PayeeRow.household) == col(PaymentRow.household),
        col(PayeeRow.state) == "in_force",
    )
    return (
        select(col(PaymentRow.id))
        .outerjoin(PayeeRow, in_force)
        .where(or_(*lacking, col(PayeeRow.number).is_(None)))
    )


@dataclass(frozen=True)
class NextStep:
    """A step declared from here, and why this person cannot take it now; nothing says that they can."""

    verb: str
    reasoned: bool
    reasons: tuple[Refusal, ...]


def next_steps(session: Session, file: BatchFile, person: str) -> list[NextStep]:
    """Every step declared from a batch's state, with every reason against it at once; those onward first."""
    row, found = file.row, []
    batch = as_it_would_be(session, glance(session, row))
    for step in sorted(steps_from(row.state), key=lambda each: each.reasoned):
        reasons = [
            each
            for each in refusals(batch, step.verb, person, reason="—", seen=batch.digest)
            if each.code != "unanswered"
        ]
        open_n = file.sums[SENT].n if row.state == SENT_TO_BANK else 0
        if step.verb == "payment_batch.reconcile" and open_n:
            reasons.append(Refusal.of("unanswered", n=open_n))
        found.append(
            NextStep(step.verb, step.reasoned, (*condensed(reasons), *_money_moving(session, row, step.verb)))
        )
    return found


def _money_moving(session: Session, row: BatchRow, verb: str) -> Iterable[Refusal]:
    if verb not in MONEY_MOVING:
        return
    yield from too_much(session, row)
    if verb == LOCK:
        disputed = select(func.count()).where(
            col(PaymentRow.county) == row.county,
            col(PaymentRow.batch) == row.id,
            col(PaymentRow.state) == PLANNED,
            col(PaymentRow.household).in_(
                select(col(PayeeRow.household)).where(
                    col(PayeeRow.county) == row.county, col(PayeeRow.state) == "proposed"
                )
            ),
        )
        n = session.execute(disputed).scalar_one()
        if n:
            yield Refusal.of("in_dispute", n=n)
