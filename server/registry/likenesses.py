"""Which homes of an area may be one, found from the register as it stands and remembered village by village.

Nothing is written at the moment a record comes in, when hundreds a second do: a village is compared when somebody
looks, and again only after something in it has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from server.database import parts
from server.registry.tables import Household
from survey_forms import likeness
from survey_forms.likeness import Home, Likeness
from sync.doors import door_order

COLUMNS: Final = (
    col(Household.id), col(Household.village), col(Household.head_name), col(Household.id_number),
    col(Household.door_number), col(Household.address), col(Household.location), col(Household.head_pinyin),
)  # fmt: skip
Mark = tuple[Any, ...]
Across = tuple[str, str, Likeness]
"""Both villages, and the pair."""


@dataclass
class Likenesses:
    """What was found so far: village → (how it stood, its pairs), and for a county those across villages. Two requests
    may find the same; both are right."""

    known: dict[tuple[str, str], tuple[Mark, list[Likeness]]] = field(default_factory=dict)
    across: dict[str, tuple[Mark, list[Across]]] = field(default_factory=dict)

    def find(self, session: Session, area: str) -> list[Likeness]:
        """Pairs with at least one home in the area (a code prefix of six digits or more): certain ones first, then
        village by village along the lane; those across villages last."""
        county, found = area[:6], dict[tuple[str, str], Likeness]()
        marks = _marks(session, county)
        for village, mark in marks.items():
            if not village.startswith(area):
                continue
            if self.known.get((county, village), (None,))[0] != mark:
                homes = _homes(session, county, col(Household.village) == village)
                self.known[county, village] = mark, _along_the_lane(homes)
            found |= {(each.one, each.other): each for each in self.known[county, village][1]}
        whole = tuple(marks.items())
        if self.across.get(county, (None,))[0] != whole:
            self.across[county] = whole, list(_across(session, county))
        for one, other, each in self.across[county][1]:
            if one.startswith(area) or other.startswith(area):
                found[each.one, each.other] = each
        return sorted(found.values(), key=lambda each: each.grade)


def _along_the_lane(homes: list[Home]) -> list[Likeness]:
    """A village's pairs, in order of the door that comes first of the two."""
    doors = {home.id: door_order(home.door_number) for home in homes}
    return sorted(likeness.pairs(homes), key=lambda each: min(doors[each.one], doors[each.other]))


def _marks(session: Session, county: str) -> dict[str, Mark]:
    """Village → what is different whenever any of its homes is."""
    rows = session.execute(
        select(
            col(Household.village), func.count(), func.sum(Household.version), func.max(Household.updated_at)
        )
        .where(col(Household.county) == county)
        .group_by(col(Household.village))
        .order_by(col(Household.village))
    )
    return {village: tuple(mark) for village, *mark in rows}


def _across(session: Session, county: str) -> Iterator[Across]:
    """One person's homes in different villages."""
    several = (
        select(col(Household.id_number))
        .where(col(Household.county) == county, col(Household.id_number) != "")
        .group_by(col(Household.id_number))
        .having(func.count(func.distinct(col(Household.village))) > 1)
    )
    numbers = list(session.execute(several).scalars())
    homes = {
        home.id: home
        for part in parts(numbers)
        for home in _homes(session, county, col(Household.id_number).in_(part))
    }
    for each in likeness.pairs(homes.values()):
        one, other = homes[each.one].village, homes[each.other].village
        if one != other:
            yield one, other, each


def _homes(session: Session, county: str, *conditions: Any) -> list[Home]:
    rows = session.execute(select(*COLUMNS).where(col(Household.county) == county, *conditions))
    return [Home(*row) for row in rows]
