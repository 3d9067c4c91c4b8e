"""Any of several choices; the answer is their values with spaces between, in the form's order."""

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.choices import ChoiceGrid
from survey_forms.interview import Shown


class SelectMultipleQuestion(BoxLayout):
    """A grid of choices."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, **values)
        self.bind(minimum_height=self.setter("height"))
        self._shown, self._actions = shown, actions
        self.grid = ChoiceGrid(self._picked, several=True)
        self.add_widget(self.grid)

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The choices and those chosen."""
        self._shown = shown
        self.grid.show(shown.choices, frozenset((shown.value or "").split()), locked=bool(shown.readonly))

    def flush(self) -> None:
        """Nothing is ever half chosen."""

    def _picked(self, value: str) -> None:
        chosen = frozenset((self._shown.value or "").split()) ^ {value}
        ordered = [choice.value for choice in self._shown.choices if choice.value in chosen]
        self._actions.answer(self._shown.path, " ".join(ordered), True)
