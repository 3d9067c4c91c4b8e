"""One village's households: searched by name and door number, narrowed by filter, each with its state."""

from collections.abc import Callable
from dataclasses import dataclass

from mobile.presenters.desk import Desk
from mobile.presenters.drafting import start_household, start_sighting, start_visit_unregistered
from mobile.presenters.states import ATTENTION, Chip, chip
from mobile.presenters.told import ZoneTold, zone_of
from mobile.presenters.vocabulary import Vocabulary
from sync.replica_rows import HouseholdRow

# How far a conversion that is not connected yet has come.
STEPS = {"signed": "row.signed", "installed": "row.installed"}
FILTERS = ("all", "unconverted", "converted", "unvisited", "waiting", "attention")
CHIPS = ("draft", "waiting", "rejected", "conflict")
LIMIT = 2000  # more than the largest village of Shanxi; a bound, not a page


@dataclass(frozen=True)
class HouseholdLine:
    """One row of the list."""

    id: str
    name: str
    detail: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True)
class FilterChip:
    """A filter and whether it is the one in force."""

    key: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class HouseholdsState:
    """`count` reads shown / total."""

    village: str
    title: str
    text: str
    chosen: str
    filters: tuple[FilterChip, ...]
    lines: tuple[HouseholdLine, ...]
    count: str
    empty: str
    can_add: bool
    zone: ZoneTold | None


class HouseholdsPresenter:
    """Intents: search, choose a filter, register a new household, tell of coal at a place without one."""

    def __init__(self, desk: Desk, village: str, changed: Callable[[HouseholdsState], None]) -> None:
        self._desk = desk
        self._village = village
        self._changed = changed
        self._words = Vocabulary(desk)
        self.state = self._read("", "all")

    def search(self, text: str) -> None:
        """Narrow by name or door number; the screen waits for a pause in typing before it asks."""
        if text.strip() != self.state.text:
            self._show(self._read(text.strip(), self.state.chosen))

    def choose(self, key: str) -> None:
        """Put a filter in force."""
        self._show(self._read(self.state.text, key))

    def refresh(self) -> None:
        """Read again, same search and filter."""
        self._show(self._read(self.state.text, self.state.chosen))

    def register(self) -> str:
        """Begin a new household; the id of its draft."""
        return start_household(self._desk, self._village)

    def visit(self) -> str:
        """Begin the outcome of a visit at a door the register does not have; the id of its draft."""
        return start_visit_unregistered(self._desk, self._village)

    def sight(self) -> str:
        """Begin a sighting of coal at a place without a household; the id of its draft."""
        return start_sighting(self._desk, self._village)

    def _read(self, text: str, chosen: str) -> HouseholdsState:
        desk, say = self._desk, self._desk.say
        found = desk.replica.households(self._village, text=text, limit=LIMIT)
        rows = [row for row in found if _passes(row, chosen)]
        village = next((row for row in desk.replica.villages() if row.code == self._village), None)
        total = village.households_n if village else len(found)
        blank = not (rows or text or chosen != "all")
        return HouseholdsState(
            village=self._village,
            title=village.name if village else self._village,
            text=text,
            chosen=chosen,
            filters=tuple(FilterChip(key, say(f"filter.{key}"), key == chosen) for key in FILTERS),
            lines=tuple(self._line(row) for row in rows),
            count=say("households.count", shown=len(rows), total=total),
            empty="" if rows else say("households.empty_village" if blank else "households.empty"),
            can_add=village is not None and village.assigned,
            zone=zone_of(desk, self._village),
        )

    def _line(self, row: HouseholdRow) -> HouseholdLine:
        say = self._desk.say
        shown = [chip(say, name) for name in CHIPS if name in row.marks]
        shown.append(self._heating(row))
        door = say("households.door", door=row.door_number) if row.door_number else say("households.no_door")
        facts = [door, self._words.value("household", "device", row.device)]
        if row.visit_outcome and row.visit_outcome != "surveyed":
            facts.append(self._words.value("household", "visit_outcome", row.visit_outcome))
        return HouseholdLine(
            id=row.id,
            name=row.head_name or say("households.nameless"),
            detail="  ·  ".join(fact for fact in facts if fact),
            chips=tuple(shown),
        )

    def _heating(self, row: HouseholdRow) -> Chip:
        if row.conversion_kind:
            kind = self._words.value("conversion", "kind", row.conversion_kind)
            if row.conversion_step == "connected":
                return Chip(kind, "safe", "●")
            step = self._desk.say(STEPS.get(row.conversion_step or "", "row.begun"))
            return Chip(f"{kind} {step}", "draft", "◐")
        if row.visit_outcome == "not_heated":
            return Chip(self._desk.say("row.not_heated"), "not_yet", "○")
        return Chip(self._desk.say("row.unconverted"), "plain", "○")

    def _show(self, state: HouseholdsState) -> None:
        self.state = state
        self._changed(state)


def _passes(row: HouseholdRow, chosen: str) -> bool:
    marks = frozenset(row.marks)
    tests: dict[str, bool] = {
        "all": True,
        "unconverted": row.conversion_step != "connected",
        "converted": row.conversion_step == "connected",
        "unvisited": not row.visit_outcome,
        "waiting": bool(marks & {"waiting", "draft"}),
        "attention": bool(marks & ATTENTION),
    }
    return tests[chosen]
