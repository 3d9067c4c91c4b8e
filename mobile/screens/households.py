"""One village's households."""

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from mobile.presenters.households import FilterChip, HouseholdLine, HouseholdsPresenter, HouseholdsState
from mobile.presenters.told import ZoneTold
from mobile.screens.station import Station
from mobile.widgets.parts import Pressable, breadth, fill
from mobile.widgets.theme import colour, load
from mobile.widgets.words import Words

load(__file__)
PAUSE_S = 0.3


class ZoneBand(ButtonBehavior, Words):
    """The coal-free zone over the village in one line; a touch tells what it forbids."""

    tone = StringProperty("plain")


class HouseholdsScreen(Screen):
    """Search, filters, rows, the zone, and buttons for a new household and for coal at a place without one."""

    say = ObjectProperty()
    title = StringProperty()
    count = StringProperty()
    empty = StringProperty()
    can_add = BooleanProperty(True)
    zone_text = StringProperty()
    zone_tone = StringProperty("plain")

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter: HouseholdsPresenter | None = None
        self._village = ""
        self._zone_open = False
        self._pause = Clock.create_trigger(lambda _dt: self._search(), PAUSE_S)
        super().__init__(name="households", say=station.desk.say)

    def show(self, village: str) -> None:
        """The same village keeps its search, filter and place in the list."""
        if self._presenter is None or village != self._village:
            self._village = village
            self._presenter = HouseholdsPresenter(self._station.desk, village, self._copy)
            self._zone_open = False
            self.ids.search.text = ""
            self.ids.list.scroll_y = 1
            self._copy(self._presenter.state)
        else:
            self._presenter.refresh()

    def leave(self) -> None:
        """Nothing to save."""

    def typed(self) -> None:
        """Search once the typing pauses."""
        self._pause.cancel()
        self._pause()

    def back(self) -> None:
        """To the villages."""
        self._station.routes.back()

    def register(self) -> None:
        """A new household."""
        if self._presenter:
            self._station.routes.begin(self._presenter.register)

    def sight(self) -> None:
        """Coal at a place without a household."""
        if self._presenter:
            self._station.routes.begin(self._presenter.sight)

    def visit(self) -> None:
        """Somebody called at a door that is not in the register."""
        if self._presenter:
            self._station.routes.begin(self._presenter.visit)

    def toggle_zone(self) -> None:
        """What the zone forbids, or only its name again."""
        self._zone_open = not self._zone_open
        if self._presenter:
            self._show_zone(self._presenter.state.zone)

    def _show_zone(self, zone: ZoneTold | None) -> None:
        self.zone_tone = zone.tone if zone else "plain"
        self.zone_text = self._zone_words(zone) if zone else ""

    def _zone_words(self, zone: ZoneTold) -> str:
        if not self._zone_open:
            return f"{zone.line}　{self.say('zone.more')}"
        return "\n".join(part for part in (zone.line, zone.document, zone.means, zone.rule, zone.but) if part)

    def _search(self) -> None:
        if self._presenter:
            self._presenter.search(self.ids.search.text)
            self.ids.list.scroll_y = 1

    def _copy(self, state: HouseholdsState) -> None:
        self.title, self.count, self.empty = state.title, state.count, state.empty
        self.can_add = state.can_add
        self._show_zone(state.zone)
        fill(self.ids.filters, (self._filter(chip) for chip in state.filters))
        self.ids.list.data = [self._row(line) for line in state.lines]

    def _filter(self, chip: FilterChip) -> Widget:
        button = Pressable(
            text=chip.text, size_hint_x=None, width=dp(48) + breadth(chip.text), font_size="22sp"
        )
        if chip.chosen:
            button.ground_colour, button.ink_colour = colour("accent"), colour("on_accent")
        else:
            button.edge_colour = colour("line")
        button.bind(on_release=lambda _button: self._choose(chip.key))
        return button

    def _choose(self, key: str) -> None:
        if self._presenter:
            self._presenter.choose(key)
            self.ids.list.scroll_y = 1

    def _row(self, line: HouseholdLine) -> dict[str, object]:
        return {
            "key": line.id,
            "name": line.name,
            "detail": line.detail,
            "chips": [(f"{chip.sign} {chip.text}".strip(), chip.tone) for chip in line.chips],
            "touched": self._open,
        }

    def _open(self, household: str) -> None:
        self._station.routes.go("household", household=household)
