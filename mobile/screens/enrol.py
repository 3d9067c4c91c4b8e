"""Enrolling the tablet, once."""

from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen

from mobile.presenters.enrol import EnrolPresenter, EnrolState
from mobile.screens.station import Station
from mobile.widgets.theme import load

load(__file__)


class EnrolScreen(Screen):
    """Two fields and a button."""

    say = ObjectProperty()
    fault = StringProperty()
    busy = BooleanProperty(False)

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter = EnrolPresenter(station.desk.say, station.office, self._copy)
        super().__init__(name="enrol", say=station.desk.say)

    def show(self) -> None:
        """Nothing to read: the form stays as it was left."""

    def leave(self) -> None:
        """Nothing to save."""

    def enrol(self) -> None:
        """The button, or Enter in the last field."""
        self._presenter.enrol(self.ids.address.text, self.ids.code.text)

    def _copy(self, state: EnrolState) -> None:
        self.fault, self.busy = state.fault, state.busy
        if state.enrolled:
            self._station.routes.home("sync", begin="yes")
