"""Synchronising and what came of it."""

from collections.abc import Iterator

from kivy.factory import Factory
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from mobile.presenters.sync import SyncPresenter, SyncState
from mobile.screens.station import Station
from mobile.widgets.parts import fill
from mobile.widgets.theme import load

load(__file__)


class SyncScreen(Screen):
    """One large button, progress, an account."""

    say = ObjectProperty()
    running = BooleanProperty(False)
    phase = StringProperty()
    fraction = NumericProperty(0)
    standing = StringProperty()
    tone = StringProperty("plain")
    last = StringProperty()
    who = StringProperty()
    server = StringProperty()
    offline = StringProperty()
    refused = BooleanProperty(False)
    closed = StringProperty()
    told = StringProperty()

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter = SyncPresenter(station.desk, station.contact, self._copy)
        super().__init__(name="sync", say=station.desk.say)

    def show(self, begin: str = "") -> None:
        """`begin` starts at once: right after enrolling there is everything to fetch."""
        self.offline = "" if self._station.online() else self.say("sync.offline")
        self._presenter.refresh()
        if begin:
            self._presenter.start()

    def enrol_again(self) -> None:
        """The hub no longer knows this tablet: a new code; what waits here still travels."""
        self._station.routes.go("enrol")

    def leave(self) -> None:
        """A contact goes on by itself."""

    def start(self) -> None:
        """The button."""
        self._presenter.start()

    def _copy(self, state: SyncState) -> None:
        if state.revoked:
            self._station.routes.home("revoked")
            return
        self.running, self.phase, self.refused = state.running, state.phase, state.refused
        self.closed, self.told = state.enrol_again, state.told
        self.fraction = state.fraction if state.fraction is not None else 0
        self.standing, self.tone = state.standing.text, state.standing.tone
        self.last, self.who, self.server = state.last, state.who, state.server
        fill(self.ids.account, self._account(state))
        self._station.routes.refresh()

    def _account(self, state: SyncState) -> Iterator[Widget]:
        for line in state.account:
            yield Factory.Banner(text=line.text, tone=line.tone)
