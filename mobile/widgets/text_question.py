"""A question answered in words; `multiline` appearance gives room for several lines."""

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.parts import Field
from mobile.widgets.typing_pause import TypedAnswer
from survey_forms.interview import Shown


class TextQuestion(BoxLayout):
    """One field."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, **values)
        self.bind(minimum_height=self.setter("height"))
        self.field = Field(text=shown.value or "", multiline="multiline" in (shown.appearance or ""))
        self.add_widget(self.field)
        path = shown.path
        self._typed = TypedAnswer(self.field, lambda text, settled: actions.answer(path, text, settled))

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The value, and whether it is wrong."""
        self._typed.show(shown.value or "")
        self.field.faulty = faulty
        self.field.disabled = bool(shown.readonly)

    def flush(self) -> None:
        """Take what was typed."""
        self._typed.flush()
