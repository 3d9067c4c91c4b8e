"""The villages on this tablet, each with what waits in it; those handed over are marked, their work still travels."""

from dataclasses import dataclass

from mobile.presenters.desk import Desk
from mobile.presenters.states import Chip
from mobile.presenters.told import zone_chips
from sync.replica_rows import VillageRow


@dataclass(frozen=True)
class VillageLine:
    """One row."""

    code: str
    name: str
    detail: str
    count: str
    chips: tuple[Chip, ...]
    held: bool


@dataclass(frozen=True)
class VillagesState:
    """The rows, or in words why there are none."""

    greeting: str
    lines: tuple[VillageLine, ...]
    empty: str


class VillagesPresenter:
    """Reads; the only intent, opening a village, is the router's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def state(self) -> VillagesState:
        """As of now: held villages first, then those handed over."""
        say = self._desk.say
        identity = self._desk.replica.identity()
        rows = sorted(self._desk.replica.villages(), key=lambda row: (not row.assigned, row.code))
        zones = zone_chips(self._desk)
        person = (identity.person_name or "") if identity else ""
        return VillagesState(
            greeting=say("villages.greeting", person=person) if person else "",
            lines=tuple(self._line(row, zones.get(row.code)) for row in rows),
            empty="" if rows else say("villages.empty"),
        )

    def _line(self, row: VillageRow, zone: Chip | None) -> VillageLine:
        say = self._desk.say
        chips = [zone] if zone else []
        if not row.assigned:
            chips.append(Chip(say("villages.removed"), "not_yet"))
        elif not row.loaded:
            chips.append(Chip(say("villages.loading"), "draft", "↓"))
        if row.drafts_n:
            chips.append(Chip(say("villages.drafts", n=row.drafts_n), "draft", "◐"))
        if row.waiting_n:
            chips.append(Chip(say("villages.waiting", n=row.waiting_n), "waiting", "↑"))
        area = say(f"area_class.{row.area_class or 'none'}")
        return VillageLine(
            code=row.code,
            name=row.name,
            detail=f"{row.township_name} · {area}",
            count=say("villages.households", n=row.households_n),
            chips=tuple(chips),
            held=row.assigned,
        )
