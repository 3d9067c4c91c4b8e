"""A photo as an answer: take it, see it small, take it again or away; its size and whether it is safe are said."""

from typing import Any

from kivy.metrics import dp
from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from mobile.widgets.actions import Actions
from mobile.widgets.buttons import button
from mobile.widgets.parts import fill
from mobile.widgets.photo_view import PhotoView, Thumbnail
from mobile.widgets.theme import load
from survey_forms.interview import Shown

load(__file__)


class ImageQuestion(BoxLayout):
    """Without an answer one button; with one the thumbnail, what is known of it, and two."""

    line = StringProperty()
    say = ObjectProperty()

    def __init__(self, shown: Shown, actions: Actions, **values: Any) -> None:
        super().__init__(say=actions.say, **values)
        self._path, self._actions = shown.path, actions
        self._value, self._busy = "", False
        self._fixed = bool(shown.readonly)
        self._draw(shown.value or "")

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """The photo there is."""
        self._fixed = bool(shown.readonly)
        self._draw(shown.value or "")

    def flush(self) -> None:
        """Nothing is ever half taken."""

    def _draw(self, value: str) -> None:
        self._value = value
        told = self._actions.photo(value) if value else None
        if self._busy:
            self.line = self.say("photo.developing")
        elif told:
            self.line = "  ·  ".join(part for part in (told.size, told.words) if part)
        else:
            self.line = self.say("photo.unreadable") if value else ""
        small, whole = (told.small, told.file) if told else ("", "")
        pictures = [Thumbnail(source=small, opened=lambda: PhotoView(whole).open())] if small else []
        fill(self.ids.picture, pictures)
        self.ids.picture.width = dp(232) if small else 0
        fill(self.ids.buttons, () if self._fixed else self._buttons())

    def _buttons(self) -> list[Any]:
        say, camera = self.say, self._actions.has_camera
        first = say("photo.take") if camera else say("photo.choose")
        again = say("photo.retake") if camera else say("photo.another")
        take = button(again if self._value else first, self._take, strong=not self._value)
        take.disabled = self._busy
        if not self._value:
            return [take]
        remove = button(say("photo.remove"), lambda: self._actions.answer(self._path, "", True))
        remove.disabled = self._busy
        return [take, remove]

    def _take(self) -> None:
        self._busy = True
        self._draw(self._value)
        self._actions.photograph(self._path, self._done)

    def _done(self) -> None:
        """The answer, if there is one, has come by `show`."""
        self._busy = False
        self._draw(self._value)
