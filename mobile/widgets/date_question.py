"""A date: typed as 2020-09-12, taken from today, or picked from a calendar with targets for a gloved finger."""

from datetime import date
from typing import Any

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.calendar_picker import CalendarPicker
from mobile.widgets.parts import Field, Pressable
from mobile.widgets.theme import target
from mobile.widgets.typing_pause import TypedAnswer
from survey_forms.interview import Shown


class DateQuestion(BoxLayout):
    """Field, today, calendar, clear."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, spacing=dp(12), **values)
        self.bind(minimum_height=self.setter("height"))
        self._path, self._actions, self._value = shown.path, actions, shown.value or ""
        say = actions.say
        self.field = Field(text=self._value, hint_text="2020-01-31")
        self._typed = TypedAnswer(
            self.field, lambda text, settled: actions.answer(shown.path, tidy(text), settled)
        )
        self.add_widget(self.field)
        self.add_widget(_button(say("interview.today"), 1.4, lambda: self._take(actions.today())))
        self.add_widget(_button(say("interview.pick_date"), 2.2, self._pick))
        self.add_widget(_button("×", 1.0, lambda: actions.answer(self._path, "", True)))

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The value, and whether it is wrong."""
        self._value = shown.value or ""
        self._typed.show(self._value)
        self.field.faulty = faulty
        self.disabled = bool(shown.readonly)

    def flush(self) -> None:
        """Take what was typed."""
        self._typed.flush()

    def _pick(self) -> None:
        CalendarPicker(_read(self._value) or self._actions.today(), self._actions.say, self._take).open()

    def _take(self, picked: date) -> None:
        self._actions.answer(self._path, picked.isoformat(), True)


def tidy(text: str) -> str:
    """2020.9.1, 2020/9/1, 20200901 and 2020年9月1日 as 2020-09-01; anything else as typed, for the form to judge."""
    digits = "".join(sign if sign.isdigit() else " " for sign in text).split()
    if len(digits) == 1 and len(digits[0]) == 8:
        digits = [digits[0][:4], digits[0][4:6], digits[0][6:]]
    if len(digits) == 3 and len(digits[0]) == 4:
        return f"{digits[0]}-{digits[1]:0>2}-{digits[2]:0>2}"
    return text.strip()


def _read(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _button(text: str, width: float, pressed: Any) -> Pressable:
    button = Pressable(text=text, size_hint_x=None, width=target() * width)
    button.bind(on_release=lambda _button: pressed())
    return button
