"""Choices as large targets in one to three columns, whichever fits: used by select_one and select_multiple."""

from collections.abc import Callable, Sequence
from typing import Any

from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.gridlayout import GridLayout
from kivy.uix.label import Label

from mobile.widgets.theme import load, target
from survey_forms.interview import Choice

COLUMN_DP = 300
LONG_LABEL = 9  # characters beyond which a choice wants a wider column

load(__file__)


class ChoiceButton(ButtonBehavior, Label):
    """One choice; its sign tells chosen from not chosen without colour."""

    words = StringProperty()
    chosen = BooleanProperty(False)
    several = BooleanProperty(False)
    locked = BooleanProperty(False)

    def sign(self, chosen: bool, several: bool) -> str:
        """A disc for one of many, a tick for any of many."""
        if several:
            return "✓" if chosen else "＋"
        return "●" if chosen else "○"


class ChoiceGrid(GridLayout):
    """The choices of one question. `picked` is called with the value touched."""

    def __init__(self, picked: Callable[[str], None], *, several: bool, **values: Any) -> None:
        super().__init__(size_hint_y=None, spacing=dp(12), **values)
        self._picked = picked
        self._several = several
        self._choices: tuple[Choice, ...] = ()
        self._buttons: dict[str, ChoiceButton] = {}
        self.row_default_height = target()
        self.row_force_default = True
        self.bind(minimum_height=self.setter("height"), width=self._columns)

    def show(self, choices: Sequence[Choice], chosen: frozenset[str], *, locked: bool) -> None:
        """Show these choices; buttons are kept while the choices stay the same."""
        if tuple(choices) != self._choices:
            self._choices = tuple(choices)
            self._rebuild()
        for value, button in self._buttons.items():
            button.chosen = value in chosen
            button.locked = locked

    def _rebuild(self) -> None:
        self.clear_widgets()
        self._buttons = {}
        for choice in self._choices:
            button = ChoiceButton(words=choice.label, several=self._several)
            button.bind(on_release=lambda _button, value=choice.value: self._picked(value))
            self._buttons[choice.value] = button
            self.add_widget(button)
        self._columns()

    def _columns(self, *_: object) -> None:
        longest = max((len(choice.label) for choice in self._choices), default=0)
        wide = dp(COLUMN_DP if longest <= LONG_LABEL else COLUMN_DP * 1.45)
        self.cols = max(1, min(3, len(self._choices), int(self.width // wide)))
