"""What is told, not asked: notes, calculated and read-only values."""

from typing import Any

from kivy.factory import Factory
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.presenters.review import in_words
from mobile.widgets.actions import Actions
from survey_forms.interview import Shown


class ToldQuestion(BoxLayout):
    """A note has no value of its own; a calculated value stands below its label."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, padding=(0, dp(4)), **values)
        self.bind(minimum_height=self.setter("height"))
        self._words, self._say = Factory.Words(bold=True), actions.say
        self.add_widget(self._words)

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The value in words."""
        self._words.text = "" if shown.type == "note" else in_words(shown, self._say)

    def flush(self) -> None:
        """Nothing is typed here."""
