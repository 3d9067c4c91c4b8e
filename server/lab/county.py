"""The synthetic county: a whole programme year of households that do not exist, from one seed.

Villages are real places, everything in them is drawn: the same seed, villages and number of households give
the same county on every machine, so a run can be repeated and a count can be checked. What a tablet records
of a household, and when, is in recordings.py; figures and where they come from in README.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Protocol

from server.lab.conversions import Candidate, Conversion, conversion, kinds, remoteness, village_reach
from server.lab.houses import House, house
from server.terminal.steps import Told, unheard

SURVEY_FROM = date(2020, 3, 16)

# The townships in the Taihang mountains, south and east of the county: an assumption from the map.
MOUNTAIN_TOWNSHIPS = frozenset({"140525104", "140525105", "140525110", "140525112", "140525115"})
_MOUNTAIN_SHARE = 0.7
_VILLAGES_AT_ONCE_DAYS = 60
_HOMES_A_DAY = 15
_SIZE_FACTOR = {"built_up": 3.0, "fringe": 1.8, "rural": 1.0, None: 1.2}


class Place(Protocol):
    """A village as the county needs it: 12-digit code, name, programme area class (None: unclassified)."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def area_class(self) -> str | None: ...


@dataclass(frozen=True)
class SyntheticHousehold:
    """A household, what becomes of it in 2020, and the days on which a surveyor stands at its door.

    `number` counts from 0 through the county. `first_outcome` is what the first visit finds (surveyed,
    not_at_home, refused); `registered_on` is None where registration was refused. `away_on` is the day an
    autumn visit finds a home, registered as heated, empty for the winter.
    """

    number: int
    village: str
    village_name: str
    area_class: str | None
    house: House
    first_visit_on: date
    first_outcome: str
    registered_on: date | None
    conversion: Conversion | None
    away_on: date | None


@dataclass(frozen=True)
class _Drawn:
    place: Place
    number: int
    house: House
    visit_on: date
    outcome: str
    registered_on: date | None
    remoteness: float


def synthetic_county(
    rng: Random, households_n: int, villages: Sequence[Place], told: Told = unheard
) -> Iterator[SyntheticHousehold]:
    """Yield `households_n` households, village by village in the order of their codes.

    Deterministic in the state of `rng`. The whole county is drawn before the first one comes out, because the
    plan's mix is a total over it; ``told`` counts the homes drawn.
    """
    seed = rng.getrandbits(64)
    places = _by_code(villages)
    drawn: list[_Drawn] = []
    for place, size in zip(places, _sizes(seed, households_n, places), strict=True):
        drawn.extend(_village(seed, place, size, len(drawn)))
        told(len(drawn), households_n)
    candidates = [
        Candidate(home.number, home.house.mountain, home.remoteness) for home in drawn if _convertible(home)
    ]
    kind_of = kinds(Random(f"{seed}/kinds"), candidates, households_n)
    for home in drawn:
        yield _finished(Random(f"{seed}/year/{home.number}"), home, kind_of.get(home.number))


def sizes(rng: Random, households_n: int, villages: Sequence[Place]) -> dict[str, int]:
    """Village code to its number of homes in the county that `synthetic_county` draws from the same state of `rng`."""
    places = _by_code(villages)
    drawn = _sizes(rng.getrandbits(64), households_n, places)
    return {place.code: size for place, size in zip(places, drawn, strict=True)}


def _by_code(villages: Sequence[Place]) -> list[Place]:
    return sorted(villages, key=lambda place: place.code)


def _sizes(seed: int, households_n: int, places: Sequence[Place]) -> list[int]:
    return village_sizes(Random(f"{seed}/sizes"), households_n, places)


def village_sizes(rng: Random, households_n: int, villages: Sequence[Place]) -> list[int]:
    """Homes in each of `villages`, in their order, by rank and size; they add up to `households_n` exactly.

    Every village has at least one home where there are enough to go round.
    """
    if not villages:
        assert households_n == 0, "homes need a village to stand in"
        return []
    chances = [_SIZE_FACTOR[place.area_class] * rng.expovariate(1) for place in villages]
    largest_first = sorted(range(len(villages)), key=lambda index: -chances[index])
    weights = [0.0] * len(villages)
    for rank, index in enumerate(largest_first):
        weights[index] = 1 / (rank + 8) ** 0.9
    least = 1 if households_n >= len(villages) else 0
    to_share = households_n - least * len(villages)
    exact = [weight / sum(weights) * to_share for weight in weights]
    sizes = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: sizes[index] - exact[index])
    for index in by_remainder[: to_share - sum(sizes)]:
        sizes[index] += 1
    return [size + least for size in sizes]


def _village(seed: int, place: Place, size: int, first_number: int) -> Iterator[_Drawn]:
    rng = Random(f"{seed}/village/{place.code}")
    mountain = (
        place.code[:9] in MOUNTAIN_TOWNSHIPS
        and place.area_class in ("rural", None)
        and rng.random() < _MOUNTAIN_SHARE
    )
    reach = village_reach(rng, place.area_class, mountain=mountain)
    begins_on = SURVEY_FROM + timedelta(rng.randrange(_VILLAGES_AT_ONCE_DAYS))
    for index in range(size):
        visit_on = begins_on + timedelta(index // _HOMES_A_DAY)
        outcome = rng.choices(("surveyed", "not_at_home", "refused"), (910, 80, 10))[0]
        again = timedelta(rng.randint(3, 20)) if outcome == "not_at_home" else timedelta()
        yield _Drawn(
            place=place,
            number=first_number + index,
            house=house(rng, place.code, index, place.area_class, mountain=mountain),
            visit_on=visit_on,
            outcome=outcome,
            registered_on=None if outcome == "refused" else visit_on + again,
            remoteness=remoteness(rng, reach),
        )


def _convertible(home: _Drawn) -> bool:
    facts = home.house
    return (
        home.registered_on is not None
        and facts.not_heated_reason is None
        and facts.demolition_year is None
        and not facts.clean_before
    )


def _finished(rng: Random, home: _Drawn, kind: str | None) -> SyntheticHousehold:
    chosen = None
    if kind is not None and home.registered_on is not None:
        chosen = conversion(rng, kind, home.number, home.place.area_class, home.registered_on)
    away_on = None
    stays = home.house.not_heated_reason is None and home.registered_on is not None
    if chosen is None and stays and rng.random() < 0.08:
        away_on = date(2020, 11, 10) + timedelta(rng.randrange(30))
    return SyntheticHousehold(
        number=home.number,
        village=home.place.code,
        village_name=home.place.name,
        area_class=home.place.area_class,
        house=home.house,
        first_visit_on=home.visit_on,
        first_outcome=home.outcome,
        registered_on=home.registered_on,
        conversion=chosen,
        away_on=away_on,
    )
