"""One record as it was made, and what the hub said of it."""

from collections.abc import Iterator

from kivy.factory import Factory
from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.screenmanager import Screen
from kivy.uix.widget import Widget

from mobile.presenters.record import RecordPresenter, RecordState
from mobile.screens.sections import difference_card, facts_card, section
from mobile.screens.station import Station
from mobile.widgets.parts import chip_row, fill
from mobile.widgets.photo_view import photo_card
from mobile.widgets.theme import load

load(__file__)


class RecordScreen(Screen):
    """State, explanation, differences, answers, and the way to correct it."""

    say = ObjectProperty()
    title = StringProperty()
    detail = StringProperty()

    def __init__(self, station: Station) -> None:
        self._station = station
        super().__init__(name="record", say=station.desk.say)

    def show(self, submission: str) -> None:
        """Read the replica."""
        self._presenter = RecordPresenter(self._station.desk, submission)
        state = self._presenter.state()
        self.title, self.detail = state.title, state.detail
        fill(self.ids.sections, self._sections(state))
        self.ids.scroller.scroll_y = 1

    def leave(self) -> None:
        """Nothing to save."""

    def back(self) -> None:
        """Where one came from."""
        self._station.routes.back()

    def correct(self) -> None:
        """Begin a correction."""
        self._station.routes.begin(self._presenter.correct)

    def _sections(self, state: RecordState) -> Iterator[Widget]:
        card = Factory.Card()
        card.add_widget(chip_row([state.chip]))
        for text in (state.explain, *state.notes):
            card.add_widget(Factory.Words(text=text))
        yield card
        if state.differences:
            cards = [difference_card(difference, self.say) for difference in state.differences]
            yield section(self.say("record.fields"), [Factory.Faint(text=self.say("conflict.how")), *cards])
        if state.photos:
            yield section(self.say("photo.title"), [photo_card(photo) for photo in state.photos])
        yield section(
            self.say("record.answers"), [facts_card(title, facts) for title, facts in state.answers]
        )
