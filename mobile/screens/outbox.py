"""The surveyor's own records by state."""

from collections.abc import Iterator, Sequence

from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from mobile.presenters.outbox import OutboxPresenter, OutboxState, RecordLine, Tab
from mobile.screens.sections import RecordTouches, record_card
from mobile.screens.station import Station
from mobile.widgets.buttons import button
from mobile.widgets.parts import Pressable, fill
from mobile.widgets.theme import colour, load

load(__file__)
CARDS = 60  # cards are not recycled, so a long list comes by so many at a time


class OutboxScreen(Screen):
    """Three tabs over cards."""

    say = ObjectProperty()
    empty = StringProperty()

    def __init__(self, station: Station) -> None:
        self._station = station
        self._presenter: OutboxPresenter | None = None
        self._cards_n = CARDS
        self._lines: Sequence[RecordLine] = ()
        self._returning = False
        self._touches = RecordTouches(
            resume=lambda draft: self._go("interview", draft=draft),
            open=lambda submission: self._go("record", submission=submission),
            correct=self._correct,
            discard=self._discard,
        )
        super().__init__(name="outbox", say=station.desk.say)

    def show(self) -> None:
        """Read the replica. Coming back from a record that was opened here, the tab stays."""
        if self._presenter is None:
            self._presenter = OutboxPresenter(self._station.desk, self._copy)
            self._copy(self._presenter.state)
        elif self._returning:
            self._presenter.refresh()
        else:
            self._presenter.visit()
        self._returning = False

    def leave(self) -> None:
        """Nothing to save."""

    def _go(self, name: str, **values: str) -> None:
        self._returning = True
        self._station.routes.go(name, **values)

    def _correct(self, submission: str) -> None:
        presenter = self._presenter
        if presenter:
            self._returning = True
            self._station.routes.begin(lambda: presenter.correct(submission))

    def _discard(self, draft: str) -> None:
        if self._presenter:
            self._station.routes.tell(self._presenter.discard(draft))
            self._station.routes.refresh()

    def _copy(self, state: OutboxState) -> None:
        self.empty = state.empty
        fill(self.ids.tabs, (self._tab(tab) for tab in state.tabs))
        self._lines = state.lines
        fill(self.ids.records, self._cards(0, self._cards_n))

    def _cards(self, first: int, last: int) -> Iterator[Widget]:
        """Some of the cards, and the way to those after them."""
        for line in self._lines[first:last]:
            yield record_card(line, self.say, self._touches)
        left = len(self._lines) - last
        if left > 0:
            yield button(self.say("outbox.more", n=min(left, CARDS)), self._more)

    def _more(self) -> None:
        """The next cards take the button's place; what is in sight stays where it is."""
        records, before = self.ids.records, self._cards_n
        self._cards_n += CARDS
        records.remove_widget(records.children[0])
        for widget in self._cards(before, self._cards_n):
            records.add_widget(widget)

    def _tab(self, tab: Tab) -> Widget:
        button = Pressable(text=f"{tab.text}  {tab.count}")
        if tab.chosen:
            button.ground_colour, button.ink_colour = colour("accent"), colour("on_accent")
        else:
            button.edge_colour = colour("line")
        button.bind(on_release=lambda _button: self._choose(tab.key))
        return button

    def _choose(self, key: str) -> None:
        if self._presenter:
            self._cards_n = CARDS
            self._presenter.choose(key)
            self.ids.scroller.scroll_y = 1
