"""Numbers: a field between two large steppers for whole numbers, a field alone for decimals.

The field takes anything that is typed; whether it is a number is the form's judgement, told beside the question.
Full-width digits and signs, which Chinese keyboards produce, are made plain.
"""

import unicodedata
from typing import Any

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.parts import Field, Pressable
from mobile.widgets.theme import target
from mobile.widgets.typing_pause import TypedAnswer
from survey_forms.interview import Shown

FIELD_DP = 320


class NumberQuestion(BoxLayout):
    """Integer or decimal."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, spacing=dp(12), **values)
        self.bind(minimum_height=self.setter("height"))
        self._path, self._actions = shown.path, actions
        self.field = Field(text=shown.value or "", size_hint_x=None, width=dp(FIELD_DP))
        self._typed = TypedAnswer(
            self.field, lambda text, settled: actions.answer(shown.path, plain(text), settled)
        )
        whole = shown.type == "integer"
        if whole:
            self.add_widget(self._stepper("−", -1))
        self.add_widget(self.field)
        if whole:
            self.add_widget(self._stepper("+", 1))
        self.add_widget(BoxLayout())

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The value, and whether it is wrong."""
        self._typed.show(shown.value or "")
        self.field.faulty = faulty
        self.disabled = bool(shown.readonly)

    def flush(self) -> None:
        """Take what was typed."""
        self._typed.flush()

    def _stepper(self, sign: str, by: int) -> Pressable:
        button = Pressable(text=sign, font_size="34sp", size_hint_x=None, width=target() * 1.2)
        button.bind(on_release=lambda _button: self._step(by))
        return button

    def _step(self, by: int) -> None:
        text = plain(self.field.text)
        number = int(text) if text.lstrip("-").isdigit() else 0
        self._actions.answer(self._path, str(max(number + by, 0)), True)


def plain(text: str) -> str:
    """`１２．５` as 12.5: width forms folded, thousands separators and spaces dropped, nothing else judged."""
    folded = unicodedata.normalize("NFKC", text).strip().replace("。", ".")
    return folded.replace(",", "").replace(" ", "")
