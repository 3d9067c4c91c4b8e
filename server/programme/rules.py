"""Coverage out of counts: integers in, shares out, nothing looked up.

The base is the heated homes: every home of the register except those not heated with a recorded reason. A
home is clean by a conversion that has reached the plan's state, or by a clean device from before. The policy
texts give no formula and no unit, so both bases are worked out, households and square metres of the very
same homes. Homes without a recorded area are counted beside the sum, never estimated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from server.programme.plan import Target

CLASSES = ("built_up", "fringe", "rural", "unclassified")


@dataclass(frozen=True)
class Cell:
    """Households alike in everything that is counted. `heating` and `situation` as in the register's
    standing; kinds are None where no conversion came so far; `area_m2` sums those that have an area.
    """

    part: str
    area_class: str
    heating: str
    situation: str
    task_kind: str | None
    coverage_kind: str | None
    households: int
    area_m2: Decimal
    without_area: int

    @property
    def in_base(self) -> bool:
        return self.heating != "excluded"


@dataclass(frozen=True)
class Counts:
    """What is known of an area. All but `households`, `excluded`, `task` and `connected` speak of the base.

    `task`, `connected`: households by kind of their latest conversion that counts towards the task, towards
    coverage, whether heated or not. Square metres of homes without an area are missing from both sums.
    """

    households: int = 0
    heated: int = 0
    excluded: int = 0
    no_reason: int = 0
    unknown: int = 0
    clean: int = 0
    clean_coal: int = 0
    task: Mapping[str, int] = field(default_factory=dict)
    connected: Mapping[str, int] = field(default_factory=dict)
    heated_m2: Decimal = Decimal(0)
    clean_m2: Decimal = Decimal(0)
    without_area: int = 0

    @property
    def converted(self) -> int:
        return sum(self.task.values())

    @property
    def connected_all(self) -> int:
        return sum(self.connected.values())

    def task_of(self, kinds: Collection[str]) -> int:
        """Households that count towards a task of these kinds; of any kind where none is named."""
        return _of(self.task, kinds)

    def connected_of(self, kinds: Collection[str]) -> int:
        return _of(self.connected, kinds)

    @property
    def not_clean(self) -> int:
        return self.heated - self.clean

    @property
    def rate(self) -> Decimal | None:
        return percent(self.clean, self.heated)

    @property
    def rate_m2(self) -> Decimal | None:
        return percent(self.clean_m2, self.heated_m2)


def _of(by_kind: Mapping[str, int], kinds: Collection[str]) -> int:
    return sum(n for kind, n in by_kind.items() if not kinds or kind in kinds)


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """A share in percent with two decimals, half up; None of nothing. Exact until the last rounding."""
    if not whole:
        return None
    hundredths = Fraction(part) * 10_000 / Fraction(whole)
    return Decimal(int(hundredths + Fraction(1, 2))).scaleb(-2)


def reached(target: Target, part: int | Decimal, whole: int | Decimal) -> bool | None:
    """Whether a target is met, by the exact share: 99.996 % reads 100.00 and is not all. None without base."""
    if not whole:
        return None
    return Fraction(part) * 100 >= Fraction(whole) * target.pct


def counts(cells: Iterable[Cell]) -> Counts:
    """Adds cells up."""
    all_cells = list(cells)
    base = [cell for cell in all_cells if cell.in_base]
    clean = [cell for cell in base if cell.situation == "clean"]

    def households(chosen: Iterable[Cell]) -> int:
        return sum(cell.households for cell in chosen)

    def square_metres(chosen: Iterable[Cell]) -> Decimal:
        return sum((cell.area_m2 for cell in chosen), Decimal(0))

    return Counts(
        households=households(all_cells),
        heated=households(base),
        excluded=households(cell for cell in all_cells if not cell.in_base),
        no_reason=households(cell for cell in base if cell.heating == "no_reason"),
        unknown=households(cell for cell in base if cell.heating == "unknown"),
        clean=households(clean),
        clean_coal=households(cell for cell in base if cell.situation == "clean_coal"),
        task=_by_kind(all_cells, lambda cell: cell.task_kind),
        connected=_by_kind(all_cells, lambda cell: cell.coverage_kind),
        heated_m2=square_metres(base),
        clean_m2=square_metres(clean),
        without_area=sum(cell.without_area for cell in base),
    )


def _by_kind(cells: Iterable[Cell], kind_of: Callable[[Cell], str | None]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for cell in cells:
        kind = kind_of(cell)
        if kind is not None:
            found[kind] += cell.households
    return dict(found)


def by(cells: Iterable[Cell], key: Callable[[Cell], str]) -> dict[str, Counts]:
    """Counts by some property of the cells."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return {name: counts(group) for name, group in groups.items()}
