"""The controls of a repeat: the heading of each item with the way to take it away, and one button to add another."""

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.parts import Pressable
from mobile.widgets.theme import colour, target
from survey_forms.interview import Shown


class RepeatQuestion(BoxLayout):
    """A row of type `repeat` (heading of an item) or `add_repeat` (after the last)."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint=(None, None), **values)
        self.bind(minimum_size=self.setter("size"))
        self._button = Pressable(size_hint_x=None, width=target() * 3)
        self._button.bind(on_release=lambda _button: self._touched())
        self.add_widget(self._button)
        self._shown, self._actions = shown, actions

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """What may be done now."""
        self._shown = shown
        say, controls = self._actions.say, shown.repeat
        adding = shown.type == "add_repeat"
        self._button.text = say("interview.add_repeat" if adding else "interview.remove_repeat")
        tone = colour("accent") if adding else colour("danger")
        self._button.ink_colour = self._button.edge_colour = tone
        allowed = controls is not None and (controls.can_add if adding else controls.can_remove)
        self._button.disabled = not allowed
        self._button.opacity = 1 if allowed else 0

    def flush(self) -> None:
        """Nothing is typed here."""

    def _touched(self) -> None:
        controls = self._shown.repeat
        if controls is None:
            return
        if self._shown.type == "add_repeat":
            self._actions.add(controls.path)
        else:
            self._actions.remove(controls.path, controls.index)
