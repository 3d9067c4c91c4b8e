"""Homes that may be the one being registered: a card each over the questions, with the ways on from there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kivy.clock import Clock
from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile.locale import Say
from mobile.presenters.twins import Twin
from mobile.widgets.theme import load

load(__file__)
SURE_S = 4  # how long the second tap is waited for


@dataclass(frozen=True)
class TwinTouches:
    """What touching a card's buttons does. `open`: with the household, and whether the draft is kept."""

    open: Callable[[str, bool], None]
    another: Callable[[str], None]


class TwinCard(BoxLayout):
    """The other household and why; three ways on."""

    headline = StringProperty()
    title = StringProperty()
    reasons = StringProperty()
    recorded = StringProperty()
    say = ObjectProperty()
    discard_words = StringProperty()

    def __init__(self, twin: Twin, say: Say, touches: TwinTouches) -> None:
        self._twin, self._touches, self._asked = twin, touches, False
        super().__init__(
            headline=f"⚠ {twin.headline}", title=twin.title, reasons=twin.reasons, recorded=twin.recorded,
            say=say, discard_words=say("twin.discard"),
        )  # fmt: skip

    def open(self) -> None:
        """Go there; the draft waits."""
        self._touches.open(self._twin.household, True)

    def discard(self) -> None:
        """Ask, then throw the draft away and go there."""
        if self._asked:
            self._touches.open(self._twin.household, False)
            return
        self._asked, self.discard_words = True, self.say("twin.discard_sure")
        Clock.schedule_once(lambda _dt: self._forget(), SURE_S)

    def another(self) -> None:
        """It is not the same home."""
        self._touches.another(self._twin.household)

    def _forget(self) -> None:
        self._asked, self.discard_words = False, self.say("twin.discard")


def twin_widgets(twins: tuple[Twin, ...], say: Say, touches: TwinTouches) -> Iterator[Widget]:
    """A card for each, in the order given."""
    for twin in twins:
        yield TwinCard(twin, say, touches)
