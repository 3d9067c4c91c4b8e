"""One synthetic household as a surveyor would find it in spring 2020, before anything is converted.

Apart from the county because here every figure of a single home is drawn: rates by area class stand in tables
at the top, so that an assumption can be read, doubted and changed. Sources and inventions: README.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from server.lab.names import door_number, person_name, phone_number, resident_number

# Per area class; None stands for a village that no official has classified.
_CLEAN_BEFORE = {"built_up": 0.25, "fringe": 0.06, "rural": 0.008, None: 0.03}
_TENANTS = {"built_up": 0.15, "fringe": 0.08, "rural": 0.02, None: 0.04}
_AREA_M2 = {"built_up": (95, 22), "fringe": (125, 35), "rural": (135, 45), None: (120, 35)}
_HEATED_SHARE = {"built_up": (0.85, 1.0), "fringe": (0.55, 0.9), "rural": (0.4, 0.8), None: (0.5, 0.9)}

_OCCUPANCY = {"all_winter": 905, "part_winter": 60, "empty": 35}
_HARDSHIP = {"none": 872, "dibao": 52, "tuopin": 41, "lone_elderly": 17, "tekun": 13, "wubao": 5}
_HOUSE_USE = {"living": 95, "mixed": 4, "business": 1}
_CLEAN_FUELS = {"heat_network": 5, "electricity": 3, "gas": 2}
_COAL_FUELS = {"bulk_coal": 66, "briquette": 34}
_COAL_DEVICES = {"coal_stove": 60, "coal_boiler": 33, "kang": 7}
_COAL_SOURCES = {"depot": 40, "hawker": 25, "mine": 20, "delivered": 12, "gift": 3}
_CLEAN_DEVICES = {
    "heat_network": {"12": 1},
    "gas": {"1": 1},
    "electricity": {"10": 5, "9": 3, "5": 3, "6": 2, "3": 1},
}


@dataclass(frozen=True)
class Coal:
    """Last winter's coal: purchases as (tonnes, yuan per tonne), where they came from, tonnes left."""

    purchases: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]
    stock_t: str


@dataclass(frozen=True)
class House:
    """What registration finds. `not_heated_reason` is set exactly when the home is not heated in winter."""

    door_number: str
    head_name: str
    id_number: str
    phone: str
    tenure: str
    registration: str
    residents_n: int
    house_area_m2: int
    heated_area_m2: int
    rooms_n: int
    house_use: str
    occupancy: str
    hardship: str
    mountain: bool
    demolition_year: int | None
    not_heated_reason: str | None
    fuel: str
    device: str
    coal: Coal | None
    location: str | None

    @property
    def clean_before(self) -> bool:
        return self.not_heated_reason is None and self.device.isdigit()

    @property
    def has_coal_stove(self) -> bool:
        return self.device in ("coal_stove", "coal_boiler", "clean_coal_stove")


def house(rng: Random, village: str, index: int, area_class: str | None, *, mountain: bool) -> House:
    """Draw the `index`-th household (from 0) of a village; `village` is its 12-digit code."""
    occupancy = _pick(rng, _OCCUPANCY)
    demolition_year = rng.randint(2021, 2023) if rng.random() < 0.006 else None
    reason = _not_heated_reason(rng, occupancy, demolition_year)
    fuel, device = _heating(rng, area_class, mountain=mountain)
    mean, spread = _AREA_M2[area_class]
    house_area_m2 = round(min(400, max(30, rng.gauss(mean, spread))))
    heated_area_m2 = max(10, round(house_area_m2 * rng.uniform(*_HEATED_SHARE[area_class])))
    coal = None
    if reason is None and fuel in ("bulk_coal", "briquette", "clean_coal"):
        coal = _coal(rng, heated_area_m2, fuel)
    hardship = _pick(rng, _HARDSHIP)
    age_years = rng.randint(62, 90) if hardship in ("lone_elderly", "wubao") else rng.randint(26, 84)
    return House(
        door_number=door_number(rng, index, area_class),
        head_name=person_name(rng),
        id_number=resident_number(rng, village[:6], age_years) if rng.random() < 0.94 else "",
        phone=phone_number(rng) if rng.random() < 0.9 else "",
        tenure="tenant" if rng.random() < _TENANTS[area_class] else "owner",
        registration="elsewhere" if rng.random() < 0.05 else "local",
        residents_n=1 if hardship in ("lone_elderly", "wubao") else _residents(rng),
        house_area_m2=house_area_m2,
        heated_area_m2=heated_area_m2,
        rooms_n=max(1, round(house_area_m2 / 22)),
        house_use=_pick(rng, _HOUSE_USE),
        occupancy=occupancy,
        hardship=hardship,
        mountain=mountain,
        demolition_year=demolition_year,
        not_heated_reason=reason,
        fuel=fuel,
        device=device,
        coal=coal,
        location=_location(rng, village) if rng.random() < 0.6 else None,
    )


def _not_heated_reason(rng: Random, occupancy: str, demolition_year: int | None) -> str | None:
    if occupancy == "empty":
        return "demolition" if demolition_year else "empty"
    if occupancy == "part_winter" and rng.random() < 0.3:
        return "away_winter" if rng.random() < 0.6 else "lives_with_kin"
    return None


def _heating(rng: Random, area_class: str | None, *, mountain: bool) -> tuple[str, str]:
    if rng.random() < _CLEAN_BEFORE[area_class] and not mountain:
        fuel = _pick(rng, _CLEAN_FUELS)
        return fuel, _pick(rng, _CLEAN_DEVICES[fuel])
    if mountain and rng.random() < 0.08:
        return "clean_coal", "clean_coal_stove"
    return _pick(rng, _COAL_FUELS), _pick(rng, _COAL_DEVICES)


def _coal(rng: Random, heated_area_m2: int, fuel: str) -> Coal:
    """About 25 kg for each heated square metre and winter, bought once or twice."""
    tonnes = min(9.0, max(0.6, heated_area_m2 * rng.gauss(0.025, 0.006)))
    price = rng.randrange(560, 880, 20) + (180 if fuel != "bulk_coal" else 0)
    first = tonnes if rng.random() < 0.6 else tonnes * rng.uniform(0.4, 0.7)
    purchases = [(f"{first:.1f}", price)]
    if tonnes - first > 0.2:
        purchases.append((f"{tonnes - first:.1f}", price + rng.randrange(-40, 100, 20)))
    sources = {_pick(rng, _COAL_SOURCES) for _ in purchases}
    return Coal(tuple(purchases), tuple(sorted(sources)), f"{rng.choice((0, 0, 0, 0.1, 0.2, 0.3, 0.5)):g}")


def _residents(rng: Random) -> int:
    return rng.choices((1, 2, 3, 4, 5, 6, 7), (9, 27, 22, 20, 13, 7, 2))[0]


def _location(rng: Random, village: str) -> str:
    """A made-up point in the county's bounding box: villages get a made-up centre from their code."""
    centre = Random(village)
    latitude = centre.uniform(35.25, 35.65) + rng.gauss(0, 0.002)
    longitude = centre.uniform(112.55, 113.15) + rng.gauss(0, 0.002)
    return f"{latitude:.6f} {longitude:.6f} 0 {rng.randint(4, 25)}"


def _pick(rng: Random, weights: Mapping[str, int]) -> str:
    return rng.choices(tuple(weights), tuple(weights.values()))[0]
