"""One village's households."""

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from mobile.presenters.households import FilterChip, HouseholdLine, HouseholdsPresenter, HouseholdsState
from mobile.screens.station import Station
from mobile.widgets.parts import Pressable, fill
from mobile.widgets.theme import colour, load

load(__file__)
PAUSE_S = 0.3


class HouseholdsScreen(Screen):
    """Search, filters, rows, and the button for a new household."""

    say = ObjectProperty()
    title = StringProperty()
    count = StringProperty()
    empty = StringProperty()
    can_add = BooleanProperty(True)

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter: HouseholdsPresenter | None = None
        self._village = ""
        self._pause = Clock.create_trigger(lambda _dt: self._search(), PAUSE_S)
        super().__init__(name="households", say=station.desk.say)

    def show(self, village: str) -> None:
        """The same village keeps its search, filter and place in the list."""
        if self._presenter is None or village != self._village:
            self._village = village
            self._presenter = HouseholdsPresenter(self._station.desk, village, self._copy)
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

    def _search(self) -> None:
        if self._presenter:
            self._presenter.search(self.ids.search.text)
            self.ids.list.scroll_y = 1

    def _copy(self, state: HouseholdsState) -> None:
        self.title, self.count, self.empty = state.title, state.count, state.empty
        self.can_add = state.can_add
        fill(self.ids.filters, (self._filter(chip) for chip in state.filters))
        self.ids.list.data = [self._row(line) for line in state.lines]

    def _filter(self, chip: FilterChip) -> Widget:
        button = Pressable(
            text=chip.text, size_hint_x=None, width=dp(48) + dp(28) * len(chip.text), font_size="22sp"
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
