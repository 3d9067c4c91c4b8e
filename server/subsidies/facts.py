"""What money is worked out from: a home, its conversions, and what held of it on which day.

Frozen and complete: the rules look nothing up. A decision keeps these facts as JSON beside its lines, so that
it can be replayed word for word when the register has long moved on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

# The batch of homes their owners converted on their own (农户自改), outside the programme.
SELF_CONVERTED = "4"


@dataclass(frozen=True)
class Spell:
    """What held from a day on, until the next spell. `since` None: the day was not recorded."""

    value: str
    since: date | None


@dataclass(frozen=True)
class Conversion:
    """One conversion of a home. `accepted_on` and `acceptance` (its document's number) are the official's act,
    never the surveyor's claim; `cost_fen` is what device and installation really cost, where it is known.
    """

    id: str
    kind: str
    device: str = ""
    batch: str = ""
    signed_on: date | None = None
    installed_on: date | None = None
    connected_on: date | None = None
    accepted_on: date | None = None
    acceptance: str = ""
    cost_fen: int | None = None

    def day_of(self, state: str) -> date | None:
        """The day of a state a schedule counts by: signed, installed, connected or accepted."""
        days = {
            "signed": self.signed_on,
            "installed": self.installed_on,
            "connected": self.connected_on,
            "accepted": self.accepted_on,
        }
        return days[state]


@dataclass(frozen=True)
class Home:
    """A household and its history. `hardship`: classes by day of proof ("none" ends one). `not_heated`: the
    reason, or "" from the day it was heated again. `village` has twelve digits, `county` the first six of them.
    """

    county: str
    village: str
    household: str
    conversions: tuple[Conversion, ...]
    hardship: tuple[Spell, ...] = ()
    not_heated: tuple[Spell, ...] = ()
    demolition_year: int | None = None
    heated_area_m2: Decimal | None = None


def held_on(spells: Sequence[Spell], day: date) -> Spell | None:
    """What held on a day: the latest spell begun by then. One without a day counts as the earliest."""
    begun = [spell for spell in spells if spell.since is None or spell.since <= day]
    return max(begun, key=lambda spell: spell.since or date.min, default=None)


def to_json(home: Home) -> dict[str, Any]:
    """A home as JSON holds it: days as YYYY-MM-DD, square metres as text."""

    def plain(value: Any) -> Any:
        if isinstance(value, date | Decimal):
            return str(value)
        if isinstance(value, Mapping):
            return {name: plain(inner) for name, inner in value.items()}
        return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value

    result = plain(asdict(home))
    assert isinstance(result, dict)
    return result


def from_json(value: Mapping[str, Any]) -> Home:
    """The inverse of `to_json`. Raises KeyError, TypeError or ValueError on anything else."""
    area = value["heated_area_m2"]
    return Home(
        **{name: value[name] for name in ("county", "village", "household", "demolition_year")},
        conversions=tuple(_conversion(item) for item in value["conversions"]),
        hardship=tuple(Spell(item["value"], _day(item["since"])) for item in value["hardship"]),
        not_heated=tuple(Spell(item["value"], _day(item["since"])) for item in value["not_heated"]),
        heated_area_m2=None if area is None else Decimal(area),
    )


def _conversion(item: Mapping[str, Any]) -> Conversion:
    days = {name: _day(text) for name, text in item.items() if name.endswith("_on")}
    return Conversion(**{**item, **days})


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
