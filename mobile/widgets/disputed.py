"""The values that people differ on, over the place to answer: one is touched, or another is given."""

from kivy.factory import Factory
from kivy.metrics import dp
from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from mobile.presenters.differences import Disputed
from mobile.widgets.actions import Actions
from mobile.widgets.choices import ChoiceButton
from mobile.widgets.theme import load, target
from survey_forms.interview import Shown

load(__file__)


class DisputedValues(BoxLayout):
    """Each value as a target, under it whose it is."""

    words = StringProperty()

    def __init__(self, disputed: Disputed, path: str, actions: Actions) -> None:
        super().__init__(words=disputed.said)
        self._buttons: dict[str, ChoiceButton] = {}
        for side in disputed.sides:
            button = ChoiceButton(words=side.words, size_hint_y=None, height=target())
            button.bind(on_release=lambda _button, raw=side.raw: actions.answer(path, raw, True))
            self._buttons[side.raw] = button
            column = Factory.Column(spacing=dp(4))
            column.add_widget(button)
            column.add_widget(Factory.Faint(text=side.said))
            self.add_widget(column)

    def show(self, shown: Shown) -> None:
        """Which of them the answer is at present."""
        for raw, button in self._buttons.items():
            button.chosen = raw == (shown.value or "")
            button.locked = bool(shown.readonly)
