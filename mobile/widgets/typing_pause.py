"""When a typed answer is taken: after a pause (saved, not judged) and on leaving the field (saved and judged).

Android's input methods send a composition as letters, then backspaces, then characters; reading every `on_text`
would judge half a word.
"""

from collections.abc import Callable

from kivy.clock import Clock

from mobile.widgets.parts import Field

PAUSE_S = 0.6
Take = Callable[[str, bool], None]


class TypedAnswer:
    """Watches a field. `take` gets the text and whether the surveyor is done with the field."""

    def __init__(self, field: Field, take: Take) -> None:
        self._field = field
        self._take = take
        self._told = field.text
        self._trigger = Clock.create_trigger(lambda _dt: self._say(False), PAUSE_S)
        field.bind(text=self._typed, focus=self._focus)

    def show(self, value: str) -> None:
        """Put a value in the field, unless the surveyor is writing in it."""
        if not self._field.focus and self._field.text != value:
            self._told = value
            self._field.text = value

    def flush(self) -> None:
        """Take what is in the field now: the screen is about to change."""
        self._trigger.cancel()
        if self._field.text.strip() != self._told:
            self._say(False)

    def _typed(self, *_: object) -> None:
        self._trigger.cancel()
        if self._field.text != self._told:
            self._trigger()

    def _focus(self, _field: Field, focused: bool) -> None:
        if not focused:
            self._trigger.cancel()
            self._say(True)

    def _say(self, settled: bool) -> None:
        self._told = self._field.text.strip()
        self._take(self._told, settled)
