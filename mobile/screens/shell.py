"""What stays while screens change: the status strip, the ways to go, and a line for short messages."""

from typing import Any

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.screenmanager import NoTransition, ScreenManager

from mobile.locale import Say
from mobile.presenters.strip import StripPresenter
from mobile.widgets.theme import WIDE_DP, load

load(__file__)
MESSAGE_S = 4
REFRESH_S = 20
PLACES = {
    "villages": "villages",
    "households": "villages",
    "household": "villages",
    "outbox": "outbox",
    "sync": "sync",
}


class NavigationButton(ButtonBehavior, BoxLayout):
    """One of the three places."""

    sign = StringProperty()
    words = StringProperty()
    chosen = BooleanProperty(False)


class Shell(FloatLayout):
    """Lays out strip, navigation and screens for both orientations."""

    say = ObjectProperty()
    wide = BooleanProperty(True)
    enrolled = BooleanProperty(False)
    alone = BooleanProperty(False)  # an interview has the window to itself
    place = StringProperty()
    message = StringProperty()
    navigation = NumericProperty(dp(96))

    def __init__(self, say: Say, strip: StripPresenter, **values: Any) -> None:
        self._strip = strip
        self.register_event_type("on_visit")
        super().__init__(say=say, **values)
        self.manager = ScreenManager(transition=NoTransition())
        self.ids.screens.add_widget(self.manager)
        self.bind(size=self._turn)
        self._beat = Clock.schedule_interval(lambda _dt: self.refresh(), REFRESH_S)

    def rest(self) -> None:
        """The window closes: read nothing any more."""
        self._beat.cancel()
        self.enrolled = False

    def visit(self, place: str) -> None:
        """A navigation button; the app binds `on_visit`."""
        self.dispatch("on_visit", place)

    def on_visit(self, place: str) -> None:
        """Bound by the app."""

    def at(self, screen: str, *, enrolled: bool) -> None:
        """Mark where we are."""
        self.place = PLACES.get(screen, self.place)
        self.enrolled, self.alone = enrolled, screen in ("interview", "enrol", "revoked")
        self.refresh()

    def refresh(self) -> None:
        """Read the standing again."""
        if self.enrolled:
            self.ids.strip.show(self._strip.state(), self.say("app.synthetic"))

    def tell(self, text: str) -> None:
        """A short message that goes by itself."""
        self.message = text
        Clock.schedule_once(lambda _dt: self._hush(text), MESSAGE_S)

    def _hush(self, text: str) -> None:
        if self.message == text:
            self.message = ""

    def _turn(self, *_: object) -> None:
        self.wide = self.width >= dp(WIDE_DP)
