"""What is left on a tablet that was reported lost."""

from kivy.factory import Factory
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen

from mobile.presenters.revoked import is_revoked, revoked
from mobile.screens.station import Station
from mobile.widgets.parts import fill
from mobile.widgets.theme import load
from sync.client import Account

load(__file__)


class RevokedScreen(Screen):
    """Words, the file's place, and the way to enrol anew."""

    say = ObjectProperty()
    heading = StringProperty()
    lead = StringProperty()
    kept = StringProperty()
    file = StringProperty()
    undone = BooleanProperty(False)
    busy = BooleanProperty(False)

    def __init__(self, station: Station) -> None:
        self._station = station
        super().__init__(name="revoked", say=station.desk.say)

    def show(self) -> None:
        """Read anew: the wipe may have gone on."""
        state = revoked(self._station.desk)
        self.heading, self.lead, self.kept, self.file = state.title, state.lead, state.kept, state.file
        self.undone = state.undone
        fill(self.ids.steps, (Factory.Words(text=step) for step in state.steps))

    def leave(self) -> None:
        """Nothing to save."""

    def enrol(self) -> None:
        """Found again: a new code makes it a tablet like any other."""
        self._station.routes.go("enrol")

    def again(self) -> None:
        """What could not be sealed before is tried once more."""
        self.busy = True
        self._station.contact.start(lambda progress: None, self._done)

    def _done(self, account: Account) -> None:
        self.busy = False
        if is_revoked(self._station.desk):
            self.show()
        else:
            self._station.routes.home("sync")
