"""The township where the demo shows money and a zone: which one, what happened there, and what is left to do.

One township is told to its end: every home registered, every conversion entered by the office and finished but
for two, accepted and paid by real acts (`story.py`). The others are left to the tablets. What differs from the
synthetic county is only how far things have come, never what was planned: the plan's mix stays exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from server.lab.conversions import Stages
from server.lab.county import Place, SyntheticHousehold, sizes
from server.lab.filling import entity_id

HOMES_MIN: Final = 300
# Homes whose works did not end in time, so that the zone's checklist has a line of its own to open.
UNFINISHED_N: Final = 2
# One conversion in so many outside the zone is left for somebody to accept.
LEFT_TO_ACCEPT: Final = 12
# One home in so many has no account on the township's list.
LEFT_WITHOUT_PAYEE: Final = 40
CONNECTED_BY, USED_BY = date(2020, 12, 10), date(2020, 12, 18)
ACCEPTED_ON = date(2020, 12, 28)


@dataclass(frozen=True)
class Showcase:
    """`homes` by village and number, their works as the demo tells them; `zone`: villages of the proposed zone."""

    township: str
    seed: int
    homes: tuple[SyntheticHousehold, ...]
    zone: frozenset[str]

    def id_of(self, home: SyntheticHousehold) -> str:
        return entity_id(self.seed, "household", home.number)

    def conversion_of(self, home: SyntheticHousehold) -> str:
        return entity_id(self.seed, "conversion", home.number)

    @property
    def converted(self) -> list[SyntheticHousehold]:
        """Homes with a conversion that has its power, gas or heat."""
        return [home for home in self.homes if home.conversion and home.conversion.stages.connected_on]

    @property
    def to_accept(self) -> list[SyntheticHousehold]:
        """Those that the story accepts; a few outside the zone stay for whoever tries it."""
        outside = [home.number for home in self.converted if home.village not in self.zone]
        kept = set(outside[::LEFT_TO_ACCEPT])
        return [home for home in self.converted if home.number not in kept and _in_time(home)]

    @property
    def without_payee(self) -> frozenset[int]:
        """Numbers of homes that are on no list of payees yet."""
        return frozenset(home.number for home in self.to_accept[::LEFT_WITHOUT_PAYEE])


def township_of(seed: int, households_n: int, villages: Sequence[Place]) -> str:
    """The smallest township of some hundred homes; of a small demo the largest there is. Known before any home is."""
    counted: Counter[str] = Counter()
    for code, n in sizes(Random(seed), households_n, villages).items():
        counted[code[:9]] += n
    large = {code: n for code, n in counted.items() if n >= HOMES_MIN}
    if large:
        return min(large, key=lambda code: (large[code], code))
    return max(counted, key=lambda code: (counted[code], code))


def showcase(seed: int, township: str, county: Sequence[SyntheticHousehold]) -> Showcase:
    """The township out of the synthetic county."""
    homes = [_let_in(home) for home in county if home.village.startswith(township)]
    zone = frozenset(code for code, kinds in _kinds(homes).items() if _heated_by_network(kinds))
    stalled = [home for home in homes if _stalled(home)]
    kept = {home.number for home in [each for each in stalled if each.village in zone][:UNFINISHED_N]}
    told = (_finished(home) if _stalled(home) and home.number not in kept else home for home in homes)
    return Showcase(township, seed, tuple(told), zone)


def _in_time(home: SyntheticHousehold) -> bool:
    """Nobody accepts what has its power only afterwards."""
    return home.conversion is not None and (home.conversion.stages.connected_on or date.max) <= ACCEPTED_ON


def _kinds(homes: Sequence[SyntheticHousehold]) -> Mapping[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for home in homes:
        found.setdefault(home.village, Counter())[home.conversion.kind if home.conversion else ""] += 1
    return found


def _heated_by_network(kinds: Counter[str]) -> bool:
    """Where heat mains came, nothing is paid by season, and money arrives at once."""
    return 2 * kinds["waste_heat"] > kinds.total() - kinds[""] > 0


def _let_in(home: SyntheticHousehold) -> SyntheticHousehold:
    """Whoever refused the first visit was registered at the second."""
    if home.registered_on is not None:
        return home
    return replace(home, first_outcome="not_at_home", registered_on=home.first_visit_on + timedelta(10))


def _stalled(home: SyntheticHousehold) -> bool:
    done = home.conversion
    return done is not None and done.kind != "clean_coal" and done.stages.first_used_on is None


def _finished(home: SyntheticHousehold) -> SyntheticHousehold:
    """The same home with its works brought to their end before the year's."""
    assert home.conversion is not None
    stages = home.conversion.stages
    installed_on = stages.installed_on or CONNECTED_BY - timedelta(5)
    connected_on = stages.connected_on or max(installed_on, CONNECTED_BY)
    ended = Stages(stages.signed_on, installed_on, connected_on, max(connected_on, USED_BY), None)
    return replace(home, conversion=replace(home.conversion, stages=ended))
