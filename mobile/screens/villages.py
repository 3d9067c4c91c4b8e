"""The villages on this tablet."""

from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen

from mobile.presenters.villages import VillageLine, VillagesPresenter
from mobile.screens.station import Station
from mobile.widgets.theme import load

load(__file__)


class VillagesScreen(Screen):
    """A list; a touch opens the village's households."""

    say = ObjectProperty()
    greeting = StringProperty()
    empty = StringProperty()

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter = VillagesPresenter(station.desk)
        super().__init__(name="villages", say=station.desk.say)

    def show(self) -> None:
        """Read the replica."""
        state = self._presenter.state()
        self.greeting, self.empty = state.greeting, state.empty
        self.ids.list.data = [self._row(line) for line in state.lines]

    def leave(self) -> None:
        """Nothing to save."""

    def _row(self, line: VillageLine) -> dict[str, object]:
        return {
            "key": line.code,
            "name": line.name,
            "detail": line.detail,
            "aside": line.count,
            "chips": [(f"{chip.sign} {chip.text}".strip(), chip.tone) for chip in line.chips],
            "touched": self._open,
        }

    def _open(self, code: str) -> None:
        self._station.routes.go("households", village=code)
