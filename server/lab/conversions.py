"""Who is converted to what, and when: the plan's mix spread over the synthetic county in the year 2020.

The mix is the county plan's (3,004 electricity, 2,350 gas, 12,006 industrial waste heat: 17,360); the rest
is invented. Heat mains reach built-up area and fringe first, gas goes further, electricity takes what is
left, and in the mountains some get the clean-coal stove, allowed there and never counted as clean heating.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from random import Random

PLAN_MIX: Mapping[str, int] = {"waste_heat": 12_006, "gas": 2_350, "electric": 3_004}
PLAN_HOUSEHOLDS_N = 20_000
YEAR_END = date(2020, 12, 31)

_DEADLINE = date(2020, 10, 31)
_HEAT_ON = date(2020, 10, 12)
_SEASON = date(2020, 11, 6)
_ELECTRIC_DEVICES = {"10": 35, "9": 30, "6": 18, "5": 8, "7": 5, "3": 4}
_BATCHES = {"1": 55, "2": 20, "3": 22}
_SELF_CONVERTED_SHARE = 0.06
_CLEAN_COAL_SHARE = 0.7
_REACH = {"built_up": 0.0, "fringe": 1.0, None: 1.5, "rural": 2.0}
_PREFIX = {"electric": "D", "gas": "Q", "waste_heat": "R", "clean_coal": "J"}


@dataclass(frozen=True)
class Stages:
    """The dates of a conversion; None: has not happened by the end of 2020."""

    signed_on: date | None
    installed_on: date | None
    connected_on: date | None
    first_used_on: date | None
    accepted_on: date | None

    def as_of(self, day: date) -> "Stages":
        """What had happened by the end of `day`."""
        held = (getattr(self, field.name) for field in fields(self))
        return Stages(*(on if on is not None and on <= day else None for on in held))


@dataclass(frozen=True)
class Conversion:
    """A conversion as it turns out. `batch` "4" is self-converted: no contract and no contractor."""

    kind: str
    device_code: str
    batch: str
    contract_number: str
    contractor: str
    account_number: str
    brand: str
    model: str
    serial: str
    stages: Stages
    stove_removed: bool
    stock_t: str


@dataclass(frozen=True)
class Candidate:
    """A home that could be converted: its number in the county, and how far the networks are from it."""

    number: int
    mountain: bool
    remoteness: float


def quotas(households_n: int) -> dict[str, int]:
    """The plan's mix for a county of `households_n` homes; exactly the plan's figures at 20,000."""
    exact = {kind: n * households_n / PLAN_HOUSEHOLDS_N for kind, n in PLAN_MIX.items()}
    whole = {kind: int(n) for kind, n in exact.items()}
    missing = round(sum(exact.values())) - sum(whole.values())
    for kind in sorted(exact, key=lambda kind: whole[kind] - exact[kind])[:missing]:
        whole[kind] += 1
    return whole


def remoteness(rng: Random, village_reach: float) -> float:
    """A home's own distance from the networks: its village's, but for one home in twelve."""
    return village_reach + (rng.uniform(0, 3) if rng.random() < 0.08 else rng.uniform(0, 0.05))


def village_reach(rng: Random, area_class: str | None, *, mountain: bool) -> float:
    return _REACH[area_class] + (1.5 if mountain else 0) + rng.uniform(0, 0.9)


def kinds(rng: Random, candidates: Sequence[Candidate], households_n: int) -> dict[int, str]:
    """Household number → kind, nearest homes first; the rest of the mountain homes may get clean coal."""
    nearest = sorted(candidates, key=lambda home: (home.remoteness, home.number))
    mix = quotas(households_n)
    wanted: Iterable[str] = (kind for kind in ("waste_heat", "gas", "electric") for _ in range(mix[kind]))
    given = {home.number: kind for home, kind in zip(nearest, wanted, strict=False)}
    for home in nearest[len(given) :]:
        if home.mountain and rng.random() < _CLEAN_COAL_SHARE:
            given[home.number] = "clean_coal"
    return given


def conversion(
    rng: Random, kind: str, number: int, area_class: str | None, registered_on: date
) -> Conversion:
    """Draw one conversion of `kind`; `number` makes contract, account and serial numbers unique."""
    alone = kind == "electric" and rng.random() < _SELF_CONVERTED_SHARE
    in_home = kind != "waste_heat"
    return Conversion(
        kind=kind,
        device_code=_device(rng, kind),
        batch="4" if alone else rng.choices(tuple(_BATCHES), tuple(_BATCHES.values()))[0],
        contract_number="" if alone else f"模拟2020-{_PREFIX[kind]}-{number:06d}",
        contractor="" if alone else f"模拟施工{rng.choice('一二三四五六')}队",
        account_number="" if kind == "clean_coal" else f"{_PREFIX[kind]}00{number:08d}",
        brand=f"模拟品牌{rng.choice('甲乙丙丁')}" if in_home else "",
        model=f"MN-{rng.choice((6, 8, 10, 12, 18, 20))}" if in_home else "",
        serial=f"SIM2020{number:07d}" if in_home else "",
        stages=_stages(rng, kind, area_class, registered_on, contract=not alone),
        stove_removed=rng.random() < 0.015,
        stock_t=f"{rng.choice((0, 0, 0, 0, 0.2, 0.3, 0.5, 0.8)):g}" if rng.random() < 0.8 else "",
    )


def _device(rng: Random, kind: str) -> str:
    if kind == "electric":
        return rng.choices(tuple(_ELECTRIC_DEVICES), tuple(_ELECTRIC_DEVICES.values()))[0]
    return {"gas": "1", "waste_heat": "12", "clean_coal": "clean_coal_stove"}[kind]


def _stages(rng: Random, kind: str, area_class: str | None, registered_on: date, *, contract: bool) -> Stages:
    """Most are installed by the plan's deadline; of the rural ones one in eight is late or never ends.

    The county plan itself names works delayed by the epidemic. Built-up area and fringe, where the target is
    a must, are done in time.
    """
    luck = rng.random() if area_class not in ("built_up", "fringe") else 0.0
    signed_on = _after(rng, registered_on, 7, 40)
    installed_on = min(_after(rng, signed_on, 15, 70), _DEADLINE - timedelta(rng.randint(0, 20)))
    if 0.88 <= luck < 0.95:
        installed_on = _after(rng, _DEADLINE, 1, 40)
    connected_on = _after(rng, installed_on, 2, 25)
    if kind == "waste_heat":
        connected_on = max(connected_on, _after(rng, _HEAT_ON, 0, 18))
    first_used_on = max(connected_on, _after(rng, _SEASON, 0, 14))
    accepted_on = _after(rng, first_used_on, 2, 35)
    days: list[date | None] = [signed_on, installed_on, connected_on, first_used_on, accepted_on]
    reached = 1 if luck >= 0.98 else 2 if luck >= 0.95 else 5
    days = [day if index < reached else None for index, day in enumerate(days)]
    if not contract:
        days[0] = None
    if kind == "clean_coal":
        days[2] = None
    return Stages(*days).as_of(YEAR_END)


def _after(rng: Random, day: date, least: int, most: int) -> date:
    return day + timedelta(rng.randint(least, most))
