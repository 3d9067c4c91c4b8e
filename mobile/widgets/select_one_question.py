"""One of several choices; touching the chosen one again takes it back."""

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.choices import ChoiceGrid
from survey_forms.interview import Shown


class SelectOneQuestion(BoxLayout):
    """A grid of choices."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, **values)
        self.bind(minimum_height=self.setter("height"))
        self._shown, self._actions = shown, actions
        self.grid = ChoiceGrid(self._picked, several=False)
        self.add_widget(self.grid)

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The choices and the one chosen."""
        self._shown = shown
        self.grid.show(shown.choices, frozenset({shown.value or ""}), locked=bool(shown.readonly))

    def flush(self) -> None:
        """Nothing is ever half chosen."""

    def _picked(self, value: str) -> None:
        self._actions.answer(self._shown.path, "" if value == self._shown.value else value, True)
