"""Where the house stands: taken from the receiver, or typed as latitude and longitude where there is none."""

from typing import Any

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.number_question import plain
from mobile.widgets.parts import Field, Pressable
from mobile.widgets.theme import target
from mobile.widgets.typing_pause import TypedAnswer
from survey_forms.interview import Shown


class GeopointQuestion(BoxLayout):
    """Field, take, clear. The field shows latitude and longitude; how good they are the card says in words."""

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(size_hint_y=None, spacing=dp(12), **values)
        self.bind(minimum_height=self.setter("height"))
        self._path, self._actions = shown.path, actions
        self._value = shown.value or ""
        say = actions.say
        self.field = Field(text=degrees(self._value), hint_text=say("interview.location_none"))
        self._typed = TypedAnswer(self.field, self._take)
        self.add_widget(self.field)
        take = Pressable(text=say("interview.location"), size_hint_x=None, width=target() * 3.2)
        take.bind(on_release=lambda _button: actions.locate(self._located))
        self.add_widget(take)
        clear = Pressable(text="×", size_hint_x=None, width=target())
        clear.bind(on_release=lambda _button: actions.answer(self._path, "", True))
        self.add_widget(clear)

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The value, and whether it is wrong."""
        self._value = shown.value or ""
        self._typed.show(degrees(self._value))
        self.field.faulty = faulty
        self.disabled = bool(shown.readonly)

    def flush(self) -> None:
        """Take what was typed."""
        self._typed.flush()

    def _take(self, text: str, settled: bool) -> None:
        # What the field does not show must not be lost where nothing was typed.
        left_alone = spaced(text) == degrees(self._value)
        self._actions.answer(self._path, self._value if left_alone else spaced(text), settled)

    def _located(self, value: str | None) -> None:
        if value is None:
            self.field.hint_text = self._actions.say("interview.location_missing")
        else:
            self._actions.answer(self._path, value, True)


def degrees(value: str) -> str:
    """Latitude and longitude of a geopoint; what is none as it was typed."""
    parts = value.split()
    return " ".join(parts[:2]) if len(parts) in (3, 4) else value


def spaced(text: str) -> str:
    """Latitude and longitude however they were separated, as a geopoint writes them: "35.49 112.85"."""
    parts = [plain(part) for part in text.replace("，", " ").replace(",", " ").split()]
    return " ".join(part for part in parts if part)
