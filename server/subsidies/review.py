"""The queue of decisions: a reading of register and documents, made anew where something has changed.

Marked stale in the transaction that changed something: by records from tablets (`watch`), by acceptances and
their withdrawal (`accepted`), by a schedule's release, and by the days on which seasons fall due. Making it
anew is cheap for some homes and takes a while for a county, so it goes by parts; nothing is ever decided by it
that does not come out the same when it is worked out again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from server import statements
from server.database import among, insert_into, parts, read, table_of, upsert, write
from server.registry import aliases
from server.registry.acceptance_tables import Acceptance
from server.registry.tables import Conversion
from server.subsidies import schedules, working
from server.subsidies.schedule import Schedule
from server.subsidies.tables import EntitlementRow, ReviewLineRow, ReviewRow
from server.subsidies.working import Office, Standing
from server.web.figures import CHINA
from sync.facts import Held

DUE: Final = "due"
CORRECTION: Final = "correction"
OPEN: Final = "open"
HOMES_PER_TRANSACTION: Final = 250
# As many as a page works out before it is drawn; what is left it says, and goes on by itself.
HOMES_PER_VIEW: Final = 250


_REVIEW: Final = table_of(ReviewRow)
_MARK: Final = (
    update(_REVIEW)
    .where(
        _REVIEW.c.county == bindparam("of"),
        among(_REVIEW.c.household, "homes"),
    )
    .values(stale=True)
)

# ---- what makes it stale


def watch(session: Session, county: str, changed: Sequence[Held], now: datetime) -> None:
    """The subsidies' derivation: homes of which something was recorded have to be worked out anew. Only those that
    stand in the queue: a home comes there when a conversion of it is accepted, or an accepted one comes to it.
    """
    del now
    homes = {held.id for held in changed if held.dataset == "household"}
    conversions = {held.id: held for held in changed if held.dataset == "conversion"}
    for part in parts(sorted(conversions)):
        given = select(col(Acceptance.conversion), col(Acceptance.household)).where(
            col(Acceptance.county) == county, col(Acceptance.conversion).in_(part)
        )
        # A conversion that was recorded for the wrong home leaves that one, too, and comes to another.
        for conversion, household in session.execute(given):
            homes.add(household)
            now_at = conversions[conversion].values().get("household", "")
            accepted(session, county, {now_at} - {""})
        paid = select(col(EntitlementRow.household)).where(
            col(EntitlementRow.county) == county, col(EntitlementRow.conversion).in_(part)
        )
        homes |= set(session.execute(paid).scalars())
    homes |= {held.values().get("household", "") for held in conversions.values()}
    mark(session, county, homes)


def mark(session: Session, county: str, households: Collection[str]) -> None:
    """These homes of the queue have to be worked out anew."""
    session.flush()
    for part in parts(sorted(households)):
        statements.run(session, _MARK, {"of": county, "homes": part})


def hold(session: Session, county: str, households: Collection[str]) -> None:
    """From here to commit whoever marks one of these homes waits: a mark set between reading a home and writing how
    it stands would be written over.
    """
    for part in parts(sorted(households)):
        same = and_(col(ReviewRow.county) == county, col(ReviewRow.household).in_(part))
        ordered = select(col(ReviewRow.household)).where(same).order_by(col(ReviewRow.household))
        session.execute(ordered.with_for_update()).all()


def mark_capped(session: Session, found: Office, spent: Mapping[tuple[str, str], int]) -> None:
    """Homes whose lines are more than what a cap on the total now leaves."""
    for schedule in found.released:
        for cap in schedule.caps:
            if cap.per != "total":
                continue
            left_fen = cap.amount_fen - spent.get((schedule.sha256, cap.path), 0)
            beyond = select(col(ReviewLineRow.household)).where(
                col(ReviewLineRow.county) == found.county,
                col(ReviewLineRow.kind) == DUE,
                col(ReviewLineRow.component).in_(cap.components),
                col(ReviewLineRow.schedule) == f"{schedule.id}@{schedule.version}",
                col(ReviewLineRow.amount_fen) > max(0, left_fen),
            )
            same = and_(col(ReviewRow.county) == found.county, col(ReviewRow.household).in_(beyond))
            session.execute(update(ReviewRow).where(same).values(stale=True))


def accepted(session: Session, county: str, households: Collection[str]) -> None:
    """An acceptance of these homes was given or withdrawn: they come into the queue."""
    given = insert_into(session, ReviewRow)
    statement = given.on_conflict_do_update(index_elements=["county", "household"], set_={"stale": True})
    rows = [_blank(county, household) for household in sorted(households)]
    if rows:
        session.execute(statement, rows)


def _blank(county: str, household: str) -> dict[str, Any]:
    return {
        "county": county, "household": household, "village": "", "stale": True, "worked_on": None,
        "undecided_n": 0, "undecided_fen": 0, "corrections_n": 0, "corrections_fen": 0, "open_n": 0, "open_codes": "",
    }  # fmt: skip


# ---- making it anew


@dataclass(frozen=True)
class Progress:
    """How far the queue is: homes made anew by this call, and homes that wait."""

    done: int
    left: int


def office(session: Session, county: str, now: datetime) -> Office:
    """What the homes of a county are worked out with at this instant. Raises Problem for a changed schedule."""
    released, today = schedules.released(session, county), now.astimezone(CHINA).date()
    return Office(county, released, today, aliases.same_as(session, county))


def waiting(session: Session, county: str, now: datetime) -> int:
    """How many homes have to be worked out anew."""
    wanted = and_(col(ReviewRow.county) == county, _stale(office(session, county, now)))
    known: int = session.execute(select(func.count()).select_from(ReviewRow).where(wanted)).scalar_one()
    return known + len(_unknown(session, county))


def refresh(engine: Engine, county: str, now: datetime, *, homes_max: int) -> Progress:
    """Works some homes out anew, a transaction for each part of them; none where nothing waits."""
    with read(engine) as session:
        left = waiting(session, county, now)
    done = 0
    while left and done < homes_max:
        with write(engine) as session:
            found = _refresh_part(session, office(session, county, now))
        if not found:
            break
        done += found
        left -= found
    return Progress(done, max(0, left))


def _refresh_part(session: Session, found: Office) -> int:
    accepted(session, found.county, _unknown(session, found.county))
    wanted = and_(col(ReviewRow.county) == found.county, _stale(found))
    ordered = select(col(ReviewRow.household)).where(wanted).order_by(col(ReviewRow.household))
    # Locked in order: whoever marks one of them in the meantime waits, and marks it after us.
    ids = list(session.execute(ordered.limit(HOMES_PER_TRANSACTION).with_for_update()).scalars())
    spent = working.spent_by_all(session, found)
    keep(session, found, ids, [at(spent) for at in working.standings(session, found, ids)])
    return len(ids)


def _unknown(session: Session, county: str) -> list[str]:
    """Homes with an accepted conversion that never came into the queue: accepted before there was one."""
    there = exists().where(
        col(ReviewRow.county) == col(Conversion.county), col(ReviewRow.household) == col(Conversion.household)
    )
    same = and_(
        col(Acceptance.county) == col(Conversion.county), col(Acceptance.conversion) == col(Conversion.id)
    )
    standing = and_(col(Conversion.county) == county, col(Acceptance.withdrawn_at).is_(None), ~there)
    statement = select(col(Conversion.household)).join(Acceptance, same).where(standing).distinct()
    return list(session.execute(statement).scalars())


def _stale(found: Office) -> Any:
    """Marked, or last worked out before a season fell due that is due today."""
    day = last_due(found.released, found.today)
    passed = col(ReviewRow.worked_on) < day if day else col(ReviewRow.stale)
    return or_(col(ReviewRow.stale), passed)


def last_due(released: Sequence[Schedule], today: date) -> date | None:
    """The last day up to today on which a season of any schedule fell due."""
    days = {
        season.due_on
        for schedule in released
        for year in schedule.seasons_n
        for season in schedule.seasons(year)
    }
    return max((day for day in days if day <= today), default=None)


# ---- writing it down


def keep(session: Session, found: Office, households: Sequence[str], standings: Sequence[Standing]) -> None:
    """Writes how these homes stand in the place of what stood there."""
    county = found.county
    blank = {"stale": False, "worked_on": found.today}
    heads = {household: _blank(county, household) | blank for household in households}
    heads |= {each.file.home.household: _head(each) for each in standings}
    for part in parts(sorted(households)):
        same = and_(col(ReviewLineRow.county) == county, col(ReviewLineRow.household).in_(part))
        session.execute(delete(ReviewLineRow).where(same))
    # Never deleted: a mark that waits for this transaction must find its row.
    upsert(session, ReviewRow, [heads[household] for household in sorted(heads)])
    rows = [row for each in standings for row in _lines(each)]
    if rows:
        session.execute(insert(table_of(ReviewLineRow)), rows)


def _head(found: Standing) -> dict[str, Any]:
    return {
        "county": found.file.home.county,
        "household": found.file.home.household,
        "village": found.file.home.village,
        "stale": False,
        "worked_on": found.today,
        "undecided_n": len(found.due),
        "undecided_fen": sum(line.amount_fen for line in found.due),
        "corrections_n": len(found.corrections),
        "corrections_fen": sum(each.line.amount_fen for each in found.corrections),
        "open_n": len(found.questions),
        "open_codes": " ".join(sorted({each.code for each in found.questions})),
    }


def _lines(found: Standing) -> Iterator[dict[str, Any]]:
    for line in found.due:
        yield _row(found, DUE, line, before_fen=0, after_fen=line.amount_fen, changes=())
    for each in found.corrections:
        yield _row(
            found, CORRECTION, each.line, before_fen=each.before_fen, after_fen=each.after_fen,
            changes=each.changes,
        )  # fmt: skip
    home = found.file.home
    for asked in found.questions:
        yield {
            "county": home.county, "household": home.household, "kind": OPEN, "conversion": asked.conversion,
            "component": asked.component, "season": asked.season, "code": asked.code, "village": home.village,
            "amount_fen": 0, "before_fen": 0, "after_fen": 0, "due_on": None, "outcome": "",
            "reason": dict(asked.reason), "changes": [], "schedule": "", "digest": "",
        }  # fmt: skip


def _row(
    found: Standing, kind: str, line: Any, *, before_fen: int, after_fen: int, changes: Sequence[Any]
) -> dict[str, Any]:
    # The village the money is decided for; a correction keeps that of the first decision.
    return {
        "county": line.county, "household": found.file.home.household, "kind": kind, "conversion": line.conversion,
        "component": line.component, "season": line.season, "code": "", "village": line.village,
        "amount_fen": line.amount_fen, "before_fen": before_fen, "after_fen": after_fen, "due_on": line.due_on,
        "outcome": line.outcome, "reason": dict(line.reason), "changes": [list(each) for each in changes],
        "schedule": f"{line.schedule.id}@{line.schedule.version}", "digest": working.digest(line),
    }  # fmt: skip
