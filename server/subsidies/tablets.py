"""What tablets are told of a home's money: one entity a household, in the sentences the office reads.

A surveyor at the door is asked for the money first. Nothing here can be recorded back: a tablet shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from server.database import parts
from server.exchange.tables import EntityRow
from server.registry import aliases
from server.registry.tables import Household
from server.subsidies.known import known
from server.subsidies.money import yuan
from server.subsidies.words import STANDINGS, Told, tell
from server.web.figures import CHINA
from sync.codec import derived_id

State = tuple[str, str, str, dict[str, str]]
"""(dataset, id, village, properties)."""
Publish = Callable[[Session, str, Sequence[State], datetime], None]
"""(session, county, states, now): tells tablets, in the same transaction."""

DATASET: Final = "subsidy"


def states(session: Session, county: str, households: Collection[str], now: datetime) -> Iterator[State]:
    """The homes that have anything to be told, each in the village where it lives now."""
    as_of = now.astimezone(CHINA).date().isoformat()
    village_of = _villages(session, county, households)
    for household, each in known(session, county, sorted(village_of)).items():
        told = tell(each)
        if told is not None:
            yield _state(household, village_of[household], told, as_of)
    yield from _withdrawn(session, county, households)


def _withdrawn(session: Session, county: str, households: Collection[str]) -> Iterator[State]:
    """What was told of a home that has been merged into another since: nothing any more, its money is told there."""
    merged = {derived_id(DATASET, id): id for id in aliases.survivors(session, county, set(households))}
    for part in parts(sorted(merged)):
        statement = select(col(EntityRow.id), col(EntityRow.village)).where(
            col(EntityRow.county) == county, col(EntityRow.dataset) == DATASET, col(EntityRow.id).in_(part)
        )
        for id, village in session.execute(statement):
            yield DATASET, id, village, {}


def _villages(session: Session, county: str, households: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts(sorted(set(households))):
        statement = select(col(Household.id), col(Household.village)).where(
            col(Household.county) == county, col(Household.id).in_(part)
        )
        for household, village in session.execute(statement):
            found[household] = village
    return found


def _state(household: str, village: str, told: Told, as_of: str) -> State:
    props = {
        "household": household,
        "village": village,
        "standing": told.standing,
        "standing_words": STANDINGS[told.standing],
        "decided_yuan": yuan(told.due_fen),
        "credited_yuan": yuan(told.credited_fen),
        "lines": "\n".join(sentence.texts["zh"] for sentence in told.every),
        "lines_en": "\n".join(sentence.texts["en"] for sentence in told.every),
        "as_of": as_of,
    }
    return DATASET, derived_id(DATASET, household), village, props
